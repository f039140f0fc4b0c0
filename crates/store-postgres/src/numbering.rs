//! Numbering plans as versions, and contacts classed by them.

use std::sync::Arc;

use async_trait::async_trait;
use domain::contact::LineType;
use domain::numbering::{Assignment, Line, NumberingPlan};
use domain::port::{NewPlan, NumberingPlanStore, PlanVersion, Reclassified, StoreError};
use domain::request::Envelope;
use tokio_postgres::Row;

use crate::census::{REFRESH_BY_STATE, fold};
use crate::contact::{line_type_of, phone_from};
use crate::database::Database;
use crate::error::{classify, corrupt};
use crate::request::audit;

/// Ranges that are sent at once.
const RANGES_AT_ONCE: usize = 20_000;
/// Contacts that are classed in one transaction.
const PAGE_ROWS: i64 = 20_000;

/// [`NumberingPlanStore`] over `numbering_plans`, `numbering_ranges` and `contacts`.
pub struct PostgresNumberingPlanStore {
    database: Database,
}

impl PostgresNumberingPlanStore {
    /// The plans of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl NumberingPlanStore for PostgresNumberingPlanStore {
    async fn in_force(&self) -> Result<Option<PlanVersion>, StoreError> {
        let doing = "look for the numbering plan in force";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/numbering_in_force.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| version(&row, doing)).transpose()
    }

    async fn plan(&self, version: i32) -> Result<NumberingPlan, StoreError> {
        let doing = format!("read version {version} of the numbering plan");
        let client = self.database.pooled(&doing).await?;
        let rows = client
            .query(include_str!("../sql/numbering_ranges.sql"), &[&version])
            .await
            .map_err(|error| classify(doing.as_str(), &error))?;
        if rows.is_empty() {
            return Err(StoreError::Conflict { doing, reason: "there is no such version".to_owned() });
        }
        let assignments = rows.iter().map(|row| assignment(row, &doing)).collect::<Result<Vec<_>, _>>()?;
        NumberingPlan::compile(&assignments).map_err(|error| corrupt(&doing, error.to_string()))
    }

    async fn put_in_force(&self, new: NewPlan, envelope: Envelope) -> Result<PlanVersion, StoreError> {
        let doing = "put a numbering plan in force";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        // A connection of its own: all ranges take longer than a statement of the pool may.
        let mut client = self.database.single(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.execute(include_str!("../sql/numbering_retire.sql"), &[]).await.map_err(failed)?;
        let ranges =
            i32::try_from(new.plan.ranges()).map_err(|_| corrupt(doing, "it has too many ranges"))?;
        let row = transaction
            .query_one(
                include_str!("../sql/numbering_insert.sql"),
                &[
                    &new.file_name,
                    &new.file_sha256,
                    &new.format.as_str(),
                    &new.latest,
                    &i64::try_from(new.malformed_lines).unwrap_or(i64::MAX),
                    &ranges,
                ],
            )
            .await
            .map_err(failed)?;
        let kept = version(&row, doing)?;
        let ranges: Vec<_> = new.plan.iter().collect();
        for some in ranges.chunks(RANGES_AT_ONCE) {
            let firsts: Vec<i64> = some.iter().map(|(first, ..)| first.cast_signed()).collect();
            let lasts: Vec<i64> = some.iter().map(|(_, last, _)| last.cast_signed()).collect();
            let line_types: Vec<&str> = some.iter().map(|(.., line)| line.line_type.as_str()).collect();
            let carriers: Vec<&str> =
                some.iter().map(|(.., line)| line.carrier.unwrap_or_default()).collect();
            transaction
                .execute(
                    include_str!("../sql/numbering_ranges_insert.sql"),
                    &[&kept.version, &firsts, &lasts, &line_types, &carriers],
                )
                .await
                .map_err(failed)?;
        }
        let version = kept.version.to_string();
        audit(&transaction, "numbering_plan.load", ("numbering_plan", &version), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(kept)
    }

    async fn reclassify_some(
        &self,
        plan: Arc<NumberingPlan>,
        after: i64,
    ) -> Result<Reclassified, StoreError> {
        let doing = "class contacts by a numbering plan";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        // Nobody is given what is looked up between reading this page and writing it.
        transaction.execute(include_str!("../sql/lookups_lock.sql"), &[]).await.map_err(failed)?;
        let page = include_str!("../sql/contact_line_page.sql");
        let rows = transaction.query(page, &[&after, &PAGE_ROWS]).await.map_err(failed)?;
        let (mut ids, mut line_types, mut carriers) = (Vec::new(), Vec::new(), Vec::new());
        let mut unmatched = 0;
        for row in &rows {
            let phone = phone_from(row.get("phone_national"), doing)?;
            let line = plan.look_up(phone);
            unmatched += u64::from(line.is_none());
            let mut line = line.unwrap_or(Line::UNKNOWN);
            // What was looked up of the number itself outranks what the plan says of its range.
            if let Some(looked_up) = row.get::<_, Option<&str>>("looked_line_type") {
                line.line_type = line_type_of(looked_up, doing)?;
                line.carrier = row.get::<_, Option<&str>>("looked_carrier").or(line.carrier);
            }
            let (line_type, carrier): (&str, Option<&str>) = (row.get("line_type"), row.get("carrier"));
            if (line_type, carrier) != (line.line_type.as_str(), line.carrier) {
                ids.push(row.get::<_, i64>("id"));
                line_types.push(line.line_type.as_str());
                carriers.push(line.carrier);
            }
        }
        let changed = if ids.is_empty() {
            0
        } else {
            let statement = include_str!("../sql/contact_reclassify.sql");
            transaction.execute(statement, &[&ids, &line_types, &carriers]).await.map_err(failed)?
        };
        transaction.commit().await.map_err(failed)?;
        if changed > 0 {
            // As many cells as contacts are noted, and read by whoever asks how many there are until they are folded.
            fold(&client).await?;
        }
        Ok(Reclassified {
            seen: rows.len() as u64,
            changed,
            unmatched,
            last: rows.last().map(|row| row.get("id")),
        })
    }

    async fn end_reclassifying(&self, version: i32) -> Result<(), StoreError> {
        let doing = "note that every contact was classed";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.single(doing).await?;
        while fold(&client).await? > 0 {}
        client.batch_execute(REFRESH_BY_STATE).await.map_err(failed)?;
        client.batch_execute("ANALYZE contacts").await.map_err(failed)?;
        client
            .execute(include_str!("../sql/numbering_reclassified.sql"), &[&version])
            .await
            .map(drop)
            .map_err(failed)
    }
}

fn version(row: &Row, doing: &str) -> Result<PlanVersion, StoreError> {
    Ok(PlanVersion {
        version: row.get("version"),
        file_name: row.get("file_name"),
        file_sha256: row.get("file_sha256"),
        latest: row.get("latest"),
        ranges: u64::try_from(row.get::<_, i32>("ranges"))
            .map_err(|_| corrupt(doing, "a plan has fewer than no ranges"))?,
        loaded_at: row.get("loaded_at"),
    })
}

fn assignment(row: &Row, doing: &str) -> Result<Assignment, StoreError> {
    let line_type = match row.get("line_type") {
        "mobile" => LineType::Mobile,
        "fixed" => LineType::Fixed,
        _ => return Err(corrupt(doing, "a range is of an unknown line type")),
    };
    Ok(Assignment {
        first: row.get::<_, i64>("first_number").cast_unsigned(),
        last: row.get::<_, i64>("last_number").cast_unsigned(),
        line_type,
        carrier: row.get("carrier"),
        assigned_on: None,
    })
}
