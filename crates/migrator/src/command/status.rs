//! `migrator status`.

use std::time::{Duration, Instant};

use domain::import::{Import, ImportId, ImportState};
use domain::port::ImportInspection;
use serde_json::{Value, json};
use settings::Sources;
use store_postgres::PostgresImportInspection;

use crate::cli;
use crate::failure::Failure;
use crate::stop::StopRequest;
use crate::terminal::{print_table, rows_per_second, thousands};
use crate::wiring;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn run(command: &cli::Status, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let inspection = PostgresImportInspection::new(wiring::current_database(&settings).await?);
    let stop = StopRequest::listen();
    let mut before: Option<(Instant, u64)> = None;
    loop {
        let import = inspection.import(command.import_id.map(ImportId)).await?;
        let import = import.ok_or_else(|| Failure::Usage("there is no such import".to_owned()))?;
        let activity = inspection.activity().await?;
        let rows_read = import.tally.rows_read;
        let rate = before
            .map(|(at, rows)| rows_per_second(rows_read.saturating_sub(rows), at.elapsed().as_secs_f64()));
        before = Some((Instant::now(), rows_read));
        if command.json {
            telemetry::put_line(&told(&import, &activity, rate));
        } else {
            show(&import, &activity, rate);
        }
        let goes_on = matches!(import.state, ImportState::Loading | ImportState::RollingBack);
        if !command.watch || !goes_on || stop.is_made() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn told(import: &Import, activity: &[String], rate: Option<u64>) -> Value {
    let tally = &import.tally;
    json!({
        "import_id": import.id.to_string(), "state": import.state.as_str(),
        "source_file": import.source.file_name, "source_rows": import.source.rows,
        "rows_read": tally.rows_read, "percent": percent(import),
        "imported": tally.imported, "duplicates": tally.duplicates, "rejected": tally.rejected,
        "rows_per_second": rate, "activity": activity,
        "started_at": import.started_at.to_string(), "finished_at": import.finished_at.map(|at| at.to_string()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn percent(import: &Import) -> f64 {
    if import.source.rows == 0 {
        100.0
    } else {
        (import.tally.rows_read as f64 / import.source.rows as f64 * 10_000.0).round() / 100.0
    }
}

fn show(import: &Import, activity: &[String], rate: Option<u64>) {
    let tally = &import.tally;
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        row("import", import.id.to_string()),
        row("file", import.source.file_name.clone()),
        row("state", import.state.as_str().to_owned()),
        row(
            "rows",
            format!(
                "{} of {} ({} %)",
                thousands(tally.rows_read),
                thousands(import.source.rows),
                percent(import)
            ),
        ),
        row("imported", thousands(tally.imported)),
        row("duplicates", thousands(tally.duplicates)),
        row("rejected", thousands(tally.rejected)),
    ];
    rows.extend(rate.map(|rate| row("rows/s", thousands(rate))));
    rows.extend(activity.iter().map(|work| row("server", work.clone())));
    print_table(&rows);
    eprintln!();
}
