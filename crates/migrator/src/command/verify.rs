//! `migrator verify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use application::{VerifyCommand, VerifyImport};
use domain::import::{Import, ImportId};
use domain::port::SourceReader;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use settings::Sources;
use source_sqlite::SqliteNumbersReader;
use store_postgres::{PostgresContactStore, PostgresImportInspection};

use crate::cli;
use crate::failure::Failure;
use crate::wiring;

pub(crate) async fn run(command: &cli::Verify, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let verify = VerifyImport {
        inspection: Arc::new(PostgresImportInspection::new(database.clone())),
        contacts: Arc::new(PostgresContactStore::new(database)),
        ids: wiring::ids(),
    };
    let import = verify.find(command.import_id.map(ImportId)).await?;
    let reader = source_of(&import, command.source.as_deref())?;
    let how = VerifyCommand {
        sample_rows: command.sample,
        valid_percent_min: f64::from(
            command.min_valid_percent.unwrap_or(settings.import.min_valid_percent).get(),
        ),
    };
    let bar = bar(&import, command.json);
    let source = reader.as_ref().map(|reader| reader as &dyn SourceReader);
    let findings = verify.execute(&import, source, how, |rows| bar.set_position(rows)).await;
    bar.finish_and_clear();
    let findings = findings?;

    let bad = findings.iter().filter(|finding| !finding.is_good).count();
    let width = findings.iter().map(|finding| finding.what.chars().count()).max().unwrap_or_default();
    for finding in &findings {
        let verdict = if finding.is_good { "ok" } else { "fail" };
        if command.json {
            telemetry::put_line(
                &json!({"check": finding.what, "verdict": verdict, "detail": finding.detail}),
            );
        } else {
            eprintln!("  {verdict:<4}  {:<width$}  {}", finding.what, finding.detail);
        }
    }
    if command.json {
        telemetry::put_line(&json!({
            "event": "finished", "import_id": import.id.to_string(), "checks": findings.len(), "failed": bad,
        }));
    }
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::Check(format!("{bad} of {} checks of import {} failed", findings.len(), import.id)))
    }
}

/// The file that was imported: where it was, or where it is said to be now; `None` when it is gone from there.
fn source_of(import: &Import, given: Option<&Path>) -> Result<Option<SqliteNumbersReader>, Failure> {
    if let Some(given) = given {
        return Ok(Some(SqliteNumbersReader::open(given)?));
    }
    match import.source.path.as_ref().map(PathBuf::from) {
        Some(path) if path.exists() => Ok(Some(SqliteNumbersReader::open(&path)?)),
        Some(_) | None => Ok(None),
    }
}

fn bar(import: &Import, is_json: bool) -> ProgressBar {
    let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(import.tally.rows_read) };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} rows of the file  {per_sec}")
    {
        bar.set_style(style);
    }
    bar
}
