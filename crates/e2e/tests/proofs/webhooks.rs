//! What is posted to the webhook: by the provider, and by somebody who is not.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::house::House;

/// Posts an event made by hand through the sandbox, which signs it, and returns the status of the answer.
struct Post<'a> {
    reference: Option<&'a str>,
    id: &'a str,
    kind: &'a str,
    to: &'a str,
    status: &'a str,
    signature: &'a str,
    age_s: i64,
}

impl Default for Post<'_> {
    fn default() -> Self {
        Self {
            reference: None,
            id: "0190a5f0-0000-7000-8000-000000000001",
            kind: "message.finalized",
            to: "+525510000001",
            status: "delivered",
            signature: "valid",
            age_s: 0,
        }
    }
}

impl House {
    async fn post(&self, post: Post<'_>) -> Value {
        let Post { reference, id, kind, to, status, signature, age_s } = post;
        let query = reference.map(|reference| format!("?ref={reference}")).unwrap_or_default();
        let now: i64 =
            self.database.query_one("SELECT extract(epoch FROM now())::bigint", &[]).await.unwrap().get(0);
        let hand_made = json!({
            "url": format!("{}/webhooks/telnyx{query}", self.stack.api_url),
            "signature": signature,
            "timestamp": now - age_s,
            "body": {"data": {
                "record_type": "event", "event_type": kind, "id": id, "occurred_at": "2026-01-01T00:00:00Z",
                "payload": {
                    "id": "by-hand", "record_type": "message", "direction": "outbound",
                    "from": {"phone_number": "PREGON"}, "to": [{"phone_number": to, "status": status}], "errors": []
                }
            }}
        });
        self.tell_sandbox("/admin/webhooks", &hand_made).await["status"].clone()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.database.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// How many events were ever kept.
    async fn kept(&self) -> i64 {
        self.count("SELECT (SELECT count(*) FROM provider_events) + (SELECT count(*) FROM message_receipts)")
            .await
    }

    /// Waits until every event has been looked at.
    async fn settled(&self) {
        for _ in 0..200 {
            let waiting = "SELECT (SELECT count(*) FROM provider_events WHERE examined_at IS NULL)
                                  + (SELECT count(*) FROM unsettled_receipts)";
            if self.count(waiting).await == 0 {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("events are not settled");
    }

    async fn outcome_of(&self, event: &str) -> String {
        let sql = "SELECT outcome FROM provider_events WHERE event_id = $1";
        self.database.query_one(sql, &[&event]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn what_the_provider_did_not_sign_changes_nothing() {
    let house = House::with_contacts(1).await;
    for (signature, age_s) in [("wrong", 0), ("missing", 0), ("valid", 400), ("valid", -400)] {
        let status = house.post(Post { signature, age_s, ..Post::default() }).await;
        assert_eq!(status, 401, "{signature} {age_s}");
    }
    assert_eq!(house.kept().await, 0);
    let url = format!("{}/webhooks/telnyx", house.stack.api_url);
    let http = reqwest::Client::new();
    let answer = http.post(&url).body("{").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let answer = http.post(&url).body(vec![b' '; 300 * 1024]).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(http.get(&url).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn events_come_twice_late_unknown_and_about_somebody_else() {
    let house = House::with_contacts(200).await;
    house.deliver_everything().await;
    let campaign = house.launch(500.0).await;
    house.ends_well(&campaign, 200).await;
    house.settled().await;
    let ledger: Value = reqwest::get(format!("{}/admin/ledger", house.stack.sandbox_url))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let (reference, to) =
        (ledger["data"][0]["ref"].as_str().unwrap(), ledger["data"][0]["to"].as_str().unwrap());
    let known = Post { reference: Some(reference), to, ..Post::default() };

    // Twice, and of a lower rank than what is known.
    let kept = house.kept().await;
    for _ in 0..2 {
        let again = Post { status: "delivery_failed", id: "0190a5f0-0000-7000-8000-000000000002", ..known };
        assert_eq!(house.post(again).await, 200);
    }
    house.settled().await;
    assert_eq!(house.kept().await, kept + 1);

    // About nobody we know, in ways of every kind.
    let unknown = reference.replacen(&reference[..8], "01ffffff", 1);
    let later_attempt = format!("{}-7", reference.rsplit_once('-').unwrap().0);
    let cases = [
        ("no_reference", None, to),
        ("no_reference", Some("nothing-like-a-reference"), to),
        ("unknown_message", Some(unknown.as_str()), to),
        ("phone_mismatch", Some(reference), "+525599999999"),
        ("unknown_attempt", Some(later_attempt.as_str()), to),
    ];
    for (at, (outcome, reference, to)) in cases.into_iter().enumerate() {
        let id = format!("0190a5f0-0000-7000-8000-0000000001{at:02}");
        assert_eq!(
            house.post(Post { reference, to, id: &id, status: "delivery_failed", ..known }).await,
            200
        );
        house.settled().await;
        assert_eq!(house.outcome_of(&id).await, outcome, "case {at}");
    }
    let strange =
        Post { kind: "message.from_the_future", id: "0190a5f0-0000-7000-8000-000000000003", ..known };
    assert_eq!(house.post(strange).await, 200);
    house.settled().await;
    assert_eq!(house.ledgers(&campaign).await.states, [("delivered".to_owned(), 200)].into());
}

impl House {
    /// Twenty wrote ALTO to a campaign: each is listed, with the message that it answers, and people may take it back.
    async fn what_was_written(&self, campaign: &str) {
        let get = reqwest::Method::GET;
        let page = self.admin.must(200, get.clone(), "/inbound?limit=200", None).await.unwrap();
        let written = page["data"].as_array().unwrap();
        assert_eq!(written.len(), 20);
        for one in written {
            assert_eq!(
                (&one["text"], &one["meaning"], &one["doubtful"]),
                (&json!("ALTO"), &json!("opt_out"), &json!(false))
            );
            assert_eq!(one["campaign_id"], campaign, "{one}");
        }
        let viewer = self.somebody("viewer").await;
        let masked = viewer.must(200, get.clone(), "/inbound?limit=1", None).await.unwrap();
        assert!(masked["data"][0]["text"].is_null(), "{masked}");
        assert!(masked["data"][0]["from"].as_str().unwrap().contains('•'), "{masked}");
        let path = format!("/inbound/{}/review", written[0]["id"]);
        let post = reqwest::Method::POST;
        let back = json!({"decision": "opt_in"});
        assert_eq!(viewer.ask(post.clone(), &path, Some(&back)).await.unwrap().0, 403);
        let wrong = json!({"decision": "maybe"});
        assert_eq!(self.admin.ask(post.clone(), &path, Some(&wrong)).await.unwrap().0, 422);
        let reviewed = self.admin.must(200, post.clone(), &path, Some(&back)).await.unwrap();
        assert_eq!(reviewed["review"]["decision"], "opt_in", "{reviewed}");
        assert_eq!(self.count("SELECT count(*) FROM suppressions").await, 19);
        assert_eq!(self.admin.ask(post, "/inbound/0/review", Some(&back)).await.unwrap().0, 404);
        assert_eq!(self.admin.ask(get, "/inbound?waits=perhaps", None).await.unwrap().0, 400);
    }
}

#[tokio::test]
async fn who_answers_alto_is_not_written_to_again() {
    let house = House::with_contacts(20).await;
    house.tell_sandbox("/admin/outcomes", &json!({"outcome": "inbound_alto"})).await;
    let campaign = house.launch(500.0).await;
    house.ends_well(&campaign, 20).await;
    for _ in 0..100 {
        if house.count("SELECT count(*) FROM suppressions").await == 20 {
            let second = house.admin.draft("Otra", &json!({"all": []}), 100).await.unwrap();
            let path = format!("/campaigns/{second}/preview");
            let preview = house.admin.must(200, reqwest::Method::POST, &path, None).await.unwrap();
            assert_eq!(preview["audience"]["final"], 0, "{preview}");
            house.what_was_written(&campaign).await;
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("a no was not heard");
}
