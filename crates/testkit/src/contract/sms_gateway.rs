//! What [`SmsGateway`] owes.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::message::{AttemptRef, MessageId};
use domain::phone::PhoneNumber;
use domain::port::{OutboundMessage, SendOutcome, SmsGateway};
use domain::sender::{SenderAddress, SenderKind};
use uuid::Uuid;

/// What a provider does with messages to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderConduct {
    /// Takes them, and says so.
    Takes,
    /// Takes them, and the answer never arrives.
    TakesUnheard,
    /// Refuses them for good.
    Refuses,
    /// Refuses them: the number said no to its carrier.
    RefusesOptedOut,
    /// Refuses the first, and takes the next.
    RefusesForNow,
    /// Finds the first too fast, and takes the next.
    Throttles,
    /// Refuses all that come from the account.
    Blocks,
    /// Refuses all that come from the sender.
    BlocksSender,
}

/// A gateway, and the provider behind it.
#[async_trait]
pub trait GatewayHarness: Send + Sync {
    /// The gateway.
    fn gateway(&self) -> Arc<dyn SmsGateway>;

    /// Decides what becomes of messages to a number; who is not told takes all.
    async fn conduct(&self, to: PhoneNumber, conduct: ProviderConduct);

    /// What the provider took, in order, each as often as it took it.
    async fn taken(&self) -> Vec<AttemptRef>;
}

/// One test for each clause of [`SmsGateway`].
#[macro_export]
macro_rules! sms_gateway_contract {
    ($harness:expr) => {
        $crate::clauses!(
            sms_gateway,
            $harness,
            [
                what_is_taken_is_accepted_with_an_id_of_its_own,
                every_kind_of_sender_is_one_that_messages_come_from,
                what_is_refused_for_good_was_not_taken,
                a_number_that_said_no_to_its_carrier_is_told_apart,
                what_is_refused_for_now_was_not_taken_and_its_next_attempt_is,
                what_comes_too_fast_was_not_taken_and_its_next_attempt_is,
                a_blocked_account_is_told_with_a_reason_and_nothing_was_taken,
                a_blocked_sender_is_told_apart_from_its_account_and_nothing_was_taken,
                what_was_taken_unheard_is_unknown_and_was_asked_for_once,
                of_many_at_once_each_gets_its_own_answer,
            ]
        );
    };
}

const FIRST: u64 = 5_512_345_650;

/// Numbers that no conduct is decided of by their digits.
fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_national(FIRST + n).expect("a national number")
}

fn attempt(seq: u32, attempt: u16) -> AttemptRef {
    let campaign = CampaignId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
    AttemptRef { message: MessageId { campaign, seq }, attempt }
}

fn message(attempt: AttemptRef, to: PhoneNumber) -> OutboundMessage {
    let from = SenderAddress { kind: SenderKind::LongCode, value: "+525500000001".to_owned() };
    OutboundMessage { attempt, to, from, text: "Hola, hoy 2x1. Responde ALTO para no recibir".to_owned() }
}

/// A send whose provider takes it with an id.
async fn accepted(harness: &dyn GatewayHarness, of: AttemptRef, to: PhoneNumber) -> String {
    let outcome = harness.gateway().send(message(of, to)).await;
    let SendOutcome::Accepted { provider_id } = outcome else { panic!("{outcome:?}") };
    provider_id
}

/// What the provider takes is accepted, with an id that no other message has.
pub async fn what_is_taken_is_accepted_with_an_id_of_its_own(harness: &dyn GatewayHarness) {
    let one = accepted(harness, attempt(1, 1), number(0)).await;
    let other = accepted(harness, attempt(2, 1), number(1)).await;
    assert!(!one.is_empty());
    assert_ne!(one, other);
    assert_eq!(harness.taken().await, [attempt(1, 1), attempt(2, 1)]);
}

/// A message may come from any kind of sender.
pub async fn every_kind_of_sender_is_one_that_messages_come_from(harness: &dyn GatewayHarness) {
    for (seq, kind) in (1..).zip(SenderKind::ALL) {
        let value = match kind {
            SenderKind::LongCode => "+525500000001",
            SenderKind::ShortCode => "55555",
            SenderKind::Alphanumeric => "PREGON",
            SenderKind::Profile => "3b4e5f1c-8f0a-4b6e-9d57-2f1c8a4e0b11",
        };
        let mut message = message(attempt(seq, 1), number(0));
        message.from = SenderAddress { kind, value: value.to_owned() };
        let outcome = harness.gateway().send(message).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{kind}: {outcome:?}");
    }
}

/// What is refused for good was not taken, and says why.
pub async fn what_is_refused_for_good_was_not_taken(harness: &dyn GatewayHarness) {
    harness.conduct(number(0), ProviderConduct::Refuses).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    let SendOutcome::Refused { reason, opted_out: false } = outcome else { panic!("{outcome:?}") };
    assert!(!reason.is_empty());
    assert_eq!(harness.taken().await, []);
}

/// A refusal because the number opted out is told apart from others.
pub async fn a_number_that_said_no_to_its_carrier_is_told_apart(harness: &dyn GatewayHarness) {
    harness.conduct(number(0), ProviderConduct::RefusesOptedOut).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    assert!(matches!(outcome, SendOutcome::Refused { opted_out: true, .. }), "{outcome:?}");
    assert_eq!(harness.taken().await, []);
}

/// What is refused for now was not taken; another attempt may be.
pub async fn what_is_refused_for_now_was_not_taken_and_its_next_attempt_is(harness: &dyn GatewayHarness) {
    harness.conduct(number(0), ProviderConduct::RefusesForNow).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    let SendOutcome::NotSent { reason } = outcome else { panic!("{outcome:?}") };
    assert!(!reason.is_empty());
    assert_eq!(harness.taken().await, []);
    accepted(harness, attempt(1, 2), number(0)).await;
    assert_eq!(harness.taken().await, [attempt(1, 2)]);
}

/// What comes too fast was not taken; another attempt may be.
pub async fn what_comes_too_fast_was_not_taken_and_its_next_attempt_is(harness: &dyn GatewayHarness) {
    harness.conduct(number(0), ProviderConduct::Throttles).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    assert!(matches!(outcome, SendOutcome::Throttled { .. }), "{outcome:?}");
    assert_eq!(harness.taken().await, []);
    accepted(harness, attempt(1, 2), number(0)).await;
    assert_eq!(harness.taken().await, [attempt(1, 2)]);
}

/// That the account is blocked is told with its reason, and nothing was taken.
pub async fn a_blocked_account_is_told_with_a_reason_and_nothing_was_taken(harness: &dyn GatewayHarness) {
    harness.conduct(number(0), ProviderConduct::Blocks).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    let SendOutcome::AccountBlocked { reason } = outcome else { panic!("{outcome:?}") };
    assert!(!reason.is_empty());
    assert_eq!(harness.taken().await, []);
}

/// That the sender is blocked is told apart from a blocked account, with its reason, and nothing was taken.
pub async fn a_blocked_sender_is_told_apart_from_its_account_and_nothing_was_taken(
    harness: &dyn GatewayHarness,
) {
    harness.conduct(number(0), ProviderConduct::BlocksSender).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    let SendOutcome::SenderBlocked { reason } = outcome else { panic!("{outcome:?}") };
    assert!(!reason.is_empty());
    assert_eq!(harness.taken().await, []);
}

/// Where no answer arrives the outcome is unknown, and the provider was called once.
pub async fn what_was_taken_unheard_is_unknown_and_was_asked_for_once(harness: &dyn GatewayHarness) {
    harness.conduct(number(0), ProviderConduct::TakesUnheard).await;
    let outcome = harness.gateway().send(message(attempt(1, 1), number(0))).await;
    let SendOutcome::Unknown { reason } = outcome else { panic!("{outcome:?}") };
    assert!(!reason.is_empty());
    assert_eq!(harness.taken().await, [attempt(1, 1)]);
}

/// Messages that go out at once get each its own answer.
pub async fn of_many_at_once_each_gets_its_own_answer(harness: &dyn GatewayHarness) {
    for n in (0..40).step_by(2) {
        harness.conduct(number(n), ProviderConduct::Refuses).await;
    }
    let gateway = harness.gateway();
    let seqs = 1..=40_u32;
    let sends = seqs.map(|seq| gateway.send(message(attempt(seq, 1), number(u64::from(seq) - 1))));
    let mut ids = HashSet::new();
    for (n, outcome) in futures::future::join_all(sends).await.into_iter().enumerate() {
        if n % 2 == 0 {
            assert!(matches!(outcome, SendOutcome::Refused { .. }), "{n}: {outcome:?}");
            continue;
        }
        let SendOutcome::Accepted { provider_id } = outcome else { panic!("{n}: {outcome:?}") };
        assert!(ids.insert(provider_id), "an id that another has");
    }
    let mut taken = harness.taken().await;
    taken.sort_unstable();
    let odd: Vec<_> = (2..=40).step_by(2).map(|seq| attempt(seq, 1)).collect();
    assert_eq!(taken, odd);
}
