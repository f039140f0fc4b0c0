//! One column of a CSV file, a line at a time: a quote that is never closed ends with its line.

use std::borrow::Cow;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

/// What fields may be apart by.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Takes one field out of each line.
pub(in crate::command) struct Column {
    place: usize,
    reader: Reader,
    field: Vec<u8>,
}

/// A file without the column.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::command) struct NoSuchColumn(pub(in crate::command) String);

impl Column {
    /// The column that is asked for by place or by name, in a file with this first line; whether that line holds names.
    pub(in crate::command) fn find(asked: &str, first_line: &str) -> Result<(Self, bool), NoSuchColumn> {
        let count = |delimiter: &u8| first_line.bytes().filter(|byte| byte == delimiter).count();
        let delimiter = DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',');
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        let mut column = Self { place: 0, reader, field: vec![0; 256] };
        if let Ok(place) = asked.parse::<usize>() {
            let place =
                place.checked_sub(1).ok_or_else(|| NoSuchColumn("columns are counted from 1".to_owned()))?;
            column.place = place;
            return Ok((column, false));
        }
        let mut names = Vec::new();
        while let Some(name) = column.at(names.len(), first_line) {
            names.push(name.trim().to_owned());
        }
        match names.iter().position(|name| name.eq_ignore_ascii_case(asked.trim())) {
            Some(place) => Ok((Self { place, ..column }, true)),
            None => Err(NoSuchColumn(format!(
                "line 1 names no column {asked}; it names {}",
                names.iter().map(|name| format!("{name:.40}")).take(30).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// The field of a line; nothing where the line is shorter.
    pub(in crate::command) fn of(&mut self, line: &str) -> Cow<'_, str> {
        self.at(self.place, line).unwrap_or_default()
    }

    fn at(&mut self, place: usize, line: &str) -> Option<Cow<'_, str>> {
        self.reader.reset();
        // No field is longer than its line, so there is always room.
        self.field.resize(self.field.len().max(line.len() + 1), 0);
        let mut rest = line.as_bytes();
        let mut passed = 0;
        let mut length = 0;
        loop {
            let (result, read, written) = self.reader.read_field(rest, &mut self.field[length..]);
            rest = &rest[read..];
            length += written;
            match result {
                // With nothing left this is asked again with nothing, which says that the file ends here.
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::Field { .. } if passed == place => {
                    return Some(String::from_utf8_lossy(&self.field[..length]));
                }
                ReadFieldResult::Field { record_end: true }
                | ReadFieldResult::End
                | ReadFieldResult::OutputFull => return None,
                ReadFieldResult::Field { record_end: false } => {
                    passed += 1;
                    length = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_name_or_place() {
        let (mut column, has_names) = Column::find("Telefono", "nombre;TELEFONO ;ciudad").unwrap();
        assert!(has_names);
        assert_eq!(column.of("Ana;55 1234 5678;León, Gto"), "55 1234 5678");
        assert_eq!(column.of("\"Ruiz; Ana\";\"55 \"\"1\"\"\";x"), "55 \"1\"");
        assert_eq!(column.of("Ana"), "");
        assert_eq!(column.of(""), "");

        let (mut column, has_names) = Column::find("2", "Ana\t5512345678").unwrap();
        assert!(!has_names);
        assert_eq!(column.of("Ana\t5512345678"), "5512345678");

        let (mut column, _) = Column::find("1", "5512345678").unwrap();
        assert_eq!(column.of("5512345678"), "5512345678");
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_with_its_line() {
        let (mut column, _) = Column::find("2", "a,b,c").unwrap();
        assert_eq!(column.of("\"Ana,5512345678,x"), "");
        assert_eq!(column.of("Ana,\"5512345678,x"), "5512345678,x");
        assert_eq!(column.of("Ana,5512345678,x"), "5512345678");
    }

    #[test]
    fn a_column_that_is_not_there_is_refused_with_those_that_are() {
        let refused = |asked, line| Column::find(asked, line).map(|_| ()).unwrap_err().0;
        assert_eq!(
            refused("tel", "nombre,telefono"),
            "line 1 names no column tel; it names nombre, telefono"
        );
        assert_eq!(refused("0", "a"), "columns are counted from 1");
    }
}
