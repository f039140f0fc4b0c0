//! Whether an import brought what its file holds: both sides are counted anew and compared.

use std::collections::BTreeMap;

use crate::contact::{Contact, NewContact};
use crate::import::Refusal;
use crate::lada::Lada;

/// Columns of which it is counted how many contacts have something in them.
pub const FILLED_COLUMNS: [&str; 9] = [
    "phone_original",
    "full_name",
    "address",
    "neighborhood",
    "municipality",
    "state_code",
    "state_text",
    "city",
    "migrated_at",
];

/// What is counted over the contacts of one import, by the store or by reading their file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactCounts {
    /// Contacts by area code.
    pub by_lada: BTreeMap<Option<Lada>, u64>,
    /// Contacts that are valid.
    pub valid: u64,
    /// Contacts that have something in a column, in the order of [`FILLED_COLUMNS`].
    pub filled: [u64; FILLED_COLUMNS.len()],
}

impl ContactCounts {
    /// Counts one contact.
    pub fn count(&mut self, contact: &NewContact<'_>) {
        *self.by_lada.entry(contact.lada).or_default() += 1;
        self.valid += u64::from(contact.is_valid);
        let is_filled = [
            contact.phone_original.is_some(),
            contact.full_name.is_some(),
            contact.address.is_some(),
            contact.neighborhood.is_some(),
            contact.municipality.is_some(),
            contact.state.is_some(),
            contact.state_text.is_some(),
            contact.city.is_some(),
            contact.migrated_at.is_some(),
        ];
        for (count, is_filled) in self.filled.iter_mut().zip(is_filled) {
            *count += u64::from(is_filled);
        }
    }

    /// Contacts in all.
    #[must_use]
    pub fn contacts(&self) -> u64 {
        self.by_lada.values().sum()
    }
}

/// The fields in which a stored contact is not what its row of the file says, by name.
#[must_use]
pub fn differences(stored: &Contact, row: &NewContact<'_>) -> Vec<&'static str> {
    let fields = [
        ("phone_original", stored.phone_original.as_deref() == row.phone_original.as_deref()),
        ("full_name", stored.full_name.as_deref() == row.full_name.as_deref()),
        ("address", stored.address.as_deref() == row.address.as_deref()),
        ("neighborhood", stored.neighborhood.as_deref() == row.neighborhood.as_deref()),
        ("municipality", stored.municipality.as_deref() == row.municipality.as_deref()),
        ("state_code", stored.state == row.state),
        ("state_text", stored.state_text.as_deref() == row.state_text.as_deref()),
        ("lada", stored.lada == row.lada),
        ("city", stored.city.as_deref() == row.city.as_deref()),
        ("is_valid", stored.is_valid == row.is_valid),
        ("source_row_id", stored.source_row_id == row.source_row_id),
        ("migrated_at", is_same_instant(stored, row)),
    ];
    fields.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
}

/// Stores keep microseconds.
fn is_same_instant(stored: &Contact, row: &NewContact<'_>) -> bool {
    let micros = |at: Option<jiff::Timestamp>| at.map(jiff::Timestamp::as_microsecond);
    micros(stored.migrated_at) == micros(row.migrated_at)
}

/// Contacts of one import by what is known of them, the most frequent first. `None` where nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breakdown {
    /// By the state's code.
    pub states: Vec<(Option<String>, u64)>,
    /// By area code.
    pub ladas: Vec<(Option<String>, u64)>,
    /// By line type.
    pub line_types: Vec<(Option<String>, u64)>,
    /// By carrier.
    pub carriers: Vec<(Option<String>, u64)>,
    /// By the spelling of a state that is known to none.
    pub states_unmapped: Vec<(Option<String>, u64)>,
}

/// A row that was not imported, as it stands in the file.
#[derive(Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Its id there.
    pub source_row_id: i64,
    /// Why it was not imported.
    pub refusal: Refusal,
    /// What else is known of the reason.
    pub detail: Option<String>,
    /// The whole row, as a JSON object by column.
    pub source_row: String,
}

/// Shows which row it is and nothing about the person.
impl std::fmt::Debug for RejectedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RejectedRow")
            .field("source_row_id", &self.source_row_id)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

/// Something that was looked at, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, as a short name.
    pub what: &'static str,
    /// Whether it is as it should be.
    pub is_good: bool,
    /// What was found, and what would be right.
    pub detail: String,
}

impl Finding {
    /// As it should be.
    #[must_use]
    pub fn good(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, is_good: true, detail: detail.into() }
    }

    /// Not as it should be.
    #[must_use]
    pub fn bad(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, is_good: false, detail: detail.into() }
    }

    /// Good if `found` is what is `expected`.
    #[must_use]
    pub fn of<T: PartialEq + std::fmt::Display>(what: &'static str, found: &T, expected: &T) -> Self {
        if found == expected {
            Self::good(what, found.to_string())
        } else {
            Self::bad(what, format!("{found} are there, {expected} are expected"))
        }
    }

    /// Good if nothing differs.
    #[must_use]
    pub fn unless(what: &'static str, differences: &[String], otherwise: impl Into<String>) -> Self {
        if differences.is_empty() {
            Self::good(what, otherwise)
        } else {
            Self::bad(what, differences.join("; "))
        }
    }
}
