//! An extract: so many numbers of a segment, handed out as a file.
//!
//! Who is in one may be written to by the same rules as an audience. What was handed out is remembered in the history of
//! extracts and in the contact's activity, never in its status.

use jiff::Timestamp;
use uuid::Uuid;

use crate::campaign::UnknownLineTypes;
use crate::phone::PhoneNumber;
use crate::segment::{SegmentDefinition, SegmentVersion};

/// Identifies an extract: a version 7 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtractId(pub Uuid);

/// So many numbers are given out for each seed number that is put among them.
pub const NUMBERS_PER_SEED: u32 = 1_000;

/// Which numbers of a segment are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pick {
    /// Each is as likely as any other.
    Random,
    /// Those that have been here longest.
    Stable,
}

impl Pick {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Random, Self::Stable];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Stable => "stable",
        }
    }
}

/// What an extract's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtractFormat {
    /// A workbook with the columns Number and Content.
    Xlsx,
    /// The same, separated by commas.
    Csv,
    /// Numbers, one a line.
    Txt,
}

impl ExtractFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Xlsx, Self::Csv, Self::Txt];

    /// The name in the API and the database, and a file's ending.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Txt => "txt",
        }
    }
}

/// What is to be handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractPlan {
    /// Whose numbers.
    pub segment: SegmentDefinition,
    /// The saved segment that was, if it was one.
    pub saved_segment: Option<SegmentVersion>,
    /// How many.
    pub numbers: u32,
    /// Which.
    pub pick: Pick,
    /// None that was in an extract within so many days; with 0 all may be.
    pub unused_within_days: u32,
    /// As what.
    pub format: ExtractFormat,
    /// How many seed numbers are put among them, if there are as many.
    pub seeds: u32,
    /// Whether numbers of unknown line type are handed out.
    pub unknown_line_types: UnknownLineTypes,
}

/// What was handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// Identifies it.
    pub id: ExtractId,
    /// Whose numbers.
    pub segment: SegmentDefinition,
    /// The saved segment that was, if it was one.
    pub saved_segment: Option<SegmentVersion>,
    /// How many numbers of the segment.
    pub numbers: u32,
    /// How many seed numbers are among them, on top.
    pub seeds: u32,
    /// Which were picked.
    pub pick: Pick,
    /// Within so many days none of them had been in another.
    pub unused_within_days: u32,
    /// As what.
    pub format: ExtractFormat,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on its file is not given out any more.
    pub expires_at: Timestamp,
    /// How often its file was.
    pub downloads: u32,
}

/// A number of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractedNumber {
    /// Its place in the file, from 1 on.
    pub position: u32,
    /// The number.
    pub phone: PhoneNumber,
    /// Where it is: its city, or else its municipality or state.
    pub place: Option<String>,
}

/// One of the owner's own numbers, put among others to see that messages arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedNumber {
    /// The number.
    pub phone: PhoneNumber,
    /// What people call it.
    pub label: String,
    /// In how many extracts and campaigns it was.
    pub times_used: u64,
    /// When last.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is one.
    pub created_at: Timestamp,
}

impl SeedNumber {
    /// The longest label, in characters.
    pub const LABEL_CHARS_MAX: usize = 100;
}
