//! The port to the extracts, and to the seed numbers that are put into them.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{StoreError, WriteError};
use crate::extract::{Extract, ExtractId, ExtractPlan, ExtractedNumber, SeedNumber};
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::segment::Segment;

/// Keeps extracts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ExtractStore: Send + Sync {
    /// Picks numbers and hands them out: the extract, its numbers, their activity, the audit line and the key are committed
    /// together, or nothing is. Two extracts that are taken at the same time never share a number. A request whose key and
    /// body were seen before is not carried out again, and what it answered then is answered.
    async fn take(&self, order: ExtractOrder, envelope: Envelope) -> Result<TakenExtract, WriteError>;

    /// One extract.
    async fn find(&self, id: ExtractId) -> Result<Option<Extract>, StoreError>;

    /// Extracts, the latest first, from before that one on.
    async fn page(&self, before: Option<ExtractId>, limit: u16) -> Result<Vec<Extract>, StoreError>;

    /// The numbers of an extract in their order, from behind that position on.
    async fn numbers(
        &self,
        id: ExtractId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<ExtractedNumber>, StoreError>;

    /// Writes down that the file of an extract is given out; `None` when there is none, or its time has ended.
    async fn note_download(&self, id: ExtractId, envelope: Envelope) -> Result<Option<Extract>, StoreError>;

    /// Takes some of the numbers of extracts away whose time has ended; answers how many, 0 when none is left.
    async fn empty_expired(&self) -> Result<u64, StoreError>;

    /// The seed numbers, the least used first.
    async fn seeds(&self) -> Result<Vec<SeedNumber>, StoreError>;

    /// Adds a seed number, or gives one another label.
    async fn put_seed(
        &self,
        phone: PhoneNumber,
        label: String,
        envelope: Envelope,
    ) -> Result<SeedNumber, StoreError>;

    /// Takes a seed number away; `false` when it was none.
    async fn remove_seed(&self, phone: PhoneNumber, envelope: Envelope) -> Result<bool, StoreError>;
}

/// An extract to be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractOrder {
    /// What it will be called.
    pub id: ExtractId,
    /// What is wanted.
    pub plan: ExtractPlan,
    /// The plan's definition, checked.
    pub segment: Segment,
    /// From when on its file is not given out any more.
    pub expires_at: Timestamp,
    /// The most numbers that its maker may take since `counted_since`.
    pub numbers_max: u64,
    /// When the day of the maker's limit began.
    pub counted_since: Timestamp,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum TakenExtract {
    /// It is there.
    New(Box<Extract>),
    /// There are only so many such numbers; nothing was handed out.
    Only(u64),
    /// Its maker may take only so many more today; nothing was handed out.
    OverLimit(u64),
}
