//! The port to the inbox of what providers post.

use async_trait::async_trait;

use super::{ProviderEvent, StoreError};

/// Keeps what providers post, before anything is made of it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReceiptInbox: Send + Sync {
    /// Keeps `event` of `provider` with its whole payload, to be worked off later; when this returns it is durable, and
    /// the provider may be told so.
    ///
    /// Idempotent: an event whose id is there already, of the same provider, changes nothing and is no error. What it
    /// says is not judged here, be it of a message that nobody knows. After `Unavailable` the provider must be asked to
    /// post it again.
    async fn keep(&self, provider: &'static str, event: ProviderEvent) -> Result<(), StoreError>;
}
