//! What may be claimed, by whom and when.

use std::time::Duration;

use domain::message::{Evidence, MessageState};
use domain::port::{Claimed, Dispatch, Remaining};

use super::stage::{Stage, accepted, outcome, phone, work};

#[tokio::test]
async fn a_claim_takes_the_next_messages_in_order_and_begins_their_attempts() {
    let stage = Stage::running(500).await;
    let engine = stage.engine();
    let first = work(engine.claim(stage.campaign).await.unwrap());
    let second = work(engine.claim(stage.campaign).await.unwrap());
    let third = work(engine.claim(stage.campaign).await.unwrap());
    let seqs: Vec<u32> = [&first, &second, &third]
        .into_iter()
        .flat_map(|claim| claim.messages.iter().map(|message| message.seq))
        .collect();
    assert_eq!(seqs, (1..=500).collect::<Vec<_>>());
    assert_eq!((first.messages.len(), third.messages.len()), (200, 100));
    let message = &first.messages[6];
    assert_eq!((message.attempt, message.to, message.text.as_str()), (1, phone(7), "Hola 7"));
    assert_eq!(first.messages[6].hop.from.value, "MARCA");
    assert_eq!(stage.states().await, [(MessageState::Sending, 500)].into());
    assert_eq!(engine.claim(stage.campaign).await.unwrap(), Claimed::Nothing { again_in: None });
}

#[tokio::test]
async fn a_suppressed_number_is_skipped_and_one_whose_suppression_ended_is_not() {
    let stage = Stage::running(4).await;
    stage
        .run(
            "INSERT INTO suppressions (phone_national, source, created_by, expires_at) VALUES
             (5512340000, 'opt_out', 'test', NULL), (5512340000, 'reus', 'test', NULL),
             (5512340001, 'manual', 'test', now() - interval '1 day'),
             (5512340002, 'manual', 'test', now() + interval '1 day')",
        )
        .await;
    let claim = work(stage.engine().claim(stage.campaign).await.unwrap());
    let seqs: Vec<u32> = claim.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [2, 4]);
    assert_eq!(stage.states().await, [(MessageState::Sending, 2), (MessageState::Skipped, 2)].into());
}

#[tokio::test]
async fn a_claim_of_which_all_is_skipped_is_still_a_claim_to_be_ended() {
    let stage = Stage::running(1).await;
    stage
        .run("INSERT INTO suppressions (phone_national, source, created_by) VALUES (5512340000, 'opt_out', 'test')")
        .await;
    let engine = stage.engine();
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    assert!(claim.messages.is_empty());
    engine.record(claim.id, Vec::new(), Remaining::Nothing).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM claims").await, 0);
}

#[tokio::test]
async fn nothing_is_claimed_from_a_stopped_lane_nor_outside_its_window() {
    let stage = Stage::running(10).await;
    let engine = stage.engine();
    stage.run("UPDATE lanes SET running = false").await;
    assert_eq!(engine.claim(stage.campaign).await.unwrap(), Claimed::Nothing { again_in: None });
    stage.run("UPDATE lanes SET running = true, opens_at = now() + interval '1 hour'").await;
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("a closed window gives nothing, and says until when")
    };
    assert!(wait > Duration::from_mins(59) && wait <= Duration::from_hours(1), "{wait:?}");
    stage.run("UPDATE lanes SET opens_at = '-infinity', closes_at = now()").await;
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("its next hours are not known yet, but will be")
    };
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
    assert_eq!(stage.states().await, [(MessageState::Queued, 10)].into());
}

#[tokio::test]
async fn a_sender_sells_no_more_than_its_pace() {
    let stage = Stage::running(500).await;
    stage.run("UPDATE paces SET per_second = 20").await;
    let engine = stage.engine();
    let first = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!(first.messages.len(), 10, "half a second of twenty a second");
    let second = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!(second.messages.len(), 10, "half a second is sold ahead");
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("the pace is used up")
    };
    assert!(wait <= Duration::from_millis(500), "{wait:?}");
    engine.slow_down(stage.sender, Duration::from_mins(5)).await.unwrap();
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("the provider asked us to wait")
    };
    assert!(wait > Duration::from_secs(290), "{wait:?}");
}

#[tokio::test]
async fn a_retry_is_claimed_when_its_time_has_come_with_the_next_number_and_before_new_messages() {
    let stage = Stage::running(4).await;
    let engine = stage.engine_with(|options| options.claim_messages_max = 2);
    let first = work(engine.claim(stage.campaign).await.unwrap());
    let mut refused = outcome(&first.messages[0], Evidence::RefusedForNow);
    refused.retry_in = Duration::from_hours(1);
    engine.record(first.id, vec![refused, accepted(&first.messages[1])], Remaining::Nothing).await.unwrap();
    let second = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!(second.messages[0].seq, 3, "the retry is not due yet");
    engine
        .record(second.id, second.messages.iter().map(accepted).collect(), Remaining::Nothing)
        .await
        .unwrap();
    let Claimed::Nothing { again_in: Some(wait) } = engine.claim(stage.campaign).await.unwrap() else {
        panic!("only the retry is left")
    };
    assert!(wait > Duration::from_mins(59), "{wait:?}");
    assert_eq!(stage.count("SELECT count(*) FROM outbox").await, 0, "the campaign's permits were about");
    stage.run("UPDATE due SET not_before = now() WHERE kind = 'retry'").await;
    stage.run("UPDATE lanes SET running = false").await;
    assert_eq!(engine.claim(stage.campaign).await.unwrap(), Claimed::Nothing { again_in: None });
    stage.run("UPDATE lanes SET running = true").await;
    let retry = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!((retry.messages[0].seq, retry.messages[0].attempt), (1, 2));
    assert_eq!(stage.count("SELECT count(*) FROM due WHERE kind = 'retry'").await, 0);
}

#[tokio::test]
async fn a_retry_after_the_last_claim_has_a_permit_published_once() {
    let stage = Stage::running(4).await;
    let engine = stage.engine();
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    for message in &claim.messages {
        let mut refused = outcome(message, Evidence::RefusedForNow);
        refused.retry_in = Duration::from_secs(5);
        engine.record(claim.id, vec![refused], Remaining::Some).await.unwrap();
    }
    assert_eq!(stage.count("SELECT count(*) FROM outbox WHERE not_before > now()").await, 1);
}

#[tokio::test]
async fn a_held_campaign_says_why_and_gives_nothing_more() {
    let stage = Stage::running(10).await;
    let engine = stage.engine();
    for _ in 0..2 {
        engine.hold(stage.campaign, "the account is out of credit".to_owned()).await.unwrap();
    }
    assert_eq!(engine.claim(stage.campaign).await.unwrap(), Claimed::Nothing { again_in: None });
    let held = "SELECT count(*) FROM campaigns WHERE state = 'paused' AND state_reason LIKE '%out of credit'";
    assert_eq!(stage.count(held).await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM audit_log WHERE action = 'campaign.pause'").await, 1);
}
