//! The 32 states: their ISO 3166-2:MX codes, their names, and the spellings met in real lists.
//!
//! A spelling maps to a state only if it is catalogued: nothing here is fuzzy, because "contains MEXICO" once put
//! the State of Mexico into Mexico City.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::spelling::Folded;

/// The three letters of a state in ISO 3166-2:MX, without the `MX-`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateCode([u8; 3]);

impl StateCode {
    /// Every state, by name as the standard lists them.
    pub const ALL: [Self; 32] = [
        Self(*b"AGU"),
        Self(*b"BCN"),
        Self(*b"BCS"),
        Self(*b"CAM"),
        Self(*b"CHP"),
        Self(*b"CHH"),
        Self(*b"CMX"),
        Self(*b"COA"),
        Self(*b"COL"),
        Self(*b"DUR"),
        Self(*b"GUA"),
        Self(*b"GRO"),
        Self(*b"HID"),
        Self(*b"JAL"),
        Self(*b"MEX"),
        Self(*b"MIC"),
        Self(*b"MOR"),
        Self(*b"NAY"),
        Self(*b"NLE"),
        Self(*b"OAX"),
        Self(*b"PUE"),
        Self(*b"QUE"),
        Self(*b"ROO"),
        Self(*b"SLP"),
        Self(*b"SIN"),
        Self(*b"SON"),
        Self(*b"TAB"),
        Self(*b"TAM"),
        Self(*b"TLA"),
        Self(*b"VER"),
        Self(*b"YUC"),
        Self(*b"ZAC"),
    ];

    /// Reads a code, exactly as the standard writes it.
    ///
    /// # Errors
    /// [`UnknownState`] for anything else, other spellings of a state included.
    pub fn parse(code: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.0 == code.as_bytes()).ok_or(UnknownState)
    }

    /// The state that a list means by a spelling, if the spelling is catalogued.
    ///
    /// Case, accents, punctuation and spaces do not matter; everything else does.
    #[must_use]
    pub fn from_spelling(spelling: &str) -> Option<Self> {
        let mut folded = Folded::default();
        CATALOGUE.by_spelling.get(folded.fold(spelling)?).copied()
    }

    /// The catalogued spellings of this state, folded.
    pub(crate) fn spellings(self) -> impl Iterator<Item = &'static [u8]> {
        let spellings = CATALOGUE.by_spelling.iter();
        spellings.filter(move |(_, state)| **state == self).map(|(spelling, _)| spelling.as_slice())
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction, so the default is never taken.
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The state's name in Spanish, such as `Ciudad de México`.
    #[must_use]
    pub fn name(self) -> &'static str {
        CATALOGUE.names.get(&self).map_or("", String::as_str)
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A code that is none of the 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a state is one of the 32 codes of ISO 3166-2:MX, such as CMX")]
pub struct UnknownState;

struct Catalogue {
    names: HashMap<StateCode, String>,
    by_spelling: HashMap<Vec<u8>, StateCode>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("../data/states.csv")));

/// Reads `state_code,name,capital_timezone,aliases`; a row that does not fit is left out, which a test forbids.
fn read(table: &str) -> Catalogue {
    let mut catalogue = Catalogue { names: HashMap::new(), by_spelling: HashMap::new() };
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    for row in rows.records().filter_map(Result::ok) {
        let (Some(Ok(state)), Some(name), Some(aliases)) =
            (row.get(0).map(StateCode::parse), row.get(1), row.get(3))
        else {
            continue;
        };
        catalogue.names.insert(state, name.to_owned());
        for spelling in aliases.split('|') {
            if let Some(folded) = Folded::default().fold(spelling) {
                catalogue.by_spelling.insert(folded.to_vec(), state);
            }
        }
    }
    catalogue
}

#[cfg(test)]
mod tests;
