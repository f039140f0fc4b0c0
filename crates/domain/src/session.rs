//! Being signed in: sessions, the tokens that stand for them, and what a token says.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::identity::{Email, PasswordHash, Role, UserId};

/// Identifies a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub Uuid);

/// 256 bits that nobody can guess. Shown nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; Self::BYTES]);

impl Secret {
    /// How many bytes it has.
    pub const BYTES: usize = 32;

    /// Takes bytes that were drawn at random.
    #[must_use]
    pub fn new(drawn: [u8; Self::BYTES]) -> Self {
        Self(drawn)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

/// Renews a sign-in, once. All tokens of a session share the secret of its family, and each has one of its own: whoever
/// shows a family's secret with a token that was used before has a copy, and which of the two is the thief is not to be
/// known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// Shared by all tokens of the session.
    pub family: Secret,
    /// This token's own.
    pub own: Secret,
}

impl RefreshToken {
    /// As it is handed out: 128 hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        format!("{}{}", hex::encode(self.family.0), hex::encode(self.own.0)).into()
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn parse(text: &str) -> Result<Self, InvalidRefreshToken> {
        let (mut family, mut own) = ([0; Secret::BYTES], [0; Secret::BYTES]);
        let (first, rest) = text.split_at_checked(2 * Secret::BYTES).ok_or(InvalidRefreshToken)?;
        hex::decode_to_slice(first, &mut family).map_err(|_| InvalidRefreshToken)?;
        hex::decode_to_slice(rest, &mut own).map_err(|_| InvalidRefreshToken)?;
        Ok(Self { family: Secret(family), own: Secret(own) })
    }
}

/// No refresh token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token")]
pub struct InvalidRefreshToken;

/// What is kept of a refresh token: SHA-256 of its two secrets, which are random enough to need no salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshDigest {
    /// Of the family's secret: finds the session.
    pub family: [u8; 32],
    /// Of the token's own.
    pub own: [u8; 32],
}

/// A session that is about to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Identifies it.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// The hash of the password that they signed in with.
    pub password_hash: PasswordHash,
    /// Whether they showed a second factor, as everybody does who has one.
    pub has_second_factor: bool,
    /// Of its first refresh token.
    pub refresh: RefreshDigest,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
    /// What the client calls itself.
    pub user_agent: Option<UserAgent>,
}

/// What a client calls itself: printable ASCII, cut to a length that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    /// The most characters that are kept.
    pub const LENGTH_MAX: usize = 200;

    /// Keeps of `raw` what is printable, as far as it goes; nothing of it, when nothing is.
    #[must_use]
    pub fn new(raw: &str) -> Option<Self> {
        let kept: String =
            raw.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(Self::LENGTH_MAX).collect();
        let kept = kept.trim();
        (!kept.is_empty()).then(|| Self(kept.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Identifies it.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
    /// What the client called itself.
    pub user_agent: Option<UserAgent>,
    /// Where it began.
    pub remote_addr: Option<IpAddr>,
}

/// Somebody who is signed in now, as the store says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// Who.
    pub user: UserId,
    /// The address they signed in with.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// Whether they must set another password.
    pub must_change_password: bool,
    /// Whether they sign in with a second factor.
    pub has_second_factor: bool,
    /// When the session ends unless it is renewed.
    pub expires_at: Timestamp,
}

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Its user left.
    LoggedOut,
    /// A refresh token was used twice, so that there are two who have it.
    TokenReused,
    /// Its user ended it from another session.
    Revoked,
    /// Its user's password was changed or reset.
    PasswordChanged,
    /// Its user may do less from now on.
    RoleLowered,
    /// Its user was disabled.
    Disabled,
    /// Its user signs in with a second factor from now on, or no longer.
    SecondFactorChanged,
}

impl EndReason {
    /// The reason's name, as in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::TokenReused => "token_reused",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::RoleLowered => "role_lowered",
            Self::Disabled => "disabled",
            Self::SecondFactorChanged => "second_factor_changed",
        }
    }
}

/// What became of an attempt to renew a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// It goes on, under the next token.
    Renewed(SignedIn),
    /// The token had been used before: the session has ended, for whoever holds a token of it.
    Reused(SessionId),
    /// No session lives that has this token: it ended, expired, its user was disabled, or it never was.
    Refused,
}

/// What an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// What they might do when it was issued; what they may do now is the store's to say.
    pub role: Role,
    /// When it was issued, to the second.
    pub issued_at: Timestamp,
    /// Until when it is good, to the second.
    pub expires_at: Timestamp,
}

/// A signed access token, on its way to its bearer. Shown nowhere.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Takes a signed token.
    #[must_use]
    pub fn new(signed: String) -> Self {
        Self(signed.into())
    }

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(•••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> RefreshToken {
        let mut own = [0; 32];
        own[..3].copy_from_slice(&[0x0a, 0xbc, 0xff]);
        RefreshToken { family: Secret::new([7; 32]), own: Secret::new(own) }
    }

    #[test]
    fn a_refresh_token_reads_back_as_it_was_written() {
        let text = token().to_text();
        let text = text.expose_secret();
        assert_eq!(text.len(), 128);
        assert!(text.starts_with("0707") && text.contains("0abcff"), "{text}");
        assert_eq!(RefreshToken::parse(text), Ok(token()));
    }

    #[test]
    fn what_is_no_refresh_token_is_refused() {
        let text = token().to_text().expose_secret().to_owned();
        for bad in [
            String::new(),
            text[1..].to_owned(),
            format!("{text}0"),
            text.replacen('0', "g", 1),
            "ñ".repeat(64),
        ] {
            assert_eq!(RefreshToken::parse(&bad), Err(InvalidRefreshToken), "{bad}");
        }
    }

    #[test]
    fn tokens_and_their_secrets_are_shown_nowhere() {
        let shown = format!("{:?} {:?}", token(), AccessToken::new("planted".to_owned()));
        assert!(!shown.contains("planted") && !shown.contains("188") && !shown.contains('7'), "{shown}");
    }

    #[test]
    fn a_client_s_name_is_cut_and_cleaned() {
        assert_eq!(UserAgent::new("curl/8.5\0\u{7}\n").unwrap().as_str(), "curl/8.5");
        assert_eq!(UserAgent::new(&"x".repeat(5_000)).unwrap().as_str().len(), 200);
        assert_eq!(UserAgent::new(" \t\u{1}"), None);
    }
}
