//! How the engine stands, over REST: workers that come and go, queues, dead letters.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::house::House;

impl House {
    /// Waits until the answer of GET /workers is as it should be.
    async fn until_workers(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..600 {
            last = self.admin.must(200, Method::GET, "/workers", None).await.unwrap();
            if is_so(&last) {
                return last;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{what}: {last}");
    }
}

#[tokio::test]
async fn workers_and_queues_are_seen_and_one_that_ends_is_gone() {
    let mut house = House::with_contacts(40).await;
    house.deliver_everything().await;
    let viewer = house.somebody("viewer").await;
    house.stack.add_worker().unwrap();
    let two = |state: &Value| state["workers"].as_array().is_some_and(|workers| workers.len() == 2);
    let state = house.until_workers("two workers are seen", two).await;
    let worker = &state["workers"][0];
    assert!(worker["host"].as_str().is_some_and(|host| !host.is_empty()), "{worker}");
    assert_eq!((&worker["is_lost"], &worker["is_draining"]), (&json!(false), &json!(false)));
    let queues = state["queues"].as_array().unwrap();
    assert_eq!(queues.iter().map(|queue| &queue["priority"]).collect::<Vec<_>>(), ["high", "normal", "bulk"]);
    assert_eq!((&state["dead_letters"], &state["queues_unavailable"]), (&json!(0), &Value::Null));

    let campaign = house.launch(500.0).await;
    house.ends_well(&campaign, 40).await;
    let sent = |state: &Value| {
        let workers = state["workers"].as_array().unwrap();
        workers.iter().filter_map(|worker| worker["messages_sent"].as_u64()).sum::<u64>() == 40
    };
    let state = house.until_workers("all are sent by somebody", sent).await;
    assert_eq!(state["leases"]["count"], 0, "{state}");
    assert!(house.stack.end_worker().await.unwrap());
    let one = |state: &Value| state["workers"].as_array().is_some_and(|workers| workers.len() == 1);
    house.until_workers("one has ended", one).await;

    let (requeue, purge) = ("/workers/dead-letters/requeue", "/workers/dead-letters/purge");
    viewer.must(200, Method::GET, "/workers", None).await.unwrap();
    viewer.must(403, Method::POST, requeue, None).await.unwrap();
    let none = house.admin.must(200, Method::POST, requeue, None).await.unwrap();
    assert_eq!(none, json!({"requeued": 0, "kept": 0}));
    assert_eq!(house.admin.must(200, Method::POST, purge, None).await.unwrap(), json!({"purged": 0}));
    let audited =
        "SELECT count(*) FROM audit_log WHERE action LIKE 'dead_letters.%' AND actor LIKE 'admin@%'";
    assert_eq!(house.database.query_one(audited, &[]).await.unwrap().get::<_, i64>(0), 2);
}
