//! Copies of who is signed in, kept for seconds.

use std::sync::Arc;
use std::time::Duration;

use domain::identity::{Email, UserId};
use domain::port::Cache;
use domain::session::{SessionId, SignedIn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Spares the store a question per request. Whatever is wrong with a copy or the cache, the store is asked instead, so
/// nothing of it is an error.
#[derive(Clone)]
pub struct SessionCache {
    /// Keeps the copies; without one every question goes to the store.
    pub cache: Option<Arc<dyn Cache>>,
    /// For how long. A role or a user that was changed is seen so much later at most.
    pub keep_for: Duration,
}

/// A copy as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    user: Uuid,
    email: String,
    role: String,
    must_change_password: bool,
    has_second_factor: bool,
    expires_at: Timestamp,
}

impl SessionCache {
    pub(super) async fn get(&self, session: SessionId) -> Option<SignedIn> {
        let kept = self.cache.as_ref()?.get(&key(session)).await.ok()??;
        let kept: Kept = serde_json::from_slice(&kept).ok()?;
        Some(SignedIn {
            session,
            user: UserId(kept.user),
            email: Email::parse(&kept.email).ok()?,
            role: kept.role.parse().ok()?,
            must_change_password: kept.must_change_password,
            has_second_factor: kept.has_second_factor,
            expires_at: kept.expires_at,
        })
    }

    pub(super) async fn put(&self, signed_in: &SignedIn) {
        let kept = Kept {
            user: signed_in.user.0,
            email: signed_in.email.to_string(),
            role: signed_in.role.to_string(),
            must_change_password: signed_in.must_change_password,
            has_second_factor: signed_in.has_second_factor,
            expires_at: signed_in.expires_at,
        };
        if let (Some(cache), Ok(kept)) = (&self.cache, serde_json::to_vec(&kept)) {
            let _ = cache.put(&key(signed_in.session), kept, self.keep_for).await;
        }
    }

    pub(crate) async fn forget_all(&self, sessions: &[SessionId]) {
        for session in sessions {
            self.forget(*session).await;
        }
    }

    /// A request that asked the store just before the session ended may put its copy back: it is gone when its time ends.
    pub(super) async fn forget(&self, session: SessionId) {
        if let Some(cache) = &self.cache {
            let _ = cache.forget(&key(session)).await;
        }
    }
}

fn key(session: SessionId) -> String {
    format!("session:{}", session.0)
}
