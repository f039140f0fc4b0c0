//! Servers that are killed in the middle of a campaign, and come back.

use std::sync::Arc;
use std::time::Duration;

use e2e::{End, OwnServers, Tools};
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
