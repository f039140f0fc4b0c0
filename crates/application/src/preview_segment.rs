//! Whom a segment means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::census::{Cell, Dimension};
use domain::contact::{Contact, ContactStatus, LineType};
use domain::port::{AudienceStore, Cache, ContactCensus, SegmentCount, StoreError};
use domain::segment::{Segment, SegmentDefinition, SegmentRefused};
use sha2::{Digest, Sha256};

/// Contacts by the code of their state; `None` are those without one.
type ByState = BTreeMap<Option<String>, u64>;

/// A cell like any other, to see whether cells tell at all what a segment asks.
const ANY_CELL: Cell = Cell {
    key: None,
    line_type: LineType::Unknown,
    status: ContactStatus::Active,
    is_valid: true,
    has_opted_out: false,
    contacts: 0,
};

/// Of more contacts than these it is not looked at where they are, if a cube tells how many.
const BY_STATE_MAX: u64 = 50_000;

/// The contacts that a preview shows.
const SAMPLE: u16 = 5;

/// Counts segments: from the cubes where these tell, else from the cache or by counting for a while.
pub struct PreviewSegment {
    /// The cubes.
    pub census: Arc<dyn ContactCensus>,
    /// Counts.
    pub audiences: Arc<dyn AudienceStore>,
    /// Keeps counts.
    pub cache: Option<Arc<dyn Cache>>,
    /// For how long.
    pub keep_for: Duration,
    /// How long is counted before it is estimated.
    pub count_for: Duration,
}

/// Whom a segment means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentPreview {
    /// How many.
    pub count: SegmentCount,
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
        let sample = self.audiences.sample(segment.clone(), UnknownLineTypes::Allow, SAMPLE, self.count_for);
        let (count, sample) = futures::join!(self.count(&definition, &segment), sample);
        Ok(SegmentPreview { count: count?, sample: sample? })
    }

    async fn count(
        &self,
        definition: &SegmentDefinition,
        segment: &Segment,
    ) -> Result<SegmentCount, StoreError> {
        if let Some(cells) = self.meant_cells(segment, Dimension::State).await? {
            let mut by_state = ByState::new();
            for cell in cells {
                *by_state.entry(cell.key).or_default() += cell.contacts;
            }
            return Ok(SegmentCount::Exact(by_state));
        }
        let total = self.total(segment).await?;
        if let Some(total) = total.filter(|total| *total > BY_STATE_MAX) {
            return Ok(SegmentCount::Total(total));
        }
        let counted = self.counted(definition, segment).await?;
        Ok(match (total, counted) {
            (Some(total), SegmentCount::Estimated(_)) => SegmentCount::Total(total),
            (_, counted) => counted,
        })
    }

    /// How many contacts a segment means, where a cube tells that which does not tell their states.
    async fn total(&self, segment: &Segment) -> Result<Option<u64>, StoreError> {
        for dimension in [Dimension::Lada, Dimension::City] {
            if let Some(cells) = self.meant_cells(segment, dimension).await? {
                return Ok(Some(cells.iter().map(|cell| cell.contacts).sum()));
            }
        }
        Ok(None)
    }

    /// The cells of a cube that a segment means, where they tell all that it asks.
    async fn meant_cells(
        &self,
        segment: &Segment,
        dimension: Dimension,
    ) -> Result<Option<Vec<Cell>>, StoreError> {
        if segment.means(dimension, &ANY_CELL).is_none() {
            return Ok(None);
        }
        let mut meant = Vec::new();
        for cell in self.census.cells(dimension).await? {
            match segment.means(dimension, &cell) {
                Some(true) => meant.push(cell),
                Some(false) => {}
                None => return Ok(None),
            }
        }
        Ok(Some(meant))
    }

    async fn counted(
        &self,
        definition: &SegmentDefinition,
        segment: &Segment,
    ) -> Result<SegmentCount, StoreError> {
        let key = key(definition);
        if let Some(by_state) = self.kept(&key).await {
            return Ok(SegmentCount::Exact(by_state));
        }
        let count = self.audiences.count_by_state(segment.clone(), self.count_for).await?;
        if let SegmentCount::Exact(by_state) = &count {
            self.keep(&key, by_state).await;
        }
        Ok(count)
    }

    async fn kept(&self, key: &str) -> Option<ByState> {
        let kept = self.cache.as_ref()?.get(key).await.ok()??;
        let pairs: Vec<(Option<String>, u64)> = serde_json::from_slice(&kept).ok()?;
        Some(pairs.into_iter().collect())
    }

    async fn keep(&self, key: &str, counts: &ByState) {
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
    format!("segment:{}", hex::encode(Sha256::digest(&written)))
}

#[cfg(test)]
mod tests {
    use domain::port::{CacheUnavailable, MockAudienceStore, MockCache, MockContactCensus};

    use super::*;

    fn definition() -> SegmentDefinition {
        serde_json::from_str(r#"{"field":"lada","op":"eq","value":"33"}"#).unwrap()
    }

    fn audiences(counted: usize) -> Arc<MockAudienceStore> {
        let mut audiences = MockAudienceStore::new();
        audiences.expect_count_by_state().times(counted).returning(|_, _| {
            Ok(SegmentCount::Exact(BTreeMap::from([(Some("JAL".to_owned()), 7), (None, 1)])))
        });
        audiences.expect_sample().returning(|_, _, _, _| Ok(Vec::new()));
        Arc::new(audiences)
    }

    fn preview(
        census: MockContactCensus,
        audiences: Arc<MockAudienceStore>,
        cache: Option<Arc<dyn Cache>>,
    ) -> PreviewSegment {
        PreviewSegment {
            census: Arc::new(census),
            audiences,
            cache,
            keep_for: Duration::from_mins(1),
            count_for: Duration::from_secs(2),
        }
    }

    fn sum(count: &SegmentCount) -> u64 {
        match count {
            SegmentCount::Exact(by_state) => by_state.values().sum(),
            SegmentCount::Total(value) | SegmentCount::Estimated(value) => *value,
        }
    }

    #[tokio::test]
    async fn what_the_cubes_tell_is_not_counted() {
        let cell = |key: Option<&str>, line_type, contacts| Cell {
            key: key.map(str::to_owned),
            line_type,
            contacts,
            ..ANY_CELL
        };
        let mut census = MockContactCensus::new();
        census.expect_cells().times(1).returning(move |_| {
            Ok(vec![
                cell(Some("JAL"), LineType::Mobile, 5),
                cell(Some("JAL"), LineType::Fixed, 2),
                cell(Some("CMX"), LineType::Mobile, 9),
                cell(None, LineType::Mobile, 1),
            ])
        });
        let definition = r#"{"all":[{"field":"state","op":"ne","value":"CMX"},{"field":"line_type","op":"eq","value":"mobile"}]}"#;
        let definition = serde_json::from_str(definition).unwrap();
        let preview = preview(census, audiences(0), None).execute(definition).await.unwrap();
        let expected = BTreeMap::from([(Some("JAL".to_owned()), 5), (None, 1)]);
        assert_eq!(preview.count, SegmentCount::Exact(expected));
    }

    #[tokio::test]
    async fn an_estimate_is_told_as_one_and_not_kept() {
        let mut audiences = MockAudienceStore::new();
        audiences.expect_count_by_state().returning(|_, _| Ok(SegmentCount::Estimated(40)));
        audiences.expect_sample().returning(|_, _, _, _| Ok(Vec::new()));
        let audiences = Arc::new(audiences);
        let mut cache = MockCache::new();
        cache.expect_get().returning(|_| Ok(None));
        cache.expect_put().never();
        let cache: Arc<dyn Cache> = Arc::new(cache);
        let words = serde_json::from_str(r#"{"field":"name","op":"matches","value":"ana"}"#).unwrap();
        let slow = preview(MockContactCensus::new(), Arc::clone(&audiences), Some(Arc::clone(&cache)));
        assert_eq!(slow.execute(words).await.unwrap().count, SegmentCount::Estimated(40));

        // Of an area code another cube tells how many they are, if not where.
        let census = of_lada_33(7);
        let slow = preview(census, audiences, Some(cache));
        assert_eq!(slow.execute(definition()).await.unwrap().count, SegmentCount::Total(7));
    }

    #[tokio::test]
    async fn many_of_whom_a_cube_tells_how_many_are_not_looked_at() {
        let preview = preview(of_lada_33(60_000), audiences(0), None);
        assert_eq!(preview.execute(definition()).await.unwrap().count, SegmentCount::Total(60_000));
    }

    /// A cube in which so many have the area code 33.
    fn of_lada_33(contacts: u64) -> MockContactCensus {
        let mut census = MockContactCensus::new();
        census.expect_cells().returning(move |dimension| {
            assert_eq!(dimension, Dimension::Lada);
            let cell = |lada: &str, contacts| Cell { key: Some(lada.to_owned()), contacts, ..ANY_CELL };
            Ok(vec![cell("33", contacts), cell("55", 5)])
        });
        census
    }

    async fn total(audiences: Arc<MockAudienceStore>, cache: MockCache) -> u64 {
        let preview = preview(of_lada_33(8), audiences, Some(Arc::new(cache)));
        sum(&preview.execute(definition()).await.unwrap().count)
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
