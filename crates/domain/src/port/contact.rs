//! The port to the contacts.

use async_trait::async_trait;

use super::{StoreError, WriteError};
use crate::contact::{Contact, ContactId, ContactStatus, LineType, NewContact};
use crate::lada::Lada;
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::state::StateCode;

/// Keeps the contacts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactStore: Send + Sync {
    /// Adds a contact, with its audit line and its idempotency key or not at all. A number that is there already changes
    /// nothing. A change whose key and body were seen before is not made again, and what it answered then is answered.
    async fn add<'a>(&self, contact: NewContact<'a>, envelope: Envelope) -> Result<AddedContact, WriteError>;

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

/// What became of a contact that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedContact {
    /// It is there now.
    New(Box<Contact>),
    /// Its number is somebody's already.
    Taken(ContactId),
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
