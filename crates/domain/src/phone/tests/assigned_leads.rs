use std::collections::BTreeSet;

use phonenumber::{Type, metadata::DATABASE};

use super::super::assigned::is_assigned;
use crate::lada::Lada;

fn assigned() -> BTreeSet<u16> {
    (0..1000).filter(|&lead| is_assigned(lead)).collect()
}

/// One line a hundred, so that an update of the crate shows as a short difference.
fn by_hundred() -> String {
    let leads = assigned();
    let line = |hundred: u16| {
        let leads = leads.range(hundred * 100..(hundred + 1) * 100).map(u16::to_string);
        leads.collect::<Vec<_>>().join(" ") + "\n"
    };
    (2..10).map(line).collect()
}

#[test]
fn the_assigned_leads_are_those_reviewed_last() {
    assert_eq!(by_hundred(), include_str!("assigned_leads.txt"), "review, then update the list");
}

#[test]
fn every_lead_has_the_type_that_libphonenumber_gives() {
    for lead in 200..1000 {
        let number = phonenumber::parse(None, format!("+52{lead}2345678")).unwrap();
        assert_eq!(is_assigned(lead), number.number_type(&DATABASE) == Type::FixedLineOrMobile, "{lead}");
    }
}

#[test]
fn valid_numbers_of_other_types_are_not_assigned() {
    for lead in [200, 201, 300, 400, 500, 600, 700, 800, 888, 900] {
        assert!(!is_assigned(lead), "{lead}");
    }
}

#[test]
fn a_lead_that_begins_with_0_or_1_or_has_four_digits_is_not_assigned() {
    assert!((0..200).chain([1000, 1023, 1024, u16::MAX]).all(|lead| !is_assigned(lead)));
}

#[test]
fn every_assigned_area_code_has_a_place() {
    let without_place: BTreeSet<_> = assigned()
        .into_iter()
        .filter_map(|lead| Lada::parse(&lead.to_string()).ok())
        .filter(|lada| lada.place().is_none())
        .collect();

    assert!(without_place.is_empty(), "{without_place:?}");
}

#[test]
fn every_lead_of_a_two_digit_area_code_is_assigned() {
    for lada in [33, 55, 56, 81] {
        let unassigned: Vec<_> = (lada * 10..lada * 10 + 10).filter(|&lead| !is_assigned(lead)).collect();
        assert!(unassigned.is_empty(), "{unassigned:?}");
    }
}
