//! Jobs: taken by one worker at a time, gone on with where another was stopped, each step all or nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::contact::Tag;
use domain::job::{ImportTask, Job, JobId, JobState, SeenNumbers, SheetBatch, TagTask, Task};
use domain::port::{JobQueue as _, JobStep, JobStore as _, StoreError, WriteError};
use domain::request::{Envelope, IdempotencyKey};
use domain::sheet::{Record, Sheet, SheetParser};
use jiff::Timestamp;
use store_postgres::{JobQueueOptions, JobStoreOptions, PostgresJobQueue, PostgresJobStore};
use uuid::Uuid;

use crate::harness::Postgres;

static NEXT: AtomicU64 = AtomicU64::new(1);

const OPEN_MAX: u32 = 3;
const LEASE: Duration = Duration::from_mins(1);

struct Desk {
    postgres: Postgres,
    store: PostgresJobStore,
    queue: PostgresJobQueue,
}

async fn desk() -> Desk {
    let postgres = Postgres::fresh().await;
    let keep_for = Duration::from_hours(24);
    let options = JobQueueOptions {
        lease: LEASE,
        attempts_max: 2,
        keep_for,
        upload_timeout: Duration::from_mins(10),
        tag_contacts: 100,
    };
    let limits = JobStoreOptions { open_max: OPEN_MAX, uploads_of_one_max: 3, keep_for };
    let store = PostgresJobStore::new(postgres.test.database(), limits);
    let queue = PostgresJobQueue::new(postgres.test.database(), options);
    Desk { postgres, store, queue }
}

impl Desk {
    async fn run(&self, statement: &str) {
        self.postgres.client.batch_execute(statement).await.unwrap();
    }

    async fn rows(&self, query: &str) -> usize {
        self.postgres.rows(query).await
    }

    async fn queued(&self, text: &str) -> Job {
        let id = next();
        assert!(self.store.open_upload(id, by_ana()).await.unwrap());
        self.store.append_upload(id, 0, Bytes::copy_from_slice(text.as_bytes())).await.unwrap();
        self.store.queue(id, import(text), by_ana()).await.unwrap().unwrap()
    }

    async fn tagging(&self, segment: &str, add: &[&str], remove: &[&str]) -> Job {
        let tags = |names: &[&str]| names.iter().map(|name| Tag::parse(name).unwrap()).collect();
        let task = Task::Tag(TagTask {
            segment: serde_json::from_str(segment).unwrap(),
            saved_segment: None,
            add: tags(add),
            remove: tags(remove),
        });
        self.store.queue(next(), task, by_ana()).await.unwrap().unwrap()
    }

    /// Does the job at hand, which tags, to its end.
    async fn tag_all(&self, segment: &str) -> Job {
        let definition: domain::segment::SegmentDefinition = serde_json::from_str(segment).unwrap();
        let claimed = self.queue.claim().await.unwrap().unwrap();
        let step = || self.queue.tag_some(claimed.claim, definition.check().unwrap());
        while step().await.unwrap() == JobStep::Further {}
        self.queue.complete(claimed.claim).await.unwrap();
        self.job(claimed.job.id).await
    }

    async fn job(&self, id: JobId) -> Job {
        self.store.find(id).await.unwrap().unwrap()
    }
}

fn next() -> JobId {
    JobId(Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()))
}

#[expect(clippy::disallowed_methods, reason = "the server's clock runs beside")]
fn by_ana() -> Envelope {
    Envelope::of_program("ana", Timestamp::now())
}

fn sheet(text: &str) -> Sheet {
    Sheet::of_head(text.as_bytes()).unwrap()
}

fn records(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let mut parser = SheetParser::new(sheet(text).delimiter());
    parser.push(text.as_bytes(), &mut |record| records.push(record));
    parser.end(&mut |record| records.push(record));
    records.remove(0);
    records
}

fn import(text: &str) -> Task {
    let rows = records(text).len() as u64;
    Task::Import(ImportTask { file_name: Some("norte.csv".to_owned()), sheet: sheet(text), rows })
}

fn batch(text: &str) -> SheetBatch {
    SheetBatch::sort(records(text), &sheet(text), &mut SeenNumbers::default(), None)
}

const FILE: &str = "telefono;nombre;estado\n55 1234 5670;ANA;JAL\n8112345670;\"LEÓN; JUAN\";\n55 1234 5670;OTRA;\n\
                    hola;;\n2225550149;X;XANADU\n3312345670;NUL \0 ;\n";

#[tokio::test]
async fn every_line_of_a_file_becomes_a_contact_or_is_kept_with_its_reason() {
    let desk = desk().await;
    desk.run("INSERT INTO contacts (phone_national, is_valid, full_name) VALUES (8112345670, true, 'antes')")
        .await;
    let job = desk.queued(FILE).await;
    assert_eq!((job.state, job.total), (JobState::Queued, 6));
    let claimed = desk.queue.claim().await.unwrap().unwrap();
    assert_eq!((claimed.job.id, claimed.job.state), (job.id, JobState::Running));
    assert!(desk.queue.claim().await.unwrap().is_none(), "it was taken twice");
    assert_eq!(desk.queue.part(job.id, 0).await.unwrap().unwrap(), FILE.as_bytes());
    assert_eq!(desk.queue.part(job.id, 1).await.unwrap(), None);
    assert_eq!(desk.queue.import_lines(claimed.claim, batch(FILE)).await.unwrap(), JobStep::Further);

    let refused = desk.store.refused_lines(job.id, 0, 100).await.unwrap();
    let told: Vec<_> = refused.iter().map(|line| (line.line, line.reason.as_str())).collect();
    let expected = [(3, "duplicate_existing"), (4, "duplicate"), (5, "not_a_number"), (6, "unknown_state")];
    assert_eq!(told, expected);
    assert_eq!(refused[0].fields, ["8112345670", "LEÓN; JUAN", ""]);
    assert_eq!(desk.store.refused_lines(job.id, 4, 1).await.unwrap()[0].line, 5);
    let added = "SELECT FROM contacts WHERE source = 'csv' AND (phone_national, full_name, coalesce(state_name, '-')) IN
                 ((5512345670, 'ANA', 'Jalisco'), (3312345670, 'NUL', '-'))";
    assert_eq!(desk.rows(added).await, 2);
    assert_eq!(desk.rows("SELECT FROM contacts WHERE full_name = 'antes'").await, 1);

    desk.queue.complete(claimed.claim).await.unwrap();
    let job = desk.job(job.id).await;
    assert_eq!((job.state, job.checkpoint), (JobState::Completed, 6));
    assert_eq!((job.tally.imported, job.tally.duplicates, job.tally.rejected), (2, 2, 2));
    assert!(job.finished_at.is_some() && job.expires_at > job.finished_at);
    assert_eq!(desk.rows("SELECT FROM job_parts").await, 0);
    assert_eq!(desk.rows("SELECT FROM audit_log WHERE action = 'contact.import'").await, 1);
    // What was added is counted.
    assert_eq!(
        desk.rows("SELECT FROM contact_counts_now WHERE dimension = 'state' AND key = 'JAL'").await,
        1
    );
}

#[tokio::test]
async fn a_worker_whose_lease_is_over_does_nothing_more_and_another_goes_on() {
    let desk = desk().await;
    let job = desk.queued(FILE).await;
    let lost = desk.queue.claim().await.unwrap().unwrap();
    desk.run("UPDATE jobs SET leased_until = now() - interval '1 second'").await;
    let other = desk.queue.claim().await.unwrap().unwrap();
    assert_eq!(other.job.id, job.id);
    assert_ne!(other.claim, lost.claim);
    assert_eq!(desk.queue.import_lines(lost.claim, batch(FILE)).await.unwrap(), JobStep::Lost);
    desk.queue.complete(lost.claim).await.unwrap();
    desk.queue.fail(lost.claim, "x".to_owned()).await.unwrap();
    desk.queue.release(lost.claim).await.unwrap();
    assert_eq!(desk.job(job.id).await.state, JobState::Running);
    for table in ["contacts", "job_refused_lines"] {
        assert_eq!(desk.rows(&format!("SELECT FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(desk.queue.import_lines(other.claim, batch(FILE)).await.unwrap(), JobStep::Further);
    // One that is given back is free at once, with what was done of it.
    desk.queue.release(other.claim).await.unwrap();
    let again = desk.queue.claim().await.unwrap().unwrap();
    assert_eq!(again.job.checkpoint, 6);
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_and_a_job_that_never_comes_further_fails() {
    let desk = desk().await;
    let job = desk.queued(FILE).await;
    desk.run("ALTER TABLE jobs ADD CONSTRAINT broken CHECK (checkpoint = 0)").await;
    for _ in 0..2 {
        let claimed = desk.queue.claim().await.unwrap().unwrap();
        let failed = desk.queue.import_lines(claimed.claim, batch(FILE)).await.unwrap_err();
        assert!(matches!(failed, StoreError::Conflict { .. }), "{failed}");
        for table in ["contacts", "job_refused_lines"] {
            assert_eq!(desk.rows(&format!("SELECT FROM {table}")).await, 0, "{table}");
        }
        desk.run("UPDATE jobs SET leased_until = now() - interval '1 second'").await;
    }
    assert!(desk.queue.claim().await.unwrap().is_none());
    let job = desk.job(job.id).await;
    assert_eq!(job.state, JobState::Failed);
    assert!(job.failure.unwrap().contains("2 workers were lost"));
}

#[tokio::test]
async fn a_job_that_is_canceled_stops_and_keeps_what_it_did() {
    let desk = desk().await;
    let job = desk.queued(FILE).await;
    let claimed = desk.queue.claim().await.unwrap().unwrap();
    desk.queue.import_lines(claimed.claim, batch(FILE)).await.unwrap();
    let canceled = desk.store.cancel(job.id, by_ana()).await.unwrap().unwrap();
    assert_eq!((canceled.state, canceled.tally.imported), (JobState::Canceled, 3));
    assert_eq!(desk.queue.import_lines(claimed.claim, batch(FILE)).await.unwrap(), JobStep::Lost);
    let again = desk.store.cancel(job.id, by_ana()).await.unwrap_err();
    assert!(matches!(&again, StoreError::Conflict { reason, .. } if reason.contains("canceled")), "{again}");
    assert_eq!(desk.rows("SELECT FROM job_parts").await, 0);
    assert!(desk.store.cancel(next(), by_ana()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_is_queued_once_whatever_is_sent_again() {
    let desk = desk().await;
    let with_key = |hash| Envelope { idempotency: IdempotencyKey::parse("uno", [hash; 32]).ok(), ..by_ana() };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = next();
        assert!(desk.store.open_upload(id, by_ana()).await.unwrap());
        desk.store.append_upload(id, 0, Bytes::from_static(FILE.as_bytes())).await.unwrap();
        ids.push(desk.store.queue(id, import(FILE), with_key(1)).await.unwrap().unwrap().id);
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!((desk.rows("SELECT FROM jobs").await, desk.rows("SELECT FROM job_parts").await), (1, 1));
    let id = next();
    desk.store.open_upload(id, by_ana()).await.unwrap();
    let other = desk.store.queue(id, import(FILE), with_key(2)).await.unwrap_err();
    assert!(matches!(other, WriteError::KeyReused), "{other}");
    // Of one user three files come in at once, and of all no more than may wait.
    for _ in 0..2 {
        assert!(desk.store.open_upload(next(), by_ana()).await.unwrap());
    }
    assert!(!desk.store.open_upload(next(), by_ana()).await.unwrap());
    let all = r#"{"all":[]}"#;
    for _ in 0..2 {
        desk.tagging(all, &["vip"], &[]).await;
    }
    let task = Task::Tag(TagTask {
        segment: serde_json::from_str(all).unwrap(),
        saved_segment: None,
        add: vec![Tag::parse("vip").unwrap()],
        remove: Vec::new(),
    });
    assert!(desk.store.queue(next(), task, by_ana()).await.unwrap().is_none());
    assert!(desk.store.queue(id, import(FILE), by_ana()).await.unwrap().is_none());
    // A file that is still open is no job to anybody.
    assert_eq!(desk.store.find(id).await.unwrap(), None);
    assert_eq!(desk.store.page(None, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_never_told_to_be_done() {
    let desk = desk().await;
    let id = next();
    assert!(desk.store.open_upload(id, by_ana()).await.unwrap());
    desk.run("DELETE FROM jobs").await;
    let gone = desk.store.queue(id, import(FILE), by_ana()).await.unwrap_err();
    assert!(gone.to_string().contains("jobs.upload_timeout_s"), "{gone}");
    assert_eq!(desk.rows("SELECT FROM jobs").await, 0);

    let job = desk.queued(FILE).await;
    let claimed = desk.queue.claim().await.unwrap().unwrap();
    desk.queue.complete(claimed.claim).await.unwrap();
    let job = desk.job(job.id).await;
    assert_eq!(job.state, JobState::Failed);
    assert!(job.failure.unwrap().contains("6 lines, of which 0 are there"));
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_not_tried_for_ever() {
    let desk = desk().await;
    let options = JobQueueOptions {
        lease: Duration::from_millis(300),
        attempts_max: 2,
        keep_for: Duration::from_hours(24),
        upload_timeout: Duration::from_mins(10),
        tag_contacts: 100,
    };
    let queue = PostgresJobQueue::new(desk.postgres.test.database(), options);
    desk.run("SELECT pg_advisory_lock(hashtext('contact_tags'))").await;
    let everybody: domain::segment::SegmentDefinition = serde_json::from_str(r#"{"all":[]}"#).unwrap();
    let job = desk.tagging(r#"{"all":[]}"#, &["vip"], &[]).await;
    let mut tries = 0;
    while desk.job(job.id).await.state != JobState::Failed {
        if let Some(claimed) = queue.claim().await.unwrap() {
            let late = queue.tag_some(claimed.claim, everybody.check().unwrap()).await.unwrap_err();
            assert!(late.to_string().contains("jobs.lease_s"), "{late}");
            tries += 1;
        }
    }
    assert_eq!(tries, 2);
}

#[tokio::test]
async fn two_jobs_at_once_give_nobody_too_many_tags() {
    let desk = desk().await;
    desk.run("INSERT INTO contacts (phone_national, is_valid) SELECT 5510000000 + n, true FROM generate_series(1, 300) AS n").await;
    let tags = |of: &str| (0..60).map(|n| format!("{of} {n}")).collect::<Vec<_>>();
    let all = r#"{"all":[]}"#;
    let mut claims = Vec::new();
    for of in ["a", "b"] {
        let tags = tags(of);
        desk.tagging(all, &tags.iter().map(String::as_str).collect::<Vec<_>>(), &[]).await;
        claims.push(desk.queue.claim().await.unwrap().unwrap().claim);
    }
    let definition: domain::segment::SegmentDefinition = serde_json::from_str(all).unwrap();
    let run = async |claim| {
        while desk.queue.tag_some(claim, definition.check().unwrap()).await.unwrap() == JobStep::Further {}
    };
    tokio::join!(run(claims[0]), run(claims[1]));
    assert_eq!(desk.rows("SELECT FROM contact_tags").await, 300 * 60);
    assert_eq!(desk.rows("SELECT FROM contact_tags GROUP BY contact_id HAVING count(*) > 100").await, 0);
}

#[tokio::test]
async fn the_contacts_of_a_segment_are_tagged_and_those_with_too_many_tags_left_out() {
    let desk = desk().await;
    desk.run(
        "INSERT INTO contacts (phone_national, is_valid, state_code)
         SELECT 5510000000 + n, true, CASE WHEN n % 2 = 0 THEN 'JAL' ELSE 'SIN' END FROM generate_series(1, 1000) AS n;
         INSERT INTO contact_tags (contact_id, tag)
         SELECT id, 'viejo' FROM contacts WHERE phone_national % 10 = 0;
         INSERT INTO contact_tags (contact_id, tag)
         SELECT id, 'otro ' || n FROM (SELECT id FROM contacts WHERE state_code = 'JAL' ORDER BY id LIMIT 3) AS few,
                                      generate_series(1, 99) AS n",
    )
    .await;
    let jalisco = r#"{"field":"state","op":"eq","value":"JAL"}"#;
    desk.tagging(jalisco, &["vip", "norte"], &["viejo"]).await;
    desk.run("INSERT INTO contacts (phone_national, is_valid, state_code) VALUES (5599999999, true, 'JAL')")
        .await;
    let job = desk.tag_all(jalisco).await;
    // Who came after the job was asked for is not tagged; three have 99 tags, and one more is none too many, but two are.
    assert_eq!((job.tally.matched, job.tally.left_out), (500, 3));
    assert_eq!((job.tally.tags_added, job.tally.tags_removed), (497 * 2, 100));
    assert_eq!(desk.rows("SELECT FROM contact_tags WHERE tag = 'vip'").await, 497);
    assert_eq!(desk.rows("SELECT FROM contact_tags WHERE tag = 'viejo'").await, 0);
    // Once more, nothing changes.
    desk.tagging(jalisco, &["vip"], &[]).await;
    let again = desk.tag_all(jalisco).await;
    assert_eq!((again.tally.matched, again.tally.tags_added, again.tally.left_out), (501, 4, 0));
}

#[tokio::test]
async fn what_is_old_is_taken_away_bit_by_bit() {
    let desk = desk().await;
    desk.queued(FILE).await;
    let claimed = desk.queue.claim().await.unwrap().unwrap();
    desk.queue.import_lines(claimed.claim, batch(FILE)).await.unwrap();
    desk.queue.complete(claimed.claim).await.unwrap();
    assert!(desk.store.open_upload(next(), by_ana()).await.unwrap());
    desk.queued(FILE).await;
    assert_eq!(desk.queue.sweep().await.unwrap(), 0);
    desk.run(
        "UPDATE jobs SET expires_at = now() - interval '1 day' WHERE state = 'completed';
         UPDATE jobs SET created_at = now() - interval '1 hour' WHERE state = 'uploading'",
    )
    .await;
    while desk.queue.sweep().await.unwrap() > 0 {}
    assert_eq!(desk.rows("SELECT FROM jobs").await, 1);
    assert_eq!(desk.rows("SELECT FROM job_refused_lines").await, 0);
    assert_eq!(desk.rows("SELECT FROM job_parts").await, 1);
}
