//! What evidence does to messages, and what follows.

use domain::message::{Evidence, MessageState};
use domain::port::{Dispatch, Remaining, Report, Upkeep};

use super::stage::{Stage, accepted, outcome, phone, work};

/// Every state, reached by hand, under every kind of evidence that can be recorded, ends where the domain says.
#[tokio::test]
async fn the_store_moves_messages_exactly_as_the_domain_does() {
    let recorded = [Evidence::Accepted, Evidence::Refused, Evidence::RefusedForNow, Evidence::NoAnswer];
    let cells = MessageState::ALL.len() * recorded.len();
    let stage = Stage::running(i32::try_from(cells).unwrap()).await;
    let engine = stage.engine();
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    let mut expected = Vec::new();
    let mut outcomes = Vec::new();
    let mut messages = claim.messages.iter();
    for state in MessageState::ALL {
        for evidence in recorded {
            let message = messages.next().unwrap();
            stage.run(&format!("UPDATE messages SET state = '{state}' WHERE seq = {}", message.seq)).await;
            outcomes.push(outcome(message, evidence));
            expected.push((message.seq, state.after(evidence).unwrap_or(state)));
        }
    }
    stage.run("DELETE FROM campaign_counts").await;
    stage
        .run(
            "INSERT INTO campaign_counts (campaign_id, shard, n)
             SELECT campaign_id, -1, ARRAY(SELECT count(*) FILTER (WHERE state = s) FROM messages, unnest(enum_range(NULL::message_state)) s GROUP BY s ORDER BY s)
             FROM campaigns CROSS JOIN LATERAL (SELECT id AS campaign_id) AS c",
        )
        .await;
    // The order of a batch is of no account.
    outcomes.reverse();
    engine.record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
    for (seq, state) in expected {
        assert_eq!(stage.state_of(seq).await, state, "message {seq}");
    }
    stage.states().await;
    assert_eq!(stage.count("SELECT count(*) FROM message_attempts").await, i64::try_from(cells).unwrap());
}

#[tokio::test]
async fn an_outcome_of_another_attempt_changes_nothing_but_is_written_down() {
    let stage = Stage::running(1).await;
    let engine = stage.engine();
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    let mut outdated = accepted(&claim.messages[0]);
    outdated.attempt = 7;
    engine.record(claim.id, vec![outdated], Remaining::Some).await.unwrap();
    assert_eq!(stage.state_of(1).await, MessageState::Sending);
    assert_eq!(stage.count("SELECT count(*) FROM claims").await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM message_attempts WHERE attempt = 7").await, 1);
}

#[tokio::test]
async fn a_number_that_said_no_to_its_carrier_is_suppressed() {
    let stage = Stage::running(2).await;
    stage
        .send_all(|message| {
            let mut refused = outcome(message, Evidence::Refused);
            refused.opted_out = message.seq == 2;
            refused
        })
        .await;
    let national = phone(2).national();
    let suppressed =
        format!("SELECT count(*) FROM suppressions WHERE source = 'carrier' AND phone_national = {national}");
    assert_eq!(stage.count(&suppressed).await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM suppressions").await, 1);
}

#[tokio::test]
async fn who_was_written_to_is_known_once_for_each_message_however_it_came_out() {
    let stage = Stage::running(3).await;
    stage
        .send_all(|message| match message.seq {
            1 => accepted(message),
            2 => outcome(message, Evidence::NoAnswer),
            _ => outcome(message, Evidence::Refused),
        })
        .await;
    for id in ["a", "b"] {
        stage.report(stage.event(id, 1, 1, Report::Delivered)).await;
        stage.report(stage.event(&format!("{id}2"), 2, 1, Report::Delivered)).await;
    }
    assert_eq!(stage.count("SELECT sum(send_count)::bigint FROM contact_activity").await, 2);
    assert_eq!(stage.count("SELECT count(*) FROM contact_activity WHERE send_count = 1").await, 2);
}

#[tokio::test]
async fn an_acceptance_after_the_sweep_turns_what_was_uncertain_into_sent() {
    let stage = Stage::running(2).await;
    let engine = stage.engine();
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    stage.run("UPDATE claims SET lease_until = now() - interval '1 second'").await;
    assert_eq!(engine.give_up_lost().await.unwrap(), 2);
    assert_eq!(stage.states().await, [(MessageState::Uncertain, 2)].into());
    engine.record(claim.id, vec![accepted(&claim.messages[0])], Remaining::Nothing).await.unwrap();
    assert_eq!(stage.state_of(1).await, MessageState::Sent);
    let accepted_rows =
        "SELECT count(*) FROM message_attempts WHERE outcome = 'accepted' AND provider_id = 'provider-1'";
    assert_eq!(stage.count(accepted_rows).await, 1);
    // What certainly was not taken, but is uncertain by now, is never queued again.
    engine
        .record(claim.id, vec![outcome(&claim.messages[1], Evidence::RefusedForNow)], Remaining::Nothing)
        .await
        .unwrap();
    assert_eq!(stage.state_of(2).await, MessageState::Failed);
    stage.states().await;
}
