//! Servers made by hand, which do what no HTTP library would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::port::SmsGateway;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::listener::Request;
use super::*;

/// What a server does with a connection once it has read a request.
#[derive(Debug, Clone)]
enum Then {
    Close,
    Reset,
    Stay,
    /// Writes this, then closes.
    Say(Vec<u8>),
    /// Writes this, then says nothing more.
    SayAndStay(Vec<u8>),
}

/// A server, and how many requests it read.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

async fn server(then: Then) -> Server {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let (then, count) = (then.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                while Request::read(&mut stream).await.is_some() {
                    count.fetch_add(1, Ordering::Relaxed);
                    if !act(&mut stream, &then).await {
                        return;
                    }
                }
            });
        }
    });
    Server { url, requests }
}

/// Whether the connection stays open.
async fn act(stream: &mut TcpStream, then: &Then) -> bool {
    match then {
        Then::Close => false,
        Then::Reset => {
            stream.set_zero_linger().unwrap();
            false
        }
        Then::Stay => true,
        Then::Say(bytes) => {
            stream.write_all(bytes).await.unwrap();
            false
        }
        Then::SayAndStay(bytes) => stream.write_all(bytes).await.is_ok(),
    }
}

async fn send_to(url: &str) -> SendOutcome {
    gateway(url, "http://127.0.0.1:1").send(message(attempt(1, 1), "5512345678")).await
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn whatever_happens_after_the_request_left_is_unknown_and_tried_once() {
    let large = "x".repeat(65 * 1024);
    let cases = [
        (Then::Close, "connection_lost"),
        (Then::Reset, "connection_lost"),
        (Then::Stay, "timeout"),
        (Then::Say(b"HTTP/1.1 200".to_vec()), "connection_lost"),
        (Then::Say(b"\x16\x03\x01\x00garbage".to_vec()), "connection_lost"),
        (Then::Say(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()), "connection_lost"),
        (Then::SayAndStay(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), "timeout"),
        (Then::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\"".to_vec()), "answer_unreadable"),
        (
            Then::SayAndStay(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"da".to_vec()),
            "answer_unreadable",
        ),
        (Then::Say(answer("200 OK", "")), "answer_unreadable"),
        (Then::Say(answer("200 OK", "<html>")), "answer_unreadable"),
        (
            Then::Say(answer("200 OK", &format!(r#"{{"x":"{large}","data":{{"id":"y"}}}}"#))),
            "answer_unreadable",
        ),
        (Then::Say(answer("307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/", "")), "redirected"),
        (Then::Say(answer("400 Bad Request", "no json")), "unlisted_error"),
        (Then::Say(answer("500 Internal Server Error", "")), "provider_fault"),
        (Then::Say(answer("504 Gateway Timeout", "")), "provider_fault"),
    ];
    // At once, for some of them take as long as a call may.
    futures::future::join_all(cases.map(|(then, reason)| async move {
        let server = server(then.clone()).await;
        let outcome = send_to(&server.url).await;
        assert_eq!(outcome, unknown(reason), "{then:.60?}");
        assert_eq!(server.requests.load(Ordering::Relaxed), 1, "{then:.60?}");
    }))
    .await;
}

#[tokio::test]
async fn where_no_connection_is_made_nothing_was_sent() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    assert_eq!(send_to(&closed).await, out_of_reach("connect_failed"));
    assert_eq!(send_to("http://name.invalid").await, out_of_reach("connect_failed"));
    // Somebody who does not speak TLS: no byte of the message left.
    let plain = server(Then::Close).await;
    assert_eq!(send_to(&plain.url.replace("http", "https")).await, out_of_reach("connect_failed"));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!("https://{}", socket.local_addr().unwrap());
    assert_eq!(send_to(&mute).await, out_of_reach("connect_failed"));
}

#[tokio::test]
async fn a_refusal_that_broke_off_still_has_its_status() {
    let broken =
        |head: &str| Then::Say(format!("HTTP/1.1 {head}\r\ncontent-length: 500\r\n\r\n{{\"err").into_bytes());
    let throttled = server(broken("429 Too Many Requests\r\nretry-after: 9")).await;
    assert_eq!(
        send_to(&throttled.url).await,
        SendOutcome::Throttled { retry_after: Some(Duration::from_secs(9)) }
    );
    let refused = server(broken("401 Unauthorized")).await;
    assert_eq!(send_to(&refused.url).await, SendOutcome::AccountBlocked { reason: "key_refused".to_owned() });
}

#[tokio::test]
async fn a_pooled_connection_that_is_closed_under_us_never_makes_two_of_one() {
    // Each connection serves one request and is closed right after its answer, which a keep-alive header denies.
    let body = r#"{"data":{"id":"40385f64"}}"#;
    let server = server(Then::Say(answer("200 OK\r\nconnection: keep-alive", body))).await;
    let gateway = gateway(&server.url, "http://127.0.0.1:1");
    for seq in 1..=200 {
        let outcome = gateway.send(message(attempt(seq, 1), "5512345678")).await;
        let is_honest =
            matches!(outcome, SendOutcome::Accepted { .. }) || outcome == unknown("connection_lost");
        assert!(is_honest, "{outcome:?}");
        assert!(server.requests.load(Ordering::Relaxed) <= seq as usize, "{seq}");
    }
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_are_allowed() {
    let server = server(Then::Stay).await;
    let few = TelnyxOptions { connections_max: 2, ..options(&server.url, "http://127.0.0.1:1") };
    let gateway = TelnyxGateway::new(&few).unwrap();
    let calls = (1..=5).map(|seq| gateway.send(message(attempt(seq, 1), "5512345678")));
    let mut outcomes = futures::future::join_all(calls).await;
    outcomes.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(outcomes[..3], [(); 3].map(|()| not_sent("no_free_connection")));
    assert_eq!(outcomes[3..], [(); 2].map(|()| unknown("timeout")));
    assert_eq!(server.requests.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_request_is_as_telnyx_wants_it() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway =
        gateway(&format!("http://{}/", socket.local_addr().unwrap()), "https://sms.example.mx/hooks/");
    let mut profile = message(attempt(7, 2), "5512345678");
    profile.from = SenderAddress { kind: SenderKind::Profile, value: "4000eba1".to_owned() };
    let mut bodies = Vec::new();
    for message in [message(attempt(7, 2), "5512345678"), profile] {
        let (outcome, request) = tokio::join!(gateway.send(message), async {
            let (mut stream, _) = socket.accept().await.unwrap();
            let request = Request::read(&mut stream).await.unwrap();
            stream.write_all(&answer("200 OK", r#"{"data":{"id":"40385f64"}}"#)).await.unwrap();
            request
        });
        assert_eq!(outcome, SendOutcome::Accepted { provider_id: "40385f64".to_owned() });
        assert_eq!(request.path, "/v2/messages");
        assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("idempotency-key"), Some(attempt(7, 2).to_string().as_str()));
        bodies.push(serde_json::from_slice::<Value>(&request.body).unwrap());
    }
    let mut expected = json!({
        "to": "+525512345678", "from": "+525500000001", "type": "SMS", "use_profile_webhooks": false,
        "text": "¡Hoy 2×1! Responde ALTO para no recibir más",
        "webhook_url": format!("https://sms.example.mx/hooks/webhooks/telnyx?ref={}", attempt(7, 2)),
    });
    assert_eq!(bodies[0], expected);
    expected.as_object_mut().unwrap().remove("from");
    expected["messaging_profile_id"] = json!("4000eba1");
    assert_eq!(bodies[1], expected);
}
