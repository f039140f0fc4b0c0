//! The files that the regulator publishes, of both shapes.

use std::borrow::Cow;

use csv::StringRecord;
use jiff::civil::Date;

use super::Assignment;
use super::brands::brand;
use crate::contact::LineType;

/// Of so many malformed lines the first are listed.
const MALFORMED_LISTED: usize = 20;
/// Of a hundred lines so many may be malformed.
const MALFORMED_PERCENT_MAX: usize = 1;
/// The least and the greatest national number.
const NATIONAL: std::ops::RangeInclusive<u64> = 2_000_000_000..=9_999_999_999;

/// The shape of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanFormat {
    /// Both ends of a range whole, ten digits each.
    Whole,
    /// Area code, series and the last four digits apart.
    InParts,
}

impl PlanFormat {
    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::InParts => "in_parts",
        }
    }
}

/// A numbering plan as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its shape.
    pub format: PlanFormat,
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
    /// Its first line names other columns.
    #[error(
        "line 1 names no columns of the regulator's numbering plan: {missing} is missing; there must be \
         NUMERACION_INICIAL, NUMERACION_FINAL, MODALIDAD, RAZON_SOCIAL and FECHA_ASIGNACION, and in the older shape NIR \
         and SERIE"
    )]
    Columns {
        /// The first that is missing.
        missing: &'static str,
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
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut records = reader.records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        let columns = Columns::of(&header)?;
        let mut file = Self {
            format: columns.format(),
            assignments: Vec::new(),
            malformed: Vec::new(),
            malformed_lines: 0,
            latest: None,
        };
        for (n, record) in records.enumerate() {
            if record.as_ref().is_ok_and(is_blank) {
                continue;
            }
            let line = |record: &StringRecord| record.position().map_or(n as u64 + 2, csv::Position::line);
            let read = match &record {
                Ok(record) => columns.read(record).map_err(|reason| (line(record), reason)),
                Err(error) => Err((
                    error.position().map_or(n as u64 + 2, csv::Position::line),
                    "it is no CSV".to_owned(),
                )),
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
        if self.assignments.is_empty() { Err(PlanRefused::Empty) } else { Ok(self) }
    }
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

/// Where the columns are that are read.
struct Columns {
    first: usize,
    last: usize,
    modality: usize,
    company: usize,
    assigned_on: usize,
    /// Area code and series, in the older shape.
    prefix: Option<(usize, usize)>,
    network: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, PlanRefused> {
        let find = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        let must = |name: &'static str| find(name).ok_or(PlanRefused::Columns { missing: name });
        Ok(Self {
            first: must("NUMERACION_INICIAL")?,
            last: must("NUMERACION_FINAL")?,
            modality: must("MODALIDAD")?,
            company: must("RAZON_SOCIAL")?,
            assigned_on: must("FECHA_ASIGNACION")?,
            prefix: find("NIR").zip(find("SERIE")),
            network: find("TIPO_RED"),
        })
    }

    fn format(&self) -> PlanFormat {
        if self.prefix.is_some() { PlanFormat::InParts } else { PlanFormat::Whole }
    }

    fn read(&self, record: &StringRecord) -> Result<Assignment, String> {
        let field = |at: usize| record.get(at).map(str::trim).unwrap_or_default();
        let (first, last) = (self.number(record, self.first)?, self.number(record, self.last)?);
        if last < first {
            return Err(format!("its range ends before it begins: {first} to {last}"));
        }
        // The older shape says of a fixed network no more than that.
        let word = |at: Option<usize>| at.map(field).unwrap_or_default().to_uppercase();
        let (network, modality) = (word(self.network), word(Some(self.modality)));
        let line_type = match (network.as_str(), modality.as_str()) {
            ("FIJO", _) | ("", "FIJO") => LineType::Fixed,
            ("" | "MOVIL" | "MÓVIL", "CPP" | "MPP") => LineType::Mobile,
            _ => return Err(format!("MODALIDAD is {modality:?}, and not one of CPP, MPP and FIJO")),
        };
        let company = field(self.company);
        if company.is_empty() {
            return Err("RAZON_SOCIAL is empty".to_owned());
        }
        let assigned_on = match field(self.assigned_on) {
            "" => None,
            date => Some(
                Date::strptime("%d/%m/%Y", date)
                    .map_err(|_| format!("FECHA_ASIGNACION is {date:?}, and not of the form 28/06/2021"))?,
            ),
        };
        Ok(Assignment { first, last, line_type, carrier: brand(company), assigned_on })
    }

    /// One end of a range.
    fn number(&self, record: &StringRecord, at: usize) -> Result<u64, String> {
        let field = |at: usize| record.get(at).map(str::trim).unwrap_or_default();
        let digits = match self.prefix {
            None => Cow::Borrowed(field(at)),
            // Of the last four digits leading zeros may be lost; of the series none begins with one.
            Some((code, series)) if !field(at).is_empty() => {
                Cow::Owned(format!("{}{}{:0>4}", field(code), field(series), field(at)))
            }
            Some(_) => Cow::Borrowed(""),
        };
        let is_number = digits.len() == 10 && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number = digits.parse().ok().filter(|number| is_number && NATIONAL.contains(number));
        number.ok_or_else(|| format!("{digits:?} is not the ten digits of a Mexican number"))
    }
}
