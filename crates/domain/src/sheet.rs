//! A table of contacts as people keep it: lines of fields, of which the first names the columns.

mod parser;

use std::borrow::Cow;

use crate::contact::ContactFields;
use crate::phone::PhoneNumber;
use crate::spelling::Folded;

pub use parser::{Record, SheetParser};

/// The most bytes of the line that names the columns.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What may stand between fields.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetColumn {
    /// The number.
    Phone,
    /// Full name.
    FullName,
    /// Street address.
    Address,
    /// Neighbourhood.
    Neighborhood,
    /// Municipality.
    Municipality,
    /// The state, by its code or in any known spelling.
    State,
    /// City, in any spelling.
    City,
}

impl SheetColumn {
    /// The column of this name, in English or Spanish; case, accents, punctuation and spaces do not matter.
    fn of_name(name: &str) -> Option<Self> {
        let mut folded = Folded::default();
        Some(match folded.fold(name)? {
            b"PHONE" | b"PHONENUMBER" | b"PHONEE164" | b"PHONENATIONAL" | b"TELEFONO" | b"TEL"
            | b"TELEFONOCELULAR" | b"TELEFONOMOVIL" | b"NUMERO" | b"NUMEROTELEFONICO" | b"NUMBER"
            | b"CELULAR" | b"CEL" | b"MOVIL" | b"MOBILE" | b"MSISDN" => Self::Phone,
            b"FULLNAME" | b"NAME" | b"NOMBRE" | b"NOMBRECOMPLETO" => Self::FullName,
            b"ADDRESS" | b"DIRECCION" | b"DOMICILIO" => Self::Address,
            b"NEIGHBORHOOD" | b"NEIGHBOURHOOD" | b"COLONIA" => Self::Neighborhood,
            b"MUNICIPALITY" | b"MUNICIPIO" | b"MUNICIPIOCOF" | b"ALCALDIA" | b"DELEGACION" => {
                Self::Municipality
            }
            b"STATE" | b"STATECODE" | b"ESTADO" | b"ESTADOCOF" | b"ENTIDAD" | b"ENTIDADFEDERATIVA" => {
                Self::State
            }
            b"CITY" | b"CIUDAD" | b"CIUDADPORLADA" => Self::City,
            _ => return None,
        })
    }

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::FullName => "full_name",
            Self::Address => "address",
            Self::Neighborhood => "neighborhood",
            Self::Municipality => "municipality",
            Self::State => "state_code",
            Self::City => "city",
        }
    }
}

/// How a table is read: what stands between its fields, and what its columns are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    delimiter: u8,
    header: Vec<String>,
    columns: Vec<Option<SheetColumn>>,
}

/// Why a file is not taken for a table of contacts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetRefused {
    /// There is nothing in it.
    #[error("the file is empty; its first line must name the columns, phone among them")]
    Empty,
    /// It is a workbook.
    #[error("this is a workbook, or packed; save it as CSV (UTF-8) and send that")]
    IsPacked,
    /// Its first line has no end.
    #[error(
        "the first line is too long, or has too many columns; it must name the columns, phone among them, at most 200"
    )]
    HeadIsTooLong,
    /// It is no text in an encoding that is known.
    #[error("this is no text, or UTF-16 without its mark; save it as CSV (UTF-8) and send that")]
    IsNoText,
    /// It begins with a line for a spreadsheet.
    #[error(
        "the first line is for a spreadsheet (sep=…); leave it out, so that the first line names the columns"
    )]
    HasSeparatorLine,
    /// A quotation mark is not closed.
    #[error(
        "a quotation mark that is opened in line {0} is not closed for many lines; close it, or take it away, and send the \
         file again"
    )]
    OpenQuote(u64),
    /// Its first line holds a number instead of names.
    #[error(
        "the first line is a contact already; put a line above it that names the columns, phone among them"
    )]
    HasNoHeader,
    /// No column is the phone.
    #[error(
        "no column is called phone; there are {0}. Known are phone, full_name, address, neighborhood, municipality, \
         state, city, also in Spanish (telefono, nombre, direccion, colonia, municipio, estado, ciudad)"
    )]
    HasNoPhone(String),
    /// Two columns are the same.
    #[error("two columns are the {0}: {1} and {2}; leave one of them out, or call it something else")]
    Twice(&'static str, String, String),
}

impl Sheet {
    /// Reads the line that names the columns, which `head` begins with: all of it, or [`HEAD_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// When that is no line of names, or none of them is the phone's.
    pub fn of_head(head: &[u8]) -> Result<Self, SheetRefused> {
        if head.starts_with(b"PK\x03\x04")
            || head.starts_with(b"\xd0\xcf\x11\xe0")
            || head.starts_with(b"\x1f\x8b")
        {
            return Err(SheetRefused::IsPacked);
        }
        if head.split(|byte| *byte == b'\n').next().is_some_and(|line| line.contains(&0)) {
            return Err(SheetRefused::IsNoText);
        }
        let delimiter = delimiter_of(head);
        let mut parser = SheetParser::new(delimiter);
        let mut first = None;
        parser.push(head, &mut |record| {
            first.get_or_insert(record);
        });
        if first.is_none() {
            if head.len() >= HEAD_BYTES_MAX {
                return Err(SheetRefused::HeadIsTooLong);
            }
            parser.end(&mut |record| {
                first.get_or_insert(record);
            });
        }
        let first = first.ok_or(SheetRefused::Empty)?;
        if first.is_cut {
            return Err(SheetRefused::HeadIsTooLong);
        }
        if first.fields.first().is_some_and(|field| field.starts_with("sep=")) {
            return Err(SheetRefused::HasSeparatorLine);
        }
        Self::of_header(delimiter, first.fields)
    }

    /// The table whose columns have these names.
    ///
    /// # Errors
    /// When none of them is the phone's, or two mean the same.
    pub fn of_header(delimiter: u8, header: Vec<String>) -> Result<Self, SheetRefused> {
        let columns: Vec<_> = header.iter().map(|name| SheetColumn::of_name(name)).collect();
        for (at, column) in columns.iter().enumerate() {
            let before = columns[..at].iter().position(|before| before.is_some() && before == column);
            if let (Some(column), Some(before)) = (column, before) {
                return Err(SheetRefused::Twice(column.as_str(), shown(&header[before]), shown(&header[at])));
            }
        }
        if !columns.contains(&Some(SheetColumn::Phone)) {
            if header.iter().any(|name| PhoneNumber::parse(name).is_ok()) {
                return Err(SheetRefused::HasNoHeader);
            }
            // What has digits is no name of a column, and may be somebody's address.
            let is_data = header.iter().any(|name| name.bytes().any(|byte| byte.is_ascii_digit()));
            let names: Vec<_> = header.iter().take(NAMES_SHOWN).map(|name| shown(name)).collect();
            let told = if is_data { format!("{} columns", header.len()) } else { names.join(", ") };
            return Err(SheetRefused::HasNoPhone(told));
        }
        Ok(Self { delimiter, header, columns })
    }

    /// What stands between its fields.
    #[must_use]
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The names of its columns.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The names of those columns that mean nothing here.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.header
            .iter()
            .zip(&self.columns)
            .filter(|(_, column)| column.is_none())
            .map(|(name, _)| name.as_str())
    }

    /// The contact that a line writes down; nothing when it has more or fewer fields than there are columns.
    #[must_use]
    pub fn read(&self, record: &Record) -> Option<ContactFields> {
        if record.fields.len() != self.columns.len() {
            return None;
        }
        let mut contact = ContactFields::default();
        let was_refused = self.header.iter().take(3).map(String::as_str).eq(REFUSED_HEADER);
        for (column, field) in self.columns.iter().zip(&record.fields) {
            let Some(column) = column else { continue };
            let field = if was_refused { unescaped(field) } else { field };
            let text = match column {
                SheetColumn::Phone => {
                    field.clone_into(&mut contact.phone);
                    continue;
                }
                SheetColumn::FullName => &mut contact.full_name,
                SheetColumn::Address => &mut contact.address,
                SheetColumn::Neighborhood => &mut contact.neighborhood,
                SheetColumn::Municipality => &mut contact.municipality,
                SheetColumn::State => &mut contact.state,
                SheetColumn::City => &mut contact.city,
            };
            *text = Some(field.to_owned());
        }
        Some(contact)
    }
}

/// With these columns begins the table of lines that were refused, which is mended and sent again.
pub const REFUSED_HEADER: [&str; 3] = ["line", "reason", "detail"];

/// A field of that table as it was before it was made no formula.
fn unescaped(field: &str) -> &str {
    field
        .strip_prefix('\'')
        .filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r']))
        .unwrap_or(field)
}

/// So many names are shown of a line that has none that is known.
const NAMES_SHOWN: usize = 20;
/// And so many characters of each.
const NAME_CHARS_SHOWN: usize = 40;

fn shown(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_SHOWN).collect();
    format!("\u{201c}{name}\u{201d}")
}

/// The one that stands most often in the first line, outside quotation marks.
fn delimiter_of(head: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    let begins = head.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or_default();
    for byte in &head[begins..] {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if !is_quoted => {
                if let Some(at) = DELIMITERS.iter().position(|delimiter| delimiter == byte) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    // The first of equals: a comma where there is none at all.
    DELIMITERS[(1..DELIMITERS.len()).fold(0, |best, at| if counts[at] > counts[best] { at } else { best })]
}

/// Bytes as text: UTF-8, or else what spreadsheets of old wrote.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests;
