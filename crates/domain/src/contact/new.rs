//! Contacts about to be made, from a row of a file or from what somebody writes down: the same rules for both.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use super::{LONG_TEXT_CHARS_MAX, SHORT_TEXT_CHARS_MAX};
use crate::city;
use crate::lada::Lada;
use crate::numbering::Line;
use crate::phone::PhoneNumber;
use crate::source::{SourceColumn, SourceRow, SourceValue};
use crate::state::StateCode;
use crate::text::clean;

/// 0001-01-01T00:00:00Z.
const FIRST_YEAR: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// A contact about to be made. Its texts are borrowed from where they come from where nothing had to be
/// cleaned.
#[derive(Clone, PartialEq, Eq)]
pub struct NewContact<'a> {
    /// The number.
    pub phone: PhoneNumber,
    /// The row it comes from, if it comes from a file.
    pub source_row_id: Option<i64>,
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
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, counted by itself")]
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

    /// Whether the `lada` column of a row does not begin with the area code of its number.
    #[must_use]
    pub fn lada_disagrees(row: SourceRow<'_>, phone: PhoneNumber) -> bool {
        let spelled = read_text(row.get(SourceColumn::Lada), SHORT_TEXT_CHARS_MAX, &mut Oddities::default());
        spelled.is_some_and(|spelled| is_another_lada(&spelled, phone))
    }

    /// Reads everything else of a row whose number is `phone`.
    #[must_use]
    pub fn from_source(row: SourceRow<'a>, phone: PhoneNumber, line: Line<'a>) -> Self {
        let mut oddities = Oddities::default();
        let mut text = |column, chars_max| read_text(row.get(column), chars_max, &mut oddities);
        let phone_original = text(SourceColumn::Campo1Original, SHORT_TEXT_CHARS_MAX)
            .or_else(|| text(SourceColumn::Numero, SHORT_TEXT_CHARS_MAX));
        let texts = Texts {
            full_name: text(SourceColumn::Nombre, LONG_TEXT_CHARS_MAX),
            address: text(SourceColumn::Direccion, LONG_TEXT_CHARS_MAX),
            neighborhood: text(SourceColumn::Colonia, SHORT_TEXT_CHARS_MAX),
            municipality: text(SourceColumn::MunicipioCof, SHORT_TEXT_CHARS_MAX),
            city: text(SourceColumn::CiudadPorLada, SHORT_TEXT_CHARS_MAX),
            state: text(SourceColumn::EstadoCof, SHORT_TEXT_CHARS_MAX),
        };
        let spelled_lada = text(SourceColumn::Lada, SHORT_TEXT_CHARS_MAX);
        let spelled_date = text(SourceColumn::FechaMigracion, SHORT_TEXT_CHARS_MAX);

        oddities.lada_disagrees = spelled_lada.is_some_and(|spelled| is_another_lada(&spelled, phone));
        let migrated_at = spelled_date.as_deref().and_then(read_instant);
        oddities.date_is_unreadable = spelled_date.is_some() && migrated_at.is_none();
        let contact = Self::known(phone, texts, line, oddities);
        Self {
            source_row_id: Some(row.id()),
            phone_original,
            is_valid: contact.is_valid && !denies_validity(row.get(SourceColumn::EsValido)),
            migrated_at,
            ..contact
        }
    }

    /// Takes what somebody wrote of the one whose number is `phone`.
    ///
    /// # Errors
    /// The first field that cannot be kept as it is: nothing that somebody wrote is cut or lost.
    pub fn written(
        fields: &'a ContactFields,
        phone: PhoneNumber,
        line: Line<'a>,
    ) -> Result<Self, FieldRefused> {
        let text = |field: &'static str, written: Option<&'a str>, chars_max| {
            let text = written.and_then(|written| clean(written.as_bytes()).text);
            match text {
                Some(text) if text.chars().count() > chars_max => {
                    Err(FieldRefused::TooLong { field, chars_max })
                }
                text => Ok(text),
            }
        };
        let texts = Texts {
            full_name: text("full_name", fields.full_name.as_deref(), LONG_TEXT_CHARS_MAX)?,
            address: text("address", fields.address.as_deref(), LONG_TEXT_CHARS_MAX)?,
            neighborhood: text("neighborhood", fields.neighborhood.as_deref(), SHORT_TEXT_CHARS_MAX)?,
            municipality: text("municipality", fields.municipality.as_deref(), SHORT_TEXT_CHARS_MAX)?,
            city: text("city", fields.city.as_deref(), SHORT_TEXT_CHARS_MAX)?,
            state: text("state_code", fields.state.as_deref(), SHORT_TEXT_CHARS_MAX)?,
        };
        let code = fields.state.as_deref().and_then(|state| StateCode::parse(state.trim()).ok());
        let contact = Self::known(phone, texts, line, Oddities::default());
        let state = contact.state.or(code);
        if contact.state_text.is_some() && state.is_none() {
            return Err(FieldRefused::UnknownState);
        }
        let phone_original = text("phone", Some(&fields.phone), SHORT_TEXT_CHARS_MAX)?;
        Ok(Self { phone_original, state, state_text: None, ..contact })
    }

    /// State and city by their spellings, the rest as it is.
    fn known(phone: PhoneNumber, texts: Texts<'a>, line: Line<'a>, mut oddities: Oddities) -> Self {
        let state = texts.state.as_deref().and_then(StateCode::from_spelling);
        let state_text = texts.state.filter(|_| state.is_none());
        oddities.state_is_unmapped = state_text.is_some();
        let city = texts.city.as_deref().and_then(city::from_spelling);
        oddities.city_is_unmapped = texts.city.is_some() && city.is_none();
        let city = city.map(Cow::Borrowed).or(texts.city);
        Self {
            phone,
            source_row_id: None,
            phone_original: None,
            full_name: texts.full_name,
            address: texts.address,
            neighborhood: texts.neighborhood,
            municipality: texts.municipality,
            state,
            state_text,
            lada: phone.lada(),
            city,
            line,
            is_valid: phone.is_assigned(),
            migrated_at: None,
            oddities,
        }
    }
}

/// What is written of a contact, cleaned.
struct Texts<'a> {
    full_name: Option<Cow<'a, str>>,
    address: Option<Cow<'a, str>>,
    neighborhood: Option<Cow<'a, str>>,
    municipality: Option<Cow<'a, str>>,
    state: Option<Cow<'a, str>>,
    city: Option<Cow<'a, str>>,
}

/// A contact as somebody writes it down.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ContactFields {
    /// The number as it is written.
    pub phone: String,
    /// Full name.
    pub full_name: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// Neighbourhood.
    pub neighborhood: Option<String>,
    /// Municipality.
    pub municipality: Option<String>,
    /// The state, by its code or in any known spelling.
    pub state: Option<String>,
    /// City, in any spelling.
    pub city: Option<String>,
}

/// Shows nothing about the person.
impl fmt::Debug for ContactFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactFields").finish_non_exhaustive()
    }
}

/// A field of a contact that cannot be kept as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldRefused {
    /// It is too long.
    #[error("give at most {chars_max} characters")]
    TooLong {
        /// Which.
        field: &'static str,
        /// The most characters.
        chars_max: usize,
    },
    /// The state is spelled in no known way.
    #[error("give a state's code, as JAL, or one of its known spellings")]
    UnknownState,
    /// Consent is noted by what somebody said, not by a status.
    #[error(
        "give ACTIVE, INACTIVE or BLOCKED; what somebody said of being written to is noted by opt-out and opt-in"
    )]
    ConsentIsNoStatus,
}

impl FieldRefused {
    /// The field's name in the API.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::TooLong { field, .. } => field,
            Self::UnknownState => "state_code",
            Self::ConsentIsNoStatus => "status",
        }
    }
}

fn is_another_lada(spelled: &str, phone: PhoneNumber) -> bool {
    phone.lada().is_none_or(|lada| !spelled.starts_with(lada.to_string().as_str()))
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
