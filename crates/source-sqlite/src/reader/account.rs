//! The source's own account of how it was made: `estadisticas_migracion` and `ladas_faltantes`.
//!
//! Their cells hold integers, text or blobs as the program that wrote them happened to bind them, so each is read for
//! what it says, whatever it is stored as; what says nothing readable is absent.

use std::path::Path;

use domain::port::SourceError;
use domain::source::{MissingLada, SourceStatistics};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

use crate::failure::classify;

/// The most rows that either table is read with; the real file has one, and 186.
const ROWS_MAX: usize = 100_000;
/// The most bytes of one cell that are kept.
const CELL_BYTES_MAX: usize = 64 << 10;

/// The rows of `estadisticas_migracion`.
pub(super) fn statistics(path: &Path, connection: &Connection) -> Result<Vec<SourceStatistics>, SourceError> {
    rows(path, connection, "estadisticas_migracion", |row| SourceStatistics {
        id: row.integer("id").unwrap_or(row.place),
        total_processed: row.integer("total_procesados"),
        total_valid: row.integer("total_validos"),
        total_duplicates: row.integer("total_duplicados"),
        total_with_city: row.integer("total_con_ciudad"),
        ladas_found: row.integer("ladas_encontradas"),
        ladas_missing: row.integer("ladas_faltantes"),
        took_seconds: row.real("tiempo_procesamiento_segundos"),
        source_file: row.text("archivo_origen"),
        migrated_at: row.text("fecha_migracion"),
    })
}

/// The rows of `ladas_faltantes`; a prefix that is NULL is empty.
pub(super) fn missing_ladas(path: &Path, connection: &Connection) -> Result<Vec<MissingLada>, SourceError> {
    rows(path, connection, "ladas_faltantes", |row| MissingLada {
        lada: row.text("lada").unwrap_or_default(),
        rows: row.integer("cantidad_registros"),
        examples: row.text("ejemplos_numeros"),
        detected_at: row.text("fecha_detectado"),
    })
}

fn rows<T>(
    path: &Path,
    connection: &Connection,
    table: &str,
    decode: impl Fn(&Cells<'_>) -> T,
) -> Result<Vec<T>, SourceError> {
    let rows =
        read(connection, table, decode).map_err(|error| classify(path, &format!("read {table}"), &error))?;
    if rows.len() > ROWS_MAX {
        return Err(SourceError::WrongShape {
            path: path.display().to_string(),
            reason: format!("{table} has more than {ROWS_MAX} rows"),
        });
    }
    Ok(rows)
}

fn read<T>(
    connection: &Connection,
    table: &str,
    decode: impl Fn(&Cells<'_>) -> T,
) -> rusqlite::Result<Vec<T>> {
    let kind: Option<String> = connection
        .query_row(include_str!("../../sql/objects_named.sql"), [table], |row| row.get(0))
        .optional()?;
    if kind.as_deref() != Some("table") {
        return Ok(Vec::new());
    }
    let sql = include_str!("../../sql/table_rows.sql")
        .replace("{table}", table)
        .replace("{rows}", &(ROWS_MAX + 1).to_string());
    let mut statement = connection.prepare(&sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_ascii_lowercase).collect();
    let mut found = Vec::new();
    let mut rows = statement.query([])?;
    let mut place = 0;
    while let Some(row) = rows.next()? {
        place += 1;
        let mut values = Vec::with_capacity(names.len());
        for at in 0..names.len() {
            values.push(Cell::of(row.get_ref(at)?));
        }
        found.push(decode(&Cells { place, names: &names, values }));
    }
    Ok(found)
}

/// A row by the names of its columns.
struct Cells<'a> {
    place: i64,
    names: &'a [String],
    values: Vec<Cell>,
}

impl Cells<'_> {
    fn cell(&self, name: &str) -> Option<&Cell> {
        self.names.iter().position(|known| known == name).map(|at| &self.values[at])
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.cell(name)?.integer()
    }

    fn real(&self, name: &str) -> Option<f64> {
        self.cell(name)?.real()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.cell(name)?.text()
    }
}

/// A stored value of whatever class.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Cell {
    fn of(value: ValueRef<'_>) -> Self {
        let kept = |bytes: &[u8]| bytes[..bytes.len().min(CELL_BYTES_MAX)].to_vec();
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => Self::Text(kept(bytes)),
            ValueRef::Blob(bytes) => Self::Blob(kept(bytes)),
        }
    }

    fn integer(&self) -> Option<i64> {
        match self {
            Self::Null => None,
            Self::Integer(value) => Some(*value),
            Self::Real(value) => whole(*value),
            Self::Text(bytes) => number_in(bytes),
            // Eight digits would be a count beyond 10^18 as an integer, so digits are digits.
            Self::Blob(bytes) if bytes.iter().all(u8::is_ascii_digit) => number_in(bytes),
            Self::Blob(bytes) => {
                let eight = bytes.as_slice().try_into().map(i64::from_le_bytes);
                let four = bytes.as_slice().try_into().map(i32::from_le_bytes);
                eight.or(four.map(i64::from)).ok().or_else(|| number_in(bytes))
            }
        }
    }

    fn real(&self) -> Option<f64> {
        match self {
            Self::Null => None,
            #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
            Self::Integer(value) => Some(*value as f64),
            Self::Real(value) => Some(*value),
            Self::Text(bytes) => real_in(bytes),
            Self::Blob(bytes) => real_in(bytes).or_else(|| {
                let raw = f64::from_le_bytes(bytes.as_slice().try_into().ok()?);
                raw.is_finite().then_some(raw)
            }),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Integer(value) => Some(value.to_string()),
            Self::Real(value) => Some(value.to_string()),
            Self::Text(bytes) | Self::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

fn number_in(bytes: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))
}

fn real_in(bytes: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(bytes).ok()?.trim().parse().ok()?;
    value.is_finite().then_some(value)
}

fn whole(value: f64) -> Option<i64> {
    // Beyond 2^53 a double names no integer exactly.
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within 2^53")]
    exact.then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_in_whatever_class_it_is_stored() {
        let blob = |bytes: &[u8]| Cell::Blob(bytes.to_vec());
        assert_eq!(blob(&18_036_697_i64.to_le_bytes()).integer(), Some(18_036_697));
        assert_eq!(blob(&7_i32.to_le_bytes()).integer(), Some(7));
        assert_eq!(blob(b"18036697").integer(), Some(18_036_697));
        assert_eq!(Cell::Text(b" 36645692 ".to_vec()).integer(), Some(36_645_692));
        assert_eq!(Cell::Text(b"12.0".to_vec()).integer(), Some(12));
        assert_eq!(Cell::Real(12.0).integer(), Some(12));
        for unreadable in
            [Cell::Null, Cell::Real(0.5), Cell::Text(b"muchos".to_vec()), blob(b"\xff\x01"), blob(b"")]
        {
            assert_eq!(unreadable.integer(), None);
        }
    }

    #[test]
    fn seconds_and_texts_are_read_in_whatever_class_they_are_stored() {
        assert_eq!(Cell::Blob(2.5_f64.to_le_bytes().to_vec()).real(), Some(2.5));
        assert_eq!(Cell::Text(b"2.5".to_vec()).real(), Some(2.5));
        assert_eq!(Cell::Integer(3).real(), Some(3.0));
        assert_eq!(Cell::Integer(551).text().as_deref(), Some("551"));
        assert_eq!(Cell::Text(b"a\xffb".to_vec()).text().as_deref(), Some("a\u{fffd}b"));
    }
}
