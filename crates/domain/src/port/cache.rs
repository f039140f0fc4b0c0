//! The port to the cache.

use std::time::Duration;

use async_trait::async_trait;

/// Keeps copies of facts for a while. It is never the only place of one: whoever asks goes on without it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Cache: Send + Sync {
    /// What was kept under `key`; `None` when nothing was, or its time has ended.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheUnavailable>;

    /// Keeps `value` under `key` for `keep_for`, replacing what was there.
    async fn put(&self, key: &str, value: Vec<u8>, keep_for: Duration) -> Result<(), CacheUnavailable>;

    /// Forgets `key`.
    async fn forget(&self, key: &str) -> Result<(), CacheUnavailable>;

    /// Whether the cache answers, within a bounded time.
    async fn ping(&self) -> Result<(), CacheUnavailable>;
}

/// The cache could not be reached, refused us, or did not answer in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cache is unavailable: {reason}")]
pub struct CacheUnavailable {
    /// Why, without secrets.
    pub reason: String,
}
