//! Servers that are killed in the middle of a campaign, and come back.

use std::sync::Arc;
use std::time::Duration;

use e2e::{End, OwnServers, Tools};
use queue_rabbitmq::{RabbitOptions, RabbitPermits};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::house::{House, binaries};

const MESSAGES: u32 = 3_000;

/// Kills a server as a machine that loses power would, leaves it away for a moment, and starts it again.
async fn outage(own: &Arc<OwnServers>, server: &'static str) {
    let it = Arc::clone(own);
    spawn_blocking(move || it.end(server, End::Kill).unwrap()).await.unwrap();
    sleep(Duration::from_millis(1_500)).await;
    let it = Arc::clone(own);
    spawn_blocking(move || it.up().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_campaign_outlives_each_of_its_servers() {
    let own = spawn_blocking(|| OwnServers::start(binaries(), "outages").unwrap()).await.unwrap();
    let own = Arc::new(own);
    let servers = own.servers().unwrap();
    let url = format!("{}/outages", servers.database_url.rsplit_once('/').unwrap().0);
    let migrated = ["schema", "up", "--create-database", "--json"];
    Tools::beside(binaries(), &url).run("migrator", &migrated, "", |_| {}).await.unwrap();
    let mut house = House::over(&url, &servers, MESSAGES, None).await;
    let campaign = house.launch(150.0).await;
    for (server, left) in [("redis", 2_700), ("rabbitmq", 2_200), ("postgres", 1_500)] {
        house.until_queued(&campaign, left).await;
        outage(&own, server).await;
    }
    let (database, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    house.database = database;
    house.ends_well(&campaign, MESSAGES.into()).await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_left_alone_and_no_message_is_burned_on_it() {
    let mut house = House::with_contacts(2_000).await;
    house.deliver_everything().await;
    let there = house.stack.sandbox_url.clone();
    house.stack.kill_worker().await.unwrap();
    // Nobody listens there.
    house.stack.reach_provider_at("http://127.0.0.1:9".to_owned());
    house.stack.add_worker().unwrap();
    let campaign = house.launch(10_000.0).await;
    let progress = house
        .admin
        .until(&campaign, Duration::from_mins(1), |progress| {
            let waits = progress["waiting"].as_str().unwrap_or_default();
            waits.starts_with("the provider is left alone until")
        })
        .await
        .unwrap();
    assert_eq!(progress["state"], "running");
    // What it has claimed and did not try it gives back.
    assert!(house.stack.end_worker().await.unwrap(), "the worker ends well");
    house.stack.reach_provider_at(there);
    house.stack.add_worker().unwrap();
    let ledgers = house.ends_well(&campaign, 2_000).await;
    assert_eq!(ledgers.messages(), 2_000);
    assert_eq!(house.completed(&campaign).await["counts"]["delivered"], 2_000, "none was given up");
    let tried = "SELECT count(*) FROM message_attempts WHERE reason = 'connect_failed'";
    let tried: i64 = house.database.query_one(tried, &[]).await.unwrap().get(0);
    // As many as are under way at once, and those that find out whether it is back.
    assert!((1..=700).contains(&tried), "{tried} attempts were made on a provider that is away");
}

#[tokio::test]
async fn queues_of_which_the_broker_has_no_more_than_the_name_are_made_anew() {
    let own = spawn_blocking(|| OwnServers::start(binaries(), "hollow").unwrap()).await.unwrap();
    let own = Arc::new(own);
    let servers = own.servers().unwrap();
    let url = format!("{}/hollow", servers.database_url.rsplit_once('/').unwrap().0);
    let migrated = ["schema", "up", "--create-database", "--json"];
    Tools::beside(binaries(), &url).run("migrator", &migrated, "", |_| {}).await.unwrap();
    let house = House::over(&url, &servers, 600, None).await;
    let campaign = house.launch(100.0).await;
    house.until_queued(&campaign, 500).await;
    // Their processes end, and are not started again: what is left is declared as if it were there.
    let end = "[ra:force_delete_server(quorum_queues, {element(1, amqqueue:get_pid(Q)), node()})
                || Q <- rabbit_amqqueue:list()].";
    let it = Arc::clone(&own);
    let said = spawn_blocking(move || it.tell_broker(end).unwrap()).await.unwrap();
    assert_eq!(said.matches("ok").count(), 4, "{said}");
    house.ends_well(&campaign, 600).await;
}

#[tokio::test]
async fn a_broker_whose_queues_are_deleted_as_it_comes_back_gives_out_permits_again() {
    let own = spawn_blocking(|| OwnServers::start(binaries(), "deleted").unwrap()).await.unwrap();
    let own = Arc::new(own);
    let servers = own.servers().unwrap();
    let url = format!("{}/deleted", servers.database_url.rsplit_once('/').unwrap().0);
    let migrated = ["schema", "up", "--create-database", "--json"];
    Tools::beside(binaries(), &url).run("migrator", &migrated, "", |_| {}).await.unwrap();
    let house = House::over(&url, &servers, 600, None).await;
    house.deliver_everything().await;
    let permits = RabbitPermits::new(RabbitOptions {
        url: servers.amqp_url.clone(),
        connection_name: "somebody who deletes".to_owned(),
        prefix: "deleted".to_owned(),
        connect_timeout: Duration::from_secs(5),
        call_timeout: Duration::from_secs(5),
        reconnect_max: Duration::from_secs(1),
        queue_length_max: 100_000,
    });
    house.admin.add_sender("Tienda de Ejemplo", 300.0).await.unwrap();
    for _ in 0..3 {
        let campaign = house.admin.draft("Prueba", &serde_json::json!({"all": []}), 600).await.unwrap();
        house.admin.launch(&campaign).await.unwrap();
        house.until_queued(&campaign, 500).await;
        // They are deleted in the moment in which the broker has them again.
        let deleted = async {
            tokio::task::yield_now().await;
            while permits.delete_queues().await.is_err() {}
        };
        let it = Arc::clone(&own);
        spawn_blocking(move || it.end("rabbitmq", End::Kill).unwrap()).await.unwrap();
        let it = Arc::clone(&own);
        let back = spawn_blocking(move || it.up().unwrap());
        let ((), back) = tokio::join!(deleted, back);
        back.unwrap();
        house.ends_well(&campaign, 600).await;
    }
}
