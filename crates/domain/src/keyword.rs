//! What people answer to say no, yes or help: one table for the whole product.

use unicode_normalization::UnicodeNormalization;

use crate::port::ConsentChange;

/// Words that say no.
const NO: [&str; 11] =
    ["ALTO", "BAJA", "CANCELAR", "SALIR", "PARAR", "DETENER", "NO MAS", "STOP", "UNSUBSCRIBE", "END", "QUIT"];

/// Those of them that say no even at the head of a longer message.
const NO_AT_THE_HEAD: [&str; 3] = ["ALTO", "STOP", "BAJA"];

/// Words that take a no back.
const YES: [&str; 2] = ["ALTA", "START"];

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

/// What somebody decided by writing `text`: the whole of it is one of the words, or the first word of at most three is.
/// Blind to case, accents, punctuation and emoji.
#[must_use]
pub fn consent_of(text: &str) -> Option<ConsentChange> {
    let words = words(text);
    let whole = words.join(" ");
    let first = words.first()?.as_str();
    let is_short = words.len() <= SHORT_WORDS_MAX;
    let says = |table: &[&str]| table.contains(&whole.as_str()) || (is_short && table.contains(&first));
    if says(&NO) || NO_AT_THE_HEAD.contains(&first) {
        Some(ConsentChange::OptOut)
    } else if says(&YES) {
        Some(ConsentChange::OptIn)
    } else {
        None
    }
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
            assert_eq!(consent_of(text), Some(ConsentChange::OptOut), "{text}");
        }
        for text in ["ALTA", "start", "Alta por favor"] {
            assert_eq!(consent_of(text), Some(ConsentChange::OptIn), "{text}");
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
            assert_eq!(consent_of(text), None, "{text}");
        }
    }
}
