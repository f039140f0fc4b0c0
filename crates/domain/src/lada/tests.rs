use std::collections::BTreeSet;

use jiff::tz::TimeZoneDatabase;

use super::*;

fn lada(code: &str) -> Lada {
    Lada::parse(code).unwrap()
}

fn lada_of(number: &str) -> Option<String> {
    Lada::of(PhoneNumber::parse(number).unwrap()).map(|lada| lada.to_string())
}

#[test]
fn the_longest_assigned_area_code_wins() {
    assert_eq!(lada_of("5512345678").as_deref(), Some("55"));
    assert_eq!(lada_of("5592345678").as_deref(), Some("55"));
    assert_eq!(lada_of("5612345678").as_deref(), Some("56"));
    assert_eq!(lada_of("3312345678").as_deref(), Some("33"));
    assert_eq!(lada_of("8112345678").as_deref(), Some("81"));
    assert_eq!(lada_of("4421234567").as_deref(), Some("442"));
    assert_eq!(lada_of("5134688989"), None);
}

#[test]
fn an_area_code_is_read_as_it_is_displayed() {
    for code in ["33", "55", "56", "81", "222", "442", "999"] {
        assert_eq!(lada(code).to_string(), code);
        assert_eq!(lada(code).number().to_string(), code);
    }
    for code in
        ["", "5", "44", "055", "551", "331", "819", "199", "1000", "4421", "+55", " 55", "5 5", "٥٥", "abc"]
    {
        assert_eq!(Lada::parse(code), Err(UnknownLada), "{code:?}");
    }
}

#[test]
fn an_area_code_has_a_place() {
    let place = lada("442").place().unwrap();

    assert_eq!(place.city, "Querétaro");
    assert_eq!(place.state.as_str(), "QUE");
    assert_eq!(place.timezone, "America/Mexico_City");
    assert_eq!(lada("200").place(), None);
}

#[test]
fn every_row_of_the_table_is_a_place() {
    let rows = include_str!("../../data/area_codes.csv").lines().skip(1);
    let listed: BTreeSet<_> = rows.map(|row| lada(row.split(',').next().unwrap())).collect();

    assert_eq!(listed, Lada::with_place().collect());
    assert_eq!(listed.len(), 413);
}

#[test]
fn every_place_names_a_city() {
    for lada in Lada::with_place() {
        let city = &lada.place().unwrap().city;
        assert!(!city.is_empty() && city.trim() == city, "{lada}: {city:?}");
    }
}

#[test]
fn every_time_zone_is_one_of_the_bundled_database() {
    let zones: BTreeSet<_> =
        Lada::with_place().filter_map(Lada::place).map(|place| place.timezone.as_str()).collect();
    let database = TimeZoneDatabase::bundled();

    for zone in zones {
        assert_eq!(database.get(zone).unwrap().iana_name(), Some(zone));
    }
}

#[test]
fn a_table_that_does_not_fit_gives_no_place_and_no_panic() {
    let header = "lada,city,state_code,timezone,confidence\n";
    for row in [
        "",
        "x",
        "442",
        "442,Querétaro,XXX,America/Mexico_City,high",
        "442,Querétaro,QUE,America/Mexico_City,sure",
    ] {
        assert!(read(&format!("{header}{row}")).iter().all(Option::is_none), "{row:?}");
    }
}
