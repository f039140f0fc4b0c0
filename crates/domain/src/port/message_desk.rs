//! The port to single messages, and to what became of a number in a campaign.

use async_trait::async_trait;

use super::{LeftOut, Message, StoreError, WriteError};
use crate::campaign::{Campaign, CampaignId, CampaignKind, Priority};
use crate::contact::ContactId;
use crate::message::MessageId;
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::segment::Segment;
use crate::sender::SenderId;
use crate::sms::SmsText;

/// Takes single messages in, and says what became of numbers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MessageDesk: Send + Sync {
    /// Takes messages in: all of them, or none where one is to a number that is barred by then. Each is a frozen campaign of its own that
    /// runs, with one lane and a permit, so that the engine sends it by the same rules as all others; audit lines and
    /// idempotency key are written with them. Messages whose key and body were seen before are not sent again, and what
    /// was answered then is answered again. `Conflict` when the sender does not exist.
    async fn send(&self, order: SingleOrder, envelope: Envelope) -> Result<Taken, WriteError>;

    /// What messages with this key were answered, if any were sent.
    async fn replay(&self, envelope: Envelope) -> Result<Option<Vec<Message>>, WriteError>;

    /// What is written down of a number in a campaign, and how `segment`, which is the campaign's, judges it now. None
    /// when there is no such campaign.
    async fn trace(
        &self,
        campaign: Campaign,
        segment: Segment,
        phone: PhoneNumber,
    ) -> Result<Option<Trace>, StoreError>;
}

/// Messages to be, from one sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleOrder {
    /// Single messages, or tests.
    pub kind: CampaignKind,
    /// The campaign that is tested, where one is.
    pub tested: Option<CampaignId>,
    /// What they come from.
    pub sender: SenderId,
    /// Which messages they go before.
    pub priority: Priority,
    /// The messages, at least one; no two to one number.
    pub messages: Vec<SingleMessage>,
}

/// A single message to be.
#[derive(Clone, PartialEq, Eq)]
pub struct SingleMessage {
    /// The campaign that it will be.
    pub campaign: CampaignId,
    /// What that is called.
    pub name: String,
    /// To which number.
    pub to: PhoneNumber,
    /// The time zone there, as the IANA database names it.
    pub zone: String,
    /// The text.
    pub text: SmsText,
}

/// The text is personal.
impl std::fmt::Debug for SingleMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SingleMessage")
            .field("campaign", &self.campaign)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// What became of messages that were to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// They are in the queue, in their order.
    Queued(Vec<Message>),
    /// None is: these, by their places, must not be written to.
    Barred(Vec<(usize, LeftOut)>),
}

/// What is known of a number in a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trace {
    /// Its message, if it has one.
    pub message: Option<MessageId>,
    /// Whose it is.
    pub contact: Option<ContactId>,
    /// Why the freezing left it out, if it did.
    pub left_out: Option<LeftOut>,
    /// Whether the freezing has come past its contact.
    pub is_passed: bool,
    /// How the segment judges it now; `None` when it is not in it.
    pub judged: Option<Judged>,
}

/// How a segment judges somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Why it would be left out, if it would.
    pub left_out: Option<LeftOut>,
    /// Whether it is among those that the campaign takes; `None` while they are not drawn.
    pub is_drawn: Option<bool>,
}
