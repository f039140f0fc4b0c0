//! The rules a second time, each step as an expression over the whole text: slow, and plain to see. What people write is
//! bent in every direction, and both must say the same of it.

use std::collections::HashMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;

use super::*;

macro_rules! expression {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($pattern).unwrap());
    };
}

expression!(QUOTED, r#"^[ '"‘’“”]*(.*?)[ '"‘’“”]*$"#);
expression!(EXTENSION, r"(?i)^(.*?[0-9].*?) *[,;]? *(?:ext[.:=]?|x) *[0-9]{1,6}$");
expression!(STAR_CODE, r"^\*[0-9]{2,5}#?$");
expression!(SCIENTIFIC, r"^([0-9])[.,]([0-9]+)[eE]\+?([0-9]+)$");
expression!(WITH_FRACTION, r"^(\+?[0-9]+)\.00?$");
expression!(WRITTEN, r"^[ ./()-]*\+?[0-9 ./()-]*$");
expression!(SHORT_CODE, r"^(?:0[1-9][0-9]|911|7766|53053)$");
expression!(SERVICE, r"^(?:200|201|300|400|500|600|700|800|888|900)");

/// Every decimal digit with its value: they come in tens, zero first.
static DIGITS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let digit = Regex::new(r"\p{Nd}").unwrap();
    let digits = ('\0'..=char::MAX).filter(|letter| digit.is_match(letter.encode_utf8(&mut [0; 4])));
    digits.zip(('0'..='9').cycle()).collect()
});

expression!(FORMAT, r"\p{Cf}");

fn folded(raw: &str) -> String {
    let fold = |letter: char| match letter {
        letter if letter.is_whitespace() => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹘' | '﹣' => Some('-'),
        letter => Some(DIGITS.get(&letter).copied().unwrap_or(letter)),
    };
    FORMAT.replace_all(raw, "").chars().filter_map(fold).collect()
}

fn unquoted(text: &str) -> &str {
    QUOTED.captures(text).unwrap().get(1).unwrap().as_str()
}

fn model(raw: &str) -> Result<u64, PhoneRejection> {
    let folded = folded(raw);
    let text = unquoted(&folded);
    let text = text.strip_prefix('=').map_or(text, unquoted);
    if text.is_empty() {
        return Err(PhoneRejection::Empty);
    }
    let text = EXTENSION.captures(text).map_or(text, |tail| tail.get(1).unwrap().as_str());
    if STAR_CODE.is_match(text) {
        return Err(PhoneRejection::SpecialService);
    }
    let text = if let Some(parts) = SCIENTIFIC.captures(text) {
        if parts[3].trim_start_matches('0') != parts[2].len().to_string() {
            return Err(PhoneRejection::NotANumber);
        }
        format!("{}{}", &parts[1], &parts[2])
    } else {
        WITH_FRACTION.captures(text).map_or(text.to_owned(), |whole| whole[1].to_owned())
    };
    if !WRITTEN.is_match(&text) {
        return Err(PhoneRejection::NotANumber);
    }
    let bare: String = text.chars().filter(char::is_ascii_digit).collect();
    if bare.is_empty() {
        return Err(PhoneRejection::Empty);
    }
    dialled(&bare, text.contains('+'))
}

fn dialled(bare: &str, has_plus: bool) -> Result<u64, PhoneRejection> {
    let international = if has_plus {
        Some(bare.strip_prefix("00").unwrap_or(bare))
    } else {
        bare.strip_prefix("00").filter(|_| bare.len() > 10)
    };
    let behind_country = match international {
        Some(international) => Some(international.strip_prefix("52").ok_or(match international.len() {
            0..=6 => PhoneRejection::TooShort,
            7..=15 => PhoneRejection::Foreign,
            _ => PhoneRejection::TooLong,
        })?),
        None => bare.strip_prefix("52").filter(|_| bare.len() >= 12),
    };
    let mut digits = behind_country.unwrap_or(bare);
    if digits.len() > 10 {
        let trunks: &[&str] =
            if behind_country.is_some() { &["044", "045", "01", "1"] } else { &["044", "045", "01"] };
        digits = trunks.iter().find_map(|trunk| digits.strip_prefix(trunk)).unwrap_or(digits);
    }
    match digits.len() {
        0..=9 if SHORT_CODE.is_match(bare) => Err(PhoneRejection::SpecialService),
        0..=9 => Err(PhoneRejection::TooShort),
        10 => ten_digits(digits),
        _ => Err(PhoneRejection::TooLong),
    }
}

fn ten_digits(digits: &str) -> Result<u64, PhoneRejection> {
    let values: Vec<u8> = digits.bytes().map(|digit| digit - b'0').collect();
    let steps_by = |step: u8| values.windows(2).all(|pair| (pair[0] + step) % 10 == pair[1]);
    if [0, 1, 9].into_iter().any(steps_by) {
        Err(PhoneRejection::Placeholder)
    } else if values[0] < 2 {
        Err(PhoneRejection::BadFirstDigit)
    } else if SERVICE.is_match(digits) {
        Err(PhoneRejection::SpecialService)
    } else {
        Ok(digits.parse().unwrap())
    }
}

static CASES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut table = csv::Reader::from_reader(include_str!("../../../data/public_phone.csv").as_bytes());
    table.records().map(|case| case.unwrap()[0].to_owned()).collect()
});

/// What is put between the letters of a case: everything that one of the steps looks at.
const PIECES: [&str; 58] = [
    "0",
    "1",
    "2",
    "5",
    "9",
    "00",
    "52",
    "+",
    "+52",
    "0052",
    "044",
    "045",
    "01",
    "1",
    "*",
    "#",
    " ",
    "\t",
    "\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "\u{ad}",
    "'",
    "\"",
    "‘",
    "’",
    "“",
    "”",
    "=",
    ",",
    ";",
    ":",
    ".",
    ".0",
    ".00",
    "e",
    "E+",
    "E+09",
    "E9",
    "x",
    "X",
    "ext",
    "EXT.",
    "ext:",
    "x12",
    " ext 123456",
    "(",
    ")",
    "/",
    "-",
    "–",
    "−",
    "٥",
    "５",
    "०",
    "＋",
    "a",
    "\0",
];

/// One change of a text: at a place of it, so many letters go, and a piece comes.
type Change = (proptest::sample::Index, usize, &'static str);

fn bent(case: &str, changes: &[Change]) -> String {
    let mut letters: Vec<char> = case.chars().collect();
    for (place, taken, piece) in changes {
        let at = place.index(letters.len() + 1);
        let end = (at + taken).min(letters.len());
        letters.splice(at..end, piece.chars());
    }
    letters.into_iter().collect()
}

#[test]
fn the_second_reading_says_of_every_case_what_the_table_says() {
    for case in CASES.iter() {
        assert_eq!(PhoneNumber::parse(case).map(PhoneNumber::national), model(case), "{case:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn both_readings_say_the_same_of_what_is_bent(
        case in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec(
            (any::<proptest::sample::Index>(), 0_usize..3, proptest::sample::select(PIECES.as_slice())),
            0..5,
        ),
    ) {
        let raw = bent(case.get::<String>(&CASES), &changes);
        let read = PhoneNumber::parse(&raw);
        prop_assert_eq!(read.map(PhoneNumber::national), model(&raw), "{:?}", raw);
        if let Ok(phone) = read {
            prop_assert_eq!(PhoneNumber::parse(phone.e164().as_str()), Ok(phone));
        }
    }
}
