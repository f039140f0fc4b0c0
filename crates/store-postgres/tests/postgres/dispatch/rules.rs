//! What keeps a campaign from doing harm: hours, paces, caps, canaries and fuses.

use std::time::Duration;

use domain::message::{Evidence, MessageState};
use domain::port::{Claimed, Dispatch, Remaining, Upkeep};

use super::stage::{Stage, accepted, outcome, work};

const REASON: &str = "SELECT count(*) FROM campaigns WHERE state = 'paused' AND state_reason LIKE ";

async fn nothing(stage: &Stage, engine: &impl Dispatch) -> Option<Duration> {
    match engine.claim(stage.campaign).await.unwrap() {
        Claimed::Nothing { again_in } => again_in,
        Claimed::Work(claim) => panic!("{} messages were claimed", claim.messages.len()),
    }
}

#[tokio::test]
async fn what_was_refused_in_a_zone_that_sleeps_waits_for_its_morning_while_others_are_sent() {
    let stage = Stage::running(2).await;
    let engine = stage.engine();
    let first = work(engine.claim(stage.campaign).await.unwrap());
    let refused = first.messages.iter().map(|message| outcome(message, Evidence::RefusedForNow)).collect();
    engine.record(first.id, refused, Remaining::Nothing).await.unwrap();
    // The second zone's messages stand in a block of their own.
    stage
        .run(
            "UPDATE lanes SET opens_at = now() + interval '1 hour';
             INSERT INTO messages (campaign_id, seq, phone, segments, body)
             SELECT campaign_id, (1 << 26) + 1, 6641234567, 1, 'Hola' FROM lanes;
             INSERT INTO lanes (campaign_id, zone, block, running, next_seq, end_seq)
             SELECT campaign_id, 'America/Tijuana', 1, true, (1 << 26) + 1, (1 << 26) + 2 FROM lanes;
             UPDATE campaign_counts SET n[1] = n[1] + 1 WHERE shard = -1",
        )
        .await;
    let other = work(engine.claim(stage.campaign).await.unwrap());
    let seqs: Vec<u32> = other.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [(1 << 26) + 1], "the retry is due, and its zone is closed");
    engine.record(other.id, other.messages.iter().map(accepted).collect(), Remaining::Nothing).await.unwrap();
    let wait = nothing(&stage, &engine).await.unwrap();
    assert!(wait > Duration::from_mins(59), "{wait:?}");
    stage.run("UPDATE lanes SET opens_at = now()").await;
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 2);
}

#[tokio::test]
async fn a_lane_whose_hours_are_over_gets_the_next_ones_of_its_window() {
    let stage = Stage::running(10).await;
    let engine = stage.engine();
    stage
        .run(
            r#"UPDATE campaigns SET settings = '{"window": {"start": "09:00", "end": "20:00", "days": ["mon"]}}';
               UPDATE lanes SET opens_at = now() - interval '11 hours', closes_at = now()"#,
        )
        .await;
    assert_eq!(engine.reopen_lanes().await.unwrap(), 1);
    let monday = "SELECT count(*) FROM lanes
                  WHERE closes_at > now() AND closes_at - opens_at = interval '11 hours'
                    AND to_char(opens_at AT TIME ZONE 'America/Mexico_City', 'DY HH24:MI') = 'MON 09:00'";
    assert_eq!(stage.count(monday).await, 1);
    assert_eq!(engine.reopen_lanes().await.unwrap(), 0);
}

#[tokio::test]
async fn the_slowest_of_sender_account_and_campaign_sets_the_pace_and_each_is_debited() {
    let stage = Stage::running(500).await;
    let engine = stage.engine();
    engine.set_account_pace("telnyx", Some(1_000)).await.unwrap();
    let campaign = "INSERT INTO paces (owner, per_second) SELECT 'campaign:' || id, 20 FROM campaigns";
    stage.run(campaign).await;
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 10);
    let debited = "SELECT count(*) FROM paces WHERE next_free_at > now() - interval '1 minute'";
    assert_eq!(stage.count(debited).await, 3);
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 10);
    assert!(nothing(&stage, &engine).await.is_some(), "the campaign's own pace is used up");
    stage.run("DELETE FROM paces WHERE owner LIKE 'campaign:%'").await;
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 200);
    stage
        .run("UPDATE paces SET next_free_at = now() + interval '1 hour' WHERE owner = 'account:telnyx'")
        .await;
    assert!(nothing(&stage, &engine).await.unwrap() > Duration::from_mins(59));
    engine.set_account_pace("telnyx", None).await.unwrap();
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 200);
}

#[tokio::test]
async fn what_is_of_high_priority_need_not_wait_for_a_pace_that_others_used_up() {
    let stage = Stage::running(500).await;
    stage.run("UPDATE paces SET per_second = 20").await;
    let engine = stage.engine();
    while let Claimed::Work(_) = engine.claim(stage.campaign).await.unwrap() {}
    stage.run("UPDATE campaigns SET priority = 'high'").await;
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 10);
    assert!(nothing(&stage, &engine).await.is_some(), "its own share is used up");
    stage.run("UPDATE campaigns SET priority = 'bulk'").await;
    assert!(nothing(&stage, &engine).await.unwrap() > Duration::from_millis(500), "the others pay for it");
}

#[tokio::test]
async fn a_number_that_was_written_to_often_enough_lately_is_skipped_and_only_then() {
    let stage = Stage::running(3).await;
    let engine = stage.engine_with(|options| {
        options.rules.cap_messages = 2;
        options.rules.cap_within = Duration::from_hours(1);
    });
    stage
        .run(
            "INSERT INTO contact_activity (phone_national, recent_claims) VALUES
                 (5512340000, ARRAY[now() - interval '5 minutes', now() - interval '50 minutes']),
                 (5512340001, ARRAY[now() - interval '5 minutes', now() - interval '70 minutes'])",
        )
        .await;
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    let seqs: Vec<u32> = claim.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [2, 3]);
    assert_eq!(stage.states().await, [(MessageState::Sending, 2), (MessageState::Skipped, 1)].into());
    let capped = "SELECT count(*) FROM messages WHERE seq = 1 AND reason = 'capped' AND attempt = 0";
    assert_eq!(stage.count(capped).await, 1);
    let kept = "SELECT count(*) FROM contact_activity WHERE cardinality(recent_claims) <= 2";
    assert_eq!(stage.count(kept).await, 3);
    // What is tried again is not counted again.
    let refused = claim.messages.iter().map(|message| outcome(message, Evidence::RefusedForNow)).collect();
    engine.record(claim.id, refused, Remaining::Nothing).await.unwrap();
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 2);
}

/// A campaign of ten whose canary is the first four, two of which fail.
async fn canary(failure_percent_max: u8) -> (Stage, u64) {
    let stage = Stage::running(10).await;
    let engine = stage.engine();
    stage
        .run(&format!(
            r#"UPDATE campaigns SET settings = '{{"canary": {{"messages": 4, "max_failure_percent": {failure_percent_max}}}}}';
               UPDATE lanes SET gate_seq = 5"#
        ))
        .await;
    assert_eq!(engine.judge_canaries().await.unwrap(), 0, "nothing was sent yet");
    let claim = work(engine.claim(stage.campaign).await.unwrap());
    assert_eq!(claim.messages.len(), 4);
    assert_eq!(nothing(&stage, &engine).await, None, "the others wait for a judgement, not for a time");
    assert_eq!(engine.judge_canaries().await.unwrap(), 0, "answers are waited for");
    let outcomes = claim.messages.iter().map(|message| match message.seq {
        1 | 2 => outcome(message, Evidence::Refused),
        _ => accepted(message),
    });
    engine.record(claim.id, outcomes.collect(), Remaining::Nothing).await.unwrap();
    engine.judge_canaries().await.unwrap();
    assert_eq!(nothing(&stage, &engine).await, None, "receipts are waited for");
    let impatient = stage.engine_with(|options| options.rules.canary_wait = Duration::ZERO);
    let judged = impatient.judge_canaries().await.unwrap();
    (stage, judged)
}

#[tokio::test]
async fn the_rest_goes_when_a_canary_turns_out_well() {
    let (stage, judged) = canary(50).await;
    assert_eq!(judged, 1);
    assert_eq!(stage.count("SELECT count(*) FROM outbox").await, 4);
    assert_eq!(work(stage.engine().claim(stage.campaign).await.unwrap()).messages.len(), 6);
}

#[tokio::test]
async fn a_canary_of_which_too_much_fails_pauses_the_campaign_and_says_so() {
    let (stage, judged) = canary(49).await;
    assert_eq!(judged, 1);
    assert_eq!(nothing(&stage, &stage.engine()).await, None);
    let said = format!("{REASON} 'canary: 2 of the first 4 messages failed%'");
    assert_eq!(stage.count(&said).await, 1);
    assert_eq!(stage.states().await[&MessageState::Queued], 6);
}

#[tokio::test]
async fn fuses_blow_when_too_much_fails_or_is_unknown_and_not_for_workers_that_died() {
    for (evidence, percent, said) in [
        (Evidence::Refused, 49.0, Some("failures: 50 of 100 messages%")),
        (Evidence::Refused, 50.0, None),
        (Evidence::NoAnswer, 49.0, Some("unknown outcomes: of 50 of 100 messages%")),
        (Evidence::NoAnswer, 50.0, None),
    ] {
        let stage = Stage::running(100).await;
        stage
            .send_all(
                |message| if message.seq % 2 == 0 { outcome(message, evidence) } else { accepted(message) },
            )
            .await;
        let fuses = |fewest| {
            stage.engine_with(|options| {
                options.rules.fuse_messages_min = fewest;
                options.rules.fuse_failed_percent = percent;
                options.rules.fuse_unknown_percent = percent;
            })
        };
        assert_eq!(fuses(101).blow_fuses().await.unwrap(), 0, "too few to judge by");
        assert_eq!(fuses(100).blow_fuses().await.unwrap(), u64::from(said.is_some()), "{evidence:?}");
        if let Some(said) = said {
            assert_eq!(stage.count(&format!("{REASON} '{said}'")).await, 1);
            assert_eq!(fuses(100).blow_fuses().await.unwrap(), 0);
        }
    }
    let stage = Stage::running(100).await;
    let dying = stage.engine_with(|options| options.lease = Duration::ZERO);
    work(dying.claim(stage.campaign).await.unwrap());
    assert_eq!(dying.give_up_lost().await.unwrap(), 100);
    let strict = stage.engine_with(|options| options.rules.fuse_unknown_percent = 1.0);
    assert_eq!(strict.blow_fuses().await.unwrap(), 0);
}

#[tokio::test]
async fn a_campaign_that_spent_more_than_it_may_is_paused() {
    let stage = Stage::running(10).await;
    stage.run(r#"UPDATE campaigns SET price_micros_per_segment = 1000, settings = '{"max_cost_micros": 10000}'"#).await;
    stage.send_all(accepted).await;
    assert_eq!(stage.engine().blow_fuses().await.unwrap(), 0);
    stage.run(r#"UPDATE campaigns SET settings = '{"max_cost_micros": 9999}'"#).await;
    assert_eq!(stage.engine().blow_fuses().await.unwrap(), 1);
    assert_eq!(stage.count(&format!("{REASON} 'spend:%'")).await, 1);
}

#[tokio::test]
async fn what_is_scheduled_is_launched_when_its_time_has_come_and_not_before() {
    let stage = Stage::running(1).await;
    let engine = stage.engine();
    stage.run("UPDATE campaigns SET state = 'scheduled', schedule_at = now() + interval '1 hour'").await;
    assert_eq!(engine.launch_scheduled().await.unwrap(), 0);
    stage.run("UPDATE campaigns SET schedule_at = now()").await;
    assert_eq!(engine.launch_scheduled().await.unwrap(), 1);
    let launched = "SELECT count(*) FROM campaigns
                    WHERE state = 'preparing' AND launched_at IS NOT NULL AND price_micros_per_segment = 285000";
    assert_eq!(stage.count(launched).await, 1);
}

#[tokio::test]
async fn nothing_is_claimed_from_a_database_that_is_another_until_that_was_noticed() {
    let stage = Stage::running(1).await;
    let engine = stage.engine();
    let known = "INSERT INTO database_identity (system_identifier, timeline_id, database_oid)
                 SELECT 1, line.timeline_id, line.database_oid FROM database_line() AS line";
    stage.run(known).await;
    for change in ["timeline_id = timeline_id + 1", "database_oid = 1"] {
        stage.run(&format!("BEGIN; UPDATE database_identity SET {change}; COMMIT")).await;
        let wait = nothing(&stage, &engine).await.unwrap();
        assert!(wait > Duration::from_millis(500), "{change}: {wait:?}");
        stage.run("DELETE FROM database_identity").await;
        stage.run(known).await;
    }
    assert_eq!(work(engine.claim(stage.campaign).await.unwrap()).messages.len(), 1);
}

#[tokio::test]
async fn a_pause_that_the_provider_asks_for_holds_for_what_is_of_high_priority_too() {
    let stage = Stage::running(1).await;
    let engine = stage.engine();
    stage.run("UPDATE campaigns SET priority = 'high'").await;
    engine.slow_down(stage.sender, Duration::from_mins(1)).await.unwrap();
    let wait = nothing(&stage, &engine).await.unwrap();
    assert!(wait > Duration::from_secs(59) && wait <= Duration::from_mins(1), "{wait:?}");
    let paused = "SELECT count(*) FROM paces WHERE owner LIKE 'sender:%' AND not_before > now()";
    assert_eq!(stage.count(paused).await, 1);
}
