//! Processes that end in the middle of a campaign.

use std::time::Duration;

use domain::port::Ids as _;
use reqwest::Method;
use system::SystemIds;
use tokio::time::sleep;

use crate::house::House;

const MESSAGES: u32 = 1_500;

/// A moment that is another one in each run.
fn some_moment() -> Duration {
    Duration::from_millis(u64::from(SystemIds.next().as_bytes()[15]) * 2)
}

#[tokio::test]
async fn killed_workers_send_nobody_twice_and_lose_nobody() {
    let mut house = House::with_contacts(MESSAGES).await;
    let campaign = house.launch(500.0).await;
    for left in [1_499, 1_000, 500] {
        house.until_queued(&campaign, left).await;
        let moment = some_moment();
        sleep(moment).await;
        eprintln!("killed {moment:?} after {left} were left");
        house.stack.kill_worker().await.unwrap();
        house.stack.add_worker().unwrap();
    }
    let ledgers = house.ends_well(&campaign, MESSAGES.into()).await;
    assert!(ledgers.states["delivered"] > 0, "{ledgers:?}");
}

#[tokio::test]
async fn of_two_workers_the_survivor_ends_the_campaign() {
    let mut house = House::with_contacts(MESSAGES).await;
    house.stack.add_worker().unwrap();
    let campaign = house.launch(500.0).await;
    house.until_queued(&campaign, 1_200).await;
    house.stack.kill_worker().await.unwrap();
    house.ends_well(&campaign, MESSAGES.into()).await;
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_leaves_nothing_uncertain() {
    let mut house = House::with_contacts(MESSAGES).await;
    house.deliver_everything().await;
    let campaign = house.launch(500.0).await;
    for left in [1_200, 700] {
        house.until_queued(&campaign, left).await;
        sleep(some_moment()).await;
        assert!(house.stack.end_worker().await.unwrap());
        assert_eq!(house.under_way().await, 0);
        house.stack.add_worker().unwrap();
    }
    house.until_delivered(&campaign, MESSAGES).await;
    let ledgers = house.ends_well(&campaign, MESSAGES.into()).await;
    assert_eq!(ledgers.states, [("delivered".to_owned(), MESSAGES.into())].into());
}

#[tokio::test]
async fn an_api_that_is_killed_loses_no_receipt() {
    let mut house = House::with_contacts(MESSAGES).await;
    house.deliver_everything().await;
    let campaign = house.launch(500.0).await;
    for left in [1_200, 700] {
        house.until_queued(&campaign, left).await;
        house.stack.restart_api().await.unwrap();
    }
    house.until_delivered(&campaign, MESSAGES).await;
    let ledgers = house.ends_well(&campaign, MESSAGES.into()).await;
    assert_eq!(ledgers.states, [("delivered".to_owned(), MESSAGES.into())].into());
}

#[tokio::test]
async fn a_campaign_that_is_paused_sends_nothing_and_goes_on_where_it_was() {
    let house = House::with_contacts(MESSAGES).await;
    let campaign = house.launch(500.0).await;
    house.until_queued(&campaign, 1_300).await;
    let at = |what: &str| format!("/campaigns/{campaign}/{what}");
    house.admin.must(202, Method::POST, &at("pause"), None).await.unwrap();
    // What was claimed before may still go out; then nothing does.
    house.until_none_is_under_way().await;
    let count = async || house.ledgers(&campaign).await.accepted_numbers;
    let paused = count().await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(count().await, paused);
    assert!(paused < MESSAGES.into(), "it was paused too late to show anything");
    house.admin.must(202, Method::POST, &at("resume"), None).await.unwrap();
    house.ends_well(&campaign, MESSAGES.into()).await;
}

#[tokio::test]
async fn a_campaign_that_is_canceled_ends_with_what_went_out() {
    let house = House::with_contacts(MESSAGES).await;
    let campaign = house.launch(500.0).await;
    house.until_queued(&campaign, 1_200).await;
    house.admin.must(202, Method::POST, &format!("/campaigns/{campaign}/cancel"), None).await.unwrap();
    let is_final = |progress: &serde_json::Value| {
        ["queued", "sending", "sent", "uncertain"].iter().all(|state| progress["counts"][state] == 0)
    };
    let progress = house.admin.until(&campaign, crate::house::PATIENCE, is_final).await.unwrap();
    assert_eq!(progress["state"], "canceled");
    let ledgers = house.ledgers(&campaign).await;
    assert!(ledgers.agree(), "{ledgers:?}");
    assert!(ledgers.states["canceled"] > 0 && ledgers.accepted_numbers > 0, "{ledgers:?}");
    assert_eq!(ledgers.messages(), i64::from(MESSAGES));
}

#[tokio::test]
async fn of_launches_at_once_one_counts() {
    let house = House::with_contacts(300).await;
    let campaign = house.draft(1_000.0).await;
    let path = format!("/campaigns/{campaign}/launch");
    let launches = (0..8).map(|_| house.admin.ask(Method::POST, &path, None));
    let mut answers: Vec<u16> =
        futures::future::join_all(launches).await.into_iter().map(|answer| answer.unwrap().0).collect();
    answers.sort_unstable();
    assert_eq!(answers, [202, 409, 409, 409, 409, 409, 409, 409]);
    house.ends_well(&campaign, 300).await;
}
