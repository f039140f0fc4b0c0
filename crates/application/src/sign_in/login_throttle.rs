//! How often signing in may fail.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::identity::{Email, FailureLimits, Place};
use domain::port::{FailureLog, StoreError};
use jiff::Timestamp;

/// Stops those who guess. The failures are kept where every program sees them, so that guessing goes no faster with several
/// programs, and none is forgotten when one starts again.
#[derive(Clone)]
pub struct LoginThrottle {
    /// Keeps the failures.
    pub log: Arc<dyn FailureLog>,
    /// How many are too many.
    pub limits: FailureLimits,
}

impl LoginThrottle {
    /// For how long no attempt is looked at, if there were too many.
    pub(super) async fn blocked_for(
        &self,
        email: &Email,
        from: Option<IpAddr>,
        at: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let failures = self.log.find(email, Place::of(from), self.since(at)).await?;
        let until = self.limits.blocked_until(&failures, at);
        Ok(until.map(|until| Duration::try_from(until.duration_since(at)).unwrap_or_default()))
    }

    pub(super) async fn record(
        &self,
        email: &Email,
        from: Option<IpAddr>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.log.record(email, Place::of(from), at, self.since(at)).await
    }

    pub(super) async fn forget(&self, email: &Email, from: Option<IpAddr>) -> Result<(), StoreError> {
        self.log.forget(email, Place::of(from)).await
    }

    /// What began by then counts no more.
    fn since(&self, at: Timestamp) -> Timestamp {
        at - self.limits.window
    }
}
