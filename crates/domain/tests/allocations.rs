//! What is done for each of millions of rows or messages allocates nothing. Counted by an allocator of the test's own.

use allocation_counter::measure;
use domain::city;
use domain::contact::LineType;
use domain::lada::Lada;
use domain::numbering::{Assignment, Line, NumberingPlan};
use domain::phone::PhoneNumber;
use domain::sms;
use domain::state::StateCode;

const PHONES: &str = include_str!("../data/public_phone.csv");

/// Allocations of `what`; tables that are made at the first use are made before.
fn allocations(what: impl Fn()) -> u64 {
    what();
    measure(what).count_total
}

#[test]
fn a_number_is_read_looked_up_and_written_without_allocating() {
    let mut cases = csv::Reader::from_reader(PHONES.as_bytes());
    let cases: Vec<csv::StringRecord> = cases.records().map(Result::unwrap).collect();
    let ranges = [Assignment {
        first: 5_512_345_000,
        last: 5_512_345_999,
        line_type: LineType::Mobile,
        carrier: "UNA".to_owned(),
        assigned_on: None,
    }];
    let plan = NumberingPlan::compile(&ranges).unwrap();
    let count = allocations(|| {
        for case in &cases {
            if let Ok(phone) = PhoneNumber::parse(&case[0]) {
                let place = phone.lada().and_then(Lada::place);
                std::hint::black_box((
                    phone.e164(),
                    phone.is_assigned(),
                    place,
                    Line::of(phone, Some(&plan)),
                ));
            }
        }
    });
    assert_eq!((count, cases.len()), (0, 2_000));
}

#[test]
fn a_number_in_a_long_text_is_folded_once() {
    let padded = format!("{}55 1234 5678", " ".repeat(10_000));
    let count = allocations(|| {
        std::hint::black_box(PhoneNumber::parse(&padded).unwrap());
    });
    assert_eq!(count, 1);
}

#[test]
fn a_text_is_measured_without_allocating() {
    let texts = ["", "Hola Ana", "Promoción válida 😀", &"{}[]€ ñ".repeat(60)];
    let count = allocations(|| {
        for text in texts {
            std::hint::black_box(sms::measure(text));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_place_is_known_by_its_spelling_without_allocating() {
    let count = allocations(|| {
        for spelling in ["GUADALAJARA@SD", "MONTERREY N.L.", "CD OBREGON", "NADA"] {
            std::hint::black_box((city::from_spelling(spelling), StateCode::from_spelling(spelling)));
        }
    });
    assert_eq!(count, 0);
}
