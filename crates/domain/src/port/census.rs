//! The port to the counts of contacts.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::census::{Cell, CensusVersion, Dimension};

/// Keeps contacts counted, right at any moment whoever changes them. While an empty store is loaded for the first time, its
/// contacts count all at once when they are all there.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactCensus: Send + Sync {
    /// The cells of a cube; those of nobody are left out.
    async fn cells(&self, dimension: Dimension) -> Result<Vec<Cell>, StoreError>;

    /// Which version of the contacts there is: two versions are alike only when nobody changed any column of a contact between
    /// the moments of which they were asked. What was counted after a version was read may be answered again wherever that
    /// version is read again. `None` while an empty store is loaded for the first time: then nobody can tell.
    async fn version(&self) -> Result<Option<CensusVersion>, StoreError>;

    /// Folds some of what changed lately into the cubes, and answers how much; 0 when nothing is left. It changes no count.
    async fn fold(&self) -> Result<u64, StoreError>;

    /// Brings the view `contacts_by_state` up to date, if it is as old as that and nobody else is at it; readers go on
    /// meanwhile. Answers how old it is then; `None` when nobody knows.
    async fn refresh_by_state(&self, at_age: Duration) -> Result<Option<Duration>, StoreError>;
}
