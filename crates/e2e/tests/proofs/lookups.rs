//! Numbers looked up over REST, at the sandbox, by real processes.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, PATIENCE};

impl House {
    async fn look_up(&self, body: &Value, status: u16) -> Value {
        self.admin.must(status, Method::POST, "/phones/lookup", Some(body)).await.unwrap()
    }

    async fn calls(&self) -> i64 {
        let calls = "SELECT sum(calls)::bigint FROM lookup_budgets";
        self.database.query_one(calls, &[]).await.unwrap().get(0)
    }

    async fn lookup_job_ended(&self, id: &str) -> Value {
        let started = Instant::now();
        loop {
            let job = self.admin.must(200, Method::GET, &format!("/jobs/{id}"), None).await.unwrap();
            if job["finished_at"] != Value::Null {
                return job;
            }
            assert!(started.elapsed() < PATIENCE, "{job}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn numbers_are_looked_up_once_and_what_was_paid_for_is_free_from_then_on() {
    let house = House::with_contacts(3).await;
    house.database.batch_execute("UPDATE contacts SET line_type = 'unknown'").await.unwrap();
    let numbers = json!({"numbers": ["55 1000 0001", "+52 55 1000 0001", "hola", "5510000002"]});
    let told = house.look_up(&numbers, 200).await;
    assert_eq!((told["calls"].as_u64(), told["cost"]["amount_micros"].as_str()), (Some(2), Some("120000")));
    let data = told["data"].as_array().unwrap();
    assert_eq!(
        (data[0]["source"].as_str(), data[0]["e164"].as_str()),
        (Some("lookup"), Some("+525510000001"))
    );
    assert_eq!(data[0]["looked_up_at"], data[1]["looked_up_at"]);
    assert_eq!(
        (data[2]["outcome"].as_str(), data[2]["reason"].as_str()),
        (Some("rejected"), Some("not_a_number"))
    );
    let again = house.look_up(&numbers, 200).await;
    assert_eq!((again["calls"].as_u64(), again["cached"].as_u64()), (Some(0), Some(2)));
    assert_eq!(house.calls().await, 2);

    // The contact has it, and says since when.
    let found = house.admin.must(200, Method::GET, "/contacts/search?q=5510000001", None).await.unwrap();
    let id = found["data"][0]["id"].as_str().unwrap();
    let contact = house.admin.must(200, Method::GET, &format!("/contacts/{id}"), None).await.unwrap();
    assert_eq!((&contact["line_type"], &contact["line_source"]), (&data[0]["line_type"], &json!("lookup")));
    assert_eq!(contact["line_checked_at"], data[0]["looked_up_at"]);

    // An amount that pays for nothing asks nobody, and says so.
    let mut dear = json!({"numbers": ["55 9000 0007"], "max_cost": {"amount_micros": "59999"}});
    let told = house.look_up(&dear, 200).await;
    assert_eq!(
        (told["data"][0]["reason"].as_str(), told["calls"].as_u64()),
        (Some("over_max_cost"), Some(0))
    );
    dear["max_cost"]["amount_micros"] = json!("-1");
    house.look_up(&dear, 422).await;
    house.look_up(&json!({"numbers": vec!["5590000007"; 101]}), 422).await;

    // All calls of the day are made.
    let spent =
        "UPDATE lookup_budgets SET calls = 10000000, day = (now() AT TIME ZONE 'America/Mexico_City')::date";
    house.database.batch_execute(spent).await.unwrap();
    let refused = house.look_up(&json!({"numbers": ["55 9000 0007"]}), 429).await;
    assert!(refused["detail"].as_str().unwrap().contains("lookup.calls_per_day_max"), "{refused}");
    let known = house.look_up(&numbers, 200).await;
    assert_eq!(known["cached"].as_u64(), Some(2), "what is known needs no call");
    let viewer = house.somebody("viewer").await;
    viewer.must(403, Method::POST, "/phones/lookup", Some(&numbers)).await.unwrap();
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'phone.lookup' AND details::text NOT LIKE '%5510000001%'";
    assert!(house.database.query_one(audited, &[]).await.unwrap().get::<_, i64>(0) >= 4);
}

#[tokio::test]
async fn the_unknown_numbers_of_a_campaign_are_looked_up_before_it_is_launched() {
    let house = House::with_contacts(30).await;
    house.database.batch_execute("UPDATE contacts SET line_type = 'unknown' WHERE id <= 20").await.unwrap();
    let campaign = house.draft(100.0).await;
    let path = format!("/campaigns/{campaign}/lookup");
    let cost = |micros: &str| json!({"max_cost": {"amount_micros": micros}});
    let operator = house.somebody("operator").await;
    operator.must(403, Method::POST, &path, Some(&cost("1"))).await.unwrap();
    // Five calls are paid for.
    let job = house.admin.must(202, Method::POST, &path, Some(&cost("300000"))).await.unwrap();
    let ended = house.lookup_job_ended(job["id"].as_str().unwrap()).await;
    assert_eq!((&ended["kind"], &ended["state"]), (&json!("number_lookup"), &json!("failed")));
    assert!(ended["failure"].as_str().unwrap().contains("more than was allowed"), "{ended}");
    assert_eq!(
        (&ended["lookup"]["asked"], &ended["lookup"]["cost"]["amount_micros"]),
        (&json!(5), &json!("300000"))
    );

    let job = house.admin.must(202, Method::POST, &path, Some(&cost("250000000"))).await.unwrap();
    let ended = house.lookup_job_ended(job["id"].as_str().unwrap()).await;
    assert_eq!(ended["state"], "completed", "{ended}");
    let tally = ["asked", "cached", "failed", "unknown"].map(|name| ended["lookup"][name].as_u64().unwrap());
    assert_eq!(tally, [15, 5, 0, 0]);
    assert_eq!(house.calls().await, 20);
    let unknown = "SELECT count(*) FROM contacts WHERE line_type = 'unknown'";
    assert_eq!(house.database.query_one(unknown, &[]).await.unwrap().get::<_, i64>(0), 0);

    house.admin.launch(&campaign).await.unwrap();
    let refused = house.admin.must(409, Method::POST, &path, Some(&cost("1"))).await.unwrap();
    assert!(refused["detail"].as_str().unwrap().contains("before it is launched"), "{refused}");
}
