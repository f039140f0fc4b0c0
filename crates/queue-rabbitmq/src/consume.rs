//! Working permits off, through every outage of the broker.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::{CampaignId, Priority};
use domain::port::{Permit, PermitConsumer, PermitHandler, QueueUnavailable};
use futures::future::BoxFuture;
use futures::stream::{self, SelectAll, StreamExt, select_all};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Connection, Consumer};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::link::{connect, within};
use crate::topology::{declare, delete, queue_name};
use crate::{RabbitOptions, RabbitPermits};

/// How often is looked whether the queues still give out what waits in them.
const WATCH_INTERVAL: Duration = Duration::from_secs(3);

/// Deliveries of all queues, each with its queue's priority; `None` where one of them comes to its end.
type Deliveries = SelectAll<stream::BoxStream<'static, (Priority, Option<lapin::Result<Delivery>>)>>;

#[async_trait]
impl PermitConsumer for RabbitPermits {
    async fn run(
        &self,
        slots: Vec<(Priority, u16)>,
        handler: Arc<dyn PermitHandler>,
        stop: BoxFuture<'static, ()>,
    ) {
        let stopped = CancellationToken::new();
        let listening = tokio::spawn({
            let stopped = stopped.clone();
            async move {
                stop.await;
                stopped.cancel();
            }
        });
        let first_wait = self.options.reconnect_max / 100;
        let mut wait = first_wait;
        let mut hollow = None;
        while !stopped.is_cancelled() {
            match subscribe(&self.options, &slots).await {
                Ok((connection, deliveries)) => {
                    (wait, hollow) = (first_wait, None);
                    let mut watch = Watch::over(&self.options, &slots);
                    work(&self.options, (&connection, &mut watch), deliveries, &handler, &stopped).await;
                    // What is left unacknowledged comes again, to whoever is connected then.
                    let closed = connection.close(200, "done".into());
                    let _ = within(self.options.call_timeout, "close the connection", closed).await;
                }
                Err(Refused { error, of }) => {
                    tracing::warn!(%error, "the queue will be tried again");
                    // A queue that is being made, or deleted, is without its process for a moment.
                    if let (Some(priority), true) = (of, of == hollow) {
                        make_anew(&self.options, priority).await;
                    }
                    hollow = of;
                    tokio::select! {
                        () = stopped.cancelled() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                    wait = (wait * 2).min(self.options.reconnect_max);
                }
            }
        }
        listening.abort();
    }
}

/// Why permits could not be asked for.
struct Refused {
    error: QueueUnavailable,
    /// The queue of which the broker seems to have no more than the name.
    of: Option<Priority>,
}

impl From<QueueUnavailable> for Refused {
    fn from(error: QueueUnavailable) -> Self {
        Self { error, of: None }
    }
}

/// Takes a queue away of which the broker has the name and no process, as after its death in the moment of a deletion: it is declared as
/// if it were there, it takes nothing in, and whoever asks it for permits loses the connection (docs/decisions/014).
async fn make_anew(options: &RabbitOptions, priority: Priority) {
    let name = queue_name(options, priority);
    tracing::warn!(queue = name, "the broker has no more than the name of a queue, which is made anew");
    let deleted = async {
        let connection = connect(options).await?;
        delete(&connection, options, &name).await?;
        let closed = connection.close(200, "done".into());
        let _ = within(options.call_timeout, "close the connection", closed).await;
        Ok::<(), QueueUnavailable>(())
    };
    if let Err(error) = deleted.await {
        tracing::warn!(%error, "the queue cannot be made anew yet");
    }
}

/// Connects and asks for permits: of each queue at most as many at a time as it has slots.
async fn subscribe(
    options: &RabbitOptions,
    slots: &[(Priority, u16)],
) -> Result<(Connection, Deliveries), Refused> {
    let doing = "ask for permits";
    let connection = connect(options).await?;
    let mut queues = Vec::new();
    for (priority, slots) in slots.iter().copied() {
        let channel = within(options.call_timeout, doing, connection.create_channel()).await?;
        declare(&connection, &channel, options).await?;
        within(options.call_timeout, doing, channel.basic_qos(slots, BasicQosOptions::default())).await?;
        let consuming = channel.basic_consume(
            queue_name(options, priority).into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer: Consumer = within(options.call_timeout, doing, consuming).await.map_err(|error| {
            Refused { of: error.reason.contains("INTERNAL_ERROR").then_some(priority), error }
        })?;
        let delivered = consumer.map(Some).chain(stream::once(async { None }));
        queues.push(delivered.map(move |delivery| (priority, delivery)).boxed());
    }
    Ok((connection, select_all(queues)))
}

/// What is looked at from time to time: whether the queues still give us what waits in them.
///
/// A broker that makes a queue anew in the moment in which it was deleted (whoever publishes has it made) tells nobody who listened to
/// the old one: it holds that they listen to the new one, and what it gives them never arrives. As many permits as there are slots are
/// lost so; those behind them wait. So a queue that nobody listens to, or that keeps what waits in it from us although we have a slot
/// for it, is asked for again; what was given out in vain comes then.
struct Watch<'a> {
    options: &'a RabbitOptions,
    queues: Vec<WatchedQueue>,
}

struct WatchedQueue {
    priority: Priority,
    slots: usize,
    /// Permits of it that are being worked off.
    in_hand: usize,
    /// Whether it gave us something since it was last looked at.
    gave: bool,
    /// Whether something waited in it when it was last looked at, and we had a slot for it.
    kept_back: bool,
}

impl<'a> Watch<'a> {
    fn over(options: &'a RabbitOptions, slots: &[(Priority, u16)]) -> Self {
        let queue = |(priority, slots): &(Priority, u16)| WatchedQueue {
            priority: *priority,
            slots: (*slots).into(),
            in_hand: 0,
            gave: false,
            kept_back: false,
        };
        Self { options, queues: slots.iter().map(queue).collect() }
    }

    fn of(&mut self, priority: Priority) -> Option<&mut WatchedQueue> {
        self.queues.iter_mut().find(|queue| queue.priority == priority)
    }

    fn began(&mut self, priority: Priority) {
        if let Some(queue) = self.of(priority) {
            queue.in_hand += 1;
            queue.gave = true;
        }
    }

    fn ended(&mut self, priority: Priority) {
        if let Some(queue) = self.of(priority) {
            queue.in_hand = queue.in_hand.saturating_sub(1);
        }
    }

    /// The queue that must be asked for again, if there is one.
    async fn deaf(&mut self, connection: &Connection) -> Result<Option<Priority>, QueueUnavailable> {
        let doing = "look whether the queues are listened to";
        let limit = self.options.call_timeout;
        let channel = within(limit, doing, connection.create_channel()).await?;
        for queue in &mut self.queues {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
            let name = queue_name(self.options, queue.priority);
            let declared = channel.queue_declare(name.into(), passive, FieldTable::default());
            let found = within(limit, doing, declared).await?;
            let keeps_back = found.message_count() > 0 && queue.in_hand < queue.slots && !queue.gave;
            if found.consumer_count() == 0 || (keeps_back && queue.kept_back) {
                return Ok(Some(queue.priority));
            }
            (queue.kept_back, queue.gave) = (keeps_back, false);
        }
        let _ = within(limit, doing, channel.close(200, "done".into())).await;
        Ok(None)
    }
}

/// Hands deliveries to the handler until the connection breaks or the consumer is stopped, and waits for those that are
/// being handled: a new connection would be given as many again.
async fn work(
    options: &RabbitOptions,
    (connection, watch): (&Connection, &mut Watch<'_>),
    mut deliveries: Deliveries,
    handler: &Arc<dyn PermitHandler>,
    stopped: &CancellationToken,
) {
    let mut tasks = JoinSet::new();
    let mut look = tokio::time::interval_at(Instant::now() + WATCH_INTERVAL, WATCH_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopped.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                if let Ok(priority) = ended {
                    watch.ended(priority);
                }
            }
            _ = look.tick() => match watch.deaf(connection).await {
                Ok(None) => {}
                Ok(Some(priority)) => {
                    tracing::warn!(%priority, "a queue gives nothing out any more; all are asked again");
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "all queues are asked again");
                    break;
                }
            },
            next = deliveries.next() => match next {
                Some((priority, Some(Ok(delivery)))) => {
                    let (limit, handler) = (options.call_timeout, Arc::clone(handler));
                    watch.began(priority);
                    tasks.spawn(async move {
                        handle(limit, priority, delivery, handler).await;
                        priority
                    });
                }
                Some((_, Some(Err(error)))) => {
                    tracing::warn!(%error, "the connection to the broker broke");
                    break;
                }
                // Its queue was deleted: the others would go on, and nobody would hear of the one that is made anew.
                Some((priority, None)) => {
                    tracing::warn!(%priority, "a queue gives nothing out any more; all are asked again");
                    break;
                }
                None => break,
            },
        }
    }
    tasks.join_all().await;
}

async fn handle(limit: Duration, priority: Priority, delivery: Delivery, handler: Arc<dyn PermitHandler>) {
    let Some(campaign) = parse(&delivery.data) else {
        tracing::warn!(%priority, bytes = delivery.data.len(), "what is no permit goes to the dead letters");
        let rejected = delivery.acker.reject(BasicRejectOptions { requeue: false });
        let _ = within(limit, "reject what is no permit", rejected).await;
        return;
    };
    let permit = Permit { campaign, priority };
    let returned = tokio::spawn(async move { handler.handle(permit).await }).await;
    // An answer that the broker does not hear changes nothing: the permit comes again, and finds nothing to do.
    let answered = match returned {
        Ok(()) => within(limit, "acknowledge a permit", delivery.acker.ack(BasicAckOptions::default())).await,
        Err(error) => {
            tracing::error!(%error, campaign = %campaign.0, "a permit's handler broke off");
            let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
            within(limit, "give a permit back", delivery.acker.nack(again)).await
        }
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "the permit will come again");
    }
}

pub(crate) fn parse(body: &[u8]) -> Option<CampaignId> {
    let text = std::str::from_utf8(body).ok()?;
    Uuid::try_parse(text).ok().map(CampaignId)
}
