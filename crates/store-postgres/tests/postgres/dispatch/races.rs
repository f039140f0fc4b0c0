//! Many at once: nobody claims twice, nothing deadlocks, the counts stay right.

use std::collections::BTreeMap;

use domain::message::{Evidence, MessageState};
use domain::port::{Claimed, Dispatch, ReceiptStore, Remaining, Report, Upkeep};

use super::stage::{Stage, accepted, outcome};

/// How often one worker may find the sender's pace taken before the test is held to be stuck.
const ROUNDS_MAX: u32 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_at_once_share_the_messages_and_no_attempt_is_given_twice() {
    let stage = Stage::running(3_000).await;
    let workers = (0..6_i16).map(|shard| {
        let engine = stage.engine_with(|options| {
            options.shard = shard;
            options.claim_messages_max = 50;
        });
        let campaign = stage.campaign;
        tokio::spawn(async move {
            let mut given = Vec::new();
            for _ in 0..ROUNDS_MAX {
                match engine.claim(campaign).await.unwrap() {
                    Claimed::Work(claim) => {
                        given.extend(claim.messages.iter().map(|message| (message.seq, message.attempt)));
                        let outcomes = claim.messages.iter().map(|message| match message.attempt {
                            1 if message.seq % 3 == 0 => outcome(message, Evidence::RefusedForNow),
                            _ => accepted(message),
                        });
                        engine.record(claim.id, outcomes.collect(), Remaining::Nothing).await.unwrap();
                    }
                    Claimed::Nothing { again_in: None } => return given,
                    Claimed::Nothing { again_in: Some(_) } => tokio::task::yield_now().await,
                }
            }
            panic!("the pace is never free")
        })
    });
    let mut given = BTreeMap::new();
    for worker in futures::future::join_all(workers).await {
        for attempt in worker.unwrap() {
            *given.entry(attempt).or_insert(0) += 1;
        }
    }
    // A worker may end while another still holds what will be due again.
    stage.send_all(accepted).await;
    assert!(given.values().all(|times| *times == 1));
    assert!((1..=3_000).all(|seq| given.contains_key(&(seq, 1))));
    assert_eq!(stage.states().await, [(MessageState::Sent, 3_000)].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn outcomes_receipts_and_the_sweep_of_the_same_messages_never_deadlock() {
    let stage = Stage::running(2_000).await;
    let engine = stage.engine_with(|options| options.lease = std::time::Duration::ZERO);
    let mut claims = Vec::new();
    while let Claimed::Work(claim) = engine.claim(stage.campaign).await.unwrap() {
        claims.push(claim);
    }
    for seq in (1..=2_000).rev() {
        let id = format!("{seq}");
        engine.keep("telnyx", stage.event(&id, seq, 1, Report::Delivered), None).await.unwrap();
    }
    let outcomes = async {
        for claim in claims.into_iter().rev() {
            let mut outcomes: Vec<_> = claim.messages.iter().map(accepted).collect();
            outcomes.reverse();
            stage
                .engine_with(|options| options.shard = 1)
                .record(claim.id, outcomes, Remaining::Nothing)
                .await
                .unwrap();
        }
    };
    let receipts = async {
        let engine = stage.engine_with(|options| options.shard = 2);
        while engine.settle().await.unwrap() > 0 {}
    };
    let sweep = async {
        for _ in 0..5 {
            engine.give_up_lost().await.unwrap();
        }
    };
    tokio::join!(outcomes, receipts, sweep);
    assert_eq!(stage.states().await, [(MessageState::Delivered, 2_000)].into());
}
