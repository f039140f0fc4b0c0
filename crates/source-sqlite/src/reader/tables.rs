//! The tables of the file, whatever they are for.

use std::path::Path;

use domain::analysis::SourceTable;
use domain::port::SourceError;
use rusqlite::Connection;

use crate::failure::classify;

/// Each table with its columns and how many rows it has.
pub(super) fn tables(path: &Path, connection: &Connection) -> Result<Vec<SourceTable>, SourceError> {
    list(connection).map_err(|error| classify(path, "list its tables", &error))
}

fn list(connection: &Connection) -> rusqlite::Result<Vec<SourceTable>> {
    let mut names = connection.prepare(include_str!("../../sql/tables_all.sql"))?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names
        .into_iter()
        .map(|name| {
            let mut columns = connection.prepare(include_str!("../../sql/columns_list.sql"))?;
            let columns = columns
                .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            // A name cannot be a parameter; quotes within it are doubled.
            let quoted = format!("\"{}\"", name.replace('"', "\"\""));
            let count = include_str!("../../sql/table_count.sql").replace("{table}", &quoted);
            let rows: i64 = connection.query_row(&count, [], |row| row.get(0))?;
            Ok(SourceTable { name, rows: rows.unsigned_abs(), columns })
        })
        .collect()
}
