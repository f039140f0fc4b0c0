//! What a marketing team does all day, over REST: contacts changed, segments kept, numbers handed out.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, address};

impl House {
    pub(crate) async fn token(&self, role: &str) -> String {
        let body = json!({"email": address(role), "password": PASSWORD});
        let login = format!("{}/api/v1/auth/login", self.stack.api_url);
        let answer = reqwest::Client::new().post(login).json(&body).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(
        &self,
        token: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> reqwest::Response {
        let url = format!("{}/api/v1{path}", self.stack.api_url);
        let mut request = reqwest::Client::new().request(method, url).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn a_contact_is_changed_tagged_heard_and_taken_away() {
    let house = House::with_contacts(3).await;
    house.somebody("operator").await;
    let token = house.token("operator").await;
    let first = house.admin.must(200, Method::GET, "/contacts?limit=1", None).await.unwrap();
    let id = first["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/contacts/{id}");

    let read = house.send(&token, Method::GET, &path, &[], None).await;
    let etag = read.headers()["etag"].to_str().unwrap().to_owned();
    let edit = json!({"full_name": "Ana Ruiz", "city": "GUADALAJARA@SD", "address": null});
    let changed = house.send(&token, Method::PATCH, &path, &[("if-match", &etag)], Some(&edit)).await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(changed.headers()["etag"].to_str().unwrap(), etag);
    let changed: Value = changed.json().await.unwrap();
    assert_eq!((&changed["full_name"], &changed["city"]), (&json!("Ana Ruiz"), &json!("Guadalajara")));
    let late = house.send(&token, Method::PATCH, &path, &[("if-match", &etag)], Some(&edit)).await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    for (body, pointer) in [
        (json!({"status": "OPTED_OUT"}), "/status"),
        (json!({"status": "x"}), "/status"),
        (json!({"state_code": "Nowhere"}), "/state_code"),
        (json!({"phone": "5512345678"}), "/phone"),
        (json!({"full_name": 7}), "/full_name"),
    ] {
        let refused = house.send(&token, Method::PATCH, &path, &[], Some(&body)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }

    let tags = json!({"tags": ["VIP", "norte"]});
    let tagged = house.admin.must(200, Method::POST, &format!("{path}/tags"), Some(&tags)).await.unwrap();
    assert_eq!(tagged["data"].as_array().unwrap().len(), 2);
    let by_tag = json!({"definition": {"field": "tag", "op": "eq", "value": "vip"}});
    let counted = house.admin.must(200, Method::POST, "/segments/preview", Some(&by_tag)).await.unwrap();
    assert_eq!(counted["total"], json!({"value": 1, "relation": "exact"}));
    let vip_and_not = json!({"definition": {"all": [{"field": "tag", "op": "eq", "value": "vip"},
                                                    {"field": "tag", "op": "ne", "value": "vip"}]}});
    let nobody = house.admin.must(200, Method::POST, "/segments/preview", Some(&vip_and_not)).await.unwrap();
    assert_eq!(nobody["total"], json!({"value": 0, "relation": "exact"}));
    assert!(nobody["contradiction"].as_str().unwrap().contains("tag"), "{nobody}");
    assert_eq!(counted["contradiction"], Value::Null);
    house.admin.must(200, Method::DELETE, &format!("{path}/tags/norte"), None).await.unwrap();
    let set = json!({"tags": ["sur"]});
    let set = house.admin.must(200, Method::PUT, &format!("{path}/tags"), Some(&set)).await.unwrap();
    assert_eq!(set["data"][0]["tag"], "sur");
    let odd = json!({"tags": ["bien", "<script>"]});
    let odd = house.admin.must(422, Method::POST, &format!("{path}/tags"), Some(&odd)).await.unwrap();
    assert_eq!(odd["errors"][0]["pointer"], "/tags/1");

    let said = json!({"channel": "phone", "reason": "pidió no recibir más", "evidence": "llamada 7"});
    let out = house.admin.must(200, Method::POST, &format!("{path}/opt-out"), Some(&said)).await.unwrap();
    assert_eq!((&out["status"], &out["barred_by"]), (&json!("OPTED_OUT"), &json!(["opt_out"])));
    let back = house.admin.must(200, Method::POST, &format!("{path}/opt-in"), Some(&said)).await.unwrap();
    assert_eq!((&back["status"], &back["barred_by"]), (&json!("ACTIVE"), &json!([])));
    let wrong = json!({"channel": "pigeon"});
    house.admin.must(422, Method::POST, &format!("{path}/opt-out"), Some(&wrong)).await.unwrap();
    let history = house.admin.must(200, Method::GET, &format!("{path}/messages"), None).await.unwrap();
    assert_eq!(history, json!({"data": [], "next_cursor": null}));
    house.admin.must(204, Method::DELETE, &path, None).await.unwrap();
    house.admin.must(404, Method::DELETE, &path, None).await.unwrap();
    house.admin.must(404, Method::GET, &format!("{path}/tags"), None).await.unwrap();
}

#[tokio::test]
async fn a_saved_segment_has_versions_and_a_campaign_keeps_its_own() {
    let house = House::with_contacts(10).await;
    house.draft(100.0).await;
    let new = json!({"name": "Todos", "definition": {"all": []}});
    let made = house.admin.must(201, Method::POST, "/segments", Some(&new)).await.unwrap();
    let id = made["id"].as_str().unwrap();
    let again = json!({"name": "todos", "definition": {"all": []}});
    house.admin.must(409, Method::POST, "/segments", Some(&again)).await.unwrap();
    let campaign =
        json!({"name": "Una", "message": {"template": "Hola", "transliterate": true}, "segment_id": id});
    let campaign = house.admin.must(201, Method::POST, "/campaigns", Some(&campaign)).await.unwrap();
    assert_eq!((&campaign["segment_id"], &campaign["segment_version"]), (&json!(id), &json!(1)));

    let path = format!("/segments/{id}");
    let edit = json!({"definition": {"field": "state", "op": "eq", "value": "JAL"}});
    let token = house.token("admin").await;
    let changed = house.send(&token, Method::PATCH, &path, &[("if-match", "\"1\"")], Some(&edit)).await;
    assert_eq!(changed.status(), StatusCode::OK);
    let late = house.send(&token, Method::PATCH, &path, &[("if-match", "\"1\"")], Some(&edit)).await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    let versions = house.admin.must(200, Method::GET, &format!("{path}/versions"), None).await.unwrap();
    let versions: Vec<&Value> =
        versions["data"].as_array().unwrap().iter().map(|one| &one["version"]).collect();
    assert_eq!(versions, [&json!(2), &json!(1)]);
    let kept = format!("/campaigns/{}", campaign["id"].as_str().unwrap());
    let kept = house.admin.must(200, Method::GET, &kept, None).await.unwrap();
    assert_eq!(kept["segment"], json!({"all": []}));

    house.admin.must(204, Method::DELETE, &path, None).await.unwrap();
    house.admin.must(404, Method::GET, &path, None).await.unwrap();
    let gone = json!({"name": "Otra", "message": {"template": "Hola"}, "segment_id": id});
    let gone = house.admin.must(422, Method::POST, "/campaigns", Some(&gone)).await.unwrap();
    assert_eq!(gone["errors"][0]["pointer"], "/segment_id");
    let both =
        json!({"name": "Otra", "message": {"template": "Hola"}, "segment_id": id, "segment": {"all": []}});
    house.admin.must(422, Method::POST, "/campaigns", Some(&both)).await.unwrap();
}

#[tokio::test]
async fn numbers_are_handed_out_as_files_once_and_to_managers_alone() {
    let house = House::with_contacts(2_500).await;
    let order = |count: u32, format: &str| {
        json!({"segment": {"all": []}, "count": count, "order": "random", "unused_within_days": 30, "format": format,
               "seed_numbers": true})
    };
    let seed = json!({"phone": "33 9999 0001", "label": "nuestro"});
    house.admin.must(201, Method::POST, "/seed-numbers", Some(&seed)).await.unwrap();
    house
        .somebody("operator")
        .await
        .must(403, Method::POST, "/extracts", Some(&order(10, "csv")))
        .await
        .unwrap();
    house.somebody("manager").await;
    let token = house.token("manager").await;

    let mut numbers = BTreeSet::new();
    let mut rows = 0;
    for (format, count) in [("csv", 1_000), ("txt", 900)] {
        let key = [("idempotency-key", format)];
        let made = house.send(&token, Method::POST, "/extracts", &key, Some(&order(count, format))).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: Value = made.json().await.unwrap();
        let again = house.send(&token, Method::POST, "/extracts", &key, Some(&order(count, format))).await;
        assert_eq!(again.json::<Value>().await.unwrap()["id"], made["id"]);
        let seeds = count / 1_000;
        assert_eq!(
            (&made["state"], &made["count"], &made["seeds"]),
            (&json!("ready"), &json!(count), &json!(seeds))
        );
        let path = format!("/extracts/{}/file", made["id"].as_str().unwrap());
        let file = house.send(&token, Method::GET, &path, &[], None).await;
        assert!(file.headers()["content-disposition"].to_str().unwrap().ends_with(&format!(".{format}\"")));
        assert_eq!(file.headers()["cache-control"], "no-store");
        let file = file.text().await.unwrap();
        for line in file.lines().skip(usize::from(format == "csv")) {
            let number = line.split(',').next().unwrap();
            assert!(number.len() == 12 && number.starts_with("52"), "{line}");
            numbers.insert(number.to_owned());
            rows += 1;
        }
        assert_eq!(file.starts_with("Number,Content\r\n"), format == "csv");
    }
    assert_eq!((numbers.len(), rows), (1_901, 1_901));
    assert!(numbers.contains("523399990001"));

    let left = house.send(&token, Method::POST, "/extracts", &[], Some(&order(2_000, "xlsx"))).await;
    assert_eq!(left.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let left: Value = left.json().await.unwrap();
    let detail = left["errors"][0]["detail"].as_str().unwrap().to_owned();
    let only: u32 = detail.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(only > 0 && only <= 600, "{detail}");
    let rest = house.send(&token, Method::POST, "/extracts", &[], Some(&order(only, "xlsx"))).await;
    let rest: Value = rest.json().await.unwrap();
    let path = format!("/extracts/{}", rest["id"].as_str().unwrap());
    let workbook =
        house.send(&token, Method::GET, &format!("{path}/file"), &[], None).await.bytes().await.unwrap();
    assert_eq!(&workbook[..4], b"PK\x03\x04");
    let shown = house.send(&token, Method::GET, &path, &[], None).await.json::<Value>().await.unwrap();
    assert_eq!(shown["downloads"], 1);

    for (wrong, pointer) in [
        (json!({"segment": {"all": []}, "count": 0, "format": "csv"}), "/count"),
        (json!({"segment": {"all": []}, "count": 100_001, "format": "csv"}), "/count"),
        (json!({"segment": {"all": []}, "count": 1, "format": "pdf"}), "/format"),
        (json!({"segment": {"all": []}, "count": 1, "format": "csv", "order": "best"}), "/order"),
        (json!({"count": 1, "format": "csv"}), "/segment"),
        (
            json!({"segment": {"field": "x", "op": "eq", "value": 1}, "count": 1, "format": "csv"}),
            "/segment/field",
        ),
        (
            json!({"segment": {"all": []}, "count": 1, "format": "csv", "unused_within_days": 9_999}),
            "/unused_within_days",
        ),
    ] {
        let refused = house.send(&token, Method::POST, "/extracts", &[], Some(&wrong)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let many = house.send(&token, Method::GET, "/extracts", &[], None).await.json::<Value>().await.unwrap();
    assert_eq!(many["data"].as_array().unwrap().len(), 3);
    house
        .admin
        .must(404, Method::GET, "/extracts/01900000-0000-7000-8000-000000000000/file", None)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_api_that_is_killed_in_the_middle_of_an_extract_hands_out_nothing_and_then_all_of_it() {
    let mut house = House::with_contacts(500).await;
    let token = house.token("admin").await;
    let order = json!({"segment": {"all": []}, "count": 100, "format": "csv"});
    let key = [("idempotency-key", "uno")];
    let count = async |house: &House, table: &str| -> i64 {
        house.database.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
    };
    house.database.execute("SELECT pg_advisory_lock(hashtext('extracts'))", &[]).await.unwrap();
    let waiting = "(SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
                    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()) AS waiting";
    let url = format!("{}/api/v1/extracts", house.stack.api_url);
    let asked = reqwest::Client::new().post(url).bearer_auth(&token).header(key[0].0, key[0].1).json(&order);
    let asked = tokio::spawn(asked.send());
    while count(&house, waiting).await == 0 {
        assert!(!asked.is_finished(), "it did not wait");
    }
    house.stack.restart_api().await.unwrap();
    assert!(asked.await.unwrap().is_err(), "who was killed answered");
    house.database.execute("SELECT pg_advisory_unlock(hashtext('extracts'))", &[]).await.unwrap();
    for _ in 0..2 {
        let made = house.send(&token, Method::POST, "/extracts", &key, Some(&order)).await;
        assert_eq!(made.status(), StatusCode::CREATED);
    }
    for (table, rows) in [("extracts", 1), ("extract_numbers", 100), ("contact_activity", 100)] {
        assert_eq!(count(&house, table).await, rows, "{table}");
    }
}
