//! Asked twice, done once: every call that takes an Idempotency-Key, over two apis, one of which is killed when what it does is
//! committed and not yet answered.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::Client;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, address};

/// Whoever commits a key waits for whoever holds this lock.
const GATE: i64 = 70_801;

const BOUNDARY: &str = "linde";

/// A call that creates or starts something, and another body for the same address, if it takes one.
struct Call {
    path: String,
    body: Body,
    other: Option<Body>,
}

enum Body {
    None,
    Json(Value),
    Form(&'static str),
}

impl Call {
    fn json(path: impl Into<String>, body: Value, other: Value) -> Self {
        Self { path: path.into(), body: Body::Json(body), other: Some(Body::Json(other)) }
    }

    fn bare(path: impl Into<String>) -> Self {
        Self { path: path.into(), body: Body::None, other: None }
    }
}

/// What the api answers; nothing where it ends before it does.
async fn try_ask(client: &Client, path: &str, body: &Body, key: &str) -> Option<(StatusCode, Value)> {
    let request = client.request(Method::POST, path).header("idempotency-key", key);
    let request = match body {
        Body::None => request,
        Body::Json(body) => request.json(body),
        Body::Form(text) => {
            let form = format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
                 content-type: text/csv\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n"
            );
            request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(form)
        }
    };
    let answer = request.send().await.ok()?;
    Some((answer.status(), answer.json().await.ok()?))
}

async fn ask(client: &Client, path: &str, body: &Body, key: &str) -> (StatusCode, Value) {
    try_ask(client, path, body, key).await.unwrap()
}

impl House {
    /// Closes the gate: no key is committed until it is opened.
    async fn close_gate(&self) {
        self.database.query_one("SELECT pg_advisory_lock($1)", &[&GATE]).await.unwrap();
    }

    async fn open_gate(&self) {
        self.database.query_one("SELECT pg_advisory_unlock($1)", &[&GATE]).await.unwrap();
    }

    async fn make_gate(&self) {
        let gate = format!(
            "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER gate AFTER INSERT OR UPDATE ON idempotency_keys
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_gate()"
        );
        self.database.batch_execute(&gate).await.unwrap();
    }

    /// Waits until somebody is at the gate, about to commit.
    async fn until_at_gate(&self) {
        let at_gate = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid::bigint = $1";
        self.until_count(at_gate, &[&GATE], 1).await;
    }

    async fn until_count(
        &self,
        query: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
        wanted: i64,
    ) {
        for _ in 0..400 {
            if self.database.query_one(query, parameters).await.unwrap().get::<_, i64>(0) == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{query} did not become {wanted}");
    }

    /// How many things the admin has done.
    async fn audit_lines(&self) -> i64 {
        let lines = "SELECT count(*) FROM audit_log WHERE actor = $1";
        self.database.query_one(lines, &[&address("admin")]).await.unwrap().get(0)
    }

    /// Every call that the description says takes a key.
    async fn calls_with_keys(&self) -> BTreeSet<String> {
        let url = format!("{}/openapi.json", self.stack.api_url);
        let description: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let mut calls = BTreeSet::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            let parameters = item["post"]["parameters"].as_array().into_iter().flatten();
            if parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key") {
                calls.insert(path.strip_prefix("/api/v1").unwrap().to_owned());
            }
        }
        calls
    }
}

fn draft(name: &str, sender: &str) -> Value {
    json!({"name": name, "message": {"template": "Hola", "transliterate": true}, "segment": {"all": []},
           "sender_id": sender, "allow_unknown_line_type": true})
}

fn sender(name: &str) -> Value {
    json!({
        "name": name, "kind": "alphanumeric", "value": "OTRA", "rate_per_s": 1.0, "price_micros_per_segment": 1,
        "identity": {"brand": "Otra", "address": "Calle 1", "phone": "+525500000000", "email": "a@b.example",
                     "opt_out_text": "ALTO"}
    })
}

/// Every call, in an order in which each may be made: a campaign is launched before it is paused.
async fn calls(house: &House) -> Vec<Call> {
    let slow = house.admin.add_sender("Lenta", 0.1).await.unwrap();
    let mut campaigns = Vec::new();
    for name in ["Una", "Dos", "Tres"] {
        let made =
            house.admin.must(201, Method::POST, "/campaigns", Some(&draft(name, &slow))).await.unwrap();
        campaigns.push(made["id"].as_str().unwrap().to_owned());
    }
    let (run, later, tested) = (&campaigns[0], &campaigns[1], &campaigns[2]);
    let state = |code: &str| json!({"field": "state", "op": "eq", "value": code});
    vec![
        Call::json("/senders", sender("Nueva"), sender("Otra")),
        Call::json("/contacts", json!({"phone": "55 2000 0001"}), json!({"phone": "55 2000 0002"})),
        Call {
            path: "/contacts/imports".to_owned(),
            body: Body::Form("phone\n5520000003"),
            other: Some(Body::Form("phone\n5520000004")),
        },
        Call::json(
            "/contacts/tags",
            json!({"segment": state("JAL"), "add": ["vip"]}),
            json!({"segment": state("JAL"), "add": ["otra"]}),
        ),
        Call::json(
            "/segments",
            json!({"name": "S1", "definition": state("JAL")}),
            json!({"name": "S2", "definition": state("JAL")}),
        ),
        Call::json("/suppressions", json!({"phone": "55 2000 0005"}), json!({"phone": "55 2000 0006"})),
        Call::json(
            "/suppressions/imports",
            json!({"numbers": ["5520000007"], "source": "manual"}),
            json!({"numbers": ["5520000008"], "source": "manual"}),
        ),
        Call::json(
            "/extracts",
            json!({"segment": state("JAL"), "count": 2, "format": "csv", "seed_numbers": false}),
            json!({"segment": state("JAL"), "count": 3, "format": "csv", "seed_numbers": false}),
        ),
        Call::json("/campaigns", draft("Cuatro", &slow), draft("Cinco", &slow)),
        Call::json(
            format!("/campaigns/{tested}/lookup"),
            json!({"max_cost": {"amount_micros": "1000000", "currency": "MXN"}}),
            json!({"max_cost": {"amount_micros": "2000000", "currency": "MXN"}}),
        ),
        Call::json(
            format!("/campaigns/{tested}/test-send"),
            json!({"to": ["+525510000001"]}),
            json!({"to": ["+525510000002"]}),
        ),
        Call::json(
            "/messages",
            json!({"to": "+525510000003", "text": "Hola", "sender_id": slow}),
            json!({"to": "+525510000003", "text": "Adiós", "sender_id": slow}),
        ),
        Call::json(
            format!("/campaigns/{later}/schedule"),
            json!({"schedule_at": "2099-01-01T15:00:00Z"}),
            json!({"schedule_at": "2099-01-02T15:00:00Z"}),
        ),
        Call::bare(format!("/campaigns/{run}/launch")),
        Call::bare(format!("/campaigns/{run}/pause")),
        Call::bare(format!("/campaigns/{run}/resume")),
        Call::bare(format!("/campaigns/{run}/cancel")),
    ]
}

#[tokio::test]
async fn what_was_committed_and_not_answered_is_answered_by_the_other_api_and_done_once() {
    let mut house = House::with_contacts(20).await;
    let url = house.stack.add_api().await.unwrap();
    let second = house.admin.at(&url);
    let calls = calls(&house).await;
    let described = house.calls_with_keys().await;
    let ids = |path: &str| {
        let parts = path.split('/').map(|part| if part.len() == 36 { "{id}" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let called: BTreeSet<String> = calls.iter().map(|call| ids(&call.path)).collect();
    assert_eq!(called, described, "every call that takes a key is made here");
    let mut wrong = Vec::new();
    // A key of another call is refused by each, whatever that one answered.
    let contact = json!({"phone": "55 2000 0009"});
    for (key, path, body) in [
        ("of-a-contact", "/contacts", contact),
        ("of-a-segment", "/segments", json!({"name": "S0", "definition": {"all": []}})),
    ] {
        let (status, answer) = ask(&house.admin, path, &Body::Json(body), key).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        for call in calls.iter().filter(|call| call.path != path) {
            let (status, answer) = ask(&house.admin, &call.path, &call.body, key).await;
            if status != StatusCode::UNPROCESSABLE_ENTITY {
                wrong.push(format!("{} with a key {key}: {status} {answer}", call.path));
            }
        }
    }
    house.make_gate().await;
    for (n, call) in calls.into_iter().enumerate() {
        let key = format!("k-{n}");
        let before = house.audit_lines().await;
        house.close_gate().await;
        let first = house.admin.clone();
        let (path, sent) = (call.path.clone(), key.clone());
        let body = call.body;
        let asking = tokio::spawn(async move {
            let answer = try_ask(&first, &path, &body, &sent).await;
            (body, answer)
        });
        house.until_at_gate().await;
        // Meanwhile the other api says that it is under way, and waits for nothing.
        let asked = ask(&second, &call.path, call.other.as_ref().unwrap_or(&Body::None), &key);
        let told = tokio::time::timeout(Duration::from_secs(5), asked).await;
        let (status, running) =
            told.unwrap_or_else(|_| panic!("{} waits while its key is in use", call.path));
        let is_told = running["detail"].as_str().is_some_and(|detail| detail.contains("still under way"));
        if status != StatusCode::CONFLICT || !is_told {
            wrong.push(format!("{}: while running {status} {running}", call.path));
        }
        house.stack.kill_api().await.unwrap();
        house.open_gate().await;
        let (body, unanswered) = asking.await.unwrap();
        assert!(unanswered.is_none(), "{}: the killed api has answered {unanswered:?}", call.path);
        let kept = "SELECT count(*) FROM idempotency_keys WHERE key = $1 AND response IS NOT NULL";
        house.until_count(kept, &[&key], 1).await;
        let (status, answer) = ask(&second, &call.path, &body, &key).await;
        if !status.is_success() || answer.is_null() {
            wrong.push(format!("{}: {status} {answer}", call.path));
        }
        house.stack.start_api().await.unwrap();
        let again = ask(&house.admin, &call.path, &body, &key).await;
        if again != (status, answer.clone()) {
            wrong.push(format!("{}: {status} {answer} and then {again:?}", call.path));
        }
        if let Some(other) = &call.other {
            let (status, answer) = ask(&house.admin, &call.path, other, &key).await;
            if status != StatusCode::UNPROCESSABLE_ENTITY {
                wrong.push(format!("{}: another body is answered {status} {answer}", call.path));
            }
        }
        let lines = house.audit_lines().await - before;
        if lines != 1 {
            wrong.push(format!("{}: {lines} lines in the audit", call.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
