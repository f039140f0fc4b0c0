//! `webhook-faults`: posts that are broken in every way that chance finds, signed and not, and what the api answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::port::Clock as _;
use e2e::{OwnServers, Stack, StackOptions, Tools};
use ed25519_dalek::{Signer as _, SigningKey};
use futures::stream::{self, StreamExt as _};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use reqwest::Client;
use serde_json::json;
use system::SystemClock;
use tokio::time::sleep;

use crate::Arguments;
use crate::site::{binaries, insist};

/// Posts that are under way at once.
const AT_ONCE: usize = 32;

/// Longer bodies are refused by their length alone.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// What parsers have stumbled over.
const STUMBLING_BLOCKS: [&[u8]; 22] = [
    br"\u0000",
    br"\ud800",
    br"\udc00\ud800",
    b"\0",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"1e999",
    b"-0",
    b"123456789012345678901234567890",
    b"null",
    b"[]",
    b"{}",
    b"\"",
    b"\\",
    b"\"event_type\":\"message.received\",",
    b"\"data\":{},",
    b"+525512345678",
    b"' OR 1=1 --",
    "👩‍👩‍👧‍👦\u{202e}".as_bytes(),
    b"//* comment */",
    b"\r\n\r\nPOST / HTTP/1.1\r\n",
];

/// A post, and what it may be answered.
struct Post {
    body: Vec<u8>,
    query: String,
    signature: Option<Vec<u8>>,
    timestamp: Option<Vec<u8>>,
    is_signed: bool,
}

/// Posts for so long, and looks at each answer.
pub(crate) async fn webhook_faults(arguments: &Arguments) -> Result<()> {
    let binaries = binaries()?;
    let own = OwnServers::start(&binaries, "webhook-faults")?;
    let servers = own.servers()?;
    let (head, _) = servers.database_url.rsplit_once('/').context("the server's URL names no database")?;
    let url = format!("{head}/webhook_faults");
    let tools = Tools::beside(&binaries, &url);
    tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let mut secret = [0; 32];
    random.fill_bytes(&mut secret);
    let key = SigningKey::from_bytes(&secret);
    let mut options = StackOptions::impatient("webhook_faults");
    let public_key = BASE64.encode(key.verifying_key().as_bytes());
    options.settings.push(("PREGON__TELNYX__PUBLIC_KEY".to_owned(), public_key));
    options.settings.push(("PREGON__LOG__LEVEL".to_owned(), arguments.log.clone()));
    let mut stack = Stack::start(&tools, &servers, options).await?;

    let client = Client::builder().pool_max_idle_per_host(AT_ONCE).build()?;
    let address = format!("{}/webhooks/telnyx", stack.api_url);
    let (started, lasts) = (Instant::now(), Duration::from_secs(arguments.seconds));
    let mut answers: BTreeMap<(bool, u16), u64> = BTreeMap::new();
    let posts = std::iter::from_fn(|| (started.elapsed() < lasts).then(|| post(&mut random, &key)));
    let mut answered = stream::iter(posts)
        .map(|post| {
            let request = request(&client, &address, &post);
            async move { anyhow::Ok((request.send().await?.status().as_u16(), post)) }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = answered.next().await {
        let (status, post) = answer.context("the api does not answer")?;
        let is_right = match status {
            413 => post.body.len() > BODY_BYTES_MAX,
            200 | 400 => post.is_signed,
            // A header that is none is refused before it is looked at.
            401 => !post.is_signed,
            _ => false,
        };
        let shown = String::from_utf8_lossy(&post.body);
        let shown: String = shown.chars().take(2_000).collect();
        ensure!(is_right, "a post (signed: {}) was answered {status}: {shown}", post.is_signed);
        *answers.entry((post.is_signed, status)).or_default() += 1;
    }
    drop(answered);
    ensure!(stack.is_whole(), "a program has ended");
    let seconds = started.elapsed().as_secs_f64();
    let kept = examined(&url).await?;
    ensure!(stack.is_whole(), "a program has ended over what was kept");
    let posts: u64 = answers.values().sum();
    for ((is_signed, status), n) in &answers {
        eprintln!("{:>9}  {status}  {n}", if *is_signed { "signed" } else { "unsigned" });
    }
    eprintln!(
        "{posts} posts with seed {} in {seconds:.0} s: none was answered 5xx, {kept} events were kept and looked at",
        arguments.seed
    );
    if arguments.json {
        let by_status: Vec<_> = answers
            .iter()
            .map(|((is_signed, status), n)| json!({"signed": is_signed, "status": status, "posts": n}))
            .collect();
        let line = json!({
            "proof": "webhook-faults", "seed": arguments.seed, "seconds": seconds, "posts": posts, "answers": by_status,
            "kept": kept,
        });
        println!("{line}");
    }
    Ok(())
}

/// Waits until a worker has looked at all that was kept; how many events that are.
async fn examined(url: &str) -> Result<i64> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let open = "SELECT count(*) FILTER (WHERE examined_at IS NULL), count(*) FROM provider_events";
    insist("look at what was kept", async || {
        let row = client.query_one(open, &[]).await?;
        let open: i64 = row.get(0);
        if open > 0 {
            sleep(Duration::from_millis(100)).await;
        }
        ensure!(open == 0, "{open} events are not looked at");
        Ok(row.get(1))
    })
    .await
}

fn request(client: &Client, address: &str, post: &Post) -> reqwest::RequestBuilder {
    let mut request = client.post(format!("{address}{}", post.query)).body(post.body.clone());
    for (name, value) in
        [("telnyx-signature-ed25519", &post.signature), ("telnyx-timestamp", &post.timestamp)]
    {
        let value = value.as_deref().and_then(|value| reqwest::header::HeaderValue::from_bytes(value).ok());
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request
}

fn post(random: &mut StdRng, key: &SigningKey) -> Post {
    let mut body = event(random).into_bytes();
    for _ in 0..random.random_range(0..5) {
        break_one(&mut body, random);
    }
    let query = match random.random_range(0..4) {
        0 => String::new(),
        1 => format!(
            "?ref=0192e000000070008000{:012x}-{}-1",
            random.random::<u32>(),
            random.random_range(1..99)
        ),
        2 => "?ref=%00%ff&ref=-1-1".to_owned(),
        _ => format!("?{}", "ref=a&".repeat(random.random_range(0..50))),
    };
    let now = SystemClock.now().as_second();
    let timestamp = now.to_string();
    let sign = |timestamp: &str, body: &[u8]| {
        let signed = [timestamp.as_bytes(), b"|", body].concat();
        BASE64.encode(key.sign(&signed).to_bytes()).into_bytes()
    };
    let valid = sign(&timestamp, &body);
    let (signature, timestamp, is_signed) = match random.random_range(0..12) {
        0 => (None, Some(timestamp.into_bytes()), false),
        1 => (Some(valid), None, false),
        2 => (Some(noise(random, 120)), Some(timestamp.into_bytes()), false),
        3 => (Some(valid), Some(noise(random, 30)), false),
        4 => {
            let old = (now - 3_600).to_string();
            (Some(sign(&old, &body)), Some(old.into_bytes()), false)
        }
        5 => (Some(sign(&timestamp, b"another body")), Some(timestamp.into_bytes()), false),
        _ => (Some(valid), Some(timestamp.into_bytes()), true),
    };
    Post { body, query, signature, timestamp, is_signed }
}

/// An event as Telnyx posts it.
fn event(random: &mut StdRng) -> String {
    let kind = *["message.sent", "message.finalized", "message.received", "message.teleported"]
        .choose(random)
        .unwrap_or(&"");
    let phone = format!("+5255{:08}", random.random_range(0..100_000_000));
    let status = *["delivered", "delivery_failed", "sending_failed", "sent", "expired", "?"]
        .choose(random)
        .unwrap_or(&"");
    let text = *["ALTO", "ya no quiero", "¿quién es?", "", "Ayuda 👍"].choose(random).unwrap_or(&"");
    json!({"data": {
        "record_type": "event", "event_type": kind, "id": format!("fuzz-{:016x}", random.random::<u64>()),
        "occurred_at": "2026-11-20T10:00:00.000Z",
        "payload": {
            "id": format!("{:032x}", random.random::<u128>()), "record_type": "message", "direction": "outbound",
            "from": {"phone_number": phone}, "to": [{"phone_number": phone, "status": status}], "text": text,
            "parts": 1, "cost": {"amount": "0.0051", "currency": "USD"},
            "errors": [{"code": "40300", "title": "blocked"}],
        },
    }})
    .to_string()
}

/// Breaks a body in one way.
fn break_one(body: &mut Vec<u8>, random: &mut StdRng) {
    let at = random.random_range(0..=body.len());
    let until = random.random_range(at..=body.len().min(at + 40));
    match random.random_range(0..8) {
        0 if at < body.len() => body[at] ^= 1 << random.random_range(0..8),
        1 => body.truncate(at),
        2 => drop(body.drain(at..until)),
        3 => {
            let again = body[at..until].to_vec();
            body.splice(at..at, again);
        }
        4 => {
            let noise = noise(random, 20);
            body.splice(at..at, noise);
        }
        5 => {
            let depth = random.random_range(1..3_000);
            let deep = if random.random() { "[".repeat(depth) } else { "{\"a\":".repeat(depth) };
            body.splice(at..at, deep.into_bytes());
        }
        6 if random.random_range(0..50) == 0 => {
            let long = vec![b'x'; random.random_range(1..300_000)];
            body.splice(at..at, long);
        }
        _ => {
            let block = STUMBLING_BLOCKS.choose(random).copied().unwrap_or_default();
            body.splice(at..at, block.iter().copied());
        }
    }
}

/// Bytes of any kind, at most so many.
fn noise(random: &mut StdRng, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..=most)];
    random.fill_bytes(&mut bytes);
    bytes
}
