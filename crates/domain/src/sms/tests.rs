use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    encoding: String,
    units: u32,
    chars: u32,
    segments: u32,
}

#[test]
fn every_case_of_the_table_is_measured_as_it_says() {
    let table: Cases = serde_json::from_str(include_str!("cases.json")).unwrap();
    assert_eq!(table.cases.len(), 300);
    for case in table.cases {
        let encoding = if case.encoding == "GSM-7" { Encoding::Gsm7 } else { Encoding::Ucs2 };
        let expected =
            Measure { encoding, characters: case.chars, units: case.units, segments: case.segments };
        assert_eq!(measure(&case.text), expected, "{:?}", case.text);
    }
}

#[test]
fn a_replaced_text_keeps_what_the_alphabet_has() {
    let replace = |text| Transliteration::Replace.apply(text).into_owned();
    assert_eq!(replace("El año de la cigüeña, ¡qué café!"), "El año de la cigüeña, ¡qué café!");
    assert_eq!(replace("Camión “rápido” — 20 % más…"), "Camion \"rapido\" - 20 % mas...");
    assert_eq!(replace("Promoción 😀"), "Promocion 😀");
    assert_eq!(replace("CAMIO\u{301}N cafe\u{301} an\u{303}o x\u{302}"), "CAMION café año x");
    assert_eq!(replace("ÀÈÍÔÚ âêîõû ç ā Ž"), "AEIOU aeiou c a Z");
    assert_eq!(Transliteration::Keep.apply("Camión"), "Camión");
    assert_eq!(measure(&replace("Promoción válida")).encoding, Encoding::Gsm7);
}

#[test]
fn what_makes_a_text_expensive_is_named_with_its_places() {
    assert_eq!(non_gsm_characters("camión y avión ñ"), [('ó', vec![4, 12])]);
    assert!(non_gsm_characters("año {1} €").is_empty());
}

#[test]
fn the_alphabet_has_the_characters_that_it_has() {
    let (one, two) = (GSM7_BASIC.chars().count(), GSM7_EXTENSION.chars().count());
    assert_eq!((one, two), (127, 10));
    assert!(GSM7_BASIC.chars().all(|c| gsm7_septets(c) == Some(1)));
    assert!(GSM7_EXTENSION.chars().all(|c| gsm7_septets(c) == Some(2)));
    let all = ('\0'..=char::MAX).filter(|c| gsm7_septets(*c).is_some()).count();
    assert_eq!(all, one + two);
}

#[test]
fn a_text_that_cannot_be_sent_is_refused_with_its_reason() {
    let refused = |text: &str| SmsText::new(text.to_owned()).unwrap_err();
    assert_eq!(refused(" \n"), SmsTextRefused::Empty);
    assert_eq!(refused("a\u{0}b"), SmsTextRefused::Control { code: 0 });
    assert_eq!(refused(&"a".repeat(1531)), SmsTextRefused::TooLong { segments: 11 });
    assert_eq!(SmsText::new("a".repeat(1530)).unwrap().measure().segments, 10);
    assert!(!format!("{:?}", SmsText::new("Hola Ana".to_owned()).unwrap()).contains("Ana"));
}

proptest! {
    #[test]
    fn segments_hold_what_they_say(text in "\\PC{0,400}") {
        let measure = measure(&text);
        let (one, many) = (measure.encoding.units_of_one(), measure.encoding.units_of_many());
        if measure.units <= one {
            prop_assert_eq!(measure.segments, 1);
        } else {
            prop_assert!(measure.segments >= measure.units.div_ceil(many));
            // Each segment but the last lacks at most one unit: a pair that would not fit.
            prop_assert!((measure.segments - 1) * (many - 1) < measure.units);
        }
    }

    #[test]
    fn a_replacement_is_never_dearer_and_replaces_nothing_twice(text in "\\PC{0,200}") {
        let once = Transliteration::Replace.apply(&text).into_owned();
        prop_assert_eq!(Transliteration::Replace.apply(&once).into_owned(), once.clone());
        prop_assert!(non_gsm_characters(&once).len() <= non_gsm_characters(&text).len());
    }
}
