//! Somebody leaves.

use std::sync::Arc;

use domain::port::{SessionStore, StoreError};
use domain::request::Envelope;
use domain::session::{EndReason, SignedIn};

use super::SessionCache;

/// Signs people out.
pub struct LogOut {
    /// Keeps the sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Forgets the session.
    pub cache: SessionCache,
}

impl LogOut {
    /// Ends the session that `who` is signed in with; one that has ended meanwhile is no error.
    ///
    /// # Errors
    /// When the store is away: they are signed in still.
    pub async fn execute(&self, who: &SignedIn, by: Envelope) -> Result<(), StoreError> {
        self.sessions.end(who.session, who.user, EndReason::LoggedOut, by).await?;
        self.cache.forget(who.session).await;
        Ok(())
    }
}
