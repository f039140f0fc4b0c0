//! What keeps the engine going, whoever died.

use async_trait::async_trait;
use domain::campaign::Opening;
use domain::message::Evidence;
use domain::port::{StoreError, Upkeep};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_postgres::Row;
use uuid::Uuid;

use super::PostgresDispatch;
use super::evidence::{self, Entry, EvidenceBatch};
use crate::campaign::PlanSettings;
use crate::error::{classify, corrupt};
use crate::mutant;

/// The most claims or due entries that one call takes; each covers a few hundred messages at most.
const ENTRIES_MAX: i64 = 50;

/// The most lanes that one call gives their next hours.
const LANES_MAX: i64 = 500;

#[async_trait]
impl Upkeep for PostgresDispatch {
    async fn give_up_lost(&self) -> Result<u64, StoreError> {
        let reason = "worker_lost";
        let doing = "give up the claims of lost workers";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let apply = evidence::statement(&client).await.map_err(failed)?;
        let take = mutant::statement("claim_take_expired", include_str!("../../sql/claim_take_expired.sql"));
        let transaction = client.transaction().await.map_err(failed)?;
        let lost = transaction.query(&*take, &[&ENTRIES_MAX]).await.map_err(failed)?;
        let mut batch = EvidenceBatch::default();
        for row in &lost {
            batch.push(&entry(row, Evidence::NoAnswer, reason));
        }
        let mut moved = 0;
        if !batch.is_empty() {
            moved = batch.apply(&transaction, &apply, &self.options).await.map_err(failed)?;
            let campaigns: Vec<Uuid> = lost.iter().map(|row| row.get("campaign_id")).collect();
            let seqs: Vec<i32> = lost.iter().map(|row| row.get("seq")).collect();
            let attempts: Vec<i16> = lost.iter().map(|row| row.get("attempt")).collect();
            transaction
                .execute(
                    include_str!("../../sql/attempt_give_up.sql"),
                    &[&campaigns, &seqs, &attempts, &reason],
                )
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(moved)
    }

    async fn expire_overdue(&self) -> Result<u64, StoreError> {
        let doing = "expire messages past their deadline";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let apply = evidence::statement(&client).await.map_err(failed)?;
        let transaction = client.transaction().await.map_err(failed)?;
        let overdue = transaction
            .query(include_str!("../../sql/due_take.sql"), &[&ENTRIES_MAX])
            .await
            .map_err(failed)?;
        let mut batch = EvidenceBatch::default();
        for row in &overdue {
            let (evidence, reason) = match row.get("kind") {
                "receipt" => (Evidence::ReceiptOverdue, "receipt_missing"),
                _ => (Evidence::OutcomeOverdue, "outcome_unknown"),
            };
            batch.push(&entry(row, evidence, reason));
        }
        let mut moved = 0;
        if !batch.is_empty() {
            moved = batch.apply(&transaction, &apply, &self.options).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(moved)
    }

    async fn revive_idle(&self) -> Result<u64, StoreError> {
        let doing = "revive idle campaigns";
        let permits = i32::from(self.options.permits_per_campaign);
        self.database
            .execute(
                doing,
                include_str!("../../sql/campaign_revive.sql"),
                &[&self.options.revive_after.as_secs_f64(), &permits],
            )
            .await
    }

    async fn complete_finished(&self) -> Result<u64, StoreError> {
        let doing = "complete finished campaigns";
        self.database.execute(doing, include_str!("../../sql/campaign_complete.sql"), &[]).await
    }

    async fn launch_scheduled(&self) -> Result<u64, StoreError> {
        let doing = "launch scheduled campaigns";
        self.database.execute(doing, include_str!("../../sql/campaign_launch_scheduled.sql"), &[]).await
    }

    async fn reopen_lanes(&self) -> Result<u64, StoreError> {
        let doing = "give lanes their next hours";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.pooled(doing).await?;
        let over =
            client.query(include_str!("../../sql/lane_closed.sql"), &[&LANES_MAX]).await.map_err(failed)?;
        if over.is_empty() {
            return Ok(0);
        }
        let now: Timestamp = client.query_one("SELECT now()", &[]).await.map_err(failed)?.get(0);
        let (mut campaigns, mut zones, mut opens, mut closes) = (vec![], vec![], vec![], vec![]);
        for row in &over {
            let Some(opening) = next_opening(row, now, doing)? else { continue };
            campaigns.push(row.get::<_, Uuid>("campaign_id"));
            zones.push(row.get::<_, &str>("zone"));
            opens.push(opening.opens_at);
            closes.push(opening.closes_at);
        }
        client
            .execute(include_str!("../../sql/lane_reopen.sql"), &[&campaigns, &zones, &opens, &closes])
            .await
            .map_err(failed)
    }

    async fn judge_canaries(&self) -> Result<u64, StoreError> {
        let doing = "judge canaries";
        let wait = self.options.rules.canary_wait.as_secs_f64();
        let permits = i32::from(self.options.permits_per_campaign);
        self.database
            .execute(doing, include_str!("../../sql/campaign_judge_canaries.sql"), &[&wait, &permits])
            .await
    }

    async fn blow_fuses(&self) -> Result<u64, StoreError> {
        let doing = "look at the fuses of campaigns";
        let rules = &self.options.rules;
        self.database
            .execute(
                doing,
                include_str!("../../sql/campaign_blow_fuses.sql"),
                &[
                    &i64::from(rules.fuse_messages_min),
                    &rules.fuse_failed_percent,
                    &rules.fuse_unknown_percent,
                ],
            )
            .await
    }
}

/// The next hours of a lane of a campaign with these settings; nothing where it is open at any hour.
fn next_opening(row: &Row, now: Timestamp, doing: &str) -> Result<Option<Opening>, StoreError> {
    let broken = || corrupt(doing, "the window or the zone of a lane cannot be read");
    let settings = PlanSettings::read(row.get("settings")).ok_or_else(broken)?;
    let Some(window) = settings.window().map_err(|()| broken())? else { return Ok(None) };
    let zone = TimeZone::get(row.get("zone")).map_err(|_| broken())?;
    Ok(window.opening(&zone, now))
}

fn entry<'a>(row: &Row, evidence: Evidence, reason: &'a str) -> Entry<'a> {
    Entry {
        campaign: row.get("campaign_id"),
        seq: row.get("seq"),
        attempt: row.get("attempt"),
        phone: None,
        evidence,
        reason: Some(reason),
        retry_in_seconds: 0.0,
        opted_out: false,
    }
}
