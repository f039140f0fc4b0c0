//! The section `[extract]`.

use std::time::Duration;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// What bounds the extracts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExtractSettings {
    /// The most numbers of one.
    pub numbers_max: u32,
    /// The most numbers that one user may take on one day.
    pub numbers_per_day_max: u32,
    /// Within so many days no number is handed out twice, where nothing else is asked for.
    pub unused_within_days: u32,
    /// How long a file is given out.
    pub keep_for: Duration,
    /// How long making one may take.
    pub take_timeout: Duration,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<ExtractSettings, Refused> {
    let numbers_max =
        reader.whole(entry!(raw, extract.numbers_max), 1_u32..=1_000_000, "a number of numbers");
    let per_day =
        reader.whole(entry!(raw, extract.numbers_per_day_max), 1_u32..=100_000_000, "a number of numbers");
    let unused = reader.whole(entry!(raw, extract.unused_within_days), 0_u32..=3650, "days");
    let keep_days = reader.whole(entry!(raw, extract.keep_days), 1_u32..=365, "days");
    let timeout = reader.whole(entry!(raw, extract.take_timeout_ms), 100_u32..=300_000, "milliseconds");
    Ok(ExtractSettings {
        numbers_max: numbers_max?,
        numbers_per_day_max: per_day?,
        unused_within_days: unused?,
        keep_for: Duration::from_hours(24 * u64::from(keep_days?)),
        take_timeout: Duration::from_millis(timeout?.into()),
    })
}
