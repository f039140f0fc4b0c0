//! A contact file is brought in: every row of it ends somewhere, and a program that dies goes on where it stood.

use std::sync::Arc;

use domain::import::{Import, ImportId, ImportState, SortedBatch, TakenNumbers};
use domain::port::{
    BackupError, BackupWriter, CopiedTable, Ids, ImportBackup, ImportSession, ImportStore, ReadRange,
    SourceAccount, SourceError, SourceReader, StoreError, StoredRows,
};
use domain::source::SourceDescription;
use futures::StreamExt;

use crate::numbering_plans::KnownPlan;

/// Numbers read at once when those that are there already are noted.
const KNOWN_NUMBERS_PAGE: u32 = 65_536;

/// Imports a contact file.
pub struct ImportNumbers {
    /// The file.
    pub source: Arc<dyn SourceReader>,
    /// Where its rows go.
    pub imports: Arc<dyn ImportStore>,
    /// The numbering plan that contacts are classed by.
    pub plan: Arc<KnownPlan>,
    /// Makes the import's id.
    pub ids: Arc<dyn Ids>,
    /// Keeps what is stored once more, if anybody wants it.
    pub backup: Option<Arc<dyn ImportBackup>>,
}

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportCommand {
    /// Whether an unfinished import of this file goes on. Where none ever began, one begins; where it was completed,
    /// nothing is done.
    pub resume: bool,
    /// End after so many rows in all, whole and ready to be looked at.
    pub rows_max: Option<u64>,
    /// Rows of one batch, which is one transaction.
    pub batch_rows: usize,
}

/// Told how an import goes, and asked whether it shall go on.
pub trait ImportObserver: Send + Sync {
    /// It began or goes on, from where `import` stands.
    fn began(&self, import: &Import);
    /// Another batch is stored.
    fn progressed(&self, import: &Import);
    /// All rows are in; this step that makes the table ready has been done.
    fn finished_step(&self, step: &str);
    /// Whether to stop after the batch at hand.
    fn is_stop_requested(&self) -> bool;
}

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOutcome {
    /// The import as it ended.
    pub import: Import,
    /// What the store holds of it, counted.
    pub stored: StoredRows,
}

/// Why an import did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store refused or is away. Batches stored before stay, and the import can go on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This file was begun before and is not at its end.
    #[error(
        "import {id} of {file} is unfinished: it stands at {rows_read} of {rows} rows; run the same command again with --resume",
        id = .0.id, file = .0.source.file_name, rows_read = .0.tally.rows_read, rows = .0.source.rows
    )]
    Unfinished(Box<Import>),
    /// Another file was begun before and is not at its end.
    #[error(
        "import {id} of {file} is unfinished and is of another file, or of this one before it was changed; end it with \
         `migrator import` of that file and --resume, or take back what it brought with `migrator rollback {id}`",
        id = .0.id, file = .0.source.file_name
    )]
    AnotherUnfinished(Box<Import>),
    /// What an import brought is being taken back.
    #[error(
        "import {id} of {file} is being taken back; end that first with `migrator rollback {id}`",
        id = .0.id, file = .0.source.file_name
    )]
    RollingBack(Box<Import>),
    /// There is nothing left to go on with; nothing was done.
    #[error("import {id} of {file} is complete already", id = .0.id, file = .0.source.file_name)]
    AlreadyCompleted(Box<Import>),
    /// The program was asked to stop. What is stored is whole up to the checkpoint.
    #[error("stopped at row {} of {} as asked; go on with --resume", .0.tally.rows_read, .0.source.rows)]
    Interrupted(Box<Import>),
    /// The backup cannot be written. Batches stored before stay, and the import can go on.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The figures do not add up.
    #[error("the figures of import {id} do not add up: {what}", id = .outcome.import.id)]
    DoesNotAddUp {
        /// What it came to.
        outcome: Box<ImportOutcome>,
        /// Which figures differ.
        what: String,
    },
}

impl ImportNumbers {
    /// Imports the file, or what is left of it.
    ///
    /// # Errors
    /// As [`ImportError`] says; after any of them the rows up to the checkpoint are stored, each once.
    pub async fn execute(
        &self,
        command: ImportCommand,
        observer: &dyn ImportObserver,
    ) -> Result<ImportOutcome, ImportError> {
        let source = self.source.describe().await?;
        self.plan.refresh().await?;
        let mut session = self.open(&source, command.resume).await?;
        observer.began(&session.import());

        let mut backup = self.open_backup(session.as_mut()).await?;
        let mut taken = note_known_numbers(session.as_mut(), observer).await?;
        self.load(session.as_mut(), command, &mut taken, &mut backup, observer).await?;
        drop(taken);

        let account = SourceAccount {
            statistics: self.source.statistics().await?,
            missing_ladas: self.source.missing_ladas().await?,
        };
        session.keep_account(account.clone()).await?;
        if let Some(backup) = backup {
            backup.finish(account).await?;
        }
        let outcome = finish(session, observer).await.map_err(|left| match left {
            Left::Unavailable(error) => ImportError::Store(error),
            Left::Stopped(import) => ImportError::Interrupted(import),
        })?;
        match outcome.difference(command.rows_max) {
            Some(what) => Err(ImportError::DoesNotAddUp { outcome: Box::new(outcome), what }),
            None => Ok(outcome),
        }
    }

    /// Opens the backup, if there is to be one, and brings it to where the import stands.
    async fn open_backup(
        &self,
        session: &mut dyn ImportSession,
    ) -> Result<Option<Box<dyn BackupWriter>>, ImportError> {
        let Some(backup) = &self.backup else { return Ok(None) };
        let import = session.import();
        let mut writer = backup.open(&import, session.copy_format()).await?;
        if writer.whole_up_to() < import.last_source_row_id {
            for table in [CopiedTable::Contacts, CopiedTable::Rejects] {
                let mut stored = session.stored_behind(table, writer.whole_up_to()).await?;
                while let Some(rows) = stored.next().await {
                    writer.put(table, rows?).await?;
                }
            }
            writer.reach(import.last_source_row_id, import.tally).await?;
        }
        session.keep_copies();
        Ok(Some(writer))
    }

    async fn open(
        &self,
        source: &SourceDescription,
        resume: bool,
    ) -> Result<Box<dyn ImportSession>, ImportError> {
        match self.imports.find_under_way().await? {
            Some(going) if going.state == ImportState::RollingBack => {
                return Err(ImportError::RollingBack(Box::new(going)));
            }
            Some(going) if going.source.fingerprint != source.fingerprint => {
                return Err(ImportError::AnotherUnfinished(Box::new(going)));
            }
            Some(_) | None => {}
        }
        let earlier = self.imports.find_by_fingerprint(source.fingerprint.clone()).await?;
        match earlier {
            Some(done) if resume && done.state == ImportState::Completed => {
                Err(ImportError::AlreadyCompleted(Box::new(done)))
            }
            Some(unfinished) if resume => Ok(self.imports.reopen(unfinished.id).await?),
            Some(unfinished) if unfinished.state != ImportState::Completed => {
                Err(ImportError::Unfinished(Box::new(unfinished)))
            }
            Some(_) | None => Ok(self.imports.begin(ImportId(self.ids.next()), source.clone()).await?),
        }
    }

    async fn load(
        &self,
        session: &mut dyn ImportSession,
        command: ImportCommand,
        taken: &mut TakenNumbers,
        backup: &mut Option<Box<dyn BackupWriter>>,
        observer: &dyn ImportObserver,
    ) -> Result<(), ImportError> {
        let begun = session.import();
        let plan = self.plan.plan();
        let rows_left = command.rows_max.map(|rows_max| rows_max.saturating_sub(begun.tally.rows_read));
        let mut batches = self.source.batches(ReadRange {
            after_id: begun.last_source_row_id,
            rows_max: rows_left,
            batch_rows: command.batch_rows,
        });
        // While the store works on a batch, the next one is read and sorted.
        let mut sorted = async || {
            let batch = batches.next().await?;
            Some(batch.map(|batch| SortedBatch::sort(batch, taken, plan.clone())))
        };
        let mut next = sorted().await;
        while let Some(batch) = next {
            let (appended, following) = futures::join!(session.append(batch?), sorted());
            appended?;
            next = following;
            back_up(session, backup).await?;
            observer.progressed(&session.import());
            if observer.is_stop_requested() {
                break;
            }
        }
        session.flush().await?;
        back_up(session, backup).await?;
        observer.progressed(&session.import());
        heed_stop(session, observer)
    }
}

/// Hands on what was stored since the last time.
async fn back_up(
    session: &mut dyn ImportSession,
    backup: &mut Option<Box<dyn BackupWriter>>,
) -> Result<(), BackupError> {
    let Some(backup) = backup else { return Ok(()) };
    for copy in session.take_copies() {
        for (table, rows) in [(CopiedTable::Contacts, copy.contacts), (CopiedTable::Rejects, copy.rejects)] {
            for rows in rows {
                backup.put(table, rows).await?;
            }
        }
        backup.reach(copy.checkpoint, copy.tally).await?;
    }
    Ok(())
}

fn heed_stop(session: &dyn ImportSession, observer: &dyn ImportObserver) -> Result<(), ImportError> {
    if observer.is_stop_requested() {
        return Err(ImportError::Interrupted(Box::new(session.import())));
    }
    Ok(())
}

async fn note_known_numbers(
    session: &mut dyn ImportSession,
    observer: &dyn ImportObserver,
) -> Result<TakenNumbers, ImportError> {
    let mut taken = TakenNumbers::default();
    let mut after = None;
    loop {
        let page = session.known_numbers(after, KNOWN_NUMBERS_PAGE).await?;
        for (phone, brought_by) in page.numbers {
            taken.note(phone, brought_by);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(taken),
        }
        heed_stop(session, observer)?;
    }
}

/// Why an import was left before its end, though all its rows are in.
pub(crate) enum Left {
    Unavailable(StoreError),
    Stopped(Box<Import>),
}

/// Makes the store ready for its readers, counts what it holds, and ends the import.
pub(crate) async fn finish(
    mut session: Box<dyn ImportSession>,
    observer: &dyn ImportObserver,
) -> Result<ImportOutcome, Left> {
    while let Some(step) = session.next_finishing_step().await.map_err(Left::Unavailable)? {
        observer.finished_step(&step);
        if observer.is_stop_requested() {
            return Err(Left::Stopped(Box::new(session.import())));
        }
    }
    let stored = session.count_stored().await.map_err(Left::Unavailable)?;
    Ok(ImportOutcome { import: session.close().await.map_err(Left::Unavailable)?, stored })
}

impl ImportOutcome {
    /// What differs, unless every row read ended in one place, the store holds what was counted, and every row was read that was
    /// to be: all of them, or the first `rows_max`.
    #[must_use]
    pub fn difference(&self, rows_max: Option<u64>) -> Option<String> {
        let Self { import, stored } = self;
        let tally = &import.tally;
        let counted = (tally.imported, tally.duplicates, tally.rejected);
        let held = (stored.contacts, stored.duplicates(), stored.rejected());
        if !tally.adds_up() {
            Some(format!(
                "{} rows read, but {} imported, {} duplicates and {} rejected",
                tally.rows_read, tally.imported, tally.duplicates, tally.rejected
            ))
        } else if held != counted {
            Some(format!(
                "imported, duplicates and rejected were {counted:?} on the way in, and {held:?} are there"
            ))
        } else if tally.rows_read < import.source.rows.min(rows_max.unwrap_or(u64::MAX))
            || tally.rows_read > import.source.rows
        {
            Some(format!("the file has {} rows and {} were read", import.source.rows, tally.rows_read))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
