//! Looking numbers up: calls are set aside over all programs, what is known later stays, and what a lookup said outranks the plan.

use std::sync::Arc;
use std::time::Duration;

use domain::contact::{ContactFields, ContactId, LineType, NewContact};
use domain::job::{ImportTask, LookupTask, SeenNumbers, SheetBatch, Task};
use domain::lookup::{KeptLookup, LookedUp, LookupTally};
use domain::money::{Currency, Money};
use domain::numbering::{Line, NumberingPlan, PlanFile};
use domain::phone::PhoneNumber;
use domain::port::{
    AddedContact, ContactStore as _, JobQueue as _, JobStep, JobStore as _, LookupScope, LookupStore as _,
    NewPlan, NumberingPlanStore as _, Reservation,
};
use domain::request::Envelope;
use domain::segment::Segment;
use domain::sheet::{Sheet, SheetParser};
use jiff::{SignedDuration, Timestamp};
use store_postgres::{
    JobQueueOptions, JobStoreOptions, LookupStoreOptions, PostgresContactStore, PostgresJobQueue,
    PostgresJobStore, PostgresLookupStore, PostgresNumberingPlanStore,
};
use uuid::Uuid;

use crate::harness::Postgres;

const PRICE: Money = Money { micros: 60_000, currency: Currency::MXN };

fn options() -> LookupStoreOptions {
    LookupStoreOptions {
        keep_for: Duration::from_hours(24 * 30),
        calls_per_day_max: 50,
        per_second: 1_000,
        pace_ahead: Duration::from_secs(5),
        zone: "America/Mexico_City".to_owned(),
        window_contacts: 100,
    }
}

fn store(postgres: &Postgres, options: LookupStoreOptions) -> PostgresLookupStore {
    PostgresLookupStore::new(postgres.test.database(), options)
}

#[expect(clippy::disallowed_methods, reason = "the server's clock runs beside")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn phone(national: u64) -> PhoneNumber {
    PhoneNumber::from_national(national).unwrap()
}

fn looked_up(national: u64, line_type: LineType, carrier: Option<&str>, at: Timestamp) -> KeptLookup {
    let line = LookedUp { line_type, carrier: carrier.map(str::to_owned), is_ported: Some(false) };
    KeptLookup { phone: phone(national), line, provider: "telnyx".to_owned(), at, cost: PRICE }
}

impl Postgres {
    /// Line types and carriers of all contacts, by their numbers.
    async fn lines(&self) -> String {
        let lines = "SELECT string_agg(concat_ws(' ', line_type, carrier), ', ' ORDER BY phone_national) FROM contacts";
        self.client.query_one(lines, &[]).await.unwrap().get(0)
    }

    async fn contacts(&self, phones: &[u64]) {
        for phone in phones {
            let add = "INSERT INTO contacts (phone_national, is_valid) VALUES ($1, true)";
            self.client.execute(add, &[&phone.cast_signed()]).await.unwrap();
        }
    }
}

/// Reserves until the day is spent, and says how many calls that were.
async fn reserve_all(store: &PostgresLookupStore) -> u32 {
    let mut calls = 0;
    loop {
        match store.reserve(7).await.unwrap() {
            Reservation::Granted(granted) => {
                assert!((1..=7).contains(&granted));
                calls += granted;
            }
            Reservation::Wait(wait) => tokio::time::sleep(wait).await,
            Reservation::DayIsSpent { until } => {
                assert!(until > now() && until < now() + SignedDuration::from_hours(25));
                return calls;
            }
        }
    }
}

#[tokio::test]
async fn however_many_ask_at_once_no_more_calls_are_set_aside_than_a_day_has() {
    let postgres = Postgres::fresh().await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store(&postgres, options());
            tokio::spawn(async move { reserve_all(&store).await })
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    assert_eq!(calls, 50);
    // Another day begins anew.
    postgres.client.batch_execute("UPDATE lookup_budgets SET day = day - 1").await.unwrap();
    assert_eq!(store(&postgres, options()).reserve(3).await.unwrap(), Reservation::Granted(3));
    let counted = store(&postgres, options()).count(Segment::everybody(), LookupScope::UnknownAlone).await;
    assert_eq!(counted.unwrap().left_today, 47);
}

/// However the server schedules them: all have begun to ask before the first is answered.
#[tokio::test]
async fn who_asks_while_others_are_answered_sees_what_they_took() {
    let postgres = Postgres::fresh().await;
    let holder = postgres.test.client().await;
    holder.batch_execute("BEGIN; SELECT FROM lookup_budgets FOR UPDATE").await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let store = store(&postgres, options());
            tokio::spawn(async move { store.reserve(30).await.unwrap() })
        })
        .collect();
    let waiting =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let all_wait = async { while postgres.rows(waiting).await < tasks.len() {} };
    tokio::time::timeout(Duration::from_mins(1), all_wait).await.unwrap();
    holder.batch_execute("COMMIT").await.unwrap();
    let mut granted = Vec::new();
    for task in tasks {
        if let Reservation::Granted(calls) = task.await.unwrap() {
            granted.push(calls);
        }
    }
    assert_eq!(granted.iter().sum::<u32>(), 50, "{granted:?}");
}

#[tokio::test]
async fn calls_are_set_aside_at_their_pace_and_not_while_the_provider_wants_none() {
    let postgres = Postgres::fresh().await;
    // One call a second, so that no machine is too slow for what is seen here.
    let slow = LookupStoreOptions { per_second: 1, pace_ahead: Duration::from_secs(100), ..options() };
    let store = store(&postgres, LookupStoreOptions { calls_per_day_max: 1_000, ..slow });
    assert_eq!(store.reserve(60).await.unwrap(), Reservation::Granted(60));
    let Reservation::Granted(rest) = store.reserve(60).await.unwrap() else { panic!("nothing is left") };
    assert!((40..60).contains(&rest), "{rest}");
    // What was sold ahead is not sold again.
    let next = store.reserve(60).await.unwrap();
    let is_paced = match next {
        Reservation::Granted(granted) => granted < 30,
        Reservation::Wait(wait) => wait <= Duration::from_secs(2),
        Reservation::DayIsSpent { .. } => false,
    };
    assert!(is_paced, "{next:?}");
    let asleep = "UPDATE lookup_budgets SET next_free_at = '-infinity'";
    postgres.client.batch_execute(asleep).await.unwrap();
    store.hold_off(Duration::from_mins(10)).await.unwrap();
    store.hold_off(Duration::from_secs(1)).await.unwrap();
    let Reservation::Wait(wait) = store.reserve(1).await.unwrap() else { panic!("nobody waits") };
    assert!(wait > Duration::from_mins(5) && wait <= Duration::from_mins(10), "{wait:?}");
}

#[tokio::test]
async fn what_was_looked_up_later_stays_whatever_comes_after_it() {
    let postgres = Postgres::fresh().await;
    postgres.contacts(&[5_512_345_601, 5_512_345_602]).await;
    let store = store(&postgres, options());
    let (early, late) = (now() - SignedDuration::from_hours(2), now() - SignedDuration::from_hours(1));
    let later = vec![
        looked_up(5_512_345_601, LineType::Mobile, Some("Telcel"), late),
        looked_up(5_512_345_602, LineType::Fixed, None, late),
    ];
    store.keep(later).await.unwrap();
    store.keep(vec![looked_up(5_512_345_601, LineType::Fixed, Some("Telmex"), early)]).await.unwrap();
    assert_eq!(postgres.lines().await, "mobile Telcel, fixed");
    let known = store.known(vec![phone(5_512_345_601), phone(5_512_345_699)]).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].lookup.line.line_type, known[0].is_fresh), (LineType::Mobile, true));
    assert_eq!((known[0].lookup.at.as_microsecond(), known[0].lookup.cost), (late.as_microsecond(), PRICE));
    // A later one that knows nothing of the line is kept, and takes nothing from the contact.
    store.keep(vec![looked_up(5_512_345_601, LineType::Unknown, None, now())]).await.unwrap();
    assert_eq!(postgres.lines().await, "mobile Telcel, fixed");
    let old = LookupStoreOptions { keep_for: Duration::from_mins(30), ..options() };
    let old = PostgresLookupStore::new(postgres.test.database(), old);
    assert!(!old.known(vec![phone(5_512_345_602)]).await.unwrap()[0].is_fresh);
}

/// A plan that knows 55 1234 0000 to 9999 as fixed lines of Telmex.
async fn put_plan_in_force(plans: &PostgresNumberingPlanStore) -> Arc<NumberingPlan> {
    let text = "NUMERACION_INICIAL,NUMERACION_FINAL,MODALIDAD,RAZON_SOCIAL,FECHA_ASIGNACION\n\
                5512340000,5512349999,FIJO,\"TELEFONOS DE MEXICO, S.A.B. DE C.V.\",01/02/2020\n";
    let file = PlanFile::read(text.as_bytes()).unwrap();
    let plan = Arc::new(NumberingPlan::compile(&file.assignments).unwrap());
    let new = NewPlan {
        file_name: "plan.csv".to_owned(),
        file_sha256: "00".to_owned(),
        format: file.format,
        latest: file.latest,
        malformed_lines: 0,
        plan: Arc::clone(&plan),
    };
    plans.put_in_force(new, Envelope::of_program("test", now())).await.unwrap();
    plan
}

#[tokio::test]
async fn classing_by_the_plan_leaves_what_a_lookup_said() {
    let postgres = Postgres::fresh().await;
    postgres.contacts(&[5_512_345_601, 5_512_345_602, 5_512_345_603]).await;
    let plans = PostgresNumberingPlanStore::new(postgres.test.database());
    let plan = put_plan_in_force(&plans).await;
    let store = store(&postgres, options());
    let looked = vec![
        looked_up(5_512_345_601, LineType::Mobile, None, now()),
        looked_up(5_512_345_602, LineType::Unknown, None, now()),
    ];
    store.keep(looked).await.unwrap();
    let classed = plans.reclassify_some(plan, i64::MIN).await.unwrap();
    assert_eq!((classed.seen, classed.changed), (3, 3));
    // The line is what the lookup said; of its carrier it said nothing.
    assert_eq!(postgres.lines().await, "mobile Telmex, fixed Telmex, fixed Telmex");
    // Who comes in later gets what is looked up, and what is not, by the plan.
    store.keep(vec![looked_up(5_512_345_604, LineType::Mobile, Some("AT&T"), now())]).await.unwrap();
    let contacts = PostgresContactStore::new(postgres.test.database());
    for national in [5_512_345_604, 5_512_345_605] {
        let fields = ContactFields { phone: national.to_string(), ..ContactFields::default() };
        let line = Line { line_type: LineType::Fixed, carrier: Some("Telmex") };
        let new = NewContact::written(&fields, phone(national), line).unwrap();
        let added = contacts.add(new, Envelope::of_program("test", now())).await.unwrap();
        assert!(matches!(added, AddedContact::New(_)));
    }
    assert_eq!(
        postgres.lines().await,
        "mobile Telmex, fixed Telmex, fixed Telmex, mobile AT&T, fixed Telmex"
    );
}

#[tokio::test]
async fn only_numbers_that_may_be_written_to_and_are_unknown_are_asked_about() {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (id, phone_national, is_valid, line_type, status, opt_out_at) VALUES
                 (1, 5512345601, true, 'unknown', 'ACTIVE', NULL), (2, 5512345602, true, 'mobile', 'ACTIVE', NULL),
                 (3, 5512345603, false, 'unknown', 'ACTIVE', NULL), (4, 5512345604, true, 'unknown', 'BLOCKED', NULL),
                 (5, 5512345605, true, 'unknown', 'OPTED_OUT', now()), (6, 5512345606, true, 'unknown', 'ACTIVE', NULL),
                 (7, 5512345607, true, 'unknown', 'ACTIVE', NULL), (8, 5512345608, true, 'unknown', 'INACTIVE', NULL);
             INSERT INTO suppressions (phone_national, source, created_by) VALUES (5512345606, 'manual', 'test')",
        )
        .await
        .unwrap();
    let store = store(&postgres, options());
    store.keep(vec![looked_up(5_512_345_607, LineType::Mobile, None, now())]).await.unwrap();
    for (scope, ids) in [
        (LookupScope::UnknownAlone, vec![(1, false), (7, true), (8, false)]),
        (LookupScope::EvenIfKnown, vec![(1, false), (2, false), (7, true), (8, false)]),
    ] {
        let count = store.count(Segment::everybody(), scope).await.unwrap();
        assert_eq!((count.to_ask, count.cached), (ids.len() as u64 - 1, 1), "{scope:?}");
        let mut found = Vec::new();
        let mut after = ContactId(i64::MIN);
        while let Some(last) = {
            let page = store.page(Segment::everybody(), scope, (after, ContactId(8)), 2).await.unwrap();
            found.extend(page.numbers.iter().map(|number| (number.id.0, number.is_cached)));
            page.last
        } {
            assert!(last > after);
            after = last;
        }
        assert_eq!(found, ids, "{scope:?}");
    }
    let inactive: domain::segment::SegmentDefinition =
        serde_json::from_str(r#"{"field":"status","op":"eq","value":"INACTIVE"}"#).unwrap();
    let count = store.count(inactive.check().unwrap(), LookupScope::UnknownAlone).await.unwrap();
    assert_eq!((count.to_ask, count.cached), (1, 0));
}

#[tokio::test]
async fn a_job_that_looks_numbers_up_keeps_what_it_did_and_how_many_are_audited() {
    let postgres = Postgres::fresh().await;
    let (jobs, queue) = desk(&postgres, Duration::from_hours(1));
    let segment = serde_json::from_str(r#"{"all":[]}"#).unwrap();
    let task = Task::LookUp(LookupTask { segment, saved_segment: None, cost_max: PRICE });
    let id = domain::job::JobId(Uuid::from_u128(7));
    let ana = || Envelope::of_program("ana", now());
    let queued = jobs.queue(id, task.clone(), ana()).await.unwrap().unwrap();
    assert_eq!((queued.task, queued.tally.lookups), (task, LookupTally::default()));
    let claim = queue.claim().await.unwrap().unwrap().claim;
    let step =
        LookupTally { asked: 4, cached: 1, mobile: 1, fixed: 1, unknown: 1, failed: 1, cost_micros: 240_000 };
    for checkpoint in [5, 9] {
        let noted = queue.note_lookups(claim, ContactId(checkpoint), step).await.unwrap();
        assert_eq!(noted, JobStep::Further);
    }
    let job = jobs.find(id).await.unwrap().unwrap();
    assert_eq!((job.checkpoint, job.tally.lookups.asked, job.tally.lookups.cost_micros), (9, 8, 480_000));
    queue.complete(claim).await.unwrap();
    let lost = queue.note_lookups(claim, ContactId(10), step).await.unwrap();
    assert_eq!(lost, JobStep::Lost);

    store(&postgres, options()).note(3, ana()).await.unwrap();
    let line = "SELECT action, details::text FROM audit_log ORDER BY id DESC LIMIT 1";
    let line = postgres.client.query_one(line, &[]).await.unwrap();
    assert_eq!((line.get(0), line.get(1)), ("phone.lookup", r#"{"numbers": 3}"#));
}

#[tokio::test]
async fn contacts_of_a_list_get_what_is_looked_up_of_their_numbers() {
    let postgres = Postgres::fresh().await;
    let (jobs, queue) = desk(&postgres, Duration::from_hours(1));
    let looked = vec![
        looked_up(5_512_345_601, LineType::Mobile, Some("Telcel"), now()),
        looked_up(5_512_345_602, LineType::Unknown, None, now()),
    ];
    store(&postgres, options()).keep(looked).await.unwrap();
    let text = "phone\n5512345601\n5512345602\n5512345603\n";
    let ana = || Envelope::of_program("ana", now());
    let id = domain::job::JobId(Uuid::from_u128(8));
    assert!(jobs.open_upload(id, ana()).await.unwrap());
    jobs.append_upload(id, 0, bytes::Bytes::from_static(text.as_bytes())).await.unwrap();
    let sheet = Sheet::of_head(text.as_bytes()).unwrap();
    let task = Task::Import(ImportTask { file_name: None, sheet: sheet.clone(), rows: 3 });
    jobs.queue(id, task, ana()).await.unwrap().unwrap();
    let claim = queue.claim().await.unwrap().unwrap().claim;
    let mut records = Vec::new();
    let mut parser = SheetParser::new(sheet.delimiter());
    parser.push(text.as_bytes(), &mut |record| records.push(record));
    parser.end(&mut |record| records.push(record));
    let lines = SheetBatch::sort(records.split_off(1), &sheet, &mut SeenNumbers::default(), None);
    queue.import_lines(claim, lines).await.unwrap();
    assert_eq!(postgres.lines().await, "mobile Telcel, unknown, unknown");
}

fn desk(postgres: &Postgres, keep_for: Duration) -> (PostgresJobStore, PostgresJobQueue) {
    let jobs = PostgresJobStore::new(
        postgres.test.database(),
        JobStoreOptions { open_max: 3, uploads_of_one_max: 3, keep_for },
    );
    let queue = PostgresJobQueue::new(
        postgres.test.database(),
        JobQueueOptions {
            lease: Duration::from_mins(1),
            attempts_max: 2,
            keep_for,
            upload_timeout: keep_for,
            tag_contacts: 100,
        },
    );
    (jobs, queue)
}
