//! What everybody tries first: common passwords, walks over the keyboard, one's own address.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Email;

/// Passwords that people choose again and again in English and in Spanish, the words they make them of, and walks over
/// the keyboard: small letters and digits without accents, one a line.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// The longest line of the list, in bytes.
const COMMON_BYTES_MAX: usize = 28;

/// A password of so many common words is guessed; of more it is a phrase.
const WORDS_MAX: usize = 2;

/// The longest unit that, over and over again, makes a password no better: `abcabcabcabc`.
const UNIT_BYTES_MAX: usize = 4;

/// The fewest letters of a part of an address that is looked for in a password.
const PART_BYTES_MIN: usize = 2;

/// Whether `typed` is among what is tried first: one or two common words or walks, or parts of the user's address, in
/// any case, with digits and signs before, behind and between them or in the place of letters; or a few characters over
/// and over.
pub(super) fn is_guessable(typed: &str, email: &Email) -> bool {
    let folded = folded(typed);
    let whole = unit_of(&folded);
    if whole.len() <= UNIT_BYTES_MAX && whole.len() < folded.len() {
        return true;
    }
    let parts = parts_of(email);
    let is_word = |c: char| c.is_ascii_alphabetic();
    let trimmed = whole.trim_matches(|c: char| !c.is_ascii_alphabetic());
    let behind = whole.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    let letters = |text: &str| text.chars().filter(|c| is_word(*c)).collect::<String>();
    [
        whole.chars().filter(char::is_ascii_alphanumeric).collect(),
        letters(whole),
        letters(&meant(trimmed)),
        letters(&meant(behind)),
    ]
    .iter()
    .any(|form: &String| words_of(unit_of(form), &parts).is_some_and(|words| words <= WORDS_MAX))
}

/// Small letters, without their accents. What is of another alphabet stays, and is in no list.
fn folded(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The letters for which signs and digits stand: `p4$$w0rd`.
fn meant(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// The shortest text that, over and over again, is `text`.
fn unit_of(text: &str) -> &str {
    let bytes = text.as_bytes();
    (1..=bytes.len() / 2)
        .filter(|length| bytes.len().is_multiple_of(*length) && text.is_char_boundary(*length))
        .find(|length| bytes.chunks(*length).all(|chunk| *chunk == bytes[..*length]))
        .map_or(text, |length| &text[..length])
}

/// The words of an address.
fn parts_of(email: &Email) -> Vec<String> {
    folded(email.as_str())
        .split(|c: char| !c.is_alphabetic())
        .filter(|part| part.len() >= PART_BYTES_MIN)
        .map(str::to_owned)
        .collect()
}

/// Of how few common words `text` is made, where parts of the address count for nothing; `None` when of others, too.
fn words_of(text: &str, parts: &[String]) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    // The fewest words that lead to each place.
    let mut fewest: Vec<Option<usize>> = vec![None; text.len() + 1];
    fewest[0] = Some(0);
    for from in 0..text.len() {
        let Some(words) = fewest[from] else { continue };
        let rest = &text.as_bytes()[from..];
        let mut reach = |length: usize, words: usize| {
            let there = &mut fewest[from + length];
            *there = Some(there.map_or(words, |known| known.min(words)));
        };
        for part in parts {
            if rest.starts_with(part.as_bytes()) {
                reach(part.len(), words);
            }
        }
        for length in 1..=rest.len().min(COMMON_BYTES_MAX) {
            if std::str::from_utf8(&rest[..length]).is_ok_and(|word| COMMON.contains(word)) {
                reach(length, words + 1);
            }
        }
    }
    fewest[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(typed: &str) -> bool {
        is_guessable(typed, &Email::parse("ana.lopez-ruiz@empresa.com.mx").unwrap())
    }

    #[test]
    fn the_list_is_sorted_folded_and_of_a_few_thousand() {
        let lines: Vec<&str> = include_str!("common_passwords.txt").lines().collect();
        assert!((2_000..10_000).contains(&lines.len()), "{}", lines.len());
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(lines.iter().map(|line| line.len()).max(), Some(COMMON_BYTES_MAX));
        for line in lines {
            assert!(line.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{line}");
        }
    }

    #[test]
    fn common_words_and_walks_are_guessed_with_whatever_is_put_around_them() {
        for common in [
            "password1234",
            "Password-2026!",
            "P4$$w0rd2026",
            "CONTRASEÑA1234",
            "contraseña_segura",
            "passwordpassword",
            "passwordpasswordpassword",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "QwertyAsdfgh1!",
            "123456789012",
            "987654321098",
            "112233445566".get(..10).unwrap(),
            "19851985",
            "guadalupe1985",
            "¡América-2026!",
            "tequieromucho14",
            "abcabcabcabc",
            "aaaaaaaaaaaa",
            "ñandñandñand",
            "Monterrey.Rayados.2024",
            "12345password",
            "@dministrador99",
        ] {
            assert!(guessed(common), "{common}");
        }
    }

    #[test]
    fn one_s_own_address_is_guessed_in_parts_and_whole() {
        for own in [
            "Ana.Lopez-Ruiz",
            "ana.lopez-ruiz@empresa.com.mx",
            "empresa-2026-empresa",
            "AnaLópezRuiz1985",
            "lopez_password_1",
            "empresaempresa",
        ] {
            assert!(guessed(own), "{own}");
        }
    }

    #[test]
    fn phrases_and_what_nobody_else_has_are_not() {
        for sound in [
            "una frase larga de prueba",
            "correct horse battery staple",
            "ñandú ñandú ñ",
            "tres tortugas cruzan el zócalo",
            "amor dinero familia dragones",
            "k7#Qz!p2vX9m",
            "lopez vende sillas verdes",
            "80417725390164",
            "23456789abcdefghijkm",
            "пароль-не-из-списка",
            "🔑🔑🔒🔑🔒🔒🔑🔒🔑🔑🔑🔒",
        ] {
            assert!(!guessed(sound), "{sound}");
        }
    }

    #[test]
    fn the_longest_password_of_the_shortest_words_is_judged_at_once() {
        assert!(!guessed(&"qweasdzxcrtyfghvbn".repeat(57)[..1_023].replace("rty", "rt")));
        assert!(!guessed(&"abcd".repeat(255).replacen("abcd", "zzzz", 3)));
    }
}
