//! HTTP as it should be spoken, and as it should not: what the api answers to both, over sockets of our own where no client
//! would say such a thing.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::House;

impl House {
    /// Says exactly this to the api, and hears all that it says until it hangs up or says nothing more for a while.
    async fn say(&self, words: &[u8]) -> String {
        let mut wire = self.wire().await;
        wire.write_all(words).await.unwrap();
        heard(&mut wire, Duration::from_secs(1)).await
    }

    async fn wire(&self) -> TcpStream {
        TcpStream::connect(self.stack.api_url.strip_prefix("http://").unwrap()).await.unwrap()
    }

    fn bearer(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.admin.token())
    }
}

async fn heard(wire: &mut TcpStream, patience: Duration) -> String {
    let (mut all, mut piece) = (Vec::new(), vec![0; 16 * 1024]);
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(patience, wire.read(&mut piece)).await {
        all.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// The statuses of the answers that were heard, in their order.
fn statuses(heard: &str) -> Vec<u16> {
    heard.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

#[tokio::test]
async fn bodies_that_are_no_json_of_ours_are_refused_and_never_our_fault() {
    let house = House::with_contacts(1).await;
    let nested = |depth: usize| format!(r#"{{"definition":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let leaf =
        |value: &str| format!(r#"{{"definition":{{"field":"send_count","op":"eq","value":{value}}}}}"#);
    let utf16: Vec<u8> = r#"{"numbers":[]}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let json = "application/json";
    let cases: Vec<(&str, &str, Vec<u8>, u16)> = vec![
        ("/segments/preview", json, leaf("1").into(), 200),
        ("/segments/preview", "application/json; charset=UTF-8", leaf("1").into(), 200),
        ("/segments/preview", "application/json; charset=latin1", leaf("1").into(), 415),
        ("/segments/preview", "text/json", leaf("1").into(), 415),
        ("/segments/preview", "", leaf("1").into(), 415),
        ("/segments/preview", json, nested(120).into(), 422),
        ("/segments/preview", json, nested(100_000).into(), 400),
        ("/segments/preview", json, leaf("NaN").into(), 400),
        ("/segments/preview", json, leaf("9223372036854775808").into(), 422),
        ("/segments/preview", json, leaf("1e400").into(), 400),
        ("/segments/preview", json, leaf(r#""\ud800""#).into(), 400),
        ("/segments/preview", json, leaf(r#""\u0000""#).into(), 422),
        (
            "/segments/preview",
            json,
            r#"{"definition":{"field":"state","field":"lada","op":"eq","value":"33"}}"#.into(),
            422,
        ),
        ("/segments/preview", json, r#"{"definition":{"all":[]},"definition":{"all":[]}}"#.into(), 422),
        ("/phones/normalize", json, r#"{"numbers":["\u0000"]}"#.into(), 422),
        ("/phones/normalize", json, r#"{"numbers":[],"numbers":[]}"#.into(), 422),
        ("/phones/normalize", json, utf16, 400),
        ("/phones/normalize", json, b"\xef\xbb\xbf{\"numbers\":[]}".to_vec(), 400),
        ("/phones/normalize", json, b"{\"numbers\":[\"\xff\xfe\"]}".to_vec(), 400),
        ("/phones/normalize", json, r#"{"numbers":[]} {}"#.into(), 400),
        ("/messages/preview", json, r#"{"text":"a\u0000b"}"#.into(), 422),
        ("/contacts", json, r#"{"phone":"55 1000 0009","full_name":"A\u0000B"}"#.into(), 422),
    ];
    let mut wrong = Vec::new();
    for (path, kind, body, expected) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(90)]).into_owned();
        let mut request = house.admin.request(Method::POST, path).body(body);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        if status != expected {
            wrong.push(format!("{path} {kind} {shown}: {status} instead of {expected}: {text:.300}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// So many query parameters that nobody knows.
fn parameters(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|n| format!("&x{n}=1")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn addresses_that_play_tricks_are_refused() {
    let house = House::with_contacts(1).await;
    let many = parameters(0..10_000);
    let long = parameters(0..1_500);
    let few = parameters(0..200);
    let mut wrong = Vec::new();
    for (target, expected) in [
        ("/api/v1/contacts".to_owned(), 200),
        (format!("/api/v1/contacts?limit=1{many}"), 400),
        (format!("/api/v1/contacts?limit=1{long}"), 414),
        (format!("/api/v1/auth/me?{long}"), 414),
        (format!("/api/v1/contacts?limit=1{few}"), 400),
        ("/api/v1/../v1/contacts".to_owned(), 400),
        ("/api/v1/%2e%2e/v1/contacts".to_owned(), 400),
        ("/api/v1/.%2E/v1/contacts".to_owned(), 400),
        ("/api/v1/..%2fv1/contacts".to_owned(), 400),
        ("/api//v1/contacts".to_owned(), 400),
        ("//api/v1/contacts".to_owned(), 400),
        ("/api/v1/contacts/1%00".to_owned(), 400),
        ("/api/v1/contacts/".to_owned(), 404),
        ("/health/".to_owned(), 404),
        ("/api/v1/CONTACTS".to_owned(), 404),
        ("/api/v1/contacts?state=%ff".to_owned(), 400),
    ] {
        let words =
            format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{}\r\n", house.bearer());
        let heard = house.say(words.as_bytes()).await;
        if statuses(&heard) != [expected] {
            wrong.push(format!("{target:.60}: {heard:.200} instead of {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let slash = house.say(b"GET /api/v1/contacts/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(slash.contains("you may mean /api/v1/contacts\""), "{slash}");
}

#[tokio::test]
async fn lies_about_lengths_and_requests_in_one_breath_are_told_apart() {
    let house = House::with_contacts(1).await;
    let bearer = house.bearer();
    let post = format!(
        "POST /api/v1/phones/normalize HTTP/1.1\r\nhost: a\r\n{bearer}content-type: application/json\r\n"
    );
    let me = format!("GET /api/v1/auth/me HTTP/1.1\r\nhost: a\r\n{bearer}\r\n");
    // In one breath: each is answered, in the order in which they were made.
    let both = house.say(format!("{me}GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n{me}").as_bytes()).await;
    assert_eq!(statuses(&both), [200, 404, 200], "{both}");
    for (name, words) in [
        ("two lengths", format!("{post}content-length: 4\r\ncontent-length: 14\r\n\r\n{{\"numbers\":[]}}")),
        (
            "a length and pieces",
            format!(
                "{post}content-length: 14\r\ntransfer-encoding: chunked\r\n\r\ne\r\n{{\"numbers\":[]}}\r\n0\r\n\r\n"
            ),
        ),
        ("a negative length", format!("{post}content-length: -1\r\n\r\n")),
        ("no number", format!("{post}content-length: +14\r\n\r\n{{\"numbers\":[]}}")),
        ("a strange encoding", format!("{post}transfer-encoding: chunked, identity\r\n\r\n")),
        ("pieces of no size", format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n")),
        ("a space before the colon", "GET /health/live HTTP/1.1\r\nhost : a\r\n\r\n".to_owned()),
        ("a folded header", "GET /health/live HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n".to_owned()),
        ("nothing that is HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned()),
    ] {
        let heard = house.say(words.as_bytes()).await;
        let answered = statuses(&heard);
        let is_refused = answered.len() <= 1
            && answered.iter().all(|status| (400..500).contains(status) || *status == 501);
        assert!(is_refused, "{name}: {heard}");
    }
    // More than was announced is another request, and none.
    let longer =
        house.say(format!("{post}content-length: 14\r\n\r\n{{\"numbers\":[]}}{{}}").as_bytes()).await;
    assert_eq!(statuses(&longer).first(), Some(&200), "{longer}");
    // Long headers, and many.
    let long = format!("GET /health/live HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(statuses(&house.say(long.as_bytes()).await), [431]);
    let many = (0..200).map(|n| format!("x{n}: 1")).collect::<Vec<_>>().join("\r\n") + "\r\n";
    let many = house.say(format!("GET /health/live HTTP/1.1\r\nhost: a\r\n{many}\r\n").as_bytes()).await;
    assert!(statuses(&many).iter().all(|status| (400..500).contains(status)), "{many}");
}

#[tokio::test]
async fn slow_callers_are_cut_and_hold_nobody_up() {
    let mut house = House::with_contacts(1).await;
    house.stack.set("PREGON__LIMITS__HEADER_TIMEOUT_MS", "1000");
    house.stack.set("PREGON__LIMITS__BODY_TIMEOUT_MS", "1000");
    house.stack.restart_api().await.unwrap();
    let asked = Instant::now();
    let mut slow_headers = Vec::new();
    for _ in 0..50 {
        let mut wire = house.wire().await;
        wire.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n").await.unwrap();
        slow_headers.push(wire);
    }
    let mut slow_body = house.wire().await;
    let post = format!(
        "POST /api/v1/phones/normalize HTTP/1.1\r\nhost: a\r\n{}content-type: application/json\r\ncontent-length: 5000\r\n\r\n{{",
        house.bearer()
    );
    slow_body.write_all(post.as_bytes()).await.unwrap();
    let live = reqwest::get(format!("{}/health/live", house.stack.api_url)).await.unwrap();
    assert_eq!(live.status(), StatusCode::OK);
    let heard_of_body = heard(&mut slow_body, Duration::from_secs(8)).await;
    assert_eq!(statuses(&heard_of_body), [408], "{heard_of_body}");
    for mut wire in slow_headers {
        let heard = heard(&mut wire, Duration::from_secs(8)).await;
        assert!(statuses(&heard).iter().all(|status| *status == 408), "{heard}");
    }
    // Each was hung up on: none of them was waited for as long as somebody who is heard.
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn methods_and_media_types_are_answered_as_http_wants_it() {
    let house = House::with_contacts(30).await;
    let ask = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        let mut request = house.admin.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    let get = ask(Method::GET, "/contacts?limit=1", &[]).await;
    let head = ask(Method::HEAD, "/contacts?limit=1", &[]).await;
    for name in ["content-type", "content-length", "cache-control", "x-content-type-options"] {
        assert_eq!(get.headers()[name], head.headers()[name], "{name}");
    }
    assert_eq!((head.status(), head.bytes().await.unwrap().len()), (StatusCode::OK, 0));
    assert_eq!(get.headers()["cache-control"], "no-store");

    let options = ask(Method::OPTIONS, "/contacts", &[]).await;
    assert_eq!(options.status(), StatusCode::NO_CONTENT);
    assert_eq!(options.headers()["allow"], "GET, POST, HEAD, OPTIONS");
    let put = ask(Method::PUT, "/contacts", &[]).await;
    assert_eq!(put.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(put.headers()["allow"], "GET, POST, HEAD, OPTIONS");
    for method in ["TRACE", "CONNECT", "FOO"] {
        let words = format!("{method} /api/v1/contacts HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let told = house.say(words.as_bytes()).await;
        assert!(statuses(&told).iter().all(|status| [400, 404, 405].contains(status)), "{method}: {told}");
    }

    for (accept, expected) in
        [("text/html", 406), ("application/xml;q=1, */*;q=0.1", 200), ("application/json", 200)]
    {
        assert_eq!(
            ask(Method::GET, "/contacts", &[("accept", accept)]).await.status().as_u16(),
            expected,
            "{accept}"
        );
    }

    // The caller's id of a request comes back; one that is none is replaced.
    let named = ask(Method::GET, "/auth/me", &[("x-request-id", "mine-1")]).await;
    assert_eq!(named.headers()["x-request-id"], "mine-1");
    let strange = ask(Method::GET, "/auth/me", &[("x-request-id", "a b<script>")]).await;
    assert_ne!(strange.headers()["x-request-id"], "a b<script>");
}

#[tokio::test]
async fn long_answers_are_compressed_and_those_with_secrets_never() {
    let house = House::with_contacts(200).await;
    let gzip = ("accept-encoding", "gzip");
    let ask = async |path: &str| {
        house.admin.request(Method::GET, path).header(gzip.0, gzip.1).send().await.unwrap()
    };
    let long = ask("/contacts?limit=200").await;
    assert_eq!(long.headers()["content-encoding"], "gzip");
    assert!(long.headers()["vary"].to_str().unwrap().to_lowercase().contains("accept-encoding"));
    assert!(long.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
    for short in ["/contacts?limit=1", "/auth/me", "/auth/sessions", "/nowhere"] {
        let answer = ask(short).await;
        assert!(!answer.headers().contains_key("content-encoding"), "{short}");
        let _: Value = answer.json().await.unwrap();
    }
    let plain = house.admin.request(Method::GET, "/contacts?limit=200").send().await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn pages_of_the_sites_that_are_named_may_ask_and_no_others() {
    let mut house = House::with_contacts(1).await;
    house.stack.set("PREGON__HTTP__CORS_ORIGINS", "https://console.example.mx");
    house.stack.restart_api().await.unwrap();
    let url = format!("{}/api/v1/contacts", house.stack.api_url);
    let ask = async |method: Method, origin: &str| {
        let request = reqwest::Client::new()
            .request(method, &url)
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,idempotency-key");
        request.send().await.unwrap()
    };
    let ours = ask(Method::OPTIONS, "https://console.example.mx").await;
    assert_eq!(ours.status(), StatusCode::OK);
    assert_eq!(ours.headers()["access-control-allow-origin"], "https://console.example.mx");
    let exposed = ask(Method::GET, "https://console.example.mx").await;
    let exposed = exposed.headers()["access-control-expose-headers"].to_str().unwrap().to_owned();
    for name in ["ratelimit", "retry-after", "x-request-id", "etag"] {
        assert!(exposed.to_lowercase().contains(name), "{exposed}");
    }
    for origin in ["https://evil.example", "https://console.example.mx.evil.example", "null"] {
        for method in [Method::OPTIONS, Method::GET] {
            let theirs = ask(method, origin).await;
            assert!(!theirs.headers().contains_key("access-control-allow-origin"), "{origin}");
        }
    }
}
