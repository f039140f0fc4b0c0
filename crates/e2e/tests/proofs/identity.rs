//! Who gets in, with what, and for how long: users, their passwords, the keys of programs and the keys of tokens.

use e2e::Client;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, address};

/// The types of problems that programs tell apart.
const MUST_CHANGE: &str = "urn:pregon:problem:password-change-required";

const OWN_PASSWORD: &str = "cuatro tortugas verdes cruzan";

impl House {
    /// Makes a user as an admin does, and returns id and first password.
    async fn invite(&self, email: &str, role: &str) -> (String, String) {
        let body = json!({"email": email, "role": role});
        let made = self.admin.must(201, Method::POST, "/users", Some(&body)).await.unwrap();
        assert_eq!((&made["email"], &made["role"]), (&json!(email), &json!(role)), "{made}");
        assert_eq!((&made["must_change_password"], &made["disabled_at"]), (&json!(true), &Value::Null));
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("id"), text("password"))
    }

    /// Somebody new who has chosen their own password.
    async fn welcomed(&self, email: &str, role: &str) -> (String, Client) {
        let (id, password) = self.invite(email, role).await;
        let client = self.sign_in(email, &password).await;
        client
            .must(204, Method::POST, "/auth/password", Some(&passwords(&password, OWN_PASSWORD)))
            .await
            .unwrap();
        (id, client)
    }

    async fn sign_in(&self, email: &str, password: &str) -> Client {
        Client::sign_in(&self.stack.api_url, email, password).await.unwrap()
    }

    /// Asks as a program does, from an address of this machine.
    async fn program(&self, key: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.stack.api_url);
        let mut request = reqwest::Client::new().request(method, url).header("x-api-key", key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn actors_of(&self, action: &str) -> Vec<String> {
        let lines = "SELECT actor FROM audit_log WHERE action = $1 ORDER BY id";
        let rows = self.database.query(lines, &[&action]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn passwords(old: &str, new: &str) -> Value {
    json!({"old_password": old, "new_password": new})
}

async fn status(client: &Client, method: Method, path: &str) -> u16 {
    client.ask(method, path, None).await.unwrap().0
}

#[tokio::test]
async fn who_was_given_a_password_may_do_nothing_before_they_chose_their_own() {
    let house = House::with_contacts(3).await;
    let (_, given) = house.invite("eva@casa.example", "operator").await;
    let (eva, elsewhere) =
        (house.sign_in("eva@casa.example", &given).await, house.sign_in("eva@casa.example", &given).await);
    for path in ["/contacts", "/auth/sessions", "/segments"] {
        let (status, problem) = eva.ask(Method::GET, path, None).await.unwrap();
        assert_eq!((status, &problem["type"]), (403, &json!(MUST_CHANGE)), "{path}: {problem}");
    }
    let me = eva.must(200, Method::GET, "/auth/me", None).await.unwrap();
    assert_eq!((&me["email"], &me["must_change_password"]), (&json!("eva@casa.example"), &json!(true)));
    for (body, pointer) in [
        (passwords("no es esta, no", OWN_PASSWORD), "/old_password"),
        (passwords(&given, &given), "/new_password"),
        (passwords(&given, "Contraseña-2026"), "/new_password"),
        (passwords(&given, "eva-casa-2026"), "/new_password"),
        (passwords(&given, "corta"), "/new_password"),
    ] {
        let problem = eva.must(422, Method::POST, "/auth/password", Some(&body)).await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    eva.must(204, Method::POST, "/auth/password", Some(&passwords(&given, OWN_PASSWORD))).await.unwrap();
    assert_eq!(status(&eva, Method::GET, "/contacts").await, 200);
    assert_eq!(status(&elsewhere, Method::GET, "/auth/me").await, 401, "the other session has ended");
    assert!(Client::sign_in(&house.stack.api_url, "eva@casa.example", &given).await.is_err());
    house.sign_in("eva@casa.example", OWN_PASSWORD).await;
    assert_eq!(status(&eva, Method::POST, "/auth/logout").await, 204);
    assert_eq!(house.actors_of("user.change_password").await, ["eva@casa.example"]);
}

#[tokio::test]
async fn who_may_do_less_or_nothing_any_more_is_refused_at_once() {
    let house = House::with_contacts(3).await;
    let (id, eva) = house.welcomed("eva@casa.example", "manager").await;
    let at = |rest: &str| format!("/users/{id}{rest}");
    assert_eq!(status(&eva, Method::GET, "/contacts").await, 200);

    let lowered = json!({"role": "viewer"});
    let changed = house.admin.must(200, Method::PATCH, &at(""), Some(&lowered)).await.unwrap();
    assert_eq!(changed["role"], "viewer");
    assert_eq!(status(&eva, Method::GET, "/contacts").await, 401);

    // A role that is raised needs no new session.
    let eva = house.sign_in("eva@casa.example", OWN_PASSWORD).await;
    assert_eq!(status(&eva, Method::GET, "/users").await, 403);
    house.admin.must(200, Method::PATCH, &at(""), Some(&json!({"role": "admin"}))).await.unwrap();
    assert_eq!(status(&eva, Method::GET, "/users").await, 200);

    house.admin.must(200, Method::POST, &at("/disable"), None).await.unwrap();
    assert_eq!(status(&eva, Method::GET, "/users").await, 401);
    assert!(Client::sign_in(&house.stack.api_url, "eva@casa.example", OWN_PASSWORD).await.is_err());
    house.admin.must(200, Method::POST, &at("/enable"), None).await.unwrap();
    let eva = house.sign_in("eva@casa.example", OWN_PASSWORD).await;

    let reset = house.admin.must(200, Method::POST, &at("/reset-password"), None).await.unwrap();
    assert_eq!(status(&eva, Method::GET, "/auth/me").await, 401);
    let given = reset["password"].as_str().unwrap();
    let eva = house.sign_in("eva@casa.example", given).await;
    let (refused, problem) = eva.ask(Method::GET, "/users", None).await.unwrap();
    assert_eq!((refused, &problem["type"]), (403, &json!(MUST_CHANGE)));
    let shown = house.admin.must(200, Method::GET, &at(""), None).await.unwrap();
    assert_eq!((&shown["must_change_password"], shown.get("password")), (&json!(true), None));
    for action in ["user.change_role", "user.disable", "user.enable", "user.reset_password"] {
        let actors = house.actors_of(action).await;
        assert!(!actors.is_empty() && actors.iter().all(|actor| *actor == address("admin")), "{action}");
    }
}

#[tokio::test]
async fn the_last_admin_stays_one_and_nobody_raises_themselves() {
    let house = House::with_contacts(1).await;
    let me = house.admin.must(200, Method::GET, "/auth/me", None).await.unwrap();
    let own = format!("/users/{}", me["id"].as_str().unwrap());
    let lowered = json!({"role": "manager"});
    house.admin.must(409, Method::PATCH, &own, Some(&lowered)).await.unwrap();
    house.admin.must(409, Method::POST, &format!("{own}/disable"), None).await.unwrap();
    house.admin.must(409, Method::POST, &format!("{own}/reset-password"), None).await.unwrap();
    let (id, eva) = house.welcomed("eva@casa.example", "admin").await;
    eva.must(200, Method::PATCH, &own, Some(&lowered)).await.unwrap();
    assert_eq!(status(&house.admin, Method::GET, "/users").await, 401);
    eva.must(409, Method::POST, &format!("/users/{id}/disable"), None).await.unwrap();
    let manager = house.sign_in(&address("admin"), PASSWORD).await;
    for (method, path) in [(Method::GET, "/users"), (Method::GET, "/api-keys")] {
        assert_eq!(status(&manager, method, path).await, 403, "{path}");
    }

    eva.must(409, Method::POST, "/users", Some(&json!({"email": address("admin"), "role": "viewer"})))
        .await
        .unwrap();
    for (body, pointer) in [
        (json!({"email": "nadie", "role": "viewer"}), "/email"),
        (json!({"email": "uno@casa.example", "role": "root"}), "/role"),
    ] {
        let problem = eva.must(422, Method::POST, "/users", Some(&body)).await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let nobody = "/users/01900000-0000-7000-8000-000000000000";
    eva.must(404, Method::GET, nobody, None).await.unwrap();
    eva.must(404, Method::POST, &format!("{nobody}/disable"), None).await.unwrap();
    let first = eva.must(200, Method::GET, "/users?limit=1", None).await.unwrap();
    assert_eq!(first["data"][0]["email"], "eva@casa.example");
    let next = format!("/users?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = eva.must(200, Method::GET, &next, None).await.unwrap();
    assert_eq!(second["data"][0]["email"], address("admin"));
}

#[tokio::test]
async fn a_program_asks_with_its_key_as_far_as_its_role_goes_and_until_it_is_revoked() {
    let house = House::with_contacts(3).await;
    let body = json!({"name": "CRM", "role": "operator", "allowed_from": ["127.0.0.0/8", "::1"]});
    let made = house.admin.must(201, Method::POST, "/api-keys", Some(&body)).await.unwrap();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with(&format!("pk_{}_", id.replace('-', ""))), "the form of a key");
    house.admin.must(409, Method::POST, "/api-keys", Some(&body)).await.unwrap();

    let (status, me) = house.program(key, Method::GET, "/auth/me", None).await;
    assert_eq!((status, &me["api_key"], &me["role"]), (200, &json!("CRM"), &json!("operator")));
    let contact = json!({"phone": "55 2000 0001"});
    assert_eq!(house.program(key, Method::POST, "/contacts", Some(&contact)).await.0, 201);
    assert_eq!(house.actors_of("contact.create").await, [format!("API key CRM ({id})")]);
    for (method, path) in [
        (Method::GET, "/users"),
        (Method::GET, "/api-keys"),
        (Method::POST, "/auth/logout"),
        (Method::GET, "/auth/sessions"),
    ] {
        let (status, problem) = house.program(key, method, path, None).await;
        assert_eq!(status, 403, "{path}: {problem}");
    }
    let both = house.admin.request(Method::GET, "/contacts").header("x-api-key", key).send().await.unwrap();
    assert_eq!(both.status(), 400);
    let mut wrong = key[..key.len() - 1].to_owned();
    wrong.push(if key.ends_with('0') { '1' } else { '0' });
    for none in [wrong.as_str(), "pk_", "nada"] {
        assert_eq!(house.program(none, Method::GET, "/contacts", None).await.0, 401);
    }

    let one = house.admin.must(200, Method::GET, &format!("/api-keys/{id}"), None).await.unwrap();
    assert!(one["last_used_at"].is_string() && one["last_used_from"] == "127.0.0.1", "{one}");
    assert!(one.get("key").is_none() && one["is_in_force"] == true, "{one}");
    house.admin.must(204, Method::DELETE, &format!("/api-keys/{id}"), None).await.unwrap();
    assert_eq!(house.program(key, Method::GET, "/contacts", None).await.0, 401);
    let listed = house.admin.must(200, Method::GET, "/api-keys", None).await.unwrap();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["is_in_force"]), (&json!(id), &json!(false)));
    assert_eq!(house.actors_of("api_key.revoke").await, [address("admin")]);
}

#[tokio::test]
async fn a_key_is_taken_from_its_networks_alone_and_what_is_no_key_s_is_told() {
    let house = House::with_contacts(1).await;
    let body = json!({"name": "lejos", "role": "viewer", "allowed_from": ["203.0.113.0/24"]});
    let made = house.admin.must(201, Method::POST, "/api-keys", Some(&body)).await.unwrap();
    let (status, _) = house.program(made["key"].as_str().unwrap(), Method::GET, "/contacts", None).await;
    assert_eq!(status, 403);
    for (change, pointer) in [
        (json!({"name": " "}), "/name"),
        (json!({"role": "root"}), "/role"),
        (json!({"allowed_from": ["10.0.0.0/8", "aquí"]}), "/allowed_from/1"),
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"expires_at": "2120-01-01T00:00:00Z"}), "/expires_at"),
    ] {
        let mut body = json!({"name": "otra", "role": "viewer"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let problem = house.admin.must(422, Method::POST, "/api-keys", Some(&body)).await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn the_key_of_tokens_is_changed_while_those_who_are_signed_in_stay_so() {
    const OLD: &str = "k7Qz-p2vX9m-w4Tn-c8Rb-y1Lf-h6Sd-j3";
    const NEW: &str = "m3Wd-x8Kp-z5Tb-n1Gh-v7Rc-s4Jq-f9Yt";
    let mut house = House::with_contacts(1).await;
    let keys = |stack: &mut e2e::Stack, signs: &str, others: &str| {
        stack.set("PREGON__AUTH__JWT_SECRET", signs);
        stack.set("PREGON__AUTH__JWT_OTHER_SECRETS", others);
    };
    keys(&mut house.stack, OLD, NEW);
    house.stack.restart_api().await.unwrap();
    let before = house.sign_in(&address("admin"), PASSWORD).await;
    keys(&mut house.stack, NEW, OLD);
    house.stack.restart_api().await.unwrap();
    assert_eq!(status(&before, Method::GET, "/contacts").await, 200);
    let after = house.sign_in(&address("admin"), PASSWORD).await;
    keys(&mut house.stack, NEW, "");
    house.stack.restart_api().await.unwrap();
    assert_eq!(status(&before, Method::GET, "/contacts").await, 401);
    assert_eq!(status(&after, Method::GET, "/contacts").await, 200);
}
