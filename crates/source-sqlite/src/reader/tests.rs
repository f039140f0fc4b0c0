//! The reader against real files: good ones, bad ones, and ones that change.

use std::path::{Path, PathBuf};

use domain::port::{ReadRange, SourceError, SourceReader as _};
use domain::source::{SourceBatch, SourceColumn, SourceRow, SourceValue};
use futures::StreamExt as _;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use tempfile::TempDir;

use super::SqliteNumbersReader;

mod account;
mod bad_files;
mod copy;
mod rows;

/// A folder of its own for a test's files, with spaces, signs and letters that a URI must encode.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("números 50% #").tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The names in it, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The table, its columns without types so that every storage class stays what it is.
fn columns() -> String {
    let others: Vec<_> = SourceColumn::ALL.into_iter().skip(1).map(SourceColumn::name).collect();
    format!("id INTEGER PRIMARY KEY, {}", others.join(", "))
}

fn create(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&format!("CREATE TABLE numeros ({})", columns())).unwrap();
    connection
}

/// Rows with these ids, each with a number and a name that tell its id.
fn fill(connection: &Connection, ids: impl IntoIterator<Item = i64>) {
    connection.execute_batch("BEGIN").unwrap();
    let mut insert =
        connection.prepare("INSERT INTO numeros (id, numero, nombre) VALUES (?1, ?2, ?3)").unwrap();
    for id in ids {
        insert.execute((id, id.to_string(), format!("NOMBRE {id}"))).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

fn range(after_id: i64, rows_max: Option<u64>, batch_rows: usize) -> ReadRange {
    ReadRange { after_id, rows_max, batch_rows }
}

/// Everything that the stream gives: the batches, and the error that ended it.
async fn read(path: &Path, range: ReadRange) -> (Vec<SourceBatch>, Option<SourceError>) {
    let mut stream = SqliteNumbersReader::open(path).unwrap().batches(range);
    let (mut batches, mut failed) = (Vec::new(), None);
    while let Some(next) = stream.next().await {
        assert!(failed.is_none(), "something came after an error");
        match next {
            Ok(batch) => batches.push(batch),
            Err(error) => failed = Some(error),
        }
    }
    (batches, failed)
}

fn ids(batches: &[SourceBatch]) -> Vec<i64> {
    batches.iter().flat_map(|batch| batch.rows().map(SourceRow::id).collect::<Vec<_>>()).collect()
}

fn owned(value: SourceValue<'_>) -> (u8, Vec<u8>) {
    match value {
        SourceValue::Null => (0, Vec::new()),
        SourceValue::Integer(value) => (1, value.to_le_bytes().to_vec()),
        SourceValue::Real(value) => (2, value.to_le_bytes().to_vec()),
        SourceValue::Text(bytes) => (3, bytes.to_vec()),
        SourceValue::Blob(bytes) => (4, bytes.to_vec()),
    }
}

fn owned_by_sqlite(value: ValueRef<'_>) -> (u8, Vec<u8>) {
    match value {
        ValueRef::Null => (0, Vec::new()),
        ValueRef::Integer(value) => (1, value.to_le_bytes().to_vec()),
        ValueRef::Real(value) => (2, value.to_le_bytes().to_vec()),
        ValueRef::Text(bytes) => (3, bytes.to_vec()),
        ValueRef::Blob(bytes) => (4, bytes.to_vec()),
    }
}

/// Runs `test` on a small runtime.
fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test)
}
