//! The port to what workers tell of themselves, and to how the engine stands.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::request::Envelope;

/// Keeps what workers tell, and says how the engine stands. Times are the store's clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WorkerStore: Send + Sync {
    /// Writes down what a worker tells of itself, in place of what it told before.
    async fn tell(&self, beat: WorkerBeat) -> Result<(), StoreError>;

    /// Forgets a worker that has ended.
    async fn leave(&self, name: String) -> Result<(), StoreError>;

    /// Forgets the workers that have told nothing for so long; says how many.
    async fn forget_silent(&self, after: Duration) -> Result<u64, StoreError>;

    /// All workers that are not forgotten, by name.
    async fn list(&self) -> Result<Vec<SeenWorker>, StoreError>;

    /// How the engine stands.
    async fn engine(&self) -> Result<EngineState, StoreError>;

    /// Writes down that somebody is about to do something to the dead letters.
    async fn note_dead_letters(&self, change: DeadLetterChange, envelope: Envelope)
    -> Result<(), StoreError>;
}

/// What a worker tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerBeat {
    /// Its name, a new one with each start.
    pub name: String,
    /// The machine that it runs on.
    pub host: String,
    /// The version of the program.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// Calls to providers that are under way.
    pub in_flight: u32,
    /// Claims that it works on.
    pub claims: u32,
    /// Messages that providers took from it since it started.
    pub sent: u64,
    /// Whether it is about to end.
    pub is_draining: bool,
}

/// A worker as it was last heard of.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenWorker {
    /// What it told.
    pub beat: WorkerBeat,
    /// When.
    pub seen_at: Timestamp,
    /// How long ago that is.
    pub silent_for: Duration,
    /// Messages a second that providers took from it lately.
    pub sent_per_second: f64,
}

/// How the engine stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EngineState {
    /// Claims that are worked on.
    pub leases: u64,
    /// How old the oldest of them is.
    pub oldest_lease: Option<Duration>,
    /// Messages that are to be tried again.
    pub due_retry: u64,
    /// Messages whose receipt is waited for, or was.
    pub due_receipt: u64,
    /// Messages of unknown outcome that are waited for, or were.
    pub due_uncertain: u64,
    /// Permits that are due and not published.
    pub outbox_waiting: u64,
    /// How long the oldest of them is.
    pub outbox_oldest: Option<Duration>,
    /// How long a message that may be claimed now could have been, at most.
    pub oldest_waiting: Option<Duration>,
    /// Messages a second that providers take, over all workers.
    pub sent_per_second: f64,
}

/// What is done to dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterChange {
    /// They are given out again.
    Requeue,
    /// They are thrown away.
    Purge,
}

impl DeadLetterChange {
    /// The name in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requeue => "dead_letters.requeue",
            Self::Purge => "dead_letters.purge",
        }
    }
}
