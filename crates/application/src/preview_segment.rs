//! Whom a segment means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::contact::Contact;
use domain::port::{AudienceStore, Cache, StoreError};
use domain::segment::{SegmentDefinition, SegmentRefused};
use sha2::{Digest, Sha256};

/// The contacts that a preview shows.
const SAMPLE: u16 = 5;

/// Counts segments. Counts are kept in the cache for a while; without one everything is counted.
pub struct PreviewSegment {
    /// Counts.
    pub audiences: Arc<dyn AudienceStore>,
    /// Keeps counts.
    pub cache: Option<Arc<dyn Cache>>,
    /// For how long.
    pub keep_for: Duration,
}

/// Whom a segment means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentPreview {
    /// Contacts by the code of their state; `None` are those without one.
    pub by_state: BTreeMap<Option<String>, u64>,
    /// Some that could be written to.
    pub sample: Vec<Contact>,
}

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub enum PreviewSegmentError {
    /// The definition is wrong.
    #[error(transparent)]
    Segment(#[from] SegmentRefused),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PreviewSegment {
    /// Counts a segment.
    ///
    /// # Errors
    /// When the definition is wrong, or the store is away.
    pub async fn execute(
        &self,
        definition: SegmentDefinition,
    ) -> Result<SegmentPreview, PreviewSegmentError> {
        let segment = definition.check()?;
        let key = key(&definition);
        let by_state = if let Some(counts) = self.kept(&key).await {
            counts
        } else {
            let counts = self.audiences.count_by_state(segment.clone()).await?;
            self.keep(&key, &counts).await;
            counts
        };
        let sample = self.audiences.sample(segment, UnknownLineTypes::Allow, SAMPLE).await?;
        Ok(SegmentPreview { by_state, sample })
    }

    async fn kept(&self, key: &str) -> Option<BTreeMap<Option<String>, u64>> {
        let kept = self.cache.as_ref()?.get(key).await.ok()??;
        let pairs: Vec<(Option<String>, u64)> = serde_json::from_slice(&kept).ok()?;
        Some(pairs.into_iter().collect())
    }

    async fn keep(&self, key: &str, counts: &BTreeMap<Option<String>, u64>) {
        let pairs: Vec<_> = counts.iter().collect();
        if let (Some(cache), Ok(kept)) = (&self.cache, serde_json::to_vec(&pairs)) {
            // Without a cache it is counted again.
            let _ = cache.put(key, kept, self.keep_for).await;
        }
    }
}

/// Definitions that are written alike are counted once.
fn key(definition: &SegmentDefinition) -> String {
    let written = serde_json::to_vec(definition).unwrap_or_default();
    Sha256::digest(&written).iter().fold(String::from("segment:"), |key, byte| format!("{key}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use domain::port::{CacheUnavailable, MockAudienceStore, MockCache};

    use super::*;

    fn definition() -> SegmentDefinition {
        serde_json::from_str(r#"{"field":"state","op":"eq","value":"JAL"}"#).unwrap()
    }

    fn audiences(counted: usize) -> Arc<MockAudienceStore> {
        let mut audiences = MockAudienceStore::new();
        audiences
            .expect_count_by_state()
            .times(counted)
            .returning(|_| Ok(BTreeMap::from([(Some("JAL".to_owned()), 7), (None, 1)])));
        audiences.expect_sample().returning(|_, _, _| Ok(Vec::new()));
        Arc::new(audiences)
    }

    async fn total(audiences: Arc<MockAudienceStore>, cache: MockCache) -> u64 {
        let preview =
            PreviewSegment { audiences, cache: Some(Arc::new(cache)), keep_for: Duration::from_mins(1) };
        preview.execute(definition()).await.unwrap().by_state.values().sum()
    }

    #[tokio::test]
    async fn a_count_is_kept_and_answered_again_without_counting() {
        let mut empty = MockCache::new();
        empty.expect_get().returning(|_| Ok(None));
        let kept = Arc::new(std::sync::Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        empty.expect_put().times(1).returning(move |_, value, _| {
            *keep.lock().unwrap() = value;
            Ok(())
        });
        assert_eq!(total(audiences(1), empty).await, 8);
        let mut full = MockCache::new();
        let value = kept.lock().unwrap().clone();
        full.expect_get().returning(move |_| Ok(Some(value.clone())));
        assert_eq!(total(audiences(0), full).await, 8);
    }

    #[tokio::test]
    async fn a_cache_that_is_away_or_holds_nonsense_is_done_without() {
        let mut away = MockCache::new();
        away.expect_get().returning(|_| Err(CacheUnavailable { reason: "away".to_owned() }));
        away.expect_put().returning(|_, _, _| Err(CacheUnavailable { reason: "away".to_owned() }));
        assert_eq!(total(audiences(1), away).await, 8);
        let mut nonsense = MockCache::new();
        nonsense.expect_get().returning(|_| Ok(Some(b"{".to_vec())));
        nonsense.expect_put().returning(|_, _, _| Ok(()));
        assert_eq!(total(audiences(1), nonsense).await, 8);
    }
}
