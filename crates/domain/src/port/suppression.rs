//! The port to the numbers that are never written to.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{StoreError, WriteError};
use crate::phone::PhoneNumber;
use crate::request::Envelope;
use crate::suppression::{Suppression, SuppressionList, SuppressionSource};

/// Keeps suppressions. Every change is committed with its audit line and its idempotency key, or not made. What is barred
/// is claimed by nobody from then on. After a single number's bar is committed, what live campaigns have queued to it
/// becomes skipped, in a transaction of its own; a list of many is left to the claims' own look.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SuppressionStore: Send + Sync {
    /// Bars a number by our own list. One that has expired is replaced; one that holds stays as it is. A request that was
    /// made before, by its key, gets the answer that it got then.
    async fn add(&self, new: NewSuppression, envelope: Envelope) -> Result<Barred, WriteError>;

    /// Takes a number from a list. `false` when it is not in it.
    async fn remove(
        &self,
        phone: PhoneNumber,
        list: SuppressionList,
        envelope: Envelope,
    ) -> Result<bool, StoreError>;

    /// Suppressions, the latest first, from behind the place `after` on; those that have expired, too.
    async fn page(
        &self,
        filter: SuppressionFilter,
        after: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Suppression>, StoreError>;

    /// Begins to load a list: all of it is stored when it is finished, or nothing. `Conflict` while another is loaded. A
    /// load that was made before, by its key, gets the answer that it got then.
    async fn begin_load(&self, load: NewLoad, envelope: Envelope) -> Result<BegunLoad, WriteError>;

    /// When a list was last loaded.
    async fn last_loaded(&self, list: SuppressionList) -> Result<Option<Timestamp>, StoreError>;
}

/// A list of numbers on its way in. Dropped unfinished, nothing of it is stored.
#[async_trait]
pub trait SuppressionLoad: Send {
    /// Bars some numbers, in any order, and says how many of them the list did not have. An entry that would end sooner than
    /// it does now is made to end as it should, never the other way.
    async fn append(&mut self, numbers: Vec<PhoneNumber>) -> Result<LoadedNumbers, StoreError>;

    /// Commits all of it, with how many lines were no numbers; says how many there were.
    async fn finish(self: Box<Self>, refused: u64) -> Result<LoadedNumbers, StoreError>;
}

/// How a load begins.
pub enum BegunLoad {
    /// It goes on.
    New(Box<dyn SuppressionLoad>),
    /// It was made before.
    Before(LoadedNumbers),
}

/// How many numbers came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadedNumbers {
    /// Numbers that the list did not have.
    pub added: u64,
    /// Numbers that it had, or that came more than once.
    pub already_there: u64,
}

/// A number to be barred by our own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSuppression {
    /// The number.
    pub phone: PhoneNumber,
    /// Why, in words.
    pub reason: Option<String>,
    /// Until when; `None` is for ever.
    pub expires_at: Option<Timestamp>,
}

/// What became of a number that was to be barred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barred {
    /// It is barred from now on.
    New(Suppression),
    /// It was barred by our own list already, like this.
    Already(Suppression),
}

/// A list to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLoad {
    /// Which.
    pub list: SuppressionList,
    /// The file that it comes from.
    pub file_name: Option<String>,
    /// The day on which its numbers were listed.
    pub listed_on: Option<Date>,
    /// When its entries end.
    pub expires_at: Option<Timestamp>,
}

/// Which suppressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SuppressionFilter {
    /// Those of this number.
    pub phone: Option<PhoneNumber>,
    /// Those of this source.
    pub source: Option<SuppressionSource>,
}
