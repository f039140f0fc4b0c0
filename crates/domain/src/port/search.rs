//! The port to the search for contacts.

use async_trait::async_trait;

use super::{ContactFilter, StoreError};
use crate::contact::{Contact, ContactId};
use crate::search::ContactQuery;

/// Finds contacts by what people type.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactSearch: Send + Sync {
    /// The contacts that are searched for and pass `filter`, by ascending id, from behind `after` on. `Unavailable` when it
    /// takes too long.
    async fn page(
        &self,
        query: ContactQuery,
        filter: ContactFilter,
        after: ContactId,
        limit: u16,
    ) -> Result<FoundPage, StoreError>;

    /// How many there are, counted no further than `most`; `None` when even that takes too long.
    async fn count(
        &self,
        query: ContactQuery,
        filter: ContactFilter,
        most: u32,
    ) -> Result<Option<u32>, StoreError>;
}

/// Some of the contacts that are searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// They.
    pub contacts: Vec<Contact>,
    /// How many there are behind `after`, where finding these told it.
    pub found: Option<u64>,
}
