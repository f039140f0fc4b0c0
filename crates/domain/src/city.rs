//! Cities: their names as people write them, and the spellings met in real lists.
//!
//! A spelling is a city only if it is catalogued, by itself or with its own state behind it: nothing is guessed, neither
//! a slip of the keyboard nor a city in another state.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::lada::Lada;
use crate::spelling::Folded;
use crate::state::StateCode;

/// The city that a list means by a spelling, if the spelling is catalogued: `GUADALAJARA@SD` is Guadalajara.
///
/// 1. What stands behind an `@` is a mark that somebody left, and goes.
/// 2. Case, accents, punctuation and spaces do not matter.
/// 3. The rest is the name of a city, whole or abbreviated, alone or with a spelling of its state behind it
///    (`MONTERREY N.L.`).
#[must_use]
pub fn from_spelling(spelling: &str) -> Option<&'static str> {
    let unmarked = spelling.split('@').next().unwrap_or_default();
    let mut folded = Folded::default();
    CATALOGUE.by_spelling.get(folded.fold(unmarked)?).copied().flatten()
}

/// Words that lists abbreviate at the head of a city's name.
const ABBREVIATIONS: [(&str, &str); 5] =
    [("Ciudad ", "Cd "), ("San ", "Sn "), ("Santa ", "Sta "), ("Santo ", "Sto "), ("General ", "Gral ")];

#[derive(Default)]
struct Catalogue {
    /// None where two cities are spelled the same.
    by_spelling: HashMap<Vec<u8>, Option<&'static str>>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut catalogue = Catalogue::default();
    for place in Lada::with_place().filter_map(Lada::place) {
        catalogue.add(&place.city, place.state, "");
    }
    for (city, state, aliases) in listed() {
        catalogue.add(city, state, aliases);
    }
    catalogue
});

/// Cities that have other spellings than their name, and large ones that no area code is named after:
/// `city,state_code,aliases`. A row that does not fit is left out, which a test forbids.
fn listed() -> impl Iterator<Item = (&'static str, StateCode, &'static str)> {
    include_str!("../data/cities.csv").lines().skip(1).filter_map(|row| {
        let mut fields = row.split(',');
        Some((fields.next()?, StateCode::parse(fields.next()?).ok()?, fields.next()?))
    })
}

impl Catalogue {
    fn add(&mut self, city: &'static str, state: StateCode, aliases: &str) {
        let short = ABBREVIATIONS
            .iter()
            .filter_map(|(word, short)| city.strip_prefix(word).map(|rest| format!("{short}{rest}")));
        let names = [city.to_owned()].into_iter().chain(short);
        for name in names.chain(aliases.split('|').map(str::to_owned)) {
            let mut folded = Folded::default();
            let Some(name) = folded.fold(&name) else { continue };
            self.mean(name.to_vec(), city);
            for state in state.spellings() {
                self.mean([name, state].concat(), city);
            }
        }
    }

    fn mean(&mut self, spelling: Vec<u8>, city: &'static str) {
        let meant = self.by_spelling.entry(spelling).or_insert(Some(city));
        if *meant != Some(city) {
            *meant = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lists_make_of_a_city_is_that_city() {
        for (spelling, city) in [
            ("GUADALAJARA", "Guadalajara"),
            ("GUADALAJARA@SD", "Guadalajara"),
            ("guadalajara.", "Guadalajara"),
            ("GUADALAJARA  JAL", "Guadalajara"),
            ("MONTERREY NL", "Monterrey"),
            ("MONTERREY N.L.", "Monterrey"),
            ("Monterrey, Nuevo León", "Monterrey"),
            ("MEX DF", "Ciudad de México"),
            ("MEXICO, D.F.", "Ciudad de México"),
            ("CIUDAD DE MEXICO", "Ciudad de México"),
            ("CIUDAD  DE MÉXICO", "Ciudad de México"),
            ("CD. DE MEXICO", "Ciudad de México"),
            ("LOSMOCHIS", "Los Mochis"),
            ("LOS MOCHIS SIN", "Los Mochis"),
            ("CD JUAREZ CHIH.", "Ciudad Juárez"),
            ("CD OBREGON", "Ciudad Obregón"),
            ("SN LUIS POTOSI", "San Luis Potosí"),
            ("LEON GTO", "León"),
            ("OAXACA DE JUAREZ", "Oaxaca"),
            ("ECATEPEC", "Ecatepec de Morelos"),
            ("PUEBLA PUE", "Puebla"),
            ("TUXTLA GUTIERREZ CHIS", "Tuxtla Gutiérrez"),
        ] {
            assert_eq!(from_spelling(spelling), Some(city), "{spelling}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for spelling in [
            "",
            "@",
            "@X",
            "@SD",
            "GUADLAJARA",
            "GUADALAJARA NL",
            "MONTERREY JAL",
            "MEXICO",
            "JUAREZ",
            "00000",
            "SIN",
            "GUADALAJARA Y MONTERREY",
            "CENTRO GUADALAJARA",
        ] {
            assert_eq!(from_spelling(spelling), None, "{spelling}");
        }
        assert_eq!(from_spelling(&"GUADALAJARA".repeat(1_000)), None);
    }

    #[test]
    fn every_city_is_spelled_as_its_name() {
        for place in Lada::with_place().filter_map(Lada::place) {
            assert_eq!(from_spelling(&place.city), Some(place.city.as_str()));
            let with_state = format!("{}, {}", place.city, place.state.name());
            assert_eq!(from_spelling(&with_state), Some(place.city.as_str()), "{with_state}");
        }
        for (city, ..) in listed() {
            assert_eq!(from_spelling(city), Some(city));
            assert_eq!(from_spelling(&city.to_uppercase()), Some(city));
        }
    }

    #[test]
    fn every_row_of_the_table_is_a_city_of_a_state() {
        let rows = include_str!("../data/cities.csv").lines().skip(1);
        assert_eq!(rows.count(), listed().count());
        for (city, _, aliases) in listed() {
            assert!(!city.is_empty() && city.trim() == city, "{city:?}");
            for alias in aliases.split('|').filter(|alias| !alias.is_empty()) {
                assert_eq!(from_spelling(alias), Some(city), "{alias}");
            }
        }
    }

    #[test]
    fn spellings_of_two_cities_are_of_neither() {
        let ambiguous: Vec<_> = CATALOGUE.by_spelling.iter().filter(|(_, city)| city.is_none()).collect();
        assert!(ambiguous.is_empty(), "{ambiguous:?}");
    }
}
