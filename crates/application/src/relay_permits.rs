//! Permits are carried from the outbox to the queue.

use std::sync::Arc;

use domain::port::{PermitOutbox, PermitPublisher, QueueUnavailable, StoreError};

/// Publishes permits whose time has come.
pub struct RelayPermits {
    /// Where they wait.
    pub outbox: Arc<dyn PermitOutbox>,
    /// The way to the queue.
    pub publisher: Arc<dyn PermitPublisher>,
}

/// Why permits still wait.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The outbox could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue did not confirm them.
    #[error(transparent)]
    Queue(#[from] QueueUnavailable),
}

impl RelayPermits {
    /// Publishes what is due now, once, and returns how many permits that were.
    ///
    /// # Errors
    /// When outbox or queue are away. What was not confirmed comes again, and a permit too many does nothing.
    pub async fn execute(&self) -> Result<usize, RelayError> {
        let due = self.outbox.take().await?;
        if due.is_empty() {
            return Ok(0);
        }
        self.publisher.publish(due.iter().map(|permit| permit.permit).collect()).await?;
        let published = due.len();
        self.outbox.confirm(due).await?;
        Ok(published)
    }
}

#[cfg(test)]
mod tests {
    use domain::campaign::{CampaignId, Priority};
    use domain::port::{MockPermitOutbox, MockPermitPublisher, OutboxPermit, Permit};
    use uuid::Uuid;

    use super::*;

    fn due() -> Vec<OutboxPermit> {
        let permit = Permit { campaign: CampaignId(Uuid::from_u128(7)), priority: Priority::Bulk };
        vec![OutboxPermit { number: 3, permit }]
    }

    #[tokio::test]
    async fn a_permit_is_forgotten_only_after_the_queue_has_it() {
        let mut outbox = MockPermitOutbox::new();
        outbox.expect_take().returning(|| Ok(due()));
        let mut publisher = MockPermitPublisher::new();
        publisher
            .expect_publish()
            .times(1)
            .returning(|_| Err(QueueUnavailable { doing: "publish".to_owned(), reason: "away".to_owned() }));
        outbox.expect_confirm().never();
        let relay = RelayPermits { outbox: Arc::new(outbox), publisher: Arc::new(publisher) };
        assert!(matches!(relay.execute().await, Err(RelayError::Queue(_))));
    }

    #[tokio::test]
    async fn what_was_published_is_confirmed_and_nothing_is_published_when_nothing_is_due() {
        let mut outbox = MockPermitOutbox::new();
        let mut takes = [due(), Vec::new()].into_iter();
        outbox.expect_take().times(2).returning(move || Ok(takes.next().unwrap()));
        outbox.expect_confirm().withf(|permits| *permits == due()).times(1).returning(|_| Ok(()));
        let mut publisher = MockPermitPublisher::new();
        publisher
            .expect_publish()
            .withf(|permits| permits[0] == due()[0].permit)
            .times(1)
            .returning(|_| Ok(()));
        let relay = RelayPermits { outbox: Arc::new(outbox), publisher: Arc::new(publisher) };
        assert_eq!(relay.execute().await.unwrap(), 1);
        assert_eq!(relay.execute().await.unwrap(), 0);
    }
}
