//! Workers as they tell of themselves, and how the engine stands.

use std::time::Duration;

use async_trait::async_trait;
use domain::port::{DeadLetterChange, EngineState, SeenWorker, StoreError, WorkerBeat, WorkerStore};
use domain::request::Envelope;
use tokio_postgres::Row;

use crate::database::Database;
use crate::error::classify;
use crate::request::audit;

/// [`WorkerStore`] over `workers` and the tables of the sending side.
pub struct PostgresWorkerStore {
    database: Database,
}

impl PostgresWorkerStore {
    /// The workers of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl WorkerStore for PostgresWorkerStore {
    async fn tell(&self, beat: WorkerBeat) -> Result<(), StoreError> {
        let doing = "write down what a worker tells";
        self.database
            .execute(
                doing,
                include_str!("../sql/worker_tell.sql"),
                &[
                    &beat.name,
                    &beat.host,
                    &beat.version,
                    &beat.started_at,
                    &i32::try_from(beat.in_flight).unwrap_or(i32::MAX),
                    &i32::try_from(beat.claims).unwrap_or(i32::MAX),
                    &beat.sent.cast_signed(),
                    &beat.is_draining,
                ],
            )
            .await
            .map(drop)
    }

    async fn leave(&self, name: String) -> Result<(), StoreError> {
        let doing = "forget a worker that has ended";
        self.database.execute(doing, include_str!("../sql/worker_leave.sql"), &[&name]).await.map(drop)
    }

    async fn forget_silent(&self, after: Duration) -> Result<u64, StoreError> {
        let doing = "forget workers that are gone";
        self.database.execute(doing, include_str!("../sql/worker_forget.sql"), &[&after.as_secs_f64()]).await
    }

    async fn list(&self) -> Result<Vec<SeenWorker>, StoreError> {
        let doing = "list workers";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/worker_list.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(rows.iter().map(seen).collect())
    }

    async fn engine(&self) -> Result<EngineState, StoreError> {
        let doing = "look how the engine stands";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/engine_state.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        let count = |name: &str| row.get::<_, i64>(name).max(0).cast_unsigned();
        let age = |name: &str| row.get::<_, Option<f64>>(name).map(duration);
        Ok(EngineState {
            leases: count("leases"),
            oldest_lease: age("oldest_lease_s"),
            due_retry: count("due_retry"),
            due_receipt: count("due_receipt"),
            due_uncertain: count("due_uncertain"),
            outbox_waiting: count("outbox_waiting"),
            outbox_oldest: age("outbox_oldest_s"),
            oldest_waiting: age("oldest_waiting_s"),
            sent_per_second: row.get("sent_per_s"),
        })
    }

    async fn note_dead_letters(
        &self,
        change: DeadLetterChange,
        envelope: Envelope,
    ) -> Result<(), StoreError> {
        let doing = "note what is done to dead letters";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        audit(&transaction, change.as_str(), ("queue", "dead"), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn seen(row: &Row) -> SeenWorker {
    let count = |name: &str| row.get::<_, i32>(name).max(0).cast_unsigned();
    SeenWorker {
        beat: WorkerBeat {
            name: row.get("name"),
            host: row.get("host"),
            version: row.get("version"),
            started_at: row.get("started_at"),
            in_flight: count("in_flight"),
            claims: count("claims"),
            sent: row.get::<_, i64>("sent").max(0).cast_unsigned(),
            is_draining: row.get("is_draining"),
        },
        seen_at: row.get("seen_at"),
        silent_for: duration(row.get("silent_s")),
        sent_per_second: row.get("sent_per_s"),
    }
}
