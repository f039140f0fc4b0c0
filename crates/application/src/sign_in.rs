//! Signing in, staying signed in, and leaving.

mod authenticate;
mod change_password;
mod log_in;
mod log_out;
mod login_throttle;
mod refresh_session;
mod second_factor;
mod session_cache;
mod sessions;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::port::{CannotSign, NoRandomness, SecretSource, SessionStore, TokenIssuer};
use domain::session::{AccessClaims, AccessToken, RefreshDigest, RefreshToken, SignedIn};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

pub use authenticate::{Authenticate, AuthenticateError, Credential};
pub use change_password::{ChangePassword, ChangePasswordError};
pub use log_in::{LogIn, LogInError, Login};
pub use log_out::LogOut;
pub use login_throttle::LoginThrottle;
pub use refresh_session::{RefreshError, RefreshSession};
pub use second_factor::{FactorDesk, SecondFactorError, SecondFactors};
pub use session_cache::SessionCache;
pub use sessions::{EndSession, ListSessions};

/// How long tokens are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetimes {
    /// An access token.
    pub access: SignedDuration,
    /// A refresh token, and with it a session that is not renewed.
    pub refresh: SignedDuration,
}

/// What every sign-in and renewal needs.
#[derive(Clone)]
pub struct SignInDesk {
    /// Keeps the sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Signs access tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Draws refresh tokens.
    pub secrets: Arc<dyn SecretSource>,
    /// How long tokens are good.
    pub lifetimes: TokenLifetimes,
}

/// Somebody is signed in, and holds what shows it.
#[derive(Debug, Clone)]
pub struct Pass {
    /// Shows who they are, for a while.
    pub access: AccessToken,
    /// How long that is.
    pub access_lifetime: SignedDuration,
    /// Gets the next pass, once.
    pub refresh: RefreshToken,
    /// Who.
    pub signed_in: SignedIn,
}

/// A pass could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No access token was signed.
    #[error(transparent)]
    CannotSign(#[from] CannotSign),
    /// No refresh token was drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl SignInDesk {
    fn pass(&self, signed_in: SignedIn, refresh: RefreshToken, at: Timestamp) -> Result<Pass, DeskError> {
        let access = self.tokens.issue(AccessClaims {
            user: signed_in.user,
            session: signed_in.session,
            role: signed_in.role,
            issued_at: at,
            expires_at: at + self.lifetimes.access,
        })?;
        Ok(Pass { access, access_lifetime: self.lifetimes.access, refresh, signed_in })
    }
}

fn digest(token: &RefreshToken) -> RefreshDigest {
    RefreshDigest {
        family: Sha256::digest(token.family.expose()).into(),
        own: Sha256::digest(token.own.expose()).into(),
    }
}
