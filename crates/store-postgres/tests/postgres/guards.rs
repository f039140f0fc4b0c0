//! What the database itself refuses, whoever asks.

use domain::port::ImportStore;
use testkit::contract::{ImportHarness, store};
use testkit::fakes::CountingIds;
use testkit::fixtures::{phone, rows_numbered, sorted, source_of};

use crate::harness::Postgres;

const INSUFFICIENT_PRIVILEGE: &str = "42501";
const OBJECT_IN_USE: &str = "55006";

#[tokio::test]
async fn the_audit_log_takes_lines_and_gives_up_none() {
    let postgres = Postgres::fresh().await;
    let insert = "INSERT INTO audit_log (actor, action, object_kind, object_id) VALUES ('a', 'b', 'c', 'd')";
    assert_eq!(postgres.refusal(insert).await, None);
    for change in [
        "UPDATE audit_log SET actor = 'nobody'",
        "UPDATE audit_log SET actor = 'nobody' WHERE false",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ] {
        assert_eq!(postgres.refusal(change).await.as_deref(), Some(INSUFFICIENT_PRIVILEGE), "{change}");
    }
    assert_eq!(postgres.rows("SELECT FROM audit_log").await, 1);
}

#[tokio::test]
async fn nobody_else_adds_contacts_while_an_empty_table_is_loaded() {
    let postgres = Postgres::fresh().await;
    let imports = postgres.import_store();
    let id = domain::import::ImportId(CountingIds::nth(1));
    let mut session = imports.begin(id, source_of("f", 2, 2)).await.unwrap();
    assert!(postgres.rows("SELECT FROM deferred_indexes").await > 0);

    let insert = "INSERT INTO contacts (phone_national, is_valid) VALUES (5510000099, true)";
    let copy = "COPY contacts (phone_national, is_valid) FROM PROGRAM 'true'";
    assert_eq!(postgres.refusal(insert).await.as_deref(), Some(OBJECT_IN_USE));
    assert_eq!(postgres.refusal(copy).await.as_deref(), Some(OBJECT_IN_USE));
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    let renumber = "UPDATE contacts SET phone_national = 5510000099 WHERE source_row_id = 1";
    assert_eq!(postgres.refusal(renumber).await.as_deref(), Some(OBJECT_IN_USE));
    // What does not touch a number goes on.
    assert_eq!(
        postgres.refusal("UPDATE contacts SET status = 'INACTIVE' WHERE source_row_id = 1").await,
        None
    );

    while session.next_finishing_step().await.unwrap().is_some() {}
    assert_eq!(postgres.rows("SELECT FROM deferred_indexes").await, 0);
    assert_eq!(postgres.refusal(insert).await, None);
    assert!(postgres.add_contact(phone(1)).await.is_err(), "the unique index stands again");
}

#[tokio::test]
async fn a_transaction_that_began_before_the_load_does_not_see_past_it() {
    let postgres = Postgres::fresh().await;
    let mut early = postgres.test.client().await;
    let transaction = early
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .start()
        .await
        .unwrap();
    // Takes its snapshot, and no lock on contacts.
    transaction.query("SELECT count(*) FROM imports", &[]).await.unwrap();
    let id = domain::import::ImportId(CountingIds::nth(1));
    let _session = postgres.import_store().begin(id, source_of("f", 2, 2)).await.unwrap();
    let refused = transaction
        .execute("INSERT INTO contacts (phone_national, is_valid) VALUES (5510000099, true)", &[])
        .await
        .unwrap_err();
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some(OBJECT_IN_USE));
}

#[tokio::test]
async fn a_load_that_dies_keeps_the_table_closed_until_it_was_finished() {
    let postgres = Postgres::fresh().await;
    let imports = postgres.import_store();
    let id = domain::import::ImportId(CountingIds::nth(1));
    let mut session = imports.begin(id, source_of("f", 2, 2)).await.unwrap();
    store(session.as_mut(), sorted(&rows_numbered([1]))).await.unwrap();
    drop(session);
    postgres.until_none_is_open().await;
    assert!(postgres.add_contact(phone(9)).await.is_err());

    let mut session = imports.reopen(id).await.unwrap();
    store(session.as_mut(), sorted(&rows_numbered([2]))).await.unwrap();
    while session.next_finishing_step().await.unwrap().is_some() {}
    assert_eq!(postgres.add_contact(phone(9)).await, Ok(()));
    assert_eq!(postgres.rows("SELECT FROM contacts").await, 3);
}
