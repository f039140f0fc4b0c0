//! Imports: batches by binary COPY, each with its checkpoint in one transaction.
//!
//! Into an empty table rows are copied while its indexes are down; what was taken down stands in `deferred_indexes`
//! until it is built again, so a load that dies leaves a note of what is missing, and a trigger keeps everybody else's
//! contacts out meanwhile. Into a table that has contacts rows are merged past its unique index.

mod audit;
mod encode;
pub(crate) mod finishing;
mod path;
mod rollback;
mod rows;
mod session;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::import::{Import, ImportId};
use domain::port::{ImportRollback, ImportSession, ImportStore, StoreError};
use domain::source::SourceDescription;
use tokio_postgres::Client;

use crate::database::Database;
use crate::error::{classify, exactly_one};
pub use audit::PostgresImportAudit;
use finishing::Finishing;
use rollback::PostgresImportRollback;
use session::PostgresImportSession;

/// The lock that an open import holds for as long as its connection lives.
const LOCK_KEY: &str = "pregon.import";
/// How long the server may take to notice that an import died before its lock is taken for a living one's.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often the lock is asked for meanwhile.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// What an import sets for its own session, and for it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkLoad {
    /// Memory of one index build, in MiB.
    pub maintenance_work_mem_mb: u32,
}

/// [`ImportStore`] over `imports`, `import_rejects` and `contacts`.
pub struct PostgresImportStore {
    database: Database,
    bulk_load: BulkLoad,
}

impl PostgresImportStore {
    /// The imports of `database`.
    #[must_use]
    pub fn new(database: Database, bulk_load: BulkLoad) -> Self {
        Self { database, bulk_load }
    }

    /// A connection that holds the lock.
    async fn locked(&self, doing: &str) -> Result<Client, StoreError> {
        let client = self.database.single(doing).await?;
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        client
            .batch_execute(&format!(
                "SET synchronous_commit = off; SET statement_timeout = 0; SET pregon.loading = 'on'; \
                 SET maintenance_work_mem = '{}MB'",
                self.bulk_load.maintenance_work_mem_mb
            ))
            .await
            .map_err(fail)?;
        // A server that looks whether we are still there gives a dead import's lock back at once. Not every platform can.
        let looks = client.batch_execute("SET client_connection_check_interval = '1s'").await;
        tracing::debug!(is_checked = looks.is_ok(), "the server was asked to notice when an import dies");
        let is_owner = include_str!("../sql/contacts_is_owner.sql");
        if !client.query_one(is_owner, &[]).await.map_err(fail)?.get::<_, bool>(0) {
            return Err(StoreError::Conflict {
                doing: doing.to_owned(),
                reason: "the user of database.url does not own the table contacts, whose indexes are taken down and built \
                         again; connect as its owner"
                    .to_owned(),
            });
        }
        let started = Instant::now();
        loop {
            let locked = client
                .query_one("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", &[&LOCK_KEY])
                .await
                .map_err(fail)?;
            if locked.get(0) {
                return Ok(client);
            }
            if started.elapsed() > LOCK_WAIT_MAX {
                return Err(StoreError::Conflict {
                    doing: doing.to_owned(),
                    reason: "another import, rollback or index build is running; wait for it to end"
                        .to_owned(),
                });
            }
            tokio::time::sleep(LOCK_POLL).await;
        }
    }
}

#[async_trait]
impl ImportStore for PostgresImportStore {
    async fn find_by_fingerprint(&self, fingerprint: String) -> Result<Option<Import>, StoreError> {
        let doing = "look for an earlier import of this file";
        let client = self.database.pooled(doing).await?;
        let sql = include_str!("../sql/import_find_by_fingerprint.sql");
        let row = client.query_opt(sql, &[&fingerprint]).await.map_err(|error| classify(doing, &error))?;
        row.map(|row| rows::decode(&row, doing)).transpose()
    }

    async fn find_under_way(&self) -> Result<Option<Import>, StoreError> {
        let doing = "look for an unfinished import";
        let client = self.database.pooled(doing).await?;
        let sql = include_str!("../sql/import_find_under_way.sql");
        let row = client.query_opt(sql, &[]).await.map_err(|error| classify(doing, &error))?;
        row.map(|row| rows::decode(&row, doing)).transpose()
    }

    async fn begin(
        &self,
        id: ImportId,
        source: SourceDescription,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let doing = "begin an import";
        let client = self.locked(doing).await?;
        let rows = client
            .execute(
                include_str!("../sql/import_insert.sql"),
                &[
                    &id.0,
                    &source.file_name,
                    &to_bigint(source.file_bytes),
                    &source.fingerprint,
                    &to_bigint(source.rows),
                    &source.last_id,
                    &source.path,
                ],
            )
            .await
            .map_err(|error| unfinished_or(doing, &error))?;
        exactly_one(rows, doing, "it was not written")?;
        PostgresImportSession::open(client, id, doing).await
    }

    async fn reopen(&self, id: ImportId) -> Result<Box<dyn ImportSession>, StoreError> {
        let doing = format!("go on with import {id}");
        let client = self.locked(&doing).await?;
        let rows = client
            .execute(include_str!("../sql/import_reopen.sql"), &[&id.0])
            .await
            .map_err(|error| unfinished_or(&doing, &error))?;
        exactly_one(rows, &doing, "there is no such import that could go on")?;
        PostgresImportSession::open(client, id, &doing).await
    }

    async fn roll_back(&self, id: ImportId) -> Result<Box<dyn ImportRollback>, StoreError> {
        let doing = format!("roll import {id} back");
        let client = self.locked(&doing).await?;
        let rows = client
            .execute(include_str!("../sql/import_roll_back.sql"), &[&id.0])
            .await
            .map_err(|error| unfinished_or(&doing, &error))?;
        exactly_one(rows, &doing, "there is no such import, or it was rolled back already")?;
        let import = rows::find(&client, id, &doing).await?;
        Ok(Box::new(PostgresImportRollback {
            client,
            import,
            after: i64::MIN,
            finishing: Finishing::default(),
        }))
    }
}

impl PostgresImportStore {
    /// Builds the indexes of `contacts` that an import took down and has not built, and names each step to `on_step`.
    ///
    /// # Errors
    /// `Conflict` when an import is running; `Unavailable` when the server is away. Steps that are done stay done.
    pub async fn build_indexes(&self, mut on_step: impl FnMut(&str)) -> Result<(), StoreError> {
        let mut client = self.locked("build the indexes of contacts").await?;
        let mut finishing = Finishing::default();
        while let Some(step) = finishing.next(&mut client).await? {
            on_step(&step);
        }
        Ok(())
    }
}

/// What the uniqueness of the import under way says.
fn unfinished_or(doing: &str, error: &tokio_postgres::Error) -> StoreError {
    match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("23505") => StoreError::Conflict {
            doing: doing.to_owned(),
            reason:
                "another import is unfinished; end it first with --resume, or take back what it brought with \
                     `migrator rollback`"
                    .to_owned(),
        },
        _ => classify(doing, error),
    }
}

pub(crate) fn to_bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
