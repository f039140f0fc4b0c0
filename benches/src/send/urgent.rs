//! Messages of high priority while a campaign of bulk goes out: how long each takes until the provider has it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::Client;
use reqwest::Method;
use serde_json::{Value, json};

/// The pause between two.
const EVERY: Duration = Duration::from_secs(1);
/// How often is asked whether one went out.
const ASKED_EVERY: Duration = Duration::from_millis(20);
/// One that takes longer ends the measurement.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sends one after the other for as long as it is polled, and keeps what each took in `seconds`.
pub(super) async fn send_on(admin: &Client, sender: &str, seconds: &mut Vec<f64>) -> Result<()> {
    for n in 0_u32.. {
        tokio::time::sleep(EVERY).await;
        let order = json!({
            "to": format!("33{n:08}"), "text": "Su clave es 4821", "sender_id": sender, "priority": "high",
        });
        let began = Instant::now();
        let message = admin.must(202, Method::POST, "/messages", Some(&order)).await?;
        let path = format!("/messages/{}", message["id"].as_str().context("a message has no id")?);
        tokio::time::timeout(PATIENCE, until_taken(admin, &path)).await.context("it does not go out")??;
        seconds.push(began.elapsed().as_secs_f64());
    }
    Ok(())
}

async fn until_taken(admin: &Client, path: &str) -> Result<()> {
    loop {
        let message = admin.must(200, Method::GET, path, None).await?;
        if matches!(message["status"].as_str(), Some("sent" | "delivered")) {
            return Ok(());
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
}

/// How many there were, the middle, 95 of 100, and the slowest.
pub(super) fn told(mut seconds: Vec<f64>) -> Value {
    seconds.sort_by(f64::total_cmp);
    let at = |part: usize| seconds.get((seconds.len() * part / 100).min(seconds.len().saturating_sub(1)));
    json!({"messages": seconds.len(), "p50_s": at(50), "p95_s": at(95), "max_s": at(100)})
}
