//! The section `[lookup]`.

use std::time::Duration;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// What bounds the number lookup, and what it costs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LookupSettings {
    /// What one call costs, in millionths of a peso.
    pub price_micros: u32,
    /// For how long what was looked up is not asked again.
    pub keep_for: Duration,
    /// The most calls of a day, over all programs; with 0 nobody is asked.
    pub calls_per_day_max: u32,
    /// The most calls a second, over all programs.
    pub per_second: u32,
    /// How much of that pace is sold ahead, and the most that is set aside at once.
    pub pace_ahead: Duration,
    /// The most calls that one program has under way at once.
    pub in_flight_max: u16,
    /// The most numbers of one request.
    pub numbers_max: u32,
    /// How long a request begins calls.
    pub answer_within: Duration,
    /// How long one call may take.
    pub request_timeout: Duration,
    /// Contacts of a segment that are looked at at once.
    pub window_contacts: u32,
    /// Numbers of a segment that are asked about in one step.
    pub step_numbers: u16,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<LookupSettings, Refused> {
    let price = reader.whole(entry!(raw, lookup.price_micros), 0_u32..=1_000_000_000, "millionths of a peso");
    let keep_days = reader.whole(entry!(raw, lookup.keep_days), 1_u32..=3_650, "days");
    let per_day =
        reader.whole(entry!(raw, lookup.calls_per_day_max), 0_u32..=100_000_000, "a number of calls");
    let per_second = reader.whole(entry!(raw, lookup.per_second), 1_u32..=1_000, "a number of calls");
    let pace_ahead = reader.whole(entry!(raw, lookup.pace_ahead_ms), 10_u32..=5_000, "milliseconds");
    let in_flight_max = reader.whole(entry!(raw, lookup.in_flight_max), 1_u16..=200, "a number of calls");
    let numbers_max = reader.whole(entry!(raw, lookup.numbers_max), 1_u32..=1_000, "a number of numbers");
    let within = reader.whole(entry!(raw, lookup.answer_within_ms), 100_u32..=250_000, "milliseconds");
    let timeout = reader.whole(entry!(raw, lookup.request_timeout_ms), 500_u32..=60_000, "milliseconds");
    let window =
        reader.whole(entry!(raw, lookup.window_contacts), 100_u32..=1_000_000, "a number of contacts");
    let step_numbers = reader.whole(entry!(raw, lookup.step_numbers), 1_u16..=10_000, "a number of numbers");
    Ok(LookupSettings {
        price_micros: price?,
        keep_for: Duration::from_hours(24 * u64::from(keep_days?)),
        calls_per_day_max: per_day?,
        per_second: per_second?,
        pace_ahead: Duration::from_millis(pace_ahead?.into()),
        in_flight_max: in_flight_max?,
        numbers_max: numbers_max?,
        answer_within: Duration::from_millis(within?.into()),
        request_timeout: Duration::from_millis(timeout?.into()),
        window_contacts: window?,
        step_numbers: step_numbers?,
    })
}
