//! Extracts: nobody twice, nobody who must not be in one, each as likely as any other, and all or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::extract::{Extract, ExtractFormat, ExtractId, ExtractPlan, Pick};
use domain::phone::PhoneNumber;
use domain::port::{ExtractOrder, ExtractStore as _, TakenExtract, WriteError};
use domain::request::{Envelope, IdempotencyKey};
use domain::segment::SegmentDefinition;
use jiff::{SignedDuration, Timestamp};
use store_postgres::PostgresExtractStore;
use uuid::Uuid;

use crate::harness::Postgres;

static NEXT: AtomicU64 = AtomicU64::new(1);

const EVERYBODY: &str = r#"{"all":[]}"#;
/// One in fifty.
const FEW: &str = r#"{"field":"state","op":"eq","value":"SIN"}"#;

/// Contacts of whom one in fifty is in Sinaloa; every tenth of those behind the first thousand may not be handed out.
async fn desk() -> (Postgres, Arc<PostgresExtractStore>) {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (phone_national, is_valid, state_code, state_name, city, line_type, status, opt_out_at)
             SELECT 5510000000 + n, n % 60 <> 1, CASE WHEN n % 50 = 0 THEN 'SIN' ELSE 'JAL' END, 'x',
                    CASE WHEN n % 2 = 0 THEN 'Culiacán' END, CASE WHEN n % 60 = 2 THEN 'fixed' ELSE 'mobile' END,
                    CASE WHEN n % 60 = 3 THEN 'BLOCKED' ELSE 'ACTIVE' END, CASE WHEN n % 60 = 4 THEN now() END
             FROM generate_series(1, 3000) AS n;
             INSERT INTO suppressions (phone_national, source, created_by)
             SELECT phone_national, 'manual', 'ana' FROM contacts WHERE phone_national % 60 = 45;
             ANALYZE contacts",
        )
        .await
        .unwrap();
    let store = PostgresExtractStore::new(postgres.test.database(), Duration::from_secs(20));
    (postgres, Arc::new(store))
}

fn order(numbers: u32, definition: &str, pick: Pick) -> ExtractOrder {
    let segment: SegmentDefinition = serde_json::from_str(definition).unwrap();
    let checked = segment.check().unwrap();
    ExtractOrder {
        id: ExtractId(Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into())),
        plan: ExtractPlan {
            segment,
            saved_segment: None,
            numbers,
            pick,
            unused_within_days: 0,
            format: ExtractFormat::Csv,
            seeds: 0,
            unknown_line_types: UnknownLineTypes::LeaveOut,
        },
        segment: checked,
        expires_at: now() + SignedDuration::from_hours(24),
        numbers_max: 1_000_000,
        counted_since: now() - SignedDuration::from_hours(12),
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's clock runs beside")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn by_ana() -> Envelope {
    Envelope::of_program("ana", now())
}

async fn take(store: &PostgresExtractStore, order: ExtractOrder) -> Extract {
    match store.take(order, by_ana()).await.unwrap() {
        TakenExtract::New(extract) => *extract,
        refused @ (TakenExtract::Only(_) | TakenExtract::OverLimit(_)) => panic!("{refused:?}"),
    }
}

async fn phones(store: &PostgresExtractStore, extract: &Extract) -> Vec<u64> {
    let numbers = store.numbers(extract.id, 0, 1_000_000).await.unwrap();
    let positions: Vec<u32> = numbers.iter().map(|one| one.position).collect();
    assert_eq!(positions, (1..=extract.numbers + extract.seeds).collect::<Vec<_>>());
    numbers.iter().map(|one| one.phone.national()).collect()
}

#[tokio::test]
async fn nobody_is_handed_out_who_must_not_be_written_to() {
    let (postgres, store) = desk().await;
    let fit = "SELECT FROM contacts AS c WHERE is_valid AND line_type = 'mobile' AND status <> 'BLOCKED'
               AND opt_out_at IS NULL AND NOT EXISTS (SELECT FROM suppressions AS s WHERE s.phone_national = c.phone_national)";
    let fit = u32::try_from(postgres.rows(fit).await).unwrap();
    assert!(fit > 2_000 && fit < 3_000, "{fit}");
    for pick in Pick::ALL {
        let refused = store.take(order(fit + 1, EVERYBODY, pick), by_ana()).await.unwrap();
        assert_eq!(refused, TakenExtract::Only(fit.into()));
    }
    for history in ["extracts", "extract_numbers", "contact_activity", "audit_log"] {
        assert_eq!(postgres.rows(&format!("SELECT FROM {history}")).await, 0, "{history}");
    }
    let all = take(&store, order(fit, EVERYBODY, Pick::Random)).await;
    let all: BTreeSet<u64> = phones(&store, &all).await.into_iter().collect();
    assert_eq!(all.len(), fit as usize);
    let extracted = "SELECT FROM contact_activity WHERE last_extracted_at > now() - interval '1 minute'";
    assert_eq!(postgres.rows(extracted).await, fit as usize);
    assert_eq!(postgres.rows("SELECT FROM audit_log WHERE action = 'extract.create'").await, 1);
    assert_eq!(postgres.rows("SELECT FROM contacts WHERE status = 'OPTED_OUT'").await, 0);
}

#[tokio::test]
async fn a_number_is_not_handed_out_again_within_the_days_that_were_asked_for() {
    let (_postgres, store) = desk().await;
    let unused = |numbers| {
        let mut order = order(numbers, FEW, Pick::Stable);
        order.plan.unused_within_days = 30;
        order
    };
    let first = take(&store, unused(20)).await;
    let second = take(&store, unused(20)).await;
    let (first, second) = (phones(&store, &first).await, phones(&store, &second).await);
    assert!(first.is_sorted() && second.is_sorted() && first.last() < second.first());
    let TakenExtract::Only(left) = store.take(unused(1_000), by_ana()).await.unwrap() else { panic!() };
    let again = take(&store, order(40, FEW, Pick::Stable)).await;
    assert_eq!(phones(&store, &again).await, [first, second].concat());
    assert_eq!(left, 20);
}

#[tokio::test]
async fn extracts_that_are_made_at_once_share_no_number() {
    let (postgres, store) = desk().await;
    // All of them wait for the one before the first.
    let lock = "SELECT pg_advisory_lock(hashtext('extracts'))";
    postgres.client.execute(lock, &[]).await.unwrap();
    let mut made = tokio::task::JoinSet::new();
    for pick in [Pick::Random, Pick::Stable, Pick::Random, Pick::Stable] {
        let store = Arc::clone(&store);
        made.spawn(async move {
            let extract = take(&store, order(500, EVERYBODY, pick)).await;
            phones(&store, &extract).await
        });
    }
    let waiting = "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
                   WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";
    while postgres.rows(waiting).await < 4 {
        tokio::task::yield_now().await;
    }
    postgres.client.execute("SELECT pg_advisory_unlock(hashtext('extracts'))", &[]).await.unwrap();
    let made = made.join_all().await;
    let all: BTreeSet<u64> = made.iter().flatten().copied().collect();
    assert_eq!(all.len(), 4 * 500);
}

/// How far counts are from what chance would make of them: about 1 for a fair draw.
async fn unfairness(
    store: &PostgresExtractStore,
    definition: &str,
    numbers: u32,
    fit: usize,
    rounds: u32,
) -> f64 {
    let mut times: BTreeMap<u64, u32> = BTreeMap::new();
    for _ in 0..rounds {
        let extract = take(store, order(numbers, definition, Pick::Random)).await;
        for phone in phones(store, &extract).await {
            *times.entry(phone).or_default() += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (fit, part) = (fit as f64, f64::from(numbers) / fit as f64);
    let expected = f64::from(rounds) * part;
    let seen: f64 = times.values().map(|n| (f64::from(*n) - expected).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let unseen = (fit - times.len() as f64) * expected.powi(2);
    (seen + unseen) / (expected * (1.0 - part)) / fit
}

#[tokio::test]
async fn every_number_is_as_likely_as_any_other_sampled_or_hashed() {
    let (postgres, store) = desk().await;
    let TakenExtract::Only(all) = store.take(order(3_000, EVERYBODY, Pick::Random), by_ana()).await.unwrap()
    else {
        panic!()
    };
    let TakenExtract::Only(few) = store.take(order(3_000, FEW, Pick::Random), by_ana()).await.unwrap() else {
        panic!()
    };
    let (all, few) = (usize::try_from(all).unwrap(), usize::try_from(few).unwrap());
    // Of 2,700 draws the spread is 2.7 %, of 50 it is 20 %: six times that is once in a billion.
    let sampled = unfairness(&store, EVERYBODY, 300, all, 40).await;
    assert!((0.84..1.16).contains(&sampled), "{sampled}");
    // So few are drawn from some pages of the table alone.
    let paged = unfairness(&store, EVERYBODY, 20, all, 400).await;
    assert!((0.8..1.2).contains(&paged), "{paged}");
    let hashed = unfairness(&store, FEW, 20, few, 60).await;
    assert!((0.1..2.2).contains(&hashed), "{hashed}");
    // The order in the file is one of chance as well: as many numbers rise as fall.
    let extract = take(&store, order(1_000, EVERYBODY, Pick::Random)).await;
    let file = phones(&store, &extract).await;
    let rising = file.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((400..600).contains(&rising), "{rising}");
    assert!(postgres.rows("SELECT FROM extracts").await > 100);
}

#[tokio::test]
async fn seed_numbers_are_put_among_the_others_the_least_used_first() {
    let (_postgres, store) = desk().await;
    let seed = |n: u64| PhoneNumber::parse(&format!("33{:08}", 10_000_000 + n)).unwrap();
    for n in 0..3 {
        store.put_seed(seed(n), format!("prueba {n}"), by_ana()).await.unwrap();
    }
    let mut places = BTreeSet::new();
    for _ in 0..6 {
        let mut seeded = order(500, EVERYBODY, Pick::Random);
        seeded.plan.seeds = 2;
        let extract = take(&store, seeded).await;
        assert_eq!((extract.numbers, extract.seeds), (500, 2));
        let numbers = phones(&store, &extract).await;
        let of_seeds: Vec<usize> = numbers
            .iter()
            .enumerate()
            .filter(|(_, phone)| **phone >= 3_300_000_000 && **phone < 3_400_000_000)
            .map(|(n, _)| n)
            .collect();
        assert_eq!(of_seeds.len(), 2);
        places.extend(of_seeds);
    }
    assert!(places.len() > 6, "{places:?}");
    let used: Vec<u64> = store.seeds().await.unwrap().iter().map(|seed| seed.times_used).collect();
    assert_eq!(used, [4, 4, 4]);
    let mut more = order(10, EVERYBODY, Pick::Random);
    more.plan.seeds = 9;
    assert_eq!(take(&store, more).await.seeds, 3);
    assert!(store.remove_seed(seed(0), by_ana()).await.unwrap());
    assert!(!store.remove_seed(seed(0), by_ana()).await.unwrap());
}

#[tokio::test]
async fn a_request_that_comes_twice_hands_out_once_and_a_limit_of_the_day_holds() {
    let (postgres, store) = desk().await;
    let keyed = |key: &str, body: u8| Envelope {
        idempotency: Some(IdempotencyKey::parse(key, [body; 32]).unwrap()),
        ..by_ana()
    };
    let first = store.take(order(10, EVERYBODY, Pick::Random), keyed("a", 1)).await.unwrap();
    let again = store.take(order(10, EVERYBODY, Pick::Random), keyed("a", 1)).await.unwrap();
    assert_eq!(first, again);
    let other = store.take(order(11, EVERYBODY, Pick::Random), keyed("a", 2)).await.unwrap_err();
    assert!(matches!(other, WriteError::KeyReused), "{other}");
    assert_eq!(postgres.rows("SELECT FROM extracts").await, 1);

    let limited = |numbers| ExtractOrder { numbers_max: 25, ..order(numbers, EVERYBODY, Pick::Stable) };
    assert_eq!(store.take(limited(16), keyed("b", 3)).await.unwrap(), TakenExtract::OverLimit(15));
    // What handed nothing out may be asked for again with the same key.
    let smaller = store.take(limited(15), keyed("b", 4)).await.unwrap();
    assert!(matches!(smaller, TakenExtract::New(_)), "{smaller:?}");
    let bert = Envelope::of_program("bert", now());
    assert!(matches!(store.take(limited(16), bert).await.unwrap(), TakenExtract::New(_)));
}

#[tokio::test]
async fn when_its_time_has_ended_a_file_is_gone_and_the_history_stays() {
    let (postgres, store) = desk().await;
    let extract = take(&store, order(30, EVERYBODY, Pick::Stable)).await;
    let kept = take(&store, order(30, EVERYBODY, Pick::Stable)).await;
    let given = store.note_download(extract.id, by_ana()).await.unwrap().unwrap();
    assert_eq!(given.downloads, 1);
    assert_eq!(store.empty_expired().await.unwrap(), 0);
    let end = "UPDATE extracts SET expires_at = now() - interval '1 second' WHERE id = $1";
    postgres.client.execute(end, &[&extract.id.0]).await.unwrap();
    assert_eq!(store.note_download(extract.id, by_ana()).await.unwrap(), None);
    while store.empty_expired().await.unwrap() > 0 {}
    assert_eq!(store.numbers(extract.id, 0, 100).await.unwrap(), []);
    assert_eq!(store.numbers(kept.id, 0, 100).await.unwrap().len(), 30);
    assert_eq!(store.page(None, 10).await.unwrap().len(), 2);
    assert_eq!(store.find(extract.id).await.unwrap().unwrap().numbers, 30);
    assert_eq!(postgres.rows("SELECT FROM audit_log WHERE action = 'extract.download'").await, 1);
}
