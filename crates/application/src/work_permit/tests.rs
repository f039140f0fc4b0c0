//! What is made of every answer, and what ends a permit.

use std::sync::Mutex;

use domain::campaign::Priority;
use domain::phone::PhoneNumber;
use domain::port::{ClaimId, MockClock, MockDispatch, MockPermitOutbox, MockSmsGateway};
use domain::sender::{SenderAddress, SenderKind};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;

const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(7));
const SENDER: SenderId = SenderId(Uuid::from_u128(8));

fn limits() -> SendLimits {
    SendLimits {
        in_flight_max: 8,
        in_flight_per_claim_max: 4,
        permit_time_max: Duration::from_secs(20),
        pace_wait_max: Duration::from_secs(1),
        flush_outcomes_max: 200,
        flush_interval: Duration::from_millis(200),
        attempts_max: 3,
        retry_base: Duration::from_secs(2),
        retry_max: Duration::from_secs(30),
        store_retry: Duration::from_millis(500),
        breaker_failures: 3,
        breaker_pause: Duration::from_secs(15),
    }
}

fn message(seq: u32, attempt: u16) -> ClaimedMessage {
    let to = PhoneNumber::from_national(5_512_340_000 + u64::from(seq)).unwrap();
    let from = SenderAddress { kind: SenderKind::Alphanumeric, value: "MARCA".to_owned() };
    let hop = Hop { sender: SENDER, provider: "telnyx".to_owned(), from, has_others: false };
    ClaimedMessage { seq, attempt, to, text: format!("Hola {seq}"), hop: Arc::new(hop) }
}

/// The same message, whose sender has others beside it or not.
fn by_a_route(message: ClaimedMessage, has_others: bool) -> ClaimedMessage {
    ClaimedMessage { hop: Arc::new(Hop { has_others, ..Hop::clone(&message.hop) }), ..message }
}

fn claim(messages: Vec<ClaimedMessage>) -> Claimed {
    Claimed::Work(Claim {
        id: ClaimId { campaign: CAMPAIGN, number: 1 },
        lease: Duration::from_mins(1),
        messages,
    })
}

/// Everything that was recorded.
type Recorded = Arc<Mutex<Vec<(Vec<AttemptOutcome>, Remaining)>>>;

/// A store that gives out `messages` once.
fn dispatch(messages: Vec<ClaimedMessage>) -> (MockDispatch, Recorded) {
    let mut dispatch = MockDispatch::new();
    let mut given = Some(claim(messages));
    dispatch
        .expect_claim()
        .returning(move |_| Ok(given.take().unwrap_or(Claimed::Nothing { again_in: None })));
    let recorded = Recorded::default();
    let kept = Arc::clone(&recorded);
    dispatch.expect_record().returning(move |_, outcomes, remaining| {
        kept.lock().unwrap().push((outcomes, remaining));
        Ok(())
    });
    (dispatch, recorded)
}

fn worker(dispatch: MockDispatch, outbox: MockPermitOutbox, gateway: MockSmsGateway) -> WorkPermit {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(Timestamp::UNIX_EPOCH);
    let gateways = Gateways::from([("telnyx".to_owned(), Arc::new(gateway) as Arc<dyn SmsGateway>)]);
    WorkPermit::new(Arc::new(dispatch), Arc::new(outbox), gateways, Arc::new(clock), limits())
}

async fn handle(worker: &WorkPermit) {
    worker.handle(Permit { campaign: CAMPAIGN, priority: Priority::Normal }).await;
}

/// The outcome that one message's `answer` makes, at its attempt of this number.
async fn outcome_of(answer: SendOutcome, attempt: u16) -> AttemptOutcome {
    let (mut dispatch, recorded) = dispatch(vec![message(1, attempt)]);
    dispatch.expect_slow_down().returning(|_, _| Ok(()));
    dispatch.expect_hold().returning(|_, _| Ok(()));
    let mut gateway = MockSmsGateway::new();
    gateway.expect_send().times(1).return_once(move |_| answer);
    handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
    let recorded = recorded.lock().unwrap();
    assert_eq!((recorded.len(), recorded[0].1), (1, Remaining::Nothing));
    recorded[0].0[0].clone()
}

#[tokio::test(start_paused = true)]
async fn every_answer_becomes_the_evidence_it_is_and_no_more() {
    let reason = || "why".to_owned();
    let accepted = outcome_of(SendOutcome::Accepted { provider_id: "id".to_owned() }, 1).await;
    assert_eq!((accepted.evidence, accepted.provider_id.as_deref()), (Evidence::Accepted, Some("id")));
    let refused = outcome_of(SendOutcome::Refused { reason: reason(), opted_out: true }, 1).await;
    assert_eq!((refused.evidence, refused.opted_out), (Evidence::Refused, true));
    let unknown = outcome_of(SendOutcome::Unknown { reason: reason() }, 1).await;
    assert_eq!(unknown.evidence, Evidence::NoAnswer);
    let blocked = outcome_of(SendOutcome::AccountBlocked { reason: reason() }, 1).await;
    assert_eq!(blocked.evidence, Evidence::RefusedForNow);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_tried_again_with_growing_waits_until_the_attempts_are_used_up() {
    let not_sent = || SendOutcome::NotSent { reason: "unreachable".to_owned() };
    let first = outcome_of(not_sent(), 1).await;
    let about = |wait: Duration, seconds: f64| (0.75..1.25).contains(&(wait.as_secs_f64() / seconds));
    assert_eq!(first.evidence, Evidence::RefusedForNow);
    assert!(about(first.retry_in, 2.0), "{:?}", first.retry_in);
    let second = outcome_of(not_sent(), 2).await.retry_in;
    assert!(about(second, 4.0), "{second:?}");
    let last = outcome_of(not_sent(), 3).await;
    assert_eq!(
        (last.evidence, last.reason.as_deref()),
        (Evidence::Refused, Some("retries_exhausted:unreachable"))
    );
    let unreached = outcome_of(SendOutcome::Unreachable { reason: "connect_failed".to_owned() }, 40).await;
    assert_eq!(unreached.evidence, Evidence::RefusedForNow, "however often nobody was reached");
    let throttled = outcome_of(SendOutcome::Throttled { retry_after: Some(Duration::from_secs(9)) }, 3).await;
    assert_eq!((throttled.evidence, throttled.retry_in), (Evidence::RefusedForNow, Duration::from_secs(9)));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_away_is_not_called_again_and_what_was_claimed_waits() {
    let (mut dispatch, recorded) = dispatch((1..=20).map(|seq| message(seq, 1)).collect());
    dispatch
        .expect_leave_alone()
        .times(1)
        .withf(|sender, pause| *sender == SENDER && *pause <= Duration::from_secs(15))
        .returning(|_, _| Ok(()));
    let mut outbox = MockPermitOutbox::new();
    outbox.expect_permit_later().times(1).returning(|_, _| Ok(()));
    let mut gateway = MockSmsGateway::new();
    // Three in a row, and those that were under way with them.
    gateway
        .expect_send()
        .times(3..=6)
        .returning(|_| SendOutcome::Unreachable { reason: "connect_failed".to_owned() });
    handle(&worker(dispatch, outbox, gateway)).await;
    let recorded = recorded.lock().unwrap();
    let outcomes: Vec<_> = recorded.iter().flat_map(|(outcomes, _)| outcomes).collect();
    assert!(outcomes.len() == 20 && outcomes.iter().all(|one| one.evidence == Evidence::RefusedForNow));
    let waiting: Vec<_> =
        outcomes.iter().filter(|one| one.reason.as_deref() == Some(PROVIDER_AWAY)).collect();
    assert!(waiting.len() >= 14, "{}", waiting.len());
    assert!(waiting.iter().all(|one| one.retry_in > Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_account_holds_the_campaign_once_and_the_rest_of_the_claim_is_not_sent() {
    let (mut dispatch, recorded) = dispatch((1..=20).map(|seq| message(seq, 1)).collect());
    dispatch.expect_hold().times(1).returning(|_, _| Ok(()));
    let mut gateway = MockSmsGateway::new();
    // As many as were under way when the first answer came.
    gateway
        .expect_send()
        .times(1..=4)
        .returning(|_| SendOutcome::AccountBlocked { reason: "out of credit".to_owned() });
    handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
    let outcomes: Vec<_> =
        recorded.lock().unwrap().iter().flat_map(|(outcomes, _)| outcomes.clone()).collect();
    assert_eq!(outcomes.len(), 20);
    assert!(outcomes.iter().all(|outcome| outcome.evidence == Evidence::RefusedForNow));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_sender_is_left_alone_where_another_may_send_and_holds_the_campaign_where_none_may() {
    let blocked = || SendOutcome::SenderBlocked { reason: "sender_unregistered".to_owned() };
    // However many attempts there were.
    for (has_others, attempt, held) in [(true, 1, 0), (false, 1, 1), (true, 9, 0)] {
        let (mut dispatch, recorded) = dispatch(vec![by_a_route(message(1, attempt), has_others)]);
        dispatch.expect_hold().times(held).returning(|_, _| Ok(()));
        dispatch
            .expect_block()
            .times(1 - held)
            .withf(|sender, pause| *sender == SENDER && *pause == Duration::from_secs(15))
            .returning(|_, _| Ok(()));
        let mut gateway = MockSmsGateway::new();
        gateway.expect_send().times(1).returning(move |_| blocked());
        handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
        let outcome = recorded.lock().unwrap()[0].0[0].clone();
        assert_eq!(outcome.evidence, Evidence::RefusedForNow);
        // What was held goes the same way again; what was refused goes by the next.
        assert_eq!(outcome.reason.as_deref(), Some(if held == 1 { HELD } else { "sender_unregistered" }));
    }
}

#[tokio::test(start_paused = true)]
async fn once_a_sender_is_known_to_be_blocked_the_rest_of_the_claim_is_not_offered_to_it() {
    let messages = (1..=20).map(|seq| by_a_route(message(seq, 1), true)).collect();
    let (mut dispatch, recorded) = dispatch(messages);
    dispatch.expect_block().times(1).returning(|_, _| Ok(()));
    let mut gateway = MockSmsGateway::new();
    gateway
        .expect_send()
        .times(1..=4)
        .returning(|_| SendOutcome::SenderBlocked { reason: "sender_disabled".to_owned() });
    handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
    let outcomes: Vec<_> =
        recorded.lock().unwrap().iter().flat_map(|(outcomes, _)| outcomes.clone()).collect();
    assert!(outcomes.len() == 20 && outcomes.iter().all(|one| one.evidence == Evidence::RefusedForNow));
    let unoffered = outcomes.iter().filter(|one| one.reason.as_deref() == Some(SENDER_BLOCKED)).count();
    assert!(unoffered >= 16, "{unoffered}");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_its_sender_cannot_reach_is_tried_by_another_while_there_is_one() {
    let cannot = || SendOutcome::CannotReach { reason: "unsupported_destination".to_owned() };
    for (has_others, attempt, evidence) in [
        (true, 1, Evidence::RefusedForNow),
        (false, 1, Evidence::Refused),
        // Its third attempt is the last.
        (true, 3, Evidence::Refused),
    ] {
        let (dispatch, recorded) = dispatch(vec![by_a_route(message(1, attempt), has_others)]);
        let mut gateway = MockSmsGateway::new();
        gateway.expect_send().times(1).returning(move |_| cannot());
        handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
        let outcome = recorded.lock().unwrap()[0].0[0].clone();
        assert_eq!(
            (outcome.evidence, outcome.reason.as_deref()),
            (evidence, Some("unsupported_destination"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_sender_is_slowed_down_once_for_a_claim() {
    let (mut dispatch, _) = dispatch((1..=5).map(|seq| message(seq, 1)).collect());
    dispatch.expect_slow_down().times(1).returning(|_, _| Ok(()));
    let mut gateway = MockSmsGateway::new();
    gateway.expect_send().times(5).returning(|_| SendOutcome::Throttled { retry_after: None });
    handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_recorded_again_until_the_store_takes_them() {
    let mut dispatch = MockDispatch::new();
    let mut given = Some(claim(vec![message(1, 1)]));
    dispatch
        .expect_claim()
        .returning(move |_| Ok(given.take().unwrap_or(Claimed::Nothing { again_in: None })));
    let mut failures = 3;
    dispatch.expect_record().times(4).returning(move |_, outcomes, _| {
        assert_eq!(outcomes.len(), 1);
        if failures == 0 {
            return Ok(());
        }
        failures -= 1;
        Err(unavailable())
    });
    let mut gateway = MockSmsGateway::new();
    gateway.expect_send().returning(|_| SendOutcome::Accepted { provider_id: "id".to_owned() });
    handle(&worker(dispatch, MockPermitOutbox::new(), gateway)).await;
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_for_the_pace_is_waited_out_and_a_long_one_hands_the_permit_on() {
    let mut dispatch = MockDispatch::new();
    let mut waits = [Duration::from_millis(300), Duration::from_secs(5)].into_iter();
    dispatch.expect_claim().times(2).returning(move |_| Ok(Claimed::Nothing { again_in: waits.next() }));
    let mut outbox = MockPermitOutbox::new();
    outbox
        .expect_permit_later()
        .withf(|_, delay| *delay == Duration::from_secs(5))
        .times(1)
        .returning(|_, _| Ok(()));
    let before = Instant::now();
    handle(&worker(dispatch, outbox, MockSmsGateway::new())).await;
    assert!(before.elapsed() >= Duration::from_millis(300) && before.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_handed_on_when_its_time_is_over_though_the_store_is_away() {
    let mut dispatch = MockDispatch::new();
    dispatch.expect_claim().returning(|_| Err(unavailable()));
    let mut outbox = MockPermitOutbox::new();
    outbox.expect_permit_later().times(1).returning(|_, _| Err(unavailable()));
    let before = Instant::now();
    handle(&worker(dispatch, outbox, MockSmsGateway::new())).await;
    assert!(before.elapsed() < Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn after_the_lease_or_while_draining_nothing_is_sent_and_everything_is_given_back() {
    let (dispatch, recorded) = dispatch((1..=3).map(|seq| message(seq, 1)).collect());
    let mut outbox = MockPermitOutbox::new();
    outbox.expect_permit_later().times(1).returning(|_, _| Ok(()));
    let mut gateway = MockSmsGateway::new();
    gateway.expect_send().never();
    let worker = worker(dispatch, outbox, gateway);
    let Ok(Claimed::Work(claim)) = worker.dispatch.claim(CAMPAIGN).await else { panic!("there is work") };
    worker.send(claim.clone(), Instant::now() - Duration::from_secs(46)).await;
    worker.drain();
    worker.send(claim, Instant::now()).await;
    handle(&worker).await;
    let reasons: Vec<_> = recorded
        .lock()
        .unwrap()
        .iter()
        .flat_map(|(outcomes, _)| outcomes.clone())
        .map(|outcome| (outcome.evidence, outcome.reason.unwrap_or_default()))
        .collect();
    assert_eq!(reasons[..3], vec![(Evidence::RefusedForNow, LEASE_OVER.to_owned()); 3]);
    assert_eq!(reasons[3..], vec![(Evidence::RefusedForNow, DRAINING.to_owned()); 3]);
}

#[tokio::test(start_paused = true)]
async fn one_slow_answer_does_not_hold_up_the_record_of_the_others() {
    let (dispatch, recorded) = dispatch((1..=3).map(|seq| message(seq, 1)).collect());
    let worker = {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(Timestamp::UNIX_EPOCH);
        let gateways =
            Gateways::from([("telnyx".to_owned(), Arc::new(SlowForTheFirst) as Arc<dyn SmsGateway>)]);
        WorkPermit::new(
            Arc::new(dispatch),
            Arc::new(MockPermitOutbox::new()),
            gateways,
            Arc::new(clock),
            limits(),
        )
    };
    handle(&worker).await;
    let sizes: Vec<_> =
        recorded.lock().unwrap().iter().map(|(outcomes, end)| (outcomes.len(), *end)).collect();
    assert_eq!(sizes, [(2, Remaining::Some), (1, Remaining::Nothing)]);
}

/// Answers all at once but the first message, for which it takes five seconds.
struct SlowForTheFirst;

#[async_trait]
impl SmsGateway for SlowForTheFirst {
    async fn send(&self, message: OutboundMessage) -> SendOutcome {
        if message.attempt.message.seq == 1 {
            sleep(Duration::from_secs(5)).await;
        }
        SendOutcome::Accepted { provider_id: message.attempt.to_string() }
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { doing: "test".to_owned(), reason: "away".to_owned(), source: None }
}
