//! The section `[import]`, and the values that a command line may give instead.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use crate::raw::{Entry, RawSettings, entry};
use crate::reader::{Reader, Refused};

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

/// How many rows are read, judged and written as one batch.
pub type BatchRows = Bounded<100, 64_000>;

/// Of a hundred source rows that claim to be valid, how many must be kept for an import to pass.
pub type ValidPercentMin = Bounded<0, 100>;

/// A number that is out of its bounds, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a whole number from {min} to {max}")]
pub struct OutOfBounds {
    min: u32,
    max: u32,
}

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// Takes `number` when it is within the bounds.
    ///
    /// # Errors
    /// When it is not.
    pub fn new(number: u32) -> Result<Self, OutOfBounds> {
        if (MIN..=MAX).contains(&number) { Ok(Self(number)) } else { Err(OutOfBounds { min: MIN, max: MAX }) }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    fn read(reader: &mut Reader<'_>, entry: Entry<'_>, unit: &str) -> Result<Self, Refused> {
        reader.whole(entry, MIN..=MAX, unit).map(Self)
    }
}

impl<const MIN: u32, const MAX: u32> FromStr for Bounded<MIN, MAX> {
    type Err = OutOfBounds;

    fn from_str(text: &str) -> Result<Self, OutOfBounds> {
        text.parse().map_err(|_| OutOfBounds { min: MIN, max: MAX }).and_then(Self::new)
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a contact file is brought in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImportSettings {
    /// Rows in one batch.
    pub batch_rows: BatchRows,
    /// What one index build may take of the database server's memory, in MiB.
    pub maintenance_work_mem_mb: u32,
    /// Connections that copy rows at the same time.
    pub connections: u32,
    /// Rows of one batch that the server may refuse before the batch is given up.
    pub poison_rows_max: u32,
    /// Source rows of one part of a backup, about.
    pub backup_part_rows: NonZeroU64,
    /// How many of a hundred rows that claim to be valid must be kept.
    pub min_valid_percent: ValidPercentMin,
    /// How often an import goes on by itself after its server was away, without having come further.
    pub retries_max: u32,
    /// How long it waits before the first time; twice as long before each further one.
    pub retry_base: Duration,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<ImportSettings, Refused> {
    let batch_rows = BatchRows::read(reader, entry!(raw, import.batch_rows), "rows");
    let memory = reader.whole(entry!(raw, import.maintenance_work_mem_mb), 16..=16_384, "MiB");
    let connections = reader.whole(entry!(raw, import.connections), 1_u32..=8, "connections");
    let poison_rows_max = reader.whole(entry!(raw, import.poison_rows_max), 0_u32..=10_000, "rows");
    let backup_part_rows =
        reader.whole(entry!(raw, import.backup_part_rows), 1_000_u64..=100_000_000, "rows");
    let min_valid_percent =
        ValidPercentMin::read(reader, entry!(raw, import.min_valid_percent), "a percentage");
    let retries_max = reader.whole(entry!(raw, import.retries_max), 0_u32..=20, "times");
    let retry_base = reader.whole(entry!(raw, import.retry_base_ms), 10_u32..=60_000, "milliseconds");
    Ok(ImportSettings {
        batch_rows: batch_rows?,
        maintenance_work_mem_mb: memory?,
        connections: connections?,
        poison_rows_max: poison_rows_max?,
        backup_part_rows: NonZeroU64::new(backup_part_rows?).unwrap_or(NonZeroU64::MIN),
        min_valid_percent: min_valid_percent?,
        retries_max: retries_max?,
        retry_base: Duration::from_millis(retry_base?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_gives_a_number_within_the_same_bounds() {
        assert_eq!("64000".parse::<BatchRows>().map(BatchRows::get), Ok(64_000));
        for bad in ["99", "64001", "-1", "1e3", "", "10_000"] {
            let error = bad.parse::<BatchRows>().unwrap_err();
            assert_eq!(error.to_string(), "give a whole number from 100 to 64000", "{bad}");
        }
        assert_eq!("0".parse::<ValidPercentMin>().unwrap().to_string(), "0");
    }
}
