//! What people answer to say no, yes or help: one table for the whole product.

use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::port::ConsentChange;

/// Words that say no.
const NO: [&str; 11] =
    ["ALTO", "BAJA", "CANCELAR", "SALIR", "PARAR", "DETENER", "NO MAS", "STOP", "UNSUBSCRIBE", "END", "QUIT"];

/// Those of them that say no even at the head of a longer message.
const NO_AT_THE_HEAD: [&str; 3] = ["ALTO", "STOP", "BAJA"];

/// Words that take a no back.
const YES: [&str; 2] = ["ALTA", "START"];

/// Words that ask for help.
const HELP: [&str; 3] = ["AYUDA", "HELP", "INFO"];

/// What people write who mean no without one of the words. It is taken for a no at once, for who is written to against their will
/// is worse than who is not written to, and shown to people, who may take it back.
const NO_IN_OTHER_WORDS: [&str; 24] = [
    "YA NO QUIERO",
    "NO QUIERO MAS",
    "NO QUIERO RECIBIR",
    "NO DESEO",
    "NO ME MANDEN",
    "NO ME MANDE",
    "NO MANDEN",
    "NO ME ENVIEN",
    "NO ME ENVIE",
    "NO ENVIEN",
    "NO ME ESCRIBAN",
    "NO ME MOLESTEN",
    "NO MOLESTEN",
    "DEJEN DE",
    "DEJE DE",
    "DEJA DE",
    "QUITENME",
    "BORRENME",
    "ELIMINENME",
    "SAQUENME",
    "DE BAJA",
    "DARME BAJA",
    "OPT OUT",
    "REMOVE ME",
];

/// What may mean no, and may not: nothing follows from it until somebody has looked at it.
const PERHAPS_NO: [&str; 8] = [
    "NO GRACIAS",
    "NO ME INTERESA",
    "NO INTERESA",
    "EQUIVOCADO",
    "QUIEN ES",
    "QUIEN ERES",
    "PROFECO",
    "DENUNCIAR",
];

/// What a text tells people to do with one of the words.
const TELL: [&str; 18] = [
    "RESPONDE",
    "RESPONDA",
    "RESPONDER",
    "RESPONDIENDO",
    "CONTESTA",
    "CONTESTE",
    "ENVIA",
    "ENVIE",
    "ENVIAR",
    "ENVIANDO",
    "MANDA",
    "MANDE",
    "ESCRIBE",
    "ESCRIBA",
    "REPLY",
    "SEND",
    "TEXT",
    "ANSWER",
];

/// What may stand between that and the word.
const BETWEEN: [&str; 6] = ["CON", "LA", "PALABRA", "UN", "WITH", "THE"];

/// The most words of a message that counts by its first one.
const SHORT_WORDS_MAX: usize = 3;

/// What somebody means by what they wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// They want no more.
    OptOut,
    /// They take a no back.
    OptIn,
    /// They ask for help.
    Help,
    /// Something else.
    Other,
}

impl Meaning {
    /// Every meaning.
    pub const ALL: [Self; 4] = [Self::OptOut, Self::OptIn, Self::Help, Self::Other];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
            Self::Help => "help",
            Self::Other => "other",
        }
    }
}

impl FromStr for Meaning {
    type Err = UnknownMeaning;

    fn from_str(name: &str) -> Result<Self, UnknownMeaning> {
        Self::ALL.into_iter().find(|meaning| meaning.as_str() == name).ok_or(UnknownMeaning)
    }
}

/// A meaning that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a meaning is one of opt_out, opt_in, help, other")]
pub struct UnknownMeaning;

/// How a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What it means.
    pub meaning: Meaning,
    /// Whether somebody should look at it.
    pub is_doubtful: bool,
}

impl Reading {
    /// What follows from it at once.
    #[must_use]
    pub fn consent(self) -> Option<ConsentChange> {
        match self.meaning {
            Meaning::OptOut => Some(ConsentChange::OptOut),
            Meaning::OptIn => Some(ConsentChange::OptIn),
            Meaning::Help | Meaning::Other => None,
        }
    }
}

/// Reads what somebody wrote. It is certain where the whole of it is one of the words, or the first word of at most three is;
/// what begins with a strong word, or says no in other words, is taken for a no and is doubtful. Blind to case, accents, punctuation and
/// emoji.
#[must_use]
pub fn read(text: &str) -> Reading {
    let words = words(text);
    let whole = words.join(" ");
    let first = words.first().map(String::as_str).unwrap_or_default();
    let is_short = words.len() <= SHORT_WORDS_MAX;
    let says = |table: &[&str]| table.contains(&whole.as_str()) || (is_short && table.contains(&first));
    let around = format!(" {whole} ");
    let holds = |table: &[&str]| table.iter().any(|phrase| around.contains(&format!(" {phrase} ")));
    let (meaning, is_doubtful) = if says(&NO) {
        (Meaning::OptOut, false)
    } else if says(&YES) {
        (Meaning::OptIn, false)
    } else if says(&HELP) {
        (Meaning::Help, false)
    } else if NO_AT_THE_HEAD.contains(&first) || holds(&NO_IN_OTHER_WORDS) {
        (Meaning::OptOut, true)
    } else {
        (Meaning::Other, holds(&PERHAPS_NO))
    };
    Reading { meaning, is_doubtful }
}

/// Whether a text of ours tells how to say no: to answer, send or write one of the words, in one sentence. Blind to case,
/// accents and punctuation; a word alone is none (`el más alto`).
#[must_use]
pub fn tells_how_to_say_no(text: &str) -> bool {
    let words = words(text);
    (0..words.len()).filter(|n| TELL.contains(&words[*n].as_str())).any(|n| {
        let mut behind = words[n + 1..].iter().map(String::as_str).skip_while(|word| BETWEEN.contains(word));
        match (behind.next(), behind.next()) {
            (Some("NO"), Some("MAS")) => true,
            (Some(word), _) => NO.contains(&word),
            (None, _) => false,
        }
    })
}

/// The words in capital letters without accents; the two at the head that say no together are one.
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .nfd()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .flat_map(char::to_uppercase)
        .collect();
    let mut words: Vec<String> = plain.split_whitespace().map(str::to_owned).collect();
    if let [no, mas, ..] = words.as_slice()
        && no == "NO"
        && mas == "MAS"
    {
        words.splice(..2, ["NO MAS".to_owned()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_how_to_say_no_by_telling_what_to_do() {
        for text in [
            "Responde ALTO",
            "¡Oferta! Envía la palabra «Baja» al 55",
            "Reply STOP to end",
            "contesta no más",
        ] {
            assert!(tells_how_to_say_no(text), "{text}");
        }
        for text in [
            "el edificio más alto",
            "ALTO",
            "Responde SI para ganar",
            "baja de precios",
            "responde",
            "envía tu no",
        ] {
            assert!(!tells_how_to_say_no(text), "{text}");
        }
    }

    #[test]
    fn a_no_is_understood_however_it_is_written() {
        for text in [
            "ALTO",
            "alto",
            " Alto! ",
            "¡ALTO! 😡",
            "baja",
            "No más",
            "no mas por favor",
            "¡No! Más no",
            "STOP",
            "Cancelar ya",
            "quit.",
            "Baja la música por favor que está muy alta",
            "alto ahí señores de la tienda",
        ] {
            assert_eq!(read(text).consent(), Some(ConsentChange::OptOut), "{text}");
        }
        for text in ["ALTA", "start", "Alta por favor"] {
            assert_eq!(read(text).consent(), Some(ConsentChange::OptIn), "{text}");
        }
        for text in [
            "",
            "😀",
            "hola",
            "el alto",
            "quiero salir de compras",
            "cancelar mi cita de mañana",
            "altos",
            "no mas de tres por persona",
            "ayuda",
        ] {
            assert_eq!(read(text).consent(), None, "{text}");
        }
    }

    #[test]
    fn what_is_doubtful_is_shown_to_people_and_a_no_in_other_words_holds_until_then() {
        let doubtful_no = Reading { meaning: Meaning::OptOut, is_doubtful: true };
        for text in [
            "Ya no quiero que me manden mensajes",
            "por favor NO ME MANDEN nada",
            "¡Dejen de molestar!",
            "bórrenme de su lista",
            "quiero darme de baja",
            "Baja la música por favor que está muy alta",
            "alto ahí señores de la tienda",
        ] {
            assert_eq!(read(text), doubtful_no, "{text}");
        }
        for text in ["No gracias", "no me interesa por ahora", "número equivocado", "¿Quién es?"] {
            assert_eq!(read(text), Reading { meaning: Meaning::Other, is_doubtful: true }, "{text}");
        }
        for (text, meaning) in [
            ("ALTO", Meaning::OptOut),
            ("alta", Meaning::OptIn),
            ("¿Ayuda?", Meaning::Help),
            ("info por favor", Meaning::Help),
            ("hola, ¿a qué hora abren?", Meaning::Other),
            ("quiero dos de baja intensidad", Meaning::OptOut),
            ("", Meaning::Other),
        ] {
            assert_eq!(read(text).meaning, meaning, "{text}");
        }
        assert!(!read("hola").is_doubtful && !read("ALTO").is_doubtful && !read("").is_doubtful);
    }

    #[test]
    fn the_tables_hold_words_as_they_are_read() {
        let tables: [&[&str]; 5] = [&NO, &YES, &HELP, &NO_IN_OTHER_WORDS, &PERHAPS_NO];
        for phrase in tables.into_iter().flatten() {
            assert_eq!(words(phrase).join(" "), *phrase);
        }
    }
}
