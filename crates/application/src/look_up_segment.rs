//! The numbers of a segment are looked up step by step, by whoever walks through its contacts: a job or a command.

use std::sync::Arc;
use std::time::Duration;

use domain::contact::ContactId;
use domain::lookup::LookupTally;
use domain::money::Money;
use domain::port::{LookupCount, LookupScope, StoreError};
use domain::segment::Segment;
use tokio::time::Instant;

use crate::look_up_numbers::{LookUpNumbers, LookupEnd, LookupRun};

/// Looks the numbers of segments up.
pub struct LookUpSegment {
    /// Asks the provider.
    pub look_up: Arc<LookUpNumbers>,
    /// Numbers that are asked about in one step.
    pub step_numbers: u16,
    /// How long a step begins calls.
    pub step_within: Duration,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupStep {
    /// The last contact of which all is done.
    pub checkpoint: ContactId,
    /// What it did.
    pub done: LookupTally,
    /// Whether to go on; `None` when nobody is left.
    pub ended: Option<LookupEnd>,
}

impl LookUpSegment {
    /// How many numbers of a segment would be asked about, and what that costs.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn estimate(
        &self,
        segment: &Segment,
        scope: LookupScope,
    ) -> Result<(LookupCount, Money), StoreError> {
        let count = self.look_up.lookups.count(segment.clone(), scope).await?;
        let price = self.look_up.price;
        Ok((count, price.times(count.to_ask).unwrap_or(Money { micros: i64::MAX, ..price })))
    }

    /// The contact up to which a segment is looked up that is begun now: who comes later is not meant.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn up_to(&self) -> Result<ContactId, StoreError> {
        self.look_up.lookups.last_contact().await
    }

    /// Looks the next numbers of a segment up, those of contacts from behind `after` to `up_to`. A step that was lost in the
    /// middle may be done again: what it had looked up is not asked again.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn step(
        &self,
        run: &mut LookupRun,
        (segment, scope): (&Segment, LookupScope),
        (after, up_to): (ContactId, ContactId),
        is_stopped: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<LookupStep, StoreError> {
        let until = Instant::now() + self.step_within;
        let limit = u32::from(self.step_numbers);
        let page = self.look_up.lookups.page(segment.clone(), scope, (after, up_to), limit).await?;
        let Some(last) = page.last else {
            return Ok(LookupStep { checkpoint: after, done: LookupTally::default(), ended: None });
        };
        let before = run.tally();
        let to_ask =
            page.numbers.iter().filter(|number| !number.is_cached).map(|number| number.phone).collect();
        let asked = self.look_up.ask(run, to_ask, until, is_stopped).await?;
        let first_left = page.numbers.iter().find(|number| asked.left.contains(&number.phone));
        let checkpoint = first_left.map_or(last, |left| ContactId(left.id.0 - 1)).max(after);
        let is_done = |id: ContactId| id <= checkpoint;
        let cached = page.numbers.iter().filter(|number| number.is_cached && is_done(number.id)).count();
        let done = LookupTally { cached: cached as u64, ..since(before, run.tally()) };
        Ok(LookupStep { checkpoint, done, ended: Some(asked.ended) })
    }
}

/// What was done between two moments of a run.
fn since(before: LookupTally, now: LookupTally) -> LookupTally {
    LookupTally {
        asked: now.asked - before.asked,
        cached: now.cached - before.cached,
        mobile: now.mobile - before.mobile,
        fixed: now.fixed - before.fixed,
        unknown: now.unknown - before.unknown,
        failed: now.failed - before.failed,
        cost_micros: now.cost_micros - before.cost_micros,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use domain::phone::PhoneNumber;
    use domain::port::{LookupCandidate, LookupPage, MockLookupStore};

    use super::*;
    use crate::look_up_numbers::tests::{PRICE, by_last_digit, mobile, phones, with};

    /// A store of ten contacts, of which the odd ones are looked up already.
    pub(crate) fn ten_contacts() -> MockLookupStore {
        let known: Arc<Mutex<Vec<PhoneNumber>>> =
            Arc::new(Mutex::new(phones(10).into_iter().step_by(2).collect()));
        let mut lookups = MockLookupStore::new();
        lookups.expect_reserve().returning(|most| Ok(domain::port::Reservation::Granted(most)));
        lookups.expect_last_contact().returning(|| Ok(ContactId(10)));
        let kept = Arc::clone(&known);
        lookups.expect_keep().returning(move |some| {
            kept.lock().unwrap().extend(some.into_iter().map(|lookup| lookup.phone));
            Ok(())
        });
        lookups.expect_page().returning(move |_, _, (after, up_to), limit| {
            let known = known.lock().unwrap();
            let behind = phones(10).into_iter().zip(1..).filter(|(_, id)| *id > after.0 && *id <= up_to.0);
            let numbers: Vec<_> = behind
                .take(limit as usize)
                .map(|(phone, id)| LookupCandidate {
                    id: ContactId(id),
                    phone,
                    is_cached: known.contains(&phone),
                })
                .collect();
            let last = numbers.last().map(|number| number.id);
            Ok(LookupPage { numbers, last })
        });
        lookups
    }

    pub(crate) fn over(lookups: MockLookupStore) -> LookUpSegment {
        let look_up = Arc::new(with(by_last_digit(|_| mobile()), lookups));
        LookUpSegment { look_up, step_numbers: 4, step_within: Duration::from_secs(10) }
    }

    async fn walk(
        segments: &LookUpSegment,
        run: &mut LookupRun,
        after: i64,
    ) -> (ContactId, LookupTally, Option<LookupEnd>) {
        let (mut checkpoint, mut sum) = (ContactId(after), LookupTally::default());
        loop {
            let what = (&Segment::everybody(), LookupScope::UnknownAlone);
            let step = segments.step(run, what, (checkpoint, ContactId(10)), &|| false).await.unwrap();
            sum.add(step.done);
            checkpoint = step.checkpoint;
            if step.ended != Some(LookupEnd::AllAsked) {
                return (checkpoint, sum, step.ended);
            }
        }
    }

    #[tokio::test]
    async fn a_segment_is_looked_up_to_its_end_and_what_is_known_costs_nothing() {
        let segments = over(ten_contacts());
        let mut run = LookupRun::new(None, LookupTally::default());
        let (checkpoint, sum, ended) = walk(&segments, &mut run, 0).await;
        assert_eq!((checkpoint, ended), (ContactId(10), None));
        assert_eq!((sum.asked, sum.cached, sum.mobile, sum.cost_micros), (5, 5, 5, 300_000));
    }

    #[tokio::test]
    async fn a_run_ends_before_the_first_number_that_it_may_not_pay_and_another_goes_on() {
        let segments = over(ten_contacts());
        let two = Money { micros: 2 * PRICE.micros, ..PRICE };
        let mut run = LookupRun::new(Some(two), LookupTally::default());
        let (checkpoint, sum, ended) = walk(&segments, &mut run, 0).await;
        // Contacts 2 and 4 were asked about, 6 was not.
        assert_eq!((checkpoint, ended), (ContactId(5), Some(LookupEnd::OverCost)));
        assert_eq!((sum.asked, sum.cached), (2, 3));
        let mut again = LookupRun::new(None, LookupTally::default());
        let (_, sum, ended) = walk(&segments, &mut again, 0).await;
        assert_eq!((sum.asked, sum.cached, ended), (3, 7, None), "begun anew, it asks about the rest alone");
    }

    #[tokio::test]
    async fn an_estimate_is_what_the_calls_would_cost() {
        let mut lookups = MockLookupStore::new();
        lookups
            .expect_count()
            .returning(|_, _| Ok(LookupCount { to_ask: 1_000, cached: 7, left_today: 500 }));
        let estimate =
            over(lookups).estimate(&Segment::everybody(), LookupScope::UnknownAlone).await.unwrap();
        assert_eq!((estimate.0.cached, estimate.1.micros), (7, 60_000_000));
    }
}
