//! The port to what counts requests.

use async_trait::async_trait;

use crate::rate::{Allowance, Charge};

/// Counts requests against limits, for all programs together.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one request against every charge if each of them has room for it, and against none otherwise; answers for
    /// each in its place. It always answers, and within a bounded time: where the common count cannot be reached, a share
    /// of each limit is counted here alone.
    async fn charge(&self, charges: &[Charge]) -> Vec<Allowance>;
}
