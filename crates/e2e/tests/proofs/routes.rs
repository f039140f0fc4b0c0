//! Campaigns whose messages go by several senders, against the sandbox.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::House;

/// Adds a sender of a short code, and says its id.
async fn add_sender(house: &House, code: &str, price: i64) -> String {
    let sender = json!({
        "name": format!("Corto {code}"), "kind": "short_code", "value": code, "rate_per_s": 100.0,
        "price_micros_per_segment": price,
        "identity": {"brand": "Tienda de Ejemplo", "address": "Calle 1", "phone": "+525500000000",
                     "email": "hola@example.com", "opt_out_text": "ALTO para no recibir"},
    });
    let added = house.admin.must(201, Method::POST, "/senders", Some(&sender)).await.unwrap();
    added["id"].as_str().unwrap().to_owned()
}

/// From which senders the provider accepted how many messages.
async fn accepted_from(house: &House) -> BTreeMap<String, usize> {
    let url = format!("{}/admin/ledger", house.stack.sandbox_url);
    let ledger: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let mut senders = BTreeMap::new();
    for line in ledger["data"].as_array().unwrap() {
        *senders.entry(line["from"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    senders
}

#[tokio::test]
async fn messages_go_by_the_senders_of_their_carrier_and_by_the_next_where_one_is_blocked() {
    let house = House::with_contacts(400).await;
    house.deliver_everything().await;
    house
        .database
        .batch_execute("UPDATE contacts SET carrier = 'Telcel' WHERE phone_national % 4 = 0")
        .await
        .unwrap();
    let own = add_sender(&house, "50001", 285_000).await;
    let blocked = add_sender(&house, "50002", 285_000).await;
    let telcel = add_sender(&house, "50003", 100_000).await;
    let dear = add_sender(&house, "50004", 285_001).await;
    house.tell_sandbox("/admin/outcomes", &json!({"outcome": "sender_blocked", "from": "50002"})).await;

    let path = format!("/senders/{own}/routes");
    let too_dear = json!({"routes": [{"carrier": null, "via": [own, dear]}]});
    let (status, problem) = house.admin.ask(Method::PUT, &path, Some(&too_dear)).await.unwrap();
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/routes/0/via/1")), "{problem}");
    let (status, _) = house.somebody("manager").await.ask(Method::PUT, &path, Some(&too_dear)).await.unwrap();
    assert_eq!(status, 403);
    let nobodys = format!("/senders/{}/routes", uuid_of_nobody());
    assert_eq!(house.admin.ask(Method::GET, &nobodys, None).await.unwrap().0, 404);

    let routes = json!({"routes": [
        {"carrier": "RADIOMOVIL DIPSA", "via": [telcel]}, {"carrier": null, "via": [blocked, own]},
    ]});
    house.admin.must(200, Method::PUT, &path, Some(&routes)).await.unwrap();
    let kept = house.admin.must(200, Method::GET, &path, None).await.unwrap();
    let expected = json!({"routes": [
        {"carrier": null, "via": [blocked, own]}, {"carrier": "Telcel", "via": [telcel]},
    ]});
    assert_eq!(kept, expected);

    let draft =
        json!({"name": "Rutas", "message": {"template": "Hola"}, "segment": {"all": []}, "sender_id": own});
    let campaign = house.admin.must(201, Method::POST, "/campaigns", Some(&draft)).await.unwrap();
    let campaign = campaign["id"].as_str().unwrap();
    house.admin.launch(campaign).await.unwrap();
    house.until_delivered(campaign, 400).await;
    let ledgers = house.ends_well(campaign, 400).await;
    assert_eq!(ledgers.accepted_numbers, 400);
    let expected = BTreeMap::from([("50001".to_owned(), 300), ("50003".to_owned(), 100)]);
    assert_eq!(accepted_from(&house).await, expected);

    // What was refused by the blocked sender says so, and most were never handed to it: it was left alone.
    let refused = "SELECT count(*) FROM message_attempts
                   WHERE outcome = 'refused_for_now' AND reason = 'sender_unregistered' AND sender_id = $1::text::uuid";
    let refused: i64 = house.database.query_one(refused, &[&blocked]).await.unwrap().get(0);
    assert!((1..300).contains(&refused), "{refused}");
}

fn uuid_of_nobody() -> &'static str {
    "00000000-0000-7000-8000-000000000000"
}
