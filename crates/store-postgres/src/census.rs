//! Counts of contacts: cubes that triggers keep true.

use std::time::Duration;

use async_trait::async_trait;
use domain::census::{Cell, CensusVersion, Dimension};
use domain::port::{ContactCensus, StoreError};
use tokio_postgres::{Client, Row};

use crate::contact::{line_type_of, status_of};
use crate::database::Database;
use crate::error::{classify, corrupt};

/// Brings `contacts_by_state` up to date.
pub(crate) const REFRESH_BY_STATE: &str = include_str!("../sql/by_state_refresh.sql");

/// Changes that are folded at once.
const FOLDED_MAX: i64 = 10_000;

/// [`ContactCensus`] over `contact_counts` and what was noted since.
pub struct PostgresContactCensus {
    database: Database,
}

impl PostgresContactCensus {
    /// The counts of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ContactCensus for PostgresContactCensus {
    async fn cells(&self, dimension: Dimension) -> Result<Vec<Cell>, StoreError> {
        let doing = "read the counts of contacts";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/counts_read.sql"), &[&dimension.as_str()])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn version(&self) -> Result<Option<CensusVersion>, StoreError> {
        let doing = "read the version of the contacts";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/counts_version.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(row.get::<_, Option<String>>("version").map(CensusVersion::new))
    }

    async fn fold(&self) -> Result<u64, StoreError> {
        let client = self.database.pooled("bring the counts of contacts up to date").await?;
        fold(&client).await
    }

    async fn refresh_by_state(&self, at_age: Duration) -> Result<Option<Duration>, StoreError> {
        let doing = "refresh contacts_by_state";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let age = async || -> Result<Option<Duration>, StoreError> {
            let client = self.database.pooled(doing).await?;
            let row = client.query_opt(include_str!("../sql/by_state_age.sql"), &[]).await.map_err(failed)?;
            Ok(row.map(|row| Duration::try_from_secs_f64(row.get("seconds")).unwrap_or_default()))
        };
        let is_young = |age: Option<Duration>| age.is_some_and(|age| age < at_age);
        let before = age().await?;
        if is_young(before) {
            return Ok(before);
        }
        // A connection of its own: it takes longer than a statement of the pool may, and the lock goes with it.
        let client = self.database.single(doing).await?;
        let lock = client.query_one(include_str!("../sql/by_state_lock.sql"), &[]).await.map_err(failed)?;
        if lock.get("is_alone") && !is_young(age().await?) {
            client.execute(REFRESH_BY_STATE, &[]).await.map_err(failed)?;
        }
        age().await
    }
}

/// Folds some of the noted changes into the cubes, and answers how many.
pub(crate) async fn fold(client: &Client) -> Result<u64, StoreError> {
    let folded = client
        .query_one(include_str!("../sql/counts_fold.sql"), &[&FOLDED_MAX])
        .await
        .map_err(|error| classify("bring the counts of contacts up to date", &error))?;
    Ok(folded.get::<_, i64>("folded").unsigned_abs())
}

fn decode(row: &Row, doing: &str) -> Result<Cell, StoreError> {
    Ok(Cell {
        key: row.get("key"),
        line_type: line_type_of(row.get("line_type"), doing)?,
        status: status_of(row.get("status"), doing)?,
        is_valid: row.get("is_valid"),
        has_opted_out: row.get("has_opted_out"),
        contacts: u64::try_from(row.get::<_, i64>("contacts"))
            .map_err(|_| corrupt(doing, "a count is negative"))?,
    })
}
