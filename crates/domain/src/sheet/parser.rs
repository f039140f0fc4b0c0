//! Reads lines of fields from bytes as they come.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::decoded;

/// The longest line that is taken; of a longer one its beginning is kept.
const RECORD_BYTES_MAX: usize = 16 * 1024;
/// The most fields of a line.
const FIELDS_MAX: usize = 200;

/// A line of a table.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins, from 1 on.
    pub line: u64,
    /// What it holds, as written.
    pub fields: Vec<String>,
    /// Whether it is longer than any may be, and what is here is its beginning.
    pub is_cut: bool,
    /// Whether a field of it goes on over the end of a line, as it does where a quotation mark is not closed.
    pub has_line_break: bool,
}

/// Shows where it stands and nothing about the person.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Makes lines of the bytes that it is given, piece by piece. Of none more than a line is kept.
pub struct SheetParser {
    reader: Reader,
    bytes: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    fields: usize,
    line: Line,
    begins_at: u64,
    is_between: bool,
    is_cut: bool,
}

/// Which line a byte stands in, whatever ends lines.
struct Line {
    number: u64,
    is_after_return: bool,
}

impl Line {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // A return and the line feed behind it end one line.
            self.number += u64::from(*byte == b'\n' || self.is_after_return);
            self.is_after_return = *byte == b'\r';
        }
    }
}

impl Record {
    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.fields.iter().map(|field| size_of::<String>() + field.len()).sum()
    }
}

impl SheetParser {
    /// Reads fields with `delimiter` between them.
    #[must_use]
    pub fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            bytes: vec![0; RECORD_BYTES_MAX],
            filled: 0,
            ends: vec![0; FIELDS_MAX],
            fields: 0,
            line: Line { number: 1, is_after_return: false },
            begins_at: 1,
            is_between: true,
            is_cut: false,
        }
    }

    /// Takes the next bytes, and hands on the lines that end within them.
    pub fn push(&mut self, bytes: &[u8], each: &mut impl FnMut(Record)) {
        let mut rest = bytes;
        // No bytes at all would be the end to the reader.
        while !rest.is_empty() {
            if self.is_between {
                let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                self.line.count(&rest[..blank]);
                rest = &rest[blank..];
                self.is_between = rest.is_empty();
                // What ends a line counts with what follows it.
                self.begins_at = self.line.number + u64::from(self.line.is_after_return);
                continue;
            }
            let (result, read) = self.read(rest);
            self.line.count(&rest[..read]);
            rest = &rest[read..];
            self.take(&result, each);
        }
    }

    /// Hands on the last line, if it has no end of its own.
    pub fn end(&mut self, each: &mut impl FnMut(Record)) {
        loop {
            let (result, _) = self.read(&[]);
            self.take(&result, each);
            if result == ReadRecordResult::End {
                break;
            }
        }
    }

    fn read(&mut self, bytes: &[u8]) -> (ReadRecordResult, usize) {
        let (result, read, written, ended) =
            self.reader.read_record(bytes, &mut self.bytes[self.filled..], &mut self.ends[self.fields..]);
        self.filled += written;
        self.fields += ended;
        (result, read)
    }

    fn take(&mut self, result: &ReadRecordResult, each: &mut impl FnMut(Record)) {
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            // The beginning is enough to say which line it is; the rest is passed over where it was.
            ReadRecordResult::OutputFull => {
                self.is_cut = true;
                self.filled = KEPT_BYTES;
                self.fields = self.fields.min(KEPT_FIELDS);
            }
            ReadRecordResult::OutputEndsFull => {
                self.is_cut = true;
                self.fields = KEPT_FIELDS;
            }
            ReadRecordResult::Record => {
                each(self.record());
                (self.filled, self.fields, self.is_cut) = (0, 0, false);
                self.is_between = true;
            }
        }
    }

    fn record(&self) -> Record {
        if self.is_cut {
            let beginning = &self.bytes[..KEPT_BYTES.min(self.filled)];
            return Record {
                line: self.begins_at,
                fields: vec![decoded(beginning).into_owned()],
                is_cut: true,
                // Its own end is counted by now, if it has one.
                has_line_break: self.line.number > self.begins_at + 1,
            };
        }
        let begins = std::iter::once(0).chain(self.ends[..self.fields].iter().copied());
        let whole = &self.bytes[..self.filled];
        let fields = begins
            .zip(&self.ends[..self.fields])
            .map(|(begin, end)| decoded(&whole[begin..*end]).into_owned())
            .collect();
        let has_line_break = whole.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
        Record { line: self.begins_at, fields, is_cut: false, has_line_break }
    }
}

/// So much is kept of a line that is too long.
const KEPT_BYTES: usize = 1_000;
/// And so many ends of fields, which tell nothing any more.
const KEPT_FIELDS: usize = 1;
