//! The examples of the documentation are what the code does.

use domain::phone::{Outcome, PhoneNumber};
use domain::sms::{Transliteration, measure};
use domain::{city, name};

const NUMBERING: &str = include_str!("../../../docs/numbering.md");
const TEXT: &str = include_str!("../../../docs/text.md");

/// The rows of the table under a heading row that begins so, each cell trimmed.
fn rows<'a>(document: &'a str, heading: &'a str) -> Vec<Vec<&'a str>> {
    let table = document.lines().skip_while(move |line| !line.starts_with(heading)).skip(2);
    let rows: Vec<Vec<&str>> = table
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim_matches([' ', '|'])).collect())
        .collect();
    assert!(!rows.is_empty(), "no table begins with {heading}");
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn only(cell: &str) -> &str {
    quoted(cell).first().copied().unwrap_or_default()
}

#[test]
fn every_example_of_a_number_becomes_what_is_said() {
    let mut seen = 0;
    for row in
        rows(NUMBERING, "| outcome | means").into_iter().chain(rows(NUMBERING, "| reason | what it means"))
    {
        for example in quoted(row[2]) {
            let outcome = Outcome::of(PhoneNumber::parse(example));
            let said = [outcome.as_str(), outcome.reason().unwrap_or_default()];
            assert!(said.contains(&only(row[0])), "{example}: {said:?}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn every_example_of_a_city_is_that_city() {
    for row in rows(NUMBERING, "| in the list | city") {
        assert_eq!(city::from_spelling(only(row[0])).unwrap_or_default(), only(row[1]), "{row:?}");
    }
}

#[test]
fn every_example_of_a_text_is_measured_as_is_said() {
    for row in rows(TEXT, "| text | encoding") {
        let times = row[0].split_once(" × ").map_or(1, |(_, times)| times.parse().unwrap());
        let measured = measure(&only(row[0]).repeat(times));
        let found = [
            measured.encoding.as_str().to_owned(),
            measured.units.to_string(),
            measured.segments.to_string(),
        ];
        assert_eq!(row[1..], found, "{row:?}");
    }
}

#[test]
fn every_example_of_a_replacement_is_replaced_so() {
    for row in rows(TEXT, "| before | after") {
        assert_eq!(Transliteration::Replace.apply(only(row[0])), only(row[1]));
    }
}

#[test]
fn every_example_of_a_name_is_written_so() {
    for row in rows(TEXT, "| in the list | `full_name`") {
        let written = only(row[0]);
        assert_eq!(name::display(written), only(row[1]));
        assert_eq!(name::first_name(written).unwrap_or_default(), row.get(2).map_or("", |cell| only(cell)));
    }
}
