//! How often somebody may ask: limits that fill up again steadily, as the generic cell rate algorithm reckons them.
//!
//! Of each whom a limit counts one number is kept: the lead, by which what they took is ahead of what steady asking would
//! have taken. It shrinks as time goes by, each request adds an interval to it, and there is room as long as it is short.

use std::num::NonZeroU32;
use std::time::Duration;

/// So many requests a second in the long run, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// In the long run.
    pub per_second: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// How much each request adds to the lead.
    #[must_use]
    pub fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.get()
    }

    /// How long the lead may be.
    #[must_use]
    pub fn room(self) -> Duration {
        self.interval() * self.burst.get()
    }

    /// What one request more is told, by whom it has this lead.
    #[must_use]
    pub fn allowance(self, lead: Duration) -> Allowance {
        let after = lead + self.interval();
        match self.room().checked_sub(after) {
            Some(left) => Allowance::Granted {
                remaining: u32::try_from(left.as_micros() / self.interval().as_micros().max(1))
                    .unwrap_or(u32::MAX),
                full_after: after,
            },
            None => Allowance::Refused { retry_after: after.saturating_sub(self.room()) },
        }
    }

    /// So many percent of it, and never nothing.
    #[must_use]
    pub fn share(self, percent: u8) -> Self {
        let of = |whole: NonZeroU32| {
            let part = u64::from(whole.get()) * u64::from(percent) / 100;
            u32::try_from(part).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
        };
        Self { per_second: of(self.per_second), burst: of(self.burst) }
    }
}

/// What a limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// It may be made.
    Granted {
        /// How many more may be made at once.
        remaining: u32,
        /// When the whole burst may be made again.
        full_after: Duration,
    },
    /// It may not be made yet.
    Refused {
        /// When it may.
        retry_after: Duration,
    },
}

/// A request that a limit is to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Whose it is.
    pub key: String,
    /// What they may ask for.
    pub limit: RateLimit,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(per_second: u32, burst: u32) -> RateLimit {
        RateLimit { per_second: NonZeroU32::new(per_second).unwrap(), burst: NonZeroU32::new(burst).unwrap() }
    }

    #[test]
    fn a_burst_may_be_made_at_once_and_then_one_an_interval() {
        let limit = limit(10, 3);
        let step = Duration::from_millis(100);
        for (lead, remaining) in [(0, 2), (1, 1), (2, 0)] {
            let expected = Allowance::Granted { remaining, full_after: step * (lead + 1) };
            assert_eq!(limit.allowance(step * lead), expected);
        }
        assert_eq!(limit.allowance(step * 3), Allowance::Refused { retry_after: step });
        assert_eq!(
            limit.allowance(step * 5 / 2),
            Allowance::Refused { retry_after: Duration::from_millis(50) }
        );
    }

    #[test]
    fn a_share_is_a_part_and_never_nothing() {
        assert_eq!(limit(50, 500).share(50), limit(25, 250));
        assert_eq!(limit(1, 1).share(1), limit(1, 1));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_burst_and_the_pace_together(
            (per_second, burst) in (1_u32..1_000, 1_u32..1_000),
            pauses_us in prop::collection::vec(0_u32..50_000, 1..300),
        ) {
            let limit = limit(per_second, burst);
            let (mut lead, mut granted, mut elapsed) = (Duration::ZERO, 0_u32, Duration::ZERO);
            for pause in pauses_us {
                let pause = Duration::from_micros(pause.into());
                elapsed += pause;
                lead = lead.saturating_sub(pause);
                match limit.allowance(lead) {
                    Allowance::Granted { .. } => {
                        granted += 1;
                        lead += limit.interval();
                    }
                    // Whoever waits as long as they are told is let in.
                    Allowance::Refused { retry_after } => {
                        let then = limit.allowance(lead.saturating_sub(retry_after));
                        let is_let_in = matches!(then, Allowance::Granted { .. });
                        prop_assert!(is_let_in);
                    }
                }
            }
            let most = f64::from(burst) + elapsed.as_secs_f64() * f64::from(per_second) + 1.0;
            prop_assert!(f64::from(granted) <= most, "{granted} of {most}");
        }
    }
}
