//! What was counted of contacts, kept for as long as they are as they were.

use std::sync::Arc;
use std::time::Duration;

use domain::port::{Cache, ContactCensus, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Spares the store counting the same twice. The version of the contacts is in every key, so that a count is found only while
/// nobody has changed them; whatever is wrong with what was kept or with the cache, it is counted again.
#[derive(Clone)]
pub struct KeptCounts {
    /// Tells the version.
    pub census: Arc<dyn ContactCensus>,
    /// Keeps the counts; without one everything is counted each time.
    pub cache: Option<Arc<dyn Cache>>,
    /// For how long: a count that nobody can find any more is gone then.
    pub keep_for: Duration,
}

/// Where one count of one version is kept.
pub(crate) struct Place<'a> {
    cache: &'a dyn Cache,
    key: String,
    keep_for: Duration,
}

impl KeptCounts {
    /// Where a count called `name` is kept; `None` when nothing may be kept now. It is asked for before anything is counted: what
    /// comes in after that has another version, whether it was counted or not.
    ///
    /// # Errors
    /// When the store is away.
    pub(crate) async fn place(&self, name: &str) -> Result<Option<Place<'_>>, StoreError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let version = self.census.version().await?;
        Ok(version.map(|version| Place {
            cache: cache.as_ref(),
            key: format!("count:{version}:{name}"),
            keep_for: self.keep_for,
        }))
    }
}

impl Place<'_> {
    pub(crate) async fn get<T: DeserializeOwned>(&self) -> Option<T> {
        let kept = self.cache.get(&self.key).await.ok()??;
        serde_json::from_slice(&kept).ok()
    }

    pub(crate) async fn put<T: Serialize>(&self, count: &T) {
        if let Ok(count) = serde_json::to_vec(count) {
            // Without a cache it is counted again.
            let _ = self.cache.put(&self.key, count, self.keep_for).await;
        }
    }
}
