//! How many contacts there are of what.

use std::sync::Arc;

use domain::census::{Count, CountedBy, count};
use domain::port::{Clock, ContactCensus, StoreError};
use jiff::Timestamp;

use crate::kept_counts::KeptCounts;

/// Counts all contacts by what they have in common, from the cubes or from what was kept of them.
pub struct CountContacts {
    /// The cubes.
    pub census: Arc<dyn ContactCensus>,
    /// Keeps counts.
    pub kept: KeptCounts,
    /// Tells when it was counted.
    pub clock: Arc<dyn Clock>,
}

/// All contacts, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedContacts {
    /// The most frequent first.
    pub counts: Vec<Count>,
    /// When they were counted. No contact has changed between then and the moment of the question.
    pub as_of: Timestamp,
}

/// A count as it is kept: what it is of, and how many there are, active, mobile and valid.
type Kept = (Option<String>, u64, u64, u64, u64);

impl CountContacts {
    /// Counts all contacts by `by`.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(&self, by: CountedBy) -> Result<CountedContacts, StoreError> {
        let place = self.kept.place(by.as_str()).await?;
        if let Some(place) = &place
            && let Some((as_of, kept)) = place.get::<(Timestamp, Vec<Kept>)>().await
        {
            return Ok(CountedContacts { counts: kept.into_iter().map(restored).collect(), as_of });
        }
        let as_of = self.clock.now();
        let counts = count(&self.census.cells(by.dimension()).await?, by);
        if let Some(place) = &place {
            let kept: Vec<_> = counts.iter().map(to_keep).collect();
            place.put(&(as_of, kept)).await;
        }
        Ok(CountedContacts { counts, as_of })
    }
}

fn to_keep(count: &Count) -> (Option<&str>, u64, u64, u64, u64) {
    (count.key.as_deref(), count.total, count.active, count.mobile, count.valid)
}

fn restored((key, total, active, mobile, valid): Kept) -> Count {
    Count { key, total, active, mobile, valid }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::census::{Cell, CensusVersion, Dimension};
    use domain::contact::{ContactStatus, LineType};
    use domain::port::{Cache, MockClock, MockContactCensus};
    use testkit::fakes::FakeCache;

    use super::*;

    fn cell(city: &str, contacts: u64) -> Cell {
        Cell {
            key: Some(city.to_owned()),
            line_type: LineType::Mobile,
            status: ContactStatus::Active,
            is_valid: contacts > 5,
            has_opted_out: false,
            contacts,
        }
    }

    /// Counts what is in a store of this version, `counted` times over, at this second.
    fn at(
        cache: &Arc<FakeCache>,
        version: Option<&'static str>,
        counted: usize,
        second: i64,
    ) -> CountContacts {
        let mut census = MockContactCensus::new();
        census.expect_version().returning(move || Ok(version.map(|it| CensusVersion::new(it.to_owned()))));
        census.expect_cells().times(counted).returning(|dimension| {
            assert_eq!(dimension, Dimension::City);
            Ok(vec![cell("Guadalajara", 5), cell("Puebla", 9)])
        });
        let census: Arc<dyn ContactCensus> = Arc::new(census);
        let mut clock = MockClock::new();
        clock.expect_now().returning(move || Timestamp::from_second(second).unwrap());
        let cache: Arc<dyn Cache> = cache.clone();
        let kept =
            KeptCounts { census: census.clone(), cache: Some(cache), keep_for: Duration::from_secs(30) };
        CountContacts { census, kept, clock: Arc::new(clock) }
    }

    #[tokio::test]
    async fn what_was_counted_is_answered_again_with_its_moment_until_a_contact_changes() {
        let cache = Arc::new(FakeCache::default());
        let first = at(&cache, Some("1"), 1, 100).execute(CountedBy::City).await.unwrap();
        assert_eq!(first.as_of, Timestamp::from_second(100).unwrap());
        assert_eq!(
            first.counts[0],
            Count { key: Some("Puebla".to_owned()), total: 9, active: 9, mobile: 9, valid: 9 }
        );
        let again = at(&cache, Some("1"), 0, 200).execute(CountedBy::City).await.unwrap();
        assert_eq!(again, first);
        let changed = at(&cache, Some("2"), 1, 300).execute(CountedBy::City).await.unwrap();
        assert_eq!(changed.as_of, Timestamp::from_second(300).unwrap());
    }

    #[tokio::test]
    async fn without_a_version_or_a_cache_it_is_counted_each_time() {
        let cache = Arc::new(FakeCache::default());
        for second in [100, 200] {
            let counted = at(&cache, None, 1, second).execute(CountedBy::City).await.unwrap();
            assert_eq!(counted.as_of, Timestamp::from_second(second).unwrap());
        }
        cache.set_away(true);
        let counted = at(&cache, Some("1"), 1, 300).execute(CountedBy::City).await.unwrap();
        assert_eq!(counted.counts.len(), 2);
    }
}
