//! The ports to jobs: to those who ask for them, and to the workers that do them.

use async_trait::async_trait;
use bytes::Bytes;

use super::{StoreError, WriteError};
use crate::contact::ContactId;
use crate::job::{Job, JobId, RefusedLine, SheetBatch, Task};
use crate::lookup::LookupTally;
use crate::request::Envelope;
use crate::segment::Segment;

/// Keeps jobs for those who ask for them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Begins to take a file in; `false` when too many jobs wait. A file that is not queued is forgotten after a while.
    async fn open_upload(&self, id: JobId, envelope: Envelope) -> Result<bool, StoreError>;

    /// Keeps the next part of a file; parts are counted from 0 on.
    async fn append_upload(&self, id: JobId, part: u32, bytes: Bytes) -> Result<(), StoreError>;

    /// Forgets a file that is not queued.
    async fn drop_upload(&self, id: JobId) -> Result<(), StoreError>;

    /// Queues a job, whose file is there if it has one: the job, the audit line and the key are committed together, or nothing
    /// is. A request whose key and body were seen before is not carried out again: its file is forgotten, and what it answered
    /// then is answered. `None` when too many jobs wait.
    async fn queue(&self, id: JobId, task: Task, envelope: Envelope) -> Result<Option<Job>, WriteError>;

    /// One job.
    async fn find(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// Jobs, the latest first, from before that one on.
    async fn page(&self, before: Option<JobId>, limit: u16) -> Result<Vec<Job>, StoreError>;

    /// Ends a job; what it has done stays. A `Conflict` when it has ended already.
    async fn cancel(&self, id: JobId, envelope: Envelope) -> Result<Option<Job>, StoreError>;

    /// Lines that did not become contacts, in the file's order, behind that one.
    async fn refused_lines(&self, id: JobId, after: u64, limit: u32) -> Result<Vec<RefusedLine>, StoreError>;

    /// Writes down that the refused lines of a job are given out.
    async fn note_refused_read(&self, id: JobId, envelope: Envelope) -> Result<(), StoreError>;
}

/// Hands jobs to workers, and keeps what they do.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Takes the job that waits longest, or one whose worker was lost, for a while that every step makes longer. A job that was
    /// taken too often without coming further fails instead.
    async fn claim(&self) -> Result<Option<ClaimedJob>, StoreError>;

    /// A part of a job's file; `None` behind the last.
    async fn part(&self, id: JobId, part: u32) -> Result<Option<Bytes>, StoreError>;

    /// Adds the contacts among the next lines of a file and keeps the others with their reasons; those whose number a contact has
    /// are refused. All of it is committed with the new checkpoint, or nothing is.
    async fn import_lines(&self, claim: JobClaim, lines: SheetBatch) -> Result<JobStep, StoreError>;

    /// Tags the next contacts, those of them that the segment means.
    async fn tag_some(&self, claim: JobClaim, segment: Segment) -> Result<JobStep, StoreError>;

    /// Notes how far a job that looks numbers up has come, and what it did since it noted that before. What was looked up is
    /// kept already.
    async fn note_lookups(
        &self,
        claim: JobClaim,
        checkpoint: ContactId,
        done: LookupTally,
    ) -> Result<JobStep, StoreError>;

    /// Ends a job of which all is done.
    async fn complete(&self, claim: JobClaim) -> Result<(), StoreError>;

    /// Ends a job that cannot be done.
    async fn fail(&self, claim: JobClaim, reason: String) -> Result<(), StoreError>;

    /// Gives a job back, so that another worker goes on with it at once.
    async fn release(&self, claim: JobClaim) -> Result<(), StoreError>;

    /// Takes some of what is old away: jobs whose time has ended, files that were never queued. Answers how many rows, 0 when
    /// none is left.
    async fn sweep(&self) -> Result<u64, StoreError>;
}

/// A worker's hold of a job: good until another worker took it, or it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobClaim {
    /// Which job.
    pub job: JobId,
    /// Which claim of it.
    pub number: i64,
}

/// A job that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedJob {
    /// The hold of it.
    pub claim: JobClaim,
    /// The job as it stands.
    pub job: Job,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStep {
    /// There may be more to do.
    Further,
    /// Nothing is left to do.
    AtEnd,
    /// The job was canceled, or another worker has it; nothing was done.
    Lost,
}
