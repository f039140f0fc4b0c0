//! Synthetic contact files in the exact shape of the real one, its dirt included; nobody in them exists.
//!
//! Same seed, rows and dirt: the same tables, row by row. What is guaranteed:
//! - of all rows, the share of [`Dirt`] (rounded down) is rejected, a duplicate, or of an unassigned area code; all
//!   others are new numbers of assigned area codes;
//! - once that share amounts to ten rows, each of the eight reasons to reject, an unassigned area code and a duplicate
//!   occur; before that, as many of them as there are such rows. The default dirt reaches ten at 2,858 rows, one per
//!   cent at 1,000;
//! - one row of each full hundred has a spoilt text (NUL, control characters, no UTF-8, a blob, a very long text, an
//!   empty one, blanks, spaces at the ends, format characters, each in turn): from 900 rows on, every kind;
//! - a column declared TEXT turns integers into text, so integers and text share only `es_valido` and
//!   `fecha_migracion`, and blobs lie among the texts;
//! - memory does not grow with the rows.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{fs, io};

mod lead;
mod number;
mod person;
mod place;
mod random;
mod row;
mod schedule;
mod spoil;
mod state;
mod summary;
mod table;

#[cfg(test)]
mod tests;

pub use summary::SampleSummary;

/// The most rows of a sample: so many that no area code runs out of numbers.
pub const ROWS_MAX: u64 = 100_000_000;

/// The share of rows whose number is rejected, a duplicate, or of an unassigned area code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dirt {
    per_million: u32,
}

impl Dirt {
    /// The most that a sample may have, in per cent.
    pub const PERCENT_MAX: f64 = 20.0;

    /// Reads a percentage from 0 to [`Dirt::PERCENT_MAX`], exact to four places.
    ///
    /// # Errors
    /// [`DirtOutOfRange`] for any other.
    pub fn from_percent(percent: f64) -> Result<Self, DirtOutOfRange> {
        if !(0.0..=Self::PERCENT_MAX).contains(&percent) {
            return Err(DirtOutOfRange);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be small and positive"
        )]
        Ok(Self { per_million: (percent * 10_000.0).round() as u32 })
    }

    /// The share in per cent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.per_million) / 10_000.0
    }

    fn per_million(self) -> u32 {
        self.per_million
    }
}

/// As dirty as the real file, where at least 99.5 % of the rows that call themselves valid are.
impl Default for Dirt {
    fn default() -> Self {
        Self { per_million: 3_500 }
    }
}

/// A share of dirt that no sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("dirt is a percentage from 0 to 20")]
pub struct DirtOutOfRange;

/// What happens to a file that stands where the sample is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no sample is written.
    Keep,
    /// The finished sample takes its place.
    Replace,
}

/// Which sample to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSpec {
    /// Rows of `numeros`, at most [`ROWS_MAX`].
    pub rows: u64,
    /// What everything in it follows from.
    pub seed: u64,
    /// How much of it is bad.
    pub dirt: Dirt,
    /// What happens to a file in its place.
    pub existing: Existing,
}

/// How far the writing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// So many rows are in.
    Rows(u64),
    /// This index is being built.
    Index(&'static str),
}

/// Why no sample was written. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Something stands at the path.
    #[error("{path} exists already; choose another name, or say that it may be replaced")]
    Exists {
        /// The path as given.
        path: String,
    },
    /// More rows than a sample may have.
    #[error("{rows} rows are too many; a sample has at most {ROWS_MAX}")]
    TooManyRows {
        /// The rows asked for.
        rows: u64,
    },
    /// The system would not let the file be made.
    #[error("cannot {doing} {path}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// SQLite would not take it: mostly, the disk is full.
    #[error("cannot write the database {path}: {reason}")]
    Database {
        /// The file being written.
        path: String,
        /// SQLite's words.
        reason: String,
    },
    /// It was told to stop.
    #[error("the sample was given up before it was finished")]
    Cancelled,
}

/// Writes a sample to `path`, by way of `path` + `.partial`.
///
/// # Errors
/// A [`SampleError`]; nothing is left behind then, and a file that was to be replaced is as it was.
pub fn write_sample(path: &Path, spec: &SampleSpec) -> Result<SampleSummary, SampleError> {
    write_sample_watched(path, spec, &Arc::new(AtomicBool::new(false)), |_| {})
}

/// The same, telling `on_stage` how far it is, and giving up soon after `cancelled` was set.
///
/// # Errors
/// As [`write_sample`]; [`SampleError::Cancelled`] when it was told to.
pub fn write_sample_watched(
    path: &Path,
    spec: &SampleSpec,
    cancelled: &Arc<AtomicBool>,
    on_stage: impl FnMut(Stage),
) -> Result<SampleSummary, SampleError> {
    if spec.rows > ROWS_MAX {
        return Err(SampleError::TooManyRows { rows: spec.rows });
    }
    place::check_free(path, spec.existing)?;
    let partial = place::Partial::beside(path)?;
    let counts = table::fill(partial.path(), spec, cancelled, on_stage)?;
    let bytes = fs::metadata(partial.path())
        .map_err(|source| place::failed("measure", partial.path(), source))?
        .len();
    partial.move_to(path, spec.existing)?;
    Ok(SampleSummary::new(path, spec, &counts, bytes))
}
