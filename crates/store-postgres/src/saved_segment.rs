//! Segments that are kept by name.

use async_trait::async_trait;
use domain::port::{SegmentStore, StoreError, WriteError};
use domain::request::Envelope;
use domain::segment::{SavedSegment, SegmentId, SegmentVersion};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Row, Transaction};

use crate::database::Database;
use crate::error::{classify, conflict, corrupt, exactly_one};
use crate::request::{answer_is_gone, answered_before, audit, take_key};

/// [`SegmentStore`] over the table `segments`.
pub struct PostgresSegmentStore {
    database: Database,
}

impl PostgresSegmentStore {
    /// The segments of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

async fn insert(
    transaction: &Transaction<'_>,
    segment: &SavedSegment,
    doing: &str,
) -> Result<SavedSegment, StoreError> {
    let definition = serde_json::to_string(&segment.definition)
        .map_err(|error| corrupt(doing, format!("the definition is no JSON: {error}")))?;
    let inserted = transaction
        .query_one(
            include_str!("../sql/segment_insert.sql"),
            &[
                &segment.at.id.0,
                &segment.at.version.cast_signed(),
                &segment.name,
                &definition,
                &segment.created_by,
                &segment.created_at,
            ],
        )
        .await;
    match inserted {
        Ok(row) => decode(&row, doing),
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            Err(conflict(doing, "another segment has this name; give another one"))
        }
        Err(error) => Err(classify(doing, &error)),
    }
}

#[async_trait]
impl SegmentStore for PostgresSegmentStore {
    async fn add(&self, segment: SavedSegment, envelope: Envelope) -> Result<SavedSegment, WriteError> {
        let doing = "save a segment";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !take_key(&transaction, &envelope, doing).await? {
            let statement = include_str!("../sql/idempotency_segment.sql");
            let before = answered_before(&*transaction, statement, &envelope, doing).await?;
            let before = before.ok_or_else(|| answer_is_gone(doing))?;
            return Ok(decode(&before, doing)?);
        }
        let added = insert(&transaction, &segment, doing).await?;
        let id = added.at.id.0;
        audit(&transaction, "segment.create", ("segment", &id.to_string()), &envelope, doing).await?;
        if let Some(used) = &envelope.idempotency {
            let statement = include_str!("../sql/idempotency_answer_segment.sql");
            transaction.execute(statement, &[&envelope.actor.0, &used.key, &id]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(added)
    }

    async fn change(&self, segment: SavedSegment, envelope: Envelope) -> Result<SavedSegment, StoreError> {
        let id = segment.at.id.0;
        let doing = format!("change segment {id}");
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let before = segment.at.version.saturating_sub(1).cast_signed();
        let superseded = transaction
            .execute(include_str!("../sql/segment_supersede.sql"), &[&id, &before])
            .await
            .map_err(failed)?;
        exactly_one(superseded, &doing, "somebody changed or deleted it in the meantime; read it again")?;
        let changed = insert(&transaction, &segment, &doing).await?;
        audit(&transaction, "segment.update", ("segment", &id.to_string()), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(changed)
    }

    async fn remove(&self, id: SegmentId, envelope: Envelope) -> Result<bool, StoreError> {
        let doing = format!("delete segment {}", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let deleted =
            transaction.execute(include_str!("../sql/segment_delete.sql"), &[&id.0]).await.map_err(failed)?;
        if deleted == 0 {
            return Ok(false);
        }
        audit(&transaction, "segment.delete", ("segment", &id.0.to_string()), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn find(&self, id: SegmentId) -> Result<Option<SavedSegment>, StoreError> {
        let doing = "find a segment";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/segment_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn page(&self, before: Option<SegmentId>, limit: u16) -> Result<Vec<SavedSegment>, StoreError> {
        let doing = "list segments";
        let client = self.database.pooled(doing).await?;
        let before = before.map(|id| id.0);
        let rows = client
            .query(include_str!("../sql/segment_page.sql"), &[&before, &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn versions(
        &self,
        id: SegmentId,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<SavedSegment>, StoreError> {
        let doing = "list the versions of a segment";
        let client = self.database.pooled(doing).await?;
        let before = before.map(u32::cast_signed);
        let rows = client
            .query(include_str!("../sql/segment_versions.sql"), &[&id.0, &before, &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }
}

fn decode(row: &Row, doing: &str) -> Result<SavedSegment, StoreError> {
    let definition: serde_json::Value = row.get("definition");
    Ok(SavedSegment {
        at: SegmentVersion {
            id: SegmentId(row.get("id")),
            version: row.get::<_, i32>("version").cast_unsigned(),
        },
        name: row.get("name"),
        definition: serde_json::from_value(definition)
            .map_err(|_| corrupt(doing, "a saved segment has no definition of ours"))?,
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
    })
}
