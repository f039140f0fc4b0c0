//! A person who can be written to: one phone, and what is known about it.
//!
//! Validity, line type, consent and history are separate facts. None is inferred from another.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use crate::city;
use crate::lada::Lada;
use crate::numbering::Line;
use crate::phone::PhoneNumber;
use crate::source::{SourceColumn, SourceRow, SourceValue};
use crate::state::StateCode;
use crate::text::clean;

/// Identifies a contact: a 64-bit integer, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContactId(pub i64);

/// What kind of line a number is, by the regulator's numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineType {
    /// Takes messages, whoever pays for the call.
    Mobile,
    /// A fixed line.
    Fixed,
    /// No plan has been loaded that says.
    Unknown,
}

impl LineType {
    /// Every line type.
    pub const ALL: [Self; 3] = [Self::Mobile, Self::Fixed, Self::Unknown];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Fixed => "fixed",
            Self::Unknown => "unknown",
        }
    }
}

/// How people look upon a contact. Consent is not here: that is the suppression list's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactStatus {
    /// In use.
    Active,
    /// Set aside by people.
    Inactive,
    /// Said no; the suppression that says so is the truth.
    OptedOut,
    /// Barred by people.
    Blocked,
}

impl ContactStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::Inactive, Self::OptedOut, Self::Blocked];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::OptedOut => "OPTED_OUT",
            Self::Blocked => "BLOCKED",
        }
    }
}

/// A contact as the store has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Identifies it.
    pub id: ContactId,
    /// No two contacts share one.
    pub phone: PhoneNumber,
    /// The number as it was written where it came from.
    pub phone_original: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// Neighbourhood.
    pub neighborhood: Option<String>,
    /// Municipality.
    pub municipality: Option<String>,
    /// The state, where its spelling is known.
    pub state: Option<StateCode>,
    /// The state as written, where its spelling is not.
    pub state_text: Option<String>,
    /// The number's area code; `None` when no assigned one fits.
    pub lada: Option<Lada>,
    /// City.
    pub city: Option<String>,
    /// What kind of line it is.
    pub line_type: LineType,
    /// Who the line was assigned to.
    pub carrier: Option<String>,
    /// Whether its area code is assigned and its source did not deny it.
    pub is_valid: bool,
    /// How people look upon it.
    pub status: ContactStatus,
    /// When it said no.
    pub opt_out_at: Option<Timestamp>,
    /// The row of the source file it came from.
    pub source_row_id: Option<i64>,
    /// When its source took it in.
    pub migrated_at: Option<Timestamp>,
}

/// Shows which contact it is and nothing about the person.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("phone", &self.phone)
            .field("source_row_id", &self.source_row_id)
            .finish_non_exhaustive()
    }
}

/// The most characters of a contact's short texts; longer ones are cut and counted. An index entry takes 2,704 bytes.
pub const SHORT_TEXT_CHARS_MAX: usize = 400;
/// The most characters of a name and an address; longer ones are cut and counted.
pub const LONG_TEXT_CHARS_MAX: usize = 2_000;

/// 0001-01-01T00:00:00Z.
const FIRST_YEAR: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// A contact about to be made from a row of a source file. Its texts are borrowed from the row where nothing had to be
/// cleaned.
#[derive(Clone, PartialEq, Eq)]
pub struct NewContact<'a> {
    /// The number.
    pub phone: PhoneNumber,
    /// The row it comes from.
    pub source_row_id: i64,
    /// The number as written, by `campo1_original` or else by `numero`.
    pub phone_original: Option<Cow<'a, str>>,
    /// From `nombre`.
    pub full_name: Option<Cow<'a, str>>,
    /// From `direccion`.
    pub address: Option<Cow<'a, str>>,
    /// From `colonia`.
    pub neighborhood: Option<Cow<'a, str>>,
    /// From `municipio_cof`.
    pub municipality: Option<Cow<'a, str>>,
    /// From `estado_cof`, where its spelling is known.
    pub state: Option<StateCode>,
    /// `estado_cof` as written, where its spelling is not known.
    pub state_text: Option<Cow<'a, str>>,
    /// From the number.
    pub lada: Option<Lada>,
    /// From `ciudad_por_lada`: its name where its spelling is known, otherwise as written.
    pub city: Option<Cow<'a, str>>,
    /// What the numbering plan says of the number.
    pub line: Line<'a>,
    /// Whether the area code is assigned and `es_valido` did not deny it.
    pub is_valid: bool,
    /// From `fecha_migracion`; a time without an offset is UTC, as SQLite's own clock writes it.
    pub migrated_at: Option<Timestamp>,
    /// What was odd about the row.
    pub oddities: Oddities,
}

/// Shows which row it is and nothing about the person.
impl fmt::Debug for NewContact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewContact")
            .field("phone", &self.phone)
            .field("source_row_id", &self.source_row_id)
            .finish_non_exhaustive()
    }
}

/// What was odd about a row that became a contact all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Oddities {
    /// Its state is spelled in no way that the catalogue has.
    pub state_is_unmapped: bool,
    /// Its city is spelled in no way that the catalogue has; it is kept as written.
    pub city_is_unmapped: bool,
    /// Its `lada` column does not begin with the number's area code.
    pub lada_disagrees: bool,
    /// Its date could not be read.
    pub date_is_unreadable: bool,
    /// How many of its texts were no UTF-8.
    pub texts_invalid_utf8: u8,
    /// How many of its texts were cut to their limit.
    pub texts_shortened: u8,
}

impl<'a> NewContact<'a> {
    /// Reads the number of a source row.
    ///
    /// # Errors
    /// The row's reason for rejection.
    pub fn number_of(row: SourceRow<'_>) -> Result<PhoneNumber, crate::phone::PhoneRejection> {
        match text_of(row.get(SourceColumn::Numero)) {
            None => PhoneNumber::parse(""),
            Some(bytes) => PhoneNumber::parse(&String::from_utf8_lossy(&bytes)),
        }
    }

    /// Reads everything else of a row whose number is `phone`.
    #[must_use]
    pub fn from_source(row: SourceRow<'a>, phone: PhoneNumber, line: Line<'a>) -> Self {
        let mut oddities = Oddities::default();
        let mut text = |column, chars_max| read_text(row.get(column), chars_max, &mut oddities);
        let phone_original = text(SourceColumn::Campo1Original, SHORT_TEXT_CHARS_MAX)
            .or_else(|| text(SourceColumn::Numero, SHORT_TEXT_CHARS_MAX));
        let full_name = text(SourceColumn::Nombre, LONG_TEXT_CHARS_MAX);
        let address = text(SourceColumn::Direccion, LONG_TEXT_CHARS_MAX);
        let neighborhood = text(SourceColumn::Colonia, SHORT_TEXT_CHARS_MAX);
        let municipality = text(SourceColumn::MunicipioCof, SHORT_TEXT_CHARS_MAX);
        let spelled_city = text(SourceColumn::CiudadPorLada, SHORT_TEXT_CHARS_MAX);
        let spelled_state = text(SourceColumn::EstadoCof, SHORT_TEXT_CHARS_MAX);
        let spelled_lada = text(SourceColumn::Lada, SHORT_TEXT_CHARS_MAX);
        let spelled_date = text(SourceColumn::FechaMigracion, SHORT_TEXT_CHARS_MAX);

        let state = spelled_state.as_deref().and_then(StateCode::from_spelling);
        let state_text = spelled_state.filter(|_| state.is_none());
        oddities.state_is_unmapped = state_text.is_some();
        let city = match spelled_city.as_deref().and_then(city::from_spelling) {
            Some(city) => Some(Cow::Borrowed(city)),
            None => {
                oddities.city_is_unmapped = spelled_city.is_some();
                spelled_city
            }
        };
        let lada = phone.lada();
        oddities.lada_disagrees = match (&spelled_lada, lada) {
            (Some(spelled), Some(lada)) => !spelled.starts_with(lada.to_string().as_str()),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let migrated_at = spelled_date.as_deref().and_then(read_instant);
        oddities.date_is_unreadable = spelled_date.is_some() && migrated_at.is_none();
        Self {
            phone,
            source_row_id: row.id(),
            phone_original,
            full_name,
            address,
            neighborhood,
            municipality,
            state,
            state_text,
            lada,
            city,
            line,
            is_valid: phone.is_assigned() && !denies_validity(row.get(SourceColumn::EsValido)),
            migrated_at,
            oddities,
        }
    }
}

/// Whether the source says a row is not valid: 0, false or f. NULL, 1, t and true do not deny it.
#[must_use]
pub fn denies_validity(value: SourceValue<'_>) -> bool {
    match value {
        SourceValue::Null => false,
        SourceValue::Integer(value) => value == 0,
        SourceValue::Real(value) => value == 0.0,
        SourceValue::Text(bytes) | SourceValue::Blob(bytes) => {
            let said = bytes.trim_ascii();
            said == b"0" || said.eq_ignore_ascii_case(b"false") || said.eq_ignore_ascii_case(b"f")
        }
    }
}

/// A value as text: numbers as SQLite would write them, a whole real without its fraction.
fn text_of(value: SourceValue<'_>) -> Option<Cow<'_, [u8]>> {
    match value {
        SourceValue::Null => None,
        SourceValue::Integer(value) => Some(Cow::Owned(value.to_string().into_bytes())),
        SourceValue::Real(value) => Some(Cow::Owned(value.to_string().into_bytes())),
        SourceValue::Text(bytes) | SourceValue::Blob(bytes) => Some(Cow::Borrowed(bytes)),
    }
}

fn read_text<'a>(value: SourceValue<'a>, chars_max: usize, oddities: &mut Oddities) -> Option<Cow<'a, str>> {
    let text = match text_of(value)? {
        Cow::Borrowed(bytes) => {
            let cleaned = clean(bytes);
            oddities.texts_invalid_utf8 += u8::from(cleaned.invalid_utf8);
            cleaned.text?
        }
        Cow::Owned(number) => Cow::Owned(String::from_utf8_lossy(&number).into_owned()),
    };
    if text.len() <= chars_max {
        return Some(text);
    }
    let Some((end, _)) = text.char_indices().nth(chars_max) else {
        return Some(text);
    };
    oddities.texts_shortened += 1;
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text[..end].trim_end()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text.trim_end().to_owned())
        }
    })
}

/// Reads `2025-08-01 10:20:30[.5][Z|±hh:mm]`, with a space or a T, a date alone, or seconds since 1970. A year before the
/// first is no date: databases disagree on how far back they go.
fn read_instant(written: &str) -> Option<Timestamp> {
    let instant = if let Ok(instant) = written.parse::<Timestamp>() {
        instant
    } else if let Ok(local) = written.parse::<jiff::civil::DateTime>() {
        local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
    } else {
        let seconds = written.parse::<i64>().ok().filter(|seconds| (0..=4_102_444_800).contains(seconds))?;
        Timestamp::from_second(seconds).ok()?
    };
    Some(instant).filter(|instant| *instant >= FIRST_YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceBatch;

    fn row_with(changes: &[(SourceColumn, SourceValue<'_>)]) -> SourceBatch {
        let mut row = [SourceValue::Null; 16];
        row[SourceColumn::Id as usize] = SourceValue::Integer(7);
        row[SourceColumn::Numero as usize] = SourceValue::Text(b"5512345670");
        for (column, value) in changes {
            row[*column as usize] = *value;
        }
        let mut batch = SourceBatch::with_capacity(1);
        batch.push(row);
        batch
    }

    fn read(batch: &SourceBatch) -> NewContact<'_> {
        let row = batch.rows().next().unwrap();
        NewContact::from_source(row, NewContact::number_of(row).unwrap(), Line::UNKNOWN)
    }

    #[test]
    fn a_number_is_read_from_any_storage_class() {
        for value in [
            SourceValue::Integer(5_512_345_670),
            SourceValue::Real(5_512_345_670.0),
            SourceValue::Text(b" 55 1234 5670 "),
            SourceValue::Blob(b"5512345670"),
        ] {
            let batch = row_with(&[(SourceColumn::Numero, value)]);
            assert_eq!(read(&batch).phone.national(), 5_512_345_670, "{value:?}");
        }
        let batch = row_with(&[(SourceColumn::Numero, SourceValue::Text(b"55123\xff45670"))]);
        assert!(NewContact::number_of(batch.rows().next().unwrap()).is_err());
    }

    #[test]
    fn only_an_explicit_no_makes_a_number_invalid() {
        let says = |value| read(&row_with(&[(SourceColumn::EsValido, value)])).is_valid;
        for yes in [
            SourceValue::Null,
            SourceValue::Integer(1),
            SourceValue::Text(b"t"),
            SourceValue::Text(b"TRUE"),
            SourceValue::Text(b""),
        ] {
            assert!(says(yes), "{yes:?}");
        }
        for no in [
            SourceValue::Integer(0),
            SourceValue::Real(0.0),
            SourceValue::Text(b"F"),
            SourceValue::Text(b" false "),
            SourceValue::Blob(b"0"),
        ] {
            assert!(!says(no), "{no:?}");
        }
    }

    #[test]
    fn the_area_code_is_the_numbers_and_a_disagreement_is_counted() {
        let lada = |value| read(&row_with(&[(SourceColumn::Lada, value)])).oddities.lada_disagrees;
        assert!(!lada(SourceValue::Text(b"551")));
        assert!(!lada(SourceValue::Integer(551)));
        assert!(!lada(SourceValue::Null));
        assert!(lada(SourceValue::Text(b"812")));
        assert_eq!(read(&row_with(&[])).lada.unwrap().to_string(), "55");
    }

    #[test]
    fn a_state_is_mapped_or_kept_as_written_never_guessed() {
        let mapped = row_with(&[(SourceColumn::EstadoCof, SourceValue::Text(b"DISTR"))]);
        assert_eq!(read(&mapped).state.unwrap().as_str(), "CMX");
        assert_eq!(read(&mapped).state_text, None);
        let odd = row_with(&[(SourceColumn::EstadoCof, SourceValue::Text(b"XANADU"))]);
        assert_eq!(read(&odd).state, None);
        assert_eq!(read(&odd).state_text.as_deref(), Some("XANADU"));
        assert!(read(&odd).oddities.state_is_unmapped);
    }

    #[test]
    fn dates_are_read_in_the_forms_that_databases_write() {
        let date = |text: &str| read_instant(text).map(|instant| instant.to_string());
        assert_eq!(date("2025-08-01 10:20:30").as_deref(), Some("2025-08-01T10:20:30Z"));
        assert_eq!(date("2025-08-01T10:20:30.5-06:00").as_deref(), Some("2025-08-01T16:20:30.5Z"));
        assert_eq!(date("2025-08-01").as_deref(), Some("2025-08-01T00:00:00Z"));
        assert_eq!(date("1754043630").as_deref(), Some("2025-08-01T10:20:30Z"));
        assert_eq!(date("ayer"), None);
        assert_eq!(date("0001-01-01").as_deref(), Some("0001-01-01T00:00:00Z"));
        assert_eq!(date("-004800-01-01T00:00:00Z"), None);
    }

    #[test]
    fn a_text_beyond_its_limit_is_cut_at_a_character_and_counted() {
        let long = "ñ".repeat(SHORT_TEXT_CHARS_MAX + 1);
        let batch = row_with(&[(SourceColumn::CiudadPorLada, SourceValue::Text(long.as_bytes()))]);
        let contact = read(&batch);
        assert_eq!(contact.city.unwrap().chars().count(), SHORT_TEXT_CHARS_MAX);
        assert_eq!(contact.oddities.texts_shortened, 1);
    }

    #[test]
    fn nothing_about_a_person_is_shown_by_debug() {
        let batch = row_with(&[(SourceColumn::Nombre, SourceValue::Text(b"JUANA PEREZ"))]);
        let shown = format!("{:?} {:?}", read(&batch), batch);
        assert!(!shown.contains("JUANA") && !shown.contains("5512345670"), "{shown}");
    }
}
