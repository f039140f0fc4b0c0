//! Opening the file for reading alone, and the shape that it must have.

use std::path::Path;
use std::time::Duration;

use domain::port::SourceError;
use domain::source::{SourceBatch, SourceColumn};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::failure::classify;
use crate::file::{Stamp, read_only_uri, refused, unreadable};

/// The table of contacts.
const TABLE: &str = "numeros";
/// How long a writer that is just committing is waited for.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// The page cache in KiB. A walk visits each page once, so that a small one stays in the processor's cache; the file is
/// not mapped, for a mapped file that is cut short while it is read kills the process, and mapping measured no faster.
const CACHE_KIB: i64 = 2_048;

/// An open file, and what it was when it was opened.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) stamp: Stamp,
}

impl Opened {
    /// Opens a file that is whole and at rest.
    pub(super) fn at(path: &Path) -> Result<Self, SourceError> {
        let stamp = Stamp::of_file_at_rest(path)?;
        // A file with a write-ahead log, even an empty one, makes SQLite create two files beside it, unless it is told
        // that nothing changes. Others are locked against writers for as long as they are read.
        let uri = read_only_uri(path, stamp.is_write_ahead()).map_err(|error| unreadable(path, &error))?;
        let connection = connect(&uri).map_err(|error| classify(path, "open it", &error))?;
        Ok(Self { connection, stamp })
    }

    /// Whether the rows that were read are those of the file as it was opened. A file that was whole then and is not
    /// now is being overwritten.
    pub(super) fn check_unchanged(&self, path: &Path) -> Result<(), SourceError> {
        let now =
            if self.stamp.is_write_ahead() { Stamp::of_file_at_rest(path) } else { Stamp::of_file(path) };
        match now {
            Ok(now) if now == self.stamp => Ok(()),
            Ok(_)
            | Err(
                SourceError::NotSqlite { .. } | SourceError::WrongShape { .. } | SourceError::Damaged { .. },
            ) => Err(refused(
                path,
                "another program changed it while it was being read; close that program, or read a copy, and begin again",
            )),
            Err(error @ (SourceError::Missing { .. } | SourceError::Unreadable { .. })) => Err(error),
        }
    }
}

fn connect(uri: &str) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    let value_bytes_max = i32::try_from(SourceBatch::BYTES_MAX).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, value_bytes_max)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Refuses a file without the table `numeros`, its columns, or an order to resume by.
pub(super) fn check_shape(path: &Path, connection: &Connection) -> Result<(), SourceError> {
    let wrong = |reason: String| SourceError::WrongShape { path: path.display().to_string(), reason };
    let shape = Shape::of(connection).map_err(|error| classify(path, "read its schema", &error))?;
    match shape.kind.as_deref() {
        Some("table") => {}
        Some(kind) => return Err(wrong(format!("{TABLE} is a {kind}, not a table"))),
        None if shape.tables.is_empty() => {
            return Err(wrong(format!("it has no table {TABLE}, and no other either")));
        }
        None => {
            return Err(wrong(format!("it has no table {TABLE}; it has {}", shape.tables.join(", "))));
        }
    }
    let has = |name: &str| shape.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let missing: Vec<_> =
        SourceColumn::ALL.into_iter().map(SourceColumn::name).filter(|name| !has(name)).collect();
    if !missing.is_empty() {
        let names: Vec<_> = shape.columns.iter().map(|column| column.name.as_str()).collect();
        return Err(wrong(format!(
            "{TABLE} has no column {}; it has {}",
            missing.join(", "),
            names.join(", ")
        )));
    }
    if shape.is_keyed_by_id() {
        Ok(())
    } else {
        Err(wrong(format!(
            "the column id of {TABLE} is no INTEGER PRIMARY KEY, so its rows have no order to resume by"
        )))
    }
}

struct Column {
    name: String,
    declared: String,
    key_place: i64,
}

struct Shape {
    kind: Option<String>,
    tables: Vec<String>,
    columns: Vec<Column>,
    key_indexes: i64,
}

impl Shape {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let kind = connection
            .query_row(include_str!("../../sql/objects_named.sql"), [TABLE], |row| row.get(0))
            .optional()?;
        let mut list = connection.prepare(include_str!("../../sql/tables_list.sql"))?;
        let tables = list.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut list = connection.prepare(include_str!("../../sql/columns_list.sql"))?;
        let columns = list
            .query_map([TABLE], |row| {
                Ok(Column { name: row.get(0)?, declared: row.get(1)?, key_place: row.get(2)? })
            })?
            .collect::<Result<_, _>>()?;
        let key_indexes =
            connection
                .query_row(include_str!("../../sql/key_indexes_count.sql"), [TABLE], |row| row.get(0))?;
        Ok(Self { kind, tables, columns, key_indexes })
    }

    /// Whether `id` is another name of the rowid: the sole key, declared INTEGER, and kept by no index.
    fn is_keyed_by_id(&self) -> bool {
        let mut key = self.columns.iter().filter(|column| column.key_place > 0);
        let (Some(column), None) = (key.next(), key.next()) else {
            return false;
        };
        column.name.eq_ignore_ascii_case("id")
            && column.declared.eq_ignore_ascii_case("INTEGER")
            && self.key_indexes == 0
    }
}
