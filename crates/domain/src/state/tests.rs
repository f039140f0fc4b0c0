use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZoneDatabase;

use super::*;

fn rows() -> Vec<csv::StringRecord> {
    let table = include_str!("../../data/states.csv");
    csv::Reader::from_reader(table.as_bytes()).into_records().map(Result::unwrap).collect()
}

fn state_of(spelling: &str) -> Option<String> {
    StateCode::from_spelling(spelling).map(|state| state.to_string())
}

#[test]
fn a_code_is_read_as_the_standard_writes_it() {
    for state in StateCode::ALL {
        assert_eq!(StateCode::parse(state.as_str()), Ok(state));
    }
    for code in ["", "cmx", "CMX ", "CDMX", "MX-CMX", "XXX"] {
        assert_eq!(StateCode::parse(code), Err(UnknownState), "{code:?}");
    }
}

#[test]
fn a_state_has_its_name_in_spanish() {
    assert_eq!(StateCode::parse("CMX").unwrap().name(), "Ciudad de México");
    assert_eq!(StateCode::parse("MEX").unwrap().name(), "México");
    assert!(StateCode::ALL.into_iter().all(|state| !state.name().is_empty()));
}

#[test]
fn the_table_lists_every_state_once_and_nothing_else() {
    let listed: Vec<_> = rows().iter().map(|row| StateCode::parse(&row[0]).unwrap()).collect();
    let distinct: BTreeSet<_> = listed.iter().copied().collect();

    assert_eq!(listed, StateCode::ALL);
    assert_eq!(distinct.len(), 32);
}

#[test]
fn every_spelling_means_one_state_alone() {
    let mut meanings: BTreeMap<Vec<u8>, BTreeSet<StateCode>> = BTreeMap::new();
    let mut spellings_count = 0;
    for row in rows() {
        let state = StateCode::parse(&row[0]).unwrap();
        for spelling in row[3].split('|') {
            let folded = Folded::default().fold(spelling).unwrap().to_vec();
            meanings.entry(folded).or_default().insert(state);
            spellings_count += 1;
            assert_eq!(StateCode::from_spelling(spelling), Some(state), "{spelling}");
        }
    }

    let ambiguous: Vec<_> = meanings.values().filter(|states| states.len() > 1).collect();
    assert!(ambiguous.is_empty(), "{ambiguous:?}");
    assert_eq!(spellings_count, 244);
}

#[test]
fn the_name_of_a_state_is_a_spelling_of_it() {
    for state in StateCode::ALL {
        assert_eq!(StateCode::from_spelling(state.name()), Some(state), "{state}");
    }
}

#[test]
fn case_accents_punctuation_and_spaces_do_not_matter() {
    for spelling in ["MICHOACAN", "michoacán", " Michoacán. ", "MICHOACA\u{301}N", "MICH", "mich.", "M-I-C-H"]
    {
        assert_eq!(state_of(spelling).as_deref(), Some("MIC"), "{spelling}");
    }
    assert_eq!(state_of("DISTR").as_deref(), Some("CMX"));
    assert_eq!(state_of("d. f.").as_deref(), Some("CMX"));
    assert_eq!(state_of("Nuevo\u{a0}León").as_deref(), Some("NLE"));
    assert_eq!(state_of("TAMS").as_deref(), Some("TAM"));
}

#[test]
fn nothing_is_guessed() {
    for spelling in
        ["", "  ", ".", "MEXICO CITY", "CALIFORNIA", "MICHOACANO", "CDMX1", "JAL+", "JALISC", "XX", "99"]
    {
        assert_eq!(state_of(spelling), None, "{spelling}");
    }
    assert_eq!(state_of(&"JAL".repeat(10_000)), None);
}

#[test]
fn the_state_of_mexico_is_not_mexico_city() {
    assert_eq!(state_of("MEXICO").as_deref(), Some("MEX"));
    assert_eq!(state_of("ESTADO DE MÉXICO").as_deref(), Some("MEX"));
    assert_eq!(state_of("CIUDAD DE MÉXICO").as_deref(), Some("CMX"));
    assert_eq!(state_of("MEXICO, D.F.").as_deref(), Some("CMX"));
}

#[test]
fn every_capital_lies_in_a_zone_of_the_bundled_database() {
    for row in rows() {
        assert!(TimeZoneDatabase::bundled().get(&row[2]).is_ok(), "{}", &row[2]);
    }
}
