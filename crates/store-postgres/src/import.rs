//! Imports: batches by binary COPY, each with its checkpoint in one transaction.
//!
//! Into an empty table rows are copied while its indexes are down; what was taken down stands in `deferred_indexes`
//! until it is built again, so a load that dies leaves a note of what is missing, and a trigger keeps everybody else's
//! contacts out meanwhile. Into a table that has contacts rows are merged past its unique index.

mod connections;
mod encode;
pub(crate) mod finishing;
mod inspection;
mod lane;
mod live_indexes;
mod part;
mod path;
mod rollback;
mod rows;
mod session;

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::import::{Import, ImportId, ImportState};
use domain::port::{ImportRollback, ImportSession, ImportStore, ReferringCampaign, StoreError};
use domain::source::SourceDescription;
use tokio_postgres::{Client, Row};

use crate::database::Database;
use crate::error::{classify, conflict, exactly_one};
use connections::BulkConnections;
pub use connections::BulkLoad;
use finishing::Finishing;
pub use inspection::PostgresImportInspection;
use rollback::PostgresImportRollback;
use session::PostgresImportSession;

/// [`ImportStore`] over `imports`, `import_rejects` and `contacts`.
pub struct PostgresImportStore {
    database: Database,
    connections: BulkConnections,
}

impl PostgresImportStore {
    /// The imports of `database`.
    #[must_use]
    pub fn new(database: Database, bulk_load: BulkLoad) -> Self {
        let connections = BulkConnections::new(database.clone(), bulk_load);
        Self { database, connections }
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
        let client = self.connections.locked(doing).await?;
        let rows = insert(&client, id, &source).await.map_err(|error| unfinished_or(doing, &error))?;
        exactly_one(rows, doing, "it was not written")?;
        PostgresImportSession::open(client, self.connections.clone(), id, doing).await
    }

    async fn reopen(&self, id: ImportId) -> Result<Box<dyn ImportSession>, StoreError> {
        let doing = format!("go on with import {id}");
        let client = self.connections.locked(&doing).await?;
        let rows = client
            .execute(include_str!("../sql/import_reopen.sql"), &[&id.0])
            .await
            .map_err(|error| unfinished_or(&doing, &error))?;
        exactly_one(rows, &doing, "there is no such import that could go on")?;
        PostgresImportSession::open(client, self.connections.clone(), id, &doing).await
    }

    async fn restore(
        &self,
        id: ImportId,
        source: SourceDescription,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let doing = format!("restore import {id}");
        let client = self.connections.locked(&doing).await?;
        let find = client.query_opt(include_str!("../sql/import_find.sql"), &[&id.0]).await;
        let found = find.map_err(|error| classify(&doing, &error))?;
        let rows = match found.map(|row| rows::decode(&row, &doing)).transpose()?.map(|import| import.state) {
            None => insert(&client, id, &source).await,
            Some(ImportState::Loading) => Ok(1),
            Some(ImportState::RolledBack) => {
                client.execute(include_str!("../sql/import_restore.sql"), &[&id.0]).await
            }
            Some(ImportState::Stopped | ImportState::Completed | ImportState::RollingBack) => {
                let reason = "what it brought is in the database, or is being taken back; `migrator rollback` takes it away first";
                return Err(conflict(&doing, reason));
            }
        };
        let rows = rows.map_err(|error| unfinished_or(&doing, &error))?;
        exactly_one(rows, &doing, "somebody else changed it")?;
        PostgresImportSession::open(client, self.connections.clone(), id, &doing).await
    }

    async fn referring_campaigns(&self, id: ImportId) -> Result<Vec<ReferringCampaign>, StoreError> {
        let doing = "look for campaigns that wrote to an import's contacts";
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.single(doing).await?;
        client.batch_execute("SET statement_timeout = 0").await.map_err(fail)?;
        let sql = include_str!("../sql/import_referring_campaigns.sql");
        let campaigns = client.query(sql, &[&id.0]).await.map_err(fail)?;
        let decode = |row: &Row| {
            Ok(ReferringCampaign {
                id: CampaignId(row.get("id")),
                name: row.get("name"),
                messages: rows::count(row, "messages", doing)?,
            })
        };
        campaigns.iter().map(decode).collect()
    }

    async fn roll_back(&self, id: ImportId) -> Result<Box<dyn ImportRollback>, StoreError> {
        let doing = format!("roll import {id} back");
        let client = self.connections.locked(&doing).await?;
        let rows = client
            .execute(include_str!("../sql/import_roll_back.sql"), &[&id.0])
            .await
            .map_err(|error| unfinished_or(&doing, &error))?;
        exactly_one(rows, &doing, "there is no such import, or it was rolled back already")?;
        let import = rows::find(&client, id, &doing).await?;
        let kept = include_str!("../sql/kept_create.sql");
        client.batch_execute(kept).await.map_err(|error| classify(&doing, &error))?;
        Ok(Box::new(PostgresImportRollback {
            client,
            import,
            is_keeping: false,
            after: i64::MIN,
            finishing: Finishing::new(self.connections.clone()),
        }))
    }
}

impl PostgresImportStore {
    /// Builds the indexes of contacts that are missing or not valid, on a live system, and names each step to `on_step`.
    ///
    /// # Errors
    /// `Conflict` when an import is running; `Unavailable` when the server is away. Steps that are done stay done.
    pub async fn build_indexes(&self, mut on_step: impl FnMut(&str)) -> Result<(), StoreError> {
        let mut client = self.connections.locked("build the indexes of contacts").await?;
        let mut built = 0;
        for index in live_indexes::INDEXES {
            if live_indexes::build(&client, index).await? {
                on_step(&format!("index {}", index.0));
                built += 1;
            }
        }
        if built == 0 && !finishing::are_counts_stale(&client).await? {
            return Ok(());
        }
        let mut finishing = Finishing::new(self.connections.clone());
        while let Some(step) = finishing.next(&mut client).await? {
            on_step(&step);
        }
        Ok(())
    }
}

async fn insert(
    client: &Client,
    id: ImportId,
    source: &SourceDescription,
) -> Result<u64, tokio_postgres::Error> {
    let sql = include_str!("../sql/import_insert.sql");
    let (bytes, rows) = (to_bigint(source.file_bytes), to_bigint(source.rows));
    client
        .execute(
            sql,
            &[&id.0, &source.file_name, &bytes, &source.fingerprint, &rows, &source.last_id, &source.path],
        )
        .await
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
