use std::sync::Mutex;

use domain::contact::LineType;
use domain::money::Currency;
use domain::port::{MockClock, MockLookupStore, MockNumberLookup};

use super::*;

pub(crate) const PRICE: Money = Money { micros: 60_000, currency: Currency::MXN };

pub(crate) fn phones(count: u64) -> Vec<PhoneNumber> {
    (0..count).map(|n| PhoneNumber::from_national(5_512_345_600 + n).unwrap()).collect()
}

pub(crate) fn mobile() -> LookupOutcome {
    let line =
        LookedUp { line_type: LineType::Mobile, carrier: Some("Telcel".to_owned()), is_ported: Some(false) };
    LookupOutcome::Found(line)
}

/// Answers each number by the last of its digits.
pub(crate) fn by_last_digit(
    answer: impl Fn(u64) -> LookupOutcome + Send + Sync + 'static,
) -> MockNumberLookup {
    let mut provider = MockNumberLookup::new();
    provider.expect_provider().return_const("prueba");
    provider.expect_look_up().returning(move |phone| answer(phone.national() % 10));
    provider
}

pub(crate) fn with(provider: MockNumberLookup, lookups: MockLookupStore) -> LookUpNumbers {
    let mut clock = MockClock::new();
    clock.expect_now().returning(|| Timestamp::UNIX_EPOCH);
    LookUpNumbers {
        provider: Arc::new(provider),
        lookups: Arc::new(lookups),
        clock: Arc::new(clock),
        price: PRICE,
        in_flight_max: 4,
    }
}

/// A store that lets everybody call.
pub(crate) fn open_store() -> MockLookupStore {
    let mut lookups = MockLookupStore::new();
    lookups.expect_reserve().returning(|most| Ok(Reservation::Granted(most)));
    lookups.expect_keep().returning(|_| Ok(()));
    lookups
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn everything() -> LookupRun {
    LookupRun::new(None, LookupTally::default())
}

#[tokio::test]
async fn every_answer_is_kept_and_counted_whatever_it_is() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mut lookups = MockLookupStore::new();
    lookups.expect_reserve().returning(|most| Ok(Reservation::Granted(most)));
    let seen = Arc::clone(&kept);
    lookups.expect_keep().returning(move |some| {
        seen.lock().unwrap().extend(some.into_iter().map(|lookup| lookup.line.line_type));
        Ok(())
    });
    let provider = by_last_digit(|digit| match digit {
        0 => mobile(),
        1 => LookupOutcome::Found(LookedUp { line_type: LineType::Fixed, ..LookedUp::NOTHING }),
        2 => LookupOutcome::UnknownNumber,
        _ => LookupOutcome::Failed { reason: "timeout".to_owned() },
    });
    let mut run = everything();
    let asked = with(provider, lookups).ask(&mut run, phones(6), soon(), &|| false).await.unwrap();
    assert_eq!((asked.ended, asked.left.len(), asked.answers.len()), (LookupEnd::AllAsked, 0, 6));
    assert_eq!(*kept.lock().unwrap(), [LineType::Mobile, LineType::Fixed, LineType::Unknown]);
    let tally = run.tally();
    assert_eq!([tally.asked, tally.mobile, tally.fixed, tally.unknown, tally.failed], [6, 1, 1, 1, 3]);
    // What brought no answer may have cost.
    assert_eq!(tally.cost_micros, 6 * 60_000);
    assert_eq!(asked.answers[3].1, Told::Nothing("timeout".to_owned()));
}

#[tokio::test]
async fn no_call_is_made_that_would_cost_more_than_the_run_may() {
    for (micros, calls) in [(0, 0), (59_999, 0), (60_000, 1), (179_999, 2), (10_000_000, 10)] {
        let mut run = LookupRun::new(Some(Money { micros, ..PRICE }), LookupTally::default());
        let look_up = with(by_last_digit(|_| mobile()), open_store());
        let asked = look_up.ask(&mut run, phones(10), soon(), &|| false).await.unwrap();
        assert_eq!((run.tally().asked, asked.left.len() as u64), (calls, 10 - calls), "{micros}");
        let ended = if calls == 10 { LookupEnd::AllAsked } else { LookupEnd::OverCost };
        assert_eq!(asked.ended, ended, "{micros}");
    }
    // What an earlier part cost counts.
    let before = LookupTally { cost_micros: 120_000, ..LookupTally::default() };
    let mut run = LookupRun::new(Some(Money { micros: 200_000, ..PRICE }), before);
    let look_up = with(by_last_digit(|_| mobile()), open_store());
    let asked = look_up.ask(&mut run, phones(10), soon(), &|| false).await.unwrap();
    assert_eq!((asked.ended, asked.answers.len()), (LookupEnd::OverCost, 1));
}

#[tokio::test]
async fn nobody_is_called_whose_call_was_not_set_aside() {
    let until = "2026-03-02T06:00:00Z".parse().unwrap();
    let mut lookups = MockLookupStore::new();
    lookups.expect_keep().returning(|_| Ok(()));
    lookups.expect_reserve().times(1).returning(|_| Ok(Reservation::Granted(2)));
    lookups.expect_reserve().times(1).returning(move |_| Ok(Reservation::DayIsSpent { until }));
    let mut provider = MockNumberLookup::new();
    provider.expect_provider().return_const("prueba");
    provider.expect_look_up().times(2).returning(|_| mobile());
    let mut run = everything();
    let asked = with(provider, lookups).ask(&mut run, phones(5), soon(), &|| false).await.unwrap();
    assert_eq!((asked.answers.len(), asked.left.as_slice()), (2, &phones(5)[2..]));
    assert_eq!(asked.ended, LookupEnd::DayIsSpent { until });
}

#[tokio::test(start_paused = true)]
async fn who_is_too_fast_waits_with_everybody_and_asks_about_the_same_numbers_again() {
    let mut lookups = open_store();
    lookups.expect_hold_off().times(1).withf(|wait| *wait == Duration::from_secs(7)).returning(|_| Ok(()));
    let refused_once = Mutex::new(false);
    let provider = by_last_digit(move |digit| {
        if digit == 1 && !std::mem::replace(&mut *refused_once.lock().unwrap(), true) {
            return LookupOutcome::NotNow { retry_after: Some(Duration::from_secs(7)) };
        }
        mobile()
    });
    let mut run = everything();
    let asked = with(provider, lookups).ask(&mut run, phones(3), soon(), &|| false).await.unwrap();
    assert_eq!((asked.ended, asked.answers.len(), run.tally().asked), (LookupEnd::AllAsked, 3, 3));
    assert_eq!(run.tally().cost_micros, 3 * 60_000, "what was not answered costs nothing");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_pace_is_waited_out_only_within_the_time() {
    let paced = |wait: u64| {
        let mut lookups = MockLookupStore::new();
        lookups.expect_keep().returning(|_| Ok(()));
        lookups
            .expect_reserve()
            .times(1)
            .returning(move |_| Ok(Reservation::Wait(Duration::from_secs(wait))));
        lookups.expect_reserve().returning(|most| Ok(Reservation::Granted(most)));
        with(by_last_digit(|_| mobile()), lookups)
    };
    let asked = paced(1).ask(&mut everything(), phones(1), soon(), &|| false).await.unwrap();
    assert_eq!(asked.ended, LookupEnd::AllAsked);
    let asked = paced(60).ask(&mut everything(), phones(1), soon(), &|| false).await.unwrap();
    assert_eq!((asked.ended, asked.left.len()), (LookupEnd::OutOfTime, 1));
}

#[tokio::test]
async fn a_provider_that_blocks_or_never_answers_is_left_alone() {
    let blocked = by_last_digit(|_| LookupOutcome::AccountBlocked { reason: "out_of_credit".to_owned() });
    let mut run = everything();
    let asked = with(blocked, open_store()).ask(&mut run, phones(9), soon(), &|| false).await.unwrap();
    assert_eq!(asked.ended, LookupEnd::AccountBlocked { reason: "out_of_credit".to_owned() });
    assert_eq!((asked.left.len(), run.tally()), (9, LookupTally::default()));

    let mute = by_last_digit(|_| LookupOutcome::Failed { reason: "timeout".to_owned() });
    let mut run = everything();
    let asked = with(mute, open_store()).ask(&mut run, phones(100), soon(), &|| false).await.unwrap();
    assert_eq!((asked.ended, run.tally().failed), (LookupEnd::NobodyAnswers, 20));

    let mut lookups = open_store();
    lookups.expect_hold_off().times(20).returning(|_| Ok(()));
    let busy = by_last_digit(|_| LookupOutcome::NotNow { retry_after: None });
    let asked = with(busy, lookups).ask(&mut everything(), phones(3), soon(), &|| false).await.unwrap();
    assert_eq!((asked.ended, asked.left), (LookupEnd::NobodyAnswers, phones(3)));
}

#[tokio::test]
async fn a_stop_is_heeded_between_rounds() {
    let rounds = Mutex::new(0);
    let is_stopped = move || {
        let mut rounds = rounds.lock().unwrap();
        *rounds += 1;
        *rounds > 2
    };
    let look_up = with(by_last_digit(|_| mobile()), open_store());
    let asked = look_up.ask(&mut everything(), phones(50), soon(), &is_stopped).await.unwrap();
    assert_eq!((asked.ended, asked.answers.len(), asked.left.len()), (LookupEnd::Stopped, 8, 42));
}
