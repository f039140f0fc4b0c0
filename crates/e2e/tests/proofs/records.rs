//! What the provider has on record where its receipts never arrive, and the keys that it is called with.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::house::{House, PATIENCE};

/// An installation that no receipt ever reaches, whose provider is asked soon and often.
async fn deaf(contacts: u32) -> House {
    let mut house = House::with_contacts(contacts).await;
    for (name, value) in [
        // Nobody listens there.
        ("PREGON__TELNYX__WEBHOOK_BASE_URL", "http://127.0.0.1:9"),
        ("PREGON__SENDING__OUTCOME_DEADLINE_S", "120"),
        ("PREGON__RECORDS__INTERVAL_S", "1"),
        ("PREGON__RECORDS__ASK_AFTER_S", "1"),
        ("PREGON__RECORDS__QUESTIONS_MAX", "1000"),
        ("PREGON__RECORDS__BILL_AFTER_S", "1"),
    ] {
        house.stack.set(name, value);
    }
    anew(&mut house).await;
    house
}

/// Puts a worker that goes by what was set since in the place of the one at work.
async fn anew(house: &mut House) {
    assert!(house.stack.end_worker().await.unwrap(), "the worker ends well");
    house.stack.add_worker().unwrap();
}

/// The campaign's bill once it is whole.
async fn bill(house: &House, campaign: &str) -> Value {
    let path = format!("/campaigns/{campaign}/bill");
    let started = Instant::now();
    loop {
        let (status, bill) = house.admin.ask(Method::GET, &path, None).await.unwrap();
        assert_eq!(status, 200, "{bill}");
        if bill["state"] == "complete" {
            return bill;
        }
        assert!(started.elapsed() < PATIENCE, "{bill}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn unknown_outcomes_are_found_on_record_and_a_campaign_is_told_its_bill() {
    let house = deaf(400).await;
    let campaign = house.launch(10_000.0).await;
    house.completed(&campaign).await;
    // Of 100 numbers 6 have no answer, a cut connection or a 502.
    let found = "SELECT count(*) FROM message_attempts AS attempts JOIN messages USING (campaign_id, seq)
                 WHERE attempts.outcome = 'unknown' AND messages.state = 'delivered'
                   AND messages.phone % 100 BETWEEN 10 AND 15";
    let found: i64 = house.database.query_one(found, &[]).await.unwrap().get(0);
    assert_eq!(found, 24);
    let bill = bill(&house, &campaign).await;
    let ledgers = house.ledgers(&campaign).await;
    assert!(ledgers.agree(), "{ledgers:?}");
    for side in ["reckoned", "billed"] {
        assert_eq!(bill[side]["messages"], json!(ledgers.accepted_numbers), "{bill}");
        assert_eq!(bill[side]["segments"], json!(ledgers.accepted_numbers), "{bill}");
    }
    assert_eq!(bill["billed"]["costs"][0]["currency"], "USD");
    let no_differences = json!({
        "more_segments": 0, "fewer_segments": 0, "not_billed": 0, "billed_unsent": 0, "billed_twice": 0
    });
    assert_eq!(bill["differences"], no_differences, "{bill}");
    let nobody = "/campaigns/00000000-0000-7000-8000-000000000000/bill";
    assert_eq!(house.admin.ask(Method::GET, nobody, None).await.unwrap().0, 404);
}

#[tokio::test]
async fn another_key_takes_the_place_of_one_that_is_refused_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("account");
    std::fs::write(&key, "KEY-that-was-withdrawn").unwrap();
    let own = folder.path().join("senders");
    std::fs::create_dir(&own).unwrap();
    let mut house = House::with_provider_key(200, "KEY-that-is-good").await;
    house.deliver_everything().await;
    house.stack.set("PREGON__TELNYX__API_KEY_FILE", key.to_str().unwrap());
    house.stack.set("PREGON__TELNYX__SENDER_KEYS_DIR", own.to_str().unwrap());
    house.stack.set("PREGON__TELNYX__KEYS_INTERVAL_S", "1");
    anew(&mut house).await;
    let campaign = house.launch(10_000.0).await;
    let is_held = |progress: &Value| progress["state"] == "paused";
    let held = house.admin.until(&campaign, PATIENCE, is_held).await.unwrap();
    assert!(held["waiting"].as_str().unwrap().contains("key_refused"), "{held}");

    std::fs::write(own.join("PREGON"), "KEY-that-is-good\n").unwrap();
    let resume = format!("/campaigns/{campaign}/resume");
    let started = Instant::now();
    // Until the worker has read it the campaign is held again.
    while house.admin.progress(&campaign).await.unwrap()["state"] != "completed" {
        assert!(started.elapsed() < PATIENCE, "the key that is good was not taken");
        house.admin.ask(Method::POST, &resume, None).await.unwrap();
        sleep(Duration::from_millis(200)).await;
    }
    house.ends_well(&campaign, 200).await;
}
