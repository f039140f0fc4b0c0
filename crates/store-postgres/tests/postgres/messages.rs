//! Messages by the month, and each number once a campaign.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use uuid::{Builder, Uuid};

use crate::harness::Postgres;

fn id_of(instant: Timestamp) -> Uuid {
    Builder::from_unix_timestamp_millis(u64::try_from(instant.as_millisecond()).unwrap(), &[7; 10])
        .into_uuid()
}

impl Postgres {
    async fn now(&self) -> Timestamp {
        self.test.database().now().await.unwrap()
    }

    async fn add_message(&self, campaign: Uuid, seq: i32, phone: i64) -> Result<(), String> {
        let insert =
            "INSERT INTO messages (campaign_id, seq, phone, segments, body) VALUES ($1, $2, $3, 1, 'hola')";
        let added = self.client.execute(insert, &[&campaign, &seq, &phone]).await;
        added.map(drop).map_err(|error| error.code().unwrap().code().to_owned())
    }
}

#[tokio::test]
async fn a_message_lies_in_the_partition_of_its_campaign_s_month() {
    let postgres = Postgres::fresh().await;
    let now = postgres.now().await.to_zoned(TimeZone::UTC);
    let next = now.first_of_month().unwrap().checked_add(1.month()).unwrap();
    let last_of_this = next.start_of_day().unwrap().timestamp() - 1.millisecond();
    for (instant, month) in [
        (now.timestamp(), now.strftime("%Y_%m")),
        (last_of_this, now.strftime("%Y_%m")),
        (next.start_of_day().unwrap().timestamp(), next.strftime("%Y_%m")),
    ] {
        let campaign = id_of(instant);
        postgres.add_message(campaign, 1, 5_510_000_001).await.unwrap();
        let place = "SELECT tableoid::regclass::text FROM messages WHERE campaign_id = $1";
        let row = postgres.client.query_one(place, &[&campaign]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), format!("messages_{month}"));
    }
}

#[tokio::test]
async fn a_number_stands_once_in_a_campaign() {
    let postgres = Postgres::fresh().await;
    let now = postgres.now().await;
    let (one, other) = (id_of(now), id_of(now + 1.millisecond()));
    postgres.add_message(one, 1, 5_510_000_001).await.unwrap();
    assert_eq!(postgres.add_message(one, 2, 5_510_000_001).await, Err("23505".to_owned()));
    assert_eq!(postgres.add_message(one, 1, 5_510_000_002).await, Err("23505".to_owned()));
    assert_eq!(postgres.add_message(other, 1, 5_510_000_001).await, Ok(()));
    assert_eq!(postgres.add_message(other, 2, 155).await, Err("23514".to_owned()));
}

#[tokio::test]
async fn half_of_each_page_of_messages_stays_free() {
    let postgres = Postgres::fresh().await;
    let partitions = "SELECT FROM pg_inherits WHERE inhparent = 'messages'::regclass";
    let roomy = "SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
                 WHERE inhparent = 'messages'::regclass AND 'fillfactor=50' = ANY (reloptions)";
    assert_eq!(postgres.rows(partitions).await, 4);
    assert_eq!(postgres.rows(roomy).await, 4);
}

#[tokio::test]
async fn partitions_are_made_where_they_are_missing_and_nowhere_else() {
    let postgres = Postgres::fresh().await;
    let made = async |months: i32| {
        let row =
            postgres.client.query_one("SELECT ensure_message_partitions($1)", &[&months]).await.unwrap();
        row.get::<_, i32>(0)
    };
    assert_eq!(made(3).await, 0);
    assert_eq!(made(5).await, 8);
    assert_eq!(made(5).await, 0);
    let everywhere = "SELECT FROM pg_inherits
                      WHERE inhparent IN ('messages'::regclass, 'message_attempts'::regclass, 'message_receipts'::regclass,
                                         'message_exclusions'::regclass)";
    assert_eq!(postgres.rows(everywhere).await, 24);
}

#[tokio::test]
async fn two_who_make_partitions_at_once_do_not_fail() {
    let postgres = Postgres::fresh().await;
    let (one, other) = (postgres.test.client().await, postgres.test.client().await);
    let ensure = "SELECT ensure_message_partitions(8)";
    let (first, second) = tokio::join!(one.query_one(ensure, &[]), other.query_one(ensure, &[]));
    let made: i32 = first.unwrap().get::<_, i32>(0) + second.unwrap().get::<_, i32>(0);
    assert_eq!(made, 20);
}

#[tokio::test]
async fn every_partition_has_the_keys_of_its_table() {
    let postgres = Postgres::fresh().await;
    let keys = "SELECT FROM pg_inherits JOIN pg_index ON indrelid = inhrelid
                WHERE inhparent = 'messages'::regclass AND indisunique AND indisvalid";
    assert_eq!(postgres.rows(keys).await, 8);
}
