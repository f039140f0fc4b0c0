//! Jobs, as those who ask for them see them.

mod queue;
mod task;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::job::{Job, JobId, JobState, JobTally, RefusedLine, Task};
use domain::lookup::LookupTally;
use domain::port::{JobStore, StoreError, WriteError};
use domain::request::Envelope;
use tokio_postgres::{Row, Transaction};

use crate::database::Database;
use crate::error::{classify, conflict, corrupt, exactly_one};
use crate::request::{answer_is_gone, answered_before, audit, audit_counted, take_key};

pub use queue::{JobQueueOptions, PostgresJobQueue};

/// Why a file is not there that came in.
const FORGOTTEN: &str = "it took too long, and was forgotten (jobs.upload_timeout_s); send it again";

/// What bounds the asking for jobs.
#[derive(Debug, Clone)]
pub struct JobStoreOptions {
    /// The most that wait or are under way, and the most files that come in.
    pub open_max: u32,
    /// The most files that come in from one user at the same time.
    pub uploads_of_one_max: u32,
    /// How long one is kept when it has ended.
    pub keep_for: Duration,
}

/// [`JobStore`] over `jobs` and what stands beside it.
pub struct PostgresJobStore {
    database: Database,
    options: JobStoreOptions,
}

impl PostgresJobStore {
    /// The jobs of `database`.
    #[must_use]
    pub fn new(database: Database, options: JobStoreOptions) -> Self {
        Self { database, options }
    }
}

/// Ends a job that is held by the transaction, and keeps it for so long.
async fn end(
    transaction: &Transaction<'_>,
    (id, state, failure): (JobId, JobState, Option<&str>),
    keep_for: Duration,
    doing: &str,
) -> Result<Job, StoreError> {
    let row = transaction
        .query_one(
            include_str!("../sql/job_end.sql"),
            &[&id.0, &state.as_str(), &failure, &keep_for.as_secs_f64()],
        )
        .await
        .map_err(|error| classify(doing, &error))?;
    decode(&row, doing)
}

#[async_trait]
impl JobStore for PostgresJobStore {
    async fn open_upload(&self, id: JobId, envelope: Envelope) -> Result<bool, StoreError> {
        let doing = "take a file in";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.execute(include_str!("../sql/upload_lock_all.sql"), &[]).await.map_err(failed)?;
        let (most, of_one) = (i64::from(self.options.open_max), i64::from(self.options.uploads_of_one_max));
        let opened = transaction
            .execute(include_str!("../sql/job_open.sql"), &[&id.0, &envelope.actor.0, &most, &of_one])
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(opened == 1)
    }

    async fn append_upload(&self, id: JobId, part: u32, bytes: Bytes) -> Result<(), StoreError> {
        let doing = "keep a part of a file";
        let client = self.database.pooled(doing).await?;
        let kept = client
            .execute(
                include_str!("../sql/job_part_insert.sql"),
                &[&id.0, &part.cast_signed(), &bytes.as_ref()],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        exactly_one(kept, doing, FORGOTTEN)
    }

    async fn drop_upload(&self, id: JobId) -> Result<(), StoreError> {
        let doing = "forget a file";
        let client = self.database.pooled(doing).await?;
        client
            .execute(include_str!("../sql/job_drop_upload.sql"), &[&id.0])
            .await
            .map(drop)
            .map_err(|error| classify(doing, &error))
    }

    async fn queue(&self, id: JobId, task: Task, envelope: Envelope) -> Result<Option<Job>, WriteError> {
        let doing = "queue a job";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !take_key(&transaction, &envelope, doing).await? {
            let statement = include_str!("../sql/idempotency_job.sql");
            let before = answered_before(&*transaction, statement, &envelope, doing).await?;
            let before =
                before.map(|row| decode(&row, doing)).transpose()?.ok_or_else(|| answer_is_gone(doing))?;
            let statement = include_str!("../sql/job_drop_upload.sql");
            transaction.execute(statement, &[&id.0]).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            return Ok(Some(before));
        }
        transaction.execute(include_str!("../sql/job_lock_all.sql"), &[]).await.map_err(failed)?;
        let (kind, kept, most) = (task.kind(), task::encode(&task, doing)?, i64::from(self.options.open_max));
        let queued = match &task {
            Task::Import(import) => {
                let total = i64::try_from(import.rows).unwrap_or(i64::MAX);
                let statement = include_str!("../sql/job_queue_upload.sql");
                transaction
                    .query_opt(statement, &[&id.0, &kind, &kept, &total, &envelope.at, &most])
                    .await
                    .map_err(failed)?
            }
            Task::Tag(_) | Task::LookUp(_) => {
                let statement = include_str!("../sql/job_queue_new.sql");
                transaction
                    .query_opt(statement, &[&id.0, &kind, &kept, &envelope.actor.0, &envelope.at, &most])
                    .await
                    .map_err(failed)?
            }
        };
        if queued.is_none() && matches!(task, Task::Import(_)) {
            let statement = include_str!("../sql/job_is_uploading.sql");
            let is_there: bool =
                transaction.query_one(statement, &[&id.0]).await.map_err(failed)?.get("is_there");
            if !is_there {
                return Err(conflict(doing, FORGOTTEN).into());
            }
        }
        let Some(queued) = queued else { return Ok(None) };
        let job = decode(&queued, doing)?;
        let action = match &job.task {
            Task::Import(_) => "contact.import",
            Task::Tag(_) => "contact.tag_segment",
            Task::LookUp(_) => "contact.look_up_segment",
        };
        audit(&transaction, action, ("job", &id.0.to_string()), &envelope, doing).await?;
        if let Some(used) = &envelope.idempotency {
            let statement = include_str!("../sql/idempotency_answer_job.sql");
            transaction.execute(statement, &[&envelope.actor.0, &used.key, &id.0]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Some(job))
    }

    async fn find(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let doing = "find a job";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/job_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn page(&self, before: Option<JobId>, limit: u16) -> Result<Vec<Job>, StoreError> {
        let doing = "list jobs";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/job_page.sql"), &[&before.map(|id| id.0), &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn cancel(&self, id: JobId, envelope: Envelope) -> Result<Option<Job>, StoreError> {
        let doing = format!("cancel job {}", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let held =
            transaction.query_opt(include_str!("../sql/job_lock.sql"), &[&id.0]).await.map_err(failed)?;
        let Some(held) = held else { return Ok(None) };
        let job = decode(&held, &doing)?;
        if job.state.is_final() {
            return Err(conflict(&doing, &format!("it is {} already", job.state.as_str())));
        }
        let job = end(&transaction, (id, JobState::Canceled, None), self.options.keep_for, &doing).await?;
        audit(&transaction, "job.cancel", ("job", &id.0.to_string()), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(job))
    }

    async fn refused_lines(&self, id: JobId, after: u64, limit: u32) -> Result<Vec<RefusedLine>, StoreError> {
        let doing = "read the refused lines of a job";
        let client = self.database.pooled(doing).await?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows = client
            .query(include_str!("../sql/job_refused_page.sql"), &[&id.0, &after, &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        let line = |row: &Row| RefusedLine {
            line: row.get::<_, i64>("line").cast_unsigned(),
            reason: row.get("reason"),
            detail: row.get("detail"),
            fields: row.get("fields"),
        };
        Ok(rows.iter().map(line).collect())
    }

    async fn note_refused_read(&self, id: JobId, envelope: Envelope) -> Result<(), StoreError> {
        let doing = "note that refused lines are given out";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let rejected = transaction
            .query_opt(include_str!("../sql/job_refused_count.sql"), &[&id.0])
            .await
            .map_err(failed)?;
        let count = rejected.map_or(0, |row| row.get::<_, i64>("refused").cast_unsigned());
        audit_counted(&transaction, "job.rejects", ("job", &id.0.to_string()), (&envelope, count), doing)
            .await?;
        transaction.commit().await.map_err(failed)
    }
}

fn decode(row: &Row, doing: &str) -> Result<Job, StoreError> {
    let broken = |column: &str| corrupt(doing, format!("{column} of a job holds an unknown value"));
    let state: &str = row.get("state");
    let count = |column: &str| row.get::<_, i64>(column).cast_unsigned();
    Ok(Job {
        id: JobId(row.get("id")),
        task: task::decode(row.get("task"), row.get("total"), doing)?,
        state: JobState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| broken("state"))?,
        checkpoint: row.get("checkpoint"),
        total: row.get("total"),
        tally: JobTally {
            imported: count("imported"),
            duplicates: count("duplicates"),
            rejected: count("rejected"),
            matched: count("matched"),
            tags_added: count("tags_added"),
            tags_removed: count("tags_removed"),
            left_out: count("left_out"),
            lookups: LookupTally {
                asked: count("lookups_asked"),
                cached: count("lookups_cached"),
                mobile: count("lookups_mobile"),
                fixed: count("lookups_fixed"),
                unknown: count("lookups_unknown"),
                failed: count("lookups_failed"),
                cost_micros: count("lookups_cost"),
            },
        },
        failure: row.get("failure"),
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        started_at: row.get("started_at"),
        finished_at: row.get("finished_at"),
        expires_at: row.get("expires_at"),
    })
}
