//! Step 1: every spelling of a digit, a space, a dash or a quote becomes one ASCII byte.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Stands for a character that no rule knows; it is not ASCII punctuation, so that no rule takes it for one.
const UNKNOWN: u8 = 0;

/// Folds `raw` into `buffer`, one byte a character at most, and returns what was written.
///
/// A buffer as long as `raw` always suffices.
pub(super) fn fold<'b>(raw: &str, buffer: &'b mut [u8]) -> &'b [u8] {
    let mut length = 0;
    for (slot, byte) in buffer.iter_mut().zip(raw.chars().filter_map(fold_char)) {
        *slot = byte;
        length += 1;
    }
    &buffer[..length]
}

/// None for format characters (bidi marks, joiners, the byte order mark), which vanish.
fn fold_char(letter: char) -> Option<u8> {
    match letter {
        _ if letter.is_whitespace() => Some(b' '),
        '\0'..='\x7f' => u8::try_from(letter).ok(),
        '‘' | '’' | '“' | '”' => Some(b'"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => Some(b'-'),
        '\u{ff01}'..='\u{ff5e}' => u8::try_from(u32::from(letter) - 0xfee0).ok(),
        _ if letter.general_category() == GeneralCategory::Format => None,
        _ => Some(decimal_digit(letter).unwrap_or(UNKNOWN)),
    }
}

/// The ASCII form of a decimal digit of any script.
///
/// Unicode keeps the digits of a script in a row, zero first, and rows in blocks of their own; so a digit's value
/// is its distance from the start of the block modulo ten.
fn decimal_digit(letter: char) -> Option<u8> {
    is_decimal_digit(letter).then(|| {
        let before = (0..u32::from(letter)).rev().map_while(char::from_u32);
        before
            .zip(0_u8..)
            .find(|&(earlier, _)| !is_decimal_digit(earlier))
            .map_or(b'0', |(_, distance)| b'0' + distance % 10)
    })
}

fn is_decimal_digit(letter: char) -> bool {
    letter.general_category() == GeneralCategory::DecimalNumber
}
