//! A thousand receipts settled in one call, beside the same thousand rows changed by their keys.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use domain::campaign::CampaignId;
use domain::message::{AttemptRef, MessageId};
use domain::phone::PhoneNumber;
use domain::port::{ProviderEvent, ReceiptStore as _, Report};
use e2e::ScratchDatabase;
use futures::future::try_join_all;
use serde_json::{Value, json};
use store_postgres::{Database, DatabaseOptions, DispatchOptions, PostgresDispatch, SendingRules};
use tokio_postgres::Client;

const RECEIPTS: i32 = 1_000;
const CALLS: i32 = 21;
/// The number before the first that is written to.
pub(crate) const FIRST_PHONE: i64 = 5_600_000_000;

/// Settles `CALLS` times, one after the other, with nobody else at work.
pub(crate) async fn measure(database: &ScratchDatabase) -> Result<Value> {
    let client = database.connect().await?;
    let messages = RECEIPTS * CALLS * 2;
    let campaign = sent_campaign(&client, "recibos", messages).await?;
    let engine = engine(&database.url)?;
    let (mut settled, mut floor) = (Vec::new(), Vec::new());
    for call in 0..CALLS {
        let first = call * RECEIPTS + 1;
        try_join_all((first..first + RECEIPTS).map(|seq| keep(&engine, campaign, seq))).await?;
        let started = Instant::now();
        let looked_at = engine.settle().await?;
        settled.push(started.elapsed());
        ensure!(looked_at == u64::from(RECEIPTS.unsigned_abs()), "{looked_at} receipts were settled");

        let first = (CALLS + call) * RECEIPTS + 1;
        let started = Instant::now();
        let changed =
            client.execute(include_str!("settle/floor.sql"), &[&first, &(first + RECEIPTS - 1)]).await?;
        floor.push(started.elapsed());
        ensure!(changed == u64::from(RECEIPTS.unsigned_abs()), "{changed} rows were changed");
    }
    let delivered = "SELECT count(*) FROM messages JOIN campaigns ON campaigns.id = campaign_id
                     WHERE campaigns.name = 'recibos' AND messages.state = 'delivered'";
    let delivered: i64 = client.query_one(delivered, &[]).await?.get(0);
    ensure!(delivered == i64::from(messages), "only {delivered} of {messages} messages are delivered");
    let (settled, floor) = (median(settled), median(floor));
    Ok(json!({
        "bench": "settle", "receipts": RECEIPTS, "calls": CALLS, "median_ms": settled.as_secs_f64() * 1e3,
        "floor": "the same rows changed by their keys in one statement, nothing else written",
        "floor_median_ms": floor.as_secs_f64() * 1e3, "ratio": settled.as_secs_f64() / floor.as_secs_f64(),
    }))
}

/// A campaign of so many messages, from 1 on, all sent, that nobody sends any more.
pub(crate) async fn sent_campaign(client: &Client, name: &str, messages: i32) -> Result<CampaignId> {
    client
        .batch_execute(&format!(
            "INSERT INTO campaigns (id, state, name, sender_id, template, segment, audience, created_by)
             VALUES (uuid_v7_floor(now()), 'paused', '{name}', '00000000-0000-7000-8000-000000000001', 'Hola', '{{}}',
                     {messages}, 'bench');
             INSERT INTO messages (campaign_id, seq, phone, segments, body, state, attempt)
             SELECT campaigns.id, n, {FIRST_PHONE} + n, 1, 'Hola ' || n, 'sent', 1
             FROM campaigns, generate_series(1, {messages}) AS n WHERE campaigns.name = '{name}';
             INSERT INTO campaign_counts (campaign_id, shard, n)
             SELECT id, 0, ARRAY[0, 0, {messages}, 0, 0, 0, 0, 0, 0, 0] FROM campaigns WHERE name = '{name}';
             ANALYZE messages"
        ))
        .await?;
    let campaign = "SELECT id FROM campaigns WHERE name = $1";
    Ok(CampaignId(client.query_one(campaign, &[&name]).await?.get(0)))
}

/// Keeps a receipt of delivery as the api does.
async fn keep(engine: &PostgresDispatch, campaign: CampaignId, seq: i32) -> Result<()> {
    let message = MessageId { campaign, seq: seq.unsigned_abs() };
    let event = ProviderEvent {
        id: format!("bench-{seq}"),
        kind: "message.finalized".to_owned(),
        reference: Some(AttemptRef { message, attempt: 1 }),
        provider_id: Some(format!("provider-{seq}")),
        phone: Some(PhoneNumber::parse(&format!("+52{}", FIRST_PHONE + i64::from(seq)))?),
        report: Report::Delivered,
        occurred_at: None,
        payload: json!({"data": {"id": seq, "text": format!("Hola {seq}")}}).to_string(),
    };
    Ok(engine.keep("telnyx", event, None).await?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn engine(url: &str) -> Result<PostgresDispatch> {
    let patience = Duration::from_secs(30);
    let database = Database::new(&DatabaseOptions {
        url: url.to_owned(),
        application_name: "pregon-bench".to_owned(),
        pool_size_max: 1,
        connect_timeout: patience,
        wait_timeout: patience,
        statement_timeout: patience,
    })?;
    Ok(PostgresDispatch::new(
        database,
        DispatchOptions {
            worker: "bench".to_owned(),
            shard: 0,
            claim_messages_max: 200,
            lease: Duration::from_mins(1),
            pace_ahead: Duration::from_millis(500),
            receipt_deadline: Duration::from_hours(72),
            outcome_deadline: Duration::from_hours(72),
            revive_after: patience,
            rematch_after: Duration::from_secs(10),
            rematch_for: Duration::from_hours(24),
            permits_per_campaign: 4,
            rules: SendingRules::default(),
        },
    ))
}
