//! Numbers of a segment are handed out.

use std::sync::Arc;
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::extract::{Extract, ExtractFormat, ExtractId, ExtractPlan, NUMBERS_PER_SEED, Pick};
use domain::port::{ExtractOrder, ExtractStore, Ids, SegmentStore, TakenExtract, WriteError};
use domain::request::Envelope;
use domain::segment::SegmentRefused;
use jiff::tz::TimeZone;

use crate::saved_segments::{SegmentChoice, chosen};

/// Hands numbers out.
pub struct TakeExtract {
    /// Keeps extracts.
    pub extracts: Arc<dyn ExtractStore>,
    /// Keeps segments.
    pub segments: Arc<dyn SegmentStore>,
    /// Makes the id.
    pub ids: Arc<dyn Ids>,
    /// What bounds them.
    pub limits: ExtractLimits,
}

/// What bounds extracts.
#[derive(Debug, Clone)]
pub struct ExtractLimits {
    /// The most numbers of one.
    pub numbers_max: u32,
    /// The most that one user may take on one day.
    pub numbers_per_day_max: u64,
    /// Within so many days no number is handed out twice, where nothing else is said.
    pub unused_within_days: u32,
    /// How long a file is given out.
    pub keep_for: Duration,
    /// Where the day begins.
    pub zone: TimeZone,
}

/// An extract to be, as it is asked for: what is left out is ours to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractCommand {
    /// Whose numbers.
    pub segment: SegmentChoice,
    /// How many.
    pub numbers: u32,
    /// Which.
    pub pick: Pick,
    /// None that was in an extract within so many days.
    pub unused_within_days: Option<u32>,
    /// As what.
    pub format: ExtractFormat,
    /// Whether seed numbers are put among them.
    pub is_seeded: bool,
    /// Whether numbers of unknown line type are handed out.
    pub unknown_line_types: UnknownLineTypes,
}

/// Why nothing was handed out.
#[derive(Debug, thiserror::Error)]
pub enum TakeExtractError {
    /// That many are never handed out at once, or none.
    #[error("give 1 to {0}")]
    Numbers(u32),
    /// The segment is wrong.
    #[error(transparent)]
    Segment(#[from] SegmentRefused),
    /// Its saved segment is none.
    #[error("there is no such segment")]
    NoSegment,
    /// There are not so many.
    #[error("only {0} numbers of this segment can be handed out now; ask for no more")]
    Only(u64),
    /// The user's limit of the day.
    #[error(
        "you may take {left} more numbers today (extract.numbers_per_day_max is {max}); the day begins anew at midnight"
    )]
    OverLimit {
        /// What is left.
        left: u64,
        /// Of what.
        max: u64,
        /// In how many seconds the day begins anew.
        again_in_s: u64,
    },
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl TakeExtract {
    /// Hands numbers out: all that were asked for, or none.
    ///
    /// # Errors
    /// When the segment is wrong, there are not so many, the user may not take so many today, or the store is away.
    pub async fn execute(
        &self,
        command: ExtractCommand,
        envelope: Envelope,
    ) -> Result<Extract, TakeExtractError> {
        if !(1..=self.limits.numbers_max).contains(&command.numbers) {
            return Err(TakeExtractError::Numbers(self.limits.numbers_max));
        }
        let chosen = chosen(&*self.segments, command.segment).await.map_err(WriteError::from)?;
        let (definition, saved_segment) = chosen.ok_or(TakeExtractError::NoSegment)?;
        let segment = definition.check()?;
        let now = envelope.at.to_zoned(self.limits.zone.clone());
        let today = now.start_of_day().map_or(envelope.at, |day| day.timestamp());
        let order = ExtractOrder {
            id: ExtractId(self.ids.next()),
            plan: ExtractPlan {
                segment: definition,
                saved_segment,
                numbers: command.numbers,
                pick: command.pick,
                unused_within_days: command.unused_within_days.unwrap_or(self.limits.unused_within_days),
                format: command.format,
                seeds: if command.is_seeded { command.numbers / NUMBERS_PER_SEED } else { 0 },
                unknown_line_types: command.unknown_line_types,
            },
            segment,
            expires_at: envelope.at + self.limits.keep_for,
            numbers_max: self.limits.numbers_per_day_max,
            counted_since: today,
        };
        match self.extracts.take(order, envelope).await? {
            TakenExtract::New(extract) => Ok(*extract),
            TakenExtract::Only(left) => Err(TakeExtractError::Only(left)),
            TakenExtract::OverLimit(left) => {
                let tomorrow = now.tomorrow().and_then(|day| day.start_of_day());
                let wait =
                    tomorrow.map_or(0, |day| day.timestamp().duration_since(now.timestamp()).as_secs());
                Err(TakeExtractError::OverLimit {
                    left,
                    max: self.limits.numbers_per_day_max,
                    again_in_s: wait.unsigned_abs(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::port::{MockExtractStore, MockIds, MockSegmentStore};
    use domain::segment::SegmentDefinition;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn take(extracts: MockExtractStore) -> TakeExtract {
        let mut ids = MockIds::new();
        ids.expect_next().returning(Uuid::nil);
        let mut segments = MockSegmentStore::new();
        segments.expect_find().returning(|_| Ok(None));
        TakeExtract {
            extracts: Arc::new(extracts),
            segments: Arc::new(segments),
            ids: Arc::new(ids),
            limits: ExtractLimits {
                numbers_max: 100_000,
                numbers_per_day_max: 200_000,
                unused_within_days: 30,
                keep_for: Duration::from_hours(24 * 7),
                zone: TimeZone::get("America/Mexico_City").unwrap(),
            },
        }
    }

    fn command(numbers: u32) -> ExtractCommand {
        let definition: SegmentDefinition = serde_json::from_str(r#"{"all":[]}"#).unwrap();
        ExtractCommand {
            segment: SegmentChoice::Given(definition),
            numbers,
            pick: Pick::Random,
            unused_within_days: None,
            format: ExtractFormat::Csv,
            is_seeded: true,
            unknown_line_types: UnknownLineTypes::Allow,
        }
    }

    fn envelope() -> Envelope {
        Envelope::of_program("ana", "2026-03-01T05:30:00Z".parse::<Timestamp>().unwrap())
    }

    #[tokio::test]
    async fn what_was_left_out_is_chosen_and_the_day_is_the_business_days() {
        let mut extracts = MockExtractStore::new();
        extracts
            .expect_take()
            .withf(|order, _| {
                order.plan.seeds == 2
                    && order.plan.unused_within_days == 30
                    && order.plan.unknown_line_types == UnknownLineTypes::Allow
                    && order.counted_since == "2026-02-28T06:00:00Z".parse().unwrap()
                    && order.expires_at == "2026-03-08T05:30:00Z".parse().unwrap()
            })
            .returning(|_, _| Ok(TakenExtract::Only(7)));
        let refused = take(extracts).execute(command(2_999), envelope()).await.unwrap_err();
        assert!(matches!(refused, TakeExtractError::Only(7)), "{refused}");
    }

    #[tokio::test]
    async fn too_many_none_and_unknown_segments_never_reach_the_store() {
        let mut extracts = MockExtractStore::new();
        extracts.expect_take().never();
        let take = take(extracts);
        for numbers in [0, 100_001] {
            let refused = take.execute(command(numbers), envelope()).await.unwrap_err();
            assert!(matches!(refused, TakeExtractError::Numbers(100_000)), "{refused}");
        }
        let unknown = SegmentChoice::Saved(domain::segment::SegmentId(Uuid::nil()));
        let command = ExtractCommand { segment: unknown, ..command(1) };
        let refused = take.execute(command, envelope()).await.unwrap_err();
        assert!(matches!(refused, TakeExtractError::NoSegment), "{refused}");
    }

    #[tokio::test]
    async fn a_limit_that_is_reached_says_when_the_day_begins_anew() {
        let mut extracts = MockExtractStore::new();
        extracts.expect_take().returning(|_, _| Ok(TakenExtract::OverLimit(40)));
        let refused = take(extracts).execute(command(50), envelope()).await.unwrap_err();
        // Half past eleven at night in Mexico City.
        assert!(
            matches!(refused, TakeExtractError::OverLimit { left: 40, again_in_s: 1800, .. }),
            "{refused}"
        );
    }
}
