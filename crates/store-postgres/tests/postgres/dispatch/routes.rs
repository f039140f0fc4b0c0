//! Which sender a message goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::message::Evidence;
use domain::port::{Claim, Claimed, ClaimedMessage, Dispatch, Remaining, SenderStore, faultless};
use domain::request::Envelope;
use domain::sender::{SenderId, SenderRoute};
use jiff::Timestamp;
use store_postgres::PostgresSenderStore;
use uuid::Uuid;

use super::stage::{Stage, outcome, work};

const SECOND: SenderId = SenderId(Uuid::from_u128(8));
const THIRD: SenderId = SenderId(Uuid::from_u128(9));

/// A campaign whose sender has two others beside it, and these routes. The second message's number is of Telcel, by the contacts.
async fn routed(messages: i32, routes: Vec<(Option<&str>, Vec<SenderId>)>) -> Stage {
    let stage = Stage::running(messages).await;
    for sender in [SECOND, THIRD] {
        let name = format!("sender {}", sender.0.as_u128());
        stage
            .client
            .execute(
                "INSERT INTO senders (id, name, provider, kind, value, price_micros_per_segment, identity)
                 VALUES ($1, $2, 'telnyx', 'short_code', '50008', 285000, '{}')",
                &[&sender.0, &name],
            )
            .await
            .unwrap();
        stage
            .client
            .execute(
                "INSERT INTO paces (owner, per_second) VALUES ('sender:' || $1::uuid, 1e6)",
                &[&sender.0],
            )
            .await
            .unwrap();
    }
    stage
        .run(
            "INSERT INTO contacts (phone_national, is_valid, line_type, carrier)
             VALUES (5512340001, true, 'mobile', 'Telcel')",
        )
        .await;
    let routes = routes
        .into_iter()
        .map(|(carrier, via)| SenderRoute { carrier: carrier.map(str::to_owned), via })
        .collect();
    let senders = PostgresSenderStore::new(stage.test.database());
    senders
        .set_routes(stage.sender, routes, Envelope::of_program("test", Timestamp::UNIX_EPOCH))
        .await
        .unwrap();
    stage
}

/// Whether each message of a claim has another sender to go by.
fn others(claim: &Claim) -> Vec<bool> {
    claim.messages.iter().map(|message| message.hop.has_others).collect()
}

/// By which sender each message of a claim goes.
fn senders(claim: &Claim) -> Vec<(u32, SenderId)> {
    claim.messages.iter().map(|message| (message.seq, message.hop.sender)).collect()
}

async fn claim(stage: &Stage) -> Claim {
    work(stage.engine().claim(stage.campaign).await.unwrap())
}

/// Gives a message back for this reason, to be tried again at once.
async fn give_back(stage: &Stage, claim: &Claim, message: &ClaimedMessage, reason: &str) {
    let mut refused = outcome(message, Evidence::RefusedForNow);
    refused.reason = Some(reason.to_owned());
    stage.engine().record(claim.id, vec![refused], Remaining::Nothing).await.unwrap();
    stage.run("UPDATE due SET not_before = now() WHERE kind = 'retry'").await;
}

#[tokio::test]
async fn a_message_goes_by_the_route_of_its_numbers_carrier() {
    let stage = routed(3, vec![(Some("Telcel"), vec![SECOND]), (None, vec![THIRD])]).await;
    let first = claim(&stage).await;
    assert_eq!(senders(&first), [(1, THIRD), (2, SECOND), (3, THIRD)]);
    assert_eq!(first.messages[1].hop.from.value, "50008");
    let stage = routed(3, vec![(Some("Telcel"), vec![SECOND])]).await;
    let own = stage.sender;
    assert_eq!(
        senders(&claim(&stage).await),
        [(1, own), (2, SECOND), (3, own)],
        "others go by their own sender"
    );
}

#[tokio::test]
async fn what_was_certainly_not_accepted_goes_by_the_next_sender_and_what_its_sender_is_not_at_fault_for_does_not()
 {
    let stage = routed(1, vec![(None, vec![SECOND, THIRD])]).await;
    let first = claim(&stage).await;
    assert_eq!(senders(&first), [(1, SECOND)]);
    let mut last = first;
    for reason in faultless::ALL {
        give_back(&stage, &last, &last.messages[0], reason).await;
        last = claim(&stage).await;
        assert_eq!(senders(&last), [(1, SECOND)], "{reason}");
    }
    for next in [THIRD, SECOND, THIRD] {
        give_back(&stage, &last, &last.messages[0], "carrier_rejected").await;
        last = claim(&stage).await;
        assert_eq!(senders(&last), [(1, next)]);
    }
    let senders: BTreeMap<i16, Uuid> = stage
        .client
        .query("SELECT attempt, sender_id FROM message_attempts", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let refused = i16::try_from(faultless::ALL.len()).unwrap() + 1;
    assert_eq!(
        (senders[&refused], senders[&(refused + 1)]),
        (SECOND.0, THIRD.0),
        "an attempt says whom it went by"
    );
}

#[tokio::test]
async fn a_sender_that_is_blocked_is_passed_by_while_another_is_not() {
    let stage = routed(3, vec![(Some("Telcel"), vec![SECOND]), (None, vec![SECOND, THIRD])]).await;
    let engine = stage.engine();
    engine.leave_alone(SECOND, Duration::from_mins(5)).await.unwrap();
    let first = claim(&stage).await;
    let by_the_first = [(1, SECOND), (2, SECOND), (3, SECOND)];
    assert_eq!(senders(&first), by_the_first, "that nobody answers one worker is no word on the sender");
    assert_eq!(others(&first), [true, false, true]);
    let again = "UPDATE lanes SET next_seq = 1; UPDATE messages SET state = 'queued', attempt = 0";
    stage.run(again).await;
    engine.block(SECOND, Duration::from_mins(5)).await.unwrap();
    engine.block(SECOND, Duration::ZERO).await.unwrap();
    let blocked = claim(&stage).await;
    assert_eq!(senders(&blocked), [(1, THIRD), (2, SECOND), (3, THIRD)], "Telcel's has no other");
    assert_eq!(others(&blocked), [false, false, false], "the other one is blocked");
    stage.run("UPDATE paces SET blocked_until = now() WHERE blocked_until IS NOT NULL").await;
    stage.run(again).await;
    assert_eq!(senders(&claim(&stage).await), by_the_first);
}

#[tokio::test]
async fn a_second_choice_holds_nobody_up_as_long_as_it_is_not_needed() {
    let stage = routed(500, vec![(None, vec![SECOND, THIRD])]).await;
    stage
        .run(
            "UPDATE paces SET per_second = 1, next_free_at = now() + interval '3 s',
                              not_before = now() + interval '1 hour' WHERE owner LIKE '%0009'",
        )
        .await;
    let engine = stage.engine();
    let first = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!((first.messages.len(), others(&first)[0]), (200, false), "it is out while it waits");
    // What came to it in vain is more than it is ever ahead by.
    stage.run("UPDATE paces SET next_free_at = now() + interval '8 s' WHERE owner LIKE '%0009'").await;
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("its pace is used up many times over")
    };
    assert!((2.0..=3.1).contains(&wait.as_secs_f64()), "{wait:?}");
}

#[tokio::test]
async fn what_answers_somebody_is_not_routed() {
    let stage = routed(1, vec![(None, vec![SECOND])]).await;
    stage.run("UPDATE campaigns SET kind = 'reply'").await;
    assert_eq!(senders(&claim(&stage).await), [(1, stage.sender)]);
}

#[tokio::test]
async fn each_sender_keeps_its_pace_for_what_goes_by_it() {
    let stage = routed(500, vec![(Some("Telcel"), vec![SECOND]), (None, vec![THIRD])]).await;
    stage.run("UPDATE paces SET per_second = 20 WHERE owner LIKE '%0009'").await;
    let engine = stage.engine();
    let first = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!(first.messages.len(), 10, "half a second of twenty a second");
    let ahead = |owner: SenderId| {
        format!(
            "SELECT ceil(extract(epoch FROM next_free_at - now()) * 1000)::bigint FROM paces \
             WHERE owner = 'sender:{}'",
            owner.0
        )
    };
    let third = stage.count(&ahead(THIRD)).await;
    assert!((300..=450).contains(&third), "nine of ten went by it: {third} ms");
    assert!(stage.count(&ahead(SECOND)).await < 10, "one in ten went by it, of a million a second");
    for ahead in ["half a second", "a second"] {
        let next = work(engine.claim(stage.campaign).await.unwrap());
        assert_eq!(next.messages.len(), 10, "{ahead} is sold ahead, twice as much as of its own");
    }
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("the slowest sender's pace is used up")
    };
    assert!(wait <= Duration::from_millis(500), "{wait:?}");
    engine.slow_down(THIRD, Duration::from_mins(5)).await.unwrap();
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("a sender on the route was asked to wait")
    };
    assert!(wait > Duration::from_secs(290), "{wait:?}");
}

#[tokio::test]
async fn routes_are_read_as_they_were_set_and_taken_away_whole() {
    let stage = routed(1, vec![(Some("Telcel"), vec![SECOND, THIRD]), (None, vec![THIRD])]).await;
    let store = PostgresSenderStore::new(stage.test.database());
    let any = SenderRoute { carrier: None, via: vec![THIRD] };
    let telcel = SenderRoute { carrier: Some("Telcel".to_owned()), via: vec![SECOND, THIRD] };
    assert_eq!(store.routes(stage.sender).await.unwrap(), [any, telcel]);
    let envelope = Envelope::of_program("test", Timestamp::UNIX_EPOCH);
    store.set_routes(stage.sender, Vec::new(), envelope).await.unwrap();
    assert_eq!(store.routes(stage.sender).await.unwrap(), []);
    assert_eq!(senders(&claim(&stage).await), [(1, stage.sender)]);
    assert_eq!(stage.count("SELECT count(*) FROM audit_log WHERE action = 'sender.route'").await, 2);
}
