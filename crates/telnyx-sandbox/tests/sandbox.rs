//! The sandbox from outside, as a client of Telnyx meets it.

#![expect(clippy::unwrap_used, reason = "what fails in here fails a test, and says where")]

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use telnyx_sandbox::{Outcome, OutcomeOf, Sandbox, SandboxOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

/// The longest that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

async fn sandbox(options: SandboxOptions) -> Sandbox {
    Sandbox::start(SandboxOptions {
        webhook_delay: Duration::from_millis(1),
        webhook_retry: Duration::from_millis(20),
        ..options
    })
    .await
    .unwrap()
}

fn body(number: &str, webhook_url: Option<&str>) -> Value {
    json!({"to": number, "from": "+525500000001", "text": "Hoy 2x1", "type": "SMS", "webhook_url": webhook_url})
}

async fn post(sandbox: &Sandbox, key: Option<&str>, body: &Value) -> reqwest::Result<Response> {
    let mut request = Client::new().post(format!("{}/v2/messages", sandbox.url())).json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    request.send().await
}

async fn get(sandbox: &Sandbox, path: &str) -> Value {
    reqwest::get(format!("{}{path}", sandbox.url())).await.unwrap().json().await.unwrap()
}

async fn admin(sandbox: &Sandbox, path: &str, body: Value) -> Response {
    Client::new().post(format!("{}/admin/{path}", sandbox.url())).json(&body).send().await.unwrap()
}

async fn code(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    (status, body["errors"][0]["code"].as_str().unwrap().to_owned())
}

/// Waits until the summary's count of webhooks is `count`.
async fn wait_for_webhooks(sandbox: &Sandbox, name: &str, count: u64) -> Value {
    timeout(PATIENCE, async {
        loop {
            let summary = get(sandbox, "/admin/summary").await;
            if summary["webhooks"][name] == count {
                return summary;
            }
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap()
}

/// Takes connections and answers each with `status`, as many as come.
async fn listener(status: &'static str) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?ref=a-1-1", socket.local_addr().unwrap());
    tokio::spawn(async move { serve(socket, status).await });
    url
}

async fn serve(socket: TcpListener, status: &str) {
    while let Ok((mut stream, _)) = socket.accept().await {
        let mut request = vec![0; 64 * 1024];
        let _ = stream.read(&mut request).await;
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

#[tokio::test]
async fn the_ledger_holds_what_was_accepted_with_the_reference_of_its_webhook() {
    let sandbox = sandbox(SandboxOptions::default()).await;
    assert_eq!(get(&sandbox, "/admin/ledger").await, json!({"data": []}));
    let answer =
        post(&sandbox, None, &body("+525512345678", Some("http://127.0.0.1:1/w?ref=a-1-1"))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    let data = &answer["data"];
    assert_eq!(
        (&data["to"][0]["status"], &data["parts"], &data["text"]),
        (&json!("queued"), &json!(1), &json!("Hoy 2x1"))
    );
    post(&sandbox, None, &body("+525512345679", None)).await.unwrap();
    // Refused, and so not in it.
    post(&sandbox, None, &body("+525512345602", None)).await.unwrap();

    let ledger = get(&sandbox, "/admin/ledger").await;
    let line = &ledger["data"][0];
    assert_eq!(line["to"], "+525512345678");
    assert_eq!(line["ref"], "a-1-1");
    assert_eq!(line["id"], data["id"]);
    assert_eq!(line["outcome"], "delivered");
    assert!(line["accepted_at"].as_str().unwrap().ends_with('Z'), "{line}");
    assert_eq!(ledger["data"][1]["ref"], Value::Null);
    assert_eq!(ledger["data"].as_array().unwrap().len(), 2);
    assert_eq!(sandbox.ledger().len(), 2);

    let summary = get(&sandbox, "/admin/summary").await;
    assert_eq!(summary["accepted"], json!({"delivered": 2}));
    assert_eq!(summary["refused"], json!({"refused": 1}));
}

#[tokio::test]
async fn a_ledger_of_many_pages_is_one_document() {
    let sandbox = sandbox(SandboxOptions::default()).await;
    let client = Client::new();
    let url = format!("{}/v2/messages", sandbox.url());
    // One more than a page, so that the last one begins with a comma and not with a bracket.
    for _ in 0..4097 {
        let answer = client.post(&url).json(&body("+525512345678", None)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        // Read to its end, so that the connection serves the next.
        answer.bytes().await.unwrap();
    }
    let ledger = get(&sandbox, "/admin/ledger").await;
    let mut ids: Vec<_> =
        ledger["data"].as_array().unwrap().iter().map(|line| line["id"].to_string()).collect();
    assert_eq!(ids.len(), 4097);
    ids.dedup();
    assert_eq!(ids.len(), 4097);
}

#[tokio::test]
async fn a_key_brings_one_acceptance_and_the_same_answer() {
    let sandbox = sandbox(SandboxOptions { slow: Duration::from_secs(1), ..SandboxOptions::default() }).await;
    let delivered = body("+525512345678", None);
    let first = post(&sandbox, Some("k-1"), &delivered).await.unwrap().bytes().await.unwrap();
    let again = post(&sandbox, Some("k-1"), &delivered).await.unwrap().bytes().await.unwrap();
    assert_eq!(first, again);
    let other = post(&sandbox, Some("k-1"), &body("+525512345679", None)).await.unwrap();
    assert_eq!(code(other).await, (StatusCode::UNPROCESSABLE_ENTITY, "10027".to_owned()));

    let slow = body("+525512345608", None);
    let (first, during) = tokio::join!(post(&sandbox, Some("k-2"), &slow), async {
        sleep(Duration::from_millis(100)).await;
        post(&sandbox, Some("k-2"), &slow).await
    });
    assert_eq!(first.unwrap().status(), StatusCode::OK);
    assert_eq!(code(during.unwrap()).await, (StatusCode::CONFLICT, "10036".to_owned()));
    assert_eq!(post(&sandbox, Some("k-2"), &slow).await.unwrap().status(), StatusCode::OK);

    // A refusal is not kept: the key may be tried again.
    let for_now = body("+525512345604", None);
    let refused = post(&sandbox, Some("k-3"), &for_now).await.unwrap();
    assert_eq!(code(refused).await, (StatusCode::BAD_REQUEST, "40008".to_owned()));
    assert_eq!(post(&sandbox, Some("k-3"), &for_now).await.unwrap().status(), StatusCode::OK);

    let long = "k".repeat(256);
    for bad in ["", "a key", long.as_str()] {
        let answer = post(&sandbox, Some(bad), &delivered).await.unwrap();
        assert_eq!(code(answer).await, (StatusCode::BAD_REQUEST, "10015".to_owned()), "{bad}");
    }
    assert_eq!(sandbox.ledger().len(), 3);
    assert_eq!(get(&sandbox, "/admin/summary").await["repeated"], 2);
}

#[tokio::test]
async fn a_request_without_the_key_is_refused_as_telnyx_refuses_it() {
    let sandbox =
        sandbox(SandboxOptions { api_key: Some("KEY".to_owned()), ..SandboxOptions::default() }).await;
    let url = format!("{}/v2/messages", sandbox.url());
    for header in [None, Some("Bearer KEY2"), Some("KEY"), Some("Basic KEY")] {
        let mut request = Client::new().post(&url).json(&body("+525512345678", None));
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let answer = code(request.send().await.unwrap()).await;
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, "10009".to_owned()), "{header:?}");
    }
    let borne = Client::new().post(&url).bearer_auth("KEY").json(&body("+525512345678", None));
    assert_eq!(borne.send().await.unwrap().status(), StatusCode::OK);
    let nowhere = reqwest::get(format!("{}/v2/elsewhere", sandbox.url())).await.unwrap();
    assert_eq!(code(nowhere).await, (StatusCode::NOT_FOUND, "10005".to_owned()));
}

#[tokio::test]
async fn rate_and_ledger_have_ends() {
    let few = sandbox(SandboxOptions { rate: 2, ..SandboxOptions::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let answer = post(&few, None, &body("+525512345678", None)).await.unwrap();
        let wait = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        statuses.push((answer.status().as_u16(), wait));
    }
    assert_eq!(statuses[0], (200, None));
    assert!(statuses.contains(&(429, Some("1".to_owned()))), "{statuses:?}");

    let small = sandbox(SandboxOptions { ledger_max: 1, ..SandboxOptions::default() }).await;
    let number = body("+525512345678", None);
    assert_eq!(post(&small, None, &number).await.unwrap().status(), StatusCode::OK);
    let answer = post(&small, None, &number).await.unwrap();
    assert_eq!(code(answer).await, (StatusCode::SERVICE_UNAVAILABLE, "10037".to_owned()));
    assert_eq!(small.ledger().len(), 1);
}

#[tokio::test]
async fn a_cut_connection_has_no_status_and_a_slow_answer_takes_its_time() {
    let options = SandboxOptions { silence: Duration::from_millis(200), ..SandboxOptions::default() };
    let sandbox = sandbox(SandboxOptions { latency: Duration::from_millis(50), ..options }).await;
    for (ending, least_ms) in [("12", 50), ("10", 250)] {
        let began = Instant::now();
        let error = post(&sandbox, None, &body(&format!("+5255123456{ending}"), None)).await.unwrap_err();
        assert!(error.is_request() && error.status().is_none() && !error.is_connect(), "{error:?}");
        assert!(began.elapsed() >= Duration::from_millis(least_ms), "{ending}");
    }
    assert_eq!(sandbox.ledger().len(), 2);
}

#[tokio::test]
async fn scripts_beat_digits_the_nearest_first() {
    let sandbox =
        sandbox(SandboxOptions { slow: Duration::from_millis(1), ..SandboxOptions::default() }).await;
    let number = "+525512345678";
    let webhook = "http://127.0.0.1:1/w?ref=a-1-1";
    for (script, outcome) in [
        (json!({"outcome": "no_receipt"}), Outcome::NoReceipt),
        (json!({"outcome": "receipt_twice", "from": "+525500000001"}), Outcome::ReceiptTwice),
        (json!({"outcome": "undelivered", "to": number}), Outcome::Undelivered),
        (json!({"outcome": "slow", "ref": "a-1-1"}), Outcome::Slow),
        (json!({"outcome": null, "ref": "a-1-1"}), Outcome::Undelivered),
        (json!({"outcome": null, "to": number}), Outcome::ReceiptTwice),
        (json!({"outcome": null, "from": "+525500000001"}), Outcome::NoReceipt),
        (json!({"outcome": null}), Outcome::Delivered),
    ] {
        assert_eq!(admin(&sandbox, "outcomes", script.clone()).await.status(), StatusCode::NO_CONTENT);
        let before = sandbox.ledger().len();
        post(&sandbox, None, &body(number, Some(webhook))).await.unwrap();
        assert_eq!(sandbox.ledger()[before].outcome, outcome, "{script}");
    }
    for bad in
        [json!({"outcome": "lost"}), json!({"outcome": "slow", "of": 1}), json!({"to": "a", "ref": "b"})]
    {
        assert!(admin(&sandbox, "outcomes", bad.clone()).await.status().is_client_error(), "{bad}");
    }
}

#[tokio::test]
async fn webhooks_wait_for_a_listener_that_is_away() {
    let sandbox = sandbox(SandboxOptions { webhook_tries_max: 100, ..SandboxOptions::default() }).await;
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    post(&sandbox, None, &body("+525512345678", Some(&format!("http://{address}/w")))).await.unwrap();
    wait_for_webhooks(&sandbox, "pending", 2).await;
    let socket = TcpListener::bind(address).await.unwrap();
    tokio::spawn(serve(socket, "200 OK"));
    let summary = wait_for_webhooks(&sandbox, "delivered", 2).await;
    assert_eq!(summary["webhooks"], json!({"pending": 0, "delivered": 2, "failed": 0}));
}

#[tokio::test]
async fn a_webhook_that_nobody_takes_is_given_up_in_the_end() {
    let sandbox = sandbox(SandboxOptions { webhook_tries_max: 3, ..SandboxOptions::default() }).await;
    let hook = listener("500 Internal Server Error").await;
    post(&sandbox, None, &body("+525512345678", Some(&hook))).await.unwrap();
    let summary = wait_for_webhooks(&sandbox, "failed", 2).await;
    assert_eq!(summary["webhooks"], json!({"pending": 0, "delivered": 0, "failed": 2}));
}

#[tokio::test]
async fn a_message_can_be_asked_for_and_stands_where_its_webhooks_say() {
    let sandbox = sandbox(SandboxOptions::default()).await;
    let hook = listener("200 OK").await;
    sandbox.script(OutcomeOf::Everything, Some(Outcome::Undelivered)).unwrap();
    post(&sandbox, None, &body("+525512345678", Some(&hook))).await.unwrap();
    wait_for_webhooks(&sandbox, "delivered", 2).await;
    let id = sandbox.ledger()[0].id;
    let message = get(&sandbox, &format!("/v2/messages/{id}")).await;
    assert_eq!(message["data"]["to"][0]["status"], "delivery_failed");
    assert_eq!(message["data"]["errors"][0]["code"], "40008");
    for none in ["x", "00000000-0000-7000-8000-000000000000"] {
        let answer = reqwest::get(format!("{}/v2/messages/{none}", sandbox.url())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{none}");
    }
}

#[tokio::test]
async fn a_webhook_made_by_hand_is_posted_once() {
    let sandbox = sandbox(SandboxOptions { seed: Some(7), ..SandboxOptions::default() }).await;
    let url = listener("204 No Content").await;
    for signature in ["valid", "wrong", "missing"] {
        let hand_made = json!({"url": url, "body": {"data": {}}, "timestamp": 1, "signature": signature});
        let answer: Value = admin(&sandbox, "webhooks", hand_made).await.json().await.unwrap();
        assert_eq!(answer, json!({"status": 204}));
    }
    let nowhere = json!({"url": "http://127.0.0.1:1", "body": {}});
    assert_eq!(admin(&sandbox, "webhooks", nowhere).await.status(), StatusCode::BAD_GATEWAY);

    let other = Sandbox::start(SandboxOptions { seed: Some(7), ..SandboxOptions::default() }).await.unwrap();
    assert_eq!(sandbox.public_key(), other.public_key());
    assert_eq!(get(&other, "/admin/public-key").await, json!({"public_key": other.public_key()}));
    let unseeded = Sandbox::start(SandboxOptions::default()).await.unwrap();
    assert_ne!(unseeded.public_key(), other.public_key());
}
