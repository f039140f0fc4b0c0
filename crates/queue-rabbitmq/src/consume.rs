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
};
use lapin::types::FieldTable;
use lapin::{Connection, Consumer};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::link::{connect, within};
use crate::topology::{declare, queue_name};
use crate::{RabbitOptions, RabbitPermits};

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
        while !stopped.is_cancelled() {
            match subscribe(&self.options, &slots).await {
                Ok((connection, deliveries)) => {
                    wait = first_wait;
                    work(&self.options, deliveries, &handler, &stopped).await;
                    // What is left unacknowledged comes again, to whoever is connected then.
                    let closed = connection.close(200, "done".into());
                    let _ = within(self.options.call_timeout, "close the connection", closed).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the queue will be tried again");
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

/// Connects and asks for permits: of each queue at most as many at a time as it has slots.
async fn subscribe(
    options: &RabbitOptions,
    slots: &[(Priority, u16)],
) -> Result<(Connection, Deliveries), QueueUnavailable> {
    let doing = "ask for permits";
    let connection = connect(options).await?;
    let mut queues = Vec::new();
    for (priority, slots) in slots.iter().copied() {
        let channel = within(options.call_timeout, doing, connection.create_channel()).await?;
        declare(&channel, options).await?;
        within(options.call_timeout, doing, channel.basic_qos(slots, BasicQosOptions::default())).await?;
        let consuming = channel.basic_consume(
            queue_name(options, priority).into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer: Consumer = within(options.call_timeout, doing, consuming).await?;
        let delivered = consumer.map(Some).chain(stream::once(async { None }));
        queues.push(delivered.map(move |delivery| (priority, delivery)).boxed());
    }
    Ok((connection, select_all(queues)))
}

/// Hands deliveries to the handler until the connection breaks or the consumer is stopped, and waits for those that are
/// being handled: a new connection would be given as many again.
async fn work(
    options: &RabbitOptions,
    mut deliveries: Deliveries,
    handler: &Arc<dyn PermitHandler>,
    stopped: &CancellationToken,
) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped.cancelled() => break,
            Some(_) = tasks.join_next() => {}
            next = deliveries.next() => match next {
                Some((priority, Some(Ok(delivery)))) => {
                    let handler = Arc::clone(handler);
                    tasks.spawn(handle(options.call_timeout, priority, delivery, handler));
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
