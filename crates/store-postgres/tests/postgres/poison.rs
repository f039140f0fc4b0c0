//! Rows that the server itself refuses: each is found, kept and named, and the rest of its batch goes in.

use std::collections::BTreeMap;

use domain::import::{Refusal, TakenNumbers};
use domain::port::{ImportInspection as _, ImportSession, ImportStore, StoreError};
use store_postgres::PostgresImportInspection;
use testkit::contract::{ImportHarness, store};
use testkit::fakes::CountingIds;
use testkit::fixtures::{phone, rows_numbered, sorted_after, source_of};

use crate::harness::Postgres;

const ROWS: u32 = 200;

async fn open(postgres: &Postgres, rows: u32) -> Box<dyn ImportSession> {
    let id = domain::import::ImportId(CountingIds::nth(1));
    postgres.import_store().begin(id, source_of("f", rows.into(), rows.into())).await.unwrap()
}

/// Lets the server refuse the contacts of these source rows.
async fn refuse(postgres: &Postgres, source_rows: &str) {
    let constraint = format!(
        "ALTER TABLE contacts ADD CONSTRAINT poison CHECK (source_row_id NOT IN ({source_rows})) NOT VALID"
    );
    postgres.client.batch_execute(&constraint).await.unwrap();
}

async fn single_rows_are_found(postgres: &Postgres) {
    refuse(postgres, "1, 100, 200").await;
    let mut session = open(postgres, ROWS).await;
    let counted =
        store(session.as_mut(), sorted_after(&rows_numbered(1..=ROWS), &mut TakenNumbers::default()));
    let counted = counted.await.unwrap();
    assert_eq!((counted.rows_read, counted.imported, counted.rejected), (200, 197, 3));
    let stored = session.count_stored().await.unwrap();
    assert_eq!((stored.contacts, stored.refused), (197, BTreeMap::from([(Refusal::NotStorable, 3)])));

    let inspection = PostgresImportInspection::new(postgres.test.database());
    let id = session.import().id;
    let rejects = inspection.rejects(id, None, 10).await.unwrap();
    let ids: Vec<_> = rejects.iter().map(|reject| reject.source_row_id).collect();
    assert_eq!(ids, [1, 100, 200]);
    for reject in &rejects {
        assert_eq!(reject.refusal, Refusal::NotStorable);
        assert_eq!(reject.detail.as_deref(), Some("SQLSTATE 23514, constraint poison"));
        assert!(reject.source_row.contains("numero"), "the whole row is kept");
    }
    let by_store = inspection.refused_by_store(id, Some(1), 10).await.unwrap();
    assert_eq!(by_store, [(100, Refusal::NotStorable), (200, Refusal::NotStorable)]);
}

#[tokio::test]
async fn a_row_that_the_server_refuses_is_found_and_the_rest_of_its_batch_goes_in() {
    single_rows_are_found(&Postgres::fresh().await).await;
}

#[tokio::test]
async fn so_it_is_where_contacts_are_merged() {
    let postgres = Postgres::fresh().await;
    postgres.add_contact(phone(999)).await.unwrap();
    single_rows_are_found(&postgres).await;
}

#[tokio::test]
async fn with_more_than_the_limit_nothing_of_the_batch_is_stored_and_the_batches_behind_it_wait() {
    let postgres = Postgres::fresh().await;
    // The limit of the tests' imports is three.
    refuse(&postgres, "11, 12, 13, 14").await;
    let mut session = open(&postgres, 30).await;
    let mut taken = TakenNumbers::default();
    let mut batch = |rows: std::ops::RangeInclusive<u32>| sorted_after(&rows_numbered(rows), &mut taken);
    let batches = [batch(1..=10), batch(11..=20), batch(21..=30)];
    let mut failed = None;
    for batch in batches {
        if let Err(error) = session.append(batch).await {
            failed = Some(error);
        }
    }
    let error = match failed {
        Some(error) => error,
        None => session.flush().await.unwrap_err(),
    };
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("more than 3 of its rows") && said.contains("constraint poison"), "{said}");
    let import = session.import();
    assert_eq!((import.last_source_row_id, import.tally.rows_read), (10, 10));
    assert_eq!(session.count_stored().await.unwrap().contacts, 10);

    // Once the cause is gone the same session goes on where it stands.
    postgres.client.batch_execute("ALTER TABLE contacts DROP CONSTRAINT poison").await.unwrap();
    let mut taken = TakenNumbers::default();
    for rows in [11..=20, 21..=30] {
        session.append(sorted_after(&rows_numbered(rows), &mut taken)).await.unwrap();
    }
    session.flush().await.unwrap();
    assert_eq!(session.import().last_source_row_id, 30);
    assert_eq!(session.count_stored().await.unwrap().contacts, 30);
}

#[tokio::test]
async fn a_full_disk_is_no_fault_of_the_rows() {
    let postgres = Postgres::fresh().await;
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
                CREATE TRIGGER full_disk BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION full_disk()";
    postgres.client.batch_execute(full).await.unwrap();
    let mut session = open(&postgres, 5).await;
    let batch = sorted_after(&rows_numbered(1..=5), &mut TakenNumbers::default());
    let error = store(session.as_mut(), batch).await.unwrap_err();
    // Whoever is unavailable is waited for.
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("the server's disk is full"), "{error}");
    assert_eq!(session.count_stored().await.unwrap().contacts, 0);
    assert_eq!(session.count_stored().await.unwrap().refused, BTreeMap::new());
}
