//! Months come and go, counts are checked, and a restored database is noticed.

use std::time::Duration;

use domain::campaign::CampaignId;
use domain::message::MessageState;
use domain::port::{CampaignStore as _, DatabaseIdentity, Dispatch as _, Housekeeping as _, Miscount};
use store_postgres::{Database, DatabaseOptions, PostgresCampaignStore, PostgresHousekeeping};
use uuid::Uuid;

use super::stage::{Stage, accepted};

const TABLES: [&str; 4] = ["messages", "message_attempts", "message_receipts", "message_exclusions"];

/// The months that all four tables have partitions of; each must have the same.
async fn months(stage: &Stage) -> Vec<String> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for table in TABLES {
        let sql = "SELECT right(inhrelid::regclass::text, 7) FROM pg_inherits
                   WHERE inhparent = $1::text::regclass ORDER BY 1";
        let rows = stage.client.query(sql, &[&table]).await.unwrap();
        all.push(rows.iter().map(|row| row.get(0)).collect());
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
    all.swap_remove(0)
}

impl Stage {
    fn housekeeping(&self, keep_months: u16) -> PostgresHousekeeping {
        PostgresHousekeeping::new(self.test.database(), keep_months)
    }

    /// A pool whose connections have no more rights than a worker.
    fn as_worker(&self) -> Database {
        let sign = if self.test.url().contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}options=-c%20role%3Dpregon_worker", self.test.url());
        Database::new(&DatabaseOptions { url, ..self.test.options() }).unwrap()
    }

    /// What is dropped first of what is older than a year at that instant.
    async fn dropped_at(&self, instant: &str) -> Option<String> {
        let sql = "SELECT drop_message_partitions(12, $1::text::timestamptz)";
        self.client.query_one(sql, &[&instant]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn the_month_of_a_draft_that_was_left_lying_has_room_again() {
    let stage = Stage::running(1).await;
    stage
        .run(
            "INSERT INTO campaigns (id, name, sender_id, template, segment, created_by)
             SELECT uuid_v7_floor('2025-01-15'), 'vieja', id, 'Hola', '{}', 'test' FROM senders",
        )
        .await;
    let made = "SELECT ensure_message_partitions(3)::bigint";
    assert_eq!((stage.count(made).await, stage.count(made).await), (4, 0));
    stage.run("UPDATE campaigns SET state = 'canceled' WHERE name = 'vieja'").await;
    assert_eq!(stage.count("SELECT count(*) FROM pg_class WHERE relname = 'messages_2025_01'").await, 1);
}

#[tokio::test]
async fn a_month_has_room_in_all_four_tables_before_it_begins_and_a_worker_may_ask_for_it() {
    let stage = Stage::running(0).await;
    stage.run("SET ROLE pregon_worker").await;
    let made = "SELECT ensure_message_partitions(1, '2031-12-15')::bigint";
    assert_eq!(stage.count(made).await, 8);
    assert_eq!(stage.count(made).await, 0, "once");
    let months = months(&stage).await;
    assert!(months.contains(&"2031_12".to_owned()) && months.contains(&"2032_01".to_owned()), "{months:?}");
    stage
        .run(
            "INSERT INTO messages (campaign_id, seq, phone, segments, body)
             VALUES (uuid_v7_floor('2031-12-31T23:59:59Z'), 1, 5510000001, 1, 'hola'),
                    (uuid_v7_floor('2032-01-01T00:00:00Z'), 1, 5510000001, 1, 'hola')",
        )
        .await;
    stage.run("RESET ROLE").await;
    assert_eq!(stage.count("SELECT count(*) FROM messages_2032_01").await, 1);
    let worker = PostgresHousekeeping::new(stage.as_worker(), 24);
    assert_eq!(worker.make_room().await.unwrap(), 0, "the schema made it");
    assert_eq!(worker.drop_month().await.unwrap(), None);
}

#[tokio::test]
async fn a_month_is_dropped_when_it_is_old_and_nothing_of_it_lives() {
    let stage = Stage::running(0).await;
    stage.run("SELECT ensure_message_partitions(1, '2019-01-15')").await;
    let held = |change: &str| {
        format!(
            "{change};
             INSERT INTO messages (campaign_id, seq, phone, segments, body)
             VALUES (uuid_v7_floor('2019-01-10'), 1, 5510000001, 1, 'hola') ON CONFLICT DO NOTHING"
        )
    };
    let of_january = "uuid_v7_floor('2019-01-10')";
    stage
        .run(&held(&format!(
            "INSERT INTO campaigns (id, state, name, sender_id, template, segment, created_by)
             SELECT {of_january}, 'paused', 'vieja', id, 'Hola', '{{}}', 'test' FROM senders"
        )))
        .await;
    assert_eq!(stage.dropped_at("2020-01-31T23:59:59Z").await, None, "not old enough");
    // This month is long over then; it lives.
    stage.run("UPDATE campaigns SET state = 'running' WHERE name = 'prueba'").await;
    assert_eq!(stage.dropped_at("2020-02-01T00:00:00Z").await, None, "a campaign of it lives");
    stage
        .run("UPDATE campaigns SET state = 'completed', finished_at = '2019-01-11' WHERE name = 'vieja'")
        .await;
    stage.run(&format!("INSERT INTO claims (campaign_id, seqs, worker, lease_until) VALUES ({of_january}, '{{[1,2)}}', 'w', now())")).await;
    assert_eq!(stage.dropped_at("2020-02-01T00:00:00Z").await, None, "a claim holds it");
    stage.run("DELETE FROM claims").await;
    stage
        .run(&format!(
            "INSERT INTO due (campaign_id, seq, kind, not_before) VALUES ({of_january}, 1, 'receipt', now())"
        ))
        .await;
    assert_eq!(stage.dropped_at("2020-02-01T00:00:00Z").await, None, "it is waited for");
    stage.run("DELETE FROM due").await;
    stage.run("UPDATE campaigns SET finished_at = '2019-03-01' WHERE name = 'vieja'").await;
    assert_eq!(stage.dropped_at("2020-02-01T00:00:00Z").await, None, "it ended less than a year ago");
    stage.run("UPDATE campaigns SET finished_at = '2019-01-11' WHERE name = 'vieja'").await;
    assert_eq!(stage.dropped_at("2020-02-01T00:00:00Z").await.as_deref(), Some("2019_01"));
    assert_eq!(stage.dropped_at("2020-02-01T00:00:00Z").await, None, "February is kept");
    assert_eq!(
        stage.count(&format!("SELECT count(*) FROM messages WHERE campaign_id = {of_january}")).await,
        0
    );
    let months = months(&stage).await;
    assert!(!months.contains(&"2019_01".to_owned()) && months.contains(&"2019_02".to_owned()), "{months:?}");
    assert_eq!(stage.housekeeping(0).drop_month().await.unwrap(), None, "for ever");
}

#[tokio::test]
async fn the_daily_work_is_done_by_one() {
    let stage = Stage::running(0).await;
    assert!(stage.housekeeping(24).is_days_turn().await.unwrap());
    assert!(!stage.housekeeping(24).is_days_turn().await.unwrap());
    stage.run("UPDATE turns SET taken_at = now() - interval '1 day'").await;
    assert!(stage.housekeeping(24).is_days_turn().await.unwrap());
}

#[tokio::test]
async fn examined_events_are_forgotten_when_they_are_old_and_others_are_not() {
    let stage = Stage::running(0).await;
    stage
        .run(
            "INSERT INTO provider_events (provider, event_id, kind, payload, received_at, examined_at, outcome)
             SELECT 'telnyx', 'old' || n, 'k', '{}', now() - interval '3 years', now() - interval '25 months', 'no_reference'
             FROM generate_series(1, 6000) AS n;
             INSERT INTO provider_events (provider, event_id, kind, payload, received_at, examined_at, outcome)
             VALUES ('telnyx', 'young', 'k', '{}', now() - interval '3 years', now() - interval '23 months', 'no_reference'),
                    ('telnyx', 'unseen', 'k', '{}', now() - interval '3 years', NULL, NULL)",
        )
        .await;
    assert_eq!(stage.housekeeping(0).forget_events().await.unwrap(), 0, "for ever");
    let housekeeping = stage.housekeeping(24);
    assert_eq!(housekeeping.forget_events().await.unwrap(), 5_000, "a portion");
    assert_eq!(housekeeping.forget_events().await.unwrap(), 1_000);
    assert_eq!(housekeeping.forget_events().await.unwrap(), 0);
    assert_eq!(stage.count("SELECT count(*) FROM provider_events").await, 2);
}

#[tokio::test]
async fn a_count_that_was_bent_is_told_and_stays_bent() {
    let stage = Stage::running(5).await;
    stage.send_all(accepted).await;
    let housekeeping = stage.housekeeping(24);
    assert_eq!(housekeeping.recount(Duration::from_hours(1)).await.unwrap(), Some(vec![]));
    assert_eq!(housekeeping.recount(Duration::from_hours(1)).await.unwrap(), None, "another did it lately");
    stage.run("UPDATE campaign_counts SET n[3] = n[3] + 2 WHERE shard = 0").await;
    let bent = Miscount { campaign: stage.campaign, state: MessageState::Sent, counted: 7, kept: 5 };
    for _ in 0..2 {
        assert_eq!(housekeeping.recount(Duration::ZERO).await.unwrap(), Some(vec![bent]));
    }
    stage.run("UPDATE campaigns SET state = 'completed', finished_at = now()").await;
    assert_eq!(housekeeping.recount(Duration::ZERO).await.unwrap(), Some(vec![bent]), "it ended lately");
    stage.run("UPDATE campaigns SET finished_at = now() - interval '3 days'").await;
    assert_eq!(housekeeping.recount(Duration::ZERO).await.unwrap(), Some(vec![]));
}

#[tokio::test]
async fn a_restored_database_pauses_what_would_send_before_anything_is_claimed() {
    let stage = Stage::running(4).await;
    for (n, state) in ["scheduled", "preparing", "paused", "draft", "completed"].into_iter().enumerate() {
        stage
            .client
            .execute(
                "INSERT INTO campaigns (id, state, name, sender_id, template, segment, created_by, launched_at)
                 SELECT $1, $2, $2, id, 'Hola', '{\"all\": []}', 'test',
                        CASE WHEN $2 IN ('scheduled', 'draft') THEN NULL ELSE now() END FROM senders",
                &[&Uuid::from_u128(n as u128 + 1), &state],
            )
            .await
            .unwrap();
    }
    let housekeeping = PostgresHousekeeping::new(stage.as_worker(), 24);
    assert_eq!(housekeeping.compare_identity().await.unwrap(), DatabaseIdentity::New);
    assert_eq!(housekeeping.compare_identity().await.unwrap(), DatabaseIdentity::Same);
    stage.run("INSERT INTO outbox (campaign_id, priority) SELECT id, priority FROM campaigns").await;
    for change in ["system_identifier = 1", "timeline_id = timeline_id + 1", "database_oid = 1"] {
        stage.run(&format!("UPDATE database_identity SET {change}")).await;
        let again = housekeeping.compare_identity().await.unwrap();
        let paused = if change.starts_with("system") { 3 } else { 0 };
        assert_eq!(again, DatabaseIdentity::Restored { paused }, "{change}");
        assert_eq!(housekeeping.compare_identity().await.unwrap(), DatabaseIdentity::Same, "{change}");
    }
    let because =
        "SELECT count(*) FROM campaigns WHERE state = 'paused' AND state_reason = 'restored from backup'";
    assert_eq!(stage.count(because).await, 3);
    assert_eq!(stage.count("SELECT count(*) FROM audit_log WHERE action = 'campaign.pause'").await, 3);
    assert_eq!(stage.count("SELECT count(*) FROM lanes WHERE running").await, 0);
    assert_eq!(stage.count("SELECT count(*) FROM outbox").await, 3, "of those that were not paused by it");
    stage.send_all(|message| panic!("message {} is claimed", message.seq)).await;

    // What was scheduled is read as paused, and may be resumed.
    let campaigns = PostgresCampaignStore::new(stage.test.database(), 4);
    let scheduled = campaigns.find(CampaignId(Uuid::from_u128(1))).await.unwrap().unwrap();
    assert_eq!(
        (scheduled.state.as_str(), scheduled.state.reason()),
        ("paused", Some("restored from backup"))
    );
}

#[tokio::test]
async fn a_server_that_does_not_tell_which_it_is_is_let_be() {
    let stage = Stage::running(1).await;
    stage.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC").await;
    let housekeeping = PostgresHousekeeping::new(stage.as_worker(), 24);
    assert_eq!(housekeeping.compare_identity().await.unwrap(), DatabaseIdentity::Untold);
    stage.engine().claim(stage.campaign).await.unwrap();
}
