//! The files that the regulator publishes, of both shapes.

use std::borrow::Cow;

use csv::StringRecord;
use jiff::civil::Date;

use super::Assignment;
use super::columns::{Columns, KnownBy, PlanFormat};
use crate::phone::PhoneNumber;

/// Of so many malformed lines the first are listed.
const MALFORMED_LISTED: usize = 20;
/// Of a hundred lines so many may be malformed.
const MALFORMED_PERCENT_MAX: usize = 1;
/// Of a hundred ranges so many may have an area code that is not assigned.
const UNASSIGNED_PERCENT_MAX: usize = 5;
/// The most lines that are read; the regulator's files have some 180,000.
const LINES_MAX: usize = 4_000_000;

/// A numbering plan as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its shape.
    pub format: PlanFormat,
    /// How its columns were known.
    pub known_by: KnownBy,
    /// What it assigns, in its own order.
    pub assignments: Vec<Assignment>,
    /// The first of the lines that cannot be read.
    pub malformed: Vec<MalformedLine>,
    /// How many there are of these in all.
    pub malformed_lines: u64,
    /// The latest date of an assignment: how recent the file is.
    pub latest: Option<Date>,
}

/// A line of a plan that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedLine {
    /// Its number, from 1 on.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a file is not taken for a numbering plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefused {
    /// Its columns are not those of a plan, neither by their names nor by what they hold.
    #[error(
        "this is no numbering plan of the regulator's: line 1 names no {missing}, and no columns hold what those of a plan \
         do; there must be NUMERACION_INICIAL, NUMERACION_FINAL, MODALIDAD, RAZON_SOCIAL and FECHA_ASIGNACION, and in the \
         older shape NIR and SERIE"
    )]
    Columns {
        /// The first that is missing.
        missing: &'static str,
    },
    /// Its numbers have area codes that Mexico does not have.
    #[error(
        "{unassigned} of {ranges} ranges begin with an area code that is not assigned in Mexico, as {example} does: this \
         is another country's plan, or its columns are not what they seem"
    )]
    AnotherCountry {
        /// How many ranges.
        unassigned: u64,
        /// Of how many.
        ranges: u64,
        /// One of them, by its first number.
        example: u64,
    },
    /// It assigns nothing.
    #[error("the plan has no ranges below its first line")]
    Empty,
    /// Too many of its lines cannot be read.
    #[error(
        "{malformed} of {lines} lines cannot be read, more than {MALFORMED_PERCENT_MAX} %; the first is line {line}: \
         {reason}"
    )]
    Malformed {
        /// How many.
        malformed: u64,
        /// Of how many.
        lines: u64,
        /// The first of them.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl PlanFile {
    /// Reads a file of either shape, in UTF-8 or ISO-8859-1.
    ///
    /// # Errors
    /// When its columns are not those of a plan, it is empty, or more than one line of a hundred cannot be read.
    pub fn read(bytes: &[u8]) -> Result<Self, PlanRefused> {
        let text = decoded(bytes);
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut lines: Vec<Result<StringRecord, csv::Error>> = reader
            .into_records()
            .filter(|record| !record.as_ref().is_ok_and(is_blank))
            .take(LINES_MAX)
            .collect();
        // A file may come without names.
        let header = if matches!(lines.first(), Some(Ok(first)) if is_header(first)) {
            lines.remove(0).ok()
        } else {
            None
        };
        let whole: Vec<&StringRecord> = lines.iter().flatten().collect();
        let (columns, known_by) =
            Columns::find(header.as_ref(), &whole).map_err(|missing| PlanRefused::Columns { missing })?;
        let mut file = Self {
            format: columns.format(),
            known_by,
            assignments: Vec::with_capacity(lines.len()),
            malformed: Vec::new(),
            malformed_lines: 0,
            latest: None,
        };
        for (n, record) in lines.iter().enumerate() {
            let line = |at: Option<&csv::Position>| at.map_or(n as u64 + 2, csv::Position::line);
            let read = match record {
                Ok(record) => columns.read(record).map_err(|reason| (line(record.position()), reason)),
                Err(error) => Err((line(error.position()), "it is no CSV".to_owned())),
            };
            match read {
                Ok(assignment) => {
                    file.latest = file.latest.max(assignment.assigned_on);
                    file.assignments.push(assignment);
                }
                Err((line, reason)) => {
                    file.malformed_lines += 1;
                    if file.malformed.len() < MALFORMED_LISTED {
                        file.malformed.push(MalformedLine { line, reason });
                    }
                }
            }
        }
        file.checked()
    }

    fn checked(self) -> Result<Self, PlanRefused> {
        let lines = self.assignments.len() as u64 + self.malformed_lines;
        if let Some(first) = self.malformed.first()
            && self.malformed_lines * 100 > lines * MALFORMED_PERCENT_MAX as u64
        {
            return Err(PlanRefused::Malformed {
                malformed: self.malformed_lines,
                lines,
                line: first.line,
                reason: first.reason.clone(),
            });
        }
        let Some(example) = self.assignments.iter().find(|range| !is_of_mexico(range)) else {
            return if self.assignments.is_empty() { Err(PlanRefused::Empty) } else { Ok(self) };
        };
        let unassigned = self.assignments.iter().filter(|range| !is_of_mexico(range)).count();
        if unassigned * 100 > self.assignments.len() * UNASSIGNED_PERCENT_MAX {
            return Err(PlanRefused::AnotherCountry {
                unassigned: unassigned as u64,
                ranges: self.assignments.len() as u64,
                example: example.first,
            });
        }
        Ok(self)
    }
}

/// Whether a range begins with an area code that is assigned. The regulator may assign one before the table knows it.
fn is_of_mexico(range: &Assignment) -> bool {
    PhoneNumber::from_national(range.first).is_ok_and(PhoneNumber::is_assigned)
}

/// Whether a line names columns: it holds no number.
fn is_header(line: &StringRecord) -> bool {
    !line.iter().any(|field| field.trim_start().starts_with(|first: char| first.is_ascii_digit()))
}

/// Whether a line says nothing; some files end with the control character that ended files once.
fn is_blank(record: &StringRecord) -> bool {
    record.iter().all(|field| field.trim_matches(|c: char| c.is_whitespace() || c.is_control()).is_empty())
}

/// UTF-8 where it is that, otherwise ISO-8859-1, in which every byte is the character of its number.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
