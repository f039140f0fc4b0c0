//! The ports to a provider's number lookup, and to what was looked up.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::contact::ContactId;
use crate::lookup::{KeptLookup, LookedUp};
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::segment::Segment;

/// Asks a provider about numbers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait NumberLookup: Send + Sync {
    /// The provider's name, as in `telnyx`.
    fn provider(&self) -> &'static str;

    /// Asks about one number: one call to the provider, never two, within a bounded time. Everything that can happen is an
    /// outcome. `NotNow` and `AccountBlocked` only where the call certainly costs nothing; whatever may have been charged
    /// without an answer is `Failed`.
    async fn look_up(&self, phone: PhoneNumber) -> LookupOutcome;
}

/// What became of a call. `reason` is a short code, stable over time, as in `timeout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupOutcome {
    /// The provider told.
    Found(LookedUp),
    /// The provider knows no such number.
    UnknownNumber,
    /// Certainly not answered: we are too fast, or nobody was reached. Another call may be.
    NotNow {
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Certainly not answered: the account is closed, out of credit or over its limit, and no call of it will be.
    AccountBlocked {
        /// Why.
        reason: String,
    },
    /// No answer came that can be read; it may have cost all the same.
    Failed {
        /// What happened instead.
        reason: String,
    },
}

/// Keeps what was looked up, and holds calls to their pace and to the most of a day, over all programs. Times are the
/// store's clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LookupStore: Send + Sync {
    /// What was last looked up of these numbers, however old; those that never were are left out.
    async fn known(&self, phones: Vec<PhoneNumber>) -> Result<Vec<KnownLookup>, StoreError>;

    /// Sets calls aside, at most so many: committed before this returns, so that no crash makes room for more. What is set
    /// aside and not used is lost to its day.
    async fn reserve(&self, most: u32) -> Result<Reservation, StoreError>;

    /// Lets nobody call for so long, for the provider asked for it.
    async fn hold_off(&self, wait: Duration) -> Result<(), StoreError>;

    /// Keeps what was looked up and gives it to the contacts with these numbers, all or nothing. What was looked up later is
    /// never replaced by what was looked up before it; of a number whose line type is not told the contact stays as it is.
    async fn keep(&self, lookups: Vec<KeptLookup>) -> Result<(), StoreError>;

    /// How many numbers of a segment would be asked about, of all its contacts.
    async fn count(&self, segment: Segment, scope: LookupScope) -> Result<LookupCount, StoreError>;

    /// The next contacts of a segment, from behind the first to the last of `span`, that are to be asked about or were: at most
    /// `limit` of them. It looks at a bounded number of contacts, so there may be none although more come.
    async fn page(
        &self,
        segment: Segment,
        scope: LookupScope,
        span: (ContactId, ContactId),
        limit: u32,
    ) -> Result<LookupPage, StoreError>;

    /// The last contact there is.
    async fn last_contact(&self) -> Result<ContactId, StoreError>;

    /// Writes down that somebody is about to have so many numbers looked up; none of the numbers.
    async fn note(&self, numbers: u64, envelope: Envelope) -> Result<(), StoreError>;
}

/// Which numbers are asked about. Never those that may not be written to anyway: invalid, opted out, blocked or suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupScope {
    /// Those of unknown line type.
    UnknownAlone,
    /// Also those that the numbering plan tells of.
    EvenIfKnown,
}

/// What was looked up of a number, and whether that is recent enough not to ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLookup {
    /// What was.
    pub lookup: KeptLookup,
    /// Whether it is.
    pub is_fresh: bool,
}

/// What came of asking for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// So many may be made now, at least one.
    Granted(u32),
    /// None now; ask again after this.
    Wait(Duration),
    /// All calls of the day are made.
    DayIsSpent {
        /// When the next one begins.
        until: Timestamp,
    },
}

/// Numbers of a segment, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupCount {
    /// Those that would be asked about.
    pub to_ask: u64,
    /// Those that an earlier lookup answers.
    pub cached: u64,
    /// The calls that are left of the day, for everybody.
    pub left_today: u64,
}

/// Contacts of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupPage {
    /// In the order of their ids: whose number is to be asked about, or was.
    pub numbers: Vec<LookupCandidate>,
    /// The last contact that was looked at; `None` behind the last there is.
    pub last: Option<ContactId>,
}

/// A contact whose number may be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupCandidate {
    /// Which.
    pub id: ContactId,
    /// Its number.
    pub phone: PhoneNumber,
    /// Whether an earlier lookup answers.
    pub is_cached: bool,
}
