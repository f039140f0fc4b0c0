//! The ports to a provider of messages, and to what it posts back.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::message::AttemptRef;
use crate::phone::PhoneNumber;
use crate::sender::SenderAddress;

/// Hands messages to a provider.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SmsGateway: Send + Sync {
    /// Makes one attempt: one call to the provider, never two, within a bounded time. Everything that can happen is an
    /// outcome. `NotSent`, `Unreachable`, `Throttled`, `CannotReach` and those that are blocked only where the provider certainly did not take the
    /// message; whatever may have left without an answer is `Unknown`.
    async fn send(&self, message: OutboundMessage) -> SendOutcome;
}

/// One attempt to send one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    /// Which attempt; it comes back with the receipts.
    pub attempt: AttemptRef,
    /// To whom.
    pub to: PhoneNumber,
    /// From what.
    pub from: SenderAddress,
    /// The text, as it was frozen.
    pub text: String,
}

/// What became of an attempt. `reason` is a short code, stable over time, as in `landline` or `timeout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The provider took it.
    Accepted {
        /// The provider's id of it.
        provider_id: String,
    },
    /// The provider refused it for good.
    Refused {
        /// Why.
        reason: String,
        /// Whether the number said no to the carrier, and must be suppressed.
        opted_out: bool,
    },
    /// It was certainly not taken and may be tried again: the provider said so, or we never called it.
    NotSent {
        /// Why.
        reason: String,
    },
    /// Certainly not taken: the provider was not reached, and no byte left.
    Unreachable {
        /// Why.
        reason: String,
    },
    /// Certainly not taken: the sender is too fast.
    Throttled {
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Certainly not taken: the account is closed, out of credit or over its limit, and no message of it will be.
    AccountBlocked {
        /// Why, in words that people can read.
        reason: String,
    },
    /// Certainly not taken: the sender is not registered, not known or blocked, and no message of it will be. Another
    /// sender of the account may do.
    SenderBlocked {
        /// Why, in words that people can read.
        reason: String,
    },
    /// Certainly not taken: this sender cannot write to this number, and another may.
    CannotReach {
        /// Why.
        reason: String,
    },
    /// It may have been taken, and nobody knows.
    Unknown {
        /// What happened instead of an answer.
        reason: String,
    },
}

/// Reads what a provider posts to us.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait ProviderWebhooks: Send + Sync {
    /// The provider's name, as in `telnyx`.
    fn provider(&self) -> &'static str;

    /// Verifies the signature over the raw body against `now`, then reads the event. `query` is the query of the address
    /// it was posted to.
    ///
    /// # Errors
    /// `Unsigned` before anything of the body was looked at; `Unreadable` when it is signed but is no event.
    #[expect(clippy::elidable_lifetime_names, reason = "the mock needs the lifetime by its name")]
    fn read<'post>(&self, post: WebhookPost<'post>, now: Timestamp) -> Result<ProviderEvent, WebhookRefused>;
}

/// What was posted.
#[derive(Debug, Clone, Copy)]
pub struct WebhookPost<'a> {
    /// The header with the signature.
    pub signature: Option<&'a str>,
    /// The header with the time that was signed.
    pub timestamp: Option<&'a str>,
    /// The query of the address, without `?`.
    pub query: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// Why a post was refused. None tells the poster more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// No signature, a wrong one, or one that is too old or too new.
    #[error("the signature is missing, wrong or out of its time")]
    Unsigned,
    /// Signed, but of no form that we know.
    #[error("the body is no event")]
    Unreadable,
}

/// Something that a provider told us, as it told it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider's id of the event; a repeat has the same.
    pub id: String,
    /// The provider's name of its kind, as in `message.finalized`.
    pub kind: String,
    /// The attempt that its address names. It stands outside the signature.
    pub reference: Option<AttemptRef>,
    /// The provider's id of the message.
    pub provider_id: Option<String>,
    /// The phone in the signed body: the addressee of a receipt, the writer of an inbound message.
    pub phone: Option<PhoneNumber>,
    /// What it says of the message.
    pub report: Report,
    /// When the provider says it happened.
    pub occurred_at: Option<Timestamp>,
    /// The whole body, JSON as text.
    pub payload: String,
}

/// The payload holds personal data.
impl std::fmt::Debug for ProviderEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderEvent")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("reference", &self.reference)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// What an event says.
#[derive(Clone, PartialEq, Eq)]
pub enum Report {
    /// The message is on its way.
    Sent,
    /// It arrived.
    Delivered,
    /// It will not arrive.
    Undelivered {
        /// Why, as a short code.
        reason: String,
        /// Whether the number said no to the carrier, and must be suppressed.
        opted_out: bool,
    },
    /// Somebody wrote to us.
    Inbound {
        /// What they wrote.
        text: String,
    },
    /// A status that we do not know: it is kept, counted and changes nothing.
    Other {
        /// The provider's word.
        status: String,
    },
}

/// What people wrote is shown nowhere.
impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sent => f.write_str("Sent"),
            Self::Delivered => f.write_str("Delivered"),
            Self::Undelivered { reason, .. } => write!(f, "Undelivered({reason})"),
            Self::Inbound { .. } => f.write_str("Inbound(•••)"),
            Self::Other { status } => write!(f, "Other({status})"),
        }
    }
}
