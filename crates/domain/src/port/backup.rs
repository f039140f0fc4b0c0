//! The ports to what is kept of an import outside of the store: what it stored, in the store's own format.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::import::{Import, ImportId, Tally};
use crate::source::{MissingLada, SourceDescription, SourceStatistics};

/// A table of which an import keeps rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopiedTable {
    /// The contacts it brought.
    Contacts,
    /// The rows it refused.
    Rejects,
}

/// How a store writes the rows of a table down: a whole file is the head, any rows, and the tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyFormat {
    /// The store's statement that takes such a file in, for people who have nothing but the store's own tools.
    pub statement: &'static str,
    /// What stands before the rows.
    pub head: &'static [u8],
    /// What stands behind them.
    pub tail: &'static [u8],
}

/// What was stored of a batch, as whole rows.
#[derive(Clone)]
pub struct StoredCopy {
    /// Rows of contacts.
    pub contacts: Vec<Bytes>,
    /// Refused rows.
    pub rejects: Vec<Bytes>,
    /// Every source row up to this one stands in this copy or one before it.
    pub checkpoint: i64,
    /// What was counted up to there, from the import's first row.
    pub tally: Tally,
}

/// Shows how far it goes alone: the rows are people.
impl std::fmt::Debug for StoredCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredCopy").field("checkpoint", &self.checkpoint).finish_non_exhaustive()
    }
}

/// The source's own account of itself, as it is kept with an import.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceAccount {
    /// How it was made.
    pub statistics: Vec<SourceStatistics>,
    /// Prefixes that its list of area codes did not have.
    pub missing_ladas: Vec<MissingLada>,
}

/// A backup that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupDescription {
    /// The import that it is of.
    pub id: ImportId,
    /// The file that it began with.
    pub source: SourceDescription,
    /// The source's account of itself; empty where the import did not come that far.
    pub account: SourceAccount,
    /// Its parts, in order.
    pub parts: Vec<BackupPart>,
}

/// A part of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupPart {
    /// Its number, from 1 on.
    pub number: u32,
    /// Every source row up to this one stands in it or in one before it.
    pub checkpoint: i64,
    /// What was counted up to there, from the import's first row.
    pub tally: Tally,
}

/// The rows of a part, each table as a whole file of its [`CopyFormat`].
pub struct PartRows {
    /// Contacts.
    pub contacts: BoxStream<'static, Result<Bytes, BackupError>>,
    /// Refused rows.
    pub rejects: BoxStream<'static, Result<Bytes, BackupError>>,
}

/// Keeps what one import stored.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportBackup: Send + Sync {
    /// Begins the backup of an import, or goes on with it: what it holds beyond the import's checkpoint is forgotten.
    async fn open(
        &self,
        import: &Import,
        format_of: fn(CopiedTable) -> CopyFormat,
    ) -> Result<Box<dyn BackupWriter>, BackupError>;

    /// What is there.
    async fn describe(&self) -> Result<BackupDescription, BackupError>;

    /// The rows of a part, once its files are known to be those that were written.
    async fn part(&self, number: u32) -> Result<PartRows, BackupError>;
}

/// An open backup.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BackupWriter: Send {
    /// Every source row up to this one is in it; [`crate::import::NOTHING_READ`] when nothing is.
    fn whole_up_to(&self) -> i64;

    /// Takes rows that were stored of source rows behind those before.
    async fn put(&mut self, table: CopiedTable, rows: Bytes) -> Result<(), BackupError>;

    /// Notes that everything up to a checkpoint was put. A part that is large enough ends here.
    async fn reach(&mut self, checkpoint: i64, tally: Tally) -> Result<(), BackupError>;

    /// Ends the last part, keeps the source's account of itself, and calls the backup whole.
    async fn finish(self: Box<Self>, account: SourceAccount) -> Result<(), BackupError>;
}

/// Why a backup cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The system does not let it be written: mostly, the disk is full.
    #[error(
        "the backup {path} cannot be written: {reason}; the import stands at its last batch and goes on with --resume"
    )]
    Unwritable {
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The folder is that of another import.
    #[error("{path} holds the backup of another import, {import}; give an empty folder")]
    Occupied {
        /// The folder.
        path: String,
        /// The import that it is of.
        import: String,
    },
    /// There is no backup, or it is not as it was written.
    #[error("the backup {path} cannot be used: {reason}")]
    Unusable {
        /// The file or folder.
        path: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
}
