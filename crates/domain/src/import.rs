//! An import: every row of a contact file ends in exactly one of imported, duplicate, rejected.

use std::fmt;
use std::ops::{AddAssign, Sub};
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringTreemap;
use uuid::Uuid;

use crate::contact::{NewContact, denies_validity};
use crate::numbering::{Line, NumberingPlan};
use crate::phone::{PhoneNumber, PhoneRejection};
use crate::source::{SourceBatch, SourceColumn, SourceDescription, SourceRow, SourceValue};

/// Identifies an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImportId(pub Uuid);

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// Rows come in, or did until the program ended.
    Loading,
    /// It ended at a limit; what was read so far is whole.
    Stopped,
    /// The source was read to its end.
    Completed,
    /// What it brought is being taken away, or was until the program ended.
    RollingBack,
    /// All that it brought is gone.
    RolledBack,
}

impl ImportState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Loading, Self::Stopped, Self::Completed, Self::RollingBack, Self::RolledBack];

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::RollingBack => "rolling_back",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// The checkpoint of an import that has read nothing: behind it stand all ids, those below 1 too.
pub const NOTHING_READ: i64 = i64::MIN;

/// An import as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Identifies it.
    pub id: ImportId,
    /// How far it has come.
    pub state: ImportState,
    /// The file it began with.
    pub source: SourceDescription,
    /// The checkpoint: every row of the source up to this id is accounted for, none behind it was touched.
    pub last_source_row_id: i64,
    /// What became of those rows.
    pub tally: Tally,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was completed.
    pub finished_at: Option<Timestamp>,
}

/// Why a row did not become a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// An earlier row of the same file has the number.
    Duplicate,
    /// The database had the number before this import.
    DuplicateExisting,
    /// What stands there is no number of a person.
    Rejected(PhoneRejection),
    /// The store takes the rows around it and not this one.
    NotStorable,
}

impl Refusal {
    /// Every reason.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Duplicate, Self::DuplicateExisting]
            .into_iter()
            .chain(PhoneRejection::ALL.into_iter().map(Self::Rejected))
            .chain([Self::NotStorable])
    }

    /// Whether the number is taken, rather than none.
    #[must_use]
    pub fn is_duplicate(self) -> bool {
        match self {
            Self::Duplicate | Self::DuplicateExisting => true,
            Self::Rejected(_) | Self::NotStorable => false,
        }
    }

    /// `duplicate` or `rejected`.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        if self.is_duplicate() { "duplicate" } else { "rejected" }
    }

    /// The reason's name.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::DuplicateExisting => "duplicate_existing",
            Self::Rejected(rejection) => rejection.as_str(),
            Self::NotStorable => "not_storable",
        }
    }
}

/// The numbers taken so far, so that the first of equal ones wins. A compressed bitmap: about 2 bytes a number.
#[derive(Default)]
pub struct TakenNumbers {
    before: RoaringTreemap,
    by_this_import: RoaringTreemap,
}

impl TakenNumbers {
    /// Notes a number that the database has: brought by this import before it was resumed, or there before it.
    pub fn note(&mut self, phone: PhoneNumber, brought_by: BroughtBy) {
        match brought_by {
            BroughtBy::ThisImport => self.by_this_import.insert(phone.national()),
            BroughtBy::Another => self.before.insert(phone.national()),
        };
    }

    fn take(&mut self, phone: PhoneNumber) -> Result<(), Refusal> {
        if self.before.contains(phone.national()) {
            Err(Refusal::DuplicateExisting)
        } else if self.by_this_import.insert(phone.national()) {
            Ok(())
        } else {
            Err(Refusal::Duplicate)
        }
    }
}

/// Rows of a file, by their ids; small also where they are many.
#[derive(Debug, Clone, Default)]
pub struct SourceRowIds(RoaringTreemap);

impl SourceRowIds {
    /// Adds a row.
    pub fn insert(&mut self, id: i64) {
        self.0.insert(Self::key(id));
    }

    /// Whether a row is among them.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        self.0.contains(Self::key(id))
    }

    /// Ids may be negative; their order stays.
    fn key(id: i64) -> u64 {
        id.cast_unsigned() ^ (1 << 63)
    }
}

/// Whose work a number in the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroughtBy {
    /// The import that asks.
    ThisImport,
    /// An earlier one, or a person.
    Another,
}

/// A batch of source rows, each with its verdict.
#[derive(Debug)]
pub struct SortedBatch {
    rows: SourceBatch,
    verdicts: Vec<Result<PhoneNumber, Refusal>>,
    plan: Option<Arc<NumberingPlan>>,
}

impl SortedBatch {
    /// Sorts the rows of `batch`: reads each number, and takes it unless it is taken. Its contacts are classed by `plan`.
    #[must_use]
    pub fn sort(batch: SourceBatch, taken: &mut TakenNumbers, plan: Option<Arc<NumberingPlan>>) -> Self {
        let verdicts = batch
            .rows()
            .map(|row| {
                let phone = NewContact::number_of(row).map_err(Refusal::Rejected)?;
                taken.take(phone).map(|()| phone)
            })
            .collect();
        Self { rows: batch, verdicts, plan }
    }

    /// Rows held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.verdicts.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty()
    }

    /// The id of the last row: the checkpoint once this batch is stored.
    #[must_use]
    pub fn last_source_row_id(&self) -> Option<i64> {
        self.rows.rows().last().map(SourceRow::id)
    }

    /// The number of each row, or why it has none of its own, in the source's order.
    pub fn verdicts(&self) -> impl Iterator<Item = (SourceRow<'_>, Result<PhoneNumber, Refusal>)> {
        self.rows.rows().zip(self.verdicts.iter().copied())
    }

    /// What becomes of each row, in the source's order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.rows.rows().zip(&self.verdicts).map(|(row, verdict)| match *verdict {
            Ok(phone) => {
                let line = Line::of(phone, self.plan.as_deref());
                Entry::Contact(row, NewContact::from_source(row, phone, line))
            }
            Err(refusal) => Entry::Refused(row, refusal),
        })
    }
}

/// What becomes of one source row.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack; nearly all are contacts")]
pub enum Entry<'a> {
    /// It is imported.
    Contact(SourceRow<'a>, NewContact<'a>),
    /// It is kept among the rejects, whole, with the reason.
    Refused(SourceRow<'a>, Refusal),
}

/// What became of the rows read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows read.
    pub rows_read: u64,
    /// Of these, rows that the source says are valid (`es_valido` = 1).
    pub valid_rows_read: u64,
    /// Of these, rows whose number is a valid contact now: by this row, or in the database before.
    pub valid_rows_kept: u64,
    /// Rows that became contacts.
    pub imported: u64,
    /// Of these, contacts that are valid.
    pub imported_valid: u64,
    /// Rows whose number was taken.
    pub duplicates: u64,
    /// Of these, numbers that the database had before.
    pub duplicates_existing: u64,
    /// Rows with no number of a person.
    pub rejected: u64,
    /// Contacts whose state is spelled in no known way.
    pub states_unmapped: u64,
    /// Contacts whose city is spelled in no known way.
    pub cities_unmapped: u64,
    /// Contacts whose `lada` column does not fit their number.
    pub ladas_disagreeing: u64,
    /// Texts that were no UTF-8.
    pub texts_invalid_utf8: u64,
    /// Texts cut to their limit.
    pub texts_shortened: u64,
    /// Contacts whose date could not be read.
    pub dates_unreadable: u64,
}

impl Tally {
    /// Counts one row.
    pub fn count(&mut self, entry: &Entry<'_>) {
        self.rows_read += 1;
        match entry {
            Entry::Contact(row, contact) => {
                let is_said_valid = says_valid(*row);
                self.valid_rows_read += u64::from(is_said_valid);
                self.valid_rows_kept += u64::from(is_said_valid && contact.is_valid);
                self.imported += 1;
                self.imported_valid += u64::from(contact.is_valid);
                let oddities = contact.oddities;
                self.states_unmapped += u64::from(oddities.state_is_unmapped);
                self.cities_unmapped += u64::from(oddities.city_is_unmapped);
                self.ladas_disagreeing += u64::from(oddities.lada_disagrees);
                self.texts_invalid_utf8 += u64::from(oddities.texts_invalid_utf8);
                self.texts_shortened += u64::from(oddities.texts_shortened);
                self.dates_unreadable += u64::from(oddities.date_is_unreadable);
            }
            Entry::Refused(row, refusal) => {
                let is_said_valid = says_valid(*row);
                self.valid_rows_read += u64::from(is_said_valid);
                match refusal {
                    Refusal::Duplicate => self.duplicates += 1,
                    Refusal::DuplicateExisting => {
                        self.duplicates += 1;
                        self.duplicates_existing += 1;
                        let is_assigned = NewContact::number_of(*row).is_ok_and(PhoneNumber::is_assigned);
                        self.valid_rows_kept += u64::from(is_said_valid && is_assigned);
                    }
                    Refusal::Rejected(_) | Refusal::NotStorable => self.rejected += 1,
                }
            }
        }
    }

    /// Whether every row read ended in exactly one place.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.rows_read == self.imported + self.duplicates + self.rejected
    }

    /// Rows kept for each hundred that the source says are valid; 100 when it says so of none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    pub fn valid_percent(&self) -> f64 {
        if self.valid_rows_read == 0 {
            return 100.0;
        }
        self.valid_rows_kept as f64 * 100.0 / self.valid_rows_read as f64
    }
}

impl Tally {
    /// Each count of this with the same count of the other.
    fn zip(self, other: Self, with: fn(u64, u64) -> u64) -> Self {
        // Built whole, so that no count can be forgotten.
        Self {
            rows_read: with(self.rows_read, other.rows_read),
            valid_rows_read: with(self.valid_rows_read, other.valid_rows_read),
            valid_rows_kept: with(self.valid_rows_kept, other.valid_rows_kept),
            imported: with(self.imported, other.imported),
            imported_valid: with(self.imported_valid, other.imported_valid),
            duplicates: with(self.duplicates, other.duplicates),
            duplicates_existing: with(self.duplicates_existing, other.duplicates_existing),
            rejected: with(self.rejected, other.rejected),
            states_unmapped: with(self.states_unmapped, other.states_unmapped),
            cities_unmapped: with(self.cities_unmapped, other.cities_unmapped),
            ladas_disagreeing: with(self.ladas_disagreeing, other.ladas_disagreeing),
            texts_invalid_utf8: with(self.texts_invalid_utf8, other.texts_invalid_utf8),
            texts_shortened: with(self.texts_shortened, other.texts_shortened),
            dates_unreadable: with(self.dates_unreadable, other.dates_unreadable),
        }
    }
}

/// Both together.
impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = self.zip(other, |one, more| one + more);
    }
}

/// What came after `other`, which was counted before.
impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.zip(other, |all, before| all - before)
    }
}

/// Whether the source says outright that a row is valid (`es_valido` = 1).
fn says_valid(row: SourceRow<'_>) -> bool {
    let value = row.get(SourceColumn::EsValido);
    value != SourceValue::Null && !denies_validity(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[(i64, &str, i64)]) -> SourceBatch {
        let mut batch = SourceBatch::with_capacity(rows.len());
        for (id, numero, es_valido) in rows {
            let mut row = [SourceValue::Null; 16];
            row[SourceColumn::Id as usize] = SourceValue::Integer(*id);
            row[SourceColumn::Numero as usize] = SourceValue::Text(numero.as_bytes());
            row[SourceColumn::EsValido as usize] = SourceValue::Integer(*es_valido);
            batch.push(row);
        }
        batch
    }

    fn tally(batch: &SortedBatch) -> Tally {
        let mut tally = Tally::default();
        batch.entries().for_each(|entry| tally.count(&entry));
        tally
    }

    #[test]
    fn the_first_of_equal_numbers_wins_and_every_row_ends_somewhere() {
        let mut taken = TakenNumbers::default();
        taken.note(PhoneNumber::parse("8112345670").unwrap(), BroughtBy::Another);
        let rows = batch(&[
            (3, "55 1234 5670", 1),
            (5, "+525512345670", 1),
            (9, "8112345670", 1),
            (11, "hola", 1),
            (12, "2225550149", 0),
        ]);
        let sorted = SortedBatch::sort(rows, &mut taken, None);
        let refusals: Vec<_> = sorted
            .entries()
            .map(|entry| match entry {
                Entry::Contact(..) => "imported",
                Entry::Refused(_, refusal) => refusal.reason(),
            })
            .collect();
        assert_eq!(refusals, ["imported", "duplicate", "duplicate_existing", "not_a_number", "imported"]);
        assert_eq!(sorted.last_source_row_id(), Some(12));

        let counted = tally(&sorted);
        assert!(counted.adds_up());
        assert_eq!((counted.imported, counted.imported_valid), (2, 1));
        assert_eq!((counted.duplicates, counted.duplicates_existing, counted.rejected), (2, 1, 1));
        assert_eq!((counted.valid_rows_read, counted.valid_rows_kept), (4, 2));
        assert!((counted.valid_percent() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_noted_from_before_a_resume_are_duplicates_of_the_same_import() {
        let mut taken = TakenNumbers::default();
        taken.note(PhoneNumber::parse("5512345670").unwrap(), BroughtBy::ThisImport);
        let sorted = SortedBatch::sort(batch(&[(4, "5512345670", 1)]), &mut taken, None);
        assert_eq!(tally(&sorted).duplicates, 1);
        assert_eq!(tally(&sorted).duplicates_existing, 0);
    }

    #[test]
    fn a_source_that_calls_no_row_valid_loses_none() {
        assert!((Tally::default().valid_percent() - 100.0).abs() < 1e-9);
    }
}
