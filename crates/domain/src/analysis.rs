//! What a contact file holds, looked at before anything is imported: nothing is written, and no figure is guessed but those
//! that say so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;

use crate::city;
use crate::contact::{NewContact, denies_validity};
use crate::import::{Refusal, SortedBatch, TakenNumbers};
use crate::lada::Lada;
use crate::port::StoredRows;
use crate::source::{SourceBatch, SourceColumn, SourceRow, SourceValue};
use crate::state::StateCode;

/// Of the dirt of one kind so many examples are kept.
const EXAMPLES: usize = 3;
/// Of an example so many characters are kept.
const EXAMPLE_CHARS: usize = 40;
/// Different spellings that are counted one by one; others are counted together.
const SPELLINGS_MAX: usize = 20_000;
/// The longest of them, in bytes; what is longer is no place's name.
const SPELLING_BYTES_MAX: usize = 120;
/// The smallest hashes that a sketch keeps: with so many its estimate is off by some 2 %.
const SKETCH_HASHES: usize = 2_048;

/// One table of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its columns: name and declared type.
    pub columns: Vec<(String, String)>,
}

/// How many values of a column are stored in which way.
#[derive(Debug, Clone, Default)]
pub struct ColumnFigures {
    /// NULL.
    pub nulls: u64,
    /// Texts and blobs of nothing but white space.
    pub empty: u64,
    /// Integers.
    pub integers: u64,
    /// Reals.
    pub reals: u64,
    /// Texts.
    pub texts: u64,
    /// Blobs.
    pub blobs: u64,
    /// Texts and blobs that are no UTF-8.
    pub invalid_utf8: u64,
    /// Texts and blobs with control characters, NUL among them.
    pub control_characters: u64,
    /// The longest text or blob, in bytes.
    pub bytes_max: u64,
    distinct: Sketch,
}

impl ColumnFigures {
    /// Different values, NULL not among them; exact up to some thousand, an estimate beyond.
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.distinct.estimate()
    }

    fn count(&mut self, value: SourceValue<'_>) {
        match value {
            SourceValue::Null => {
                self.nulls += 1;
                return;
            }
            SourceValue::Integer(_) => self.integers += 1,
            SourceValue::Real(_) => self.reals += 1,
            SourceValue::Text(bytes) => {
                self.texts += 1;
                self.count_bytes(bytes);
            }
            SourceValue::Blob(bytes) => {
                self.blobs += 1;
                self.count_bytes(bytes);
            }
        }
        self.distinct.add(value);
    }

    fn count_bytes(&mut self, bytes: &[u8]) {
        self.empty += u64::from(bytes.trim_ascii().is_empty());
        self.invalid_utf8 += u64::from(!bytes.is_ascii() && std::str::from_utf8(bytes).is_err());
        self.control_characters += u64::from(bytes.iter().any(u8::is_ascii_control));
        self.bytes_max = self.bytes_max.max(bytes.len() as u64);
    }
}

/// The smallest hashes of what was seen: where they lie tells how many there are.
#[derive(Debug, Clone, Default)]
struct Sketch {
    smallest: BTreeSet<u64>,
    /// None greater is taken once there are enough.
    bound: Option<u64>,
}

impl Sketch {
    fn add(&mut self, value: SourceValue<'_>) {
        let mut hasher = FixedState::default().build_hasher();
        match value {
            SourceValue::Null => {}
            SourceValue::Integer(value) => value.hash(&mut hasher),
            SourceValue::Real(value) => value.to_bits().hash(&mut hasher),
            SourceValue::Text(bytes) | SourceValue::Blob(bytes) => bytes.hash(&mut hasher),
        }
        let hash = hasher.finish();
        if self.bound.is_some_and(|bound| hash >= bound) || !self.smallest.insert(hash) {
            return;
        }
        if self.smallest.len() > SKETCH_HASHES {
            self.smallest.pop_last();
            self.bound = self.smallest.last().copied();
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of a count"
    )]
    fn estimate(&self) -> u64 {
        match self.bound {
            None => self.smallest.len() as u64,
            Some(bound) => ((SKETCH_HASHES - 1) as f64 * (u64::MAX as f64 / bound as f64)).round() as u64,
        }
    }
}

/// Spellings of places with how often each was met, those that are known apart from those that are not.
#[derive(Debug, Clone, Default)]
pub struct Spellings {
    counts: HashMap<String, (bool, u64), FixedState>,
    /// Rows whose spelling was too long, or one too many.
    pub uncounted: u64,
}

impl Spellings {
    fn count(&mut self, spelling: &str, is_known: impl FnOnce(&str) -> bool) {
        if let Some((_, rows)) = self.counts.get_mut(spelling) {
            *rows += 1;
        } else if self.counts.len() < SPELLINGS_MAX && spelling.len() <= SPELLING_BYTES_MAX {
            self.counts.insert(spelling.to_owned(), (is_known(spelling), 1));
        } else {
            self.uncounted += 1;
        }
    }

    /// Those that are known, or those that are not, the most frequent first.
    #[must_use]
    pub fn that_are(&self, known: bool) -> Vec<(&str, u64)> {
        let chosen = self.counts.iter().filter(|(_, (is_known, _))| *is_known == known);
        let mut chosen: Vec<_> = chosen.map(|(spelling, (_, rows))| (spelling.as_str(), *rows)).collect();
        chosen.sort_by_key(|(spelling, rows)| (std::cmp::Reverse(*rows), *spelling));
        chosen
    }
}

/// What was found in a file.
#[derive(Debug, Clone, Default)]
pub struct SourceAnalysis {
    /// Rows of `numeros` that were looked at.
    pub rows: u64,
    /// What an import into an empty database would store of them.
    pub expected: StoredRows,
    /// Contacts among them that would be valid.
    pub valid: u64,
    /// Rows that the source says are valid.
    pub said_valid: u64,
    /// The columns of `numeros`, in their order.
    pub columns: [ColumnFigures; SourceColumn::ALL.len()],
    /// Shapes of numbers that would be refused, by reason: each digit a 9, each letter an A.
    pub examples: BTreeMap<Refusal, Vec<String>>,
    /// Spellings of states.
    pub states: Spellings,
    /// Spellings of cities.
    pub cities: Spellings,
    /// Contacts by area code; `None` is one that is not assigned.
    pub by_lada: BTreeMap<Option<Lada>, u64>,
    /// Contacts whose `lada` column does not begin with the number's area code.
    pub ladas_disagreeing: u64,
}

impl SourceAnalysis {
    /// Looks at a batch of rows.
    pub fn add(&mut self, batch: SourceBatch, taken: &mut TakenNumbers) {
        let sorted = SortedBatch::sort(batch, taken, None);
        for (row, verdict) in sorted.verdicts() {
            self.rows += 1;
            self.count_row(row);
            match verdict {
                Ok(phone) => {
                    let is_denied = denies_validity(row.get(SourceColumn::EsValido));
                    self.expected.contacts += 1;
                    self.valid += u64::from(phone.is_assigned() && !is_denied);
                    *self.by_lada.entry(phone.lada()).or_default() += 1;
                    self.ladas_disagreeing += u64::from(NewContact::lada_disagrees(row, phone));
                }
                Err(refusal) => {
                    *self.expected.refused.entry(refusal).or_default() += 1;
                    self.keep_example(row, refusal);
                }
            }
        }
    }

    fn count_row(&mut self, row: SourceRow<'_>) {
        for (figures, column) in self.columns.iter_mut().zip(SourceColumn::ALL) {
            figures.count(row.get(column));
        }
        let said = row.get(SourceColumn::EsValido);
        self.said_valid += u64::from(said != SourceValue::Null && !denies_validity(said));
        if let Some(state) = spelled(row.get(SourceColumn::EstadoCof)) {
            self.states.count(state, |state| StateCode::from_spelling(state).is_some());
        }
        if let Some(city) = spelled(row.get(SourceColumn::CiudadPorLada)) {
            self.cities.count(city, |city| city::from_spelling(city).is_some());
        }
    }

    fn keep_example(&mut self, row: SourceRow<'_>, refusal: Refusal) {
        let examples = self.examples.entry(refusal).or_default();
        if examples.len() < EXAMPLES && !refusal.is_duplicate() {
            let shape = shape(row.get(SourceColumn::Numero));
            if !examples.contains(&shape) {
                examples.push(shape);
            }
        }
    }
}

/// A text as it is spelled, without white space around it.
fn spelled(value: SourceValue<'_>) -> Option<&str> {
    match value {
        SourceValue::Text(bytes) | SourceValue::Blob(bytes) => {
            std::str::from_utf8(bytes).ok().map(str::trim).filter(|text| !text.is_empty())
        }
        SourceValue::Null | SourceValue::Integer(_) | SourceValue::Real(_) => None,
    }
}

/// How a value is written, without what it says.
fn shape(value: SourceValue<'_>) -> String {
    let text = match value {
        SourceValue::Null => return "NULL".to_owned(),
        SourceValue::Integer(value) => value.to_string(),
        SourceValue::Real(value) => value.to_string(),
        SourceValue::Text(bytes) | SourceValue::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let letter = |letter: char| match letter {
        letter if letter.is_numeric() => '9',
        letter if letter.is_alphabetic() => 'A',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    };
    text.chars().take(EXAMPLE_CHARS).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analysed(rows: &[(i64, SourceValue<'_>, SourceValue<'_>, SourceValue<'_>)]) -> SourceAnalysis {
        let mut batch = SourceBatch::with_capacity(rows.len());
        for (id, number, state, city) in rows {
            let mut row = [SourceValue::Null; 16];
            row[SourceColumn::Id as usize] = SourceValue::Integer(*id);
            row[SourceColumn::Numero as usize] = *number;
            row[SourceColumn::EstadoCof as usize] = *state;
            row[SourceColumn::CiudadPorLada as usize] = *city;
            batch.push(row);
        }
        let mut analysis = SourceAnalysis::default();
        analysis.add(batch, &mut TakenNumbers::default());
        analysis
    }

    #[test]
    fn a_file_is_counted_and_nobody_is_named() {
        let text = |text: &'static str| SourceValue::Text(text.as_bytes());
        let found = analysed(&[
            (1, text("55 1234 5670"), text("DISTR"), text("MEX DF")),
            (2, SourceValue::Integer(5_512_345_670), text("DISTR"), text("@X")),
            (3, text("tel de ana 55"), text(" en el mar "), SourceValue::Null),
            (4, SourceValue::Null, SourceValue::Null, text("  ")),
            (5, SourceValue::Blob(b"3312345670\x00\xff"), SourceValue::Real(1.5), SourceValue::Null),
        ]);
        assert_eq!((found.rows, found.expected.contacts, found.valid), (5, 1, 1));
        assert_eq!(found.expected.refused.values().sum::<u64>(), 4);
        assert_eq!(found.states.that_are(true), [("DISTR", 2)]);
        assert_eq!(found.states.that_are(false), [("en el mar", 1)]);
        assert_eq!((found.cities.that_are(true).len(), found.cities.that_are(false).len()), (1, 1));
        let number = &found.columns[SourceColumn::Numero as usize];
        assert_eq!((number.texts, number.integers, number.blobs, number.nulls), (2, 1, 1, 1));
        assert_eq!((number.invalid_utf8, number.control_characters, number.distinct()), (1, 1, 4));
        let shapes: Vec<_> = found.examples.values().flatten().collect();
        assert!(shapes.contains(&&"AAA AA AAA 99".to_owned()), "{shapes:?}");
        assert!(shapes.iter().all(|shape| !shape.contains("ana") && !shape.contains("55")), "{shapes:?}");
    }

    #[test]
    fn spellings_take_no_more_room_than_they_may() {
        let mut spellings = Spellings::default();
        for n in 0..SPELLINGS_MAX + 5 {
            spellings.count(&n.to_string(), |_| true);
        }
        spellings.count(&"LARGO".repeat(100_000), |_| true);
        spellings.count("7", |_| true);
        assert_eq!((spellings.that_are(true).len(), spellings.uncounted), (SPELLINGS_MAX, 6));
        assert_eq!(spellings.that_are(true)[0], ("7", 2));
    }

    #[test]
    fn different_values_are_counted_or_estimated() {
        for expected in [0_i64, 5, 2_000, 100_000, 1_000_000] {
            let mut sketch = Sketch::default();
            for value in 0..expected {
                sketch.add(SourceValue::Integer(value));
                sketch.add(SourceValue::Integer(value / 2));
            }
            let (estimate, expected) = (sketch.estimate(), expected.unsigned_abs());
            if expected <= SKETCH_HASHES as u64 {
                assert_eq!(estimate, expected);
            } else {
                assert!(estimate.abs_diff(expected) * 10 < expected, "{estimate} of {expected}");
            }
        }
    }
}
