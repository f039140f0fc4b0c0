use proptest::prelude::*;

use super::*;

#[track_caller]
fn assert_cleaned(bytes: impl AsRef<[u8]>, expected: Option<&str>) {
    let cleaned = clean(bytes.as_ref());

    assert_eq!(cleaned.text.as_deref(), expected);
    assert!(!cleaned.invalid_utf8);
}

fn is_borrowed(cleaned: &Cleaned<'_>) -> bool {
    matches!(cleaned.text, Some(Cow::Borrowed(_)))
}

#[test]
fn white_space_is_folded_and_trimmed() {
    assert_cleaned("  AV.   JUÁREZ \t 5\r\nCENTRO ", Some("AV. JUÁREZ 5 CENTRO"));
    assert_cleaned("a\u{a0}b\u{3000}\u{2028}c\u{85}d", Some("a b c d"));
    assert_cleaned("\ta", Some("a"));
}

#[test]
fn control_characters_are_removed() {
    assert_cleaned("MAR\0ÍA", Some("MARÍA"));
    assert_cleaned("\0\u{1}a\u{7f}b\u{9b}\0", Some("ab"));
    assert_cleaned("a \0 b", Some("a b"));
    assert_cleaned("\0 a \0", Some("a"));
}

#[test]
fn text_of_which_nothing_is_left_is_absent() {
    for bytes in ["", " ", "\0", " \0\t\u{a0}\r\n"] {
        assert_cleaned(bytes, None);
    }
}

#[test]
fn invalid_utf8_is_replaced_and_told() {
    let cleaned = clean(b"PE\xd1A  \0");
    assert_eq!(cleaned.text.as_deref(), Some("PE\u{fffd}A"));
    assert!(cleaned.invalid_utf8);

    let cleaned = clean(b"\xff");
    assert_eq!(cleaned.text.as_deref(), Some("\u{fffd}"));
    assert!(cleaned.invalid_utf8);
}

#[test]
fn a_replacement_character_that_was_there_before_is_not_invalid() {
    assert_cleaned("PE\u{fffd}A", Some("PE\u{fffd}A"));
}

#[test]
fn text_that_needs_no_change_inside_is_borrowed() {
    assert!(is_borrowed(&clean("JOSÉ PEÑA".as_bytes())));
    assert!(is_borrowed(&clean(b"  JOSE PENA\0")));
    assert!(!is_borrowed(&clean(b"JOSE  PENA")));
}

proptest! {
    #[test]
    fn clean_text_stays_as_it_is(bytes in any::<Vec<u8>>()) {
        let once = clean(&bytes);
        if let Some(text) = &once.text {
            let twice = clean(text.as_bytes());
            prop_assert_eq!(&twice.text, &once.text);
            prop_assert!(is_borrowed(&twice) && !twice.invalid_utf8);
        }
    }

    #[test]
    fn clean_text_has_no_control_character_and_no_space_but_single_ones(
        raw in "[a-zñ\0\t\u{85}\u{a0} \r\n\u{7f}]{0,60}",
    ) {
        if let Some(text) = clean(raw.as_bytes()).text {
            prop_assert!(!text.is_empty() && text.trim() == text && !text.contains("  "));
            prop_assert!(!text.chars().any(|letter| letter.is_control() || (letter.is_whitespace() && letter != ' ')));
        }
    }

    #[test]
    fn the_flag_says_whether_the_bytes_are_utf8(bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(clean(&bytes).invalid_utf8, str::from_utf8(&bytes).is_err());
    }
}

#[test]
fn text_that_is_plain_by_its_bytes_needs_no_change_by_its_letters() {
    assert!(
        is_plain("JOSÉ PEÑA Ñandú Ø")
            && !is_plain("")
            && !is_plain(" a")
            && !is_plain("a ")
            && !is_plain("a  b")
    );
    for letter in '\0'..=char::MAX {
        for text in [format!("a{letter}b"), format!("{letter}"), format!("a {letter}")] {
            assert!(!is_plain(&text) || fold(&text) == text, "{letter:?}");
        }
    }
}
