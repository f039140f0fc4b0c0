//! What people wrote to us.

use async_trait::async_trait;

use super::StoreError;
use crate::inbound::{Inbound, InboundDecision};
use crate::phone::PhoneNumber;
use crate::request::Envelope;

/// Which of what people wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboundFilter {
    /// Of this number.
    pub phone: Option<PhoneNumber>,
    /// Only what is doubtful and nobody has looked at.
    pub waits: bool,
}

/// What people wrote, for people to look at.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InboundDesk: Send + Sync {
    /// What people wrote, the latest first, from behind `after` on.
    async fn page(
        &self,
        filter: InboundFilter,
        after: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Inbound>, StoreError>;

    /// Notes what somebody decided, with what follows from it for the number, and the audit line. A decision may be changed: the
    /// last one holds. Nothing when there is no such text.
    async fn review(
        &self,
        id: i64,
        decision: InboundDecision,
        envelope: Envelope,
    ) -> Result<Option<Inbound>, StoreError>;
}
