//! The ports to what a provider has on record of messages, and to what was billed for them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{ProviderEvent, StoreError};
use crate::billing::{Bill, BillTally, CampaignBill, DifferingMessage};
use crate::campaign::CampaignId;
use crate::message::{AttemptRef, MessageState};
use crate::phone::PhoneNumber;

/// What a provider has on record. Asking costs nothing and sends nothing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProviderRecords: Send + Sync {
    /// The provider's name, as in `telnyx`.
    fn provider(&self) -> &'static str;

    /// What is billed for the message that this payload speaks of, a receipt's or a record's; `None` where it does not say.
    fn bill(&self, payload: &str) -> Option<Bill>;

    /// The records of messages to a number within a time, as events, the latest first; the first page of them. That there is none
    /// says nothing: records come late.
    async fn find(&self, question: RecordQuestion) -> Result<Vec<ProviderEvent>, RecordsUnavailable>;
}

/// A message of which the provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordQuestion {
    /// The attempt in question.
    pub attempt: AttemptRef,
    /// To whom it went.
    pub phone: PhoneNumber,
    /// What it came from, as the provider knows it.
    pub sender: String,
    /// From when on a record of it may be.
    pub from: Timestamp,
    /// Before when.
    pub until: Timestamp,
}

/// The provider does not answer, or not now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records of the provider are not to be had: {reason}")]
pub struct RecordsUnavailable {
    /// Why, as a short code.
    pub reason: String,
    /// How long it asks us to wait.
    pub retry_after: Option<Duration>,
}

/// Knows which messages the provider is to be asked of, and keeps what was billed.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RecordDesk: Send + Sync {
    /// Takes attempts with an unknown outcome, at most so many, each with its provider, and notes that it is asked now: it comes again after
    /// a wait that doubles. Nothing when another worker asks, or asked a moment ago.
    async fn take_questions(&self, most: u16) -> Result<Vec<(String, RecordQuestion)>, StoreError>;

    /// The next messages of a campaign that ended long enough ago and whose bill is not whole; `None` when there is no such campaign.
    async fn next_to_bill(&self) -> Result<Option<BillSlice>, StoreError>;

    /// Adds what was billed for a slice. A slice that was added before changes nothing.
    async fn add_to_bill(&self, step: BillStep) -> Result<(), StoreError>;

    /// The bill of a campaign; `None` when there is no such campaign.
    async fn bill(&self, campaign: CampaignId) -> Result<Option<CampaignBill>, StoreError>;
}

/// Messages of a campaign, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillSlice {
    /// The campaign.
    pub campaign: CampaignId,
    /// The provider that sent them.
    pub provider: String,
    /// What they came from.
    pub sender: String,
    /// The place behind which they are.
    pub after: u32,
    /// The messages; none when all were looked at.
    pub messages: Vec<BilledMessage>,
}

/// A message with what the provider told of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BilledMessage {
    /// Its place in the campaign.
    pub seq: u32,
    /// Its last attempt.
    pub attempt: u16,
    /// To whom.
    pub phone: PhoneNumber,
    /// Where it stands.
    pub state: MessageState,
    /// Why, where that is told.
    pub reason: Option<String>,
    /// How many segments it was reckoned to have.
    pub segments: u16,
    /// From when on it may have been sent.
    pub from: Timestamp,
    /// Before when.
    pub until: Timestamp,
    /// The payloads of its receipts, the latest first; some of them where there are many.
    pub payloads: Vec<String>,
}

/// Payloads hold personal data.
impl std::fmt::Debug for BilledMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BilledMessage")
            .field("seq", &self.seq)
            .field("state", &self.state)
            .field("payloads", &self.payloads.len())
            .finish_non_exhaustive()
    }
}

/// What was billed for a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillStep {
    /// The campaign.
    pub campaign: CampaignId,
    /// The place behind which the slice is.
    pub after: u32,
    /// Its last place; `None` when there was none behind `after`, and the bill is whole.
    pub up_to: Option<u32>,
    /// What it comes to.
    pub tally: BillTally,
    /// The messages that differ.
    pub differing: Vec<DifferingMessage>,
}
