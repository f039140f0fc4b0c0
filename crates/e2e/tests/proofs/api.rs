//! The REST API as a process: who is let in, and what becomes of requests that nobody should make.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, address};

const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

impl House {
    /// Posts a body as it is, as the admin if `signed_in`, and returns status and problem.
    async fn raw(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> (StatusCode, Value) {
        let http = reqwest::Client::new();
        let mut request = http
            .request(method, format!("{}{path}", self.stack.api_url))
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(answer.headers().contains_key("x-request-id"), "{path}: {status}");
        let is_problem = answer.headers()["content-type"] == "application/problem+json";
        let body: Value = answer.json().await.unwrap();
        if status.is_client_error() || status.is_server_error() {
            assert!(is_problem, "{path}: {body}");
            assert_eq!(body["status"], status.as_u16(), "{path}: {body}");
            for name in ["type", "title", "detail", "instance", "request_id"] {
                assert!(body[name].is_string(), "{path}: {name} of {body}");
            }
        }
        (status, body)
    }

    async fn log_in(&self, email: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({"email": email, "password": password}).to_string();
        self.raw(Method::POST, "/api/v1/auth/login", None, &body).await
    }
}

#[tokio::test]
async fn every_path_that_is_described_is_there_and_lets_no_stranger_in() {
    let house = House::with_contacts(1).await;
    let description: Value =
        reqwest::get(format!("{}/openapi.json", house.stack.api_url)).await.unwrap().json().await.unwrap();
    let mut seen = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let address = format!("{}{}", house.stack.api_url, path.replace("{id}", NOBODY));
            let answer = reqwest::Client::new().request(method.clone(), address).send().await.unwrap();
            let expected = match path.as_str() {
                "/api/v1/auth/login" | "/api/v1/auth/refresh" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "/webhooks/telnyx" => StatusCode::UNAUTHORIZED,
                path if path.starts_with("/api/") => StatusCode::UNAUTHORIZED,
                _ => StatusCode::OK,
            };
            assert_eq!(answer.status(), expected, "{method} {path}");
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
    for path in ["/docs", "/docs/", "/health/live", "/metrics"] {
        let answer = reqwest::get(format!("{}{path}", house.stack.api_url)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_role_may_do_what_its_name_says_and_no_more() {
    let house = House::with_contacts(10).await;
    let campaign = house.draft(100.0).await;
    let sender = json!({
        "name": "Otra", "kind": "alphanumeric", "value": "OTRA", "rate_per_s": 1.0, "price_micros_per_segment": 1,
        "identity": {"brand": "Otra", "address": "Calle 1", "phone": "+525500000000", "email": "a@b.example",
                     "opt_out_text": "ALTO"}
    });
    let draft = json!({"name": "Una", "message": {"template": "Hola", "transliterate": true}, "segment": {"all": []}});
    let launch = format!("/campaigns/{campaign}/launch");
    let contact = json!({"phone": "55 2000 0001"});
    // Read, add a contact, draft, launch, make a sender.
    for (role, answers) in [
        ("viewer", [200, 403, 403, 403, 403]),
        ("operator", [200, 201, 201, 403, 403]),
        ("manager", [200, 409, 201, 202, 403]),
        ("admin", [200, 409, 201, 409, 201]),
    ] {
        let client = if role == "admin" { house.admin.clone() } else { house.somebody(role).await };
        for ((method, path, body), expected) in [
            (Method::GET, "/contacts", None),
            (Method::POST, "/contacts", Some(&contact)),
            (Method::POST, "/campaigns", Some(&draft)),
            (Method::POST, launch.as_str(), None),
            (Method::POST, "/senders", Some(&sender)),
        ]
        .into_iter()
        .zip(answers)
        {
            let mut draft = body.cloned();
            if role == "admin" && path == "/campaigns" {
                // There are two senders by then, or not yet: it is named.
                let senders = client.must(200, Method::GET, "/senders", None).await.unwrap();
                draft.as_mut().unwrap()["sender_id"] = senders["data"][0]["id"].clone();
            }
            let (status, answer) = client.ask(method, path, draft.as_ref()).await.unwrap();
            assert_eq!(status, expected, "{role} {path}: {answer}");
        }
        // Those who only look see phones masked.
        let contacts = client.must(200, Method::GET, "/contacts", None).await.unwrap();
        let phone = contacts["data"][0]["phone_e164"].as_str().unwrap();
        assert_eq!(phone.contains('•'), role == "viewer", "{role}: {phone}");
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_and_never_our_fault() {
    let house = House::with_contacts(3).await;
    house.admin.add_sender("Tienda", 10.0).await.unwrap();
    let (_, signed_in) = house.log_in(&address("admin"), PASSWORD).await;
    let token = signed_in["access_token"].as_str().unwrap();
    let deep = format!(
        "{{\"definition\":{}{{\"field\":\"state\",\"op\":\"eq\",\"value\":\"JAL\"}}{}}}",
        "{\"not\":".repeat(40),
        "}".repeat(40)
    );
    let bottomless = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let large = format!("{{\"numbers\":[\"{}\"]}}", "5".repeat(3_000_000));
    let many = json!({"numbers": vec!["5510000001"; 1001]}).to_string();
    let campaign = |change: Value| {
        let mut campaign = json!({"name": "Una", "message": {"template": "Hola", "transliterate": true}, "segment": {"all": []}});
        campaign.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        campaign.to_string()
    };
    let preview = |definition: Value| json!({"definition": definition}).to_string();
    let cases = [
        ("/campaigns", "", 400, ""),
        ("/campaigns", "{", 400, ""),
        ("/campaigns", "null", 422, ""),
        ("/campaigns", "[]", 422, ""),
        ("/campaigns", "\u{0}", 400, ""),
        ("/campaigns", &bottomless, 422, "/0"),
        ("/campaigns", &campaign(json!({"name": ""})), 422, "/name"),
        ("/campaigns", &campaign(json!({"name": "x".repeat(500)})), 422, "/name"),
        ("/campaigns", &campaign(json!({"name": 7})), 422, "/name"),
        ("/campaigns", &campaign(json!({"naem": "x"})), 422, "/naem"),
        ("/campaigns", &campaign(json!({"priority": "urgent"})), 422, "/priority"),
        ("/campaigns", &campaign(json!({"sender_id": NOBODY})), 422, "/sender_id"),
        ("/campaigns", &campaign(json!({"limits": {"max_messages": -1}})), 422, "/limits/max_messages"),
        (
            "/campaigns",
            &campaign(json!({"segment": {"field": "salary", "op": "eq", "value": 1}})),
            422,
            "/segment",
        ),
        (
            "/campaigns",
            &campaign(json!({"message": {"template": "{{ password }}"}})),
            422,
            "/message/template",
        ),
        (
            "/campaigns",
            &campaign(json!({"message": {"template": "{{ [1] * 100000000 }}"}})),
            422,
            "/message/template",
        ),
        (
            "/campaigns",
            &campaign(json!({"message": {"template": "{% for x in y %}"}})),
            422,
            "/message/template",
        ),
        ("/segments/preview", &deep, 422, "/definition"),
        (
            "/segments/preview",
            &preview(json!({"field": "state", "op": "like", "value": "x"})),
            422,
            "/definition",
        ),
        (
            "/segments/preview",
            &preview(json!({"field": "state; DROP TABLE contacts", "op": "eq", "value": 1})),
            422,
            "/definition",
        ),
        (
            "/segments/preview",
            &preview(json!({"field": "created_at", "op": "gt", "value": "yesterday"})),
            422,
            "/definition",
        ),
        (
            "/segments/preview",
            &preview(json!({"field": "name", "op": "matches", "value": "\u{0}"})),
            422,
            "/definition",
        ),
        ("/phones/normalize", &many, 422, "/numbers"),
        ("/phones/normalize", &large, 413, ""),
        ("/messages/preview", "{\"text\":7}", 422, "/text"),
        ("/senders", "{}", 422, ""),
    ];
    let mut wrong = Vec::new();
    for (path, body, expected, pointer) in cases {
        let shown: String = body.chars().take(100).collect();
        let (status, answer) = house.raw(Method::POST, &format!("/api/v1{path}"), Some(token), body).await;
        let at = answer["errors"][0]["pointer"].as_str().unwrap_or_default();
        if status.as_u16() != expected || !at.starts_with(pointer) {
            wrong.push(format!("{path} {shown}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn addresses_that_are_none_are_told_so() {
    let house = House::with_contacts(3).await;
    let (_, signed_in) = house.log_in(&address("admin"), PASSWORD).await;
    let token = signed_in["access_token"].as_str().unwrap();
    let mut wrong = Vec::new();
    for (path, expected) in [
        ("/campaigns/7", 404),
        ("/campaigns/01900000-0000-7000-8000-000000000000", 404),
        ("/campaigns?limit=0", 400),
        ("/campaigns?limit=201", 400),
        ("/campaigns?limit=x", 400),
        ("/campaigns?cursor=!", 400),
        ("/campaigns?colour=blue", 400),
        ("/contacts/abc", 404),
        ("/contacts/-1", 404),
        ("/contacts/99999999999999999999", 404),
        ("/contacts?state=%00", 400),
        ("/contacts?line_type=pigeon", 400),
        ("/contacts/stats?by=colour", 400),
        ("/contacts/stats?of=state", 400),
        ("/messages/x", 404),
        ("/nothing/here", 404),
        ("/%ff%fe", 404),
    ] {
        let (status, answer) = house.raw(Method::GET, &format!("/api/v1{path}"), Some(token), "").await;
        if status.as_u16() != expected {
            wrong.push(format!("{path}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (status, _) = house.raw(Method::DELETE, "/api/v1/campaigns", Some(token), "").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn contacts_are_counted_by_what_they_have_in_common_and_a_segment_says_the_same() {
    let house = House::with_contacts(300).await;
    let (_, pass) = house.log_in(&address("admin"), PASSWORD).await;
    let token = pass["access_token"].as_str();
    let mut totals = std::collections::BTreeSet::new();
    for by in ["state", "lada", "city", "line_type", "status"] {
        let path = format!("/api/v1/contacts/stats?by={by}");
        let (status, answer) = house.raw(Method::GET, &path, token, "").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert!(answer["as_of"].is_string());
        let counts = answer["data"].as_array().unwrap();
        let sum = |name: &str| counts.iter().map(|count| count[name].as_u64().unwrap()).sum::<u64>();
        assert!(sum("valid") <= sum("total") && sum("mobile") <= sum("total"), "{answer}");
        totals.insert(sum("total"));
        if by == "state" {
            for count in counts.iter().filter(|count| !count["key"].is_null()).take(3) {
                let definition = json!({"field": "state", "op": "eq", "value": count["key"]});
                let body = json!({ "definition": definition }).to_string();
                let (_, preview) = house.raw(Method::POST, "/api/v1/segments/preview", token, &body).await;
                assert_eq!(
                    preview["total"],
                    json!({"value": count["total"], "relation": "exact"}),
                    "{preview}"
                );
            }
        }
    }
    assert_eq!(totals.len(), 1, "every cube counts everybody: {totals:?}");
    assert!(totals.first().is_some_and(|total| *total > 0));
}

#[tokio::test]
async fn contacts_are_searched_for_and_a_cursor_serves_its_own_search_alone() {
    let house = House::with_contacts(300).await;
    let (_, pass) = house.log_in(&address("admin"), PASSWORD).await;
    let token = pass["access_token"].as_str();
    let get = async |path: &str| house.raw(Method::GET, &format!("/api/v1{path}"), token, "").await;
    let (_, listed) = get("/contacts?limit=1").await;
    let one = &listed["data"][0];
    let phone = one["phone_e164"].as_str().unwrap();
    for q in [&phone[1..], &phone[3..]] {
        let (status, found) = get(&format!("/contacts/search?q={q}")).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        assert_eq!(
            (&found["data"][0]["id"], &found["total"]),
            (&one["id"], &json!({"value": 1, "relation": "exact"}))
        );
        assert!(found["next_cursor"].is_null(), "{found}");
    }
    let ends = phone[phone.len() - 3..].to_owned();
    let (_, first) = get(&format!("/contacts/search?q={}&limit=1", &phone[3..6])).await;
    let cursor = first["next_cursor"].as_str().expect("there is more than one of these digits").to_owned();
    let (status, second) = get(&format!("/contacts/search?q={}&limit=1&cursor={cursor}", &phone[3..6])).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(second["data"][0]["id"], first["data"][0]["id"]);
    // Who sees numbers masked does not guess them digit by digit.
    let viewer = house.somebody("viewer").await;
    for (q, expected) in [(ends.as_str(), 403), ("garcia", 200), (&phone[3..], 200)] {
        let path = format!("/contacts/search?q={q}");
        let (status, answer) = viewer.ask_once(Method::GET, &path, None, None).await.unwrap();
        assert_eq!(status, expected, "{answer}");
    }
    let long = "a".repeat(10_000);
    for path in [
        format!("/contacts/search?q={ends}&cursor={cursor}"),
        format!("/contacts/search?q={}&state=JAL&cursor={cursor}", &phone[3..6]),
        "/contacts/search?q=551&cursor=x".to_owned(),
        "/contacts/search".to_owned(),
        "/contacts/search?q=".to_owned(),
        "/contacts/search?q=a".to_owned(),
        "/contacts/search?q=%F0%9F%98%80".to_owned(),
        "/contacts/search?q=%25".to_owned(),
        "/contacts/search?q=:*".to_owned(),
        format!("/contacts/search?q={long}"),
        "/contacts/search?q=551&state=XX".to_owned(),
        "/contacts/search?q=551&colour=blue".to_owned(),
    ] {
        let (status, answer) = get(&path).await;
        assert!([400, 414].contains(&status.as_u16()), "{path:.80}: {answer}");
    }
}

#[tokio::test]
async fn who_signs_out_is_out_and_a_refresh_token_is_good_once() {
    let house = House::with_contacts(1).await;
    let (status, first) = house.log_in(&address("admin"), PASSWORD).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&first["token_type"], &first["user"]["role"]), (&json!("Bearer"), &json!("admin")));
    let refresh = async |token: &Value| {
        let body = json!({"refresh_token": token}).to_string();
        house.raw(Method::POST, "/api/v1/auth/refresh", None, &body).await
    };
    let me = async |pass: &Value| {
        house.raw(Method::GET, "/api/v1/auth/me", pass["access_token"].as_str(), "").await.0
    };
    let (status, second) = refresh(&first["refresh_token"]).await;
    assert_eq!((status, me(&second).await), (StatusCode::OK, StatusCode::OK));
    // Somebody has stolen the first: nobody of its family goes on.
    assert_eq!(refresh(&first["refresh_token"]).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&second["refresh_token"]).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&second).await, StatusCode::UNAUTHORIZED);

    let (_, pass) = house.log_in(&address("admin"), PASSWORD).await;
    assert_eq!(me(&pass).await, StatusCode::OK);
    let logout = reqwest::Client::new()
        .post(format!("{}/api/v1/auth/logout", house.stack.api_url))
        .bearer_auth(pass["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(logout.status(), StatusCode::NO_CONTENT);
    assert_eq!(me(&pass).await, StatusCode::UNAUTHORIZED);
    let forged = format!("{}x", pass["access_token"].as_str().unwrap());
    for token in ["", "x", "a.b.c", &forged, "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(me(&json!({"access_token": token})).await, StatusCode::UNAUTHORIZED, "{token}");
    }
}

#[tokio::test]
async fn a_password_is_not_to_be_guessed() {
    let house = House::with_contacts(1).await;
    // Who is not known is answered as one who is.
    let (_, known) = house.log_in(&address("admin"), "falsa falsa falsa").await;
    let (_, unknown) = house.log_in("nadie@casa.example", "falsa falsa falsa").await;
    assert_eq!((&known["status"], &known["detail"]), (&json!(401), &unknown["detail"]));
    let mut last = StatusCode::UNAUTHORIZED;
    for _ in 0..30 {
        last = house.log_in("otra@casa.example", "falsa falsa falsa").await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_same_key_makes_one_campaign() {
    let house = House::with_contacts(1).await;
    house.admin.add_sender("Tienda", 10.0).await.unwrap();
    let draft = |name: &str| json!({"name": name, "message": {"template": "Hola", "transliterate": true}, "segment": {"all": []}});
    let ask = async |name: &str, key: &str| {
        house.admin.ask_once(Method::POST, "/campaigns", Some(&draft(name)), Some(key)).await.unwrap()
    };
    let (status, first) = ask("Una", "k-1").await;
    assert_eq!(status, 201);
    let (status, again) = ask("Una", "k-1").await;
    assert_eq!((status, &again["id"]), (201, &first["id"]));
    assert_eq!(ask("Otra", "k-1").await.0, 422);
    assert_ne!(ask("Una", "k-2").await.1["id"], first["id"]);
    let at_once = futures::future::join_all((0..6).map(|_| ask("Tres", "k-3"))).await;
    let made: std::collections::BTreeSet<&str> =
        at_once.iter().filter_map(|(_, body)| body["id"].as_str()).collect();
    assert_eq!(made.len(), 1, "{at_once:?}");
    assert!(at_once.iter().all(|(status, _)| [201, 409].contains(status)), "{at_once:?}");
    assert_eq!(ask("Una", "").await.0, 400);
    assert_eq!(ask("Una", &"k".repeat(1000)).await.0, 400);
}
