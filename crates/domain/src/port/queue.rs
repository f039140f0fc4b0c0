//! The port to the queue of permits.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::campaign::{CampaignId, Priority};

/// Says that somebody may claim from a campaign. It carries nothing that would be lost with it, and all permits of a
/// campaign are alike: one too many does nothing, and a lost one is published again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permit {
    /// The campaign.
    pub campaign: CampaignId,
    /// Which queue it travels in.
    pub priority: Priority,
}

/// Publishes permits.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PermitPublisher: Send + Sync {
    /// Publishes each of `permits` to the queue of its priority, and returns when the broker has confirmed them all as
    /// routed and kept. After an error some may have been published: publish all again.
    async fn publish(&self, permits: Vec<Permit>) -> Result<(), QueueUnavailable>;

    /// Whether the broker answers, within a bounded time.
    async fn ping(&self) -> Result<(), QueueUnavailable>;
}

/// Works permits off.
#[async_trait]
pub trait PermitConsumer: Send + Sync {
    /// Gives permits to `handler`, at most as many at a time as `slots` says for their priority, until `stop` is done;
    /// then takes no more, waits for those that are being handled, and returns. A permit is acknowledged after its
    /// handler has returned and never before; one whose handler did not return comes again. What is no permit goes to
    /// the dead letters with its reason, once. A broker that goes away is reconnected to, for as long as it takes.
    async fn run(
        &self,
        slots: Vec<(Priority, u16)>,
        handler: Arc<dyn PermitHandler>,
        stop: BoxFuture<'static, ()>,
    );
}

/// Looks after the queues.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PermitQueues: Send + Sync {
    /// How many wait in each queue.
    async fn depths(&self) -> Result<QueueDepths, QueueUnavailable>;

    /// Gives dead letters that are permits out again, each to the queue that it was in, the oldest first; each is taken from
    /// the dead letters when the broker has confirmed it where it goes. What is no permit stays. Looks at `most` at most.
    async fn requeue_dead(&self, most: u16) -> Result<Requeued, QueueUnavailable>;

    /// Throws dead letters away, the oldest first, `most` at most; says how many.
    async fn purge_dead(&self, most: u16) -> Result<u64, QueueUnavailable>;
}

/// How many wait in each queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepths {
    /// By the queue's name and priority: permits.
    pub waiting: Vec<(String, Priority, u32)>,
    /// Dead letters.
    pub dead_letters: u32,
}

/// What became of dead letters that were to be given out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requeued {
    /// Those that are permits, and given out again.
    pub requeued: u64,
    /// Those that are none, and stay.
    pub kept: u64,
}

/// Does what a permit allows.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PermitHandler: Send + Sync {
    /// Handles one permit; whatever can be done about it now has been done when this returns.
    async fn handle(&self, permit: Permit);
}

/// The broker could not be reached, refused us, did not answer in time, or did not keep what was published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {doing}: the queue is unavailable: {reason}")]
pub struct QueueUnavailable {
    /// What was asked.
    pub doing: String,
    /// Why, without secrets.
    pub reason: String,
}
