//! SQLite's result codes as the port's errors.

use std::path::Path;

use domain::port::SourceError;
use rusqlite::ErrorCode;

use crate::file::refused;

/// What an error of SQLite means for the file at `path`, when `doing` failed. Codes decide it, never a message.
pub(crate) fn classify(path: &Path, doing: &str, error: &rusqlite::Error) -> SourceError {
    let shown = path.display().to_string();
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::SystemIoFailure
            | ErrorCode::TooBig,
        ) => SourceError::Damaged { path: shown, reason: format!("cannot {doing}: {error}") },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => refused(
            path,
            &format!("another program is writing to it; wait for it or close it (cannot {doing}: {error})"),
        ),
        _ => refused(path, &format!("cannot {doing}: {error}")),
    }
}
