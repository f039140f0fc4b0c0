//! Publishing, with confirms, and looking how many wait.

use async_trait::async_trait;
use domain::campaign::Priority;
use domain::port::{Permit, PermitPublisher, QueueUnavailable};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation};

use crate::link::{connect, unavailable, within};
use crate::topology::{dead_letters_name, declare, queue_name};
use crate::{RabbitOptions, RabbitPermits};

/// A message that a broker writes to disk.
pub(crate) const PERSISTENT: u8 = 2;

impl RabbitPermits {
    /// Permits that wait in each queue.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn queue_depths(&self) -> Result<Vec<(Priority, u32)>, QueueUnavailable> {
        let mut depths = Vec::new();
        for priority in Priority::ALL {
            depths.push((priority, self.depth(&queue_name(&self.options, priority)).await?));
        }
        Ok(depths)
    }

    /// Dead letters that nobody has taken away.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn dead_letters(&self) -> Result<u32, QueueUnavailable> {
        self.depth(&dead_letters_name(&self.options)).await
    }

    /// Takes the queues of permits away with all that waits in them. Whoever works with them makes them again.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn delete_queues(&self) -> Result<(), QueueUnavailable> {
        self.on_channel(async |channel, options| {
            for priority in Priority::ALL {
                let name = queue_name(options, priority);
                let doing = format!("delete the queue {name}");
                let deleted = channel.queue_delete(name.into(), QueueDeleteOptions::default());
                within(options.call_timeout, &doing, deleted).await?;
            }
            Ok(())
        })
        .await
    }

    async fn depth(&self, queue: &str) -> Result<u32, QueueUnavailable> {
        let doing = format!("look how many wait in {queue}");
        self.on_channel(async |channel, options| {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
            let declared = channel.queue_declare(queue.into(), passive, FieldTable::default());
            within(options.call_timeout, &doing, declared).await.map(|queue| queue.message_count())
        })
        .await
    }

    /// Does something on the channel that is published on; a channel on which anything failed is not used again.
    async fn on_channel<T>(
        &self,
        act: impl AsyncFnOnce(&Channel, &RabbitOptions) -> Result<T, QueueUnavailable>,
    ) -> Result<T, QueueUnavailable> {
        let mut held = self.publishing.lock().await;
        let channel = match held.take().filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => open(&self.options).await?,
        };
        let outcome = act(&channel, &self.options).await;
        if outcome.is_ok() {
            *held = Some(channel);
        }
        outcome
    }
}

/// Whether the broker keeps what was published where it belongs.
pub(crate) fn confirmed(confirmation: &Confirmation, doing: &str) -> Result<(), QueueUnavailable> {
    match confirmation {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) => Err(unavailable(doing, "a permit's queue is not there")),
        Confirmation::Nack(_) => Err(unavailable(doing, "the broker refuses more: a queue is full")),
        Confirmation::NotRequested => Err(unavailable(doing, "the broker does not confirm")),
    }
}

async fn open(options: &RabbitOptions) -> Result<Channel, QueueUnavailable> {
    let connection = connect(options).await?;
    let channel = within(options.call_timeout, "open a channel", connection.create_channel()).await?;
    declare(&connection, &channel, options).await?;
    let confirms = channel.confirm_select(ConfirmSelectOptions::default());
    within(options.call_timeout, "ask for confirms", confirms).await?;
    Ok(channel)
}

#[async_trait]
impl PermitPublisher for RabbitPermits {
    async fn publish(&self, permits: Vec<Permit>) -> Result<(), QueueUnavailable> {
        let doing = "publish permits";
        self.on_channel(async |channel, options| {
            // All are sent before the first is waited for.
            let mut confirms = Vec::with_capacity(permits.len());
            for permit in &permits {
                let body = permit.campaign.0.to_string();
                let published = channel.basic_publish(
                    "".into(),
                    queue_name(options, permit.priority).into(),
                    BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() },
                    body.as_bytes(),
                    BasicProperties::default().with_delivery_mode(PERSISTENT),
                );
                confirms.push(within(options.call_timeout, doing, published).await?);
            }
            for confirm in confirms {
                confirmed(&within(options.call_timeout, doing, confirm).await?, doing)?;
            }
            Ok(())
        })
        .await
    }

    async fn ping(&self) -> Result<(), QueueUnavailable> {
        self.depth(&queue_name(&self.options, Priority::High)).await.map(drop)
    }
}
