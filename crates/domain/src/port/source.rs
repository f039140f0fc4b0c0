//! The port to a contact file.

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::analysis::SourceTable;
use crate::source::{MissingLada, SourceBatch, SourceDescription, SourceStatistics};

/// Which rows to read, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRange {
    /// Only rows whose id is greater.
    pub after_id: i64,
    /// At most so many rows; all of them when `None`.
    pub rows_max: Option<u64>,
    /// Rows of one batch; the last may hold fewer, and so may one whose bytes reach [`SourceBatch::BYTES_MAX`].
    pub batch_rows: usize,
}

/// Reads a contact file; never writes to it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SourceReader: Send + Sync {
    /// What the file is. Two calls on an unchanged file agree; any change of its rows changes the fingerprint.
    async fn describe(&self) -> Result<SourceDescription, SourceError>;

    /// The rows of `range` by ascending id, each exactly once, none left out. Reading runs ahead of the consumer by
    /// a bounded number of batches, and ends when the stream is dropped. After an error nothing more comes.
    fn batches(&self, range: ReadRange) -> BoxStream<'static, Result<SourceBatch, SourceError>>;

    /// Every table of the file, by name, with its columns and its rows counted.
    async fn tables(&self) -> Result<Vec<SourceTable>, SourceError>;

    /// The rows of `estadisticas_migracion`; none when the file has no such table.
    async fn statistics(&self) -> Result<Vec<SourceStatistics>, SourceError>;

    /// The rows of `ladas_faltantes`; none when the file has no such table.
    async fn missing_ladas(&self) -> Result<Vec<MissingLada>, SourceError>;
}

/// Why a contact file cannot be read. Each says what to do; none is worth trying again unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing stands at the path.
    #[error("{path} does not exist; give the path of the contact file")]
    Missing {
        /// The path as given.
        path: String,
    },
    /// It stands there, but the system does not let us read it.
    #[error("{path} cannot be opened: {reason}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// It is no SQLite database: empty, of another kind, or encrypted.
    #[error("{path} is no SQLite database: {reason}")]
    NotSqlite {
        /// The path as given.
        path: String,
        /// What it is instead, as far as can be told.
        reason: String,
    },
    /// It is one, but has not the table or the columns of a contact file.
    #[error("{path} is no contact file: {reason}")]
    WrongShape {
        /// The path as given.
        path: String,
        /// The table or columns that are missing, and those that are there.
        reason: String,
    },
    /// It is damaged or was cut short.
    #[error("{path} is damaged: {reason}; restore it from a copy, or repair it with `sqlite3 FILE .recover`")]
    Damaged {
        /// The path as given.
        path: String,
        /// What was found, and where.
        reason: String,
    },
}
