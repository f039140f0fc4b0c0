//! What a failure means to the caller, and what it must not say.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use domain::identity::{Email, PasswordHash, Role, User, UserId};
use domain::import::ImportId;
use domain::port::{ContactStore, IdentityStore, ImportStore, StoreError};
use domain::request::Envelope;
use jiff::Timestamp;
use store_postgres::{Database, DatabaseOptions, PostgresContactStore, PostgresIdentityStore, Schema};
use testkit::TestDatabase;
use testkit::contract::{ImportHarness, store};
use testkit::fakes::CountingIds;
use testkit::fixtures::{phone, rows_numbered, sorted, source_of};

use crate::harness::Postgres;

const PLANTED: &str = "planted-secret";

/// An error and all its causes, as a log would show them, in both forms.
fn everything_said(error: &StoreError) -> String {
    let mut said = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        write!(said, " {inner} {inner:?}").unwrap();
        cause = inner.source();
    }
    said
}

async fn find(options: &DatabaseOptions) -> StoreError {
    let contacts = PostgresContactStore::new(Database::new(options).unwrap());
    contacts.find_by_phone(phone(1)).await.unwrap_err()
}

/// The options of `test` with `replace` applied to the URL.
fn with_url(test: &TestDatabase, replace: impl Fn(&str) -> String) -> DatabaseOptions {
    DatabaseOptions { url: replace(test.url()), ..test.options() }
}

/// The URL's user information: `user:password`.
fn user_of(url: &str) -> &str {
    url.split_once("://").unwrap().1.rsplit_once('@').unwrap().0
}

fn is_unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. })
}

#[tokio::test]
async fn a_wrong_password_is_unavailable_and_is_not_repeated() {
    let test = TestDatabase::empty().await;
    let user = user_of(test.url()).split(':').next().unwrap().to_owned();
    let options = with_url(&test, |url| url.replace(user_of(url), &format!("{user}:{PLANTED}")));
    for error in
        [find(&options).await, Schema::new(Database::new(&options).unwrap()).status().await.unwrap_err()]
    {
        assert!(is_unavailable(&error), "{error:?}");
        let said = everything_said(&error);
        assert!(said.contains("DATABASE_URL") && !said.contains(PLANTED), "{said}");
    }
}

#[tokio::test]
async fn a_missing_database_is_unavailable_and_says_how_to_make_it() {
    let test = TestDatabase::empty().await;
    let error = find(&with_url(&test, |url| format!("{url}_that_is_not_there"))).await;
    assert!(is_unavailable(&error), "{error:?}");
    assert!(error.to_string().contains("--create-database"), "{error}");
}

#[tokio::test]
async fn a_closed_port_is_unavailable_and_shows_no_password() {
    let test = TestDatabase::empty().await;
    // A port that was free a moment ago, and that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = with_url(&test, |url| {
        let database = url.rsplit('/').next().unwrap();
        format!("postgres://pregon:{PLANTED}@{free}/{database}")
    });
    for error in
        [find(&options).await, Schema::new(Database::new(&options).unwrap()).status().await.unwrap_err()]
    {
        assert!(is_unavailable(&error), "{error:?}");
        let said = everything_said(&error);
        assert!(said.contains("refused") && !said.contains(PLANTED), "{said}");
    }
}

#[test]
fn a_url_that_is_none_is_unavailable_and_is_not_repeated() {
    for url in [
        format!("postgres://pregon:{PLANTED}@h:port/d"),
        format!("host=h password={PLANTED} sslmode"),
        format!("postgres://pregon:{PLANTED}@127.0.0.1"),
    ] {
        let options = DatabaseOptions {
            url,
            application_name: "test".to_owned(),
            pool_size_max: 1,
            connect_timeout: Duration::from_secs(1),
            wait_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(1),
        };
        let Err(error) = Database::new(&options) else { panic!("it is no URL of a database") };
        assert!(is_unavailable(&error));
        assert!(!everything_said(&error).contains(PLANTED), "{error}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_unavailable() {
    let test = TestDatabase::fresh().await;
    let holder = test.client().await;
    holder.batch_execute("BEGIN; LOCK TABLE contacts").await.unwrap();
    let error =
        find(&DatabaseOptions { statement_timeout: Duration::from_millis(50), ..test.options() }).await;
    assert!(is_unavailable(&error), "{error:?}");
    assert!(error.to_string().contains("57014"), "{error}");
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_unavailable_and_names_the_setting() {
    let test = TestDatabase::fresh().await;
    let holder = test.client().await;
    holder.batch_execute("BEGIN; LOCK TABLE contacts").await.unwrap();
    let options =
        DatabaseOptions { pool_size_max: 1, wait_timeout: Duration::from_millis(50), ..test.options() };
    let contacts = PostgresContactStore::new(Database::new(&options).unwrap());
    let (one, other) = tokio::join!(
        biased;
        async {
            let found = contacts.find_by_phone(phone(1)).await;
            drop(found);
        },
        async {
            let error = contacts.find_by_phone(phone(1)).await.unwrap_err();
            holder.batch_execute("ROLLBACK").await.unwrap();
            error
        },
    );
    let () = one;
    assert!(is_unavailable(&other), "{other:?}");
    assert!(other.to_string().contains("wait_timeout_ms"), "{other}");
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_unavailable() {
    let postgres = Postgres::fresh().await;
    let id = ImportId(CountingIds::nth(1));
    let mut session = postgres.import_store().begin(id, source_of("f", 2, 2)).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    postgres.client.batch_execute(end).await.unwrap();
    let error = store(session.as_mut(), sorted(&rows_numbered([1]))).await.unwrap_err();
    assert!(is_unavailable(&error), "{error:?}");
    // Nothing is lost with it: another session goes on.
    drop(session);
    postgres.until_none_is_open().await;
    let mut session = postgres.import_store().reopen(id).await.unwrap();
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
}

#[tokio::test]
async fn a_missing_table_is_corrupt_and_says_what_to_run() {
    let test = TestDatabase::empty().await;
    let error = find(&test.options()).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("migrator schema up"), "{error}");
}

#[tokio::test]
async fn a_value_that_no_rule_of_ours_wrote_is_corrupt_and_is_not_repeated() {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(&format!(
            "INSERT INTO contacts (phone_national, is_valid, full_name, state_code)
             VALUES (5510000002, true, '{PLANTED}', '{PLANTED}')"
        ))
        .await
        .unwrap();
    let error = postgres.contacts().find_by_phone(phone(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let said = everything_said(&error);
    assert!(said.contains("state_code") && !said.contains(PLANTED), "{said}");
}

#[tokio::test]
async fn a_conflict_shows_nothing_of_the_row() {
    let postgres = Postgres::fresh().await;
    let identities = PostgresIdentityStore::new(postgres.test.database());
    let user = User {
        id: UserId(CountingIds::nth(1)),
        email: Email::parse("plantada@empresa.mx").unwrap(),
        role: Role::Viewer,
        password_hash: PasswordHash::new(PLANTED.to_owned()),
        must_change_password: false,
        created_at: Timestamp::UNIX_EPOCH,
    };
    let by = Envelope::of_program("a", Timestamp::UNIX_EPOCH);
    identities.add_user(user.clone(), by.clone()).await.unwrap();
    let error = identities.add_user(user, by).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    let said = everything_said(&error);
    assert!(!said.contains(PLANTED) && !said.contains("plantada"), "{said}");
}

#[tokio::test]
async fn a_batch_that_is_refused_shows_nothing_of_its_rows() {
    let postgres = Postgres::fresh().await;
    let id = ImportId(CountingIds::nth(1));
    let mut session = postgres.import_store().begin(id, source_of("f", 9, 9)).await.unwrap();
    let refuse = "ALTER TABLE contacts ADD CONSTRAINT nobody CHECK (source_row_id > 9)";
    postgres.client.batch_execute(refuse).await.unwrap();
    // More than the server may refuse of one batch.
    let error = store(session.as_mut(), sorted(&rows_numbered(1..=9))).await.unwrap_err();
    let said = everything_said(&error);
    for row in 1..=9 {
        assert!(!said.contains(&phone(row).national().to_string()), "{said}");
    }
    assert!(matches!(error, StoreError::Conflict { .. }), "{said}");
}
