//! The port to the saved segments.

use async_trait::async_trait;

use super::{StoreError, WriteError};
use crate::request::Envelope;
use crate::segment::{SavedSegment, SegmentId};

/// Keeps segments by name. Every change is committed with its audit line, or not made.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SegmentStore: Send + Sync {
    /// Adds a segment's first version. `Conflict` when its name, whatever its capitals, is another's. A change whose key and
    /// body were seen before is not made again, and what it answered then is answered.
    async fn add(&self, segment: SavedSegment, envelope: Envelope) -> Result<SavedSegment, WriteError>;

    /// Adds the version of a segment that follows the one which is current. `Conflict` when another was first, the segment
    /// was deleted, or its name is another's.
    async fn change(&self, segment: SavedSegment, envelope: Envelope) -> Result<SavedSegment, StoreError>;

    /// Deletes a segment: it is found and listed no more, its name is free, and what was made from it still has it. `false`
    /// when there is none.
    async fn remove(&self, id: SegmentId, envelope: Envelope) -> Result<bool, StoreError>;

    /// A segment as it is now.
    async fn find(&self, id: SegmentId) -> Result<Option<SavedSegment>, StoreError>;

    /// Segments as they are now, the latest made first, from before that one on.
    async fn page(&self, before: Option<SegmentId>, limit: u16) -> Result<Vec<SavedSegment>, StoreError>;

    /// The versions of a segment, the latest first, from before that one on.
    async fn versions(
        &self,
        id: SegmentId,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<SavedSegment>, StoreError>;
}
