//! Somebody stays signed in.

use domain::port::StoreError;
use domain::request::Envelope;
use domain::session::{RefreshToken, Renewal};

use super::{DeskError, Pass, SessionCache, SignInDesk, digest};

/// Renews sessions.
pub struct RefreshSession {
    /// Gives out the next pass.
    pub desk: SignInDesk,
    /// Forgets a session that ends.
    pub cache: SessionCache,
}

/// Why a session was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is no token, it was used before, or its session ended. Which it was is not told.
    #[error("the refresh token is not valid")]
    Refused,
    /// No pass could be made.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RefreshSession {
    /// Trades `token` for the next pass. One that was used before ends its session, for whoever holds a token of it.
    ///
    /// # Errors
    /// When it is refused, or something that is needed is away.
    pub async fn execute(&self, token: &str, by: Envelope) -> Result<Pass, RefreshError> {
        let shown = RefreshToken::parse(token).map_err(|_| RefreshError::Refused)?;
        let own = self.desk.secrets.draw().map_err(DeskError::from)?;
        let next = RefreshToken { own, ..shown };
        let at = by.at;
        let expires_at = at + self.desk.lifetimes.refresh;
        match self.desk.sessions.renew(digest(&shown), digest(&next), expires_at, by).await? {
            Renewal::Renewed(signed_in) => Ok(self.desk.pass(signed_in, next, at)?),
            Renewal::Reused(session) => {
                self.cache.forget(session).await;
                Err(RefreshError::Refused)
            }
            Renewal::Refused => Err(RefreshError::Refused),
        }
    }
}
