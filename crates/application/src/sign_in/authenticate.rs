//! Somebody shows an access token.

use std::sync::Arc;

use domain::identity::UserId;
use domain::port::{Clock, SessionStore, StoreError, TokenIssuer};
use domain::session::SignedIn;

use super::SessionCache;

/// Says who shows a token.
pub struct Authenticate {
    /// Reads the token.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Knows which sessions live.
    pub sessions: Arc<dyn SessionStore>,
    /// Keeps copies of that.
    pub cache: SessionCache,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why a token shows nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is none, it is no longer good, its session ended, or its user was disabled.
    #[error("the access token is not valid")]
    Refused,
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticate {
    /// Who shows `token`, with the role they have now.
    ///
    /// # Errors
    /// When the token shows nobody, or that cannot be known.
    pub async fn execute(&self, token: &str) -> Result<SignedIn, AuthenticateError> {
        let now = self.clock.now();
        let claims = self.tokens.read(token, now).map_err(|_| AuthenticateError::Refused)?;
        let copy = self.cache.get(claims.session).await.filter(|copy| copy.expires_at > now);
        let signed_in = if let Some(copy) = copy {
            copy
        } else {
            let found = self.sessions.find(claims.session, now).await?.ok_or(AuthenticateError::Refused)?;
            self.cache.put(&found).await;
            found
        };
        if signed_in.user == claims.user { Ok(signed_in) } else { Err(AuthenticateError::Refused) }
    }

    /// Whose `token` is by its own words, where its signature is good: for what need not wait for the store.
    #[must_use]
    pub fn claimant(&self, token: &str) -> Option<UserId> {
        self.tokens.read(token, self.clock.now()).ok().map(|claims| claims.user)
    }
}
