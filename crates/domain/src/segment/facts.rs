//! A definition held against one contact in memory: what the store's condition says of a row, said once more without it.

use jiff::{SignedDuration, Timestamp};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::contact::{ContactStatus, LineType};
use crate::lada::Lada;
use crate::state::StateCode;

use super::{
    Comparison, Condition, NumberTest, Segment, TextField, TextTest, TimeField, TimeTest, WordsField,
    WordsTest,
};

/// Everything about one contact that a segment may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The state.
    pub state: Option<StateCode>,
    /// The area code.
    pub lada: Option<Lada>,
    /// The city.
    pub city: Option<&'a str>,
    /// The municipality.
    pub municipality: Option<&'a str>,
    /// The line type.
    pub line_type: LineType,
    /// The carrier.
    pub carrier: Option<&'a str>,
    /// The status.
    pub status: ContactStatus,
    /// The tags, in any order.
    pub tags: &'a [&'a str],
    /// Whether the number is valid.
    pub is_valid: bool,
    /// How often the contact was sent to; 0 where it never was.
    pub send_count: u32,
    /// When it was last sent to.
    pub last_sent_at: Option<Timestamp>,
    /// When it was last given out in an extract.
    pub last_extracted_at: Option<Timestamp>,
    /// When it came into the store.
    pub created_at: Timestamp,
    /// The full name.
    pub name: Option<&'a str>,
    /// The street address.
    pub address: Option<&'a str>,
}

impl Segment {
    /// Whether the contact of these facts is meant at `now`.
    ///
    /// Words are held against each other as they are written, but for accents and case. A store that reads addresses by
    /// the stems of their words finds more: `calles` in `CALLE 5`.
    #[must_use]
    pub fn holds_of(&self, facts: &Facts<'_>, now: Timestamp) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds_of(facts, now)),
            Self::Any(parts) => parts.iter().any(|part| part.holds_of(facts, now)),
            Self::Not(part) => !part.holds_of(facts, now),
            Self::Is(condition) => condition.holds_of(facts, now),
        }
    }
}

impl Condition {
    fn holds_of(&self, facts: &Facts<'_>, now: Timestamp) -> bool {
        match self {
            Self::Text(field, test) => facts.text_holds(*field, test),
            Self::Words(WordsField::Name, test) => test.holds_of(facts.name),
            Self::Words(WordsField::Address, test) => test.holds_of(facts.address),
            Self::IsValid(is_valid) => facts.is_valid == *is_valid,
            Self::SendCount(test) => test.holds_of(i64::from(facts.send_count)),
            Self::Time(TimeField::LastSentAt, test) => test.holds_of(facts.last_sent_at, now),
            Self::Time(TimeField::LastExtractedAt, test) => test.holds_of(facts.last_extracted_at, now),
            Self::Time(TimeField::CreatedAt, test) => test.holds_of(Some(facts.created_at), now),
        }
    }
}

impl Facts<'_> {
    fn text_holds(&self, field: TextField, test: &TextTest) -> bool {
        match field {
            TextField::State => test.holds_of(self.state.as_ref().map(StateCode::as_str)),
            TextField::Lada => test.holds_of(self.lada.map(|lada| lada.to_string()).as_deref()),
            TextField::City => test.holds_of(self.city),
            TextField::Municipality => test.holds_of(self.municipality),
            TextField::LineType => test.holds_of([self.line_type.as_str()]),
            TextField::Carrier => test.holds_of(self.carrier),
            TextField::Status => test.holds_of([self.status.as_str()]),
            TextField::Tag => test.holds_of(self.tags.iter().copied()),
        }
    }
}

impl WordsTest {
    fn holds_of(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Matches(asked), Some(text)) => {
                let words = words(text);
                self::words(asked).iter().all(|word| words.contains(word))
            }
            (Self::Matches(_), None) => false,
            (Self::IsNull(is_null), text) => text.is_none() == *is_null,
        }
    }
}

/// The words of a text, in lower case and without accents.
fn words(text: &str) -> Vec<String> {
    let folded: String = text.nfd().filter(|letter| !is_combining_mark(*letter)).collect();
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

impl NumberTest {
    fn holds_of(&self, number: i64) -> bool {
        match self {
            Self::Compare(comparison, value) => comparison.holds_of(number, *value),
            Self::Between(from, to) => (*from..=*to).contains(&number),
            Self::In(values) => values.contains(&number),
            Self::NotIn(values) => !values.contains(&number),
        }
    }
}

impl TimeTest {
    fn holds_of(&self, time: Option<Timestamp>, now: Timestamp) -> bool {
        let is_within = |days: u32| time.is_some_and(|time| time >= days_before(now, days));
        match self {
            Self::Compare(comparison, value) => time.is_some_and(|time| comparison.holds_of(time, *value)),
            Self::Between(from, to) => time.is_some_and(|time| (*from..=*to).contains(&time)),
            Self::WithinDays(days) => is_within(*days),
            Self::NotWithinDays(days) => !is_within(*days),
            Self::IsNull(is_null) => time.is_none() == *is_null,
        }
    }
}

/// A day is 24 hours, as a segment knows no time zone.
fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

impl Comparison {
    fn holds_of<T: PartialOrd + Copy>(self, value: T, other: T) -> bool {
        match self {
            Self::Gt => value > other,
            Self::Gte => value >= other,
            Self::Lt => value < other,
            Self::Lte => value <= other,
        }
    }
}

#[cfg(test)]
mod tests;
