//! People who sign in: their roles, what a password must be, and what admins see and change of them.

mod account;
mod attempt;
mod guessable;
mod password;
mod second_factor;

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

pub use account::{Account, AccountChange, ChangedAccount};
pub use attempt::{Counted, FailureLimits, Failures, Place};
pub use password::{Password, PasswordHash, PasswordRefused, PasswordRule};
pub use second_factor::{
    InvalidFactor, OneTimeCode, RecoveryCode, SecondFactor, SecondFactorRule, ShownFactor, TotpSecret,
};

/// What a user may do; each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads, with phones, names and addresses masked.
    Viewer,
    /// Also writes contacts, segments, drafts and test sends.
    Operator,
    /// Also launches, pauses and cancels campaigns, and takes extracts.
    Manager,
    /// Also manages users, keys, senders, settings and erasure.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Manager, Self::Admin];

    /// The role's name, as in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of viewer, operator, manager, admin")]
pub struct UnknownRole;

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(UnknownRole)
    }
}

/// An e-mail address to sign in with: lower case, at most 254 bytes (RFC 5321).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Reads an address: one `@`, a name before it, a dotted domain behind it, no spaces or control characters.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn parse(raw: &str) -> Result<Self, InvalidEmail> {
        let address = raw.trim().to_lowercase();
        let (name, domain) = address.split_once('@').ok_or(InvalidEmail)?;
        let labels_are_sound = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            });
        let name_is_sound = !name.is_empty()
            && name.len() <= 64
            && !name.chars().any(|c| c.is_whitespace() || c.is_control() || "@,;:<>()[]\"\\".contains(c));
        if name_is_sound && labels_are_sound && address.len() <= 254 {
            Ok(Self(address))
        } else {
            Err(InvalidEmail)
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the domain alone.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "•••@{}", self.0.split('@').nth(1).unwrap_or_default())
    }
}

/// Not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address: give one like ana@empresa.mx")]
pub struct InvalidEmail;

/// Identifies a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub Uuid);

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifies the user.
    pub id: UserId,
    /// Signs in with it; no two users share one.
    pub email: Email,
    /// What the user may do.
    pub role: Role,
    /// The hash of the user's password.
    pub password_hash: PasswordHash,
    /// Whether the next sign-in must set another password, as after a generated one.
    pub must_change_password: bool,
    /// When the user was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_grow_in_what_they_may_do_and_read_back_by_name() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>(), Ok(role));
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn an_address_is_folded_and_what_is_none_is_refused() {
        assert_eq!(Email::parse(" Ana@Empresa.MX ").unwrap().as_str(), "ana@empresa.mx");
        for bad in [
            "",
            "ana",
            "ana@",
            "@empresa.mx",
            "ana@empresa",
            "a b@c.mx",
            "ana@@c.mx",
            "ana@c..mx",
            "ana@-c.mx",
            "a\0@c.mx",
        ] {
            assert_eq!(Email::parse(bad), Err(InvalidEmail), "{bad:?}");
        }
    }
}
