//! Counts over REST: kept in Redis, and right however Redis is.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use e2e::Servers;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Proxy, TestDatabase};

use crate::house::{House, PATIENCE};

/// An installation of ten contacts whose Redis is at `redis_url`.
async fn house(redis_url: &str) -> House {
    let database = TestDatabase::fresh().await;
    let servers = Servers { redis_url: redis_url.to_owned(), ..Servers::from_environment().unwrap() };
    let url = database.url().to_owned();
    House::over(&url, &servers, 10, Some(database)).await
}

fn redis_url() -> String {
    Servers::from_environment().unwrap().redis_url
}

/// A condition on the name, and one that no cube tells alone.
fn definitions() -> [Value; 2] {
    [
        json!({"field": "name", "op": "matches", "value": "persona"}),
        json!({"all": [{"field": "state", "op": "eq", "value": "JAL"},
                       {"field": "city", "op": "eq", "value": "GUADALAJARA"}]}),
    ]
}

impl House {
    async fn counted(&self, definition: &Value) -> Value {
        let body = json!({"definition": definition});
        let answer = self.admin.must(200, Method::POST, "/segments/preview", Some(&body)).await.unwrap();
        assert_eq!(answer["by_state"], json!([{"state_code": "JAL", "count": answer["total"]["value"]}]));
        answer["total"].clone()
    }

    async fn stats(&self) -> Value {
        self.admin.must(200, Method::GET, "/contacts/stats?by=city", None).await.unwrap()
    }

    /// Contacts come, are renamed and go, and each count that follows has it, asked for once and once more.
    async fn counts_follow(&self, first: u32) {
        let [by_name, by_place] = definitions();
        let expect = async |name: u32, place: u32| {
            for _ in 0..2 {
                for (definition, value) in [(&by_name, name), (&by_place, place)] {
                    let expected = json!({"value": value, "relation": "exact"});
                    assert_eq!(self.counted(definition).await, expected, "{definition}");
                }
                let stats = self.stats().await;
                let total: u64 = stats["data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|city| city["total"].as_u64().unwrap())
                    .sum();
                assert_eq!(total, u64::from(place));
            }
        };
        expect(10, 10).await;
        for n in 1..=3 {
            let phone = format!("33 1000 {:04}", first + n);
            let new = json!({"phone": phone, "full_name": "PERSONA NUEVA", "state_code": "JAL", "city": "GUADALAJARA"});
            let added = self.admin.must(201, Method::POST, "/contacts", Some(&new)).await.unwrap();
            expect(11, 11).await;
            let path = format!("/contacts/{}", added["id"].as_str().unwrap());
            let renamed = json!({"full_name": "OTRA"});
            self.admin.must(200, Method::PATCH, &path, Some(&renamed)).await.unwrap();
            expect(10, 11).await;
            self.admin.must(204, Method::DELETE, &path, None).await.unwrap();
            expect(10, 10).await;
        }
    }
}

#[tokio::test]
async fn counts_follow_every_change_with_a_redis_that_is_well_and_with_one_that_falls_silent() {
    let proxy = Proxy::before(&redis_url()).await;
    let house = house(&proxy.url()).await;
    house.counts_follow(0).await;
    // The worker may still fold what was noted, and then once it is counted anew.
    let started = Instant::now();
    while house.stats().await["as_of"] != house.stats().await["as_of"] {
        assert!(started.elapsed() < PATIENCE, "nothing is kept");
    }

    proxy.stall();
    house.counts_follow(100).await;
    // Each question asks Redis for the session, and for a count: all of them together wait for it now and then, and not each.
    let started = Instant::now();
    for _ in 0..40 {
        house.counted(&definitions()[0]).await;
    }
    assert!(started.elapsed() < Duration::from_secs(15), "forty questions took {:?}", started.elapsed());
    proxy.resume();
    house.counts_follow(200).await;
}

#[tokio::test]
async fn counts_follow_every_change_without_redis() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let redis_url = redis_url();
    let (head, _) = redis_url.split_once('@').unwrap();
    house(&format!("{head}@{closed}/0")).await.counts_follow(0).await;
}
