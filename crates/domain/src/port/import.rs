//! The port to the store that imports write to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use super::{CopiedTable, CopyFormat, PartRows, SourceAccount, StoreError, StoredCopy};
use crate::campaign::CampaignId;
use crate::import::{BroughtBy, Import, ImportId, Refusal, SortedBatch, Tally};
use crate::phone::PhoneNumber;
use crate::source::SourceDescription;
use crate::verification::{Breakdown, ContactCounts, Finding, RejectedRow};

/// Keeps imports and what they brought.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// The import that last began with the file of this fingerprint, of those that were not rolled back.
    async fn find_by_fingerprint(&self, fingerprint: String) -> Result<Option<Import>, StoreError>;

    /// The import that is `Loading` or `RollingBack`, whichever file it began with; there is at most one.
    async fn find_under_way(&self) -> Result<Option<Import>, StoreError>;

    /// Begins an import, in `Loading` with nothing read, and opens it.
    ///
    /// `Conflict` when another import is under way or open, here or in another process; then nothing began.
    async fn begin(
        &self,
        id: ImportId,
        source: SourceDescription,
    ) -> Result<Box<dyn ImportSession>, StoreError>;

    /// Opens an import again where its checkpoint stands; it is `Loading` from then on.
    ///
    /// `Conflict` when there is no such import, it is neither `Loading` nor `Stopped`, another is under way, or one is
    /// open elsewhere.
    async fn reopen(&self, id: ImportId) -> Result<Box<dyn ImportSession>, StoreError>;

    /// Opens an import in order to bring back what it stored: one that is not there, or was rolled back, begins anew; one
    /// that is `Loading` goes on where it stands.
    ///
    /// `Conflict` when it is `Completed` or `Stopped`, another is under way, or one is open elsewhere.
    async fn restore(
        &self,
        id: ImportId,
        source: SourceDescription,
    ) -> Result<Box<dyn ImportSession>, StoreError>;

    /// The campaigns whose messages refer to contacts that an import brought, those with most messages first, at most
    /// twenty.
    async fn referring_campaigns(&self, id: ImportId) -> Result<Vec<ReferringCampaign>, StoreError>;

    /// Opens an import, however far it came, in order to take back what it brought; it is `RollingBack` from then on.
    ///
    /// `Conflict` when there is no such import, it is `RolledBack`, another is under way, or one is open elsewhere.
    async fn roll_back(&self, id: ImportId) -> Result<Box<dyn ImportRollback>, StoreError>;
}

/// A campaign whose messages refer to contacts of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferringCampaign {
    /// The campaign.
    pub id: CampaignId,
    /// What people call it.
    pub name: String,
    /// Its messages to these contacts.
    pub messages: u64,
}

/// An import that is being taken back. It is open until it is dropped or its process ends.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportRollback: Send {
    /// The import as it stood when this was opened.
    fn import(&self) -> Import;

    /// Leaves contacts alone that messages refer to, from here on.
    async fn keep_referenced(&mut self) -> Result<(), StoreError>;

    /// Takes some of its contacts away and returns how many; 0 when none is left.
    async fn remove_some(&mut self) -> Result<u64, StoreError>;

    /// Takes away what else it brought, and ends it as `RolledBack`.
    async fn close(&mut self) -> Result<(), StoreError>;

    /// As [`ImportSession::next_finishing_step`].
    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError>;
}

/// An open import. It is open until it is dropped or its process ends; two are never open at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportSession: Send {
    /// The import as it stands after the last call.
    fn import(&self) -> Import;

    /// Numbers that the store has, by pages: those behind `after`, in an order of the store's own. A page with no
    /// `next` is the last. Every number that stood in the store when the session was opened comes exactly once.
    async fn known_numbers(&mut self, after: Option<i64>, page_rows: u32)
    -> Result<KnownNumbers, StoreError>;

    /// Hands a batch in: its contacts, its refused rows whole with their reasons, the tally and the checkpoint are stored
    /// all or nothing, after the batches handed in before it. It may return while the last few are still under way;
    /// [`ImportSession::import`] tells what is stored. When it fails, nothing is stored behind that.
    ///
    /// A contact whose number came into the store by another way in the meantime is stored among the refused as
    /// `duplicate_existing`, and nothing of the one that is there changes. Single rows that the store does not take are
    /// stored among the refused as `not_storable`, up to a limit of the store's.
    async fn append(&mut self, batch: SortedBatch) -> Result<(), StoreError>;

    /// Waits until every batch handed in is stored. When it fails, nothing is stored behind that.
    async fn flush(&mut self) -> Result<(), StoreError>;

    /// How rows are written down that are copied.
    fn copy_format(&self) -> fn(CopiedTable) -> CopyFormat;

    /// From here on keeps a copy of what is stored, until it is taken away.
    fn keep_copies(&mut self);

    /// The copies of what was stored since the last call, in order.
    fn take_copies(&mut self) -> Vec<StoredCopy>;

    /// The rows that are stored of source rows behind `after`.
    async fn stored_behind(
        &mut self,
        table: CopiedTable,
        after: i64,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError>;

    /// Hands in a part of a backup whose counts are `tally`, as [`ImportSession::append`] does a batch. A contact whose
    /// number is in the store is counted and kept as `duplicate_existing`, as far as the backup knows its row.
    async fn append_part(&mut self, rows: PartRows, checkpoint: i64, tally: Tally) -> Result<(), StoreError>;

    /// Keeps the source's own account of itself, replacing what an earlier call kept for this import.
    async fn keep_account(&mut self, account: SourceAccount) -> Result<(), StoreError>;

    /// Puts the store back into the shape that readers rely on (indexes, constraints, statistics, `contacts_by_state`),
    /// one named step at a time: each call does the next one and names it, `None` when all is done. May be repeated.
    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError>;

    /// Counts what the store really holds of this import.
    async fn count_stored(&mut self) -> Result<StoredRows, StoreError>;

    /// Ends the import: `Completed` when its checkpoint has reached the source's last row and as many rows were read as
    /// the source has, otherwise `Stopped`.
    async fn close(&mut self) -> Result<Import, StoreError>;
}

/// A page of numbers that the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNumbers {
    /// The numbers, each with whose work it is.
    pub numbers: Vec<(PhoneNumber, BroughtBy)>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<i64>,
}

/// Rows that the store holds of one import, or would, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredRows {
    /// Its contacts.
    pub contacts: u64,
    /// Its refused rows by reason, those that it has.
    pub refused: BTreeMap<Refusal, u64>,
}

impl StoredRows {
    /// Refused rows with the outcome `duplicate`.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.refused.iter().filter(|(refusal, _)| refusal.is_duplicate()).map(|(_, rows)| rows).sum()
    }

    /// Refused rows with the outcome `rejected`.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.refused.iter().filter(|(refusal, _)| !refusal.is_duplicate()).map(|(_, rows)| rows).sum()
    }
}

/// Looks at what imports left in the store, and changes nothing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportInspection: Send + Sync {
    /// One import, or the last that began when none is named.
    async fn import(&self, id: Option<ImportId>) -> Result<Option<Import>, StoreError>;

    /// Counts the rows that it left, as [`ImportSession::count_stored`].
    async fn stored_rows(&self, id: ImportId) -> Result<StoredRows, StoreError>;

    /// Counts over its contacts.
    async fn contact_counts(&self, id: ImportId) -> Result<ContactCounts, StoreError>;

    /// The source rows that it refused for what the store held or would not take (`duplicate_existing`, `not_storable`),
    /// which no file tells; in order, behind `after`; fewer than `limit` are the last.
    async fn refused_by_store(
        &self,
        id: ImportId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, Refusal)>, StoreError>;

    /// Why it refused a source row, if it did.
    async fn refusal(&self, id: ImportId, source_row_id: i64) -> Result<Option<Refusal>, StoreError>;

    /// Its contacts by state, area code and so on.
    async fn breakdown(&self, id: ImportId) -> Result<Breakdown, StoreError>;

    /// What it refused, whole, in order, behind `after`; fewer than `limit` are the last.
    async fn rejects(
        &self,
        id: ImportId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<RejectedRow>, StoreError>;

    /// What the store has less of than a large import is best served with, each in words; nothing of it is wrong.
    async fn advice(&self) -> Result<Vec<String>, StoreError>;

    /// What the store is doing to its contacts that takes long (an index that is built, say), each in words.
    async fn activity(&self) -> Result<Vec<String>, StoreError>;

    /// What the store itself can say: that its indexes are there and valid, no number stands twice, every number is E.164,
    /// every contact's import is there, `contacts_by_state` adds up, and what the plan's queries answer.
    async fn findings(&self) -> Result<Vec<Finding>, StoreError>;
}
