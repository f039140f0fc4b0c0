//! Numbers that are never written to, over REST.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::House;

#[tokio::test]
async fn a_number_is_barred_looked_up_and_let_go() {
    let house = House::with_contacts(3).await;
    let operator = house.somebody("operator").await;
    let viewer = house.somebody("viewer").await;
    let bar = json!({"phone": "55 1000 0001", "reason": "lo pidió por teléfono"});
    let (status, made) =
        operator.ask_once(Method::POST, "/suppressions", Some(&bar), Some("k1")).await.unwrap();
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["phone"], &made["source"]), (&json!("+525510000001"), &json!("manual")));
    assert_eq!((&made["is_in_force"], &made["expires_at"]), (&json!(true), &Value::Null));
    let again = operator.ask_once(Method::POST, "/suppressions", Some(&bar), Some("k1")).await.unwrap();
    assert_eq!(again, (201, made));
    let taken = operator.must(409, Method::POST, "/suppressions", Some(&bar)).await.unwrap();
    assert_eq!(taken["existing_id"], "+525510000001");
    for (body, pointer) in [
        (json!({"phone": "hola"}), "/phone"),
        (json!({"phone": "5510000002", "expires_at": "2001-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"phone": "5510000002", "source": "repep"}), "/source"),
        (json!({"phone": "5510000002", "reason": "x".repeat(2_001)}), "/reason"),
    ] {
        let refused = operator.must(422, Method::POST, "/suppressions", Some(&body)).await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }

    let list =
        json!({"source": "repep", "numbers": ["5510000002", "hola", "+52 55 1000 0003", "5510000002"]});
    let loaded = operator.must(200, Method::POST, "/suppressions/imports", Some(&list)).await.unwrap();
    assert_eq!((&loaded["added"], &loaded["already_there"]), (&json!(2), &json!(1)));
    assert_eq!(loaded["refused"][0]["index"], 1);
    let wrong = json!({"source": "opt_out", "numbers": ["5510000002"]});
    operator.must(422, Method::POST, "/suppressions/imports", Some(&wrong)).await.unwrap();

    let mut seen = Vec::new();
    let mut path = "/suppressions?limit=2".to_owned();
    loop {
        let page = operator.must(200, Method::GET, &path, None).await.unwrap();
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|one| one["phone"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/suppressions?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["+525510000003", "+525510000002", "+525510000001"], "the latest first");
    let masked = viewer.must(200, Method::GET, "/suppressions?source=manual", None).await.unwrap();
    let first = &masked["data"][0];
    assert!(!first["phone"].as_str().unwrap().contains("10000"), "{first}");
    assert_eq!(first["reason"], Value::Null);
    let one = operator.must(200, Method::GET, "/suppressions?phone=%2B525510000003", None).await.unwrap();
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    operator.must(400, Method::GET, "/suppressions?source=nadie", None).await.unwrap();
    viewer.must(403, Method::POST, "/suppressions", Some(&bar)).await.unwrap();

    let number = "/suppressions/+525510000001";
    operator.must(403, Method::DELETE, &format!("{number}?source=manual"), None).await.unwrap();
    house.admin.must(400, Method::DELETE, number, None).await.unwrap();
    house.admin.must(409, Method::DELETE, &format!("{number}?source=opt_out"), None).await.unwrap();
    house.admin.must(204, Method::DELETE, &format!("{number}?source=manual"), None).await.unwrap();
    house.admin.must(404, Method::DELETE, &format!("{number}?source=manual"), None).await.unwrap();

    // Of three contacts two are in the register.
    let campaign = house.draft(100.0).await;
    let preview =
        house.admin.must(200, Method::POST, &format!("/campaigns/{campaign}/preview"), None).await.unwrap();
    assert_eq!((&preview["audience"]["suppressed"], &preview["audience"]["final"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn who_is_barred_while_a_campaign_is_sent_gets_nothing_more() {
    let house = House::with_contacts(60).await;
    house.deliver_everything().await;
    let campaign = house.launch(10.0).await;
    house.until_queued(&campaign, 55).await;
    let bar = json!({"phone": "5510000060"});
    house.admin.must(201, Method::POST, "/suppressions", Some(&bar)).await.unwrap();
    let state = "SELECT state::text FROM messages WHERE phone = 5510000060";
    let state: String = house.database.query_one(state, &[]).await.unwrap().get(0);
    assert_eq!(state, "skipped", "at once, whenever it would have been claimed");
    let progress = house.completed(&campaign).await;
    assert_eq!(progress["counts"]["skipped"], 1, "{progress}");
    assert!(house.ledgers(&campaign).await.agree());
}
