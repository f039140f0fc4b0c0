//! People who sign in: their roles and what a password must be.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

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

/// A password in the clear, on its way to be hashed. Shown nowhere, and wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes a password as it was typed, in the one Unicode form (NFKC) that every keyboard's `ñ` comes to; its length
    /// is a matter of [`PasswordRule`].
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self(typed.nfkc().collect::<String>().into())
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(•••)")
    }
}

/// How long a new password must be, in characters. Length is what counts: no rule asks for digits or signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRule {
    /// The fewest characters.
    pub length_min: usize,
    /// The most characters.
    pub length_max: usize,
}

impl PasswordRule {
    /// Whether `password` may be taken for the user of `email`.
    ///
    /// # Errors
    /// When it is too short, too long, one character over and over, or the address itself.
    pub fn check(self, password: &Password, email: &Email) -> Result<(), PasswordRefused> {
        let typed = password.expose();
        let length = typed.chars().count();
        let first = typed.chars().next();
        let name = email.as_str().split('@').next().unwrap_or_default();
        if length < self.length_min {
            Err(PasswordRefused::TooShort { length_min: self.length_min })
        } else if length > self.length_max {
            Err(PasswordRefused::TooLong { length_max: self.length_max })
        } else if typed.chars().all(|c| Some(c) == first)
            || typed.eq_ignore_ascii_case(email.as_str())
            || typed.eq_ignore_ascii_case(name)
        {
            Err(PasswordRefused::Guessable)
        } else {
            Ok(())
        }
    }
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer characters than the rule asks for.
    #[error("the password is too short: give at least {length_min} characters")]
    TooShort {
        /// The fewest characters.
        length_min: usize,
    },
    /// More characters than the rule allows.
    #[error("the password is too long: give at most {length_max} characters")]
    TooLong {
        /// The most characters.
        length_max: usize,
    },
    /// One character over and over, or the user's own address.
    #[error("the password is easily guessed: it repeats one character or the e-mail address")]
    Guessable,
}

/// A password's hash as a PHC string (`$argon2id$…`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string.
    #[must_use]
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(•••)")
    }
}

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

    #[test]
    fn a_password_is_judged_by_its_length_and_shown_nowhere() {
        let rule = PasswordRule { length_min: 12, length_max: 20 };
        let email = Email::parse("ana.lopez.ruiz@empresa.mx").unwrap();
        let check = |typed: &str| rule.check(&Password::new(typed), &email);
        assert_eq!(check("corto"), Err(PasswordRefused::TooShort { length_min: 12 }));
        assert_eq!(check("ñandú ñandú ñ"), Ok(()));
        assert_eq!(check(&"ab".repeat(11)), Err(PasswordRefused::TooLong { length_max: 20 }));
        assert_eq!(check(&"a".repeat(12)), Err(PasswordRefused::Guessable));
        assert_eq!(check("Ana.Lopez.Ruiz"), Err(PasswordRefused::Guessable));
        assert_eq!(Password::new("n\u{303}andu").expose(), "ñandu");
        let shown = format!(
            "{:?} {:?}",
            Password::new("planted-secret"),
            PasswordHash::new("planted-hash".to_owned())
        );
        assert!(!shown.contains("planted"), "{shown}");
    }
}
