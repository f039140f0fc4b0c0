//! A worker does jobs, one at a time and step by step: what a step did is committed before the next, so that another worker goes on
//! where this one was stopped.

use std::sync::Arc;
use std::time::Duration;

use domain::contact::ContactId;
use domain::job::{ImportTask, JobId, SeenNumbers, SheetBatch, Task};
use domain::port::{JobClaim, JobQueue, JobStep, LookupScope, StoreError};
use domain::segment::{Segment, SegmentRefused};
use domain::sheet::{Record, SheetParser};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::look_up_numbers::{LookupEnd, LookupRun};
use crate::look_up_segment::LookUpSegment;
use crate::numbering_plans::KnownPlan;

/// Lines that take more memory than this are not brought in at once, however few they are.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a job that looks numbers up rests when it could ask nobody: the pace is others', or the provider asked for a pause.
const REST: Duration = Duration::from_secs(1);

/// Does jobs.
pub struct RunJobs {
    queue: Arc<dyn JobQueue>,
    plan: Arc<KnownPlan>,
    lines_at_once: usize,
    lookups: LookUpSegment,
    open: Mutex<Option<OpenJob>>,
}

/// Whether there was something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// There was not.
    Nothing,
    /// A step was done; there may be another.
    Something,
}

/// The job that this worker is at.
struct OpenJob {
    claim: JobClaim,
    work: Work,
}

enum Work {
    Import(Box<OpenFile>),
    Tag(Segment),
    LookUp(OpenLookup),
}

/// A segment whose numbers are looked up.
struct OpenLookup {
    segment: Segment,
    run: LookupRun,
    checkpoint: ContactId,
    up_to: ContactId,
}

impl RunJobs {
    /// Does the jobs of `queue`; of a file it brings so many lines in at once, classed by `plan`, and numbers it looks up by
    /// `lookups`.
    #[must_use]
    pub fn new(
        queue: Arc<dyn JobQueue>,
        plan: Arc<KnownPlan>,
        lines_at_once: usize,
        lookups: LookUpSegment,
    ) -> Self {
        Self { queue, plan, lines_at_once, lookups, open: Mutex::new(None) }
    }

    /// Does one step of the job at hand, or of the next one.
    ///
    /// # Errors
    /// When the store is away; the job goes on later, here or elsewhere.
    pub async fn execute(&self) -> Result<Worked, StoreError> {
        let mut held = self.open.lock().await;
        let open = match held.take() {
            Some(open) => Some(open),
            None => self.begin().await?,
        };
        let Some(mut open) = open else { return Ok(Worked::Nothing) };
        let claim = open.claim;
        let step = match &mut open.work {
            Work::Import(file) => self.import_some(claim, file).await,
            Work::Tag(segment) => self.queue.tag_some(claim, segment.clone()).await,
            Work::LookUp(lookup) => self.look_some_up(claim, lookup).await,
        };
        match step {
            Ok(JobStep::Further) => *held = Some(open),
            Ok(JobStep::AtEnd) => self.queue.complete(claim).await?,
            Ok(JobStep::Lost) => {
                tracing::info!(job = %claim.job.0, "the job was canceled, failed, or is another worker's");
            }
            Err(error) => return Err(self.give_back(claim, error).await),
        }
        Ok(Worked::Something)
    }

    /// Takes some of what is old away; answers how many rows, 0 when none is left.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.queue.sweep().await
    }

    /// Gives the job at hand back, so that another worker goes on with it at once.
    ///
    /// # Errors
    /// When the store is away; then it is free when its lease is over.
    pub async fn release(&self) -> Result<(), StoreError> {
        match self.open.lock().await.take() {
            Some(open) => self.queue.release(open.claim).await,
            None => Ok(()),
        }
    }

    async fn begin(&self) -> Result<Option<OpenJob>, StoreError> {
        let Some(claimed) = self.queue.claim().await? else { return Ok(None) };
        let claim = claimed.claim;
        tracing::info!(job = %claim.job.0, kind = claimed.job.task.kind(), from = claimed.job.checkpoint, "a job begins");
        let work = match claimed.job.task {
            Task::Import(task) => {
                Work::Import(Box::new(OpenFile::new(task, claimed.job.checkpoint.unsigned_abs())))
            }
            Task::Tag(task) => match task.segment.check() {
                Ok(segment) => Work::Tag(segment),
                Err(refused) => return self.refuse(claim, &refused).await,
            },
            Task::LookUp(task) => match task.segment.check() {
                Ok(segment) => Work::LookUp(OpenLookup {
                    segment,
                    run: LookupRun::new(Some(task.cost_max), claimed.job.tally.lookups),
                    checkpoint: ContactId(claimed.job.checkpoint),
                    up_to: ContactId(claimed.job.total),
                }),
                Err(refused) => return self.refuse(claim, &refused).await,
            },
        };
        Ok(Some(OpenJob { claim, work }))
    }

    async fn refuse(&self, claim: JobClaim, refused: &SegmentRefused) -> Result<Option<OpenJob>, StoreError> {
        self.queue.fail(claim, format!("its segment is refused: {refused}")).await?;
        Ok(None)
    }

    /// Looks the next numbers up. What was told is kept before the job notes it, so that whoever goes on asks nobody twice.
    async fn look_some_up(&self, claim: JobClaim, lookup: &mut OpenLookup) -> Result<JobStep, StoreError> {
        let what = (&lookup.segment, LookupScope::UnknownAlone);
        let span = (lookup.checkpoint, lookup.up_to);
        let step = self.lookups.step(&mut lookup.run, what, span, &|| false).await?;
        let Some(ended) = step.ended else { return Ok(JobStep::AtEnd) };
        lookup.checkpoint = step.checkpoint;
        let noted = self.queue.note_lookups(claim, step.checkpoint, step.done).await?;
        if noted == JobStep::Lost {
            return Ok(JobStep::Lost);
        }
        match ended {
            LookupEnd::AllAsked => {}
            LookupEnd::OutOfTime | LookupEnd::Stopped => {
                if step.done.asked == 0 {
                    sleep(REST).await;
                }
            }
            LookupEnd::OverCost
            | LookupEnd::DayIsSpent { .. }
            | LookupEnd::AccountBlocked { .. }
            | LookupEnd::NobodyAnswers => {
                self.queue.fail(claim, ended.to_string()).await?;
                return Ok(JobStep::Lost);
            }
        }
        Ok(JobStep::Further)
    }

    async fn import_some(&self, claim: JobClaim, file: &mut OpenFile) -> Result<JobStep, StoreError> {
        let lines = file.next_lines(&*self.queue, claim.job, self.lines_at_once).await?;
        if lines.is_empty() {
            return Ok(JobStep::AtEnd);
        }
        // Who comes in is classed by the plan in force by then.
        self.plan.refresh().await?;
        let batch = SheetBatch::sort(lines, &file.task.sheet, &mut file.seen, self.plan.plan());
        self.queue.import_lines(claim, batch).await
    }

    /// Lets go of a job that a step of failed, as the failure allows.
    async fn give_back(&self, claim: JobClaim, error: StoreError) -> StoreError {
        let told = match &error {
            // It goes on as soon as the store is back.
            StoreError::Unavailable { .. } => self.queue.release(claim).await,
            // It is tried again when its lease is over, and not for ever.
            StoreError::Conflict { .. } => Ok(()),
            StoreError::Corrupt { .. } => self.queue.fail(claim, error.to_string()).await,
        };
        if let Err(also) = told {
            tracing::warn!(job = %claim.job.0, error = %also, "the job is free when its lease is over");
        }
        error
    }
}

/// A file that is read from its beginning, whatever was done of it: what its lines hold tells which numbers are taken.
struct OpenFile {
    task: ImportTask,
    parser: SheetParser,
    next_part: u32,
    is_read: bool,
    is_below_header: bool,
    /// Lines that were accounted for before.
    done_before: u64,
    lines: Vec<Record>,
    seen: SeenNumbers,
}

impl OpenFile {
    fn new(task: ImportTask, done_before: u64) -> Self {
        let parser = SheetParser::new(task.sheet.delimiter());
        Self {
            task,
            parser,
            next_part: 0,
            is_read: false,
            is_below_header: false,
            done_before,
            lines: Vec::new(),
            seen: SeenNumbers::default(),
        }
    }

    /// The next lines that nothing was done of, at most so many; none at the end.
    async fn next_lines(
        &mut self,
        queue: &dyn JobQueue,
        id: JobId,
        most: usize,
    ) -> Result<Vec<Record>, StoreError> {
        while self.fitting(most) == self.lines.len() && self.lines.len() < most && !self.is_read {
            let lines = &mut self.lines;
            if let Some(bytes) = queue.part(id, self.next_part).await? {
                self.parser.push(&bytes, &mut |record| lines.push(record));
                self.next_part += 1;
            } else {
                self.parser.end(&mut |record| lines.push(record));
                self.is_read = true;
            }
            if !self.is_below_header && !self.lines.is_empty() {
                self.lines.remove(0);
                self.is_below_header = true;
            }
            let done = usize::try_from(self.done_before).unwrap_or(usize::MAX).min(self.lines.len());
            for line in self.lines.drain(..done) {
                self.seen.pass_over(&line, &self.task.sheet);
            }
            self.done_before -= done as u64;
        }
        let next = self.fitting(most);
        Ok(self.lines.drain(..next).collect())
    }

    /// How many of the lines at hand may be brought in at once; one always may.
    fn fitting(&self, most: usize) -> usize {
        let mut bytes = 0;
        let fits = |line: &&Record| {
            bytes += line.bytes();
            bytes <= BATCH_BYTES_MAX
        };
        self.lines.iter().take(most).take_while(fits).count().max(self.lines.len().min(1))
    }
}

#[cfg(test)]
mod tests;
