//! Segments that are kept by name. A change makes another version; what was made from an earlier one still has it.

use jiff::Timestamp;
use uuid::Uuid;

use super::SegmentDefinition;

/// Identifies a saved segment, in all of its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub Uuid);

/// One version of a saved segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentVersion {
    /// Which segment.
    pub id: SegmentId,
    /// Which of its versions, from 1 on.
    pub version: u32,
}

/// A saved segment, as one of its versions has it.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedSegment {
    /// Which version of which segment.
    pub at: SegmentVersion,
    /// What people call it.
    pub name: String,
    /// Whom it means.
    pub definition: SegmentDefinition,
    /// Who made this version.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

impl SavedSegment {
    /// The longest name, in characters.
    pub const NAME_CHARS_MAX: usize = 200;

    /// A name as it is kept: without spaces around it; `None` when it is empty, too long, or holds control characters.
    #[must_use]
    pub fn name(written: &str) -> Option<String> {
        let name = written.trim();
        let is_sound = !name.is_empty()
            && name.chars().count() <= Self::NAME_CHARS_MAX
            && !name.chars().any(char::is_control);
        is_sound.then(|| name.to_owned())
    }
}
