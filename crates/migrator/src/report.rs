//! The quality report of an import: a page for people, the same for machines, and what was not imported.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use application::ImportOutcome;
use domain::import::Import;
use domain::port::ImportInspection;
use domain::source::SourceColumn;
use domain::state::StateCode;
use domain::verification::Breakdown;
use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Refused rows read at once.
const REJECTS_PAGE: u32 = 10_000;
/// Of each chart so many bars are drawn; what is left is summed up.
const BARS_MAX: usize = 40;

/// What the command knows besides what the database has.
pub(crate) struct Run {
    /// The finishing steps with the milliseconds that each took.
    pub(crate) steps: Vec<(String, u64)>,
    pub(crate) load_seconds: f64,
    pub(crate) took_seconds: f64,
    pub(crate) rows_per_second: u64,
    pub(crate) batch_rows: u64,
}

/// Writes `report.html`, `report.json` and `rejects.csv` into a folder, which is made where it is not there.
pub(crate) async fn write(
    folder: &Path,
    outcome: &ImportOutcome,
    run: &Run,
    inspection: &dyn ImportInspection,
) -> Result<(), Failure> {
    let import = &outcome.import;
    let breakdown = inspection.breakdown(import.id).await?;
    let report = report(outcome, run, &breakdown);
    make(folder).map_err(|error| unwritable(folder, &error))?;
    put(folder, "report.json", |file| serde_json::to_writer_pretty(file, &report).map_err(io::Error::from))?;
    let page =
        page(&report).map_err(|error| Failure::Other(format!("the report cannot be drawn: {error}")))?;
    put(folder, "report.html", |file| file.write_all(page.as_bytes()))?;
    write_rejects(folder, import, inspection).await
}

/// Makes the folder, where the system knows of owners for its owner alone: the rejects are personal.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("{} cannot be written: {error}", path.display()))
}

/// Writes a file under another name and gives it its own when it is whole.
fn put(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let (path, part) = (folder.join(name), folder.join(format!("{name}.part")));
    let written = || {
        let mut file = BufWriter::new(File::create(&part)?);
        write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, &path)
    };
    written().map_err(|error| unwritable(&path, &error))
}

async fn write_rejects(
    folder: &Path,
    import: &Import,
    inspection: &dyn ImportInspection,
) -> Result<(), Failure> {
    let (path, part) = (folder.join("rejects.csv"), folder.join("rejects.csv.part"));
    let fail = |error: csv::Error| Failure::Other(format!("{} cannot be written: {error}", path.display()));
    let mut out = csv::Writer::from_path(&part).map_err(fail)?;
    let columns = SourceColumn::ALL.map(SourceColumn::name);
    out.write_record(["source_row_id", "outcome", "reason", "detail"].iter().chain(&columns))
        .map_err(fail)?;
    let mut after = None;
    loop {
        let page = inspection.rejects(import.id, after, REJECTS_PAGE).await?;
        for row in &page {
            let whole: Value = serde_json::from_str(&row.source_row).unwrap_or_default();
            let head = [
                row.source_row_id.to_string(),
                row.refusal.outcome().to_owned(),
                row.refusal.reason().to_owned(),
                row.detail.clone().unwrap_or_default(),
            ];
            let values = columns.iter().map(|column| cell(&whole[column]));
            out.write_record(head.into_iter().chain(values)).map_err(fail)?;
        }
        after = page.last().map(|row| row.source_row_id);
        if page.len() < REJECTS_PAGE as usize {
            break;
        }
    }
    let whole = out.flush().and_then(|()| fs::rename(&part, &path));
    whole.map_err(|error| unwritable(&path, &error))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn report(outcome: &ImportOutcome, run: &Run, breakdown: &Breakdown) -> Value {
    let import = &outcome.import;
    let tally = &import.tally;
    let reasons: Vec<(Option<String>, u64)> = outcome
        .stored
        .refused
        .iter()
        .map(|(refusal, rows)| (Some(refusal.reason().to_owned()), *rows))
        .collect();
    let outcomes = [
        (Some("imported".to_owned()), tally.imported),
        (Some("duplicates".to_owned()), tally.duplicates),
        (Some("rejected".to_owned()), tally.rejected),
    ];
    let named: Vec<(Option<String>, u64)> = breakdown
        .states
        .iter()
        .map(|(code, rows)| {
            let name = code.as_deref().and_then(|code| StateCode::parse(code).ok()).map(StateCode::name);
            (name.map(str::to_owned), *rows)
        })
        .collect();
    let steps: Vec<Value> =
        run.steps.iter().map(|(step, took_ms)| json!({"step": step, "seconds": seconds(*took_ms)})).collect();
    json!({
        "import_id": import.id.to_string(),
        "file": import.source.file_name,
        "file_bytes": import.source.file_bytes,
        "fingerprint": import.source.fingerprint,
        "started_at": import.started_at.to_string(),
        "finished_at": import.finished_at.map(|at| at.to_string()),
        "state": import.state.as_str(),
        "rows": {"in_file": import.source.rows, "read": tally.rows_read, "imported": tally.imported,
                 "valid": tally.imported_valid, "duplicates": tally.duplicates,
                 "duplicates_existing": tally.duplicates_existing, "rejected": tally.rejected},
        "valid_percent": (tally.valid_percent() * 1000.0).round() / 1000.0,
        "repairs": {"states_unmapped": tally.states_unmapped, "cities_unmapped": tally.cities_unmapped,
                    "ladas_disagreeing": tally.ladas_disagreeing, "texts_invalid_utf8": tally.texts_invalid_utf8,
                    "texts_shortened": tally.texts_shortened, "dates_unreadable": tally.dates_unreadable},
        "time": {"load_seconds": run.load_seconds, "took_seconds": run.took_seconds,
                 "rows_per_second": run.rows_per_second, "steps": steps},
        "settings": {"batch_rows": run.batch_rows},
        "charts": [
            chart("Filas por resultado", "Rows by outcome", &outcomes),
            chart("Filas no importadas, por motivo", "Rows that were not imported, by reason", &reasons),
            chart("Contactos por estado", "Contacts by state", &named),
            chart("Contactos por lada", "Contacts by area code", &breakdown.ladas),
            chart("Contactos por tipo de línea", "Contacts by line type", &breakdown.line_types),
            chart("Contactos por operador", "Contacts by carrier", &breakdown.carriers),
            chart("Estados escritos de otra forma", "Spellings of states that are known to none", &breakdown.states_unmapped),
        ],
    })
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run stay far below 2^53")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

/// Bars with their share of the longest, in percent.
#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn chart(spanish: &str, english: &str, counts: &[(Option<String>, u64)]) -> Value {
    let longest = counts.iter().map(|(_, rows)| *rows).max().unwrap_or_default().max(1);
    let bars: Vec<Value> = counts
        .iter()
        .filter(|(_, rows)| *rows > 0)
        .take(BARS_MAX)
        .map(|(name, rows)| {
            let share = (*rows as f64 / longest as f64 * 1000.0).round() / 10.0;
            json!({"name": name, "rows": rows, "share_of_longest_percent": share})
        })
        .collect();
    let left: u64 = counts.iter().skip(BARS_MAX).map(|(_, rows)| rows).sum();
    json!({"title_es": spanish, "title_en": english, "bars": bars, "rows_of_others": left})
}

fn page(report: &Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_filter("thousands", |number: u64| crate::terminal::thousands(number));
    environment.add_template("report.html", include_str!("report.html"))?;
    environment.get_template("report.html")?.render(Serde(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_list_says_cannot_change_the_page() {
        let evil = Some("<script>alert('x')</script>".to_owned());
        let drawn = page(&json!({
            "file": "n.db", "rows": {"in_file": 1, "read": 1, "imported": 1, "valid": 1, "duplicates": 0, "rejected": 0},
            "repairs": {"states_unmapped": 1}, "time": {"took_seconds": 2.345, "load_seconds": 1.2, "steps": [{"step": "a", "seconds": 1.5}]},
            "settings": {"batch_rows": 10},
            "charts": [chart("Uno", "One", &[(evil, 3), (None, 1), (Some("nadie".to_owned()), 0)])],
        }))
        .unwrap();
        assert!(!drawn.contains("<script"), "{drawn}");
        assert!(drawn.contains("&lt;script&gt;"), "{drawn}");
        assert!(drawn.contains("2.3 s en total"), "{drawn}");
        assert!(drawn.contains("<svg") && !drawn.contains("nadie"), "{drawn}");
        assert!(
            !drawn.contains("http:") && !drawn.contains("https:"),
            "the page asks the network for nothing"
        );
    }
}
