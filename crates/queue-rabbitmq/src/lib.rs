//! The permits of the domain over RabbitMQ.
//!
//! The one room that acknowledges. A permit travels in one of three durable quorum queues, `PREFIX.high`, `PREFIX.normal`
//! and `PREFIX.bulk`; what is no permit, or was given out too often, goes to `PREFIX.dead`. There are no queues to wait
//! in: what is to be done later is published later. Every call ends within a time that the options name, for a broker
//! that was stopped answers nothing at all.

mod consume;
mod dead;
mod link;
mod publish;
mod topology;

use std::time::Duration;

use lapin::Channel;
use tokio::sync::Mutex;

/// How to reach the broker, and what bounds it. Holds a password, so it has no `Debug`.
#[derive(Clone)]
pub struct RabbitOptions {
    /// `amqp://user:password@host:port/vhost`.
    pub url: String,
    /// What the server's list of connections calls us.
    pub connection_name: String,
    /// What every queue's name begins with.
    pub prefix: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the broker may take to answer one call, confirms included.
    pub call_timeout: Duration,
    /// The longest wait between two attempts to connect again; the first is a hundredth of it.
    pub reconnect_max: Duration,
    /// The most permits that wait in one queue; beyond it the broker refuses more.
    pub queue_length_max: u32,
}

/// [`PermitPublisher`](domain::port::PermitPublisher) and [`PermitConsumer`](domain::port::PermitConsumer) over one broker.
/// It connects when it is first used.
pub struct RabbitPermits {
    options: RabbitOptions,
    /// The channel that is published on, while it is sound.
    publishing: Mutex<Option<Channel>>,
}

impl RabbitPermits {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(options: RabbitOptions) -> Self {
        Self { options, publishing: Mutex::new(None) }
    }
}
