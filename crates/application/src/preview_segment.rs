//! Whom a segment means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::census::{Cell, Dimension};
use domain::contact::{Contact, ContactStatus, LineType};
use domain::port::{AudienceStore, ContactCensus, SegmentCount, StoreError};
use domain::segment::{Contradiction, Segment, SegmentDefinition, SegmentRefused};
use sha2::{Digest, Sha256};

use crate::kept_counts::KeptCounts;

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

/// Counts segments: from the cubes where these tell, else from what was kept or by counting for a while.
pub struct PreviewSegment {
    /// The cubes.
    pub census: Arc<dyn ContactCensus>,
    /// Counts.
    pub audiences: Arc<dyn AudienceStore>,
    /// Keeps counts.
    pub kept: KeptCounts,
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
    /// Why nobody can be meant, where the definition itself says so.
    pub contradiction: Option<Contradiction>,
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
        if let Some(contradiction) = segment.contradiction() {
            let (count, sample) = (SegmentCount::Exact(ByState::new()), Vec::new());
            return Ok(SegmentPreview { count, sample, contradiction: Some(contradiction) });
        }
        let sample = self.audiences.sample(segment.clone(), UnknownLineTypes::Allow, SAMPLE, self.count_for);
        let (count, sample) = futures::join!(self.count(&definition, &segment), sample);
        Ok(SegmentPreview { count: count?, sample: sample?, contradiction: None })
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
        // What changes without the contacts, as with time or with what is sent, is counted each time.
        let place = match name(definition).filter(|_| segment.asks_contacts_alone()) {
            Some(name) => self.kept.place(&name).await?,
            None => None,
        };
        if let Some(place) = &place
            && let Some(pairs) = place.get::<Vec<(Option<String>, u64)>>().await
        {
            return Ok(SegmentCount::Exact(pairs.into_iter().collect()));
        }
        let count = self.audiences.count_by_state(segment.clone(), self.count_for).await?;
        if let (Some(place), SegmentCount::Exact(by_state)) = (&place, &count) {
            place.put(&by_state.iter().collect::<Vec<_>>()).await;
        }
        Ok(count)
    }
}

/// Definitions that are written alike are counted once.
fn name(definition: &SegmentDefinition) -> Option<String> {
    let written = serde_json::to_vec(definition).ok()?;
    Some(format!("segment:{}", hex::encode(Sha256::digest(&written))))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use domain::census::CensusVersion;
    use domain::port::{Cache, CacheUnavailable, MockAudienceStore, MockCache, MockContactCensus};
    use testkit::fakes::FakeCache;

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
        let census: Arc<dyn ContactCensus> = Arc::new(census);
        let kept = KeptCounts { census: census.clone(), cache, keep_for: Duration::from_mins(1) };
        PreviewSegment { census, audiences, kept, count_for: Duration::from_secs(2) }
    }

    fn sum(count: &SegmentCount) -> u64 {
        match count {
            SegmentCount::Exact(by_state) => by_state.values().sum(),
            SegmentCount::Total(value) | SegmentCount::Estimated(value) => *value,
        }
    }

    #[tokio::test]
    async fn of_a_definition_that_contradicts_itself_nothing_is_asked_and_it_says_why() {
        let both =
            r#"{"all":[{"field":"lada","op":"eq","value":"33"},{"field":"lada","op":"eq","value":"55"}]}"#;
        let preview = preview(MockContactCensus::new(), Arc::new(MockAudienceStore::new()), None);
        let nobody = preview.execute(serde_json::from_str(both).unwrap()).await.unwrap();
        assert_eq!((sum(&nobody.count), nobody.sample.len()), (0, 0));
        assert!(nobody.contradiction.unwrap().to_string().contains("lada"));
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
        let slow = preview(of_version(Some("1")), Arc::clone(&audiences), Some(Arc::clone(&cache)));
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

    fn of_version(version: Option<&'static str>) -> MockContactCensus {
        let mut census = MockContactCensus::new();
        census.expect_version().returning(move || Ok(version.map(|it| CensusVersion::new(it.to_owned()))));
        census
    }

    /// A cube in which so many have the area code 33.
    fn of_lada_33(contacts: u64) -> MockContactCensus {
        let mut census = of_version(Some("1"));
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

    /// What a preview says when as many contacts as this have a name, told from the cache where that has it.
    async fn told(cache: &Arc<FakeCache>, version: Option<&'static str>, json: &str, there: u64) -> u64 {
        let mut audiences = MockAudienceStore::new();
        audiences.expect_sample().returning(|_, _, _, _| Ok(Vec::new()));
        audiences
            .expect_count_by_state()
            .returning(move |_, _| Ok(SegmentCount::Exact(BTreeMap::from([(None, there)]))));
        let cache: Arc<dyn Cache> = cache.clone();
        let preview = preview(of_version(version), Arc::new(audiences), Some(cache));
        sum(&preview.execute(serde_json::from_str(json).unwrap()).await.unwrap().count)
    }

    #[tokio::test]
    async fn a_count_is_answered_again_until_a_contact_changes() {
        let cache = Arc::new(FakeCache::default());
        let ana = r#"{"field":"name","op":"matches","value":"ana"}"#;
        let eva = r#"{"field":"name","op":"matches","value":"eva"}"#;
        for (version, json, there, expected) in [
            (Some("1"), ana, 1, 1),
            (Some("1"), ana, 2, 1),
            (Some("1"), eva, 3, 3),
            (Some("2"), ana, 4, 4),
            // Nobody can tell whether they changed.
            (None, ana, 5, 5),
            (None, ana, 6, 6),
        ] {
            assert_eq!(told(&cache, version, json, there).await, expected, "{version:?} {json} {there}");
        }
    }

    #[tokio::test]
    async fn what_changes_without_the_contacts_is_counted_each_time() {
        let cache = Arc::new(FakeCache::default());
        for json in [
            r#"{"field":"tag","op":"eq","value":"vip"}"#,
            r#"{"field":"send_count","op":"gt","value":1}"#,
            r#"{"any":[{"field":"name","op":"matches","value":"ana"},{"field":"created_at","op":"within_days","value":3}]}"#,
        ] {
            for there in [1, 2] {
                assert_eq!(told(&cache, Some("1"), json, there).await, there, "{json}");
            }
        }
    }

    #[tokio::test]
    async fn the_version_is_read_before_anything_is_counted() {
        let (mut census, mut audiences) = (MockContactCensus::new(), MockAudienceStore::new());
        let is_read = Arc::new(AtomicBool::new(false));
        let read = Arc::clone(&is_read);
        census.expect_version().times(1).returning(move || {
            read.store(true, Ordering::SeqCst);
            Ok(Some(CensusVersion::new("1".to_owned())))
        });
        audiences.expect_count_by_state().times(1).returning(move |_, _| {
            assert!(is_read.load(Ordering::SeqCst), "it was counted first");
            Ok(SegmentCount::Exact(ByState::new()))
        });
        audiences.expect_sample().returning(|_, _, _, _| Ok(Vec::new()));
        let cache: Arc<dyn Cache> = Arc::new(FakeCache::default());
        let definition = serde_json::from_str(r#"{"field":"name","op":"matches","value":"ana"}"#).unwrap();
        preview(census, Arc::new(audiences), Some(cache)).execute(definition).await.unwrap();
    }
}
