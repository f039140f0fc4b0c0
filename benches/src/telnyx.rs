//! `bench telnyx`: messages through the gateway alone, signatures checked, and webhooks at a fixed rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::campaign::CampaignId;
use domain::message::{AttemptRef, MessageId};
use domain::phone::PhoneNumber;
use domain::port::{
    Clock as _, OutboundMessage, ProviderWebhooks as _, SendOutcome, SmsGateway as _, WebhookPost,
};
use domain::sender::{SenderAddress, SenderKind};
use e2e::{Stack, StackOptions};
use ed25519_dalek::{Signer as _, SigningKey};
use futures::{StreamExt, TryStreamExt, stream};
use gateway_telnyx::{TelnyxGateway, TelnyxKeys, TelnyxOptions, TelnyxWebhooks};
use serde_json::{Value, json};
use system::SystemClock;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::load;
use crate::quantiles::Quantiles;
use crate::send::House;
use crate::settle::{FIRST_PHONE, sent_campaign};

/// Calls that are under way at once.
const IN_FLIGHT: usize = 1_000;
const LATENCY_MS: u32 = 80;
const SENDS: u32 = 60_000;
const CHECKS: u32 = 20_000;
/// Webhooks a second, and for how long.
const WEBHOOKS_PER_S: u32 = 2_000;
const WEBHOOK_SECONDS: u32 = 20;
/// How long the connections are warmed up first.
const WARM_UP_SECONDS: u32 = 2;

pub(crate) async fn measure(mut tell: impl FnMut(&Value)) -> Result<()> {
    let house = House::build(1).await?;
    let key = SigningKey::from_bytes(&[7; 32]);
    let public_key = BASE64.encode(key.verifying_key().as_bytes());
    let options = StackOptions {
        prefix: "pregon_bench".to_owned(),
        sandbox: ["--latency-ms", &LATENCY_MS.to_string()].map(str::to_owned).to_vec(),
        settings: [("PREGON__LOG__LEVEL", "warn"), ("PREGON__TELNYX__PUBLIC_KEY", &public_key)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        ..StackOptions::default()
    };
    let stack = Stack::without_workers(&house.tools, &house.servers, options).await?;
    tell(&sends(&stack.sandbox_url).await?);
    tell(&signatures(&key, &public_key)?);
    tell(&webhooks(&house, &stack.api_url, &key).await?);
    Ok(())
}

/// Messages through the gateway, beside bare posts of the same.
async fn sends(sandbox_url: &str) -> Result<Value> {
    let load_before = load::averages();
    let http = reqwest::Client::builder().http1_only().pool_max_idle_per_host(IN_FLIGHT).build()?;
    http.post(format!("{sandbox_url}/admin/outcomes"))
        .json(&json!({"outcome": "no_receipt"}))
        .send()
        .await?
        .error_for_status()?;
    let url = format!("{sandbox_url}/v2/messages");
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    stream::iter(0..SENDS)
        .map(|n| {
            let message = json!({
                "to": format!("+5233{n:08}"), "from": "PREGON", "text": "Hola, hoy 20% de descuento", "type": "SMS",
                "webhook_url": "http://127.0.0.1:9/webhooks/telnyx?ref=x", "use_profile_webhooks": false,
            });
            let post = http.post(&url).bearer_auth("KEY-of-the-bench").json(&message);
            async move {
                post.send().await?.error_for_status()?.bytes().await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    let (floor_seconds, floor_cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);

    let gateway = TelnyxGateway::new(&TelnyxOptions {
        api_base_url: sandbox_url.to_owned(),
        keys: Arc::new(TelnyxKeys::of_account(&"KEY-of-the-bench".into())?),
        webhook_base_url: "http://127.0.0.1:9".to_owned(),
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(15),
        connections_max: IN_FLIGHT,
    })?;
    let campaign = CampaignId(Uuid::from_u128(7));
    let from = SenderAddress { kind: SenderKind::Alphanumeric, value: "PREGON".to_owned() };
    let message = |n| {
        anyhow::Ok(OutboundMessage {
            attempt: AttemptRef { message: MessageId { campaign, seq: n }, attempt: 1 },
            to: PhoneNumber::from_national(5_510_000_000 + u64::from(n))?,
            from: from.clone(),
            text: "Hola, hoy 20% de descuento".to_owned(),
        })
    };
    let messages = (0..SENDS).map(message).collect::<Result<Vec<_>>>()?;
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let accepted = stream::iter(messages)
        .map(|message| gateway.send(message))
        .buffer_unordered(IN_FLIGHT)
        .filter(|outcome| std::future::ready(matches!(outcome, SendOutcome::Accepted { .. })))
        .count()
        .await;
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    ensure!(accepted == SENDS as usize, "only {accepted} of {SENDS} messages were accepted");
    let each = |cpu: f64| cpu / f64::from(SENDS) * 1e6;
    Ok(json!({
        "bench": "telnyx_send", "sends": SENDS, "in_flight": IN_FLIGHT, "latency_ms": LATENCY_MS,
        "sends_per_second": f64::from(SENDS) / seconds, "cpu_us_per_send": each(cpu),
        "floor": "the same posts by a bare client", "floor_sends_per_second": f64::from(SENDS) / floor_seconds,
        "floor_cpu_us_per_send": each(floor_cpu), "ratio": seconds / floor_seconds,
        "load_average_before": load_before, "load_average_after": load::averages(),
    }))
}

/// Webhooks verified and read, beside the bare check of their signatures.
fn signatures(key: &SigningKey, public_key: &str) -> Result<Value> {
    let reader = TelnyxWebhooks::new(&[public_key])?;
    let now = SystemClock.now();
    let timestamp = now.as_second().to_string();
    let reference =
        AttemptRef { message: MessageId { campaign: CampaignId(Uuid::from_u128(7)), seq: 1 }, attempt: 1 };
    let (query, body) = (format!("ref={reference}"), event(1, 3_300_000_001));
    let signed = [timestamp.as_bytes(), b"|", body.as_bytes()].concat();
    let signature = key.sign(&signed);
    let encoded = BASE64.encode(signature.to_bytes());
    let post = WebhookPost {
        signature: Some(&encoded),
        timestamp: Some(&timestamp),
        query: &query,
        body: body.as_bytes(),
    };
    let started = Instant::now();
    for _ in 0..CHECKS {
        reader.read(post, now)?;
    }
    let read = started.elapsed();
    let (key, started) = (key.verifying_key(), Instant::now());
    for _ in 0..CHECKS {
        key.verify_strict(&signed, &signature)?;
    }
    let verified = started.elapsed();
    let each = |time: Duration| time.as_secs_f64() / f64::from(CHECKS) * 1e6;
    Ok(json!({
        "bench": "telnyx_signature", "checks": CHECKS, "body_bytes": body.len(), "verified_and_read_us": each(read),
        "floor": "the signature alone", "floor_us": each(verified),
        "ratio": read.as_secs_f64() / verified.as_secs_f64(),
    }))
}

/// Receipts of messages that are known, posted at a fixed rate whatever the answers take.
async fn webhooks(house: &House, api_url: &str, key: &SigningKey) -> Result<Value> {
    let load_before = load::averages();
    let posts = WEBHOOKS_PER_S * (WEBHOOK_SECONDS + WARM_UP_SECONDS);
    let client = house.database.connect().await?;
    let campaign = sent_campaign(&client, "avisos", i32::try_from(posts)?).await?;
    let http = reqwest::Client::builder().http1_only().build()?;
    let mut under_way = JoinSet::new();
    let mut took = Vec::new();
    let began = tokio::time::Instant::now();
    for n in 1..=posts {
        // Two each millisecond.
        let due = began + Duration::from_secs(1) * n / WEBHOOKS_PER_S;
        tokio::time::sleep_until(due).await;
        let body = event(n, FIRST_PHONE.cast_unsigned() + u64::from(n));
        let timestamp = SystemClock.now().as_second().to_string();
        let signature = key.sign(&[timestamp.as_bytes(), b"|", body.as_bytes()].concat());
        let reference = AttemptRef { message: MessageId { campaign, seq: n }, attempt: 1 };
        let post = http
            .post(format!("{api_url}/webhooks/telnyx?ref={reference}"))
            .header("content-type", "application/json")
            .header("telnyx-timestamp", timestamp)
            .header("telnyx-signature-ed25519", BASE64.encode(signature.to_bytes()))
            .body(body);
        under_way.spawn(async move {
            post.send().await?.error_for_status()?;
            anyhow::Ok((n, due.elapsed()))
        });
        while let Some(done) = under_way.try_join_next() {
            took.push(done??);
        }
    }
    let all = under_way.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    took.extend(all);
    let counted = took.into_iter().filter(|(n, _)| *n > WEBHOOKS_PER_S * WARM_UP_SECONDS);
    let took = Quantiles::of(counted.map(|(_, time)| time.as_secs_f64() * 1e3).collect());
    let kept: i64 = client
        .query_one("SELECT count(*) FROM message_receipts WHERE campaign_id = $1", &[&campaign.0])
        .await?
        .get(0);
    ensure!(kept == i64::from(posts), "{kept} of {posts} webhooks were kept");
    Ok(json!({
        "bench": "telnyx_webhooks", "per_second": WEBHOOKS_PER_S, "webhooks": took.len(), "kept": kept,
        "p50_ms": took.at(500), "p95_ms": took.at(950), "p99_ms": took.at(990), "max_ms": took.at(1_000),
        "load_average_before": load_before, "load_average_after": load::averages(),
    }))
}

/// A receipt as long as the provider's.
fn event(n: u32, phone: u64) -> String {
    json!({
        "data": {
            "record_type": "event", "event_type": "message.finalized", "id": Uuid::from_u128(u128::from(n)),
            "occurred_at": SystemClock.now(),
            "payload": {
                "record_type": "message", "direction": "outbound", "id": Uuid::from_u128(u128::from(n) << 64),
                "type": "SMS", "from": {"phone_number": "PREGON", "carrier": "", "line_type": ""},
                "to": [{"phone_number": format!("+52{phone}"), "status": "delivered", "carrier": "BENCH",
                        "line_type": "Wireless"}],
                "text": "Hola, hoy 20% de descuento en tu tienda de siempre. Responde ALTO para no recibir mas.",
                "encoding": "GSM-7", "parts": 1, "cost": {"amount": "0.0051", "currency": "USD"},
                "webhook_url": null, "webhook_failover_url": null, "tags": [], "errors": [],
                "received_at": SystemClock.now(), "sent_at": SystemClock.now(), "completed_at": SystemClock.now(),
            },
        },
        "meta": {"attempt": 1, "delivered_to": "https://sms.example.mx/webhooks/telnyx"},
    })
    .to_string()
}

/// The processor time of this process, as the system tells it, in hundredths of a second.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit_once(") ").context("/proc/self/stat is of another form")?.1;
    let ticks: Vec<f64> =
        behind_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    ensure!(ticks.len() == 2, "/proc/self/stat is of another form");
    Ok((ticks[0] + ticks[1]) / 100.0)
}
