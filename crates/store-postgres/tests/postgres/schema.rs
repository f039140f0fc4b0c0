//! Migrations, the databases they are applied to, and what a program is told about them.

use domain::port::StoreError;
use store_postgres::{Database, DatabaseOptions, Schema, SchemaState};
use testkit::TestDatabase;

fn schema(test: &TestDatabase) -> Schema {
    Schema::new(test.database())
}

#[tokio::test]
async fn the_schema_is_brought_up_once_and_then_there_is_nothing_to_do() {
    let test = TestDatabase::empty().await;
    let first = schema(&test).up(|| {}).await.unwrap();
    let known = schema(&test).status().await.unwrap().migrations;
    assert_eq!(first, known);
    assert!(
        first
            .iter()
            .zip(1..)
            .all(|(migration, version)| migration.version == version && migration.is_applied)
    );
    assert_eq!(schema(&test).up(|| {}).await.unwrap(), []);
}

#[tokio::test]
async fn of_two_who_bring_the_schema_up_at_once_each_migration_is_applied_by_one() {
    let test = TestDatabase::empty().await;
    let (one, other) = (schema(&test), schema(&test));
    let (first, second) = tokio::join!(
        tokio::spawn(async move { one.up(|| {}).await }),
        tokio::spawn(async move { other.up(|| {}).await }),
    );
    let mut applied = first.unwrap().unwrap();
    applied.extend(second.unwrap().unwrap());
    applied.sort_by_key(|migration| migration.version);
    let status = schema(&test).status().await.unwrap();
    assert_eq!(applied, status.migrations);
    let client = test.client().await;
    let history = client.query("SELECT version FROM refinery_schema_history", &[]).await.unwrap();
    assert_eq!(history.len(), status.migrations.len());
}

#[tokio::test]
async fn who_waits_for_another_migrator_is_told_once() {
    let test = TestDatabase::empty().await;
    let other = test.client().await;
    let lock = "SELECT pg_advisory_lock(hashtextextended('pregon.schema', 0))";
    other.batch_execute(lock).await.unwrap();
    let told = tokio::sync::Semaphore::new(0);
    let waiting_schema = schema(&test);
    let waiting = waiting_schema.up(|| told.add_permits(1));
    let ending = async {
        told.acquire().await.unwrap().forget();
        drop(other);
    };
    let (applied, ()) = tokio::join!(waiting, ending);
    assert!(!applied.unwrap().is_empty());
    assert_eq!(told.available_permits(), 0);
}

#[tokio::test]
async fn a_database_without_a_schema_is_older_and_says_what_to_run() {
    let test = TestDatabase::empty().await;
    let status = schema(&test).status().await.unwrap();
    assert_eq!((status.state, status.database_version), (SchemaState::Older, 0));
    assert!(status.migrations.iter().all(|migration| !migration.is_applied));
    let refused = schema(&test).require_current().await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }));
    let said = refused.to_string();
    assert!(said.contains("version 0") && said.contains("migrator schema up"), "{said}");
}

#[tokio::test]
async fn a_database_that_lacks_the_last_migration_is_older() {
    let test = TestDatabase::fresh().await;
    let forget = "DELETE FROM refinery_schema_history
                  WHERE version = (SELECT max(version) FROM refinery_schema_history)";
    test.client().await.batch_execute(forget).await.unwrap();
    let status = schema(&test).status().await.unwrap();
    assert_eq!((status.state, status.database_version), (SchemaState::Older, status.program_version - 1));
    assert!(schema(&test).require_current().await.is_err());
}

#[tokio::test]
async fn a_migrated_database_is_current_and_nothing_is_deferred() {
    let test = TestDatabase::fresh().await;
    let status = schema(&test).status().await.unwrap();
    assert_eq!((status.state, status.database_version), (SchemaState::Current, status.program_version));
    assert!(status.deferred_indexes.is_empty());
    schema(&test).require_current().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_later_program_is_newer_and_is_left_alone() {
    let test = TestDatabase::fresh().await;
    let later = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 VALUES (9999, 'from_the_future', '2030-01-01T00:00:00Z', '1')";
    test.client().await.batch_execute(later).await.unwrap();
    assert_eq!(schema(&test).status().await.unwrap().state, SchemaState::Newer);
    let refused = schema(&test).require_current().await.unwrap_err();
    assert!(refused.to_string().contains("use a newer program"), "{refused}");
    assert!(matches!(schema(&test).up(|| {}).await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
    let test = TestDatabase::fresh().await;
    let change = "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1";
    test.client().await.batch_execute(change).await.unwrap();
    let refused = schema(&test).up(|| {}).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_fingerprint_of_the_schema_does_not_change_by_itself() {
    assert_eq!(Schema::fingerprint(), Schema::fingerprint());
    assert_ne!(Schema::fingerprint(), 0);
}

/// A name beside that of the test's own database, which goes away with it.
struct Beside {
    test: TestDatabase,
    options: DatabaseOptions,
    name: String,
}

impl Beside {
    async fn new() -> Self {
        let test = TestDatabase::empty().await;
        let options = test.options();
        let own = options.url.rsplit('/').next().unwrap();
        let name = format!("{own}_\"b");
        let url = format!("{}/{own}_%22b", options.url.rsplit_once('/').unwrap().0);
        Self { options: DatabaseOptions { url, ..options }, name, test }
    }

    fn schema(&self) -> Schema {
        Schema::new(Database::new(&self.options).unwrap())
    }

    async fn remove(self) {
        let quoted = self.name.replace('"', "\"\"");
        let drop = format!("DROP DATABASE \"{quoted}\" WITH (FORCE)");
        self.test.client().await.batch_execute(&drop).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_is_made_once_and_found_the_second_time() {
    let beside = Beside::new().await;
    assert!(beside.schema().create_database().await.unwrap());
    assert!(!beside.schema().create_database().await.unwrap());
    assert_eq!(beside.schema().status().await.unwrap().state, SchemaState::Older);
    let roles = "SELECT FROM pg_roles WHERE rolname IN ('pregon_api', 'pregon_worker') AND NOT rolcanlogin";
    assert_eq!(beside.test.client().await.query(roles, &[]).await.unwrap().len(), 2);
    beside.remove().await;
}

#[tokio::test]
async fn of_several_who_make_a_database_at_once_one_makes_it_and_none_fails() {
    let beside = Beside::new().await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let schema = beside.schema();
            tokio::spawn(async move { schema.create_database().await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += usize::from(task.await.unwrap().unwrap());
    }
    assert_eq!(made, 1);
    beside.remove().await;
}
