//! The manifest: what the import was, and which files hold what it stored.

use domain::import::{Import, ImportId, Tally};
use domain::port::{BackupDescription, BackupPart, SourceAccount};
use domain::source::{MissingLada, SourceDescription, SourceStatistics};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::folder::SourceCopy;

/// Its name in the folder.
pub(crate) const FILE_NAME: &str = "manifest.json";
/// The format that this program writes and reads.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    pub(crate) import: ImportEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_copy: Option<SourceCopy>,
    /// What takes a file of each table in.
    pub(crate) statements: Statements,
    pub(crate) parts: Vec<PartEntry>,
    pub(crate) account: AccountEntry,
    /// Whether the import came to its end; until then the last rows it stored may be in no part.
    pub(crate) is_finished: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Statements {
    pub(crate) contacts: String,
    pub(crate) rejects: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportEntry {
    pub(crate) id: Uuid,
    started_at: Timestamp,
    source: SourceEntry,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(remote = "SourceDescription")]
struct SourceShape {
    file_name: String,
    path: Option<String>,
    file_bytes: u64,
    fingerprint: String,
    rows: u64,
    last_id: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct SourceEntry(#[serde(with = "SourceShape")] SourceDescription);

#[derive(Debug, Serialize, Deserialize)]
#[serde(remote = "Tally")]
struct TallyShape {
    rows_read: u64,
    valid_rows_read: u64,
    valid_rows_kept: u64,
    imported: u64,
    imported_valid: u64,
    duplicates: u64,
    duplicates_existing: u64,
    rejected: u64,
    states_unmapped: u64,
    cities_unmapped: u64,
    ladas_disagreeing: u64,
    texts_invalid_utf8: u64,
    texts_shortened: u64,
    dates_unreadable: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct TallyEntry(#[serde(with = "TallyShape")] pub(crate) Tally);

/// A part: everything that was stored of the source rows behind the part before it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PartEntry {
    pub(crate) number: u32,
    pub(crate) last_source_row_id: i64,
    /// Counted from the import's first row.
    pub(crate) tally: TallyEntry,
    pub(crate) contacts: FileEntry,
    pub(crate) rejects: FileEntry,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    pub(crate) file: String,
    pub(crate) bytes: u64,
    /// Of its bytes as they stand there, in hex.
    pub(crate) sha256: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct AccountEntry {
    statistics: Vec<StatisticsEntry>,
    missing_ladas: Vec<MissingLadaEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(remote = "SourceStatistics")]
struct StatisticsShape {
    id: i64,
    total_processed: Option<i64>,
    total_valid: Option<i64>,
    total_duplicates: Option<i64>,
    total_with_city: Option<i64>,
    ladas_found: Option<i64>,
    ladas_missing: Option<i64>,
    took_seconds: Option<f64>,
    source_file: Option<String>,
    migrated_at: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StatisticsEntry(#[serde(with = "StatisticsShape")] SourceStatistics);

#[derive(Debug, Serialize, Deserialize)]
#[serde(remote = "MissingLada")]
struct MissingLadaShape {
    lada: String,
    rows: Option<i64>,
    examples: Option<String>,
    detected_at: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MissingLadaEntry(#[serde(with = "MissingLadaShape")] MissingLada);

impl From<SourceAccount> for AccountEntry {
    fn from(account: SourceAccount) -> Self {
        Self {
            statistics: account.statistics.into_iter().map(StatisticsEntry).collect(),
            missing_ladas: account.missing_ladas.into_iter().map(MissingLadaEntry).collect(),
        }
    }
}

impl From<AccountEntry> for SourceAccount {
    fn from(account: AccountEntry) -> Self {
        Self {
            statistics: account.statistics.into_iter().map(|entry| entry.0).collect(),
            missing_ladas: account.missing_ladas.into_iter().map(|entry| entry.0).collect(),
        }
    }
}

impl From<&Import> for ImportEntry {
    fn from(import: &Import) -> Self {
        Self { id: import.id.0, started_at: import.started_at, source: SourceEntry(import.source.clone()) }
    }
}

impl Manifest {
    /// That of a backup without parts.
    pub(crate) fn of(import: &Import, source_copy: Option<SourceCopy>, statements: Statements) -> Self {
        Self {
            format: FORMAT,
            import: import.into(),
            source_copy,
            statements,
            parts: Vec::new(),
            account: AccountEntry::default(),
            is_finished: false,
        }
    }

    /// Whether this program can read it.
    pub(crate) fn check_format(&self) -> Result<(), String> {
        let in_order = self.parts.iter().zip(1_u32..).all(|(part, number)| part.number == number)
            && self.parts.is_sorted_by(|one, next| {
                one.last_source_row_id < next.last_source_row_id
                    && one.tally.0.rows_read <= next.tally.0.rows_read
            });
        if self.format != FORMAT {
            Err(format!("it is of format {}, and this program reads format {FORMAT}", self.format))
        } else if in_order {
            Ok(())
        } else {
            Err("its parts are in no order".to_owned())
        }
    }

    pub(crate) fn describe(self) -> BackupDescription {
        let part = |part: &PartEntry| BackupPart {
            number: part.number,
            checkpoint: part.last_source_row_id,
            tally: part.tally.0,
        };
        BackupDescription {
            id: ImportId(self.import.id),
            source: self.import.source.0,
            parts: self.parts.iter().map(part).collect(),
            account: self.account.into(),
        }
    }
}
