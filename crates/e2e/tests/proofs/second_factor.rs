//! Second factors as people use them, and guesses that no restart makes forgotten.

use std::time::Duration;

use domain::port::Clock as _;
use e2e::Client;
use reqwest::Method;
use serde_json::{Value, json};
use system::SystemClock;
use totp_rs::{Builder, Secret};

use crate::house::{House, PASSWORD, address};

/// How long a code is good, in seconds.
const STEP: i64 = 30;

/// Somebody's authenticator. Its clock stands still, so that a test may show the codes before and after, too.
struct Authenticator {
    secret: Secret,
    now: i64,
}

impl Authenticator {
    /// What `offered` holds, at a moment that is not just before the next step.
    async fn of(offered: &Value) -> Self {
        let until_next = STEP - SystemClock.now().as_second() % STEP;
        if until_next < 10 {
            tokio::time::sleep(Duration::from_secs(until_next.unsigned_abs())).await;
        }
        let secret = offered["secret"].as_str().unwrap();
        let uri = offered["uri"].as_str().unwrap();
        assert!(
            uri.starts_with("otpauth://totp/Preg%C3%B3n:") && uri.contains(secret),
            "what a QR code holds"
        );
        Self { secret: Secret::try_from_base32(secret).unwrap(), now: SystemClock.now().as_second() }
    }

    /// The code of so many steps from now.
    fn code(&self, steps: i64) -> String {
        let totp = Builder::new().with_secret(self.secret.clone()).with_digits(6).build_noncompliant();
        totp.generate((self.now + steps * STEP).unsigned_abs()).to_string()
    }
}

async fn log_in(api_url: &str, password: &str, code: Option<&str>) -> (u16, Value) {
    let mut body = json!({"email": address("admin"), "password": password});
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    let request = reqwest::Client::new().post(format!("{api_url}/api/v1/auth/login")).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn post(client: &Client, status: u16, path: &str, body: &Value) -> Value {
    client.must(status, Method::POST, path, Some(body)).await.unwrap()
}

fn kind(of: &str) -> Value {
    json!(format!("urn:pregon:problem:second-factor-{of}"))
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_it_is_confirmed_and_each_code_is_good_once() {
    let house = House::with_contacts(1).await;
    let api = house.stack.api_url.clone();
    let elsewhere = Client::sign_in(&api, &address("admin"), PASSWORD).await.unwrap();
    post(&house.admin, 422, "/auth/second-factor", &json!({"password": "no es esta, no"})).await;
    let offered = post(&house.admin, 201, "/auth/second-factor", &json!({"password": PASSWORD})).await;
    let authenticator = Authenticator::of(&offered).await;
    assert_eq!(log_in(&api, PASSWORD, None).await.0, 200, "what is not confirmed is not asked for");
    post(&house.admin, 422, "/auth/second-factor/confirm", &json!({"code": "12345"})).await;
    let codes =
        post(&house.admin, 200, "/auth/second-factor/confirm", &json!({"code": authenticator.code(-1)}))
            .await;
    let codes: Vec<&str> =
        codes["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(codes.len(), 10);
    assert_eq!(
        elsewhere.ask(Method::GET, "/auth/me", None).await.unwrap().0,
        401,
        "other sessions have ended"
    );
    let me = house.admin.must(200, Method::GET, "/auth/me", None).await.unwrap();
    assert_eq!(me["has_second_factor"], true);

    let (status, problem) = log_in(&api, PASSWORD, None).await;
    assert_eq!((status, &problem["type"]), (401, &kind("needed")));
    let (status, problem) = log_in(&api, PASSWORD, Some(&authenticator.code(-1))).await;
    assert_eq!((status, &problem["type"]), (401, &kind("wrong")), "it was used");
    let (status, problem) = log_in(&api, "no es esta, no", Some(&authenticator.code(0))).await;
    assert_eq!(
        (status, &problem["type"]),
        (401, &json!("about:blank")),
        "of a code nothing is told: {problem}"
    );
    assert_eq!(log_in(&api, PASSWORD, Some(&authenticator.code(0))).await.0, 200);
    assert_eq!(log_in(&api, PASSWORD, Some(&authenticator.code(0))).await.0, 401);
    assert_eq!(log_in(&api, PASSWORD, Some(codes[0])).await.0, 200);
    assert_eq!(log_in(&api, PASSWORD, Some(codes[0])).await.0, 401);

    let body = json!({"password": PASSWORD, "code": authenticator.code(1)});
    post(&house.admin, 204, "/auth/second-factor/remove", &body).await;
    assert_eq!(log_in(&api, PASSWORD, None).await.0, 200);
    let rows = house
        .database
        .query("SELECT action, count(*) FROM audit_log WHERE action LIKE '%factor' OR action LIKE '%code' GROUP BY 1 ORDER BY 1", &[])
        .await
        .unwrap();
    let lines: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [
        ("user.add_second_factor", 1),
        ("user.offer_second_factor", 1),
        ("user.remove_second_factor", 1),
        ("user.use_recovery_code", 1),
    ];
    assert_eq!(lines, expected.map(|(action, lines)| (action.to_owned(), lines)));
}

#[tokio::test]
async fn where_the_role_asks_for_it_nothing_else_is_done_before_and_who_lost_it_is_helped() {
    let mut house = House::with_contacts(1).await;
    house.stack.set("PREGON__AUTH__SECOND_FACTOR_FROM", "manager");
    house.stack.restart_api().await.unwrap();
    let api = house.stack.api_url.clone();
    let admin = Client::sign_in(&api, &address("admin"), PASSWORD).await.unwrap();
    let (status, problem) = admin.ask(Method::GET, "/users", None).await.unwrap();
    assert_eq!((status, &problem["type"]), (403, &kind("required")), "{problem}");
    let me = admin.must(200, Method::GET, "/auth/me", None).await.unwrap();
    assert_eq!(me["must_add_second_factor"], true);
    let offered = post(&admin, 201, "/auth/second-factor", &json!({"password": PASSWORD})).await;
    let authenticator = Authenticator::of(&offered).await;
    post(&admin, 200, "/auth/second-factor/confirm", &json!({"code": authenticator.code(0)})).await;
    let users = admin.must(200, Method::GET, "/users", None).await.unwrap();
    assert_eq!(users["data"][0]["has_second_factor"], true);
    let own = format!("/users/{}/remove-second-factor", me["id"].as_str().unwrap());
    admin.must(409, Method::POST, &own, None).await.unwrap();

    let arguments = ["user", "remove-second-factor", "--email", &address("admin"), "--json"];
    let removed = house.tools.run("migrator", &arguments, "", |_| {}).await.unwrap();
    assert_eq!(removed.last().unwrap()["sessions_ended"], 1, "confirming ended the other");
    // The migrator does not reach the copies of sessions, which are good for five seconds.
    for waited in 0.. {
        if admin.ask(Method::GET, "/users", None).await.unwrap().0 == 401 {
            break;
        }
        assert!(waited < 100, "the session lives on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(log_in(&api, PASSWORD, None).await.0, 200);
}

#[tokio::test]
async fn guesses_are_counted_over_two_apis_and_a_restart() {
    let mut house = House::with_contacts(1).await;
    let other = house.stack.add_api().await.unwrap();
    for n in 0..10 {
        let api = if n % 2 == 0 { &house.stack.api_url } else { &other };
        assert_eq!(log_in(api, "no es esta, no", None).await.0, 401, "{n}");
    }
    house.stack.restart_api().await.unwrap();
    for api in [&house.stack.api_url, &other] {
        let (status, problem) = log_in(api, PASSWORD, None).await;
        assert_eq!(status, 429, "{problem}");
    }
}
