//! Jobs, as workers do them.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::contact::{ContactId, NewContact, Tag};
use domain::job::{Job, JobId, JobState, JobTally, LineRefused, SheetBatch, SheetEntry, Task};
use domain::lookup::LookupTally;
use domain::port::{ClaimedJob, JobClaim, JobQueue, JobStep, StoreError};
use domain::segment::Segment;
use domain::sheet::Record;
use domain::state::StateCode;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::{decode, end};
use crate::contact::to_bigint;
use crate::database::Database;
use crate::error::{classify, conflict, corrupt};
use crate::segment::SegmentStatement;

/// Refused lines that are taken away at once.
const SWEPT_LINES_MAX: i64 = 10_000;
/// Jobs and unfinished files that are taken away at once.
const SWEPT_JOBS_MAX: i64 = 100;

/// What bounds the doing of jobs.
#[derive(Debug, Clone)]
pub struct JobQueueOptions {
    /// How long a worker's hold of one is good without a step.
    pub lease: Duration,
    /// How often one is taken without coming further before it fails.
    pub attempts_max: u32,
    /// How long one is kept when it has ended.
    pub keep_for: Duration,
    /// How long a file may take to come in.
    pub upload_timeout: Duration,
    /// Contacts that are looked at in one step when they are tagged.
    pub tag_contacts: u32,
}

/// [`JobQueue`] over `jobs` and what stands beside it.
pub struct PostgresJobQueue {
    database: Database,
    options: JobQueueOptions,
}

impl PostgresJobQueue {
    /// The jobs of `database`.
    #[must_use]
    pub fn new(database: Database, options: JobQueueOptions) -> Self {
        Self { database, options }
    }

    /// Holds a job for a step; nothing when the claim of it is not good any more.
    async fn hold(
        &self,
        transaction: &Transaction<'_>,
        claim: JobClaim,
        doing: &str,
    ) -> Result<Option<Job>, StoreError> {
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        // A step takes longer than a statement of a request may, and never longer than the hold is good.
        let limit = format!("SET LOCAL statement_timeout = '{}ms'", self.options.lease.as_millis());
        transaction.batch_execute(&limit).await.map_err(failed)?;
        let held = transaction
            .query_opt(include_str!("../../sql/job_hold.sql"), &[&claim.job.0, &claim.number])
            .await
            .map_err(failed)?;
        held.map(|row| decode(&row, doing)).transpose()
    }

    async fn advance(
        &self,
        transaction: &Transaction<'_>,
        (id, checkpoint): (JobId, i64),
        done: JobTally,
        doing: &str,
    ) -> Result<(), StoreError> {
        let counts = [
            done.imported,
            done.duplicates,
            done.rejected,
            done.matched,
            done.tags_added,
            done.tags_removed,
            done.left_out,
        ]
        .map(u64::cast_signed);
        let lease = self.options.lease.as_secs_f64();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&id.0, &checkpoint, &lease];
        parameters.extend(counts.iter().map(|count| count as &(dyn ToSql + Sync)));
        transaction
            .execute(include_str!("../../sql/job_advance.sql"), &parameters)
            .await
            .map(drop)
            .map_err(|error| classify(doing, &error))
    }
}

/// What went wrong in a step. That it takes too long or too much memory is no fault of the server's: it is tried again when the lease is
/// over, and not for ever.
fn of_step(doing: &str, error: &tokio_postgres::Error) -> StoreError {
    if matches!(error.code(), Some(&SqlState::QUERY_CANCELED | &SqlState::OUT_OF_MEMORY)) {
        return conflict(
            doing,
            "a step takes longer than a lease is good (jobs.lease_s), waits for another, or takes too much memory",
        );
    }
    classify(doing, error)
}

#[async_trait]
impl JobQueue for PostgresJobQueue {
    async fn claim(&self) -> Result<Option<ClaimedJob>, StoreError> {
        let doing = "take a job";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../../sql/job_claim.sql"), &[&self.options.lease.as_secs_f64()])
            .await
            .map_err(|error| classify(doing, &error))?;
        drop(client);
        let Some(row) = row else { return Ok(None) };
        let job = decode(&row, doing)?;
        let claim = JobClaim { job: job.id, number: row.get("claim") };
        let attempts: i32 = row.get("claims");
        if i64::from(attempts) > i64::from(self.options.attempts_max) {
            let reason = format!(
                "{} workers were lost or gave up before it came any further; the workers' logs have why",
                self.options.attempts_max
            );
            self.fail(claim, reason).await?;
            return Ok(None);
        }
        Ok(Some(ClaimedJob { claim, job }))
    }

    async fn part(&self, id: JobId, part: u32) -> Result<Option<Bytes>, StoreError> {
        let doing = "read a part of a file";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../../sql/job_part_find.sql"), &[&id.0, &part.cast_signed()])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(row.map(|row| Bytes::from(row.get::<_, Vec<u8>>("bytes"))))
    }

    async fn import_lines(&self, claim: JobClaim, lines: SheetBatch) -> Result<JobStep, StoreError> {
        let doing = format!("bring lines of job {} in", claim.job.0);
        let failed = |error: tokio_postgres::Error| of_step(&doing, &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let Some(job) = self.hold(&transaction, claim, &doing).await? else { return Ok(JobStep::Lost) };
        let mut contacts = Contacts::default();
        let mut refused = Refused::default();
        for entry in lines.entries() {
            match entry {
                SheetEntry::Contact(record, contact) => contacts.put(record, &contact),
                SheetEntry::Refused(record, why) => refused.put(record, why),
            }
        }
        transaction.execute(include_str!("../../sql/lookups_lock_shared.sql"), &[]).await.map_err(failed)?;
        let added = contacts.insert(&transaction).await.map_err(failed)?;
        for (phone, record) in contacts.phones.iter().zip(&contacts.records) {
            if !added.contains(phone) {
                refused.put(record, LineRefused::DuplicateExisting);
            }
        }
        refused.insert(&transaction, claim.job).await.map_err(failed)?;
        let done = JobTally {
            imported: added.len() as u64,
            duplicates: refused.duplicates,
            rejected: refused.lines.len() as u64 - refused.duplicates,
            ..JobTally::default()
        };
        let read = i64::try_from(lines.len()).map_err(|_| corrupt(&doing, "a batch is too long"))?;
        self.advance(&transaction, (claim.job, job.checkpoint + read), done, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(JobStep::Further)
    }

    async fn tag_some(&self, claim: JobClaim, segment: Segment) -> Result<JobStep, StoreError> {
        let doing = format!("tag contacts for job {}", claim.job.0);
        let failed = |error: tokio_postgres::Error| of_step(&doing, &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let Some(job) = self.hold(&transaction, claim, &doing).await? else { return Ok(JobStep::Lost) };
        let Task::Tag(task) = &job.task else { return Err(corrupt(&doing, "it is no job that tags")) };
        transaction.execute(include_str!("../../sql/tags_lock.sql"), &[]).await.map_err(failed)?;
        let window = include_str!("../../sql/job_tag_window.sql");
        let next = transaction
            .query_one(window, &[&job.checkpoint, &i64::from(self.options.tag_contacts)])
            .await
            .map_err(failed)?;
        // Who came after the job was asked for is not meant.
        let Some(last) = next.get::<_, Option<i64>>("last_id").filter(|_| job.checkpoint < job.total) else {
            return Ok(JobStep::AtEnd);
        };
        let last = last.min(job.total);
        let names = |tags: &[Tag]| tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>();
        let tags_max = i64::try_from(Tag::COUNT_MAX).unwrap_or(i64::MAX);
        let own: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(job.checkpoint),
            Box::new(last),
            Box::new(names(&task.add)),
            Box::new(names(&task.remove)),
            Box::new(tags_max),
        ];
        let statement = SegmentStatement::new(include_str!("../../sql/job_tag.sql"), &segment, own);
        let row = transaction.query_one(&statement.sql, &statement.parameters()).await.map_err(failed)?;
        let count = |column: &str| row.get::<_, i64>(column).cast_unsigned();
        let done = JobTally {
            matched: count("matched"),
            tags_added: count("added"),
            tags_removed: count("removed"),
            left_out: count("left_out"),
            ..JobTally::default()
        };
        self.advance(&transaction, (claim.job, last), done, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(JobStep::Further)
    }

    async fn note_lookups(
        &self,
        claim: JobClaim,
        checkpoint: ContactId,
        done: LookupTally,
    ) -> Result<JobStep, StoreError> {
        let doing = format!("note what job {} looked up", claim.job.0);
        let failed = |error: tokio_postgres::Error| of_step(&doing, &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let Some(job) = self.hold(&transaction, claim, &doing).await? else { return Ok(JobStep::Lost) };
        let counts =
            [done.asked, done.cached, done.mobile, done.fixed, done.unknown, done.failed, done.cost_micros]
                .map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let (checkpoint, lease) = (checkpoint.0.max(job.checkpoint), self.options.lease.as_secs_f64());
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&claim.job.0, &checkpoint, &lease];
        parameters.extend(counts.iter().map(|count| count as &(dyn ToSql + Sync)));
        transaction
            .execute(include_str!("../../sql/job_advance_lookups.sql"), &parameters)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(JobStep::Further)
    }

    async fn complete(&self, claim: JobClaim) -> Result<(), StoreError> {
        let doing = "complete a job";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if let Some(job) = self.hold(&transaction, claim, doing).await? {
            // All of a file is accounted for, or it is not whole any more.
            let is_whole = matches!(job.task, Task::Tag(_) | Task::LookUp(_)) || job.checkpoint == job.total;
            let lost = format!("its file has {} lines, of which {} are there", job.total, job.checkpoint);
            let (state, failure) =
                if is_whole { (JobState::Completed, None) } else { (JobState::Failed, Some(lost.as_str())) };
            end(&transaction, (claim.job, state, failure), self.options.keep_for, doing).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn fail(&self, claim: JobClaim, reason: String) -> Result<(), StoreError> {
        let doing = "note that a job failed";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if self.hold(&transaction, claim, doing).await?.is_some() {
            let failed_with = (claim.job, JobState::Failed, Some(reason.as_str()));
            end(&transaction, failed_with, self.options.keep_for, doing).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn release(&self, claim: JobClaim) -> Result<(), StoreError> {
        let doing = "give a job back";
        let client = self.database.pooled(doing).await?;
        client
            .execute(include_str!("../../sql/job_release.sql"), &[&claim.job.0, &claim.number])
            .await
            .map(drop)
            .map_err(|error| classify(doing, &error))
    }

    async fn sweep(&self) -> Result<u64, StoreError> {
        let doing = "take old jobs away";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.pooled(doing).await?;
        let lines = client
            .execute(include_str!("../../sql/job_sweep_refused.sql"), &[&SWEPT_LINES_MAX])
            .await
            .map_err(failed)?;
        let jobs = client
            .execute(
                include_str!("../../sql/job_sweep.sql"),
                &[&SWEPT_JOBS_MAX, &self.options.upload_timeout.as_secs_f64()],
            )
            .await
            .map_err(failed)?;
        Ok(lines + jobs)
    }
}

/// Contacts as the columns of `job_insert_contacts.sql`.
#[derive(Default)]
struct Contacts<'a> {
    records: Vec<&'a Record>,
    phones: Vec<i64>,
    texts: [Vec<Option<String>>; 11],
    is_valid: Vec<bool>,
}

impl<'a> Contacts<'a> {
    fn put(&mut self, record: &'a Record, contact: &NewContact<'_>) {
        self.records.push(record);
        self.phones.push(to_bigint(contact.phone));
        self.is_valid.push(contact.is_valid);
        let lada = contact.lada.map(|lada| lada.to_string());
        let texts = [
            contact.phone_original.as_deref(),
            contact.full_name.as_deref(),
            contact.address.as_deref(),
            contact.neighborhood.as_deref(),
            contact.municipality.as_deref(),
            contact.state.as_ref().map(StateCode::as_str),
            contact.state.map(StateCode::name),
            lada.as_deref(),
            contact.city.as_deref(),
            Some(contact.line.line_type.as_str()),
            contact.line.carrier,
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(text.map(str::to_owned));
        }
    }

    /// Adds them, and answers the numbers that were added.
    async fn insert(&self, transaction: &Transaction<'_>) -> Result<HashSet<i64>, tokio_postgres::Error> {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&self.phones];
        parameters.extend(self.texts.iter().map(|column| column as &(dyn ToSql + Sync)));
        parameters.push(&self.is_valid);
        let rows = transaction.query(include_str!("../../sql/job_insert_contacts.sql"), &parameters).await?;
        Ok(rows.iter().map(|row| row.get("phone_national")).collect())
    }
}

/// Lines that are no contacts, as the columns of `job_refuse_lines.sql`.
#[derive(Default)]
struct Refused {
    lines: Vec<i64>,
    reasons: Vec<&'static str>,
    details: Vec<String>,
    fields: Vec<String>,
    duplicates: u64,
}

impl Refused {
    fn put(&mut self, record: &Record, why: LineRefused) {
        self.lines.push(record.line.cast_signed());
        self.reasons.push(why.reason());
        self.details.push(why.detail());
        // A NUL is in no text of the server's.
        let fields: Vec<_> = record.fields.iter().map(|field| field.replace('\0', "\u{fffd}")).collect();
        self.fields.push(serde_json::Value::from(fields).to_string());
        self.duplicates += u64::from(why.is_duplicate());
    }

    async fn insert(&self, transaction: &Transaction<'_>, job: JobId) -> Result<(), tokio_postgres::Error> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let statement = include_str!("../../sql/job_refuse_lines.sql");
        transaction
            .execute(statement, &[&job.0, &self.lines, &self.reasons, &self.details, &self.fields])
            .await
            .map(drop)
    }
}
