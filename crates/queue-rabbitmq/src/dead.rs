//! Looking after the queues: how many wait, and what becomes of dead letters.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::campaign::Priority;
use domain::port::{PermitQueues, QueueDepths, QueueUnavailable, Requeued};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::AMQPValue;
use lapin::{BasicProperties, Channel, Connection};

use crate::consume::parse;
use crate::link::{connect, within};
use crate::publish::{PERSISTENT, confirmed};
use crate::topology::{dead_letters_name, declare, queue_name};
use crate::{RabbitOptions, RabbitPermits};

/// However many letters there are, one call works no longer than this.
const WORK_MAX: Duration = Duration::from_secs(10);

/// The header in which a broker names the queue that a letter died in.
const DIED_IN: &str = "x-first-death-queue";

#[async_trait]
impl PermitQueues for RabbitPermits {
    async fn depths(&self) -> Result<QueueDepths, QueueUnavailable> {
        let waiting = self.queue_depths().await?;
        let named = |(priority, depth)| (queue_name(&self.options, priority), priority, depth);
        Ok(QueueDepths {
            waiting: waiting.into_iter().map(named).collect(),
            dead_letters: self.dead_letters().await?,
        })
    }

    async fn requeue_dead(&self, most: u16) -> Result<Requeued, QueueUnavailable> {
        let (connection, channel) = open(&self.options).await?;
        let mut outcome = Requeued::default();
        let started = Instant::now();
        for _ in 0..most {
            if started.elapsed() > WORK_MAX {
                break;
            }
            let Some(letter) = take(&channel, &self.options, BasicGetOptions { no_ack: false }).await? else {
                break;
            };
            // What is no permit is held back until the connection is closed, which gives it back.
            if parse(&letter.data).is_none() {
                outcome.kept += 1;
                continue;
            }
            requeue(&channel, &self.options, &letter).await?;
            let doing = "take a dead letter away";
            within(self.options.call_timeout, doing, letter.acker.ack(BasicAckOptions::default())).await?;
            outcome.requeued += 1;
        }
        close(&connection, &self.options).await;
        Ok(outcome)
    }

    async fn purge_dead(&self, most: u16) -> Result<u64, QueueUnavailable> {
        let (connection, channel) = open(&self.options).await?;
        let mut purged = 0;
        let started = Instant::now();
        while purged < u64::from(most) && started.elapsed() <= WORK_MAX {
            if take(&channel, &self.options, BasicGetOptions { no_ack: true }).await?.is_none() {
                break;
            }
            purged += 1;
        }
        close(&connection, &self.options).await;
        Ok(purged)
    }
}

/// A connection of one call's own: what it holds unacknowledged is given back with it, however the call ends.
async fn open(options: &RabbitOptions) -> Result<(Connection, Channel), QueueUnavailable> {
    let connection = connect(options).await?;
    let channel = within(options.call_timeout, "open a channel", connection.create_channel()).await?;
    declare(&connection, &channel, options).await?;
    let confirms = channel.confirm_select(ConfirmSelectOptions::default());
    within(options.call_timeout, "ask for confirms", confirms).await?;
    Ok((connection, channel))
}

async fn close(connection: &Connection, options: &RabbitOptions) {
    let closed = connection.close(200, "done".into());
    // What was acknowledged is done, whether or not the broker hears this.
    let _ = within(options.call_timeout, "close the connection", closed).await;
}

async fn take(
    channel: &Channel,
    options: &RabbitOptions,
    how: BasicGetOptions,
) -> Result<Option<Delivery>, QueueUnavailable> {
    let got = channel.basic_get(dead_letters_name(options).into(), how);
    Ok(within(options.call_timeout, "take a dead letter", got).await?.map(|letter| letter.delivery))
}

async fn requeue(
    channel: &Channel,
    options: &RabbitOptions,
    letter: &Delivery,
) -> Result<(), QueueUnavailable> {
    let doing = "give a dead letter out again";
    let published = channel.basic_publish(
        "".into(),
        queue_name(options, died_in(letter, options)).into(),
        BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() },
        &letter.data,
        BasicProperties::default().with_delivery_mode(PERSISTENT),
    );
    let confirm = within(options.call_timeout, doing, published).await?;
    confirmed(&within(options.call_timeout, doing, confirm).await?, doing)
}

/// The priority of the queue that a letter was in; an ordinary one where the broker does not say.
fn died_in(letter: &Delivery, options: &RabbitOptions) -> Priority {
    let headers = letter.properties.headers().as_ref().map(lapin::types::FieldTable::inner);
    let queue = match headers.and_then(|headers| headers.get(DIED_IN)) {
        Some(AMQPValue::LongString(name)) => name.to_string(),
        _ => return Priority::Normal,
    };
    Priority::ALL
        .into_iter()
        .find(|priority| queue_name(options, *priority) == queue)
        .unwrap_or(Priority::Normal)
}
