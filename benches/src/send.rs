//! `bench send`: a campaign from its launch to its last receipt, and the floor below it.
//!
//! The floor is what the network alone takes: the same number of posts to the same sandbox, as many under way at once as
//! a worker has at most, without a database, a queue or receipts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use e2e::{Client, ScratchDatabase, Servers, Stack, StackOptions, Tools};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::load;

/// How long the sandbox takes for each message.
const LATENCY_MS: &str = "80";
/// The sender's pace, far above what is measured.
const RATE_PER_S: f64 = 50_000.0;
/// As `telnyx.connections_max` has it.
const IN_FLIGHT: usize = 500;
const PATIENCE: Duration = Duration::from_mins(10);

pub(crate) async fn measure(messages: u32) -> Result<Value> {
    let servers = Servers::from_environment()?;
    let load_before = load::averages();
    let database = ScratchDatabase::dropped(&servers.database_url, "pregon_bench").await?;
    let tools = Tools::beside_this_one(&database.url)?;
    tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
    let client = database.connect().await?;
    client
        .batch_execute(&format!(
            "INSERT INTO contacts (phone_national, is_valid, line_type, full_name, city, state_code)
             SELECT 5510000000 + n, true, 'mobile', 'PERSONA ' || n, 'GUADALAJARA', 'JAL' FROM generate_series(1, {messages}) AS n;
             ANALYZE contacts"
        ))
        .await?;
    let password = credentials::generate_password().context("no randomness")?.expose().to_owned();
    let email = "admin@bench.example";
    let arguments = ["user", "create", "--email", email, "--role", "admin", "--password-stdin", "--json"];
    tools.run("migrator", &arguments, &password, |_| {}).await?;

    let options = StackOptions {
        prefix: "pregon_bench".to_owned(),
        sandbox: ["--latency-ms", LATENCY_MS].map(str::to_owned).to_vec(),
        settings: vec![("PREGON__LOG__LEVEL".to_owned(), "warn".to_owned())],
        ..StackOptions::default()
    };
    let stack = Stack::start(&tools, &servers, options).await?;
    let http = reqwest::Client::builder().pool_max_idle_per_host(IN_FLIGHT).build()?;
    http.post(format!("{}/admin/outcomes", stack.sandbox_url))
        .json(&json!({"outcome": "delivered"}))
        .send()
        .await?
        .error_for_status()?;
    let floor_seconds = floor(&http, &stack.sandbox_url, messages).await?;

    let admin = Client::sign_in(&stack.api_url, email, &password).await?;
    admin.add_sender("Tienda de Ejemplo", RATE_PER_S).await?;
    let campaign = admin.draft("Medida", &json!({"all": []}), messages.into()).await?;
    let started = Instant::now();
    admin.launch(&campaign).await?;
    let is_frozen = |progress: &Value| progress["state"] != "preparing";
    admin.until(&campaign, PATIENCE, is_frozen).await?;
    let frozen_seconds = started.elapsed().as_secs_f64();
    let progress = admin.until(&campaign, PATIENCE, |progress| progress["state"] == "completed").await?;
    let seconds = started.elapsed().as_secs_f64();
    let ledgers = e2e::compare(&stack.sandbox_url, &client, &campaign).await?;
    if !ledgers.agree() || progress["counts"]["delivered"] != messages {
        bail!("the ledgers do not agree, or not all is delivered: {ledgers:?}");
    }
    let rate = |seconds: f64| f64::from(messages) / seconds;
    Ok(json!({
        "bench": "send", "messages": messages, "latency_ms": 80, "seconds": seconds, "freeze_seconds": frozen_seconds,
        "messages_per_second": rate(seconds), "messages_per_second_after_freeze": rate(seconds - frozen_seconds),
        "floor": "the same posts, 500 at once, no database, no queue, no receipts", "floor_seconds": floor_seconds,
        "floor_messages_per_second": rate(floor_seconds), "ratio": seconds / floor_seconds,
        "worker_peak_mib": stack.worker_peak_rss_kib().map(|kib| kib / 1024),
        "load_average_before": load_before, "load_average_after": load::averages(),
    }))
}

async fn floor(http: &reqwest::Client, sandbox_url: &str, messages: u32) -> Result<f64> {
    let url: Arc<str> = format!("{sandbox_url}/v2/messages").into();
    let started = Instant::now();
    stream::iter(0..messages)
        .map(|n| {
            let (http, url) = (http.clone(), Arc::clone(&url));
            async move {
                let message =
                    json!({"from": "PREGON", "to": format!("+5233{n:08}"), "text": "Hola", "type": "SMS"});
                let answer = http.post(&*url).bearer_auth("KEY-of-the-sandbox").json(&message).send().await?;
                answer.error_for_status()?.bytes().await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    Ok(started.elapsed().as_secs_f64())
}
