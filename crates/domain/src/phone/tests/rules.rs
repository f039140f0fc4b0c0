use super::*;

/// `accepted`, or the reason why not.
fn outcome(raw: &str) -> &'static str {
    Outcome::of(PhoneNumber::parse(raw)).reason().unwrap_or("accepted")
}

#[track_caller]
fn assert_outcomes(cases: &[(&str, &str)]) {
    let differences: Vec<_> = cases
        .iter()
        .map(|&(raw, expected)| (raw, expected, outcome(raw)))
        .filter(|(_, expected, found)| expected != found)
        .map(|(raw, expected, found)| format!("{raw:?}: expected {expected}, found {found}"))
        .collect();

    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[track_caller]
fn assert_is_5512345678(spellings: &[&str]) {
    for raw in spellings {
        assert_eq!(PhoneNumber::parse(raw).map(PhoneNumber::national), Ok(5_512_345_678), "{raw:?}");
    }
}

#[test]
fn every_case_of_the_public_table_has_its_outcome() {
    let mut table = csv::Reader::from_reader(include_str!("../../../data/public_phone.csv").as_bytes());
    let cases: Vec<_> = table.records().map(Result::unwrap).collect();
    assert_eq!(cases.len(), 2000);

    let differences: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            let parsed = PhoneNumber::parse(&case[0]);
            let (e164, outcome) = (parsed.map(PhoneNumber::e164), Outcome::of(parsed));
            let found = [
                outcome.as_str(),
                e164.as_ref().map_or("", |e164| e164.as_str()),
                outcome.reason().unwrap_or_default(),
            ];
            let expected = [&case[1], &case[2], &case[3]];
            (found != expected).then(|| format!("{:?}: expected {expected:?}, found {found:?}", &case[0]))
        })
        .collect();

    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_spelling_of_a_character_is_folded() {
    assert_is_5512345678(&[
        "５５１２３４５６７８",
        "＋５２（５５）１２３４－５６７８",
        "٥٥١٢٣٤٥٦٧٨",
        "५५१२३४५६७८",
        // Mathematical digits: five rows of ten in one block.
        "𝟓𝟓𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
        "𝟻𝟻𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾",
        "55‐1234‑5678",
        "55‒1234–5678",
        "55—1234―5678",
        "55−1234﹘5678",
        "55﹣1234-5678",
        "\u{feff}55\u{200b}12\u{200d}34\u{2060}56\u{ad}78\u{202c}",
        "\u{200e}+52\u{a0}55\u{2009}1234\u{3000}5678\u{2028}",
        "55\u{85}1234\u{b}5678\u{c}",
        "＝＂5512345678＂",
    ]);
    assert_outcomes(&[
        ("55\u{0}12345678", "not_a_number"),
        ("55\u{1f}12345678", "not_a_number"),
        ("55123④5678", "not_a_number"),
        ("551234567¹", "not_a_number"),
        ("55·1234·5678", "not_a_number"),
        ("55\u{301}12345678", "not_a_number"),
        ("5512345678\u{fffd}", "not_a_number"),
        ("五五12345678", "not_a_number"),
        ("55~1234~5678", "not_a_number"),
        ("\u{200b}\u{feff}", "empty"),
    ]);
}

#[test]
fn quotes_and_one_equals_sign_are_stripped_from_the_ends() {
    assert_is_5512345678(&[
        "'5512345678",
        "\"' 5512345678 '\"",
        "‘5512345678’",
        "“5512345678”",
        "=\"5512345678\"",
        "\" = ' 5512345678'\"",
        "=5512345678",
    ]);
    assert_outcomes(&[
        ("", "empty"),
        ("=", "empty"),
        ("'=\"\"'", "empty"),
        ("==5512345678", "not_a_number"),
        ("5512345678=", "not_a_number"),
        ("55'12345678", "not_a_number"),
        ("`5512345678`", "not_a_number"),
        ("+'5512345678", "not_a_number"),
    ]);
}

#[test]
fn an_extension_is_dropped() {
    assert_is_5512345678(&[
        "5512345678x1",
        "5512345678X123456",
        "5512345678 x 12",
        "5512345678ext12",
        "5512345678 ext. 12",
        "5512345678 EXT: 12",
        "5512345678 Ext=12",
        "5512345678;ext=12",
        "5512345678 , ext 12",
        "5512345678,x12",
        "5512345678 ; x 12",
        "５５１２３４５６７８　ｅｘｔ．　１２",
        "\"5512345678 ext 12\"",
        "(5512345678) ext 12",
        "5.512345678E+9 x12",
        "5512345678.0 x12",
    ]);
    assert_outcomes(&[
        ("x12", "not_a_number"),
        ("ext 12", "not_a_number"),
        ("() x12", "not_a_number"),
        ("5512345678 x", "not_a_number"),
        ("5512345678 ext", "not_a_number"),
        ("5512345678 x1234567", "not_a_number"),
        ("5512345678 x.12", "not_a_number"),
        ("5512345678 ext . 12", "not_a_number"),
        ("5512345678 ext.: 12", "not_a_number"),
        ("5512345678 ext 1 2", "not_a_number"),
        ("5512345678,; ext 12", "not_a_number"),
        ("5512345678 ext 12 ext 13", "not_a_number"),
        ("5512345678 extension 12", "not_a_number"),
        ("\"5512345678\" ext 12", "not_a_number"),
        ("911 x12", "special_service"),
        ("*86 x12", "special_service"),
    ]);
}

#[test]
fn a_star_code_is_a_special_service() {
    assert_outcomes(&[
        ("*86", "special_service"),
        ("*12345#", "special_service"),
        ("＊86＃", "special_service"),
        ("*8", "not_a_number"),
        ("*123456", "not_a_number"),
        ("*86##", "not_a_number"),
        ("**86", "not_a_number"),
        ("* 86", "not_a_number"),
        ("#86", "not_a_number"),
        ("86#", "not_a_number"),
        ("*", "not_a_number"),
    ]);
}

#[test]
fn a_number_that_a_spreadsheet_rewrote_counts_if_no_digit_was_lost() {
    assert_is_5512345678(&[
        "5.512345678E+9",
        "5.512345678E9",
        "5.512345678e+09",
        "5,512345678E+009",
        "5.25512345678E+11",
        "5.215512345678E+12",
        "5512345678.0",
        "5512345678.00",
        "+525512345678.0",
        "０４４５５１２３４５６７８．０",
    ]);
    assert_outcomes(&[
        ("5.51235E+09", "not_a_number"),
        ("5.5123456780E+09", "not_a_number"),
        ("5.512345678E-9", "not_a_number"),
        ("5.512345678E", "not_a_number"),
        ("5.512345678E++9", "not_a_number"),
        ("5.512345678E+9.0", "not_a_number"),
        ("5.512345678E+99999999999999999999999999", "not_a_number"),
        ("55.12345678E+8", "not_a_number"),
        ("+5.512345678E+9", "not_a_number"),
        ("5.E+0", "not_a_number"),
        ("5E+9", "not_a_number"),
        ("9.11E+2", "special_service"),
        ("3.095E+3", "too_short"),
        ("1.23456789012345678901234567890E+29", "too_long"),
        ("5512345678,0", "not_a_number"),
        // Not all digits, or not a fraction of zeros: the point is a separator.
        ("5512345678.000", "too_long"),
        ("5512345678.1", "too_long"),
        ("55 12345678.0", "too_long"),
        ("55 1234 567.0", "accepted"),
        (".0", "too_short"),
        ("911.0", "special_service"),
    ]);
}

#[test]
fn digits_and_separators_alone_make_a_number() {
    assert_is_5512345678(&["(55) 1234-5678", "55.1234/5678", ")5(5-1/2.3 4--5678/", "() +52 5512345678"]);
    assert_outcomes(&[
        ("tel:5512345678", "not_a_number"),
        ("5512345678 casa", "not_a_number"),
        ("5512345678, 5587654321", "not_a_number"),
        ("55_1234_5678", "not_a_number"),
        ("NULL", "not_a_number"),
        ("- . ( ) /", "empty"),
        ("+", "empty"),
        ("(+) -", "empty"),
        ("++", "not_a_number"),
        ("++525512345678", "not_a_number"),
        ("+52+5512345678", "not_a_number"),
        ("5512345678+", "not_a_number"),
    ]);
}

#[test]
fn the_country_code_goes() {
    assert_is_5512345678(&[
        "+52 5512345678",
        "+5 2 55 1234 5678",
        "+0052 5512345678",
        "0052 5512345678",
        "00 52 1 55 1234 5678",
        "525512345678",
        "5215512345678",
    ]);
    assert_outcomes(&[
        ("+52", "too_short"),
        ("+52 551234567", "too_short"),
        ("+52 911", "too_short"),
        ("+52 52 5512345678", "too_long"),
        ("+1", "too_short"),
        ("+123456", "too_short"),
        ("+1234567", "foreign"),
        ("+16502530000", "foreign"),
        ("+5512345678", "foreign"),
        ("+123456789012345", "foreign"),
        ("+1234567890123456", "too_long"),
        ("+00", "too_short"),
        ("+00 1 650 253 0000", "foreign"),
        ("+0000 52 5512345678", "foreign"),
        ("0016502530000", "foreign"),
        ("00165025300", "foreign"),
        ("0016502530", "bad_first_digit"),
        ("001650253", "too_short"),
        ("00525512345", "too_short"),
        ("5255123456", "unassigned_area_code"),
        ("52551234567", "too_long"),
        ("5252551234567", "too_long"),
    ]);
}

#[test]
fn one_trunk_prefix_goes_while_more_than_ten_digits_remain() {
    assert_is_5512345678(&[
        "044 5512345678",
        "045 5512345678",
        "01 5512345678",
        "+52 044 5512345678",
        "+52 01 5512345678",
        "+52 1 5512345678",
        "52 045 5512345678",
    ]);
    assert_outcomes(&[
        ("1 5512345678", "too_long"),
        ("044 044 5512345678", "too_long"),
        ("01 044 5512345678", "too_long"),
        ("+52 1 044 5512345678", "too_long"),
        ("+52 1 1 5512345678", "too_long"),
        ("044 52 5512345678", "too_long"),
        ("01 52 5512345678", "too_long"),
        ("046 5512345678", "too_long"),
        ("044 551234567", "too_short"),
        ("044 5512345", "bad_first_digit"),
        ("+52 1 551234567", "bad_first_digit"),
        ("+52 01 551234567", "too_short"),
    ]);
}

#[test]
fn a_short_code_is_a_special_service_only_as_it_is_dialled() {
    assert_outcomes(&[
        ("911", "special_service"),
        ("9-1-1", "special_service"),
        ("(066)", "special_service"),
        ("010", "special_service"),
        ("099", "special_service"),
        ("7766", "special_service"),
        ("53053", "special_service"),
        ("000", "too_short"),
        ("009", "too_short"),
        ("112", "too_short"),
        ("0660", "too_short"),
        ("+911", "too_short"),
        ("+066", "too_short"),
        ("00911", "too_short"),
        ("52911", "too_short"),
        ("53054", "too_short"),
        ("9", "too_short"),
    ]);
}

#[test]
fn a_placeholder_is_told_first_then_the_first_digit_then_the_service() {
    assert_outcomes(&[
        ("0000000000", "placeholder"),
        ("1111111111", "placeholder"),
        ("5555555555", "placeholder"),
        ("+52 5555555555", "placeholder"),
        ("0123456789", "placeholder"),
        ("1234567890", "placeholder"),
        ("5678901234", "placeholder"),
        ("9876543210", "placeholder"),
        ("0987654321", "placeholder"),
        ("3210987654", "placeholder"),
        ("2222222223", "accepted"),
        ("0012345678", "bad_first_digit"),
        ("1800123456", "bad_first_digit"),
        ("8001234567", "special_service"),
        ("2011234567", "special_service"),
        ("2021234567", "unassigned_area_code"),
        ("01 800 123 4567", "special_service"),
    ]);
}

#[test]
fn there_are_thirty_placeholders() {
    let mut placeholders = PLACEHOLDERS.concat();
    placeholders.sort_unstable();
    placeholders.dedup();

    assert_eq!(placeholders.len(), 30);
}

#[test]
fn a_long_or_hostile_input_is_answered_like_a_short_one() {
    let spaces = " ".repeat(1_000_000);
    let padded = format!("{spaces}'=\"+52{spaces}55 1234 5678{spaces}ext{spaces}12\"{spaces}");
    assert_is_5512345678(&[&padded]);
    assert_outcomes(&[
        (&spaces, "empty"),
        (&"\u{200b}".repeat(1_000_000), "empty"),
        (&"'".repeat(1_000_000), "empty"),
        (&"5".repeat(1_000_000), "too_long"),
        (&"𝟿".repeat(50_000), "too_long"),
        (&"=".repeat(1_000_000), "not_a_number"),
        (&"x1".repeat(1_000_000), "not_a_number"),
        (&format!("5.5E+{}", "9".repeat(1_000_000)), "not_a_number"),
    ]);
}
