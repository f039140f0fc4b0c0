//! The database of a sample: rows are made on one thread and put in on another, and indexes are built at the end.
//!
//! The table is loaded without the constraints that would keep an index row by row, and given its declaration once the
//! indexes stand: sorted at once, in bounded memory, they cost a tenth of what they cost one random place at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use domain::source::{SourceBatch, SourceColumn, SourceValue};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params};

use super::lead::Lead;
use super::row::Rows;
use super::summary::Counts;
use super::{SampleError, SampleSpec, Stage};

const BATCH_ROWS: u64 = 4_096;
const BATCHES_AHEAD: usize = 4;
/// What one cache or one sort holds in memory, in KiB.
const CACHE_KIB: i64 = 65_536;
/// Instructions of SQLite's machine between two looks at whether to give up.
const STEPS_UNHEEDED: i32 = 1_000_000;
/// Indexes besides the one of the UNIQUE column, with the statements that build them.
const INDEXES: [(&str, &str); 6] = [
    ("numero (unique)", "CREATE UNIQUE INDEX numeros_unique ON numeros (numero)"),
    ("idx_numeros_numero", "CREATE INDEX idx_numeros_numero ON numeros (numero)"),
    ("idx_numeros_lada", "CREATE INDEX idx_numeros_lada ON numeros (lada)"),
    ("idx_numeros_ciudad_por_lada", "CREATE INDEX idx_numeros_ciudad_por_lada ON numeros (ciudad_por_lada)"),
    ("idx_numeros_municipio_cof", "CREATE INDEX idx_numeros_municipio_cof ON numeros (municipio_cof)"),
    ("idx_numeros_fecha_migracion", "CREATE INDEX idx_numeros_fecha_migracion ON numeros (fecha_migracion)"),
];
const DECLARATION: &str = include_str!("../../sql/sample_numeros_create.sql");
const MADE_AT: &str = "2025-07-15 14:00:00";

/// Makes the database at `path`, where nothing stands.
pub(super) fn fill(
    path: &Path,
    spec: &SampleSpec,
    cancelled: &Arc<AtomicBool>,
    on_stage: impl FnMut(Stage),
) -> Result<Counts, SampleError> {
    let made = build(path, spec, cancelled, on_stage);
    if cancelled.load(Ordering::Relaxed) {
        return Err(SampleError::Cancelled);
    }
    made.map_err(|error| SampleError::Database {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn build(
    path: &Path,
    spec: &SampleSpec,
    cancelled: &Arc<AtomicBool>,
    mut on_stage: impl FnMut(Stage),
) -> rusqlite::Result<Counts> {
    let mut connection = Connection::open(path)?;
    // Until it is whole the file has another name, so that nothing needs to survive a crash.
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE;",
    )?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let gives_up = Arc::clone(cancelled);
    connection.progress_handler(STEPS_UNHEEDED, Some(move || gives_up.load(Ordering::Relaxed)))?;
    connection.execute_batch(&DECLARATION.replace(" AUTOINCREMENT", "").replace(" UNIQUE", ""))?;
    connection.execute_batch(include_str!("../../sql/sample_accounts_create.sql"))?;
    connection.execute_batch("BEGIN")?;
    let (counts, leads) = load(&connection, spec, &mut on_stage)?;
    account(&connection, &counts, &leads)?;
    connection.execute_batch("COMMIT")?;
    for (name, statement) in INDEXES {
        on_stage(Stage::Index(name));
        connection.execute_batch(statement)?;
    }
    declare(&connection)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(counts)
}

fn load(
    connection: &Connection,
    spec: &SampleSpec,
    on_stage: &mut impl FnMut(Stage),
) -> rusqlite::Result<(Counts, Vec<Lead>)> {
    let (sender, receiver) = sync_channel(BATCHES_AHEAD);
    thread::scope(|scope| {
        let maker = scope.spawn(move || {
            let mut rows = Rows::new(spec);
            let mut left = spec.rows;
            while left > 0 {
                let count = left.min(BATCH_ROWS);
                let mut batch = SourceBatch::with_capacity(usize::try_from(count).unwrap_or_default());
                for _ in 0..count {
                    rows.push_next(&mut batch);
                }
                left -= count;
                if sender.send(batch).is_err() {
                    // Whoever puts them in has failed, and says why.
                    break;
                }
            }
            rows.finish()
        });
        insert(connection, receiver, on_stage)?;
        Ok(maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn insert(
    connection: &Connection,
    batches: Receiver<SourceBatch>,
    on_stage: &mut impl FnMut(Stage),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(include_str!("../../sql/sample_numeros_insert.sql"))?;
    let mut done = 0;
    for batch in batches {
        for row in batch.rows() {
            for (at, column) in SourceColumn::ALL.into_iter().enumerate() {
                statement.raw_bind_parameter(at + 1, Bound(row.get(column)))?;
            }
            statement.raw_execute()?;
        }
        done += batch.len() as u64;
        on_stage(Stage::Rows(done));
    }
    Ok(())
}

/// A value bound in its class; text may be no UTF-8.
struct Bound<'a>(SourceValue<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SourceValue::Null => ValueRef::Null,
            SourceValue::Integer(value) => ValueRef::Integer(value),
            SourceValue::Real(value) => ValueRef::Real(value),
            SourceValue::Text(bytes) => ValueRef::Text(bytes),
            SourceValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The two small tables, which say what the rows do.
fn account(connection: &Connection, counts: &Counts, leads: &[Lead]) -> rusqlite::Result<()> {
    /// Rows a second of the program that made the real file.
    const ITS_ROWS_PER_SECOND: u64 = 17_756;
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let missing = leads.iter().filter(|lead| !lead.is_known);
    connection.execute(
        include_str!("../../sql/sample_statistics_insert.sql"),
        params![
            // The real file's maker refused one line of 5,000 before it wrote any.
            number(counts.rows + counts.rows / 5_000),
            number(counts.es_valido_one),
            0,
            number(counts.with_city).to_le_bytes(),
            number(leads.iter().filter(|lead| lead.is_known).count() as u64),
            number(missing.clone().count() as u64),
            std::time::Duration::from_millis(counts.rows * 1_000 / ITS_ROWS_PER_SECOND).as_secs_f64(),
            "lista_completa.csv",
            MADE_AT,
        ],
    )?;
    let mut statement = connection.prepare(include_str!("../../sql/sample_missing_insert.sql"))?;
    for lead in missing {
        let examples: Vec<_> = lead.examples.iter().map(u64::to_string).collect();
        statement.execute(params![
            lead.digits.to_string(),
            number(lead.rows),
            examples.join(","),
            MADE_AT
        ])?;
    }
    connection.execute(include_str!("../../sql/sample_sequence_insert.sql"), [counts.last_id])?;
    Ok(())
}

/// Rewrites the schema to what it would be, had the constraints been there from the start.
fn declare(connection: &Connection) -> rusqlite::Result<()> {
    let begin = DECLARATION.find("CREATE").unwrap_or_default();
    let version: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
    connection.pragma_update(None, "writable_schema", true)?;
    connection
        .execute(include_str!("../../sql/sample_table_declare.sql"), [DECLARATION[begin..].trim_end()])?;
    connection.execute(include_str!("../../sql/sample_index_declare.sql"), [])?;
    connection.pragma_update(None, "schema_version", version + 1)?;
    connection.pragma_update(None, "writable_schema", false)
}
