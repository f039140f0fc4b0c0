//! `bench send`: campaigns from their launch to their last receipt, and the floor below them.
//!
//! The floor is what the network and the signatures take: the same number of posts to the same sandbox, and their receipts
//! verified, without a database or a queue.

mod floor;
mod urgent;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::{Client, ScratchDatabase, Servers, Stack, StackOptions, Tools};
use serde_json::{Value, json};

use crate::load;
use crate::settle;

/// How long the sandbox takes for each message.
const LATENCY_MS: u32 = 80;
/// The sender's pace, far above what is measured.
const RATE_PER_S: f64 = 50_000.0;
/// Each message may take so long, and the whole some minutes more.
const PATIENCE: Duration = Duration::from_mins(10);
const PATIENCE_PER_MESSAGE: Duration = Duration::from_millis(5);
/// How long a server may keep its statistics to itself.
const STATISTICS_DELAY: Duration = Duration::from_secs(2);

/// More messages of the floor would take no less each.
const FLOOR_MESSAGES_MAX: u32 = 100_000;

const EMAIL: &str = "admin@bench.example";

/// What is measured.
pub(crate) struct Sizes {
    /// Messages of each campaign.
    pub(crate) messages: Vec<u32>,
    /// Workers that send each of them.
    pub(crate) workers: Vec<u16>,
    /// Messages of a campaign that is over, in the same partition.
    pub(crate) old_messages: u32,
}

pub(crate) async fn measure(sizes: &Sizes, mut tell: impl FnMut(&Value)) -> Result<()> {
    let most = *sizes.messages.iter().max().context("a number of messages")?;
    let house = House::build(most).await?;
    let old_seconds = house.age(sizes.old_messages).await?;
    for messages in &sizes.messages {
        for workers in &sizes.workers {
            let mut line = house.campaign(*messages, *workers).await?;
            line["old_messages"] = json!(sizes.old_messages);
            line["old_messages_fill_seconds"] = json!(old_seconds);
            tell(&line);
        }
    }
    let mut line = settle::measure(&house.database).await?;
    line["old_messages"] = json!(sizes.old_messages);
    tell(&line);
    Ok(())
}

/// A database with contacts, and somebody who may send.
pub(crate) struct House {
    pub(crate) servers: Servers,
    pub(crate) database: ScratchDatabase,
    pub(crate) tools: Tools,
    password: String,
}

impl House {
    pub(crate) async fn build(contacts: u32) -> Result<Self> {
        let servers = Servers::from_environment()?;
        let database = ScratchDatabase::dropped(&servers.database_url, "pregon_bench").await?;
        let tools = Tools::beside_this_one(&database.url)?;
        tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
        let rows = format!(
            "INSERT INTO contacts (phone_national, is_valid, line_type, full_name, city, state_code)
             SELECT 5510000000 + n, true, 'mobile', 'PERSONA ' || n, 'GUADALAJARA', 'JAL'
             FROM generate_series(1, {contacts}) AS n;
             INSERT INTO senders (id, name, provider, kind, value, price_micros_per_segment, identity)
             VALUES ('00000000-0000-7000-8000-000000000001', 'Antes', 'telnyx', 'alphanumeric', 'ANTES', 285000, '{{}}');
             ANALYZE contacts"
        );
        database.connect().await?.batch_execute(&rows).await?;
        let password = credentials::generate_password().context("no randomness")?.expose().to_owned();
        let user = ["user", "create", "--email", EMAIL, "--role", "admin", "--password-stdin", "--json"];
        tools.run("migrator", &user, &password, |_| {}).await?;
        Ok(Self { servers, database, tools, password })
    }

    /// Fills a campaign of the beginning of this month, long over; in how many seconds.
    async fn age(&self, messages: u32) -> Result<f64> {
        let started = Instant::now();
        if messages > 0 {
            let client = self.database.connect().await?;
            client
                .batch_execute(&format!(
                    "INSERT INTO campaigns (id, state, name, sender_id, template, segment, audience, created_by)
                     VALUES (uuid_v7_floor(date_trunc('month', now()) + interval '1 ms'), 'completed', 'antes',
                             '00000000-0000-7000-8000-000000000001', 'Hola', '{{}}', {messages}, 'bench');
                     INSERT INTO messages (campaign_id, seq, phone, segments, body, state, attempt)
                     SELECT uuid_v7_floor(date_trunc('month', now()) + interval '1 ms'), n, 5500000000 + n, 1,
                            'Hola Persona ' || n || ': hoy 20% de promocion. Responde ALTO para no recibir mas.',
                            'delivered', 1
                     FROM generate_series(1, {messages}) AS n"
                ))
                .await?;
            client.batch_execute("VACUUM ANALYZE messages").await?;
            // What was written is not written back while the next is measured.
            client.batch_execute("CHECKPOINT").await?;
        }
        Ok(started.elapsed().as_secs_f64())
    }

    async fn campaign(&self, messages: u32, workers: u16) -> Result<Value> {
        let load_before = load::averages();
        let options = StackOptions {
            prefix: "pregon_bench".to_owned(),
            // A receipt that is given up would be waited for for days.
            sandbox: [
                "--latency-ms",
                &LATENCY_MS.to_string(),
                "--webhook-tries-max",
                "100",
                "--webhooks-at-once",
                "256",
            ]
            .map(str::to_owned)
            .to_vec(),
            settings: vec![("PREGON__LOG__LEVEL".to_owned(), "warn".to_owned())],
            ..StackOptions::default()
        };
        let mut stack = Stack::without_workers(&self.tools, &self.servers, options).await?;
        let http = reqwest::Client::builder().pool_max_idle_per_host(floor::IN_FLIGHT).build()?;
        http.post(format!("{}/admin/outcomes", stack.sandbox_url))
            .json(&json!({"outcome": "delivered"}))
            .send()
            .await?
            .error_for_status()?;
        let floor_messages = messages.min(FLOOR_MESSAGES_MAX);
        let floor_seconds = floor::measure(&http, &stack.sandbox_url, floor_messages).await?;
        for _ in 0..workers {
            stack.add_worker()?;
        }
        let admin = Client::sign_in(&stack.api_url, EMAIL, &self.password).await?;
        let sender = admin.add_sender(&format!("Medida {messages} {workers}"), RATE_PER_S).await?;
        let everybody = json!({"all": []});
        let campaign = admin.draft_from(&sender, "bulk", &everybody, messages.into()).await?;
        let mut urgent = Vec::new();
        let mut line = tokio::select! {
            line = self.sent(&stack, &admin, &campaign, messages) => line?,
            ended = urgent::send_on(&admin, &sender, &mut urgent) => {
                ended?;
                bail!("messages of high priority ended before the campaign")
            }
        };
        let floor_rate = f64::from(floor_messages) / floor_seconds;
        let rate =
            line["messages_per_second"].as_f64().context("a figure is missing: messages_per_second")?;
        for (name, value) in [
            ("bench", json!("send")),
            ("high_priority_beside", urgent::told(urgent)),
            ("workers", json!(workers)),
            ("messages", json!(messages)),
            ("latency_ms", json!(LATENCY_MS)),
            (
                "floor",
                json!("the same posts, 1,000 at once, and their receipts, verified; no database, no queue"),
            ),
            ("floor_messages", json!(floor_messages)),
            ("floor_messages_per_second", json!(floor_rate)),
            ("ratio", json!(floor_rate / rate)),
            ("load_average_before", json!(load_before)),
            ("load_average_after", json!(load::averages())),
        ] {
            line[name] = value;
        }
        Ok(line)
    }

    /// Launches a campaign and follows it to its last receipt.
    async fn sent(&self, stack: &Stack, admin: &Client, campaign: &str, messages: u32) -> Result<Value> {
        let client = self.database.connect().await?;
        let patience = PATIENCE + PATIENCE_PER_MESSAGE * messages;
        let started = Instant::now();
        admin.launch(campaign).await?;
        admin.until(campaign, patience, |progress| progress["state"] != "preparing").await?;
        let freeze_seconds = started.elapsed().as_secs_f64();
        let before = Partition::of(&client, campaign).await?;
        let mut curve = Curve::new(messages);
        let progress = admin
            .until(campaign, patience, |progress| {
                curve.add(started.elapsed().as_secs_f64(), &progress["counts"]);
                progress["state"] == "completed"
            })
            .await?;
        let seconds = started.elapsed().as_secs_f64();
        let ledgers = e2e::compare(&stack.sandbox_url, &client, campaign).await?;
        ensure!(
            ledgers.agree() && progress["counts"]["delivered"] == messages,
            "the ledgers do not agree, or not all is delivered: {ledgers:?}"
        );
        tokio::time::sleep(STATISTICS_DELAY).await;
        let after = Partition::of(&client, campaign).await?;
        let rate = |seconds: f64| f64::from(messages) / seconds;
        Ok(json!({
            "seconds": seconds, "freeze_seconds": freeze_seconds,
            "messages_per_second": rate(seconds), "messages_per_second_after_freeze": rate(seconds - freeze_seconds),
            "worker_peak_mib": stack.workers_peak_rss_kib().into_iter().map(|kib| kib / 1024).collect::<Vec<_>>(),
            "updates": after.updates - before.updates, "hot_percent": after.hot_percent_since(&before),
            "index_bytes_after_freeze": before.index_bytes, "index_bytes_at_end": after.index_bytes,
            "index_growth_percent": after.grown_percent_since(&before),
            "curve": curve.tenths,
        }))
    }
}

/// What the server knows of the partition that a campaign's messages are in.
struct Partition {
    updates: i64,
    hot_updates: i64,
    index_bytes: i64,
}

impl Partition {
    async fn of(client: &tokio_postgres::Client, campaign: &str) -> Result<Self> {
        let row = client.query_one(include_str!("send/partition.sql"), &[&campaign]).await?;
        Ok(Self { updates: row.get(0), hot_updates: row.get(1), index_bytes: row.get(2) })
    }

    fn hot_percent_since(&self, before: &Self) -> f64 {
        percent(self.hot_updates - before.hot_updates, self.updates - before.updates)
    }

    fn grown_percent_since(&self, before: &Self) -> f64 {
        percent(self.index_bytes - before.index_bytes, before.index_bytes)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of some millions")]
fn percent(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// When each tenth of a campaign was delivered, and how long each of its messages took.
struct Curve {
    messages: u32,
    tenths: Vec<Value>,
    last: (f64, u32),
}

impl Curve {
    fn new(messages: u32) -> Self {
        Self { messages, tenths: Vec::new(), last: (0.0, 0) }
    }

    fn add(&mut self, seconds: f64, counts: &Value) {
        let delivered = counts["delivered"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        if self.last == (0.0, 0) {
            // What was before, the freezing, is told by itself.
            self.last = (seconds, delivered);
        }
        let (since, from) = self.last;
        let is_tenth = u64::from(delivered) * 10 / u64::from(self.messages)
            > u64::from(from) * 10 / u64::from(self.messages);
        if is_tenth {
            let each = (seconds - since) / f64::from(delivered - from);
            self.tenths
                .push(json!({"delivered": delivered, "at_seconds": seconds, "seconds_per_message": each}));
            self.last = (seconds, delivered);
        }
    }
}
