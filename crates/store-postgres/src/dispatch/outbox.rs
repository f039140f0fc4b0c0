//! Permits on their way to the queue.

use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::port::{OutboxPermit, Permit, PermitOutbox, StoreError};

use super::PostgresDispatch;
use crate::error::corrupt;

/// The most permits that are taken at once.
const PERMITS_MAX: i64 = 500;

/// How long the taker of a permit has to see it confirmed.
const TAKEN_SECONDS: f64 = 30.0;

#[async_trait]
impl PermitOutbox for PostgresDispatch {
    async fn take(&self) -> Result<Vec<OutboxPermit>, StoreError> {
        let doing = "take permits from the outbox";
        let statement = include_str!("../../sql/outbox_take.sql");
        let rows = self.database.query(doing, statement, &[&PERMITS_MAX, &TAKEN_SECONDS]).await?;
        rows.iter()
            .map(|row| {
                let priority: &str = row.get("priority");
                let priority =
                    priority.parse().map_err(|_| corrupt(doing, "a permit has an unknown priority"))?;
                let permit = Permit { campaign: CampaignId(row.get("campaign_id")), priority };
                Ok(OutboxPermit { number: row.get("id"), permit })
            })
            .collect()
    }

    async fn confirm(&self, permits: Vec<OutboxPermit>) -> Result<(), StoreError> {
        let doing = "confirm permits of the outbox";
        let numbers: Vec<i64> = permits.iter().map(|permit| permit.number).collect();
        self.database.execute(doing, include_str!("../../sql/outbox_delete.sql"), &[&numbers]).await.map(drop)
    }

    async fn permit_later(&self, campaign: CampaignId, delay: Duration) -> Result<(), StoreError> {
        let doing = format!("have a permit of campaign {} published", campaign.0);
        self.database
            .execute(
                &doing,
                include_str!("../../sql/outbox_insert.sql"),
                &[&campaign.0, &delay.as_secs_f64(), &1_i32],
            )
            .await
            .map(drop)
    }
}
