//! The keys of programs: who has one, until when, and what is kept of it.

use std::net::IpAddr;

use domain::api_key::{AllowedFrom, ApiKey, ApiKeyId, KeyName, NewApiKey};
use domain::identity::Role;
use domain::port::{ApiKeyStore as _, StoreError};
use domain::request::Envelope;
use jiff::{SignedDuration, Timestamp};
use store_postgres::PostgresApiKeyStore;
use testkit::fakes::CountingIds;

use crate::harness::Postgres;

const PLACE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn by(at: Timestamp) -> Envelope {
    Envelope::of_program("jefa@empresa.mx", at)
}

fn key(n: u8, name: &str) -> NewApiKey {
    NewApiKey {
        id: ApiKeyId(CountingIds::nth(n.into())),
        name: KeyName::parse(name).unwrap(),
        role: Role::Operator,
        allowed_from: AllowedFrom::parse(["192.0.2.0/24", "2001:db8::/32"]).unwrap(),
        secret_sha256: [n; 32],
        expires_at: later(3600),
    }
}

async fn fresh() -> (Postgres, PostgresApiKeyStore) {
    let postgres = Postgres::fresh().await;
    let keys = PostgresApiKeyStore::new(postgres.test.database());
    (postgres, keys)
}

#[track_caller]
fn assert_conflict<T: std::fmt::Debug>(outcome: &Result<T, StoreError>, says: &str) {
    let Err(StoreError::Conflict { reason, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(says), "{reason}");
}

#[tokio::test]
async fn a_key_that_was_added_is_found_by_its_secret_as_long_as_it_lives() {
    let (postgres, keys) = fresh().await;
    let added = keys.add(key(1, "CRM"), 10, by(now())).await.unwrap();
    let expected = ApiKey {
        id: added.id,
        name: KeyName::parse("CRM").unwrap(),
        role: Role::Operator,
        allowed_from: AllowedFrom::parse(["192.0.2.0/24", "2001:db8::/32"]).unwrap(),
        created_by: "jefa@empresa.mx".to_owned(),
        created_at: now(),
        expires_at: later(3600),
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
    };
    assert_eq!(added, expected);
    let living = |secret: u8, at: Timestamp| keys.find_living(added.id, [secret; 32], at);
    assert_eq!(living(1, later(3599)).await.unwrap(), Some(expected));
    assert_eq!(living(2, now()).await.unwrap(), None);
    assert_eq!(living(1, later(3600)).await.unwrap(), None);
    keys.revoke(added.id, by(later(5))).await.unwrap();
    assert_eq!(living(1, later(6)).await.unwrap(), None);
    let again = keys.revoke(added.id, by(later(7))).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(later(5)));
    assert_eq!(keys.revoke(ApiKeyId(CountingIds::nth(9)), by(now())).await.unwrap(), None);
    let lines = "SELECT FROM audit_log WHERE object_kind = 'api_key' AND actor = 'jefa@empresa.mx'";
    assert_eq!(postgres.rows(lines).await, 2, "one that it was made, one that it was ended");
}

#[tokio::test]
async fn a_name_is_of_one_key_until_that_is_revoked() {
    let (_postgres, keys) = fresh().await;
    let first = keys.add(key(1, "CRM"), 10, by(now())).await.unwrap();
    assert_conflict(&keys.add(key(2, "CRM"), 10, by(now())).await, "name");
    keys.revoke(first.id, by(now())).await.unwrap();
    keys.add(key(2, "CRM"), 10, by(now())).await.unwrap();
}

#[tokio::test]
async fn no_more_keys_live_than_may_however_many_are_added_at_once() {
    let (postgres, keys) = fresh().await;
    let adding = (1..=6).map(|n| keys.add(key(n, &format!("key {n}")), 3, by(now())));
    let outcomes = futures::future::join_all(adding).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "{outcomes:?}");
    for refused in outcomes.iter().filter(|outcome| outcome.is_err()) {
        assert_conflict(refused, "auth.api_keys_max");
    }
    assert_eq!(postgres.rows("SELECT FROM api_keys").await, 3);
    // Those that have expired make room.
    keys.add(NewApiKey { expires_at: later(9_000), ..key(7, "later") }, 3, by(later(3600))).await.unwrap();
}

#[tokio::test]
async fn a_use_is_noted_unless_one_was_lately() {
    let (_postgres, keys) = fresh().await;
    let added = keys.add(key(1, "CRM"), 10, by(now())).await.unwrap();
    let elsewhere: IpAddr = "2001:db8::1".parse().unwrap();
    for (at, from, noted) in
        [(later(0), PLACE, later(0)), (later(59), elsewhere, later(0)), (later(60), elsewhere, later(60))]
    {
        keys.note_use(added.id, at, Some(from), at - SignedDuration::from_mins(1)).await.unwrap();
        let found = keys.find(added.id).await.unwrap().unwrap();
        assert_eq!(found.last_used_at, Some(noted));
        assert_eq!(found.last_used_from, Some(if noted == now() { PLACE } else { elsewhere }));
    }
}

#[tokio::test]
async fn keys_are_paged_the_latest_first_and_the_revoked_ones_stay() {
    let (_postgres, keys) = fresh().await;
    for n in 1..=3 {
        keys.add(key(n, &format!("key {n}")), 10, by(now())).await.unwrap();
    }
    keys.revoke(ApiKeyId(CountingIds::nth(2)), by(now())).await.unwrap();
    let first = keys.page(None, 2).await.unwrap();
    let rest = keys.page(first.last().map(|key| key.id), 2).await.unwrap();
    let listed: Vec<ApiKeyId> = first.iter().chain(&rest).map(|key| key.id).collect();
    assert_eq!(listed, [3, 2, 1].map(|n| ApiKeyId(CountingIds::nth(n))));
    assert!(first[1].revoked_at.is_some());
}
