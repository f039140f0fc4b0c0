//! A segment: which contacts are meant, as a definition over their fields.
//!
//! Each condition is true or false of a contact and never unknown: of a field that a contact does not have, `ne`,
//! `not_in` and `not_within_days` are true, and every other operator but `is_null` is false. `not` is the plain opposite.

mod contradiction;
mod definition;
mod facts;
mod saved;

use jiff::Timestamp;

use crate::census::{Cell, Dimension};
use crate::contact::{ContactStatus, LineType};
use crate::lada::Lada;
use crate::state::StateCode;

pub use contradiction::Contradiction;
pub use definition::{SegmentDefinition, SegmentProblem, SegmentRefused};
pub use facts::Facts;
pub use saved::{SavedSegment, SegmentId, SegmentVersion};

/// The deepest nesting.
pub const DEPTH_MAX: usize = 8;
/// The most conditions.
pub const CONDITIONS_MAX: usize = 200;
/// The most values, over all conditions.
pub const VALUES_MAX: usize = 10_000;
/// The longest value, in characters.
pub const VALUE_CHARS_MAX: usize = 200;

/// A definition that was checked. [`SegmentDefinition::check`] alone makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Everything within holds; of nothing within, that is true.
    All(Vec<Segment>),
    /// Something within holds.
    Any(Vec<Segment>),
    /// What is within does not hold.
    Not(Box<Segment>),
    /// One condition.
    Is(Condition),
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// On a short text.
    Text(TextField, TextTest),
    /// On the words of a long text, blind to accents and case: all of them are in it.
    Words(WordsField, WordsTest),
    /// On whether the number is valid.
    IsValid(bool),
    /// On how often the contact was sent to.
    SendCount(NumberTest),
    /// On a time.
    Time(TimeField, TimeTest),
}

/// A field of one short text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    /// The state's code, as in `JAL`.
    State,
    /// The area code.
    Lada,
    /// The city.
    City,
    /// The municipality.
    Municipality,
    /// The line type.
    LineType,
    /// The carrier.
    Carrier,
    /// The status.
    Status,
    /// A tag: a contact has any number of them.
    Tag,
}

impl TextField {
    /// Whether `value` can stand in the field at all.
    fn admits(self, value: &str) -> bool {
        match self {
            Self::State => StateCode::parse(value).is_ok(),
            Self::Lada => Lada::parse(value).is_ok(),
            Self::LineType => LineType::ALL.iter().any(|one| one.as_str() == value),
            Self::Status => ContactStatus::ALL.iter().any(|one| one.as_str() == value),
            Self::City | Self::Municipality | Self::Carrier | Self::Tag => true,
        }
    }
}

/// What a short text is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// It is one of these.
    In(Vec<String>),
    /// It is none of these.
    NotIn(Vec<String>),
    /// Whether the contact has none.
    IsNull(bool),
}

/// A field of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordsField {
    /// The name.
    Name,
    /// The address.
    Address,
}

/// What words are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordsTest {
    /// All of these words are in it.
    Matches(String),
    /// Whether the contact has none.
    IsNull(bool),
}

/// A field of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeField {
    /// When the contact was last sent to.
    LastSentAt,
    /// When it was last given out in an extract.
    LastExtractedAt,
    /// When it came into the store.
    CreatedAt,
}

/// What a time is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeTest {
    /// A comparison.
    Compare(Comparison, Timestamp),
    /// From the one to the other, both included.
    Between(Timestamp, Timestamp),
    /// Within so many days before now.
    WithinDays(u32),
    /// Not within so many days before now.
    NotWithinDays(u32),
    /// Whether the contact has none.
    IsNull(bool),
}

/// What a number is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberTest {
    /// A comparison.
    Compare(Comparison, i64),
    /// From the one to the other, both included.
    Between(i64, i64),
    /// One of these.
    In(Vec<i64>),
    /// None of these.
    NotIn(Vec<i64>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
}

impl Segment {
    /// Everybody.
    #[must_use]
    pub fn everybody() -> Self {
        Self::All(Vec::new())
    }

    /// Whether the contacts of a cell of this cube are meant; `None` where the cell does not tell.
    #[must_use]
    pub fn means(&self, dimension: Dimension, cell: &Cell) -> Option<bool> {
        match self {
            Self::All(parts) => every(parts, dimension, cell, true),
            Self::Any(parts) => every(parts, dimension, cell, false).map(|none| !none),
            Self::Not(part) => part.means(dimension, cell).map(|means| !means),
            Self::Is(condition) => condition.means(dimension, cell),
        }
    }

    /// Whether whom it means changes with the columns of contacts alone: not with tags, with what was sent to them or handed
    /// out, nor as time goes by.
    #[must_use]
    pub fn asks_contacts_alone(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::asks_contacts_alone),
            Self::Not(part) => part.asks_contacts_alone(),
            Self::Is(condition) => condition.asks_contacts_alone(),
        }
    }
}

/// Whether every part is as wanted: one that is not decides, also where others are not told.
fn every(parts: &[Segment], dimension: Dimension, cell: &Cell, wanted: bool) -> Option<bool> {
    let mut all_told = Some(true);
    for part in parts {
        match part.means(dimension, cell) {
            Some(means) if means != wanted => return Some(false),
            Some(_) => {}
            None => all_told = None,
        }
    }
    all_told
}

impl Condition {
    fn means(&self, dimension: Dimension, cell: &Cell) -> Option<bool> {
        match (self, dimension) {
            (Self::Text(TextField::State, test), Dimension::State)
            | (Self::Text(TextField::Lada, test), Dimension::Lada)
            | (Self::Text(TextField::City, test), Dimension::City) => {
                Some(test.holds_of(cell.key.as_deref()))
            }
            (Self::Text(TextField::LineType, test), _) => Some(test.holds_of([cell.line_type.as_str()])),
            (Self::Text(TextField::Status, test), _) => Some(test.holds_of([cell.status.as_str()])),
            (Self::IsValid(is_valid), _) => Some(cell.is_valid == *is_valid),
            (Self::Text(..) | Self::Words(..) | Self::SendCount(_) | Self::Time(..), _) => None,
        }
    }

    fn asks_contacts_alone(&self) -> bool {
        match self {
            Self::Text(field, _) => match field {
                TextField::State
                | TextField::Lada
                | TextField::City
                | TextField::Municipality
                | TextField::LineType
                | TextField::Carrier
                | TextField::Status => true,
                TextField::Tag => false,
            },
            Self::Words(WordsField::Name | WordsField::Address, _) | Self::IsValid(_) => true,
            Self::SendCount(_) => false,
            Self::Time(field, test) => match field {
                TimeField::CreatedAt => !test.moves_with_the_clock(),
                TimeField::LastSentAt | TimeField::LastExtractedAt => false,
            },
        }
    }
}

impl TimeTest {
    fn moves_with_the_clock(&self) -> bool {
        match self {
            Self::Compare(..) | Self::Between(..) | Self::IsNull(_) => false,
            Self::WithinDays(_) | Self::NotWithinDays(_) => true,
        }
    }
}

impl TextTest {
    /// Whether it holds of a field with these texts: any number of tags, and of every other field one or none.
    fn holds_of<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let mut texts = texts.into_iter();
        match self {
            Self::In(values) => texts.any(|text| values.iter().any(|value| value == text)),
            Self::NotIn(values) => texts.all(|text| values.iter().all(|value| value != text)),
            Self::IsNull(is_null) => texts.next().is_none() == *is_null,
        }
    }
}

#[cfg(test)]
mod tests;
