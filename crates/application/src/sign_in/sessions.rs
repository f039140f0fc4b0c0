//! Somebody looks where they are signed in, and ends what they do not know.

use std::sync::Arc;

use domain::port::{Clock, SessionStore, StoreError};
use domain::request::Envelope;
use domain::session::{EndReason, Session, SessionId, SignedIn};

use super::SessionCache;

/// The most sessions that are listed: the last that began.
const LISTED_MAX: u16 = 200;

/// Lists where somebody is signed in.
pub struct ListSessions {
    /// Keeps the sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl ListSessions {
    /// The living sessions of `who`, the last begun first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(&self, who: &SignedIn) -> Result<Vec<Session>, StoreError> {
        self.sessions.list(who.user, self.clock.now(), LISTED_MAX).await
    }
}

/// Ends one of somebody's sessions from another.
pub struct EndSession {
    /// Keeps the sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Forgets the session.
    pub cache: SessionCache,
}

impl EndSession {
    /// Ends the session `id` of `who`, and says whether there was one.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(&self, id: SessionId, who: &SignedIn, by: Envelope) -> Result<bool, StoreError> {
        let is_ended = self.sessions.end(id, who.user, EndReason::Revoked, by).await?;
        self.cache.forget(id).await;
        Ok(is_ended)
    }
}
