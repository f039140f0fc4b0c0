use phonenumber::{Type, country, metadata::DATABASE};
use proptest::prelude::*;

use super::*;

const PREFIXES: [&str; 13] =
    ["", "+52", "52", "0052", "+0052", "+521", "521", "00521", "044", "045", "01", "+52044", "5201"];

fn subscriber() -> impl Strategy<Value = PhoneNumber> {
    (2_000_000_000..=NATIONAL_MAX)
        .prop_filter_map("a placeholder or a service", |national| PhoneNumber::from_national(national).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_text_makes_it_panic(raw in any::<String>()) {
        let _ = PhoneNumber::parse(&raw);
    }

    #[test]
    fn no_text_of_the_characters_that_matter_makes_it_panic(
        raw in "[0-9+*#.,;:=xXeEtT()/' \"‘“５٥\u{200b}\u{a0}–-]{0,200}",
    ) {
        let _ = PhoneNumber::parse(&raw);
    }

    #[test]
    fn its_own_output_is_its_input(phone in subscriber()) {
        prop_assert_eq!(PhoneNumber::parse(phone.e164().as_str()), Ok(phone));
        prop_assert_eq!(PhoneNumber::parse(&phone.national().to_string()), Ok(phone));
        prop_assert_eq!(PhoneNumber::from_national(phone.national()), Ok(phone));
    }

    #[test]
    fn the_short_cut_agrees_with_the_steps(digits in "[0-9]{10}") {
        prop_assert_eq!(PhoneNumber::parse(&digits), normalise::normalise(&digits));
    }

    #[test]
    fn a_prefix_and_separators_never_change_the_number(
        phone in subscriber(),
        prefix in proptest::sample::select(PREFIXES.as_slice()),
        separators in proptest::collection::vec("[ ./()\u{a0}\u{200b}–-]{0,2}", 20),
    ) {
        let plain = format!("{prefix}{}", phone.national());
        let mut separated = String::new();
        for (letter, gap) in plain.chars().zip(separators.iter().cycle()) {
            separated.push(letter);
            separated.push_str(gap);
        }
        // The bracket keeps a last ".0" from reading as a spreadsheet's fraction.
        let raw = format!("({separated}");

        prop_assert_eq!(PhoneNumber::parse(&raw), Ok(phone), "{:?}", raw);
    }

    #[test]
    fn the_table_agrees_with_the_type_that_libphonenumber_gives(phone in subscriber()) {
        let referee = phonenumber::parse(None, phone.e164().as_str()).unwrap();

        prop_assert_eq!(referee.national().value(), phone.national());
        prop_assert_eq!(phone.is_assigned(), referee.number_type(&DATABASE) == Type::FixedLineOrMobile);
        prop_assert!(!phone.is_assigned() || referee.country().id() == Some(country::MX));
    }
}
