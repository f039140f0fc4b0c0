//! How a load shows itself while it goes, and what it came to: a bar and a table for people, JSON lines for machines, gauges
//! for Prometheus.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use application::{ImportObserver, ImportOutcome};
use domain::import::{Import, Refusal, Tally};
use domain::port::{ImportInspection as _, StoreError};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use store_postgres::PostgresImportInspection;

use crate::report::Run;
use crate::stop::StopRequest;
use crate::terminal::{print_table, rows_per_second, thousands};

/// Between two lines of progress for machines.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Tells each second what the server is doing that takes long: an index that is built, say. Ends when it is aborted.
pub(super) async fn watch(inspection: Arc<PostgresImportInspection>, bar: ProgressBar, is_json: bool) {
    loop {
        tokio::time::sleep(PROGRESS_EVERY).await;
        // A server that does not answer is the import's to notice.
        let Ok(activity) = inspection.activity().await else { continue };
        if activity.is_empty() {
            continue;
        }
        if is_json {
            telemetry::put_line(&json!({"event": "server", "activity": activity}));
        } else {
            bar.set_message(activity.join("; "));
        }
    }
}

/// A bar for people, JSON lines for machines.
pub(super) struct Observer {
    is_json: bool,
    /// What is told once it has begun, to machines and to people.
    to_tell: Vec<(Value, String)>,
    pub(super) bar: ProgressBar,
    pub(super) stop: StopRequest,
    started: Instant,
    heard: Mutex<Heard>,
}

struct Heard {
    has_begun: bool,
    /// Rows read, as far as is stored.
    rows: u64,
    rows_at_start: u64,
    rows_at_line: u64,
    last_line: Instant,
    /// When its first rows could come in: what was copied or looked at before is no part of the load.
    began: Instant,
    loaded_after: Option<Duration>,
    last_step: Instant,
    /// The finishing steps with the milliseconds that each took.
    steps: Vec<(String, u64)>,
}

impl Observer {
    pub(super) fn new(is_json: bool, file: &Path, advice: &[String]) -> Self {
        let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style = ProgressStyle::with_template(
            "{msg} {bar:30} {human_pos}/{human_len} rows  {per_sec}  {elapsed_precise}, {eta} left",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let now = Instant::now();
        Self {
            is_json,
            to_tell: advice.iter().map(|advice| noted(advice)).collect(),
            bar,
            stop: StopRequest::listen(),
            started: now,
            heard: Mutex::new(Heard {
                has_begun: false,
                rows: 0,
                rows_at_start: 0,
                rows_at_line: 0,
                last_line: now,
                began: now,
                loaded_after: None,
                last_step: now,
                steps: Vec::new(),
            }),
        }
    }

    pub(super) fn waits(&self, error: &StoreError, wait: Duration) {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        if self.is_json {
            telemetry::put_line(&json!({"event": "retry", "wait_ms": wait_ms, "detail": error.to_string()}));
        } else {
            self.bar.suspend(|| eprintln!("{error}; going on in {wait_ms} ms"));
        }
    }

    /// What this run took.
    pub(super) fn run(&self, import: &Import, batch_rows: u64) -> Run {
        let heard = self.heard();
        let load_seconds = heard.loaded_after.map_or(0.0, |took| took.as_secs_f64());
        Run {
            steps: heard.steps.clone(),
            load_seconds,
            took_seconds: self.started.elapsed().as_secs_f64(),
            rows_per_second: rows_per_second(import.tally.rows_read - heard.rows_at_start, load_seconds),
            batch_rows,
        }
    }

    /// How many rows are stored, once it has begun.
    pub(super) fn rows_stored(&self) -> Option<u64> {
        let heard = self.heard();
        heard.has_begun.then_some(heard.rows)
    }

    /// Tells something once it has begun, for the import's id comes first.
    pub(super) fn tell_when_begun(&mut self, event: Value, sentence: String) {
        self.to_tell.push((event, sentence));
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImportObserver for Observer {
    fn began(&self, import: &Import) {
        let mut heard = self.heard();
        // One that goes on by itself began where it began first.
        if !heard.has_begun {
            heard.rows_at_start = import.tally.rows_read;
            heard.began = Instant::now();
            heard.last_step = heard.began;
        }
        heard.has_begun = true;
        heard.rows = import.tally.rows_read;
        heard.rows_at_line = import.tally.rows_read;
        if self.is_json {
            telemetry::put_line(&json!({
                "event": "began", "import_id": import.id.to_string(), "source_file": import.source.file_name,
                "source_rows": import.source.rows, "rows_read": import.tally.rows_read,
            }));
        } else {
            self.bar.suspend(|| eprintln!("import {}", import.id));
            self.bar.set_length(import.source.rows);
            self.bar.set_position(import.tally.rows_read);
            self.bar.reset_eta();
        }
        metrics::gauge!("pregon_import_source_rows").set(count(import.source.rows));
        measure(&import.tally);
        for (event, sentence) in &self.to_tell {
            if self.is_json {
                telemetry::put_line(event);
            } else {
                self.bar.suspend(|| eprintln!("{sentence}"));
            }
        }
    }

    fn progressed(&self, import: &Import) {
        self.bar.set_position(import.tally.rows_read);
        measure(&import.tally);
        let mut heard = self.heard();
        heard.rows = import.tally.rows_read;
        heard.loaded_after = Some(heard.began.elapsed());
        heard.last_step = Instant::now();
        let since = heard.last_line.elapsed();
        if self.is_json && since >= PROGRESS_EVERY {
            let rows = import.tally.rows_read;
            let average = rows_per_second(rows - heard.rows_at_start, heard.began.elapsed().as_secs_f64());
            let now = rows_per_second(rows - heard.rows_at_line, since.as_secs_f64());
            heard.last_line = Instant::now();
            heard.rows_at_line = rows;
            let mut line = tally_json(&import.tally);
            line["event"] = json!("progress");
            line["phase"] = json!("load");
            line["import_id"] = json!(import.id.to_string());
            line["source_rows"] = json!(import.source.rows);
            line["rows_per_second_now"] = json!(now);
            line["rows_per_second"] = json!(average);
            line["eta_s"] = json!(import.source.rows.saturating_sub(rows).checked_div(average));
            line["memory_mib"] = json!(memory_mib());
            telemetry::put_line(&line);
        }
    }

    fn finished_step(&self, step: &str) {
        let mut heard = self.heard();
        let took_ms = u64::try_from(heard.last_step.elapsed().as_millis()).unwrap_or(u64::MAX);
        heard.last_step = Instant::now();
        heard.steps.push((step.to_owned(), took_ms));
        metrics::counter!("pregon_import_steps_total").increment(1);
        if self.is_json {
            telemetry::put_line(&json!({"event": "step", "step": step, "took_ms": took_ms}));
        } else {
            self.bar.suspend(|| eprintln!("  {step}: {took_ms} ms"));
        }
    }

    fn is_stop_requested(&self) -> bool {
        self.stop.is_made()
    }
}

pub(super) fn tally_json(tally: &Tally) -> Value {
    json!({
        "rows_read": tally.rows_read, "imported": tally.imported, "imported_valid": tally.imported_valid,
        "duplicates": tally.duplicates, "duplicates_existing": tally.duplicates_existing, "rejected": tally.rejected,
        "valid_rows_read": tally.valid_rows_read, "valid_rows_kept": tally.valid_rows_kept,
        "valid_percent": tally.valid_percent(),
        "states_unmapped": tally.states_unmapped, "cities_unmapped": tally.cities_unmapped,
        "ladas_disagreeing": tally.ladas_disagreeing,
        "texts_invalid_utf8": tally.texts_invalid_utf8, "texts_shortened": tally.texts_shortened,
        "dates_unreadable": tally.dates_unreadable,
    })
}

pub(super) fn tell(outcome: &ImportOutcome, run: &Run, as_json: bool) {
    let import = &outcome.import;
    let tally = &import.tally;
    if as_json {
        let mut line = tally_json(tally);
        line["event"] = json!("finished");
        line["import_id"] = json!(import.id.to_string());
        line["state"] = json!(import.state.as_str());
        line["source_rows"] = json!(import.source.rows);
        line["contacts_stored"] = json!(outcome.stored.contacts);
        line["refused_by_reason"] = outcome
            .stored
            .refused
            .iter()
            .map(|(refusal, rows)| (refusal.reason().to_owned(), json!(rows)))
            .collect();
        line["load_seconds"] = json!(run.load_seconds);
        line["rows_per_second"] = json!(run.rows_per_second);
        line["took_seconds"] = json!(run.took_seconds);
        telemetry::put_line(&line);
        return;
    }
    eprintln!("import {}: {}", import.id, import.state.as_str());
    let mut rows = vec![
        ("source rows".to_owned(), thousands(import.source.rows)),
        ("read".to_owned(), thousands(tally.rows_read)),
        (
            "= imported".to_owned(),
            format!("{} ({} valid)", thousands(tally.imported), thousands(tally.imported_valid)),
        ),
    ];
    for (sum, of_all, is_of_sum) in [
        ("+ duplicates", tally.duplicates, Refusal::is_duplicate as fn(Refusal) -> bool),
        ("+ rejected", tally.rejected, |refusal| !refusal.is_duplicate()),
    ] {
        rows.push((sum.to_owned(), thousands(of_all)));
        let reasons = outcome.stored.refused.iter().filter(|(refusal, _)| is_of_sum(**refusal));
        rows.extend(reasons.map(|(refusal, rows)| (indented(*refusal), thousands(*rows))));
    }
    rows.extend([
        ("valid rows kept".to_owned(), format!("{:.3} %", tally.valid_percent())),
        ("states unmapped".to_owned(), thousands(tally.states_unmapped)),
        ("cities unmapped".to_owned(), thousands(tally.cities_unmapped)),
        ("ladas disagreeing".to_owned(), thousands(tally.ladas_disagreeing)),
        ("texts not UTF-8".to_owned(), thousands(tally.texts_invalid_utf8)),
        ("texts shortened".to_owned(), thousands(tally.texts_shortened)),
        ("dates unreadable".to_owned(), thousands(tally.dates_unreadable)),
        (
            "loaded in".to_owned(),
            format!("{:.1} s, {} rows/s", run.load_seconds, thousands(run.rows_per_second)),
        ),
        ("took in all".to_owned(), format!("{:.1} s", run.took_seconds)),
    ]);
    print_table(&rows);
}

/// What the server could have more of.
fn noted(advice: &str) -> (Value, String) {
    let sentence = format!("note: {advice}");
    (json!({"event": "warning", "detail": advice}), sentence)
}

/// What became of the rows so far, for Prometheus.
fn measure(tally: &Tally) {
    for (outcome, rows) in
        [("imported", tally.imported), ("duplicate", tally.duplicates), ("rejected", tally.rejected)]
    {
        metrics::gauge!("pregon_import_rows", "outcome" => outcome).set(count(rows));
    }
    metrics::gauge!("pregon_import_rows_read").set(count(tally.rows_read));
    if let Some(memory) = memory_mib() {
        metrics::gauge!("pregon_import_memory_mib").set(count(memory));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}

/// What this program holds in memory, where the system tells.
fn memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

/// A reason under its sum.
fn indented(refusal: Refusal) -> String {
    format!("    {}", refusal.reason())
}
