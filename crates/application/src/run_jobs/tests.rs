use bytes::Bytes;
use domain::job::{Job, JobState, JobTally, LookupTask, SheetEntry, TagTask};
use domain::lookup::LookupTally;
use domain::money::Money;
use domain::port::{ClaimedJob, MockJobQueue, MockLookupStore, MockNumberingPlanStore};
use domain::sheet::Sheet;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::look_up_numbers::tests::PRICE;
use crate::look_up_segment::tests::{over, ten_contacts};

const CLAIM: JobClaim = JobClaim { job: JobId(Uuid::nil()), number: 7 };

fn claimed(task: Task, checkpoint: i64) -> ClaimedJob {
    let job = Job {
        id: CLAIM.job,
        task,
        state: JobState::Running,
        checkpoint,
        total: 5,
        tally: JobTally::default(),
        failure: None,
        created_by: "ana".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
        expires_at: None,
    };
    ClaimedJob { claim: CLAIM, job }
}

fn import() -> Task {
    let sheet = Sheet::of_head(b"phone\n").unwrap();
    Task::Import(ImportTask { file_name: None, sheet, rows: 5 })
}

/// A queue with one job whose file comes in two parts, within a line.
fn queue(checkpoint: i64) -> MockJobQueue {
    let mut queue = MockJobQueue::new();
    queue.expect_claim().times(1).returning(move || Ok(Some(claimed(import(), checkpoint))));
    queue.expect_claim().returning(|| Ok(None));
    queue.expect_part().returning(|_, part| {
        Ok(match part {
            0 => Some(Bytes::from_static(b"phone\n5512345670\n5512345670\n551234")),
            1 => Some(Bytes::from_static(b"5671\nhola\n5512345672")),
            _ => None,
        })
    });
    queue
}

fn run(queue: MockJobQueue, lines_at_once: usize) -> RunJobs {
    run_with(queue, lines_at_once, MockLookupStore::new())
}

fn run_with(queue: MockJobQueue, lines_at_once: usize, lookups: MockLookupStore) -> RunJobs {
    let mut plans = MockNumberingPlanStore::new();
    plans.expect_in_force().returning(|| Ok(None));
    RunJobs::new(Arc::new(queue), Arc::new(KnownPlan::new(Arc::new(plans))), lines_at_once, over(lookups))
}

/// What becomes of the lines of a batch.
fn became(batch: &SheetBatch) -> Vec<(u64, &'static str)> {
    batch
        .entries()
        .map(|entry| match entry {
            SheetEntry::Contact(record, _) => (record.line, "contact"),
            SheetEntry::Refused(record, why) => (record.line, why.reason()),
        })
        .collect()
}

#[tokio::test]
async fn a_file_is_brought_in_step_by_step_to_its_end() {
    let mut queue = queue(0);
    let expected = [
        vec![(2, "contact"), (3, "duplicate")],
        vec![(4, "contact"), (5, "not_a_number")],
        vec![(6, "contact")],
    ];
    for batch in expected {
        queue
            .expect_import_lines()
            .times(1)
            .withf(move |_, lines| became(lines) == batch)
            .returning(|_, _| Ok(JobStep::Further));
    }
    queue.expect_complete().times(1).returning(|_| Ok(()));
    let run = run(queue, 2);
    for _ in 0..4 {
        assert_eq!(run.execute().await.unwrap(), Worked::Something);
    }
    assert_eq!(run.execute().await.unwrap(), Worked::Nothing);
}

#[tokio::test]
async fn a_file_goes_on_where_another_worker_was_stopped() {
    let mut queue = queue(1);
    // The number of the first line, which is done, is taken.
    queue
        .expect_import_lines()
        .times(1)
        .withf(|_, lines| {
            became(lines) == [(3, "duplicate"), (4, "contact"), (5, "not_a_number"), (6, "contact")]
        })
        .returning(|_, _| Ok(JobStep::Further));
    queue.expect_complete().times(1).returning(|_| Ok(()));
    let run = run(queue, 100);
    run.execute().await.unwrap();
    run.execute().await.unwrap();
}

#[tokio::test]
async fn what_becomes_of_a_job_depends_on_why_a_step_failed() {
    let failures = [
        (StoreError::Unavailable { doing: String::new(), reason: String::new(), source: None }, 1, 0),
        (StoreError::Conflict { doing: String::new(), reason: String::new() }, 0, 0),
        (StoreError::Corrupt { doing: String::new(), reason: String::new(), source: None }, 0, 1),
    ];
    for (failure, released, failed) in failures {
        let mut queue = queue(0);
        queue.expect_import_lines().times(1).return_once(move |_, _| Err(failure));
        queue.expect_release().times(released).returning(|_| Ok(()));
        queue.expect_fail().times(failed).returning(|_, _| Ok(()));
        let run = run(queue, 100);
        run.execute().await.unwrap_err();
        assert_eq!(run.execute().await.unwrap(), Worked::Nothing);
    }
}

#[tokio::test]
async fn a_worker_that_ends_gives_its_job_back_and_one_that_lost_it_forgets_it() {
    let mut kept = queue(0);
    kept.expect_import_lines().times(1).returning(|_, _| Ok(JobStep::Further));
    kept.expect_release().times(1).withf(|claim| *claim == CLAIM).returning(|_| Ok(()));
    let worker = run(kept, 2);
    worker.execute().await.unwrap();
    worker.release().await.unwrap();

    let mut lost = queue(0);
    lost.expect_import_lines().times(1).returning(|_, _| Ok(JobStep::Lost));
    lost.expect_release().never();
    let worker = run(lost, 2);
    worker.execute().await.unwrap();
    worker.release().await.unwrap();
}

#[tokio::test]
async fn a_segment_is_tagged_until_nobody_is_left() {
    let segment = serde_json::from_str(r#"{"all":[]}"#).unwrap();
    let task = Task::Tag(TagTask { segment, saved_segment: None, add: Vec::new(), remove: Vec::new() });
    let mut queue = MockJobQueue::new();
    queue.expect_claim().times(1).returning(move || Ok(Some(claimed(task.clone(), 0))));
    queue.expect_tag_some().times(1).returning(|_, _| Ok(JobStep::Further));
    queue.expect_tag_some().times(1).returning(|_, _| Ok(JobStep::AtEnd));
    queue.expect_complete().times(1).returning(|_| Ok(()));
    let run = run(queue, 2);
    run.execute().await.unwrap();
    run.execute().await.unwrap();
}

/// A job that looks ten contacts up, of whom the odd ones are known; `calls` of it are paid for.
fn looking_up(calls: i64, checkpoint: i64) -> MockJobQueue {
    let segment = serde_json::from_str(r#"{"all":[]}"#).unwrap();
    let cost_max = Money { micros: calls * PRICE.micros, ..PRICE };
    let task = Task::LookUp(LookupTask { segment, saved_segment: None, cost_max });
    let mut queue = MockJobQueue::new();
    queue.expect_claim().times(1).returning(move || {
        let mut claimed = claimed(task.clone(), checkpoint);
        claimed.job.total = 10;
        claimed.job.tally.lookups = LookupTally { cost_micros: 60_000, ..LookupTally::default() };
        Ok(Some(claimed))
    });
    queue.expect_claim().returning(|| Ok(None));
    queue
}

#[tokio::test]
async fn numbers_are_looked_up_step_by_step_from_where_the_job_was_left() {
    let mut queue = looking_up(100, 2);
    for (checkpoint, asked, cached) in [(6, 2, 2), (10, 2, 2)] {
        queue
            .expect_note_lookups()
            .times(1)
            .withf(move |claim, at, done| {
                *claim == CLAIM && (at.0, done.asked, done.cached) == (checkpoint, asked, cached)
            })
            .returning(|_, _, _| Ok(JobStep::Further));
    }
    queue.expect_complete().times(1).returning(|_| Ok(()));
    let run = run_with(queue, 2, ten_contacts());
    for _ in 0..3 {
        assert_eq!(run.execute().await.unwrap(), Worked::Something);
    }
    assert_eq!(run.execute().await.unwrap(), Worked::Nothing);
}

#[tokio::test]
async fn a_job_that_may_pay_no_more_fails_with_why_and_what_it_cost_before_counts() {
    let mut queue = looking_up(2, 0);
    queue
        .expect_note_lookups()
        .times(1)
        .withf(|_, at, done| (at.0, done.asked) == (3, 1))
        .returning(|_, _, _| Ok(JobStep::Further));
    queue
        .expect_fail()
        .times(1)
        .withf(|_, reason| reason.contains("more than was allowed"))
        .returning(|_, _| Ok(()));
    let run = run_with(queue, 2, ten_contacts());
    run.execute().await.unwrap();
    assert_eq!(run.execute().await.unwrap(), Worked::Nothing);
}

#[tokio::test]
async fn a_job_that_was_canceled_asks_nobody_any_more() {
    let mut queue = looking_up(100, 0);
    queue.expect_note_lookups().times(1).returning(|_, _, _| Ok(JobStep::Lost));
    let run = run_with(queue, 2, ten_contacts());
    run.execute().await.unwrap();
    assert_eq!(run.execute().await.unwrap(), Worked::Nothing);
}
