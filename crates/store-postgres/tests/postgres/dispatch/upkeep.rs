//! What keeps the engine going: leases, deadlines, permits, completion.

use std::time::Duration;

use domain::campaign::Priority;
use domain::message::{Evidence, MessageState};
use domain::port::{Claimed, Dispatch, PermitOutbox, Remaining, Report, Upkeep};

use super::stage::{Stage, accepted, outcome, work};

#[tokio::test]
async fn a_lost_claim_is_given_up_once_and_what_it_had_recorded_stays() {
    let stage = Stage::running(3).await;
    let engine = stage.engine_with(|options| options.lease = Duration::ZERO);
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    engine.record(claim.id, vec![accepted(&claim.messages[1])], Remaining::Some).await.unwrap();
    let (one, other) = tokio::join!(engine.give_up_lost(), engine.give_up_lost());
    assert_eq!(one.unwrap() + other.unwrap(), 2);
    assert_eq!(stage.states().await, [(MessageState::Sent, 1), (MessageState::Uncertain, 2)].into());
    assert_eq!(stage.count("SELECT count(*) FROM claims").await, 0);
    let lost = "SELECT count(*) FROM message_attempts WHERE outcome = 'unknown' AND reason = 'worker_lost'";
    assert_eq!(stage.count(lost).await, 2);
    assert_eq!(engine.claim(stage.campaign).await.unwrap(), Claimed::Nothing { again_in: None });
}

#[tokio::test]
async fn a_claim_with_a_message_that_is_still_being_sent_is_left_to_the_sweep() {
    let stage = Stage::running(3).await;
    let engine = stage.engine_with(|options| options.lease = Duration::ZERO);
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    // That of the first was recorded, and the server lost it with what it had not written yet.
    let outcomes = claim.messages[1..].iter().map(accepted).collect();
    engine.record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM claims").await, 1);
    assert_eq!(engine.give_up_lost().await.unwrap(), 1);
    assert_eq!(stage.states().await, [(MessageState::Sent, 2), (MessageState::Uncertain, 1)].into());
    assert_eq!(stage.count("SELECT count(*) FROM claims").await, 0);
}

#[tokio::test]
async fn what_was_committed_is_not_lost_whatever_the_server_is_set_to() {
    let stage = Stage::running(1).await;
    let name: String = stage.client.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
    stage.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let setting = stage.test.database().server_setting("synchronous_commit").await.unwrap();
    assert_eq!(setting.as_deref(), Some("on"));
}

#[tokio::test]
async fn a_claim_within_its_lease_is_left_alone() {
    let stage = Stage::running(1).await;
    let engine = stage.engine();
    work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!(engine.give_up_lost().await.unwrap(), 0);
    assert_eq!(stage.states().await, [(MessageState::Sending, 1)].into());
}

#[tokio::test]
async fn what_hears_nothing_expires_with_its_reason_and_a_late_receipt_still_corrects_it() {
    let stage = Stage::running(3).await;
    let engine = stage.engine_with(|options| {
        options.receipt_deadline = Duration::ZERO;
        options.outcome_deadline = Duration::ZERO;
    });
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    let outcomes = vec![
        accepted(&claim.messages[0]),
        outcome(&claim.messages[1], Evidence::NoAnswer),
        accepted(&claim.messages[2]),
    ];
    engine.record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
    stage.report(stage.event("early", 3, 1, Report::Delivered)).await;
    assert_eq!(engine.expire_overdue().await.unwrap(), 2);
    assert_eq!(stage.states().await, [(MessageState::Delivered, 1), (MessageState::Expired, 2)].into());
    for (seq, reason) in [(1, "receipt_missing"), (2, "outcome_unknown")] {
        let rows = format!("SELECT count(*) FROM messages WHERE seq = {seq} AND reason = '{reason}'");
        assert_eq!(stage.count(&rows).await, 1, "{reason}");
    }
    stage.report(stage.event("late", 2, 1, Report::Delivered)).await;
    assert_eq!(stage.state_of(2).await, MessageState::Delivered);
    assert_eq!(stage.count("SELECT count(*) FROM due").await, 0);
}

#[tokio::test]
async fn nothing_expires_before_its_deadline() {
    let stage = Stage::running(2).await;
    stage.send_all(accepted).await;
    assert_eq!(stage.engine().expire_overdue().await.unwrap(), 0);
    assert_eq!(stage.states().await, [(MessageState::Sent, 2)].into());
}

#[tokio::test]
async fn a_permit_is_taken_once_until_it_is_confirmed_or_its_taker_is_late() {
    let stage = Stage::running(1).await;
    let engine = stage.engine();
    engine.permit_later(stage.campaign, Duration::ZERO).await.unwrap();
    engine.permit_later(stage.campaign, Duration::from_hours(1)).await.unwrap();
    let taken = engine.take().await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].permit.campaign, taken[0].permit.priority), (stage.campaign, Priority::Normal));
    assert!(engine.take().await.unwrap().is_empty());
    stage.run("UPDATE outbox SET not_before = not_before - interval '31 seconds'").await;
    assert_eq!(engine.take().await.unwrap(), taken);
    engine.confirm(taken).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM outbox").await, 1);
    stage.run("UPDATE campaigns SET state = 'paused'").await;
    engine.permit_later(stage.campaign, Duration::ZERO).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn a_campaign_whose_permits_were_lost_gets_new_ones_and_no_flood_of_them() {
    let stage = Stage::running(10).await;
    let engine = stage.engine();
    assert_eq!(engine.revive_idle().await.unwrap(), 4);
    assert_eq!(engine.revive_idle().await.unwrap(), 0);
    stage.run("DELETE FROM outbox").await;
    assert_eq!(engine.revive_idle().await.unwrap(), 0, "permits are given their time");
    stage.run("UPDATE campaigns SET permitted_at = permitted_at - interval '31 seconds'").await;
    stage.run("UPDATE lanes SET next_seq = end_seq").await;
    assert_eq!(engine.revive_idle().await.unwrap(), 0, "nothing is left to claim");
    stage.run("UPDATE lanes SET next_seq = 1").await;
    assert_eq!(engine.revive_idle().await.unwrap(), 4);
}

#[tokio::test]
async fn a_campaign_completes_only_when_every_message_is_final() {
    let stage = Stage::running(2).await;
    let engine = stage.engine();
    stage.send_all(accepted).await;
    assert_eq!(engine.complete_finished().await.unwrap(), 0);
    stage.report(stage.event("a", 1, 1, Report::Delivered)).await;
    assert_eq!(engine.complete_finished().await.unwrap(), 0);
    stage.report(stage.event("b", 2, 1, Report::Delivered)).await;
    assert_eq!(engine.complete_finished().await.unwrap(), 1);
    assert_eq!(engine.complete_finished().await.unwrap(), 0);
    let complete = "SELECT count(*) FROM campaigns WHERE state = 'completed' AND finished_at IS NOT NULL";
    assert_eq!(stage.count(complete).await, 1);
}
