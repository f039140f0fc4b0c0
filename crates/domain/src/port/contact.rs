//! The port to the contacts.

use async_trait::async_trait;

use super::StoreError;
use crate::contact::{Contact, ContactId, ContactStatus, LineType};
use crate::lada::Lada;
use crate::phone::PhoneNumber;
use crate::state::StateCode;

/// Keeps the contacts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactStore: Send + Sync {
    /// The contact that has `phone`.
    async fn find_by_phone(&self, phone: PhoneNumber) -> Result<Option<Contact>, StoreError>;

    /// One contact.
    async fn find(&self, id: ContactId) -> Result<Option<Contact>, StoreError>;

    /// The contacts that pass `filter`, by ascending id, from behind `after` on.
    async fn page(
        &self,
        filter: ContactFilter,
        after: ContactId,
        limit: u16,
    ) -> Result<Vec<Contact>, StoreError>;
}

/// What contacts are listed by; what is `None` lets all pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactFilter {
    /// The state.
    pub state: Option<StateCode>,
    /// The area code.
    pub lada: Option<Lada>,
    /// The city, as it is stored.
    pub city: Option<String>,
    /// The line type.
    pub line_type: Option<LineType>,
    /// The status.
    pub status: Option<ContactStatus>,
}
