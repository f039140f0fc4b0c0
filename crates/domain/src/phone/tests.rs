use super::*;

mod assigned_leads;
mod model;
mod properties;
mod rules;

fn phone(raw: &str) -> PhoneNumber {
    PhoneNumber::parse(raw).unwrap()
}

#[test]
fn a_number_is_written_in_e164_form() {
    let e164 = phone("55 1234 5678").e164();

    assert_eq!(e164.as_str(), "+525512345678");
    assert_eq!(e164.as_ref(), "+525512345678");
    assert_eq!(format!("{e164:>15}"), "  +525512345678");
}

#[test]
fn a_number_in_a_log_shows_its_last_four_digits_alone() {
    let number = phone("5512345678");

    assert_eq!(number.masked().to_string(), "+52••••••5678");
    assert_eq!(format!("{number:?}"), "+52••••••5678");
    assert_eq!(format!("{:?}", number.masked()), "+52••••••5678");
    assert_eq!(format!("{:?}", number.e164()), "+52••••••5678");
}

#[test]
fn ten_digits_from_a_database_are_judged_without_normalising() {
    let verdict = |national| PhoneNumber::from_national(national).map(PhoneNumber::national);

    assert_eq!(verdict(5_512_345_678), Ok(5_512_345_678));
    assert_eq!(verdict(0), Err(PhoneRejection::TooShort));
    assert_eq!(verdict(123_456_789), Err(PhoneRejection::TooShort));
    assert_eq!(verdict(999_999_999), Err(PhoneRejection::TooShort));
    assert_eq!(verdict(1_000_000_000), Err(PhoneRejection::BadFirstDigit));
    assert_eq!(verdict(1_234_567_890), Err(PhoneRejection::Placeholder));
    assert_eq!(verdict(9_999_999_999), Err(PhoneRejection::Placeholder));
    assert_eq!(verdict(8_001_234_567), Err(PhoneRejection::SpecialService));
    assert_eq!(verdict(10_000_000_000), Err(PhoneRejection::TooLong));
    assert_eq!(verdict(525_512_345_678), Err(PhoneRejection::TooLong));
    assert_eq!(verdict(u64::MAX), Err(PhoneRejection::TooLong));
}

#[test]
fn an_unassigned_area_code_makes_a_number_invalid_and_not_rejected() {
    assert!(phone("5512345678").is_assigned());
    assert!(!phone("5134688989").is_assigned());
}

#[test]
fn a_rejection_is_read_back_from_its_name() {
    for reason in PhoneRejection::ALL {
        assert_eq!(reason.as_str().parse(), Ok(reason));
    }
    assert_eq!("unassigned_area_code".parse::<PhoneRejection>(), Err(UnknownPhoneRejection));
}

#[test]
fn numbers_sort_as_their_digits_do() {
    assert!(phone("3312345678") < phone("5512345678"));
}
