//! The hours of the day and the days of the week in which people may be written to, by the clock where each lives.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Days that are looked ahead for an opening: a week, and one more for a day whose hours a change of the clock swallowed.
const DAYS_AHEAD: usize = 15;

/// From when until when messages may go out on which days. At least one day, and it ends later than it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Time,
    end: Time,
    days: [bool; 7],
}

/// When something is open, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// From then on.
    pub opens_at: Timestamp,
    /// Until then, which is not in it.
    pub closes_at: Timestamp,
}

impl Window {
    /// The names of the days as the API has them, Monday first.
    pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Reads a window: hours as `09:00`, days as in [`DAYS`](Self::DAYS).
    ///
    /// # Errors
    /// When an hour or a day is none, no day is named, or it ends before it begins.
    pub fn parse(start: &str, end: &str, days: &[impl AsRef<str>]) -> Result<Self, InvalidWindow> {
        let (start, end) = (hour(start)?, hour(end)?);
        if end <= start {
            return Err(InvalidWindow::EndsFirst);
        }
        let mut named = [false; 7];
        for day in days {
            let at = Self::DAYS.iter().position(|name| *name == day.as_ref()).ok_or(InvalidWindow::Day)?;
            named[at] = true;
        }
        if named == [false; 7] {
            return Err(InvalidWindow::Never);
        }
        Ok(Self { start, end, days: named })
    }

    /// When it begins, as `09:00`.
    #[must_use]
    pub fn start(&self) -> String {
        self.start.strftime("%H:%M").to_string()
    }

    /// When it ends.
    #[must_use]
    pub fn end(&self) -> String {
        self.end.strftime("%H:%M").to_string()
    }

    /// Its days, Monday first.
    pub fn days(&self) -> impl Iterator<Item = &'static str> {
        Self::DAYS.into_iter().zip(self.days).filter_map(|(name, is_in)| is_in.then_some(name))
    }

    /// When it is open at `now` in `zone`, or opens next. An hour that a change of the clock leaves out is the one behind
    /// the gap; a day whose hours are all left out has no opening. None only where time itself ends.
    #[must_use]
    pub fn opening(&self, zone: &TimeZone, now: Timestamp) -> Option<Opening> {
        let mut day = Zoned::new(now, zone.clone()).date();
        for _ in 0..DAYS_AHEAD {
            if self.is_on(day.weekday()) {
                let at = |time| zone.to_timestamp(day.to_datetime(time)).ok();
                let opening = Opening { opens_at: at(self.start)?, closes_at: at(self.end)? };
                if opening.closes_at > now && opening.opens_at < opening.closes_at {
                    return Some(opening);
                }
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    /// How many seconds of `seconds` of sending from `now` on in `zone` take, the closed hours among them; at most so many
    /// openings are looked at that they cover a year.
    #[must_use]
    pub fn stretched(&self, zone: &TimeZone, now: Timestamp, seconds: u64) -> Option<u64> {
        let (mut left, mut at) = (i64::try_from(seconds).ok()?, now);
        for _ in 0..366 {
            let opening = self.opening(zone, at)?;
            let from = opening.opens_at.max(at);
            let open = opening.closes_at.as_second() - from.as_second();
            if left <= open {
                return u64::try_from(from.as_second() + left - now.as_second()).ok();
            }
            left -= open;
            at = opening.closes_at;
        }
        None
    }

    fn is_on(&self, day: Weekday) -> bool {
        usize::try_from(day.to_monday_zero_offset()).is_ok_and(|day| self.days.get(day) == Some(&true))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{} {}", self.start(), self.end(), self.days().collect::<Vec<_>>().join(","))
    }
}

/// The form of a setting: `09:00-20:00 mon,tue,wed`; without days, every day.
impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let (hours, days) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let (start, end) = hours.split_once('-').ok_or(InvalidWindow::Hour)?;
        let days: Vec<&str> = match days.trim() {
            "" => Self::DAYS.to_vec(),
            days => days.split(',').map(str::trim).collect(),
        };
        Self::parse(start, end, &days)
    }
}

fn hour(text: &str) -> Result<Time, InvalidWindow> {
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    let digits = |part: &str| is_two_digits(part).then(|| part.parse::<i8>().ok()).flatten();
    text.split_once(':')
        .and_then(|(hour, minute)| Time::new(digits(hour)?, digits(minute)?, 0, 0).ok())
        .ok_or(InvalidWindow::Hour)
}

/// What is no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// An hour is none.
    #[error("an hour is written as 09:00, from 00:00 to 23:59")]
    Hour,
    /// A day is none.
    #[error("a day is one of {}", Window::DAYS.join(", "))]
    Day,
    /// It ends before it begins.
    #[error("the window must end later than it begins, on the same day")]
    EndsFirst,
    /// It names no day.
    #[error("a window without a day never opens; name at least one")]
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn opening(window: &str, name: &str, now: &str) -> (String, String) {
        let window: Window = window.parse().unwrap();
        let opening = window.opening(&zone(name), at(now)).unwrap();
        (opening.opens_at.to_string(), opening.closes_at.to_string())
    }

    fn pair(opens: &str, closes: &str) -> (String, String) {
        (opens.to_owned(), closes.to_owned())
    }

    #[test]
    fn it_is_open_by_the_clock_where_people_live() {
        let day = "09:00-20:00";
        let found = opening(day, "America/Mexico_City", "2026-11-26T18:00:00Z");
        assert_eq!(found, pair("2026-11-26T15:00:00Z", "2026-11-27T02:00:00Z"));
        let found = opening(day, "America/Tijuana", "2026-11-26T16:30:00Z");
        assert_eq!(found, pair("2026-11-26T17:00:00Z", "2026-11-27T04:00:00Z"));
        // At its end it is closed.
        let found = opening(day, "America/Mexico_City", "2026-11-27T02:00:00Z");
        assert_eq!(found, pair("2026-11-27T15:00:00Z", "2026-11-28T02:00:00Z"));
    }

    #[test]
    fn days_that_are_not_named_are_skipped() {
        let found = opening("10:00-14:00 mon", "America/Cancun", "2026-11-24T00:00:00Z");
        assert_eq!(found, pair("2026-11-30T15:00:00Z", "2026-11-30T19:00:00Z"));
    }

    #[test]
    fn hours_that_a_border_town_skips_are_those_behind_the_gap_and_never_none() {
        // On 2026-03-08 the clocks of Tijuana go from 02:00 to 03:00.
        let found = opening("02:30-05:00", "America/Tijuana", "2026-03-08T08:00:00Z");
        assert_eq!(found, pair("2026-03-08T10:30:00Z", "2026-03-08T12:00:00Z"));
        let found = opening("01:30-02:30", "America/Tijuana", "2026-03-08T08:00:00Z");
        assert_eq!(found, pair("2026-03-08T09:30:00Z", "2026-03-08T10:30:00Z"));
    }

    #[test]
    fn what_is_no_window_is_refused_with_the_reason() {
        let parse = |start, end, days: &[&str]| Window::parse(start, end, days).unwrap_err();
        assert_eq!(parse("9:00", "20:00", &["mon"]), InvalidWindow::Hour);
        assert_eq!(parse("09:00", "24:00", &["mon"]), InvalidWindow::Hour);
        assert_eq!(parse("+9:00", "20:00", &["mon"]), InvalidWindow::Hour);
        assert_eq!(parse("20:00", "09:00", &["mon"]), InvalidWindow::EndsFirst);
        assert_eq!(parse("09:00", "09:00", &["mon"]), InvalidWindow::EndsFirst);
        assert_eq!(parse("09:00", "10:00", &["lunes"]), InvalidWindow::Day);
        assert_eq!(parse("09:00", "10:00", &[]), InvalidWindow::Never);
        let window: Window = "09:00-20:00 mon,fri".parse().unwrap();
        assert_eq!(window.to_string(), "09:00–20:00 mon,fri");
        assert!("09:00".parse::<Window>().is_err());
    }

    #[test]
    fn what_does_not_fit_one_day_takes_the_closed_hours_too() {
        let window: Window = "09:00-10:00".parse().unwrap();
        let now = at("2026-11-26T15:30:00Z");
        let zone = zone("America/Mexico_City");
        assert_eq!(window.stretched(&zone, now, 600), Some(600));
        assert_eq!(window.stretched(&zone, now, 1_800 + 60), Some(86_400 - 1_800 + 60));
    }
}
