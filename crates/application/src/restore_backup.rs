//! What an import stored is brought back from its backup.

use std::sync::Arc;

use domain::import::{Import, NOTHING_READ, Tally};
use domain::port::{BackupDescription, BackupError, ImportBackup, ImportSession, ImportStore, StoreError};

use crate::import_numbers::{ImportObserver, ImportOutcome, Left, finish};

/// Restores backups.
pub struct RestoreBackup {
    /// The backup.
    pub backup: Arc<dyn ImportBackup>,
    /// Where its rows go.
    pub imports: Arc<dyn ImportStore>,
}

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It cannot be read, or is not as it was written.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The store refused or is away. Parts stored before stay, and the same command goes on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The import is there, and was interrupted by itself.
    #[error(
        "import {id} of {file} is unfinished and stands between two parts of the backup; go on with `migrator import \
         --resume`, or take back what it brought with `migrator rollback {id}` and then restore",
        id = .0.id, file = .0.source.file_name
    )]
    BetweenParts(Box<Import>),
    /// The program was asked to stop. Parts stored before stay.
    #[error("stopped at row {} as asked; the same command goes on", .0.tally.rows_read)]
    Interrupted(Box<Import>),
    /// The figures do not add up.
    #[error("the figures of import {id} do not add up: {what}", id = .outcome.import.id)]
    DoesNotAddUp {
        /// What it came to.
        outcome: Box<ImportOutcome>,
        /// Which figures differ.
        what: String,
    },
}

impl RestoreBackup {
    /// Brings back what the backup holds, or what is left of it.
    ///
    /// # Errors
    /// As [`RestoreError`] says; after any of them whole parts are stored, and the same call goes on.
    pub async fn execute(&self, observer: &dyn ImportObserver) -> Result<ImportOutcome, RestoreError> {
        let description = self.backup.describe().await?;
        let mut session = self.imports.restore(description.id, description.source.clone()).await?;
        let begun = session.import();
        let counted = counted_before(&description, &begun)?;
        observer.began(&begun);
        self.load(session.as_mut(), &description, (begun.last_source_row_id, counted), observer).await?;

        session.keep_account(description.account).await?;
        let outcome = finish(session, observer).await.map_err(|left| match left {
            Left::Unavailable(error) => RestoreError::Store(error),
            Left::Stopped(import) => RestoreError::Interrupted(import),
        })?;
        let rows = description.parts.last().map_or(0, |part| part.tally.rows_read);
        match outcome.difference(Some(rows)) {
            Some(what) => Err(RestoreError::DoesNotAddUp { outcome: Box::new(outcome), what }),
            None => Ok(outcome),
        }
    }

    async fn load(
        &self,
        session: &mut dyn ImportSession,
        description: &BackupDescription,
        (checkpoint, mut counted): (i64, Tally),
        observer: &dyn ImportObserver,
    ) -> Result<(), RestoreError> {
        for part in description.parts.iter().filter(|part| part.checkpoint > checkpoint) {
            let rows = self.backup.part(part.number).await?;
            session.append_part(rows, part.checkpoint, part.tally - counted).await?;
            counted = part.tally;
            observer.progressed(&session.import());
            if observer.is_stop_requested() {
                break;
            }
        }
        session.flush().await?;
        observer.progressed(&session.import());
        if observer.is_stop_requested() {
            return Err(RestoreError::Interrupted(Box::new(session.import())));
        }
        Ok(())
    }
}

/// What the backup counted up to where the import stands.
fn counted_before(description: &BackupDescription, import: &Import) -> Result<Tally, RestoreError> {
    if import.last_source_row_id == NOTHING_READ {
        return Ok(Tally::default());
    }
    let reached = description.parts.iter().find(|part| part.checkpoint == import.last_source_row_id);
    reached.map(|part| part.tally).ok_or_else(|| RestoreError::BetweenParts(Box::new(import.clone())))
}

#[cfg(test)]
mod tests;
