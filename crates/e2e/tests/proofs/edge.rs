//! The edge of the api as a process: who is let in where, how often, and how much at once.

use std::time::{Duration, Instant};

use e2e::Client;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, address};

const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

/// Every call of the description: method, address with its parts filled in, and the role that it asks for.
async fn calls(house: &House) -> Vec<(Method, String, String)> {
    let url = format!("{}/openapi.json", house.stack.api_url);
    let description: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let mut calls = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let path = path.replace("{id}", NOBODY).replace("{phone}", "5510000001").replace("{tag}", "x");
            let role = call["x-role"].as_str().unwrap().to_owned();
            calls.push((method.to_uppercase().parse().unwrap(), path, role));
        }
    }
    // Whoever leaves is let in nowhere after it.
    calls.sort_by_key(|(_, path, _)| path.ends_with("/logout"));
    calls
}

#[tokio::test]
async fn every_call_is_answered_to_the_roles_of_the_table_and_to_nobody_else() {
    let house = House::with_contacts(1).await;
    let calls = calls(&house).await;
    assert!(calls.len() > 70, "{}", calls.len());
    let roles = ["viewer", "operator", "manager", "admin"];
    let mut wrong = Vec::new();
    for (rank, role) in
        [None, Some("viewer"), Some("operator"), Some("manager"), Some("admin")].into_iter().enumerate()
    {
        let token = match role {
            None => None,
            Some("admin") => Some(house.admin.token().to_owned()),
            Some(role) => Some(house.somebody(role).await.token().to_owned()),
        };
        for (method, path, asks_for) in &calls {
            let http = reqwest::Client::new();
            let mut request = http.request(method.clone(), format!("{}{path}", house.stack.api_url));
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let refused = match roles.iter().position(|role| role == asks_for) {
                // The webhook's caller shows a signature, and has none here.
                None if path == "/webhooks/telnyx" => Some(StatusCode::UNAUTHORIZED),
                Some(_) if rank == 0 => Some(StatusCode::UNAUTHORIZED),
                Some(needed) if rank <= needed => Some(StatusCode::FORBIDDEN),
                Some(_) | None => None,
            };
            let is_right = if let Some(refused) = refused {
                status == refused
            } else {
                // It came to its handler, which has no body, or finds nobody.
                let text = answer.text().await.unwrap_or_default();
                !status.is_server_error()
                    && !matches!(status.as_u16(), 401 | 403 | 405 | 429)
                    && !text.contains("nothing at this address\"")
            };
            if !is_right {
                wrong.push(format!("{role:?} {method} {path} (asks for {asks_for}): {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again_and_nobody_else_is() {
    let mut house = House::with_contacts(1).await;
    house.stack.set("PREGON__LIMITS__USER_PER_SECOND", "1");
    house.stack.set("PREGON__LIMITS__USER_BURST", "20");
    house.stack.restart_api().await.unwrap();
    let other = house.somebody("viewer").await;
    let ask = async |client: &Client| client.request(Method::GET, "/auth/me").send().await.unwrap();
    let first = ask(&house.admin).await;
    assert_eq!(first.status(), StatusCode::OK);
    let policies = first.headers()["ratelimit-policy"].to_str().unwrap();
    assert!(policies.contains("\"user\";q=20;w=20") && policies.contains("\"address\";q="), "{policies}");
    assert!(first.headers()["ratelimit"].to_str().unwrap().contains("\"user\";r=19;t=1"));
    let mut refused = None;
    for _ in 0..60 {
        let answer = ask(&house.admin).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("twenty requests at once are all that are taken");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert!(refused.headers().contains_key("x-request-id"));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["status"], 429, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("limits.user_per_second"), "{problem}");
    // Another user is another limit, who watches us is not counted, and neither is a provider.
    assert_eq!(ask(&other).await.status(), StatusCode::OK);
    for _ in 0..30 {
        let health = reqwest::get(format!("{}/health/live", house.stack.api_url)).await.unwrap();
        assert_eq!(health.status(), StatusCode::OK);
        assert!(!health.headers().contains_key("ratelimit"));
    }
    // Whoever waits is let in again.
    let waited = Instant::now();
    while ask(&house.admin).await.status() != StatusCode::OK {
        assert!(waited.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn an_address_is_counted_by_what_our_proxy_says_and_not_by_what_the_caller_writes() {
    let mut house = House::with_contacts(1).await;
    house.stack.set("PREGON__LIMITS__ADDRESS_PER_SECOND", "1");
    house.stack.set("PREGON__LIMITS__ADDRESS_BURST", "10");
    house.stack.set("PREGON__HTTP__FORWARDED_HOPS", "1");
    house.stack.restart_api().await.unwrap();
    let url = format!("{}/api/v1/nothing", house.stack.api_url);
    let ask = async |forwarded: String| {
        let request = reqwest::Client::new().get(&url).header("x-forwarded-for", forwarded);
        request.send().await.unwrap().status()
    };
    // Whatever stands to the left is the caller's own word.
    let mut statuses = Vec::new();
    for n in 0..30 {
        statuses.push(ask(format!("198.51.100.{n}, 192.0.2.7")).await);
    }
    assert_eq!(statuses[0], StatusCode::NOT_FOUND);
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    assert_eq!(ask("192.0.2.8".to_owned()).await, StatusCode::NOT_FOUND);
    let login = reqwest::Client::new()
        .post(format!("{}/api/v1/auth/login", house.stack.api_url))
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-for", "192.0.2.77")
        .json(&json!({"email": address("admin"), "password": PASSWORD}));
    let pass: Value = login.send().await.unwrap().json().await.unwrap();
    let sessions: Value = reqwest::Client::new()
        .get(format!("{}/api/v1/auth/sessions", house.stack.api_url))
        .bearer_auth(pass["access_token"].as_str().unwrap())
        .header("x-forwarded-for", "192.0.2.77")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let from: Vec<&Value> =
        sessions["data"].as_array().unwrap().iter().map(|one| &one["remote_addr"]).collect();
    assert!(from.contains(&&json!("192.0.2.77")) && !from.contains(&&json!("203.0.113.9")), "{sessions}");
}

impl House {
    /// Waits until so many statements at least wait for the table of contacts.
    async fn until_waiting_for_contacts(&self, statements: i64) {
        let waiting = "SELECT count(*) FROM pg_locks
                       WHERE relation = 'contacts'::regclass AND NOT granted
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        for _ in 0..400 {
            if self.database.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) >= statements {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("fewer than {statements} statements wait");
    }
}

#[tokio::test]
async fn a_heavy_request_too_many_is_refused_at_once_and_light_ones_go_on() {
    let mut house = House::with_contacts(50).await;
    house.stack.set("PREGON__LIMITS__HEAVY_MAX", "2");
    house.stack.set("PREGON__LIMITS__HEAVY_WAIT_MS", "0");
    house.stack.restart_api().await.unwrap();
    let search = || house.admin.request(Method::GET, "/contacts/search?q=persona").send();
    assert_eq!(search().await.unwrap().status(), StatusCode::OK);
    // Nobody reads a contact while this is held: what searches waits.
    house.database.batch_execute("BEGIN; LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let asked = Instant::now();
    let answers = futures::future::join_all((0..30).map(|_| async {
        let answer = search().await.unwrap();
        (answer.status(), answer.headers().get("retry-after").is_some(), asked.elapsed())
    }));
    let meanwhile = async {
        house.until_waiting_for_contacts(2).await;
        for _ in 0..10 {
            let light = house.admin.request(Method::GET, "/campaigns").send().await.unwrap();
            assert_eq!(light.status(), StatusCode::OK);
        }
        house.database.batch_execute("ROLLBACK").await.unwrap();
    };
    let (answers, ()) = futures::join!(answers, meanwhile);
    // Two waited for the table; the others were told at once, and none of them took a connection.
    let refused: Vec<_> =
        answers.iter().filter(|(status, ..)| *status == StatusCode::SERVICE_UNAVAILABLE).collect();
    assert!(refused.len() == 28 && refused.iter().all(|(_, tells_when, _)| *tells_when), "{answers:?}");
    assert_eq!(search().await.unwrap().status(), StatusCode::OK);
}
