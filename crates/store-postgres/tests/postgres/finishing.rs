//! The end of an import, when something stands in its way.

use domain::import::ImportId;
use domain::port::{ImportSession, ImportStore, SourceAccount, StoreError};
use domain::source::{MissingLada, SourceStatistics};
use testkit::contract::{ImportHarness, store};
use testkit::fakes::CountingIds;
use testkit::fixtures::{rows_numbered, sorted, source_of};

use crate::harness::Postgres;

async fn begin(postgres: &Postgres) -> Box<dyn ImportSession> {
    let id = ImportId(CountingIds::nth(1));
    postgres.import_store().begin(id, source_of("f", 2, 2)).await.unwrap()
}

/// A step that was passed over would leave the table without its unique index, and nobody would know.
#[tokio::test]
async fn a_finishing_step_that_fails_is_the_next_one_still() {
    let postgres = Postgres::fresh().await;
    let mut session = begin(&postgres).await;
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    let twice = "SET pregon.loading = 'on';
                 INSERT INTO contacts (phone_national, is_valid) VALUES (5510000002, true)";
    postgres.client.batch_execute(twice).await.unwrap();
    assert_eq!(session.next_finishing_step().await.unwrap().as_deref(), Some("contact counts"));
    for _ in 0..2 {
        let failed = session.next_finishing_step().await;
        assert!(matches!(failed, Err(StoreError::Conflict { .. })), "{failed:?}");
    }
    postgres.client.batch_execute("DELETE FROM contacts WHERE source_row_id IS NULL").await.unwrap();
    let step = session.next_finishing_step().await.unwrap();
    assert_eq!(step.as_deref(), Some("index contacts_phone_national_key"));
    while session.next_finishing_step().await.unwrap().is_some() {}
    assert_eq!(postgres.rows("SELECT FROM deferred_indexes").await, 0);
}

#[tokio::test]
async fn the_indexes_stand_after_a_load_as_the_migrations_made_them() {
    let postgres = Postgres::fresh().await;
    let definitions = async || {
        let query = "SELECT indexdef FROM pg_indexes WHERE tablename = 'contacts' ORDER BY indexname";
        let rows = postgres.client.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    let before = definitions().await;
    assert_eq!(before.len(), 8);
    let mut session = begin(&postgres).await;
    assert_eq!(definitions().await.len(), 1, "the primary key alone");
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    while session.next_finishing_step().await.unwrap().is_some() {}
    assert_eq!(definitions().await, before);
    assert_eq!(postgres.rows("SELECT FROM contacts_by_state").await, 1);
    let analysed = "SELECT FROM pg_class WHERE relname = 'contacts' AND reltuples = 2";
    assert_eq!(postgres.rows(analysed).await, 1);
}

/// The account comes last: its dirt must not keep an import of millions from ending.
#[tokio::test]
async fn an_account_with_dirt_in_it_is_kept() {
    let postgres = Postgres::fresh().await;
    let mut session = begin(&postgres).await;
    let statistics = SourceStatistics {
        id: 1,
        total_processed: None,
        total_valid: None,
        total_duplicates: None,
        total_with_city: None,
        ladas_found: None,
        ladas_missing: None,
        took_seconds: None,
        source_file: Some("lista\0.csv".to_owned()),
        migrated_at: Some("\0".to_owned()),
    };
    let missing = |rows| MissingLada {
        lada: "55\0".to_owned(),
        rows: Some(rows),
        examples: Some("5510000001\0".to_owned()),
        detected_at: None,
    };
    let account = SourceAccount { statistics: vec![statistics], missing_ladas: vec![missing(1), missing(2)] };
    session.keep_account(account).await.unwrap();
    let SourceAccount { statistics, missing_ladas: missing } =
        postgres.account(ImportId(CountingIds::nth(1))).await;
    assert_eq!(statistics[0].source_file.as_deref(), Some("lista.csv"));
    assert_eq!(statistics[0].migrated_at.as_deref(), Some(""));
    let both = MissingLada {
        lada: "55".to_owned(),
        rows: Some(3),
        examples: Some("5510000001, 5510000001".to_owned()),
        detected_at: None,
    };
    assert_eq!(missing, [both], "what is said twice of one prefix is one row");
}
