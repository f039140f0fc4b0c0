//! The rows, each written down together with what must become of it. Nothing here asks the code under test.

use std::collections::HashSet;

use domain::phone::PhoneNumber;
use domain::source::SourceColumn;
use testkit::fixtures::{Row, Value};

/// One row and what the rules make of it.
pub(super) struct Specimen {
    pub(super) row: Row,
    pub(super) number: Number,
    /// The number as it is written, cleaned.
    pub(super) number_as_written: Option<String>,
    pub(super) texts: [Text; 8],
    pub(super) state: State,
    pub(super) validity: Validity,
    pub(super) date: Date,
}

/// What stands in `numero`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// A number that is free, and its area code when that is assigned.
    Free(u64, Option<&'static str>),
    /// One that is not, with its reason.
    Refused(&'static str),
}

/// A text column: what is written there and what is kept.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) kept: Option<String>,
    pub(super) is_invalid_utf8: bool,
    pub(super) is_cut: bool,
}

/// What stands in `estado_cof`.
pub(super) struct State {
    pub(super) code_and_name: Option<(&'static str, &'static str)>,
    pub(super) text: Option<&'static str>,
    pub(super) is_invalid_utf8: bool,
}

/// What stands in `es_valido`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Said,
    Unsaid,
    Denied,
}

/// What stands in `fecha_migracion`.
#[derive(Clone, Copy)]
pub(super) struct Date {
    /// In microseconds since 1970.
    pub(super) micros: Option<i64>,
    pub(super) is_unreadable: bool,
}

/// The text columns, in the order of [`Specimen::texts`], and the most characters that each keeps.
pub(super) const TEXT_COLUMNS: [(SourceColumn, usize); 8] = [
    (SourceColumn::Campo1Original, 400),
    (SourceColumn::Nombre, 2_000),
    (SourceColumn::Direccion, 2_000),
    (SourceColumn::Colonia, 400),
    (SourceColumn::MunicipioCof, 400),
    (SourceColumn::CiudadPorLada, 400),
    (SourceColumn::Lada, 400),
    (SourceColumn::Campo3, usize::MAX),
];

/// Which of [`TEXT_COLUMNS`] is the city.
pub(super) const CITY: usize = 5;
/// Which a contact keeps nothing of, though the lada is looked at.
pub(super) const LADA: usize = 6;
pub(super) const CAMPO3: usize = 7;

fn national(n: u64) -> u64 {
    5_510_000_000 + n
}

/// Of the numbers that [`rows`] makes, some that the table may have before.
pub(super) fn some_numbers(rows: u64) -> Vec<PhoneNumber> {
    (1..=rows).filter(|n| n % 60 == 20).map(|n| PhoneNumber::from_national(national(n)).unwrap()).collect()
}

/// `count` rows whose ids leave gaps; the numbers in `there` are taken before.
pub(super) fn rows(count: u64, there: &[PhoneNumber]) -> Vec<Specimen> {
    let there: HashSet<u64> = there.iter().map(|phone| phone.national()).collect();
    (1..=count).map(|n| specimen(n, &there)).collect()
}

fn specimen(n: u64, there: &HashSet<u64>) -> Specimen {
    let (written, number_as_written, number) = number(n, there);
    let id = i64::try_from(n * 3).unwrap();
    let mut row = Row::new(id, written);
    let texts = std::array::from_fn(|at| {
        let (column, chars_max) = TEXT_COLUMNS[at];
        // Each column runs through the quirks at a pace of its own, so that they meet in many ways.
        let pace = n / (u64::try_from(at).unwrap() + 1);
        let (value, text) = match at {
            LADA => lada(n),
            CITY if pace.is_multiple_of(3) => city(pace / 3),
            _ => text(pace, chars_max),
        };
        row = row.clone().with(column, value);
        text
    });
    let (value, state) = state(n);
    row = row.with(SourceColumn::EstadoCof, value);
    let (value, validity) = validity(n / 2);
    row = row.with(SourceColumn::EsValido, value);
    let (value, date) = date(n / 3);
    row = row.with(SourceColumn::FechaMigracion, value);
    // These are not imported, and are kept with a row that is refused.
    row = row
        .with(SourceColumn::EstadoSep, "NO SE IMPORTA")
        .with(SourceColumn::MunicipioSep, Value::Real(1.5))
        .with(SourceColumn::MunicipioCsv, Value::blob(b"\x00\xff"));
    Specimen { row, number, number_as_written, texts, state, validity, date }
}

/// What is written, what is left of that when it is cleaned, and what it is.
fn number(n: u64, there: &HashSet<u64>) -> (Value, Option<String>, Number) {
    let digits = national(n).to_string();
    let own = Number::Free(national(n), Some("55"));
    let text = |written: String, number| (Value::text(&written), Some(written), number);
    let refused =
        |written: &str, reason| (Value::text(written), Some(written.to_owned()), Number::Refused(reason));
    match n % 20 {
        0 if there.contains(&national(n)) => text(digits, Number::Refused("duplicate_existing")),
        0 => text(digits, own),
        1 => text(format!("+52 {} {} {}", &digits[..2], &digits[2..6], &digits[6..]), own),
        2 => (Value::Integer(i64::try_from(national(n)).unwrap()), Some(digits), own),
        3 => (Value::Real(digits.parse().unwrap()), Some(digits), own),
        4 => (Value::blob(&digits), Some(digits), own),
        5 => text(format!("044{digits}"), own),
        6 => (
            Value::from(format!("\t 55-{}\u{a0}\r\n", &digits[2..])),
            Some(format!("55-{}", &digits[2..])),
            own,
        ),
        7 => text(format!("+521{digits}"), own),
        8 => {
            // No area code begins with 230.
            let number = 2_300_000_000 + n;
            text(number.to_string(), Number::Free(number, None))
        }
        9 => {
            let number = 4_420_000_000 + n;
            let digits = number.to_string();
            text(format!("({}) {}", &digits[..3], &digits[3..]), Number::Free(number, Some("442")))
        }
        10 => {
            // That of the row two before, whose area code is 230 and which came first.
            text((2_300_000_000 + n - 2).to_string(), Number::Refused("duplicate"))
        }
        11 => (Value::Null, None, Number::Refused("empty")),
        12 => refused("hola", "not_a_number"),
        13 => refused("12345", "too_short"),
        14 => (Value::text(b"55123\xff45670"), None, Number::Refused("not_a_number")),
        15 => refused("8001234567", "special_service"),
        16 => refused("+12125550100", "foreign"),
        17 => refused("1234512345", "bad_first_digit"),
        18 => refused("5555555555", "placeholder"),
        _ => (Value::text("55123\u{0}45670"), None, Number::Refused("not_a_number")),
    }
}

/// Cities whose spelling is known; that of every other text is not.
pub(super) const KNOWN_CITIES: [(&str, &str); 5] = [
    ("GUADALAJARA@SD", "Guadalajara"),
    (" MONTERREY  N.L. ", "Monterrey"),
    ("MEX DF", "Ciudad de México"),
    ("LOSMOCHIS", "Los Mochis"),
    ("Querétaro", "Querétaro"),
];

fn city(n: u64) -> (Value, Text) {
    let (written, kept) = KNOWN_CITIES[usize::try_from(n).unwrap() % KNOWN_CITIES.len()];
    (Value::text(written), Text { kept: Some(kept.to_owned()), is_invalid_utf8: false, is_cut: false })
}

fn text(n: u64, chars_max: usize) -> (Value, Text) {
    let kept = |kept: &str| Text { kept: Some(kept.to_owned()), is_invalid_utf8: false, is_cut: false };
    let nothing = Text { kept: None, is_invalid_utf8: false, is_cut: false };
    let long_max = chars_max.min(2_000);
    match n % 14 {
        0 => (Value::Null, nothing),
        1 => (Value::text(""), nothing),
        2 => (Value::text(" \t\r\n\u{0}\u{a0} "), nothing),
        3 => (Value::text("JOSÉ ÑÁÑEZ"), kept("JOSÉ ÑÁÑEZ")),
        4 => (Value::text("  CALLE\u{0} 5\t \r\n DE  \u{2003}MAYO\u{1b} "), kept("CALLE 5 DE MAYO")),
        5 => (
            Value::text(b"PE\xd1A \xff"),
            Text { kept: Some("PE\u{fffd}A \u{fffd}".to_owned()), is_invalid_utf8: true, is_cut: false },
        ),
        6 => (Value::Integer(-42), kept("-42")),
        7 => (Value::Real(12.0), kept("12")),
        8 => (Value::Real(12.5), kept("12.5")),
        9 => (Value::blob("BLOB ñ"), kept("BLOB ñ")),
        10 => (
            Value::text("\"comillas\", 'y' \\ {\"json\": 1} \\x41 \\N"),
            kept("\"comillas\", 'y' \\ {\"json\": 1} \\x41 \\N"),
        ),
        11 => {
            let exact = "ñ".repeat(long_max);
            (Value::text(&exact), kept(&exact))
        }
        12 => {
            let long = format!("{} 🙂", "ñ".repeat(long_max - 1));
            let is_cut = chars_max == long_max;
            let left = if is_cut { "ñ".repeat(long_max - 1) } else { long.clone() };
            (Value::text(long), Text { kept: Some(left), is_invalid_utf8: false, is_cut })
        }
        _ => (Value::text("👩‍👩‍👧 日本語 e\u{301}"), kept("👩‍👩‍👧 日本語 e\u{301}")),
    }
}

fn lada(n: u64) -> (Value, Text) {
    let kept = |kept: &str| Text { kept: Some(kept.to_owned()), is_invalid_utf8: false, is_cut: false };
    match n % 6 {
        0 => (Value::Null, Text { kept: None, is_invalid_utf8: false, is_cut: false }),
        1 => (Value::text("551"), kept("551")),
        2 => (Value::Integer(551), kept("551")),
        3 => (Value::text("442"), kept("442")),
        4 => (Value::text(" 55 "), kept("55")),
        _ => (Value::text("812"), kept("812")),
    }
}

fn state(n: u64) -> (Value, State) {
    let known = |code, name| State { code_and_name: Some((code, name)), text: None, is_invalid_utf8: false };
    let unknown = |text| State { code_and_name: None, text, is_invalid_utf8: false };
    match n % 11 {
        0 => (Value::Null, unknown(None)),
        1 => (Value::text("DISTR"), known("CMX", "Ciudad de México")),
        2 => (Value::text("Edo. de México"), known("MEX", "México")),
        3 => (Value::text("nuevo  león"), known("NLE", "Nuevo León")),
        4 => (Value::text("S.L.P."), known("SLP", "San Luis Potosí")),
        5 => (Value::text("MEXICO"), known("MEX", "México")),
        6 => (Value::text("\u{0}Xanadú  del Norte "), unknown(Some("Xanadú del Norte"))),
        7 => {
            (Value::text("VERACRUZ DE IGNACIO DE LA LLAVE"), known("VER", "Veracruz de Ignacio de la Llave"))
        }
        8 => (Value::text("   "), unknown(None)),
        9 => (
            Value::text(b"M\xc9XICO"),
            State { code_and_name: None, text: Some("M\u{fffd}XICO"), is_invalid_utf8: true },
        ),
        _ => (Value::text("CIUDAD DE MEXICO 2"), unknown(Some("CIUDAD DE MEXICO 2"))),
    }
}

fn validity(n: u64) -> (Value, Validity) {
    match n % 12 {
        0 => (Value::Null, Validity::Unsaid),
        1 | 2 => (Value::Integer(1), Validity::Said),
        3 => (Value::Integer(0), Validity::Denied),
        4 => (Value::text("1"), Validity::Said),
        5 => (Value::text("0"), Validity::Denied),
        6 => (Value::text("t"), Validity::Said),
        7 => (Value::text("true"), Validity::Said),
        8 => (Value::text("false"), Validity::Denied),
        9 => (Value::text("F"), Validity::Denied),
        10 => (Value::Real(1.0), Validity::Said),
        _ => (Value::Real(0.0), Validity::Denied),
    }
}

fn date(n: u64) -> (Value, Date) {
    let at = |micros| Date { micros: Some(micros), is_unreadable: false };
    let none = |is_unreadable| Date { micros: None, is_unreadable };
    match n % 11 {
        0 => (Value::Null, none(false)),
        1 => (Value::text("2025-08-01 10:20:30"), at(1_754_043_630_000_000)),
        2 => (Value::text("2025-08-01T10:20:30"), at(1_754_043_630_000_000)),
        3 => (Value::text("2025-08-01T10:20:30Z"), at(1_754_043_630_000_000)),
        4 => (Value::text("2025-08-01 10:20:30.123456"), at(1_754_043_630_123_456)),
        5 => (Value::text("2025-08-01T10:20:30-06:00"), at(1_754_065_230_000_000)),
        6 => (Value::text("2025-08-01"), at(1_754_006_400_000_000)),
        7 => (Value::text("ayer"), none(true)),
        8 => (Value::Integer(1_754_043_630), at(1_754_043_630_000_000)),
        9 => (Value::text(" "), none(false)),
        _ => (Value::text("2025-02-30 00:00:00"), none(true)),
    }
}
