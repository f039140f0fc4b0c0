//! `migrator restore`.

use std::sync::Arc;

use application::RestoreBackup;
use backup_files::BackupFolder;
use domain::port::ImportInspection as _;
use settings::Sources;
use store_postgres::PostgresImportInspection;

use super::progress::{Observer, tell, watch};
use crate::cli;
use crate::failure::Failure;
use crate::wiring;

pub(crate) async fn run(command: &cli::Restore, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let use_case = RestoreBackup {
        backup: Arc::new(BackupFolder::new(&command.folder, settings.import.backup_part_rows)),
        imports: Arc::new(wiring::imports(&settings, database.clone())),
    };
    let inspection = Arc::new(PostgresImportInspection::new(database));
    let observer = Observer::new(command.json, &command.folder, &inspection.advice().await?);
    let watch = tokio::spawn(watch(inspection, observer.bar.clone(), command.json));
    let ended = use_case.execute(&observer).await;
    watch.abort();
    observer.bar.finish_and_clear();
    let outcome = ended?;
    tell(&outcome, &observer.run(&outcome.import, settings.import.backup_part_rows.get()), command.json);
    Ok(())
}
