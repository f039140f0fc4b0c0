//! The ports to campaigns, their audiences and their messages.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;

use super::StoreError;
use crate::campaign::{Campaign, CampaignAction, CampaignId, Opening, Previewed, UnknownLineTypes};
use crate::contact::{Contact, ContactId};
use crate::message::{MessageId, MessageState};
use crate::money::Money;
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::segment::Segment;
use crate::sender::{Sender, SenderId, SenderIdentity, SenderRoute};

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key was used before, for another request.
    #[error("the Idempotency-Key was used before with another request; give a new key")]
    KeyReused,
}

/// Keeps campaigns. Every change writes its audit line and its idempotency key with it, or nothing; a change whose key
/// and body were seen before is not made again, and what it answered then is answered again.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CampaignStore: Send + Sync {
    /// Adds a draft. `Conflict` when its sender does not exist.
    async fn add(&self, campaign: Campaign, envelope: Envelope) -> Result<Campaign, WriteError>;

    /// What a change with this key answered, if one was made.
    async fn replay(&self, envelope: Envelope) -> Result<Option<Campaign>, WriteError>;

    /// Writes a campaign that an action has changed, with what follows from it: its lanes run or stop, permits are
    /// published. `Conflict` when it is not of the version before any more.
    async fn record(
        &self,
        changed: Campaign,
        action: CampaignAction,
        envelope: Envelope,
    ) -> Result<Campaign, WriteError>;

    /// Writes the plan of a campaign that people have changed: all of a draft's, the limits of one that runs, whose pace
    /// they set at once. `Conflict` when it is not of the version before any more, or its sender does not exist.
    async fn revise(&self, changed: Campaign, envelope: Envelope) -> Result<Campaign, WriteError>;

    /// Removes a draft. `Conflict` when it is none any more.
    async fn remove(&self, id: CampaignId, envelope: Envelope) -> Result<(), WriteError>;

    /// Keeps what a preview said, if the campaign is still of its version.
    async fn keep_preview(&self, id: CampaignId, previewed: Previewed) -> Result<(), StoreError>;

    /// One campaign.
    async fn find(&self, id: CampaignId) -> Result<Option<Campaign>, StoreError>;

    /// Campaigns to segments by descending id, from below `before` on: neither single messages nor tests.
    async fn page(&self, before: Option<CampaignId>, limit: u16) -> Result<Vec<Campaign>, StoreError>;

    /// A campaign's messages by state; the numbers add up to its audience.
    async fn progress(&self, id: CampaignId) -> Result<Progress, StoreError>;

    /// A campaign's messages by their place, from behind `after` on.
    async fn messages(
        &self,
        id: CampaignId,
        state: Option<MessageState>,
        after: u32,
        limit: u16,
    ) -> Result<Vec<Message>, StoreError>;

    /// One message with its attempts and receipts.
    async fn message(&self, id: MessageId) -> Result<Option<MessageHistory>, StoreError>;
}

/// How far a campaign is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Messages by state.
    pub counts: BTreeMap<MessageState, u64>,
    /// Segments of those that were sent.
    pub segments_sent: u64,
    /// Its lanes that still have something to claim or to try again.
    pub lanes: Vec<LaneProgress>,
    /// The pace that nothing may be claimed by at the moment, where there is one.
    pub pace: Option<HeldPace>,
}

/// How far the messages of one time zone are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneProgress {
    /// The zone, as the IANA database names it.
    pub zone: String,
    /// Messages that were never claimed.
    pub unclaimed: u32,
    /// Those of them that may be claimed: not behind the gate of a canary.
    pub claimable: u32,
    /// Whether a canary holds it.
    pub is_gated: bool,
    /// When it opens, where it is not open.
    pub opens_at: Option<Timestamp>,
    /// When the first of the messages that are tried again may be.
    pub retry_at: Option<Timestamp>,
}

/// A pace that was used up.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldPace {
    /// Whose it is.
    pub owner: PaceOwner,
    /// Messages a second.
    pub per_second: f64,
    /// Until when its provider is left alone: it asked for that, or gives a worker no answers.
    pub paused_until: Option<Timestamp>,
}

/// Whose pace something goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceOwner {
    /// The account with the provider.
    Account,
    /// The campaign.
    Campaign,
    /// The sender.
    Sender,
}

/// A message as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifies it.
    pub id: MessageId,
    /// To whom.
    pub to: PhoneNumber,
    /// Where it stands.
    pub state: MessageState,
    /// Why, as a short code.
    pub reason: Option<String>,
    /// Its attempts so far.
    pub attempts: u16,
    /// The segments of its text.
    pub segments: u16,
    /// When it came into its state.
    pub changed_at: Timestamp,
}

/// A message with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHistory {
    /// The message.
    pub message: Message,
    /// Its text.
    pub text: String,
    /// Its attempts, the first first.
    pub attempts: Vec<Attempt>,
    /// Its receipts, the first first.
    pub receipts: Vec<Receipt>,
}

/// One attempt as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number.
    pub number: u16,
    /// What became of it.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// The sender that it went by; `None` where its worker died.
    pub sender: Option<SenderId>,
    /// When it began; `None` where its worker died.
    pub started_at: Option<Timestamp>,
    /// When that was known.
    pub finished_at: Timestamp,
}

/// One receipt as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Of which attempt.
    pub attempt: u16,
    /// What it says.
    pub status: String,
    /// When the provider says it happened.
    pub occurred_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
}

/// How many contacts a segment means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentCount {
    /// Counted, by the code of the state; `None` are those without one.
    Exact(BTreeMap<Option<String>, u64>),
    /// Counted as a whole.
    Total(u64),
    /// What the store reckons without counting.
    Estimated(u64),
}

/// Counts audiences, and freezes them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AudienceStore: Send + Sync {
    /// Who a segment means, and why some of them are not in the audience.
    async fn count(
        &self,
        segment: Segment,
        unknown_line_types: UnknownLineTypes,
    ) -> Result<AudienceCount, StoreError>;

    /// How many seed numbers nobody has barred.
    async fn count_seeds(&self) -> Result<u64, StoreError>;

    /// Some contacts of the audience, the same ones every time; none where looking for them takes longer than `within`.
    async fn sample(
        &self,
        segment: Segment,
        unknown_line_types: UnknownLineTypes,
        limit: u16,
        within: Duration,
    ) -> Result<Vec<Contact>, StoreError>;

    /// Who a segment means, by state; an estimate of the whole where counting takes longer than `within`.
    async fn count_by_state(&self, segment: Segment, within: Duration) -> Result<SegmentCount, StoreError>;

    /// Takes a campaign that is being prepared, and how far its freezing is; no other worker is given it while slices are
    /// appended. None while contacts are loaded for the first time: an audience would be a part of itself.
    async fn next_to_freeze(&self) -> Result<Option<Freezing>, StoreError>;

    /// Whom the segment means behind where a freezing is, by id, so many at a time, each with the reason for which it is
    /// left out where there is one. Read as it is asked for: a reader that is dropped reads no further.
    async fn members(
        &self,
        freezing: Freezing,
        segment: Segment,
        limit: u16,
    ) -> Result<BoxStream<'static, Result<Vec<Member>, StoreError>>, StoreError>;

    /// The seed numbers that go with so many messages, one for each full thousand, the least used first, without those
    /// that are among the campaign's messages already or are barred. They are counted as used.
    async fn seeds(&self, freezing: Freezing) -> Result<Vec<PhoneNumber>, StoreError>;

    /// Writes the messages of a slice, and how far that is. `Conflict` when another was there first, or the campaign is
    /// not being prepared any more.
    async fn append_slice(&self, freezing: Freezing, slice: Slice) -> Result<Freezing, StoreError>;

    /// The lanes of a freezing: the time zones of its messages.
    async fn zones(&self, freezing: Freezing) -> Result<Vec<String>, StoreError>;

    /// Ends the freezing: the campaign runs, its lanes are given their times, its permits are published; or it is paused
    /// where there is a reason. `Conflict` as above.
    async fn finish(
        &self,
        freezing: Freezing,
        openings: Vec<(String, Option<Opening>)>,
        pause: Option<String>,
    ) -> Result<(), StoreError>;

    /// Lets another worker go on with a freezing at once.
    async fn release(&self, freezing: Freezing) -> Result<(), StoreError>;

    /// Gives the campaign up, with a reason. `Conflict` as above.
    async fn fail(&self, freezing: Freezing, reason: String) -> Result<(), StoreError>;

    /// Cancels some of the messages that campaigns had not sent when they were canceled; returns how many.
    async fn cancel_some(&self) -> Result<u64, StoreError>;
}

/// Who a segment means. The reasons exclude each other, in this order, so that all adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AudienceCount {
    /// Contacts of the segment.
    pub matched: u64,
    /// Their number is not valid.
    pub not_valid: u64,
    /// Their number is fixed, or of unknown type where those are left out.
    pub not_mobile: u64,
    /// They opted out, or are not active.
    pub opted_out: u64,
    /// Their number is suppressed.
    pub suppressed: u64,
    /// Their number was written to as often lately as the frequency cap allows.
    pub capped: u64,
    /// All others.
    pub remaining: u64,
}

/// How far a freezing is.
#[derive(Debug, Clone, PartialEq)]
pub struct Freezing {
    /// The campaign.
    pub campaign: Campaign,
    /// Who is behind its sender.
    pub identity: SenderIdentity,
    /// Messages up to this contact are written.
    pub after: ContactId,
    /// How many messages that are.
    pub messages: u32,
    /// How many of them go to seed numbers.
    pub seeds: u32,
    /// What they would cost, as far as it is known.
    pub cost: Money,
}

/// One whom a segment means.
#[derive(Debug, Clone, PartialEq)]
pub enum Member {
    /// One who is written to.
    Reached(Box<Contact>),
    /// One who is not, and why.
    LeftOut(ContactId, LeftOut),
}

/// Why somebody whom a segment means is not written to. The first that holds counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeftOut {
    /// The number is not valid.
    NotValid,
    /// The number is fixed, or of unknown type where those are left out.
    NotMobile,
    /// The contact opted out.
    OptedOut,
    /// The number is suppressed, or the contact blocked.
    Suppressed,
    /// The number was written to as often lately as the frequency cap allows.
    Capped,
}

impl LeftOut {
    /// Every reason, in the order in which they are looked at.
    pub const ALL: [Self; 5] =
        [Self::NotValid, Self::NotMobile, Self::OptedOut, Self::Suppressed, Self::Capped];

    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotValid => "not_valid",
            Self::NotMobile => "not_mobile",
            Self::OptedOut => "opted_out",
            Self::Suppressed => "suppressed",
            Self::Capped => "capped",
        }
    }
}

/// The messages of a slice, and whom it leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The messages, in the order of their contacts.
    pub messages: Vec<NewMessage>,
    /// Whom it leaves out, in the order of their ids.
    pub left_out: Vec<(ContactId, LeftOut)>,
    /// How many of the messages go to seed numbers.
    pub seeds: u32,
    /// The last contact that was looked at.
    pub up_to: ContactId,
}

/// A message to be.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// To whom; `None` for a number that belongs to no contact.
    pub contact: Option<ContactId>,
    /// At which number.
    pub to: PhoneNumber,
    /// The time zone there, as the IANA database names it.
    pub zone: String,
    /// The text.
    pub text: String,
    /// Its segments.
    pub segments: u16,
}

/// The text is personal.
impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage").field("to", &self.to).finish_non_exhaustive()
    }
}

/// Keeps senders.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SenderStore: Send + Sync {
    /// Adds a sender and its pace, with the audit line, and returns it; asked again with the same key it adds none, and returns
    /// the one that it added. `Conflict` when its name is taken.
    async fn add(&self, sender: Sender, envelope: Envelope) -> Result<Sender, WriteError>;

    /// One sender.
    async fn find(&self, id: SenderId) -> Result<Option<Sender>, StoreError>;

    /// All senders, by name.
    async fn list(&self) -> Result<Vec<Sender>, StoreError>;

    /// What the messages of a sender go by: nothing where they go by itself alone.
    async fn routes(&self, id: SenderId) -> Result<Vec<SenderRoute>, StoreError>;

    /// Puts these in the place of a sender's routes, with the audit line. Claims from then on go by them.
    async fn set_routes(
        &self,
        id: SenderId,
        routes: Vec<SenderRoute>,
        envelope: Envelope,
    ) -> Result<(), StoreError>;
}
