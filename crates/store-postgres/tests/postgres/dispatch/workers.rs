//! What workers tell of themselves, and how the engine is seen to stand.

use std::time::Duration;

use domain::message::Evidence;
use domain::port::{Dispatch as _, EngineState, PermitOutbox as _, Remaining, WorkerBeat, WorkerStore as _};
use jiff::Timestamp;
use store_postgres::PostgresWorkerStore;

use super::stage::{Stage, accepted, outcome, work};

fn beat(name: &str, sent: u64) -> WorkerBeat {
    WorkerBeat {
        name: name.to_owned(),
        host: "taller".to_owned(),
        version: "1.2.3".to_owned(),
        started_at: Timestamp::UNIX_EPOCH,
        in_flight: 7,
        claims: 2,
        sent,
        is_draining: false,
    }
}

#[tokio::test]
async fn a_worker_is_seen_as_it_last_told_and_forgotten_when_it_is_gone() {
    let stage = Stage::running(0).await;
    let workers = PostgresWorkerStore::new(stage.test.database());
    for sent in [100, 160] {
        workers.tell(beat("a", sent)).await.unwrap();
        stage.run("UPDATE workers SET seen_at = now() - interval '10 seconds' WHERE sent = 100").await;
    }
    workers.tell(WorkerBeat { is_draining: true, ..beat("b", 0) }).await.unwrap();
    let seen = workers.list().await.unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].beat, beat("a", 160));
    assert!((5.0..6.1).contains(&seen[0].sent_per_second), "{}", seen[0].sent_per_second);
    assert!(seen[1].beat.is_draining && seen[1].silent_for < Duration::from_secs(5));
    assert!((5.0..6.1).contains(&workers.engine().await.unwrap().sent_per_second));

    stage.run("UPDATE workers SET seen_at = now() - interval '2 minutes' WHERE name = 'a'").await;
    assert!(workers.list().await.unwrap()[0].silent_for >= Duration::from_mins(2));
    assert!(workers.engine().await.unwrap().sent_per_second < 0.1, "who is silent sends nothing");
    assert_eq!(workers.forget_silent(Duration::from_mins(3)).await.unwrap(), 0);
    assert_eq!(workers.forget_silent(Duration::from_mins(1)).await.unwrap(), 1);
    workers.leave("b".to_owned()).await.unwrap();
    assert_eq!(workers.list().await.unwrap(), []);
}

#[tokio::test]
async fn leases_what_is_due_and_what_waits_are_told() {
    let stage = Stage::running(5).await;
    let workers = PostgresWorkerStore::new(stage.test.database());
    stage.run("UPDATE campaigns SET launched_at = now() - interval '90 seconds'").await;
    let before = workers.engine().await.unwrap();
    assert!(before.oldest_waiting.is_some_and(|age| age >= Duration::from_secs(89)), "{before:?}");
    assert_eq!((before.leases, before.oldest_lease, before.outbox_waiting), (0, None, 0));

    let claim = work(stage.engine().claim(stage.campaign).await.unwrap());
    let held = workers.engine().await.unwrap();
    assert_eq!((held.leases, held.oldest_waiting), (1, None));
    assert!(held.oldest_lease.is_some());
    let outcomes = claim
        .messages
        .iter()
        .map(|message| match message.seq {
            1 => outcome(message, Evidence::NoAnswer),
            2 => outcome(message, Evidence::RefusedForNow),
            _ => accepted(message),
        })
        .collect();
    stage.engine().record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
    stage.run("DELETE FROM outbox").await;
    stage.engine().permit_later(stage.campaign, Duration::ZERO).await.unwrap();
    stage.engine().permit_later(stage.campaign, Duration::from_hours(1)).await.unwrap();
    let after = workers.engine().await.unwrap();
    assert_eq!((after.due_retry, after.due_receipt, after.due_uncertain), (1, 3, 1));
    assert_eq!((after.leases, after.outbox_waiting), (0, 1));
    assert_ne!(after, EngineState::default());
}
