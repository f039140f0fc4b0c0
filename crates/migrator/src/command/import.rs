//! `migrator import`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use application::{ImportCommand, ImportError, ImportNumbers, ImportObserver as _, ImportOutcome, KnownPlan};
use backup_files::{BackupFolder, SourceCopy};
use domain::import::Import;
use domain::port::{ImportBackup, ImportInspection as _, StoreError};
use serde_json::json;
use settings::{Settings, Sources};
use source_sqlite::{CopyError, SqliteNumbersReader};
use store_postgres::PostgresImportInspection;

use super::progress::{Observer, tally_json, tell, watch};
use crate::cli;
use crate::failure::Failure;
use crate::report;
use crate::wiring;

pub(crate) async fn run(command: &cli::Import, sources: &Sources) -> Result<(), Failure> {
    let reader = SqliteNumbersReader::open(&command.file)?;
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let inspection = Arc::new(PostgresImportInspection::new(database.clone()));
    let mut observer = Observer::new(command.json, &command.file, &inspection.advice().await?);
    let ops = match &command.metrics_listen {
        Some(listen) => {
            let ops = wiring::serve_metrics(listen, &database, &settings)?;
            let address = ops.address().to_string();
            let sentence = format!("  metrics: http://{address}/metrics");
            observer.tell_when_begun(json!({"event": "metrics", "address": address}), sentence);
            Some(ops)
        }
        None => None,
    };
    let backup = match &command.backup {
        Some(folder) => Some(back_up_source(&reader, folder, &settings, &mut observer).await?),
        None => None,
    };
    let use_case = ImportNumbers {
        source: Arc::new(reader),
        plan: Arc::new(KnownPlan::new(wiring::numbering_plans(database.clone()))),
        imports: Arc::new(wiring::imports(&settings, database.clone())),
        ids: wiring::ids(),
        backup: backup.map(|folder| Arc::new(folder) as Arc<dyn ImportBackup>),
    };
    let batch_rows = command.batch_rows.unwrap_or(settings.import.batch_rows);
    let min_valid_percent = command.min_valid_percent.unwrap_or(settings.import.min_valid_percent);
    let watch = tokio::spawn(watch(Arc::clone(&inspection), observer.bar.clone(), command.json));
    let how = ImportCommand {
        resume: command.resume,
        rows_max: command.limit,
        batch_rows: usize::try_from(batch_rows.get()).unwrap_or(usize::MAX),
    };
    let ended = patiently(&use_case, how, &observer, &settings).await;
    watch.abort();
    observer.bar.finish_and_clear();
    if let Some(ops) = ops {
        ops.stop().await;
    }
    let outcome = match ended {
        // A server that went away while it ended the import had ended it.
        Err(ImportError::AlreadyCompleted(import)) if observer.rows_stored().is_some() => {
            let stored = inspection.stored_rows(import.id).await?;
            let outcome = ImportOutcome { import: *import, stored };
            if let Some(what) = outcome.difference(command.limit) {
                return Err(ImportError::DoesNotAddUp { outcome: Box::new(outcome), what }.into());
            }
            outcome
        }
        // A program that is started again and again with --resume has then reached its end.
        Err(ImportError::AlreadyCompleted(import)) => {
            tell_already_completed(&import, command.json);
            return Ok(());
        }
        ended => ended?,
    };
    let run = observer.run(&outcome.import, batch_rows.get().into());
    tell(&outcome, &run, command.json);
    if let Some(folder) = &command.report {
        report::write(folder, &outcome, &run, inspection.as_ref()).await?;
    }
    let kept = outcome.import.tally.valid_percent();
    if kept < f64::from(min_valid_percent.get()) {
        return Err(Failure::Check(format!(
            "{kept:.3} % of the rows with es_valido = 1 were kept as valid contacts, fewer than the {min_valid_percent} % \
             asked for; look at import_rejects for the reasons"
        )));
    }
    Ok(())
}

/// Goes on by itself where the server was away for a moment: every batch is stored whole or not at all. A server that was
/// away before the import began is the caller's to see at once.
async fn patiently(
    use_case: &ImportNumbers,
    mut how: ImportCommand,
    observer: &Observer,
    settings: &Settings,
) -> Result<ImportOutcome, ImportError> {
    let mut wait = settings.import.retry_base;
    let mut retries = 0;
    let mut rows_before = 0;
    loop {
        let error = match use_case.execute(how, observer).await {
            Err(ImportError::Store(error @ StoreError::Unavailable { .. })) => error,
            ended => return ended,
        };
        let Some(rows) = observer.rows_stored() else { return Err(error.into()) };
        if rows > rows_before {
            (retries, wait, rows_before) = (0, settings.import.retry_base, rows);
        }
        if retries == settings.import.retries_max || observer.is_stop_requested() {
            return Err(error.into());
        }
        retries += 1;
        observer.waits(&error, wait);
        tokio::time::sleep(wait).await;
        wait *= 2;
        how.resume = true;
    }
}

fn tell_already_completed(import: &Import, as_json: bool) {
    if as_json {
        let mut line = tally_json(&import.tally);
        line["event"] = json!("already_completed");
        line["import_id"] = json!(import.id.to_string());
        telemetry::put_line(&line);
    } else {
        eprintln!("import {} of {} is complete already; nothing to do", import.id, import.source.file_name);
    }
}

/// Copies the file into the folder of the backup, before anything is written elsewhere.
async fn back_up_source(
    reader: &SqliteNumbersReader,
    folder: &Path,
    settings: &Settings,
    observer: &mut Observer,
) -> Result<BackupFolder, Failure> {
    let backup = BackupFolder::new(folder, settings.import.backup_part_rows);
    backup.make()?;
    let (reader, into, stop) = (reader.clone(), folder.to_owned(), observer.stop.clone());
    observer.bar.set_message("copying and checking the contact file");
    let started = Instant::now();
    let copied = tokio::task::spawn_blocking(move || reader.copy_into(&into, |_| !stop.is_made())).await;
    let copied = match copied {
        Ok(copied) => copied?,
        Err(error) => return Err(Failure::Other(format!("the copy of the file stopped: {error}"))),
    };
    observer.tell_when_begun(
        json!({
            "event": "source_copied", "file": &copied.file, "bytes": copied.bytes, "sha256": &copied.sha256,
            "took_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }),
        format!(
            "  {} is copied to {} and read again, SHA-256 {}",
            copied.file,
            folder.display(),
            copied.sha256
        ),
    );
    Ok(backup.with_source_copy(SourceCopy { file: copied.file, bytes: copied.bytes, sha256: copied.sha256 }))
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Source(error) => error.into(),
            CopyError::Unwritable { .. } => Self::Other(error.to_string()),
            CopyError::Cancelled => Self::Interrupted(error.to_string()),
        }
    }
}
