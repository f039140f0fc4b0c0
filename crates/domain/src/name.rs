//! Names of people as they are written to: lists keep them in capital letters.
//!
//! Case is all that changes. Accents are never invented, and what is no person's name (a company, a tax id, filler)
//! stays as it is and has no first name.

use std::borrow::Cow;

/// Words within a name that are written small.
const PARTICLES: [&str; 14] =
    ["DE", "DEL", "LA", "LAS", "LOS", "EL", "Y", "VAN", "VON", "DER", "DEN", "DA", "DO", "DI"];

/// What stands before a name and is none, with or without a full stop.
const TITLES: [&str; 17] = [
    "SR", "SRA", "SRTA", "DON", "DOÑA", "DR", "DRA", "LIC", "ING", "ARQ", "PROF", "PROFA", "MTRO", "MTRA",
    "CP", "C", "PBRO",
];

/// Given names as lists abbreviate them; nobody is called by one.
const ABBREVIATED: [&str; 6] = ["MA", "FCO", "FCA", "GPE", "ALEJ", "STA"];

/// Words of companies and offices, without their full stops.
const COMPANY: [&str; 36] = [
    "SA",
    "SAB",
    "SAPI",
    "CV",
    "SC",
    "AC",
    "SRL",
    "RL",
    "SPR",
    "SNC",
    "LTDA",
    "INC",
    "LLC",
    "CORP",
    "CIA",
    "COMPAÑIA",
    "COMPANIA",
    "GRUPO",
    "EMPRESA",
    "EMPRESAS",
    "COMERCIALIZADORA",
    "CONSTRUCTORA",
    "DISTRIBUIDORA",
    "INMOBILIARIA",
    "TRANSPORTES",
    "SERVICIOS",
    "INDUSTRIAS",
    "OPERADORA",
    "ABARROTES",
    "FARMACIA",
    "RESTAURANTE",
    "HOTEL",
    "ESCUELA",
    "MUNICIPIO",
    "GOBIERNO",
    "ASOCIACION",
];

/// What stands in lists where there is no name.
const FILLER: [&str; 13] = [
    "SIN",
    "SN",
    "NA",
    "ND",
    "NULL",
    "NONE",
    "NAN",
    "NINGUNO",
    "DESCONOCIDO",
    "PRUEBA",
    "TEST",
    "NOMBRE",
    "CLIENTE",
];

/// A name in its display form: `MARIA DE LA LUZ PEREZ` is `Maria de la Luz Perez`.
///
/// One that holds a small letter is written as somebody chose, and stays.
#[must_use]
pub fn display(name: &str) -> Cow<'_, str> {
    let is_written_by_hand = name.chars().any(char::is_lowercase);
    let is_spelled = name.split_whitespace().all(is_spelled);
    if is_written_by_hand || !is_spelled || is_of_something_else(name) || first_name(name).is_none() {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(titled(name))
    }
}

/// What a person is called by: the first word of the name that is no title, initial or abbreviation, in its display form.
#[must_use]
pub fn first_name(name: &str) -> Option<Cow<'_, str>> {
    if is_of_something_else(name) {
        return None;
    }
    let first = name.split_whitespace().find(|word| is_name(&bare(word))).filter(|word| is_spelled(word))?;
    let first = first.trim_matches(|letter: char| !letter.is_alphanumeric());
    Some(if first.chars().any(char::is_lowercase) { Cow::Borrowed(first) } else { Cow::Owned(titled(first)) })
}

/// Each word with a capital letter and the rest small; particles small but at the head.
#[must_use]
pub fn titled(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut is_head = true;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let is_small = !is_head && PARTICLES.contains(&word.to_uppercase().as_str());
        push_word(&mut titled, word, is_small);
        titled.push_str(&piece[word.len()..]);
        is_head &= word.is_empty();
    }
    titled
}

/// A letter behind a sign begins a word of its own (`Perez-Lopez`, `O'Farrill`), one behind a digit does not.
fn push_word(titled: &mut String, word: &str, is_small: bool) {
    if is_ordinal(word) {
        titled.push_str(word);
        return;
    }
    let mut is_inside = is_small;
    for letter in word.chars() {
        if is_inside {
            titled.extend(letter.to_lowercase());
        } else {
            titled.extend(letter.to_uppercase());
        }
        is_inside = is_small || letter.is_alphanumeric() || is_mark(letter);
    }
}

/// The third of the name.
fn is_ordinal(word: &str) -> bool {
    matches!(word, "II" | "III" | "IV" | "VI" | "VII" | "VIII")
}

/// Whether a word says that this is no person.
fn is_of_something_else(name: &str) -> bool {
    name.split_whitespace().map(bare).any(|bare| is_one_of(&COMPANY, &bare) || is_one_of(&FILLER, &bare))
}

/// Whether a bare word is what somebody is called by, and not something before it or between.
fn is_name(bare: &str) -> bool {
    let tables: [&[&str]; 3] = [&TITLES, &ABBREVIATED, &PARTICLES];
    bare.chars().count() > 1 && !tables.iter().any(|table| is_one_of(table, bare))
}

/// Whether a word is made of what names are made of; tax ids, numbers and damaged letters are not.
fn is_spelled(word: &str) -> bool {
    word.chars().all(|letter| {
        letter.is_alphabetic() || is_mark(letter) || matches!(letter, '.' | '\'' | '’' | '-' | ',')
    })
}

fn is_one_of(table: &[&str], bare: &str) -> bool {
    table.contains(&bare)
}

/// The letters of a word in capitals.
fn bare(word: &str) -> String {
    word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// An accent that stands by itself behind its letter.
fn is_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_in_capitals_is_written_as_people_write_it() {
        for (name, expected) in [
            ("MARIA DE LA LUZ PEREZ", "Maria de la Luz Perez"),
            ("JOSÉ ÁNGEL MUÑOZ IBAÑEZ", "José Ángel Muñoz Ibañez"),
            ("JUAN DEL ANGEL Y DE LOS RIOS", "Juan del Angel y de los Rios"),
            ("DE LA CRUZ GOMEZ ANA", "De la Cruz Gomez Ana"),
            ("MA. GUADALUPE LOPEZ G.", "Ma. Guadalupe Lopez G."),
            ("J JESUS E PEREZ", "J Jesus E Perez"),
            ("ANA PEREZ-LOPEZ", "Ana Perez-Lopez"),
            ("PATRICIO O'FARRILL D’ANGELO", "Patricio O'Farrill D’Angelo"),
            ("LUDWIG VAN DER ROHE", "Ludwig van der Rohe"),
            ("JUAN LOPEZ III", "Juan Lopez III"),
            ("JOSE\u{301} PEREZ", "Jose\u{301} Perez"),
            ("PEREZ LOPEZ, JUAN", "Perez Lopez, Juan"),
        ] {
            assert_eq!(display(name), expected);
        }
    }

    #[test]
    fn what_is_no_name_in_capitals_is_left_alone() {
        for name in [
            "",
            "Maria de la Luz",
            "maria lopez",
            "MacGregor Lopez",
            "PEGL800101AB3",
            "PEGL 800101",
            "GRUPO LOPEZ SA DE CV",
            "FERRETERIA LA LUZ S.A. DE C.V.",
            "COMERCIALIZADORA DEL NORTE",
            "SIN NOMBRE",
            "S/N",
            "N/A",
            "NULL",
            "JUAN MU?OZ",
            "PEÃ‘A LOPEZ",
            "5512345678",
            "@X",
            "X",
        ] {
            assert_eq!(display(name), name);
        }
    }

    #[test]
    fn a_person_is_called_by_the_first_whole_name() {
        for (name, expected) in [
            ("MARIA DE LA LUZ PEREZ", Some("Maria")),
            ("JOSÉ ÁNGEL MUÑOZ", Some("José")),
            ("J. JESUS LOPEZ", Some("Jesus")),
            ("MA. DEL CARMEN RUIZ", Some("Carmen")),
            ("LIC. ANA RUIZ", Some("Ana")),
            ("SRA ROSA DIAZ", Some("Rosa")),
            ("\u{a0}ANA, RUIZ", Some("Ana")),
            ("Ana Ruiz", Some("Ana")),
            ("ana ruiz", Some("ana")),
            ("GRUPO LOPEZ SA DE CV", None),
            ("PEGL800101AB3", None),
            ("SIN NOMBRE", None),
            ("J P", None),
            ("DE LA", None),
            ("", None),
            ("JUAN123", None),
            ("ANA 5", Some("Ana")),
            ("JUAN MU?OZ", Some("Juan")),
            ("PEÃ‘A LOPEZ", None),
            ("5512345678 JUAN", None),
        ] {
            assert_eq!(first_name(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_title_keeps_particles_small() {
        assert_eq!(titled("CIUDAD DE MÉXICO"), "Ciudad de México");
        assert_eq!(titled("san luis de la paz"), "San Luis de la Paz");
        assert_eq!(titled("LA PAZ"), "La Paz");
        assert_eq!(titled("  la  PAZ "), "  La  Paz ");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(name in any::<String>()) {
            let _ = (display(&name).into_owned(), first_name(&name), titled(&name));
        }

        #[test]
        fn nothing_but_case_changes(name in "[ -~¡-ÿ\u{300}-\u{303}]{0,60}") {
            let fold = |text: &str| text.to_uppercase();
            prop_assert_eq!(fold(&display(&name)), fold(&name));
            let once = display(&name).into_owned();
            prop_assert_eq!(display(&once), once.as_str());
            if let Some(first) = first_name(&name) {
                prop_assert!(fold(&name).contains(&fold(&first)));
                prop_assert!(!first.is_empty());
            }
        }

        #[test]
        fn a_name_of_capitals_keeps_its_letters(name in "[A-ZÁÉÍÓÚÑÜ]{2,9}( (DE|LA|[A-ZÁÉÍÓÚÑÜ]{1,9})){0,4}") {
            prop_assert_eq!(display(&name).to_uppercase(), name.clone());
            prop_assert_eq!(display(&name).chars().count(), name.chars().count());
        }
    }
}
