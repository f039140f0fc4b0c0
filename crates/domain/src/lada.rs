//! Area codes, and the places behind them.
//!
//! Four area codes have two digits, all others three. The first three digits of a number are therefore not its area
//! code: 551 to 559 are all 55.

use std::fmt;
use std::sync::LazyLock;

use crate::phone::PhoneNumber;
use crate::state::StateCode;

/// An area code: 33, 55, 56 or 81, or three digits that do not begin with one of these.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lada(u16);

impl Lada {
    /// Reads an area code as [`Lada`] displays it.
    ///
    /// The form alone is judged: an area code that was assigned once stays readable.
    ///
    /// # Errors
    /// [`UnknownLada`] for anything else, a lead such as `551` included.
    pub fn parse(code: &str) -> Result<Self, UnknownLada> {
        let digits = code.as_bytes();
        if !matches!(digits.len(), 2 | 3) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(UnknownLada);
        }
        let number = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
        let is_area_code = match number {
            ..100 => has_two_digits(number) && digits.len() == 2,
            100..200 => false,
            _ => !has_two_digits(number / 10),
        };
        if is_area_code { Ok(Self(number)) } else { Err(UnknownLada) }
    }

    /// The area code of a number: its longest assigned match, none when its lead is unassigned.
    #[must_use]
    pub fn of(phone: PhoneNumber) -> Option<Self> {
        phone.is_assigned().then(|| Self::of_lead(phone.lead()))
    }

    fn of_lead(lead: u16) -> Self {
        if has_two_digits(lead / 10) { Self(lead / 10) } else { Self(lead) }
    }

    /// The area code as a number, 33 to 999.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The city, state and time zone that the area code serves, if they are known.
    #[must_use]
    pub fn place(self) -> Option<&'static Place> {
        PLACES.get(usize::from(self.0))?.as_ref()
    }

    /// Every area code with a known place, ascending.
    pub fn with_place() -> impl Iterator<Item = Self> {
        (0..LADAS_MAX).map(Self).filter(|lada| lada.place().is_some())
    }
}

fn has_two_digits(lead: u16) -> bool {
    matches!(lead, 33 | 55 | 56 | 81)
}

impl fmt::Display for Lada {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Lada {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no area code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an area code is 33, 55, 56, 81 or three digits, such as 442")]
pub struct UnknownLada;

/// What an area code says about where a number is at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The largest city the area code serves.
    pub city: String,
    /// The state of that city.
    pub state: StateCode,
    /// The time zone of that city, as the IANA database names it.
    pub timezone: String,
    /// How sure city and state are.
    pub confidence: Confidence,
}

/// How sure a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// Confirmed by the regulator's plan.
    High,
    /// The best of several readings.
    Low,
}

const LADAS_MAX: u16 = 1000;

/// By the area code's number.
static PLACES: LazyLock<Vec<Option<Place>>> = LazyLock::new(|| read(include_str!("../data/area_codes.csv")));

/// Reads `lada,city,state_code,timezone,confidence`; a row that does not fit is left out, which a test forbids.
fn read(table: &str) -> Vec<Option<Place>> {
    let mut places = vec![None; usize::from(LADAS_MAX)];
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    for row in rows.records().filter_map(Result::ok) {
        if let Some((lada, place)) = read_row(&row)
            && let Some(slot) = places.get_mut(usize::from(lada.0))
        {
            *slot = Some(place);
        }
    }
    places
}

fn read_row(row: &csv::StringRecord) -> Option<(Lada, Place)> {
    let lada = Lada::parse(row.get(0)?).ok()?;
    let place = Place {
        city: row.get(1)?.to_owned(),
        state: StateCode::parse(row.get(2)?).ok()?,
        timezone: row.get(3)?.to_owned(),
        confidence: match row.get(4)? {
            "high" => Confidence::High,
            "low" => Confidence::Low,
            _ => return None,
        },
    };
    Some((lada, place))
}

#[cfg(test)]
mod tests;
