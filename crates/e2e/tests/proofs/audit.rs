//! Who did what, over REST, and that nobody changed it.

use std::process::Stdio;

use e2e::Client;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, address};

#[tokio::test]
async fn an_admin_sees_who_did_what_and_the_chain_is_whole() {
    let house = House::with_contacts(2).await;
    let operator = house.somebody("operator").await;
    let manager = house.somebody("manager").await;
    let bar = json!({"phone": "55 1000 0001", "reason": "lo pidió por teléfono"});
    operator.must(201, Method::POST, "/suppressions", Some(&bar)).await.unwrap();

    let of_operator = format!("/audit?actor={}", address("operator"));
    let page = house.admin.must(200, Method::GET, &of_operator, None).await.unwrap();
    let lines = page["data"].as_array().unwrap();
    let line = lines.iter().find(|line| line["action"] == "suppression.create").unwrap();
    assert_eq!((&line["object_kind"], &line["remote_addr"]), (&json!("suppression"), &json!("127.0.0.1")));
    assert!(!line["object_id"].as_str().unwrap().contains("10000001"), "numbers are masked: {line}");
    assert_eq!(line["hash"].as_str().unwrap().len(), 64);
    assert!(lines.iter().all(|line| line["actor"] == address("operator")));

    let mut seen: Vec<Value> = Vec::new();
    let mut path = "/audit?order=oldest&limit=2".to_owned();
    loop {
        let page = house.admin.must(200, Method::GET, &path, None).await.unwrap();
        seen.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/audit?order=oldest&limit=2&cursor={cursor}");
    }
    let made: Vec<_> = seen.iter().filter(|line| line["action"] == "user.create").collect();
    assert_eq!((made.len(), &made[0]["details"]), (3, &json!({"role": "admin"})));

    for (query, parameter) in [
        ("order=latest", "order"),
        ("object_id=7", "object_id"),
        ("from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "until"),
        ("actor=%00", "actor"),
        ("cursor=x", "cursor"),
    ] {
        let refused = house.admin.must(400, Method::GET, &format!("/audit?{query}"), None).await.unwrap();
        assert_eq!(refused["errors"][0]["pointer"], parameter, "{refused}");
    }
    house.admin.must(400, Method::GET, "/audit?from=yesterday", None).await.unwrap();
    manager.must(403, Method::GET, "/audit", None).await.unwrap();

    let verified = house.tools.run("migrator", &["audit", "verify", "--json"], "", |_| {}).await.unwrap();
    let told = verified.last().unwrap();
    assert!(told["lines"].as_u64().unwrap() >= seen.len() as u64, "{told}");
    let forge = "SET session_replication_role = replica;
                 UPDATE audit_log SET actor = 'nadie@casa.example' WHERE action = 'suppression.create'";
    house.database.batch_execute(forge).await.unwrap();
    let mut verify = house.tools.command("migrator", &["audit", "verify"]);
    let ended = verify.stdin(Stdio::null()).stderr(Stdio::null()).status().await.unwrap();
    assert_eq!(ended.code(), Some(5));
}

#[tokio::test]
async fn who_sees_many_people_whole_is_written_down_and_who_sees_them_masked_is_not() {
    let house = House::with_contacts(5).await;
    let operator = house.somebody("operator").await;
    let viewer = house.somebody("viewer").await;
    let bar = json!({"phone": "55 1000 0001"});
    operator.must(201, Method::POST, "/suppressions", Some(&bar)).await.unwrap();
    let campaign = house.launch(200.0).await;
    house.completed(&campaign).await;
    let messages = format!("/campaigns/{campaign}/messages?limit=3");
    let lists = ["/contacts?limit=2", "/contacts/search?q=persona", &messages, "/suppressions", "/inbound"];
    for list in lists {
        operator.must(200, Method::GET, list, None).await.unwrap();
        viewer.must(200, Method::GET, list, None).await.unwrap();
    }
    // Nothing was found, so nobody was shown.
    operator.must(200, Method::GET, "/contacts?state=YUC", None).await.unwrap();

    let read =
        "SELECT action, details ->> 'count', host(remote_addr), request_id IS NOT NULL, actor FROM audit_log
                WHERE object_id = 'page' ORDER BY id";
    let rows = house.database.query(read, &[]).await.unwrap();
    let noted: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected =
        [("contact.list", "2"), ("contact.search", "5"), ("message.list", "3"), ("suppression.list", "1")];
    assert_eq!(noted, expected);
    for row in &rows {
        let (from, has_request, actor): (&str, bool, &str) = (row.get(2), row.get(3), row.get(4));
        assert_eq!((from, has_request, actor), ("127.0.0.1", true, address("operator").as_str()));
    }
    let wrong = Client::sign_in(&house.stack.api_url, &address("operator"), "otra frase larga").await;
    assert!(wrong.is_err());
    viewer.must(403, Method::GET, "/audit", None).await.unwrap();
    let metrics =
        reqwest::get(format!("{}/metrics", house.stack.api_url)).await.unwrap().text().await.unwrap();
    for counted in [
        "pregon_bulk_readings_total{of=\"contact.search\"} 1",
        "pregon_bulk_readings_rows_total{of=\"message.list\"} 3",
        "pregon_http_refusals_total{reason=\"unauthenticated\",route=\"/api/v1/auth/login\"} 1",
        "pregon_http_refusals_total{reason=\"forbidden\",route=\"/api/v1/audit\"} 1",
    ] {
        assert!(metrics.contains(counted), "{counted} is not in:\n{metrics}");
    }
}

#[tokio::test]
async fn a_login_that_an_operator_made_may_what_the_api_needs_and_the_check_says_so() {
    let house = House::with_contacts(1).await;
    let name: String =
        house.database.query_one("SELECT current_database() || '_api'", &[]).await.unwrap().get(0);
    let arguments = ["roles", "login", &name, "--of", "api", "--json"];
    let lines = house.tools.run("migrator", &arguments, "", |_| {}).await.unwrap();
    let made = lines.last().unwrap();
    assert_eq!((&made["group"], &made["made"]), (&json!("pregon_api"), &json!(true)));
    let of_owner = said_of_permissions(&house, house.tools.url()).await;
    let url = house.tools.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let server = rest.rsplit_once('@').map_or(rest, |(_, server)| server);
    let own = format!("{scheme}://{name}:{}@{server}", made["password"].as_str().unwrap());
    let of_login = said_of_permissions(&house, &own).await;
    house.database.batch_execute(&format!("DROP ROLE {name}")).await.unwrap();
    assert_eq!((of_owner.as_str(), of_login.as_str()), ("warn", "ok"));
}

/// What `api check` says of what the user of this URL may.
async fn said_of_permissions(house: &House, url: &str) -> String {
    let mut check = house.tools.command("api", &["check", "--json"]);
    let output = check.env("DATABASE_URL", url).stdin(Stdio::null()).output().await.unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut said = lines.filter(|line| line["check"] == "permissions");
    said.next().unwrap()["verdict"].as_str().unwrap().to_owned()
}
