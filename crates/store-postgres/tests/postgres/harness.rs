//! Fresh databases behind the harnesses of the contract suites.

use async_trait::async_trait;
use domain::identity::UserId;
use domain::import::ImportId;
use domain::phone::PhoneNumber;
use domain::port::{
    ContactStore, IdentityStore, ImportStore, SecondFactorStore, SessionStore, SourceAccount,
};
use domain::source::{MissingLada, SourceStatistics};
use store_postgres::{
    BulkLoad, PostgresContactStore, PostgresIdentityStore, PostgresImportStore, PostgresSecondFactorStore,
    PostgresSessionStore,
};
use testkit::TestDatabase;
use testkit::contract::ImportHarness;
use testkit::contract::identity_store::IdentityHarness;
use testkit::contract::second_factor_store::SecondFactorHarness;
use testkit::contract::session_store::SessionHarness;
use testkit::fakes::AuditLine;
use tokio_postgres::Client;

/// Looks at the server before it is held to be stuck.
const POLLS_MAX: u32 = 100_000;

/// What the tests' imports take.
const BULK_LOAD: BulkLoad = BulkLoad { maintenance_work_mem_mb: 16, connections: 2, poison_rows_max: 3 };

/// A database of its own, and a connection past the adapter.
pub(crate) struct Postgres {
    pub(crate) test: TestDatabase,
    pub(crate) client: Client,
}

impl Postgres {
    pub(crate) async fn fresh() -> Self {
        let test = TestDatabase::fresh().await;
        let client = test.client().await;
        Self { test, client }
    }

    pub(crate) fn import_store(&self) -> PostgresImportStore {
        PostgresImportStore::new(self.test.database(), BULK_LOAD)
    }

    /// The number of rows that `query` answers.
    pub(crate) async fn rows(&self, query: &str) -> usize {
        self.client.query(query, &[]).await.unwrap().len()
    }

    /// The SQLSTATE with which `statement` is refused.
    pub(crate) async fn refusal(&self, statement: &str) -> Option<String> {
        let refused = self.client.batch_execute(statement).await.err()?;
        Some(refused.code().expect("the server refuses with a code").code().to_owned())
    }
}

#[async_trait]
impl ImportHarness for Postgres {
    fn imports(&self) -> Box<dyn ImportStore> {
        Box::new(self.import_store())
    }

    fn contacts(&self) -> Box<dyn ContactStore> {
        Box::new(PostgresContactStore::new(self.test.database()))
    }

    async fn add_contact(&self, phone: PhoneNumber) -> Result<(), String> {
        let national = i64::try_from(phone.national()).unwrap();
        let insert = "INSERT INTO contacts (phone_national, is_valid, source) VALUES ($1, true, 'person')";
        self.client.execute(insert, &[&national]).await.map(drop).map_err(|error| error.to_string())
    }

    async fn set_broken(&self, is_broken: bool) {
        // Counting a batch is the last thing its transaction does.
        let statement = if is_broken {
            "ALTER TABLE imports ADD CONSTRAINT broken CHECK (rows_read = 0) NOT VALID"
        } else {
            "ALTER TABLE imports DROP CONSTRAINT broken"
        };
        self.client.batch_execute(statement).await.unwrap();
    }

    async fn until_none_is_open(&self) {
        let locks = "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
                     WHERE locktype = 'advisory' AND datname = current_database()";
        for _ in 0..POLLS_MAX {
            if self.rows(locks).await == 0 {
                return;
            }
        }
        panic!("the server holds the lock of a session that is gone");
    }

    async fn account(&self, id: ImportId) -> SourceAccount {
        let statistics = "SELECT * FROM import_statistics WHERE import_id = $1 ORDER BY source_id";
        let missing = "SELECT * FROM missing_ladas WHERE import_id = $1 ORDER BY lada";
        let statistics = self.client.query(statistics, &[&id.0]).await.unwrap();
        let missing = self.client.query(missing, &[&id.0]).await.unwrap();
        let statistics = statistics.iter().map(|row| SourceStatistics {
            id: row.get("source_id"),
            total_processed: row.get("total_processed"),
            total_valid: row.get("total_valid"),
            total_duplicates: row.get("total_duplicates"),
            total_with_city: row.get("total_with_city"),
            ladas_found: row.get("ladas_found"),
            ladas_missing: row.get("ladas_missing"),
            took_seconds: row.get("took_seconds"),
            source_file: row.get("source_file"),
            migrated_at: row.get("migrated_at"),
        });
        let missing = missing.iter().map(|row| MissingLada {
            lada: row.get("lada"),
            rows: row.get("rows"),
            examples: row.get("examples"),
            detected_at: row.get("detected_at"),
        });
        SourceAccount { statistics: statistics.collect(), missing_ladas: missing.collect() }
    }
}

#[async_trait]
impl IdentityHarness for Postgres {
    fn identities(&self) -> Box<dyn IdentityStore> {
        Box::new(PostgresIdentityStore::new(self.test.database()))
    }

    async fn audit_lines(&self) -> Vec<AuditLine> {
        self.audit_lines_like("%").await
    }
}

impl Postgres {
    async fn audit_lines_like(&self, action: &str) -> Vec<AuditLine> {
        let lines = "SELECT actor, action, object_id FROM audit_log WHERE action LIKE $1 ORDER BY id";
        let rows = self.client.query(lines, &[&action]).await.unwrap();
        rows.iter()
            .map(|row| AuditLine {
                actor: row.get("actor"),
                action: row.get("action"),
                object_id: row.get("object_id"),
            })
            .collect()
    }
}

#[async_trait]
impl SessionHarness for Postgres {
    fn sessions(&self) -> Box<dyn SessionStore> {
        Box::new(PostgresSessionStore::new(self.test.database()))
    }

    fn users(&self) -> Box<dyn IdentityStore> {
        Box::new(PostgresIdentityStore::new(self.test.database()))
    }

    async fn disable(&self, user: UserId) {
        let disable = "UPDATE users SET disabled_at = now() WHERE id = $1";
        assert_eq!(self.client.execute(disable, &[&user.0]).await.unwrap(), 1);
    }

    async fn session_lines(&self) -> Vec<AuditLine> {
        self.audit_lines_like("session.%").await
    }
}

#[async_trait]
impl SecondFactorHarness for Postgres {
    fn factors(&self) -> Box<dyn SecondFactorStore> {
        Box::new(PostgresSecondFactorStore::new(self.test.database()))
    }

    fn users(&self) -> Box<dyn IdentityStore> {
        Box::new(PostgresIdentityStore::new(self.test.database()))
    }

    async fn user_lines(&self) -> Vec<AuditLine> {
        self.audit_lines_like("user.%").await
    }
}
