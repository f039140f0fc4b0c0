//! The reader keeps what its port promises.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::path::PathBuf;

use async_trait::async_trait;
use domain::port::SourceReader;
use domain::source::{SourceColumn, SourceValue};
use rusqlite::Connection;
use rusqlite::types::Value;
use source_sqlite::SqliteNumbersReader;
use tempfile::TempDir;
use testkit::contract::source_reader::SourceHarness;
use testkit::fakes::SourceContents;
use testkit::fixtures::rows_numbered;

/// A folder for the files of one clause.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file of its own; its columns have no type, so that every storage class stays what it is.
    fn write(&self, contents: &SourceContents) -> PathBuf {
        let files = std::fs::read_dir(self.0.path()).unwrap().count();
        let path = self.0.path().join(format!("{files}.db"));
        let mut connection = Connection::open(&path).unwrap();
        let transaction = connection.transaction().unwrap();
        let columns: Vec<_> = SourceColumn::ALL.into_iter().skip(1).map(SourceColumn::name).collect();
        transaction
            .execute_batch(&format!("CREATE TABLE numeros (id INTEGER PRIMARY KEY, {})", columns.join(", ")))
            .unwrap();
        for row in &contents.rows {
            let values = row.as_source();
            // A text that is no UTF-8 goes in as bytes and is told to be text.
            let holes: Vec<_> = values
                .iter()
                .enumerate()
                .map(|(at, value)| match value {
                    SourceValue::Text(_) => format!("CAST(?{} AS TEXT)", at + 1),
                    SourceValue::Null
                    | SourceValue::Integer(_)
                    | SourceValue::Real(_)
                    | SourceValue::Blob(_) => {
                        format!("?{}", at + 1)
                    }
                })
                .collect();
            let sql = format!("INSERT INTO numeros VALUES ({})", holes.join(", "));
            transaction.execute(&sql, rusqlite::params_from_iter(values.map(owned))).unwrap();
        }
        if let Some(statistics) = &contents.statistics {
            transaction
                .execute_batch(
                    "CREATE TABLE estadisticas_migracion (id, total_procesados, total_validos, total_duplicados,
                         total_con_ciudad, ladas_encontradas, ladas_faltantes, tiempo_procesamiento_segundos,
                         archivo_origen, fecha_migracion)",
                )
                .unwrap();
            for row in statistics {
                let with_city = row.total_with_city.map(|count| count.to_le_bytes().to_vec());
                let sql =
                    "INSERT INTO estadisticas_migracion VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
                transaction
                    .execute(
                        sql,
                        (
                            row.id,
                            row.total_processed,
                            row.total_valid,
                            row.total_duplicates,
                            with_city,
                            row.ladas_found,
                            row.ladas_missing,
                            row.took_seconds,
                            &row.source_file,
                            &row.migrated_at,
                        ),
                    )
                    .unwrap();
            }
        }
        if let Some(missing) = &contents.missing_ladas {
            transaction
                .execute_batch(
                    "CREATE TABLE ladas_faltantes (lada, cantidad_registros, ejemplos_numeros, fecha_detectado)",
                )
                .unwrap();
            for row in missing {
                let sql = "INSERT INTO ladas_faltantes VALUES (?1, ?2, ?3, ?4)";
                transaction.execute(sql, (&row.lada, row.rows, &row.examples, &row.detected_at)).unwrap();
            }
        }
        transaction.commit().unwrap();
        path
    }
}

fn owned(value: SourceValue<'_>) -> Value {
    match value {
        SourceValue::Null => Value::Null,
        SourceValue::Integer(value) => Value::Integer(value),
        SourceValue::Real(value) => Value::Real(value),
        SourceValue::Text(bytes) | SourceValue::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

#[async_trait]
impl SourceHarness for Files {
    async fn reader(&self, contents: SourceContents) -> Box<dyn SourceReader> {
        Box::new(SqliteNumbersReader::open(&self.write(&contents)).unwrap())
    }

    async fn damaged_reader(&self) -> Box<dyn SourceReader> {
        let path = self.write(&SourceContents::of(rows_numbered(1..=2_000)));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        Box::new(SqliteNumbersReader::open(&path).unwrap())
    }
}

testkit::source_reader_contract!(Files::new());
