//! Numbers that are never written to, and why.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::phone::PhoneNumber;

/// What bars a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuppressionSource {
    /// Its owner said no. Only they can say yes again.
    OptOut,
    /// The carrier says that its owner said no.
    Carrier,
    /// We barred it.
    Manual,
    /// It is in the register of PROFECO.
    Repep,
    /// It is in the register of CONDUSEF.
    Reus,
    /// Its owner had their data erased.
    Erasure,
}

impl SuppressionSource {
    /// Every source.
    pub const ALL: [Self; 6] =
        [Self::OptOut, Self::Carrier, Self::Manual, Self::Repep, Self::Reus, Self::Erasure];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::Carrier => "carrier",
            Self::Manual => "manual",
            Self::Repep => "repep",
            Self::Reus => "reus",
            Self::Erasure => "erasure",
        }
    }

    /// The list that numbers of this source come from; `None` where people bring none.
    #[must_use]
    pub fn list(self) -> Option<SuppressionList> {
        match self {
            Self::Manual => Some(SuppressionList::Manual),
            Self::Repep => Some(SuppressionList::Repep),
            Self::Reus => Some(SuppressionList::Reus),
            Self::OptOut | Self::Carrier | Self::Erasure => None,
        }
    }
}

impl fmt::Display for SuppressionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SuppressionSource {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        Self::ALL.into_iter().find(|source| source.as_str() == name).ok_or(UnknownSource)
    }
}

/// A list that people bring: what they may add numbers to, and take them from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuppressionList {
    /// Our own.
    Manual,
    /// PROFECO's register of consumers who want no advertising.
    Repep,
    /// CONDUSEF's register of people who want no advertising of financial institutions.
    Reus,
}

/// An entry of REUS lapses so many years after it was listed, unless it is renewed (rules of CONDUSEF).
const REUS_YEARS: i16 = 2;

impl SuppressionList {
    /// Every list.
    pub const ALL: [Self; 3] = [Self::Manual, Self::Repep, Self::Reus];

    /// What numbers of this list are barred by.
    #[must_use]
    pub fn source(self) -> SuppressionSource {
        match self {
            Self::Manual => SuppressionSource::Manual,
            Self::Repep => SuppressionSource::Repep,
            Self::Reus => SuppressionSource::Reus,
        }
    }

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.source().as_str()
    }

    /// When a number that was listed on that day, by the calendar of `zone`, is not barred any more by it; `None` is never.
    /// All are barred from the moment they are brought, whatever time the register gives to companies.
    ///
    /// # Errors
    /// When the day is not of our calendar.
    pub fn ends(self, listed_on: Date, zone: &TimeZone) -> Result<Option<Timestamp>, InvalidListing> {
        match self {
            Self::Manual | Self::Repep => Ok(None),
            Self::Reus => {
                let day = listed_on.checked_add(REUS_YEARS.years()).map_err(|_| InvalidListing::NoDay)?;
                let ends = day.to_zoned(zone.clone()).map_err(|_| InvalidListing::NoDay)?;
                Ok(Some(ends.timestamp()))
            }
        }
    }
}

impl fmt::Display for SuppressionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SuppressionList {
    type Err = UnknownList;

    fn from_str(name: &str) -> Result<Self, UnknownList> {
        Self::ALL.into_iter().find(|list| list.as_str() == name).ok_or(UnknownList)
    }
}

/// A source's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give opt_out, carrier, manual, repep, reus or erasure")]
pub struct UnknownSource;

/// A list's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give manual, repep or reus")]
pub struct UnknownList;

/// A day on which no list can have been made, or one that is too long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidListing {
    /// It is no day of our calendar.
    #[error("it is no day of the calendar")]
    NoDay,
    /// It is still to come.
    #[error("the day is still to come; give the day on which the numbers were listed")]
    Future,
    /// What was listed then bars nobody any more.
    #[error("entries of REUS last two years, and those of that day have ended")]
    Ended,
}

/// A number that is barred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its place in the list of all: later ones have greater places.
    pub place: i64,
    /// The number.
    pub phone: PhoneNumber,
    /// By what.
    pub source: SuppressionSource,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who barred it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// The day on which it was listed, of a register's.
    pub listed_on: Option<Date>,
    /// From when on it is not barred by this any more.
    pub expires_at: Option<Timestamp>,
}

impl Suppression {
    /// The longest reason, in characters.
    pub const REASON_CHARS_MAX: usize = 2_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reus_ends_two_years_after_its_listing_and_the_others_never() {
        let zone = TimeZone::get("America/Mexico_City").unwrap();
        let day: Date = "2024-02-29".parse().unwrap();
        let ends = SuppressionList::Reus.ends(day, &zone).unwrap().unwrap();
        assert_eq!(ends.to_string(), "2026-02-28T06:00:00Z");
        assert_eq!(SuppressionList::Repep.ends(day, &zone), Ok(None));
        assert_eq!(SuppressionList::Manual.ends(day, &zone), Ok(None));
        assert_eq!(SuppressionList::Reus.ends(Date::MAX, &zone), Err(InvalidListing::NoDay));
    }

    #[test]
    fn every_source_is_read_by_its_name_and_lists_are_three_of_them() {
        for source in SuppressionSource::ALL {
            assert_eq!(source.as_str().parse(), Ok(source));
            assert_eq!(source.list().map_or(source, SuppressionList::source), source);
        }
        assert_eq!(SuppressionSource::ALL.into_iter().filter_map(SuppressionSource::list).count(), 3);
        assert_eq!("opt_out".parse::<SuppressionList>(), Err(UnknownList));
        assert_eq!("MANUAL".parse::<SuppressionSource>(), Err(UnknownSource));
    }
}
