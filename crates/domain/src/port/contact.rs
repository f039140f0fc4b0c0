//! The port to the contacts.

use async_trait::async_trait;

use super::StoreError;
use crate::contact::Contact;
use crate::phone::PhoneNumber;

/// Keeps the contacts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactStore: Send + Sync {
    /// The contact that has `phone`.
    async fn find_by_phone(&self, phone: PhoneNumber) -> Result<Option<Contact>, StoreError>;
}
