//! Contacts counted by what people ask for most: a few small cubes, each of cells of contacts that are alike.

use crate::contact::{ContactStatus, LineType};

/// What the cells of a cube tell apart, besides line type, status, validity and consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The state's code.
    State,
    /// The area code.
    Lada,
    /// The city.
    City,
}

impl Dimension {
    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Lada => "lada",
            Self::City => "city",
        }
    }
}

/// Contacts that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The state, area code or city; `None` for those without one.
    pub key: Option<String>,
    /// Their line type.
    pub line_type: LineType,
    /// Their status.
    pub status: ContactStatus,
    /// Whether they are valid.
    pub is_valid: bool,
    /// Whether they said no.
    pub has_opted_out: bool,
    /// How many they are.
    pub contacts: u64,
}

/// Which version of the contacts something was counted of. It tells versions apart, and not which is the later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CensusVersion(String);

impl CensusVersion {
    /// The version of this name, as the store made it.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self(name)
    }
}

impl std::fmt::Display for CensusVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// By what contacts are counted for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountedBy {
    /// The state's code.
    State,
    /// The area code.
    Lada,
    /// The city.
    City,
    /// The line type.
    LineType,
    /// The status.
    Status,
}

impl CountedBy {
    /// Everything.
    pub const ALL: [Self; 5] = [Self::State, Self::Lada, Self::City, Self::LineType, Self::Status];

    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Lada => "lada",
            Self::City => "city",
            Self::LineType => "line_type",
            Self::Status => "status",
        }
    }

    /// The cube that tells it.
    #[must_use]
    pub fn dimension(self) -> Dimension {
        match self {
            // Every cube tells line types and statuses; this one is the smallest.
            Self::State | Self::LineType | Self::Status => Dimension::State,
            Self::Lada => Dimension::Lada,
            Self::City => Dimension::City,
        }
    }

    fn key_of(self, cell: &Cell) -> Option<&str> {
        match self {
            Self::State | Self::Lada | Self::City => cell.key.as_deref(),
            Self::LineType => Some(cell.line_type.as_str()),
            Self::Status => Some(cell.status.as_str()),
        }
    }
}

/// How many contacts have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Count {
    /// What they have in common; `None` for those without it.
    pub key: Option<String>,
    /// All of them.
    pub total: u64,
    /// Of these, those whose status is ACTIVE and who did not say no.
    pub active: u64,
    /// Of these, those whose line is known to be mobile.
    pub mobile: u64,
    /// Of these, those that are valid.
    pub valid: u64,
}

/// Sums the cells of `by`'s cube up, the most frequent first.
#[must_use]
pub fn count(cells: &[Cell], by: CountedBy) -> Vec<Count> {
    let mut counts: std::collections::BTreeMap<Option<&str>, Count> = std::collections::BTreeMap::new();
    for cell in cells {
        let key = by.key_of(cell);
        let count =
            counts.entry(key).or_insert_with(|| Count { key: key.map(str::to_owned), ..Count::default() });
        count.total += cell.contacts;
        if cell.status == ContactStatus::Active && !cell.has_opted_out {
            count.active += cell.contacts;
        }
        if cell.line_type == LineType::Mobile {
            count.mobile += cell.contacts;
        }
        if cell.is_valid {
            count.valid += cell.contacts;
        }
    }
    let mut counts: Vec<Count> = counts.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.total));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(key: Option<&str>, line_type: LineType, status: ContactStatus, contacts: u64) -> Cell {
        Cell {
            key: key.map(str::to_owned),
            line_type,
            status,
            is_valid: line_type != LineType::Unknown,
            has_opted_out: status == ContactStatus::OptedOut,
            contacts,
        }
    }

    #[test]
    fn cells_are_summed_up_by_what_is_asked_the_most_frequent_first() {
        let cells = [
            cell(Some("JAL"), LineType::Mobile, ContactStatus::Active, 5),
            cell(Some("JAL"), LineType::Fixed, ContactStatus::OptedOut, 2),
            cell(Some("CMX"), LineType::Unknown, ContactStatus::Active, 9),
            cell(None, LineType::Mobile, ContactStatus::Blocked, 1),
        ];
        let by_state = count(&cells, CountedBy::State);
        let totals: Vec<_> = by_state.iter().map(|count| (count.key.as_deref(), count.total)).collect();
        assert_eq!(totals, [(Some("CMX"), 9), (Some("JAL"), 7), (None, 1)]);
        assert_eq!((by_state[1].active, by_state[1].mobile, by_state[1].valid), (5, 5, 7));
        let by_line: Vec<_> =
            count(&cells, CountedBy::LineType).into_iter().map(|count| (count.key, count.total)).collect();
        assert_eq!(
            by_line,
            [(Some("unknown".to_owned()), 9), (Some("mobile".to_owned()), 6), (Some("fixed".to_owned()), 2)]
        );
        let sum = |by| count(&cells, by).iter().map(|count| count.total).sum::<u64>();
        assert_eq!((sum(CountedBy::Status), sum(CountedBy::LineType)), (17, 17));
    }
}
