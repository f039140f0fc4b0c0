//! The audit log: one chain whoever writes, and pages of it.

use std::sync::Arc;

use application::{AuditVerdict, VerifyAudit};
use domain::port::{AuditFilter, AuditLog, AuditOrder};
use jiff::Timestamp;
use store_postgres::PostgresAuditLog;
use testkit::TestDatabase;

use crate::harness::Postgres;

/// Programs that write at once, and the changes of each.
const WRITERS: usize = 8;
const CHANGES: usize = 25;

const LINE: &str = "INSERT INTO audit_log (actor, action, object_kind, object_id, remote_addr, details)
                    VALUES ('niño', 'b', 'c', 'd', '2001:db8::1', '{\"razón\": [1.50, null]}')";

fn log(test: &TestDatabase) -> PostgresAuditLog {
    PostgresAuditLog::new(test.database())
}

async fn verify(test: &TestDatabase) -> AuditVerdict {
    let verify = VerifyAudit { log: Arc::new(log(test)) };
    verify.execute(None, |_| {}).await.unwrap()
}

#[tokio::test]
async fn many_writers_make_one_chain_without_a_gap() {
    let test = TestDatabase::fresh().await;
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let connecting = test.url().to_owned();
            tokio::spawn(async move {
                let (mut client, connection) =
                    tokio_postgres::connect(&connecting, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                for change in 0..CHANGES {
                    let transaction = client.transaction().await.unwrap();
                    transaction.execute(LINE, &[]).await.unwrap();
                    transaction.execute(LINE, &[]).await.unwrap();
                    // What is taken back leaves a gap in the ids, and none in the chain.
                    if (writer + change) % 3 == 0 {
                        transaction.rollback().await.unwrap();
                    } else {
                        transaction.commit().await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let found = verify(&test).await;
    let taken_back = (0..WRITERS * CHANGES).filter(|n| (n / CHANGES + n % CHANGES).is_multiple_of(3)).count();
    let lines = 2 * (WRITERS * CHANGES - taken_back) as u64;
    assert_eq!((found.lines, found.faults), (lines, vec![]));
    assert_eq!(u64::try_from(found.head.place), Ok(lines));
}

/// The chain is locked when a transaction ends, behind every other lock: whoever wrote a line and goes on holds nobody up.
#[tokio::test]
async fn a_change_that_goes_on_holds_no_other_up_and_is_chained_when_it_ends() {
    let test = TestDatabase::fresh().await;
    let (mut slow, mut quick) = (test.client().await, test.client().await);
    quick.batch_execute("CREATE TABLE things (n integer); INSERT INTO things VALUES (0)").await.unwrap();
    let change = "UPDATE things SET n = n + 1";
    let slow_one = slow.transaction().await.unwrap();
    slow_one.execute(LINE, &[]).await.unwrap();
    let quick_one = quick.transaction().await.unwrap();
    quick_one.execute(change, &[]).await.unwrap();
    quick_one.execute(LINE, &[]).await.unwrap();
    quick_one.commit().await.unwrap();
    slow_one.execute(change, &[]).await.unwrap();
    slow_one.commit().await.unwrap();

    let chained = log(&test).links(0, 10).await.unwrap();
    assert_eq!(chained.iter().map(|link| link.line_id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(verify(&test).await.faults, []);
}

#[tokio::test]
async fn the_lines_of_before_are_chained_by_the_migration() {
    let test = TestDatabase::empty().await;
    let client = test.client().await;
    client
        .batch_execute(include_str!("../../../../migrations/V3__create_users_and_audit.sql"))
        .await
        .unwrap();
    for _ in 0..3 {
        client.execute(LINE, &[]).await.unwrap();
    }
    let chain = include_str!("../../../../migrations/V31__chain_the_audit_log.sql");
    client.batch_execute(&format!("BEGIN; {chain}; COMMIT")).await.unwrap();
    client.execute(LINE, &[]).await.unwrap();
    let found = verify(&test).await;
    assert_eq!((found.lines, found.head.place, found.faults), (4, 4, vec![]));
}

#[tokio::test]
async fn the_chain_takes_links_and_gives_up_none() {
    let postgres = Postgres::fresh().await;
    assert_eq!(postgres.refusal(LINE).await, None);
    for change in [
        "UPDATE audit_chain SET line_id = 7",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
    ] {
        assert_eq!(postgres.refusal(change).await.as_deref(), Some("42501"), "{change}");
    }
}

/// Three lines a minute apart, of two people.
async fn three_lines() -> (TestDatabase, Timestamp) {
    let test = TestDatabase::fresh().await;
    let lines = "INSERT INTO audit_log (at, actor, action, object_kind, object_id, request_id, remote_addr, details)
                 VALUES ('2026-03-01T10:00:00Z', 'ana@empresa.mx', 'segment.create', 'segment', '7', 'r1', '10.1.2.3', '{}'),
                        ('2026-03-01T10:01:00Z', 'luz@empresa.mx', 'segment.update', 'segment', '7', NULL, NULL, '{\"a\": 1}'),
                        ('2026-03-01T10:02:00Z', 'ana@empresa.mx', 'contact.delete', 'contact', '7', NULL, NULL, '{}')";
    test.client().await.batch_execute(lines).await.unwrap();
    (test, "2026-03-01T10:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn lines_are_paged_in_both_orders_and_shown_with_their_links() {
    let (test, _) = three_lines().await;
    let log = log(&test);
    for (order, ids) in [(AuditOrder::NewestFirst, [3, 2, 1]), (AuditOrder::OldestFirst, [1, 2, 3])] {
        let first = log.page(AuditFilter::default(), order, None, 2).await.unwrap();
        let behind = first.last().map(|line| domain::audit::AuditPlace { at: line.at, id: line.id });
        let second = log.page(AuditFilter::default(), order, behind, 2).await.unwrap();
        let found: Vec<i64> = first.iter().chain(&second).map(|line| line.id).collect();
        assert_eq!(found, ids, "{order:?}");
    }
    let oldest = log.page(AuditFilter::default(), AuditOrder::OldestFirst, None, 1).await.unwrap();
    let line = &oldest[0];
    assert_eq!((line.remote_addr.as_deref(), line.request_id.as_deref()), (Some("10.1.2.3"), Some("r1")));
    let links = log.links(0, 1).await.unwrap();
    assert_eq!(line.link.as_ref(), Some(&links[0].point));
}

#[tokio::test]
async fn lines_are_found_by_who_what_about_which_and_when() {
    let (test, start) = three_lines().await;
    let log = log(&test);
    let minute = jiff::SignedDuration::from_mins(1);
    let is = |wanted: &str| Some(wanted.to_owned());
    let cases = [
        (AuditFilter { actor: is("ana@empresa.mx"), ..AuditFilter::default() }, vec![1, 3]),
        (AuditFilter { action: is("segment.update"), ..AuditFilter::default() }, vec![2]),
        (AuditFilter { object_kind: is("segment"), ..AuditFilter::default() }, vec![1, 2]),
        (AuditFilter { object_kind: is("contact"), object_id: is("7"), ..AuditFilter::default() }, vec![3]),
        (AuditFilter { from: Some(start + minute), ..AuditFilter::default() }, vec![2, 3]),
        (AuditFilter { until: Some(start + minute), ..AuditFilter::default() }, vec![1]),
        (AuditFilter { actor: is("nadie"), ..AuditFilter::default() }, vec![]),
    ];
    for (filter, expected) in cases {
        let found = log.page(filter, AuditOrder::OldestFirst, None, 10).await.unwrap();
        assert_eq!(found.iter().map(|line| line.id).collect::<Vec<_>>(), expected);
    }
}

/// However long the log is, a filter reads about as many rows as it answers.
#[tokio::test]
async fn every_filter_has_its_index() {
    let test = TestDatabase::fresh().await;
    let client = test.client().await;
    let lines = "INSERT INTO audit_log (at, actor, action, object_kind, object_id)
                 SELECT '2026-01-01'::timestamptz + n * interval '1 minute', 'u' || n % 100, 'a' || n % 50, 'k' || n % 20,
                        (n % 5000)::text
                 FROM generate_series(1, 20000) AS n";
    client.batch_execute(lines).await.unwrap();
    client.batch_execute("ANALYZE audit_log").await.unwrap();
    for (order, statement) in [
        ("DESC", include_str!("../../sql/audit_page_newest.sql")),
        ("ASC", include_str!("../../sql/audit_page_oldest.sql")),
    ] {
        for (nth, value, index) in [
            (4, "'u7'", "audit_log_actor_idx"),
            (5, "'a7'", "audit_log_action_idx"),
            (6, "'k7'", "audit_log_kind_idx"),
            (8, "'2026-01-05'", "audit_log_at_idx"),
        ] {
            let given: Vec<&str> = (1..=9)
                .map(|n| {
                    if n == nth {
                        value
                    } else if n == 3 {
                        "50"
                    } else {
                        "NULL"
                    }
                })
                .collect();
            client.batch_execute(&format!("DEALLOCATE ALL; PREPARE page AS {statement}")).await.unwrap();
            let explain = format!("EXPLAIN EXECUTE page ({})", given.join(", "));
            let plan: Vec<String> =
                client.query(&explain, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(
                plan.contains(index) && !plan.contains("Seq Scan on audit_log"),
                "{order} {index}:\n{plan}"
            );
        }
    }
}
