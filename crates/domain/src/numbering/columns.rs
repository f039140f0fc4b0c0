//! Which columns of a plan's file hold what is read: by their names, or by what stands in them.

use std::borrow::Cow;

use csv::StringRecord;
use jiff::civil::Date;

use super::Assignment;
use super::brands::brand;
use crate::contact::LineType;

/// The least and the greatest national number.
const NATIONAL: std::ops::RangeInclusive<u64> = 2_000_000_000..=9_999_999_999;

/// Columns that are looked at.
const COLUMNS_MAX: usize = 64;

/// Of a hundred lines so many must hold what a column is known by.
const FITTING_PERCENT_MIN: usize = 95;

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

/// How the columns of a file are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// By the names in its first line.
    Names,
    /// By what they hold, for the names are missing, others, or stand elsewhere.
    Content,
}

impl KnownBy {
    /// The name for people and machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Content => "content",
        }
    }
}

/// Where the columns are that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
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
    /// The columns of a file with these lines below its first: those that the first names, unless more lines can be read by the
    /// columns that hold what those of a plan do. A file whose names stand one off is read by what it holds.
    pub(super) fn find(
        header: Option<&StringRecord>,
        lines: &[&StringRecord],
    ) -> Result<(Self, KnownBy), &'static str> {
        let readable = |columns: &Self| lines.iter().filter(|line| columns.read(line).is_ok()).count();
        let named = match Self::by_names(header) {
            // Nothing else is looked for where nearly all can be read.
            Ok(named) if readable(&named) * 100 >= lines.len() * FITTING_PERCENT_MIN => {
                return Ok((named, KnownBy::Names));
            }
            named => named,
        };
        match (named, Self::by_content(lines)) {
            (Ok(named), Some(held)) if readable(&held) > readable(&named) => Ok((held, KnownBy::Content)),
            (Ok(named), _) => Ok((named, KnownBy::Names)),
            (Err(_), Some(held)) if readable(&held) > 0 => Ok((held, KnownBy::Content)),
            (Err(missing), _) => Err(missing),
        }
    }

    fn by_names(header: Option<&StringRecord>) -> Result<Self, &'static str> {
        let find = |name: &str| {
            header
                .and_then(|header| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name)))
        };
        let must = |name: &'static str| find(name).ok_or(name);
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

    /// The columns by what nearly every line holds there. Behind the modality come the company and then a date.
    fn by_content(lines: &[&StringRecord]) -> Option<Self> {
        let fits = |holds: &dyn Fn(&StringRecord) -> bool| {
            let fitting = lines.iter().filter(|line| holds(line)).count();
            fitting > 0 && fitting * 100 >= lines.len() * FITTING_PERCENT_MIN
        };
        let column_from = |from: usize, holds: &dyn Fn(&str) -> bool| {
            (from..COLUMNS_MAX)
                .find(|at| fits(&|line| line.get(*at).is_some_and(|field| holds(field.trim()))))
        };
        let network = column_from(0, &is_network);
        let behind = |network| column_from(network + 1, &|field| field.is_empty() || is_modality(field));
        let (network, modality) = match network.map(|network| (network, behind(network))) {
            Some((network, Some(modality))) => (Some(network), modality),
            // A plan of fixed lines alone says of each the same as its network would.
            Some((modality, None)) => (None, modality),
            None => (None, column_from(0, &is_modality)?),
        };
        let company = column_from(modality + 1, &|field| field.chars().any(char::is_alphabetic))?;
        let assigned_on = column_from(company + 1, &|field| field.is_empty() || is_date(field))?;
        let whole = column_from(0, &|field| field.len() == 10 && is_digits(field));
        let (prefix, first) = if let Some(first) = whole {
            (None, first)
        } else {
            let code = (0..COLUMNS_MAX).find(|at| fits(&|line| is_range_in_parts(line, *at)))?;
            (Some((code, code + 1)), code + 2)
        };
        Some(Self { first, last: first + 1, modality, company, assigned_on, prefix, network })
    }

    pub(super) fn format(&self) -> PlanFormat {
        if self.prefix.is_some() { PlanFormat::InParts } else { PlanFormat::Whole }
    }

    pub(super) fn read(&self, record: &StringRecord) -> Result<Assignment, String> {
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

fn is_digits(field: &str) -> bool {
    !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_modality(field: &str) -> bool {
    ["CPP", "MPP", "FIJO"].iter().any(|modality| field.eq_ignore_ascii_case(modality))
}

fn is_network(field: &str) -> bool {
    matches!(field.to_uppercase().as_str(), "MOVIL" | "MÓVIL" | "FIJO")
}

fn is_date(field: &str) -> bool {
    Date::strptime("%d/%m/%Y", field).is_ok()
}

/// Whether area code, series and both ends of a range stand side by side from a column on.
fn is_range_in_parts(line: &StringRecord, at: usize) -> bool {
    let part = |offset: usize| line.get(at + offset).map(str::trim).filter(|part| is_digits(part));
    let (Some(code), Some(series), Some(first), Some(last)) = (part(0), part(1), part(2), part(3)) else {
        return false;
    };
    let end = |digits: &str| digits.parse::<u16>().ok().filter(|end| digits.len() <= 4 && *end <= 9_999);
    code.len() + series.len() == 6
        && !code.starts_with(['0', '1'])
        && end(first).zip(end(last)).is_some_and(|(first, last)| first <= last)
}
