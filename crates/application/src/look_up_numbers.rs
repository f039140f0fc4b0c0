//! Numbers are looked up with the provider: each call is set aside before it is made, and each answer kept before the next calls.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::lookup::{KeptLookup, LookedUp, LookupTally};
use domain::money::Money;
use domain::phone::PhoneNumber;
use domain::port::{Clock, LookupOutcome, LookupStore, NumberLookup, Reservation, StoreError};
use futures::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

/// Calls in a row that bring no answer before a run is given up: each may cost.
const FAILURES_IN_A_ROW_MAX: u32 = 20;

/// Rounds in a row in which the provider answers nobody before a run is given up.
const ROUNDS_WITHOUT_ANSWER_MAX: u32 = 20;

/// How long everybody waits when the provider says "not now" and not for how long.
const HOLD_OFF: Duration = Duration::from_secs(1);

/// The longest wait for the pace before somebody is asked again whether to go on.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// Asks about numbers, at the pace of the account and within the calls of a day.
pub struct LookUpNumbers {
    /// Whom it asks.
    pub provider: Arc<dyn NumberLookup>,
    /// Sets calls aside, and keeps answers.
    pub lookups: Arc<dyn LookupStore>,
    /// Tells when something was said.
    pub clock: Arc<dyn Clock>,
    /// What one call costs.
    pub price: Money,
    /// The most calls that are under way at once.
    pub in_flight_max: u16,
}

/// What was asked about so far on somebody's behalf, and what it may cost.
#[derive(Debug, Clone, Copy)]
pub struct LookupRun {
    cost_max: Option<Money>,
    tally: LookupTally,
    failures_in_a_row: u32,
    rounds_without_answer: u32,
}

impl LookupRun {
    /// One that may cost so much; `before` is what an earlier part of it did.
    #[must_use]
    pub fn new(cost_max: Option<Money>, before: LookupTally) -> Self {
        Self { cost_max, tally: before, failures_in_a_row: 0, rounds_without_answer: 0 }
    }

    /// What it did, in all.
    #[must_use]
    pub fn tally(&self) -> LookupTally {
        self.tally
    }

    /// How many calls it may still make.
    fn affordable(&self, price: Money) -> u64 {
        let (Some(most), Ok(price)) = (self.cost_max, u64::try_from(price.micros)) else { return u64::MAX };
        let left = u64::try_from(most.micros).unwrap_or_default().saturating_sub(self.tally.cost_micros);
        left.checked_div(price).unwrap_or(u64::MAX)
    }
}

/// What came of asking about numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was told of each that was asked about.
    pub answers: Vec<(PhoneNumber, Told)>,
    /// Those that nobody was asked about, in order.
    pub left: Vec<PhoneNumber>,
    /// Why it ended.
    pub ended: LookupEnd,
}

/// What was told of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This; it is kept.
    Line(KeptLookup),
    /// Nothing, for this reason; the call may have cost.
    Nothing(String),
}

/// Why asking ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupEnd {
    /// All were asked about.
    AllAsked,
    /// It was asked to stop.
    Stopped,
    /// Another call would cost more than the run may.
    OverCost,
    /// Its time was over.
    OutOfTime,
    /// All calls of the day are made.
    DayIsSpent {
        /// When the next one begins.
        until: Timestamp,
    },
    /// The provider lets the account look nothing up.
    AccountBlocked {
        /// Why.
        reason: String,
    },
    /// The provider answered too often in a row with nothing.
    NobodyAnswers,
}

impl LookupEnd {
    /// The name of why a number was not asked about; `None` where all were.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::AllAsked => None,
            Self::Stopped => Some("stopped"),
            Self::OverCost => Some("over_max_cost"),
            Self::OutOfTime => Some("out_of_time"),
            Self::DayIsSpent { .. } => Some("day_is_spent"),
            Self::AccountBlocked { .. } => Some("account_blocked"),
            Self::NobodyAnswers => Some("no_answer"),
        }
    }
}

/// Says what to do as well.
impl fmt::Display for LookupEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllAsked => f.write_str("all numbers were asked about"),
            Self::Stopped => f.write_str("it was stopped; what was looked up is kept, and not asked again"),
            Self::OverCost => f.write_str(
                "another call would cost more than was allowed; what was looked up is kept, so ask again with an amount for the \
                 rest",
            ),
            Self::OutOfTime => f.write_str("its time was over; ask again, what was looked up is kept"),
            Self::DayIsSpent { until } => write!(
                f,
                "all calls of the day are made (lookup.calls_per_day_max); ask again after {until}, what was looked up is kept"
            ),
            Self::AccountBlocked { reason } => {
                write!(f, "the provider lets this account look nothing up ({reason}); look at it there")
            }
            Self::NobodyAnswers => {
                f.write_str("the provider answered many calls in a row with nothing; ask again later")
            }
        }
    }
}

/// What the calls of a round came to.
#[derive(Default)]
struct Round {
    kept: Vec<KeptLookup>,
    answers: Vec<(PhoneNumber, Told)>,
    /// Those that were certainly not answered.
    back: Vec<PhoneNumber>,
    hold_off: Option<Duration>,
    blocked: Option<String>,
}

impl LookUpNumbers {
    /// Asks about numbers, the first first, as long as `run` may and `is_stopped` does not say otherwise. No call begins after
    /// `until`. What is told is kept before this returns, also where it fails later.
    ///
    /// # Errors
    /// When the store is away; what was told in the last round may be lost then, and its cost is counted.
    pub async fn ask(
        &self,
        run: &mut LookupRun,
        phones: Vec<PhoneNumber>,
        until: Instant,
        is_stopped: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<Asked, StoreError> {
        let mut left = VecDeque::from(phones);
        let mut answers = Vec::with_capacity(left.len());
        let ended = loop {
            if left.is_empty() {
                break LookupEnd::AllAsked;
            }
            if is_stopped() {
                break LookupEnd::Stopped;
            }
            if run.failures_in_a_row >= FAILURES_IN_A_ROW_MAX
                || run.rounds_without_answer >= ROUNDS_WITHOUT_ANSWER_MAX
            {
                break LookupEnd::NobodyAnswers;
            }
            let most = run.affordable(self.price).min(left.len() as u64).min(self.in_flight_max.into());
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            if most == 0 {
                break LookupEnd::OverCost;
            }
            if Instant::now() >= until {
                break LookupEnd::OutOfTime;
            }
            let granted = match self.lookups.reserve(most).await? {
                Reservation::Granted(granted) => granted.min(most) as usize,
                Reservation::DayIsSpent { until } => break LookupEnd::DayIsSpent { until },
                Reservation::Wait(wait) if Instant::now() + wait > until => break LookupEnd::OutOfTime,
                Reservation::Wait(wait) => {
                    sleep(wait.min(WAIT_MAX)).await;
                    continue;
                }
            };
            let round = self.round(run, left.drain(..granted).collect()).await;
            run.rounds_without_answer =
                if round.answers.is_empty() { run.rounds_without_answer + 1 } else { 0 };
            if !round.kept.is_empty() {
                self.lookups.keep(round.kept).await?;
            }
            answers.extend(round.answers);
            round.back.into_iter().rev().for_each(|phone| left.push_front(phone));
            if let Some(reason) = round.blocked {
                break LookupEnd::AccountBlocked { reason };
            }
            if let Some(wait) = round.hold_off {
                self.lookups.hold_off(wait).await?;
            }
        };
        Ok(Asked { answers, left: left.into(), ended })
    }

    /// Makes the calls that were set aside, all at once, and counts what they came to.
    async fn round(&self, run: &mut LookupRun, phones: Vec<PhoneNumber>) -> Round {
        let calls =
            phones.into_iter().map(|phone| async move { (phone, self.provider.look_up(phone).await) });
        let mut round = Round::default();
        for (phone, outcome) in join_all(calls).await {
            match outcome {
                LookupOutcome::Found(line) => self.told(run, &mut round, phone, line),
                LookupOutcome::UnknownNumber => self.told(run, &mut round, phone, LookedUp::NOTHING),
                LookupOutcome::NotNow { retry_after } => {
                    let wait = retry_after.unwrap_or(HOLD_OFF);
                    round.hold_off = Some(round.hold_off.map_or(wait, |other| other.max(wait)));
                    round.back.push(phone);
                }
                LookupOutcome::AccountBlocked { reason } => {
                    round.blocked = Some(reason);
                    round.back.push(phone);
                }
                LookupOutcome::Failed { reason } => {
                    self.charge(run);
                    run.tally.failed += 1;
                    run.failures_in_a_row += 1;
                    round.answers.push((phone, Told::Nothing(reason)));
                }
            }
        }
        round
    }

    fn told(&self, run: &mut LookupRun, round: &mut Round, phone: PhoneNumber, line: LookedUp) {
        self.charge(run);
        run.tally.answered(line.line_type);
        run.failures_in_a_row = 0;
        let provider = self.provider.provider().to_owned();
        let now = self.clock.now();
        // As it is kept: what is told now is told again to the letter.
        let at = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let lookup = KeptLookup { phone, line, provider, at, cost: self.price };
        round.kept.push(lookup.clone());
        round.answers.push((phone, Told::Line(lookup)));
    }

    fn charge(&self, run: &mut LookupRun) {
        run.tally.asked += 1;
        let price = u64::try_from(self.price.micros).unwrap_or_default();
        run.tally.cost_micros = run.tally.cost_micros.saturating_add(price);
    }
}

#[cfg(test)]
pub(crate) mod tests;
