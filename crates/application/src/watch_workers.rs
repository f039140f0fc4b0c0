//! How the engine stands: workers, queues, and what waits.

use std::sync::Arc;
use std::time::Duration;

use domain::port::{
    DeadLetterChange, EngineState, PermitQueues, QueueDepths, QueueUnavailable, Requeued, SeenWorker,
    StoreError, WorkerStore,
};
use domain::request::Envelope;
use tokio::time::timeout;

/// Dead letters that one request deals with.
const DEAD_LETTERS_MAX: u16 = 500;

/// Looks after workers and queues.
pub struct WatchWorkers {
    /// Keeps what workers tell.
    pub workers: Arc<dyn WorkerStore>,
    /// The queues.
    pub queues: Arc<dyn PermitQueues>,
    /// How long the broker is waited for.
    pub broker_within: Duration,
    /// A worker that has told nothing for so long is held to be lost.
    pub lost_after: Duration,
}

/// How the engine stands.
#[derive(Debug)]
pub struct WorkersState {
    /// The workers, each with whether it is held to be lost.
    pub workers: Vec<(SeenWorker, bool)>,
    /// The queues.
    pub broker: BrokerState,
    /// What the store knows.
    pub engine: EngineState,
}

/// The queues, if the broker answers.
#[derive(Debug, PartialEq, Eq)]
pub enum BrokerState {
    /// It does.
    There(QueueDepths),
    /// It does not, and why.
    Away(String),
}

/// Why nothing was done to the dead letters.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The broker is away.
    #[error(transparent)]
    Queue(#[from] QueueUnavailable),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WatchWorkers {
    /// How the engine stands now. A broker that is away is part of the answer.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(&self) -> Result<WorkersState, StoreError> {
        let seen = self.workers.list().await?;
        let engine = self.workers.engine().await?;
        let broker = match timeout(self.broker_within, self.queues.depths()).await {
            Ok(Ok(depths)) => BrokerState::There(depths),
            Ok(Err(unavailable)) => BrokerState::Away(unavailable.to_string()),
            Err(_) => {
                let limit = self.broker_within.as_millis();
                BrokerState::Away(format!("the broker did not answer within {limit} ms"))
            }
        };
        let is_lost = |worker: &SeenWorker| worker.silent_for > self.lost_after;
        let workers = seen.into_iter().map(|worker| (is_lost(&worker), worker));
        Ok(WorkersState { workers: workers.map(|(lost, worker)| (worker, lost)).collect(), broker, engine })
    }

    /// Gives some dead letters out again. It is written down first, so that nothing is done that nobody finds.
    ///
    /// # Errors
    /// When the store or the broker is away.
    pub async fn requeue_dead(&self, envelope: Envelope) -> Result<Requeued, DeadLetterError> {
        self.workers.note_dead_letters(DeadLetterChange::Requeue, envelope).await?;
        Ok(self.queues.requeue_dead(DEAD_LETTERS_MAX).await?)
    }

    /// Throws some dead letters away; written down first.
    ///
    /// # Errors
    /// As above.
    pub async fn purge_dead(&self, envelope: Envelope) -> Result<u64, DeadLetterError> {
        self.workers.note_dead_letters(DeadLetterChange::Purge, envelope).await?;
        Ok(self.queues.purge_dead(DEAD_LETTERS_MAX).await?)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use domain::port::MockWorkerStore;
    use jiff::Timestamp;

    use super::*;

    /// A broker that takes connections and never answers.
    struct Silent;

    #[async_trait]
    impl PermitQueues for Silent {
        async fn depths(&self) -> Result<QueueDepths, QueueUnavailable> {
            std::future::pending().await
        }

        async fn requeue_dead(&self, _: u16) -> Result<Requeued, QueueUnavailable> {
            panic!("it was not written down")
        }

        async fn purge_dead(&self, _: u16) -> Result<u64, QueueUnavailable> {
            panic!("it was not written down")
        }
    }

    fn watch(workers: MockWorkerStore) -> WatchWorkers {
        WatchWorkers {
            workers: Arc::new(workers),
            queues: Arc::new(Silent),
            broker_within: Duration::from_secs(2),
            lost_after: Duration::from_secs(15),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_says_nothing_is_not_waited_for() {
        let mut workers = MockWorkerStore::new();
        workers.expect_list().returning(|| Ok(Vec::new()));
        workers.expect_engine().returning(|| Ok(EngineState::default()));
        let state = watch(workers).execute().await.unwrap();
        assert_eq!(state.broker, BrokerState::Away("the broker did not answer within 2000 ms".to_owned()));
    }

    #[tokio::test]
    async fn dead_letters_are_let_be_when_it_cannot_be_written_down() {
        let mut workers = MockWorkerStore::new();
        workers.expect_note_dead_letters().times(2).returning(|_, _| {
            Err(StoreError::Conflict { doing: "note".to_owned(), reason: "no".to_owned() })
        });
        let watch = watch(workers);
        let envelope = || Envelope::of_program("ana", Timestamp::UNIX_EPOCH);
        assert!(watch.requeue_dead(envelope()).await.is_err());
        assert!(watch.purge_dead(envelope()).await.is_err());
    }
}
