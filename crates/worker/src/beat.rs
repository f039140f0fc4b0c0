//! What a worker tells of itself, and what it measures of the engine.

use std::sync::Arc;

use application::{BrokerState, WatchWorkers, WorkPermit};
use domain::port::{StoreError, WorkerBeat, WorkerStore};
use jiff::Timestamp;

/// Tells of one worker.
pub(crate) struct Beat {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) started_at: Timestamp,
    pub(crate) handler: Arc<WorkPermit>,
    pub(crate) workers: Arc<dyn WorkerStore>,
    pub(crate) watch: WatchWorkers,
}

impl Beat {
    /// Writes down how it stands.
    pub(crate) async fn tell(&self) -> Result<(), StoreError> {
        let load = self.handler.load();
        metrics::gauge!("pregon_worker_in_flight").set(load.in_flight);
        metrics::gauge!("pregon_worker_claims").set(load.claims);
        metrics::gauge!("pregon_worker_draining").set(if load.is_draining { 1.0 } else { 0.0 });
        metrics::counter!("pregon_worker_messages_sent_total").absolute(load.sent);
        self.workers
            .tell(WorkerBeat {
                name: self.name.clone(),
                host: self.host.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                started_at: self.started_at,
                in_flight: load.in_flight,
                claims: load.claims,
                sent: load.sent,
                is_draining: load.is_draining,
            })
            .await
    }

    /// Has the worker forgotten, for it has ended.
    pub(crate) async fn leave(&self) -> Result<(), StoreError> {
        self.workers.leave(self.name.clone()).await
    }

    /// Measures the engine, as `GET /workers` shows it.
    pub(crate) async fn measure(&self) -> Result<(), StoreError> {
        let state = self.watch.execute().await?;
        let engine = state.engine;
        let lost = state.workers.iter().filter(|(_, is_lost)| *is_lost).count();
        metrics::gauge!("pregon_workers", "state" => "lost").set(count(lost as u64));
        metrics::gauge!("pregon_workers", "state" => "alive").set(count((state.workers.len() - lost) as u64));
        metrics::gauge!("pregon_leases").set(count(engine.leases));
        metrics::gauge!("pregon_lease_oldest_seconds").set(seconds(engine.oldest_lease));
        for (kind, messages) in [
            ("retry", engine.due_retry),
            ("receipt", engine.due_receipt),
            ("uncertain", engine.due_uncertain),
        ] {
            metrics::gauge!("pregon_due_messages", "kind" => kind).set(count(messages));
        }
        metrics::gauge!("pregon_outbox_waiting").set(count(engine.outbox_waiting));
        metrics::gauge!("pregon_outbox_oldest_seconds").set(seconds(engine.outbox_oldest));
        metrics::gauge!("pregon_waiting_oldest_seconds").set(seconds(engine.oldest_waiting));
        metrics::gauge!("pregon_sent_per_second").set(engine.sent_per_second);
        // Without the broker the last that it said stands; that it is away is told by the health check.
        if let BrokerState::There(depths) = state.broker {
            for (_, priority, waiting) in depths.waiting {
                metrics::gauge!("pregon_queue_permits", "priority" => priority.as_str()).set(waiting);
            }
            metrics::gauge!("pregon_dead_letters").set(depths.dead_letters);
        }
        Ok(())
    }
}

fn seconds(age: Option<std::time::Duration>) -> f64 {
    age.unwrap_or_default().as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}
