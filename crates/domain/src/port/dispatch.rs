//! The ports to the sending engine: what workers claim, what they record of it, and what keeps it going.
//!
//! Leases, due times and deadlines are the store's clock.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Permit, ProviderEvent, StoreError};
use crate::campaign::CampaignId;
use crate::keyword::Reading;
use crate::message::Evidence;
use crate::phone::PhoneNumber;
use crate::sender::{SenderAddress, SenderId};

/// Why an attempt came to nothing through no fault of its sender: the next one goes by the same.
pub mod faultless {
    /// The claim's time was over.
    pub const LEASE_OVER: &str = "lease_over";
    /// The worker is ending.
    pub const DRAINING: &str = "draining";
    /// The campaign was paused.
    pub const HELD: &str = "held";
    /// No gateway of the sender's provider is set up.
    pub const NO_GATEWAY: &str = "no_gateway";
    /// The provider gives no answers, to whichever sender.
    pub const PROVIDER_AWAY: &str = "provider_away";
    /// Another message of the claim was told that the sender is blocked.
    pub const SENDER_BLOCKED: &str = "sender_blocked";
    /// The sender is too fast, and waits.
    pub const THROTTLED: &str = "throttled";

    /// All of them.
    pub const ALL: [&str; 7] =
        [LEASE_OVER, DRAINING, HELD, NO_GATEWAY, PROVIDER_AWAY, SENDER_BLOCKED, THROTTLED];
}

/// Gives out messages to send, and takes what became of them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Dispatch: Send + Sync {
    /// Claims the next messages of a campaign, at most a few hundred, and commits that before it returns: each is
    /// `Sending` with a new attempt number, no other claim gets it, and the sender's pace is debited. Messages to numbers
    /// that are suppressed by now, or were claimed for as often lately as the frequency cap allows, are `Skipped` instead.
    /// Nothing is claimed of a campaign that is not running, outside its window, behind the gate of its canary, or faster
    /// than its sender, the senders that messages of that one go by, its account and itself may send.
    async fn claim(&self, campaign: CampaignId) -> Result<Claimed, StoreError>;

    /// Records what became of attempts, each by its number: an outcome that comes late, twice or against better
    /// knowledge changes nothing that it may not (see `MessageState::after`). With `Remaining::Nothing` the claim ends.
    async fn record(
        &self,
        claim: ClaimId,
        outcomes: Vec<AttemptOutcome>,
        remaining: Remaining,
    ) -> Result<(), StoreError>;

    /// Keeps a sender from being claimed from for a time: its provider says that it is too fast.
    async fn slow_down(&self, sender: SenderId, pause: Duration) -> Result<(), StoreError>;

    /// Notes, for people to see, that a worker leaves a sender's provider alone for a time: it gives no answers. Nobody is kept from
    /// anything.
    async fn leave_alone(&self, sender: SenderId, pause: Duration) -> Result<(), StoreError>;

    /// Has messages that may go by another sender do so for a time: the provider will not have this one.
    async fn block(&self, sender: SenderId, pause: Duration) -> Result<(), StoreError>;

    /// Pauses a running campaign, with a reason that people can read; nothing is claimed from it after this returns.
    /// A campaign that is not running stays as it is.
    async fn hold(&self, campaign: CampaignId, reason: String) -> Result<(), StoreError>;
}

/// Identifies a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimId {
    /// The campaign it is of.
    pub campaign: CampaignId,
    /// Its number.
    pub number: i64,
}

/// What a call for work got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Messages to send. There may be none of them: all were skipped, and the claim must be ended all the same.
    Work(Claim),
    /// Nothing now.
    Nothing {
        /// When there may be something; `None` when nothing waits for a time.
        again_in: Option<Duration>,
    },
}

/// Messages that one worker alone may send, as long as the lease runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Identifies it.
    pub id: ClaimId,
    /// How long, from when the claim was asked for, attempts may begin.
    pub lease: Duration,
    /// The messages, by their place in the campaign.
    pub messages: Vec<ClaimedMessage>,
}

/// What a message goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The sender.
    pub sender: SenderId,
    /// The provider that sends for it.
    pub provider: String,
    /// What the message comes from.
    pub from: SenderAddress,
    /// Whether another sender is there that a further attempt may go by.
    pub has_others: bool,
}

/// A message to send.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// Its place in the campaign.
    pub seq: u32,
    /// The number of the attempt that the claim began.
    pub attempt: u16,
    /// To whom.
    pub to: PhoneNumber,
    /// The text.
    pub text: String,
    /// By what.
    pub hop: Arc<Hop>,
}

/// The text is personal.
impl std::fmt::Debug for ClaimedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimedMessage")
            .field("seq", &self.seq)
            .field("attempt", &self.attempt)
            .field("to", &self.to)
            .field("sender", &self.hop.sender)
            .finish_non_exhaustive()
    }
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// The message's place in the campaign.
    pub seq: u32,
    /// The attempt's number.
    pub attempt: u16,
    /// The sender that it went by.
    pub sender: SenderId,
    /// When it began.
    pub started_at: Timestamp,
    /// What it says of the message: `Accepted`, `Refused`, `RefusedForNow` or `NoAnswer`.
    pub evidence: Evidence,
    /// Why, as a short code, where it was not accepted.
    pub reason: Option<String>,
    /// The provider's id of the message, where it gave one.
    pub provider_id: Option<String>,
    /// Whether the number said no to its carrier; it is suppressed then.
    pub opted_out: bool,
    /// With `RefusedForNow`: how long to wait before the next attempt.
    pub retry_in: Duration,
}

/// Whether a claim still has messages without an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaining {
    /// Some.
    Some,
    /// None.
    Nothing,
}

/// Keeps the engine going, whoever died. Each method does a bounded part and says how much that was; any number of
/// workers may call them at once, and none does the work of another again.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Ends claims whose lease is over: what was still `Sending` by them becomes `Uncertain`.
    async fn give_up_lost(&self) -> Result<u64, StoreError>;

    /// Expires what waited for a receipt or an outcome beyond its deadline.
    async fn expire_overdue(&self) -> Result<u64, StoreError>;

    /// Has permits published for running campaigns that have work and seem forgotten.
    async fn revive_idle(&self) -> Result<u64, StoreError>;

    /// Completes the running campaigns whose messages are all final.
    async fn complete_finished(&self) -> Result<u64, StoreError>;

    /// Launches the scheduled campaigns whose time has come.
    async fn launch_scheduled(&self) -> Result<u64, StoreError>;

    /// Gives lanes whose hours are over the next ones of their window, by the clock of their zone.
    async fn reopen_lanes(&self) -> Result<u64, StoreError>;

    /// Lets the rest of a campaign go when its canary has turned out well, and pauses it when it has not.
    async fn judge_canaries(&self) -> Result<u64, StoreError>;

    /// Pauses running campaigns of which too much fails, too much has an unknown outcome or more was spent than may be,
    /// with a reason that people can read.
    async fn blow_fuses(&self) -> Result<u64, StoreError>;
}

/// Permits on their way to the queue.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PermitOutbox: Send + Sync {
    /// Takes permits whose time has come. They come again after a while unless they are confirmed.
    async fn take(&self) -> Result<Vec<OutboxPermit>, StoreError>;

    /// Forgets permits that the queue has.
    async fn confirm(&self, permits: Vec<OutboxPermit>) -> Result<(), StoreError>;

    /// Has one permit of a campaign published after `delay`, if it is still running.
    async fn permit_later(&self, campaign: CampaignId, delay: Duration) -> Result<(), StoreError>;
}

/// A permit in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxPermit {
    /// Its number there.
    pub number: i64,
    /// The permit.
    pub permit: Permit,
}

/// Keeps what providers post, and settles it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReceiptStore: Send + Sync {
    /// Keeps an event as it came, once however often it comes. Of what somebody wrote, how it was read and the suppression
    /// that follows from that are committed with it; after an opt-out what live campaigns have queued to the number becomes skipped.
    async fn keep(
        &self,
        provider: &'static str,
        event: ProviderEvent,
        written: Option<Reading>,
    ) -> Result<(), StoreError>;

    /// Settles the oldest events that nobody has looked at, at most a thousand: those that name an attempt of ours, and
    /// the phone it went to, become receipts and evidence; the others stay, with what is wrong with them. Returns how
    /// many were looked at.
    async fn settle(&self) -> Result<u64, StoreError>;

    /// Settles in the same way events whose message or attempt was not known when they were looked at, once it is time to look
    /// again: after a wait that doubles with each look, for a bounded time since they came. Then they stay.
    async fn settle_again(&self) -> Result<u64, StoreError>;
}

/// What somebody who wrote to us decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentChange {
    /// Never again.
    OptOut,
    /// Again, after all.
    OptIn,
}
