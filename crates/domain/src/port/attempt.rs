//! The port to the failures to sign in.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::identity::{Email, Failures, Place};

/// Counts failures to sign in, for all programs together and over their restarts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FailureLog: Send + Sync {
    /// What failed with `email`, from `place` and both, of counts that began after `since`.
    async fn find(&self, email: &Email, place: Place, since: Timestamp) -> Result<Failures, StoreError>;

    /// One more has failed `at` that instant; counts that began by `since` begin again, with this one.
    async fn record(
        &self,
        email: &Email,
        place: Place,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets the failures of the pair: its user has signed in. Those of the place and of the address by themselves are kept,
    /// so that who has one account of their own guesses at others no longer.
    async fn forget(&self, email: &Email, place: Place) -> Result<(), StoreError>;
}
