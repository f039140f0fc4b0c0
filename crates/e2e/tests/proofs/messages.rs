//! Messages of their own: single ones, tests of campaigns, and what is told of each number.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::house::House;

impl House {
    /// Waits until a message has one of these states.
    async fn until_message(&self, id: &Value, states: &[&str]) -> Value {
        let path = format!("/messages/{}", id.as_str().unwrap());
        for _ in 0..1_200 {
            let message = self.admin.must(200, Method::GET, &path, None).await.unwrap();
            if states.contains(&message["status"].as_str().unwrap()) {
                return message;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the message is in none of {states:?}");
    }

    /// What the sandbox took for a number.
    async fn accepted(&self, number: &str) -> usize {
        let url = format!("{}/admin/ledger", self.stack.sandbox_url);
        let ledger: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        ledger["data"].as_array().unwrap().iter().filter(|entry| entry["to"] == number).count()
    }

    async fn explained(&self, campaign: &str, phone: u64) -> Value {
        let path = format!("/campaigns/{campaign}/explain?phone={phone}");
        self.admin.must(200, Method::GET, &path, None).await.unwrap()
    }
}

#[tokio::test]
async fn a_single_message_goes_once_whatever_its_caller_repeats() {
    let house = House::with_contacts(3).await;
    house.admin.add_sender("Tienda", 100.0).await.unwrap();
    house.deliver_everything().await;
    let manager = house.somebody("manager").await;
    let text = "Su código es {{ 1234 }} y no {% otro %}";
    let order = json!({"to": "55 1000 0002", "text": text});
    let ask = async |key: &str, order: &Value| {
        manager.ask_once(Method::POST, "/messages", Some(order), Some(key)).await.unwrap()
    };
    let at_once = futures::future::join_all((0..6).map(|_| ask("k-1", &order))).await;
    // While the first is under way the others are told so; whoever is answered is answered the same.
    let (taken, told): (Vec<_>, Vec<_>) = at_once.iter().partition(|(status, _)| *status == 202);
    let (_, first) = taken[0];
    assert_eq!(first["to"], "+525510000002", "{first}");
    assert!(taken.iter().all(|answer| *answer == taken[0]), "{at_once:?}");
    assert!(told.iter().all(|(status, _)| *status == 409), "{at_once:?}");
    let message = house.until_message(&first["id"], &["delivered"]).await;
    assert_eq!((&message["text"], &message["attempts"][0]["outcome"]), (&json!(text), &json!("accepted")));
    assert_eq!(ask("k-1", &order).await, (202, first.clone()), "the answer is the one it got then");
    assert_eq!(house.accepted("+525510000002").await, 1);
    assert_eq!(ask("k-1", &json!({"to": "5510000003", "text": text})).await.0, 422);
    assert_eq!(ask("k-2", &order).await.0, 202, "another message may say the same");

    // It is a campaign of its own, which nobody finds among the others.
    let campaign = first["campaign_id"].as_str().unwrap();
    let ledgers = house.ends_well(campaign, 1).await;
    assert_eq!(ledgers.accepted_numbers, 1);
    let found = manager.must(200, Method::GET, &format!("/campaigns/{campaign}"), None).await.unwrap();
    assert_eq!((&found["kind"], &found["priority"]), (&json!("single"), &json!("high")));
    let listed = manager.must(200, Method::GET, "/campaigns", None).await.unwrap();
    assert_eq!(listed["data"], json!([]));
    // A key is good for one request of whatever kind.
    let draft = json!({"name": "Una", "message": {"template": "Hola"}, "segment": {"all": []}});
    let (status, _) = manager.ask_once(Method::POST, "/campaigns", Some(&draft), Some("k-1")).await.unwrap();
    assert_eq!(status, 422);
    assert_eq!(manager.ask_once(Method::POST, "/campaigns", Some(&draft), Some("k-3")).await.unwrap().0, 201);
    assert_eq!(ask("k-3", &order).await.0, 422);
}

#[tokio::test]
async fn a_single_message_that_cannot_go_is_refused_with_the_reason() {
    let house = House::with_contacts(9).await;
    house.admin.add_sender("Tienda", 100.0).await.unwrap();
    house
        .database
        .batch_execute(
            "UPDATE contacts SET opt_out_at = now(), status = 'OPTED_OUT' WHERE phone_national = 5510000002;
             INSERT INTO suppressions (phone_national, source, created_by) VALUES (5510000003, 'manual', 'test'), (5520000001, 'manual', 'test');
             UPDATE contacts SET line_type = 'fixed' WHERE phone_national = 5510000004;
             UPDATE contacts SET is_valid = false WHERE phone_national = 5510000005;
             UPDATE contacts SET status = 'BLOCKED' WHERE phone_national = 5510000006",
        )
        .await
        .unwrap();
    let nobody = "01900000-0000-7000-8000-000000000000";
    for (order, status, pointer, detail) in [
        (json!({"to": "5510000002", "text": "Hola"}), 409, "/to", "opted_out"),
        (json!({"to": "5510000003", "text": "Hola"}), 409, "/to", "suppressed"),
        (json!({"to": "5520000001", "text": "Hola"}), 409, "/to", "suppressed"),
        (json!({"to": "5510000004", "text": "Hola"}), 409, "/to", "not_mobile"),
        (json!({"to": "5510000005", "text": "Hola"}), 409, "/to", "not_valid"),
        (json!({"to": "5510000006", "text": "Hola"}), 409, "/to", "suppressed"),
        (json!({"to": "5510", "text": "Hola"}), 422, "/to", ""),
        (json!({"to": "+1 212 555 0100", "text": "Hola"}), 422, "/to", ""),
        (json!({"to": "5510000001", "text": ""}), 422, "/text", "the text is empty"),
        (json!({"to": "5510000001", "text": " \n "}), 422, "/text", "the text is empty"),
        (
            json!({"to": "5510000001", "text": "a".repeat(1_531)}),
            422,
            "/text",
            "11 segments; 10 are the most",
        ),
        (json!({"to": "5510000001", "text": "a\u{7}"}), 422, "/text", "U+0007"),
        (json!({"to": "5510000001", "text": "Hola", "priority": "now"}), 422, "/priority", "high"),
        (json!({"to": "5510000001", "text": "Hola", "sender_id": nobody}), 422, "/sender_id", ""),
        (json!({"to": "5510000001", "text": "Hola", "template": "x"}), 422, "/template", ""),
        (json!({"to": "5510000001"}), 422, "", "text"),
    ] {
        let (answered, problem) = house.admin.ask(Method::POST, "/messages", Some(&order)).await.unwrap();
        let error = &problem["errors"][0];
        assert_eq!(answered, status, "{order}: {problem}");
        assert!(error["pointer"].as_str().unwrap().starts_with(pointer), "{order}: {problem}");
        assert!(error["detail"].as_str().unwrap().contains(detail), "{order}: {problem}");
    }
    let longest = json!({"to": "5510000001", "text": "a".repeat(1_530)});
    let sent = house.admin.must(202, Method::POST, "/messages", Some(&longest)).await.unwrap();
    assert_eq!(sent["segments"], 10);
    let operator = house.somebody("operator").await;
    assert_eq!(operator.ask(Method::POST, "/messages", Some(&longest)).await.unwrap().0, 403);
    let written = "SELECT count(*) FROM campaigns";
    assert_eq!(house.database.query_one(written, &[]).await.unwrap().get::<_, i64>(0), 1);
    let lines = "SELECT count(*) FROM audit_log WHERE action = 'message.send'";
    assert_eq!(house.database.query_one(lines, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn who_says_no_after_a_message_was_taken_in_does_not_get_it() {
    let mut house = House::with_contacts(3).await;
    house.admin.add_sender("Tienda", 100.0).await.unwrap();
    house.stack.kill_worker().await.unwrap();
    let order = json!({"to": "5510000002", "text": "Hola"});
    let sent = house.admin.must(202, Method::POST, "/messages", Some(&order)).await.unwrap();
    assert_eq!(sent["status"], "queued");
    let found = house.admin.must(200, Method::GET, "/contacts/search?q=5510000002", None).await.unwrap();
    let path = format!("/contacts/{}/opt-out", found["data"][0]["id"].as_str().unwrap());
    let said = json!({"channel": "phone", "reason": "llamó"});
    let (status, answer) = house.admin.ask(Method::POST, &path, Some(&said)).await.unwrap();
    assert!(status < 300, "{answer}");
    house.stack.add_worker().unwrap();
    let message = house.until_message(&sent["id"], &["skipped", "sent", "delivered"]).await;
    assert_eq!((&message["status"], &message["reason"]), (&json!("skipped"), &json!("suppressed")));
    assert_eq!(house.accepted("+525510000002").await, 0);
    house.completed(sent["campaign_id"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_test_shows_the_text_as_people_would_get_it() {
    let house = House::with_contacts(3).await;
    house.deliver_everything().await;
    house.admin.add_sender("Tienda", 100.0).await.unwrap();
    let draft = json!({
        "name": "Prueba", "segment": {"all": []},
        "message": {"template": "Hola {{ full_name | primer_nombre | default(\"amigo\") }}", "transliterate": true}
    });
    let draft = house.admin.must(201, Method::POST, "/campaigns", Some(&draft)).await.unwrap();
    let campaign = draft["id"].as_str().unwrap();
    house
        .database
        .batch_execute("UPDATE contacts SET full_name = 'ÁNGEL RUIZ' WHERE phone_national = 5510000002")
        .await
        .unwrap();
    let operator = house.somebody("operator").await;
    let path = format!("/campaigns/{campaign}/test-send");
    let order = json!({"to": ["5510000002", "+52 55 1999 9999"]});
    let (status, sent) = operator.ask_once(Method::POST, &path, Some(&order), Some("k")).await.unwrap();
    assert_eq!(status, 202, "{sent}");
    let again = operator.ask_once(Method::POST, &path, Some(&order), Some("k")).await.unwrap();
    assert_eq!(again, (202, sent.clone()));
    for (n, (number, name)) in
        [("+525510000002", "Angel"), ("+525519999999", "amigo")].into_iter().enumerate()
    {
        let message = house.until_message(&sent["data"][n]["id"], &["delivered"]).await;
        assert_eq!(message["to"], number);
        // Nothing in it says how to say no, so the sender's words for it do.
        assert_eq!(message["text"], format!("Hola {name}\nResponde ALTO para no recibir mas"));
        assert_eq!(house.accepted(number).await, 1);
    }
    let of_contact = json!({"to": ["5519999998"], "contact_id": "1"});
    house.database.batch_execute("UPDATE contacts SET full_name = 'LUZ DIAZ' WHERE id = 1").await.unwrap();
    let shown = operator.must(202, Method::POST, &path, Some(&of_contact)).await.unwrap();
    let message = house.until_message(&shown["data"][0]["id"], &["delivered"]).await;
    assert!(message["text"].as_str().unwrap().starts_with("Hola Luz\n"), "{message}");
    let lines = "SELECT count(*) FROM audit_log WHERE action = 'campaign.test_send' AND object_id = $1";
    assert_eq!(house.database.query_one(lines, &[&campaign]).await.unwrap().get::<_, i64>(0), 2);

    let twice = json!({"to": ["5510000002", "+525510000002"]});
    let barred = json!({"to": ["5510000001", "5510000003"]});
    house
        .database
        .batch_execute("INSERT INTO suppressions (phone_national, source, created_by) VALUES (5510000003, 'manual', 'x')")
        .await
        .unwrap();
    for (order, status, pointer) in [
        (json!({"to": []}), 422, "/to"),
        (json!({"to": vec!["5510000001"; 11]}), 422, "/to"),
        (twice, 422, "/to/1"),
        (json!({"to": ["x"]}), 422, "/to/0"),
        (json!({"to": ["5510000001"], "contact_id": "987654321"}), 422, "/contact_id"),
        (barred, 409, "/to/1"),
    ] {
        let (answered, problem) = operator.ask(Method::POST, &path, Some(&order)).await.unwrap();
        assert_eq!(
            (answered, &problem["errors"][0]["pointer"]),
            (status, &json!(pointer)),
            "{order}: {problem}"
        );
    }
    assert_eq!(house.accepted("+525510000001").await, 0);
    let viewer = house.somebody("viewer").await;
    let one = json!({"to": ["5510000001"]});
    assert_eq!(viewer.ask(Method::POST, &path, Some(&one)).await.unwrap().0, 403);
    let nowhere = "/campaigns/01900000-0000-7000-8000-000000000000/test-send";
    assert_eq!(operator.ask(Method::POST, nowhere, Some(&one)).await.unwrap().0, 404);
    house.admin.must(202, Method::POST, &format!("/campaigns/{campaign}/cancel"), None).await.unwrap();
    assert_eq!(operator.ask(Method::POST, &path, Some(&one)).await.unwrap().0, 409);
}

#[tokio::test]
async fn it_is_explained_why_a_number_got_its_message_or_did_not() {
    let house = House::with_contacts(300).await;
    house.deliver_everything().await;
    house.admin.add_sender("Tienda", 500.0).await.unwrap();
    house
        .database
        .batch_execute(
            "UPDATE contacts SET opt_out_at = now() WHERE phone_national = 5510000050;
             UPDATE contacts SET state_code = 'NLE' WHERE phone_national = 5510000060",
        )
        .await
        .unwrap();
    let jalisco = json!({"field": "state", "op": "eq", "value": "JAL"});
    let campaign = house.admin.draft("Prueba", &jalisco, 1_000).await.unwrap();
    // What the freeze would do, while it is not.
    let told = async |phone: u64| {
        let told = house.explained(&campaign, phone).await;
        for language in ["en", "es"] {
            assert!(told["sentences"][language].as_str().is_some_and(|said| !said.is_empty()), "{told}");
        }
        (told["verdict"].as_str().unwrap().to_owned(), told["reason"].as_str().unwrap_or_default().to_owned())
    };
    let pair = |verdict: &str, reason: &str| (verdict.to_owned(), reason.to_owned());
    assert_eq!(told(5_510_000_050).await, pair("left_out", "opted_out"));
    assert_eq!(told(5_510_000_060).await, pair("not_in_segment", ""));
    assert_eq!(told(5_519_999_999).await, pair("unknown_number", ""));
    assert_eq!(told(5_510_000_070).await, pair("may_be_sent", "max_messages"));

    house.admin.launch(&campaign).await.unwrap();
    house.until_delivered(&campaign, 298).await;
    let delivered = house.explained(&campaign, 5_510_000_070).await;
    assert_eq!((&delivered["verdict"], &delivered["phone"]), (&json!("delivered"), &json!("+525510000070")));
    assert_eq!(delivered["message"]["attempts"][0]["outcome"], "accepted");
    assert!(!delivered["message"]["receipts"].as_array().unwrap().is_empty(), "{delivered}");
    assert!(delivered["since"].is_string());
    // Saying yes again changes nothing in what the freezing did.
    house
        .database
        .batch_execute("UPDATE contacts SET opt_out_at = NULL WHERE phone_national = 5510000050")
        .await
        .unwrap();
    let left_out = house.explained(&campaign, 5_510_000_050).await;
    assert_eq!(left_out["verdict"], "left_out");
    assert_eq!(
        (&left_out["left_out"]["reason"], left_out["left_out"]["at"].is_string()),
        (&json!("opted_out"), true)
    );
    assert_eq!(told(5_510_000_060).await, pair("not_in_segment", ""));
    house
        .database
        .batch_execute("UPDATE contacts SET state_code = 'JAL' WHERE phone_national = 5510000060")
        .await
        .unwrap();
    assert_eq!(told(5_510_000_060).await, pair("came_later", ""));

    let few = house.admin.draft("Pocos", &jalisco, 10).await.unwrap();
    house.admin.launch(&few).await.unwrap();
    house.completed(&few).await;
    let mut verdicts = std::collections::BTreeMap::<String, u32>::new();
    for n in 1..=40 {
        let told = house.explained(&few, 5_510_000_000 + n).await;
        *verdicts.entry(told["verdict"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(verdicts["not_drawn"] >= 30, "{verdicts:?}");

    // Who only looks sees neither number nor text.
    let viewer = house.somebody("viewer").await;
    let path = format!("/campaigns/{campaign}/explain?phone=5510000070");
    let told = viewer.must(200, Method::GET, &path, None).await.unwrap();
    assert!(!told.to_string().contains("5510000070") && told["message"]["text"].is_null(), "{told}");
    for (query, status) in [("", 400), ("?phone=x", 400), ("?phone=5510000070&x=1", 400)] {
        let path = format!("/campaigns/{campaign}/explain{query}");
        assert_eq!(viewer.ask(Method::GET, &path, None).await.unwrap().0, status, "{query}");
    }
}

#[tokio::test]
async fn what_is_worth_a_second_look_is_said_of_a_text_and_of_a_campaigns_samples() {
    let house = House::with_contacts(3).await;
    let sender = house.admin.add_sender("Tienda", 100.0).await.unwrap();
    let codes = |preview: &Value| {
        let advice = preview["advice"].as_array().unwrap();
        for one in advice {
            assert!(!one["en"].as_str().unwrap().is_empty() && one["en"] != one["es"], "{one}");
        }
        advice.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let preview = async |text: &Value| {
        house.admin.must(200, Method::POST, "/messages/preview", Some(text)).await.unwrap()
    };
    let text = format!("Promoción {} en bit.ly/x", "a".repeat(70));
    let said = preview(&json!({"text": text})).await;
    assert_eq!(codes(&said), ["lookalikes", "link_shortener", "no_opt_out"]);
    assert_eq!(said["advice"][0]["characters"], json!([{"char": "ó", "replacement": "o"}]));
    let plain = preview(&json!({"text": text, "transliterate": true})).await;
    assert_eq!(codes(&plain), ["link_shortener", "no_opt_out"]);
    let of_sender = preview(&json!({"text": "Hoy 20%. Responde ALTO", "sender_id": sender})).await;
    assert_eq!(codes(&of_sender), ["no_sender", "no_replies"], "an alphanumeric sender");
    let nobody = json!({"text": "Hola", "sender_id": "01920000-0000-7000-8000-00000000dead"});
    let (status, problem) = house.admin.ask(Method::POST, "/messages/preview", Some(&nobody)).await.unwrap();
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/sender_id")));

    let campaign = house.admin.draft("Oferta", &json!({"all": []}), 3).await.unwrap();
    let path = format!("/campaigns/{campaign}/preview");
    let said = house.admin.must(200, Method::POST, &path, None).await.unwrap();
    assert_eq!(codes(&said), ["no_sender", "no_replies"], "each kind once, however many samples have it");
}

#[tokio::test]
async fn who_writes_alto_is_told_once_that_it_was_understood_and_nothing_more() {
    let house = House::with_contacts(3).await;
    let sender = json!({
        "name": "Tienda", "kind": "long_code", "value": "+525500000001", "rate_per_s": 100.0,
        "price_micros_per_segment": 285_000,
        "identity": {
            "brand": "Tienda de Ejemplo", "address": "Calle Falsa 123", "phone": "+525500000000",
            "email": "hola@tienda.example", "opt_out_text": "Responde ALTO para no recibir"
        }
    });
    house.admin.must(201, Method::POST, "/senders", Some(&sender)).await.unwrap();
    house.deliver_everything().await;
    let to = "+525510000002";
    house.tell_sandbox("/admin/outcomes", &json!({"to": to, "outcome": "inbound_alto"})).await;
    let order = json!({"to": to, "text": "Hola"});
    let sent = house.admin.must(202, Method::POST, "/messages", Some(&order)).await.unwrap();
    house.until_message(&sent["id"], &["delivered"]).await;
    let waiting = std::time::Instant::now();
    while house.accepted(to).await < 2 {
        assert!(waiting.elapsed() < crate::house::PATIENCE, "no confirmation came");
        sleep(Duration::from_millis(50)).await;
    }
    // The sandbox answers what it gets from the number with ALTO, the confirmation, too: that is not answered again.
    let reply = "SELECT campaigns.id::text, messages.body FROM replies JOIN campaigns ON campaigns.id = replies.campaign_id
                 JOIN messages ON messages.campaign_id = campaigns.id WHERE campaigns.kind = 'reply'";
    let (campaign, text): (String, String) = {
        let row = house.database.query_one(reply, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(
        text,
        "Listo: Tienda de Ejemplo ya no te enviara mensajes. Si cambias de opinion responde ALTA."
    );
    house.ends_well(&campaign, 1).await;
    let inbound = "SELECT count(*) FROM inbound_messages";
    while house.database.query_one(inbound, &[]).await.unwrap().get::<_, i64>(0) < 2 {
        assert!(waiting.elapsed() < crate::house::PATIENCE, "the second ALTO did not come");
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(house.accepted(to).await, 2);
    assert_eq!(house.admin.ask(Method::POST, "/messages", Some(&order)).await.unwrap().0, 409);
}
