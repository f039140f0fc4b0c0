//! Numbers that are never written to: barred one by one and by the list, and kept so whoever asks at once.

use domain::phone::PhoneNumber;
use domain::port::{
    Barred, BegunLoad, LoadedNumbers, NewLoad, NewSuppression, StoreError, SuppressionFilter,
    SuppressionLoad, SuppressionStore as _, WriteError,
};
use domain::request::{Envelope, IdempotencyKey};
use domain::suppression::{SuppressionList, SuppressionSource};
use jiff::Timestamp;
use store_postgres::PostgresSuppressionStore;
use testkit::contract::ImportHarness as _;

use crate::harness::Postgres;

async fn store() -> (Postgres, PostgresSuppressionStore) {
    let postgres = Postgres::fresh().await;
    let database = postgres.test.database();
    (postgres, PostgresSuppressionStore::new(database))
}

fn phone(n: u64) -> PhoneNumber {
    PhoneNumber::from_national(5_510_000_000 + n).unwrap()
}

fn by_ana(key: Option<(&str, u8)>) -> Envelope {
    let idempotency = key.map(|(key, body)| IdempotencyKey::parse(key, [body; 32]).unwrap());
    Envelope { idempotency, ..Envelope::of_program("ana@empresa.mx", Timestamp::UNIX_EPOCH) }
}

fn new(n: u64, expires_at: Option<&str>) -> NewSuppression {
    NewSuppression {
        phone: phone(n),
        reason: Some("lo pidió".to_owned()),
        expires_at: expires_at.map(|at| at.parse().unwrap()),
    }
}

fn list(list: SuppressionList, expires_at: Option<&str>) -> NewLoad {
    NewLoad {
        list,
        file_name: Some("lista.csv".to_owned()),
        listed_on: Some("2026-01-15".parse().unwrap()),
        expires_at: expires_at.map(|at| at.parse().unwrap()),
    }
}

async fn begun(store: &PostgresSuppressionStore, load: NewLoad) -> Box<dyn SuppressionLoad> {
    match store.begin_load(load, by_ana(None)).await.unwrap() {
        BegunLoad::New(load) => load,
        BegunLoad::Before(numbers) => panic!("it was made before: {numbers:?}"),
    }
}

#[tokio::test]
async fn a_number_is_barred_once_and_again_when_that_has_expired() {
    let (postgres, store) = store().await;
    let Barred::New(barred) = store.add(new(1, Some("2099-01-01T00:00:00Z")), by_ana(None)).await.unwrap()
    else {
        panic!("it is new")
    };
    assert_eq!((barred.source, barred.created_by.as_str()), (SuppressionSource::Manual, "ana@empresa.mx"));
    let again = store.add(new(1, None), by_ana(None)).await.unwrap();
    assert_eq!(again, Barred::Already(barred), "it stays as it is");
    postgres.client.batch_execute("UPDATE suppressions SET expires_at = now()").await.unwrap();
    let Barred::New(renewed) = store.add(new(1, None), by_ana(None)).await.unwrap() else {
        panic!("it had expired")
    };
    assert_eq!(renewed.expires_at, None);
    assert_eq!(postgres.rows("SELECT FROM suppressions").await, 1);
    assert_eq!(postgres.rows("SELECT FROM audit_log WHERE action = 'suppression.create'").await, 2);
    let shown = "SELECT FROM audit_log WHERE object_id LIKE '%5510000001%'";
    assert_eq!(postgres.rows(shown).await, 0, "no number in full stands in the log");
}

#[tokio::test]
async fn a_key_makes_a_bar_and_a_list_once() {
    let (postgres, store) = store().await;
    let key = || by_ana(Some(("una", 1)));
    let first = store.add(new(1, None), key()).await.unwrap();
    assert_eq!(store.add(new(1, None), key()).await.unwrap(), first);
    let other = store.add(new(2, None), by_ana(Some(("una", 2)))).await;
    assert!(matches!(other, Err(WriteError::KeyReused)));

    let key = || by_ana(Some(("lista", 1)));
    let BegunLoad::New(mut load) = store.begin_load(list(SuppressionList::Repep, None), key()).await.unwrap()
    else {
        panic!("it is new")
    };
    load.append(vec![phone(1), phone(2)]).await.unwrap();
    let sum = load.finish(1).await.unwrap();
    match store.begin_load(list(SuppressionList::Repep, None), key()).await.unwrap() {
        BegunLoad::Before(before) => assert_eq!(before, sum),
        BegunLoad::New(_) => panic!("it was made before"),
    }
    assert_eq!(postgres.rows("SELECT FROM suppression_loads").await, 1);
}

#[tokio::test]
async fn a_list_is_stored_whole_or_not_at_all_and_its_counts_add_up() {
    let (postgres, store) = store().await;
    assert_eq!(store.last_loaded(SuppressionList::Reus).await.unwrap(), None);
    let ends = Some("2099-01-01T00:00:00Z");
    let mut load = begun(&store, list(SuppressionList::Reus, ends)).await;
    load.append((1..=5).map(phone).collect()).await.unwrap();
    drop(load);
    postgres.until_none_is_open().await;
    assert_eq!(postgres.rows("SELECT FROM suppressions").await, 0, "what was dropped is not stored");
    assert_eq!(store.last_loaded(SuppressionList::Reus).await.unwrap(), None);

    let mut load = begun(&store, list(SuppressionList::Reus, ends)).await;
    let busy = store.begin_load(list(SuppressionList::Manual, None), by_ana(None)).await;
    assert!(matches!(busy, Err(WriteError::Store(StoreError::Conflict { .. }))), "one at a time");
    let some = load.append(vec![phone(3), phone(1), phone(2), phone(1)]).await.unwrap();
    assert_eq!(some, LoadedNumbers { added: 3, already_there: 1 });
    assert_eq!(load.append(vec![phone(3), phone(4)]).await.unwrap().added, 1);
    let sum = load.finish(2).await.unwrap();
    assert_eq!(sum, LoadedNumbers { added: 4, already_there: 2 });
    let noted = "SELECT FROM suppression_loads WHERE added = 4 AND already_there = 2 AND refused = 2";
    assert_eq!(postgres.rows(noted).await, 1);
    assert!(store.last_loaded(SuppressionList::Reus).await.unwrap().is_some());
    assert_eq!(store.last_loaded(SuppressionList::Repep).await.unwrap(), None);
    assert_eq!(postgres.rows("SELECT FROM audit_log WHERE action = 'suppression.load'").await, 1);
}

#[tokio::test]
async fn an_entry_is_made_to_end_later_and_never_sooner() {
    let (postgres, store) = store().await;
    let ending = "SELECT FROM suppressions WHERE expires_at = '2031-01-01T00:00:00Z'";
    for (at, ends_late) in
        [("2030-01-01T00:00:00Z", 0), ("2031-01-01T00:00:00Z", 1), ("2029-01-01T00:00:00Z", 1)]
    {
        let mut load = begun(&store, list(SuppressionList::Reus, Some(at))).await;
        load.append(vec![phone(1)]).await.unwrap();
        load.finish(0).await.unwrap();
        assert_eq!(postgres.rows(ending).await, ends_late, "{at}");
    }
    // Of our own list: one that ends, and then is loaded without an end.
    store.add(new(2, Some("2099-01-01T00:00:00Z")), by_ana(None)).await.unwrap();
    let mut load = begun(&store, list(SuppressionList::Manual, None)).await;
    assert_eq!(load.append(vec![phone(2)]).await.unwrap(), LoadedNumbers { added: 0, already_there: 1 });
    load.finish(0).await.unwrap();
    let for_ever = "SELECT FROM suppressions WHERE source = 'manual' AND expires_at IS NULL";
    assert_eq!(postgres.rows(for_ever).await, 1);
}

#[tokio::test]
async fn pages_name_each_suppression_once_and_filters_choose() {
    let (postgres, store) = store().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO suppressions (phone_national, source, created_by)
             SELECT 5510000000 + n, source, 'test'
             FROM generate_series(1, 4) AS n CROSS JOIN (VALUES ('manual'), ('opt_out'), ('repep')) AS s (source)",
        )
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.page(SuppressionFilter::default(), after, 5).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        seen.extend(page.iter().map(|one| one.place));
    }
    assert_eq!(seen.len(), 12);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
    let of_one = SuppressionFilter { phone: Some(phone(2)), source: None };
    assert_eq!(store.page(of_one, None, 50).await.unwrap().len(), 3);
    let opted_out = SuppressionFilter { phone: None, source: Some(SuppressionSource::OptOut) };
    let all = store.page(opted_out, None, 50).await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(store.page(opted_out, Some(all[2].place), 50).await.unwrap().len(), 1);

    assert!(store.remove(phone(1), SuppressionList::Repep, by_ana(None)).await.unwrap());
    assert!(!store.remove(phone(1), SuppressionList::Repep, by_ana(None)).await.unwrap());
    assert_eq!(postgres.rows("SELECT FROM suppressions WHERE phone_national = 5510000001").await, 2);
    assert_eq!(postgres.rows("SELECT FROM audit_log WHERE action = 'suppression.delete'").await, 1);
}
