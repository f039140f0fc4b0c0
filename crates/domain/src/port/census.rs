//! The port to the counts of contacts.

use async_trait::async_trait;

use super::StoreError;
use crate::census::{Cell, Dimension};

/// Keeps contacts counted, right at any moment whoever changes them. While an empty store is loaded for the first time, its
/// contacts count all at once when they are all there.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactCensus: Send + Sync {
    /// The cells of a cube; those of nobody are left out.
    async fn cells(&self, dimension: Dimension) -> Result<Vec<Cell>, StoreError>;

    /// Folds some of what changed lately into the cubes, and answers how much; 0 when nothing is left. It changes no count.
    async fn fold(&self) -> Result<u64, StoreError>;
}
