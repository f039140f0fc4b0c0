//! What people wrote to us.

use async_trait::async_trait;

use super::StoreError;
use crate::campaign::CampaignId;
use crate::inbound::{Inbound, InboundDecision};
use crate::keyword::Meaning;
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::sender::SenderId;

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

    /// People who wrote one of the words to a sender that can be answered and were not answered yet, the first first: one of each
    /// meaning a number and day.
    async fn due_replies(&self, limit: u16) -> Result<Vec<DueReply>, StoreError>;

    /// Notes what came of answering. Nothing when that is noted already.
    async fn close_reply(&self, id: i64, outcome: ReplyOutcome) -> Result<(), StoreError>;
}

/// Somebody who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueReply {
    /// Identifies the answer.
    pub id: i64,
    /// To whom.
    pub to: PhoneNumber,
    /// What they wrote.
    pub meaning: Meaning,
    /// Whose message they answered.
    pub sender: SenderId,
}

/// What came of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// It is in the queue, as this campaign.
    Sent(CampaignId),
    /// The number is barred by more than its own no.
    Barred,
    /// There is nothing to be said.
    NoText,
}
