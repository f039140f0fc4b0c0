//! What people type to find a contact: a number or a part of one, or words of a name or an address.

use crate::phone::PhoneNumber;

/// The longest text that is searched for, in characters.
pub const QUERY_CHARS_MAX: usize = 200;
/// The most words of it.
pub const WORDS_MAX: usize = 8;
/// The fewest digits of a part of a number, and the fewest characters of a single word.
pub const PART_DIGITS_MIN: usize = 3;
const WORD_CHARS_MIN: usize = 2;
/// Digits of a whole number.
const WHOLE_DIGITS: usize = 10;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactQuery {
    /// The contact of this number.
    Phone(PhoneNumber),
    /// Contacts whose number begins or ends with these digits, three to nine of them.
    PartOfPhone(String),
    /// Contacts whose name or address has all of these words; of the last one the beginning is enough.
    Words(Vec<String>),
}

/// Why nothing is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryRefused {
    /// There is too little of it.
    #[error(
        "give at least {PART_DIGITS_MIN} digits of a number, or a word of at least {WORD_CHARS_MIN} letters"
    )]
    TooShort,
    /// There is too much of it.
    #[error("give at most {QUERY_CHARS_MAX} characters and {WORDS_MAX} words")]
    TooLong,
    /// There are more digits than a number has.
    #[error("these are more digits than a number has; give ten, or some of them")]
    NoNumber,
}

impl ContactQuery {
    /// Reads what was typed. Digits with what people write between them are a number; everything else is words.
    ///
    /// # Errors
    /// When there is too little or too much of it.
    pub fn parse(text: &str) -> Result<Self, QueryRefused> {
        let text = text.trim();
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(QueryRefused::TooLong);
        }
        let is_number = text.chars().any(|letter| letter.is_ascii_digit())
            && text.chars().all(|letter| letter.is_ascii_digit() || " +-().".contains(letter));
        if is_number { Self::number(text) } else { Self::words(text) }
    }

    fn number(text: &str) -> Result<Self, QueryRefused> {
        if let Ok(phone) = PhoneNumber::parse(text) {
            return Ok(Self::Phone(phone));
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = match digits.strip_prefix("52") {
            Some(national) if text.starts_with('+') => national,
            Some(_) | None => &digits,
        };
        match digits.len() {
            0..PART_DIGITS_MIN => Err(QueryRefused::TooShort),
            PART_DIGITS_MIN..WHOLE_DIGITS => Ok(Self::PartOfPhone(digits.to_owned())),
            _ => Err(QueryRefused::NoNumber),
        }
    }

    fn words(text: &str) -> Result<Self, QueryRefused> {
        let words: Vec<String> = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        if words.len() > WORDS_MAX {
            return Err(QueryRefused::TooLong);
        }
        if words.iter().all(|word| word.chars().count() < WORD_CHARS_MIN) {
            return Err(QueryRefused::TooShort);
        }
        Ok(Self::Words(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        match ContactQuery::parse(text) {
            Ok(ContactQuery::Words(words)) => words,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for text in ["55 1234 5678", "5512345678", "+52 55 1234 5678", "(55) 1234-5678", "+52 1 55 1234 5678"]
        {
            let expected = ContactQuery::Phone(PhoneNumber::parse("5512345678").unwrap());
            assert_eq!(ContactQuery::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn some_digits_are_a_part_of_a_number() {
        for (text, digits) in [("551", "551"), ("55 1234", "551234"), ("+52 551", "551"), ("5678", "5678")] {
            assert_eq!(ContactQuery::parse(text), Ok(ContactQuery::PartOfPhone(digits.to_owned())), "{text}");
        }
        for (text, refused) in [
            ("5", QueryRefused::TooShort),
            ("+52", QueryRefused::TooShort),
            ("12345678901234", QueryRefused::NoNumber),
        ] {
            assert_eq!(ContactQuery::parse(text), Err(refused), "{text}");
        }
    }

    #[test]
    fn everything_else_is_words_and_what_stands_between_them_is_nothing() {
        assert_eq!(words(" María  Hernández "), ["maría", "hernández"]);
        assert_eq!(words("O'Brien & (López) | !Ruiz:*"), ["o", "brien", "lópez", "ruiz"]);
        assert_eq!(words("Calle 5 de Mayo"), ["calle", "5", "de", "mayo"]);
        assert_eq!(words("50%_a"), ["50", "a"]);
    }

    #[test]
    fn what_has_no_word_or_too_many_is_refused() {
        for text in ["", " ", "a", "😀", "%", "_", ":*", "'; --"] {
            assert_eq!(ContactQuery::parse(text), Err(QueryRefused::TooShort), "{text:?}");
        }
        assert_eq!(ContactQuery::parse(&"a".repeat(201)), Err(QueryRefused::TooLong));
        assert_eq!(ContactQuery::parse("a b c d e f g h i"), Err(QueryRefused::TooLong));
    }
}
