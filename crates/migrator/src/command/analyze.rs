//! `migrator analyze`.

use std::sync::Arc;
use std::time::Instant;

use application::{AnalyzeSource, AnalyzedSource};
use domain::analysis::Spellings;
use domain::lada::Lada;
use domain::source::SourceColumn;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use source_sqlite::SqliteNumbersReader;

use crate::cli;
use crate::failure::Failure;
use crate::terminal::{print_table, thousands};

/// Of spellings so many are shown.
const SPELLINGS_SHOWN: usize = 10;
/// Rows that come in within a second, all steps of an import together: measured on two cores and a local disk.
const ROWS_PER_SECOND: u64 = 76_000;
/// What a contact takes in PostgreSQL with all its indexes, in bytes: measured likewise. The server's log comes beside it.
const CONTACT_BYTES: u64 = 320;

pub(crate) async fn run(command: &cli::Analyze) -> Result<(), Failure> {
    let started = Instant::now();
    let source = Arc::new(SqliteNumbersReader::open(&command.file)?);
    let bar = if command.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} rows  {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    let analyze = AnalyzeSource { source };
    let found = analyze
        .execute(|rows, of| {
            bar.set_length(of);
            bar.set_position(rows);
        })
        .await;
    bar.finish_and_clear();
    let found = found?;
    if command.json {
        telemetry::put_line(&told(&found, started.elapsed().as_secs_f64()));
    } else {
        show(&found);
        eprintln!("\nlooked at in {:.1} s; nothing was written", started.elapsed().as_secs_f64());
    }
    Ok(())
}

fn spellings(spellings: &Spellings, known: bool) -> Value {
    let all = spellings.that_are(known);
    let rows: u64 = all.iter().map(|(_, rows)| rows).sum();
    let most =
        all.iter().take(SPELLINGS_SHOWN).map(|(spelling, rows)| json!({"spelling": spelling, "rows": rows}));
    json!({"spellings": all.len(), "rows": rows, "most_frequent": most.collect::<Vec<_>>()})
}

fn told(found: &AnalyzedSource, took_seconds: f64) -> Value {
    let (description, analysis) = (&found.description, &found.analysis);
    let imported = analysis.expected.contacts;
    let tables: Vec<Value> = found
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|(name, declared)| json!({"name": name, "declared": declared}))
                .collect();
            json!({"name": table.name, "rows": table.rows, "columns": columns})
        })
        .collect();
    let columns: Vec<Value> = SourceColumn::ALL
        .into_iter()
        .zip(&analysis.columns)
        .map(|(column, figures)| {
            json!({
                "name": column.name(), "null": figures.nulls, "empty": figures.empty,
                "integer": figures.integers, "real": figures.reals, "text": figures.texts, "blob": figures.blobs,
                "invalid_utf8": figures.invalid_utf8, "control_characters": figures.control_characters,
                "distinct": figures.distinct(), "bytes_max": figures.bytes_max,
            })
        })
        .collect();
    let refused: serde_json::Map<String, Value> = analysis
        .expected
        .refused
        .iter()
        .map(|(refusal, rows)| {
            let shapes = analysis.examples.get(refusal).cloned().unwrap_or_default();
            (refusal.reason().to_owned(), json!({"rows": rows, "shapes": shapes}))
        })
        .collect();
    let by_lada: serde_json::Map<String, Value> = analysis
        .by_lada
        .iter()
        .map(|(lada, rows)| {
            (lada.map_or_else(|| "unassigned".to_owned(), |lada| lada.to_string()), json!(rows))
        })
        .collect();
    json!({
        "event": "analyzed", "file": description.file_name, "bytes": description.file_bytes,
        "fingerprint": description.fingerprint, "rows": analysis.rows, "last_id": description.last_id,
        "tables": tables, "columns": columns,
        "imported": imported, "valid": analysis.valid, "said_valid": analysis.said_valid,
        "duplicates": analysis.expected.duplicates(), "rejected": analysis.expected.rejected(),
        "refused": refused,
        "states": {"known": spellings(&analysis.states, true), "unknown": spellings(&analysis.states, false),
                   "rows_uncounted": analysis.states.uncounted},
        "cities": {"known": spellings(&analysis.cities, true), "unknown": spellings(&analysis.cities, false),
                   "rows_uncounted": analysis.cities.uncounted},
        "ladas_disagreeing": analysis.ladas_disagreeing, "contacts_by_lada": by_lada,
        "ladas_without_place": without_place(found).len(),
        "expected": {"seconds": analysis.rows / ROWS_PER_SECOND, "database_bytes": imported * CONTACT_BYTES,
                     "measured_on": "two cores, local disk"},
        "took_seconds": took_seconds,
    })
}

/// Area codes that are assigned and have no place in the table.
fn without_place(found: &AnalyzedSource) -> Vec<Lada> {
    found.analysis.by_lada.keys().flatten().copied().filter(|lada| lada.place().is_none()).collect()
}

fn show(found: &AnalyzedSource) {
    let (description, analysis) = (&found.description, &found.analysis);
    let row = |name: &str, value: String| (name.to_owned(), value);
    eprintln!("{}", description.file_name);
    let mut rows = vec![
        row("bytes", thousands(description.file_bytes)),
        row("rows", thousands(analysis.rows)),
        row("last id", description.last_id.to_string()),
    ];
    rows.extend(found.tables.iter().map(|table| {
        row(
            &format!("table {}", table.name),
            format!("{} rows, {} columns", thousands(table.rows), table.columns.len()),
        )
    }));
    print_table(&rows);

    eprintln!(
        "\ncolumns of numeros, in rows: null, empty, integer, real, text, blob; different values; dirt"
    );
    let columns = SourceColumn::ALL.into_iter().zip(&analysis.columns).map(|(column, figures)| {
        let stored =
            [figures.nulls, figures.empty, figures.integers, figures.reals, figures.texts, figures.blobs];
        let stored: Vec<String> = stored.iter().map(|count| format!("{:>11}", thousands(*count))).collect();
        let dirt: Vec<String> =
            [(figures.invalid_utf8, "no UTF-8"), (figures.control_characters, "with control characters")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, kind)| format!("; {} {kind}", thousands(count)))
                .collect();
        row(
            column.name(),
            format!(
                "{}  {:>11}{dirt}",
                stored.join(" "),
                thousands(figures.distinct()),
                dirt = dirt.concat()
            ),
        )
    });
    print_table(&columns.collect::<Vec<_>>());

    eprintln!("\nwhat an import into an empty database would take");
    let mut rows = vec![row(
        "imported",
        format!("{} ({} valid)", thousands(analysis.expected.contacts), thousands(analysis.valid)),
    )];
    rows.extend(analysis.expected.refused.iter().map(|(refusal, count)| {
        let shapes = analysis.examples.get(refusal).map(|shapes| shapes.join("   ")).unwrap_or_default();
        row(refusal.reason(), format!("{:<11} {shapes}", thousands(*count)))
    }));
    rows.extend([
        row("ladas disagreeing", thousands(analysis.ladas_disagreeing)),
        row("area codes", thousands(analysis.by_lada.len() as u64)),
        row(
            "expected time",
            format!("about {} s, as on two cores and a local disk", analysis.rows / ROWS_PER_SECOND),
        ),
        row(
            "disk for PostgreSQL",
            format!(
                "about {} MB, and the server's log beside it (max_wal_size)",
                thousands(analysis.expected.contacts * CONTACT_BYTES / 1_000_000)
            ),
        ),
    ]);
    print_table(&rows);

    for (name, spellings) in [
        ("states that are known", analysis.states.that_are(true)),
        ("states that are not", analysis.states.that_are(false)),
        ("cities that are known", analysis.cities.that_are(true)),
        ("cities that are not", analysis.cities.that_are(false)),
    ] {
        let in_all: u64 = spellings.iter().map(|(_, rows)| rows).sum();
        eprintln!("\n{name}: {} spellings in {} rows", thousands(spellings.len() as u64), thousands(in_all));
        let most = spellings.into_iter().take(SPELLINGS_SHOWN);
        print_table(&most.map(|(spelling, rows)| row(spelling, thousands(rows))).collect::<Vec<_>>());
    }
    let uncounted = analysis.states.uncounted + analysis.cities.uncounted;
    if uncounted > 0 {
        eprintln!(
            "\n{} rows have spellings that are too long, or too many, to be counted here",
            thousands(uncounted)
        );
    }
}
