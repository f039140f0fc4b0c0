//! Workers, queues and leases: how the engine stands.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use application::{BrokerState, DeadLetterError, WatchWorkers, WorkersState};
use domain::port::{EngineState, SeenWorker};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Admin, Caller, Viewer};
use crate::input::Asked;
use crate::problem::Problem;

/// A worker as it was last heard of.
#[derive(Serialize, ToSchema)]
pub(crate) struct WorkerView {
    /// A new one with each start.
    name: String,
    host: String,
    version: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Whether it has told nothing for so long that it is held to be lost.
    is_lost: bool,
    /// Whether it is about to end.
    is_draining: bool,
    /// Calls to the provider that are under way.
    in_flight: u32,
    /// Claims that it works on.
    claims: u32,
    /// Messages that the provider took from it since it started.
    messages_sent: u64,
    /// Messages a second lately.
    sent_per_s: f64,
}

impl WorkerView {
    fn of((worker, is_lost): (SeenWorker, bool)) -> Self {
        let SeenWorker { beat, seen_at, sent_per_second, .. } = worker;
        Self {
            name: beat.name,
            host: beat.host,
            version: beat.version,
            started_at: beat.started_at,
            seen_at,
            is_lost,
            is_draining: beat.is_draining,
            in_flight: beat.in_flight,
            claims: beat.claims,
            messages_sent: beat.sent,
            sent_per_s: sent_per_second,
        }
    }
}

/// A queue of permits.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueView {
    name: String,
    /// high, normal or bulk.
    priority: &'static str,
    /// Permits in it.
    waiting: u32,
}

/// Claims that are worked on.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeasesView {
    count: u64,
    /// How old the oldest is.
    oldest_s: Option<f64>,
}

/// Messages that are looked at again at their time; those that were settled meanwhile are among them until then.
#[derive(Serialize, ToSchema)]
pub(crate) struct DueView {
    /// To be tried again.
    retry: u64,
    /// Sent, without a receipt.
    receipt: u64,
    /// Of unknown outcome.
    uncertain: u64,
}

/// Permits that are due and not published.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutboxView {
    waiting: u64,
    oldest_s: Option<f64>,
}

/// How the engine stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct WorkersView {
    workers: Vec<WorkerView>,
    /// `null` when the broker is away.
    queues: Option<Vec<QueueView>>,
    /// Why there are no queues in the answer, when there are none.
    queues_unavailable: Option<String>,
    /// What no worker could make anything of; `null` when the broker is away.
    dead_letters: Option<u32>,
    leases: LeasesView,
    due: DueView,
    outbox: OutboxView,
    /// How long ago a message that may be claimed now could have been, at most; `null` when none waits.
    oldest_waiting_s: Option<f64>,
    /// Messages a second that the provider takes, over all workers.
    sent_per_s: f64,
}

impl From<WorkersState> for WorkersView {
    fn from(state: WorkersState) -> Self {
        let WorkersState { workers, broker, engine } = state;
        let (queues, dead_letters, queues_unavailable) =
            match broker {
                BrokerState::There(depths) => {
                    let view = |(name, priority, waiting): (String, domain::campaign::Priority, u32)| {
                        QueueView { name, priority: priority.as_str(), waiting }
                    };
                    (Some(depths.waiting.into_iter().map(view).collect()), Some(depths.dead_letters), None)
                }
                BrokerState::Away(sentence) => (None, None, Some(sentence)),
            };
        let EngineState { leases, due_retry, due_receipt, due_uncertain, outbox_waiting, .. } = engine;
        Self {
            workers: workers.into_iter().map(WorkerView::of).collect(),
            queues,
            queues_unavailable,
            dead_letters,
            leases: LeasesView { count: leases, oldest_s: engine.oldest_lease.map(|age| age.as_secs_f64()) },
            due: DueView { retry: due_retry, receipt: due_receipt, uncertain: due_uncertain },
            outbox: OutboxView {
                waiting: outbox_waiting,
                oldest_s: engine.outbox_oldest.map(|age| age.as_secs_f64()),
            },
            oldest_waiting_s: engine.oldest_waiting.map(|age| age.as_secs_f64()),
            sent_per_s: engine.sent_per_second,
        }
    }
}

/// Workers, queues, leases, and what waits. Without the broker the rest is told all the same.
#[utoipa::path(tag = "operations", path = "/api/v1/workers", security(("bearer" = [])), responses((status = 200, body = WorkersView)))]
#[get("/workers")]
pub(crate) async fn show(
    _who: Caller<Viewer>,
    watch: web::Data<WatchWorkers>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(WorkersView::from(watch.execute().await?)))
}

/// What became of dead letters that were to be given out again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequeuedView {
    /// Permits that are in their queues again.
    requeued: u64,
    /// Those that are no permits, and stay where they are.
    kept: u64,
}

/// What became of dead letters that were to be thrown away.
#[derive(Serialize, ToSchema)]
pub(crate) struct PurgedView {
    purged: u64,
}

impl From<DeadLetterError> for Problem {
    fn from(error: DeadLetterError) -> Self {
        match error {
            DeadLetterError::Store(error) => error.into(),
            DeadLetterError::Queue(error) => {
                tracing::warn!(%error, "the broker is away");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "RabbitMQ is away; try again soon").retry_after(5)
            }
        }
    }
}

/// Gives dead letters out again, up to 500 at a time, the oldest first: each is in its queue before it leaves here.
#[utoipa::path(tag = "operations", path = "/api/v1/workers/dead-letters/requeue", security(("bearer" = [])), responses((status = 200, body = RequeuedView), (status = 503, body = Problem)))]
#[post("/workers/dead-letters/requeue")]
pub(crate) async fn requeue(
    who: Caller<Admin>,
    asked: Asked,
    watch: web::Data<WatchWorkers>,
) -> Result<HttpResponse, Problem> {
    let outcome = watch.requeue_dead(asked.by(&who)).await?;
    Ok(HttpResponse::Ok().json(RequeuedView { requeued: outcome.requeued, kept: outcome.kept }))
}

/// Throws dead letters away, up to 500 at a time, the oldest first. Nothing is lost with one: what is to be sent is in the
/// database.
#[utoipa::path(tag = "operations", path = "/api/v1/workers/dead-letters/purge", security(("bearer" = [])), responses((status = 200, body = PurgedView), (status = 503, body = Problem)))]
#[post("/workers/dead-letters/purge")]
pub(crate) async fn purge(
    who: Caller<Admin>,
    asked: Asked,
    watch: web::Data<WatchWorkers>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(PurgedView { purged: watch.purge_dead(asked.by(&who)).await? }))
}
