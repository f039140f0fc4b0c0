//! What the database needs done from time to time.

use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::port::{DatabaseIdentity, Housekeeping, Miscount, StoreError};
use tokio_postgres::error::SqlState;

use crate::database::Database;
use crate::error::{classify, corrupt};

/// Months for which there is room beside the present one.
const MONTHS_AHEAD: i32 = 3;
/// Events that are taken away at once.
const EVENTS_MAX: i64 = 5_000;
/// Campaigns that ended so long ago are still counted.
const LATELY: Duration = Duration::from_hours(24);
/// A little less than a day, so that the hour does not wander.
const DAILY: Duration = Duration::from_hours(23);

/// [`Housekeeping`] over the tables of the sending side.
pub struct PostgresHousekeeping {
    database: Database,
    keep_months: u16,
}

impl PostgresHousekeeping {
    /// Of `database`, where what was sent is kept for so many months; 0 is for ever.
    #[must_use]
    pub fn new(database: Database, keep_months: u16) -> Self {
        Self { database, keep_months }
    }

    async fn take_turn(&self, what: &str, every: Duration) -> Result<bool, StoreError> {
        let doing = format!("take the turn of {what}");
        let client = self.database.pooled(&doing).await?;
        let taken = client
            .execute(include_str!("../sql/turn_take.sql"), &[&what, &every.as_secs_f64()])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(taken == 1)
    }
}

#[async_trait]
impl Housekeeping for PostgresHousekeeping {
    async fn make_room(&self) -> Result<u64, StoreError> {
        let doing = "make the partitions of the next months";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/partition_ensure.sql"), &[&MONTHS_AHEAD])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(row.get::<_, i32>(0).unsigned_abs().into())
    }

    async fn is_days_turn(&self) -> Result<bool, StoreError> {
        self.take_turn("partitions", DAILY).await
    }

    async fn drop_month(&self) -> Result<Option<String>, StoreError> {
        let doing = "drop a month of messages";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/partition_drop.sql"), &[&i32::from(self.keep_months)])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(row.get(0))
    }

    async fn forget_events(&self) -> Result<u64, StoreError> {
        let doing = "forget events of the provider";
        if self.keep_months == 0 {
            return Ok(0);
        }
        let months = i32::from(self.keep_months);
        let statements = [
            include_str!("../sql/event_forget.sql"),
            include_str!("../sql/inbound_forget.sql"),
            include_str!("../sql/record_question_forget.sql"),
            include_str!("../sql/reply_forget.sql"),
        ];
        let mut forgotten = 0;
        for statement in statements {
            forgotten += self.database.execute(doing, statement, &[&months, &EVENTS_MAX]).await?;
        }
        Ok(forgotten)
    }

    async fn recount(&self, every: Duration) -> Result<Option<Vec<Miscount>>, StoreError> {
        let doing = "compare counts with messages";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        if !self.take_turn("recount", every).await? {
            return Ok(None);
        }
        let client = self.database.pooled(doing).await?;
        let campaigns = client
            .query(include_str!("../sql/recount_list.sql"), &[&LATELY.as_secs_f64()])
            .await
            .map_err(failed)?;
        let compare =
            client.prepare_cached(include_str!("../sql/recount_campaign.sql")).await.map_err(failed)?;
        let mut found = Vec::new();
        for campaign in campaigns {
            let campaign = CampaignId(campaign.get("id"));
            for row in client.query(&compare, &[&campaign.0]).await.map_err(failed)? {
                let state: &str = row.get("state");
                found.push(Miscount {
                    campaign,
                    state: state.parse().map_err(|_| corrupt(doing, "a message's state is none"))?,
                    counted: row.get("counted"),
                    kept: row.get("kept"),
                });
            }
        }
        Ok(Some(found))
    }

    async fn compare_identity(&self) -> Result<DatabaseIdentity, StoreError> {
        let doing = "compare the database with the one it was";
        let client = self.database.pooled(doing).await?;
        match client.query_opt(include_str!("../sql/identity_compare.sql"), &[]).await {
            Ok(None) => Ok(DatabaseIdentity::Same),
            Ok(Some(row)) if row.get("is_another") => {
                Ok(DatabaseIdentity::Restored { paused: row.get::<_, i64>("paused").cast_unsigned() })
            }
            Ok(Some(_)) => Ok(DatabaseIdentity::New),
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                Ok(DatabaseIdentity::Untold)
            }
            Err(error) => Err(classify(doing, &error)),
        }
    }
}
