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

impl Postgres {
    /// With what `statement` is refused to a member of `role`.
    async fn refusal_to(&self, role: &str, statement: &str) -> Option<String> {
        self.client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        let refusal = self.refusal(statement).await;
        self.client.batch_execute("RESET ROLE").await.unwrap();
        refusal
    }
}

#[tokio::test]
async fn the_applications_read_and_write_but_change_neither_history_nor_schema() {
    let postgres = Postgres::fresh().await;
    for role in ["pregon_api", "pregon_worker"] {
        for allowed in [
            "SELECT FROM contacts",
            "SELECT FROM contacts_with_activity",
            "SELECT FROM contacts_by_state",
            "SELECT refresh_contacts_by_state()",
            "SELECT FROM reachable_contacts",
            "SELECT FROM deferred_indexes",
            "SELECT FROM refinery_schema_history",
            "INSERT INTO audit_log (actor, action, object_kind, object_id) VALUES ('a', 'b', 'c', 'd')",
            "INSERT INTO contacts (phone_national, is_valid) VALUES (5510000001, true)",
            "DELETE FROM contacts",
            "INSERT INTO messages (campaign_id, seq, phone, segments, body)
             VALUES (uuid_v7_floor(now()), 1, 5510000001, 1, 'hola')",
            "UPDATE messages SET state = 'sending'",
            "DELETE FROM messages",
        ] {
            assert_eq!(postgres.refusal_to(role, allowed).await, None, "{role}: {allowed}");
        }
        for forbidden in [
            "UPDATE audit_log SET actor = 'nobody'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "UPDATE message_receipts SET status = 'delivered'",
            "DELETE FROM message_receipts",
            "UPDATE import_rejects SET reason = 'empty'",
            "DELETE FROM import_rejects",
            "DELETE FROM deferred_indexes",
            "INSERT INTO deferred_indexes VALUES ('a', 'b')",
            "DELETE FROM refinery_schema_history",
            "DROP TABLE contacts",
            "ALTER TABLE audit_log DISABLE TRIGGER ALL",
            "TRUNCATE contacts",
            "UPDATE consent_events SET kind = 'opt_in'",
            "DELETE FROM consent_events",
            "REFRESH MATERIALIZED VIEW contacts_by_state",
        ] {
            let refusal = postgres.refusal_to(role, forbidden).await;
            assert_eq!(refusal.as_deref(), Some(INSUFFICIENT_PRIVILEGE), "{role}: {forbidden}");
        }
    }
}

/// A partition is a table with rights of its own.
#[tokio::test]
async fn receipts_are_not_changed_through_their_partitions_either() {
    let postgres = Postgres::fresh().await;
    let partitions =
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'message_receipts'::regclass";
    let rows = postgres.client.query(partitions, &[]).await.unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let partition: String = row.get(0);
        for change in [format!("DELETE FROM {partition}"), format!("UPDATE {partition} SET status = 'x'")] {
            let refusal = postgres.refusal_to("pregon_worker", &change).await;
            assert_eq!(refusal.as_deref(), Some(INSUFFICIENT_PRIVILEGE), "{change}");
        }
    }
}
