//! The audit log, to be read and verified.

use async_trait::async_trait;
use domain::audit::{AuditLine, AuditPlace, BulkReading, ChainHash, ChainLink, ChainPoint, LineFields};
use domain::port::{AuditFilter, AuditLog, AuditOrder, LooseLines, StoreError};
use domain::request::Envelope;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::database::Database;
use crate::error::classify;
use crate::request::COUNTED_LINE;

/// [`AuditLog`] over `audit_log`, `audit_chain` and `audit_head`.
pub struct PostgresAuditLog {
    database: Database,
}

impl PostgresAuditLog {
    /// The log of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl AuditLog for PostgresAuditLog {
    async fn page(
        &self,
        filter: AuditFilter,
        order: AuditOrder,
        after: Option<AuditPlace>,
        limit: u16,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let doing = "list the audit log";
        let statement = match order {
            AuditOrder::NewestFirst => include_str!("../sql/audit_page_newest.sql"),
            AuditOrder::OldestFirst => include_str!("../sql/audit_page_oldest.sql"),
        };
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(
                statement,
                &[
                    &after.map(|after| after.at),
                    &after.map(|after| after.id),
                    &i64::from(limit),
                    &filter.actor,
                    &filter.action,
                    &filter.object_kind,
                    &filter.object_id,
                    &filter.from,
                    &filter.until,
                ],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(rows.iter().map(line).collect())
    }

    async fn note_reading(
        &self,
        reading: BulkReading,
        count: u32,
        envelope: Envelope,
    ) -> Result<(), StoreError> {
        let doing = "note who was shown personal data";
        let (action, address) = (reading.action(), envelope.remote_addr.map(|address| address.to_string()));
        let (kind, _) = action.split_once('.').unwrap_or((action, ""));
        self.database
            .execute(
                doing,
                COUNTED_LINE,
                &[
                    &envelope.actor.0,
                    &action,
                    &kind,
                    &"page",
                    &envelope.request_id,
                    &address,
                    &i64::from(count),
                ],
            )
            .await
            .map(drop)
    }

    async fn head(&self) -> Result<Option<ChainPoint>, StoreError> {
        let doing = "look where the audit log ends";
        let rows = self.database.query(doing, include_str!("../sql/audit_head.sql"), &[]).await?;
        Ok(rows.first().map(point))
    }

    async fn links(&self, after: i64, limit: u32) -> Result<Vec<ChainLink>, StoreError> {
        let doing = format!("walk the audit log behind place {after}");
        let statement = include_str!("../sql/audit_links.sql");
        let rows = self.database.query(&doing, statement, &[&after, &i64::from(limit)]).await?;
        let link = |row: &Row| ChainLink {
            point: point(row),
            line_id: row.get("line_id"),
            line: row.get::<_, Option<Vec<Option<String>>>>("fields").map(LineFields),
        };
        Ok(rows.iter().map(link).collect())
    }

    async fn loose_lines(&self, after: i64, limit: u32) -> Result<Option<LooseLines>, StoreError> {
        let doing = format!("look at the audit log behind line {after}");
        let statement = include_str!("../sql/audit_loose.sql");
        let rows = self.database.query(&doing, statement, &[&after, &i64::from(limit)]).await?;
        let looked = rows.first().and_then(|row| {
            let last: Option<i64> = row.get("last");
            last.map(|last| LooseLines { last, loose: row.get("loose") })
        });
        Ok(looked)
    }
}

fn point(row: &Row) -> ChainPoint {
    ChainPoint { place: row.get("place"), hash: ChainHash::stored(row.get("hash")) }
}

fn line(row: &Row) -> AuditLine {
    let (place, hash): (Option<i64>, Option<&[u8]>) = (row.get("place"), row.get("hash"));
    AuditLine {
        id: row.get("id"),
        at: row.get::<_, Timestamp>("at"),
        actor: row.get("actor"),
        action: row.get("action"),
        object_kind: row.get("object_kind"),
        object_id: row.get("object_id"),
        request_id: row.get("request_id"),
        remote_addr: row.get("remote_addr"),
        details: row.get("details"),
        link: place.zip(hash).map(|(place, hash)| ChainPoint { place, hash: ChainHash::stored(hash) }),
    }
}
