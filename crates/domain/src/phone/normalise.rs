//! Steps 2 to 9: from folded text to ten national digits.
//!
//! The order of the steps is part of the rules: quotes go before extensions, extensions before what a spreadsheet
//! made of a number, and all of them before any character is refused. Each step is linear in the input, and short
//! inputs are folded on the stack.

use super::fold::fold;
use super::{NATIONAL_DIGITS, PhoneNumber, PhoneRejection};

/// Inputs up to this many bytes need no allocation.
const STACK_BYTES: usize = 128;

/// Plus, `00`, 52, a three-digit trunk prefix, ten digits: with any more the number is too long by every rule.
const DIGITS_MAX: usize = 2 + 2 + 3 + NATIONAL_DIGITS;

pub(super) fn normalise(raw: &str) -> Result<PhoneNumber, PhoneRejection> {
    if raw.len() <= STACK_BYTES {
        read(fold(raw, &mut [0; STACK_BYTES]))
    } else {
        read(fold(raw, &mut vec![0; raw.len()]))
    }
}

fn read(folded: &[u8]) -> Result<PhoneNumber, PhoneRejection> {
    let text = strip(folded);
    let text = text.strip_prefix(b"=").map_or(text, strip);
    if text.is_empty() {
        return Err(PhoneRejection::Empty);
    }
    let text = without_extension(text).unwrap_or(text);
    if is_star_code(text) {
        return Err(PhoneRejection::SpecialService);
    }
    let dialled = match scientific(text) {
        Some(notation) => Dialled::read(notation.digits()?)?,
        None => Dialled::read(without_fraction(text).iter().copied())?,
    };
    national(&dialled)
}

/// Step 2. Folding has made every curly quote a straight one.
fn strip(text: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| !matches!(byte, b' ' | b'\'' | b'"');
    let start = text.iter().position(is_kept).unwrap_or(text.len());
    let end = text.iter().rposition(is_kept).map_or(start, |last| last + 1);
    &text[start..end]
}

/// Step 3: the text before `[,;]? (ext[.:=]?|x) 1–6 digits`, if that is its tail and a digit stands before it.
fn without_extension(text: &[u8]) -> Option<&[u8]> {
    let before_digits = trim_end(text, |byte| byte.is_ascii_digit());
    if !(1..=6).contains(&(text.len() - before_digits.len())) {
        return None;
    }
    let label = trim_spaces(before_digits);
    let before_label = strip_label(label, b"x").or_else(|| {
        strip_label(
            label
                .strip_suffix(b".")
                .or(label.strip_suffix(b":"))
                .or(label.strip_suffix(b"="))
                .unwrap_or(label),
            b"ext",
        )
    })?;
    let tail = trim_spaces(before_label);
    let number = trim_spaces(tail.strip_suffix(b",").or(tail.strip_suffix(b";")).unwrap_or(tail));
    number.iter().any(u8::is_ascii_digit).then_some(number)
}

fn strip_label<'t>(text: &'t [u8], label: &[u8]) -> Option<&'t [u8]> {
    let (before, tail) = text.split_at_checked(text.len().checked_sub(label.len())?)?;
    tail.eq_ignore_ascii_case(label).then_some(before)
}

fn trim_spaces(text: &[u8]) -> &[u8] {
    trim_end(text, |byte| byte == b' ')
}

fn trim_end(text: &[u8], is_trimmed: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().rposition(|&byte| !is_trimmed(byte)).map_or(0, |last| last + 1);
    &text[..end]
}

/// Step 4.
fn is_star_code(text: &[u8]) -> bool {
    text.strip_prefix(b"*").is_some_and(|code| {
        let digits = code.strip_suffix(b"#").unwrap_or(code);
        (2..=5).contains(&digits.len()) && are_digits(digits)
    })
}

/// `d.dddE+nn`, as spreadsheets show a long number.
struct Scientific<'t> {
    first: u8,
    fraction: &'t [u8],
    exponent: usize,
}

impl<'t> Scientific<'t> {
    /// The digits of the number, if the notation has kept all of them.
    fn digits(&self) -> Result<impl Iterator<Item = u8> + use<'t>, PhoneRejection> {
        if self.fraction.len() == self.exponent {
            Ok([self.first].into_iter().chain(self.fraction.iter().copied()))
        } else {
            Err(PhoneRejection::NotANumber)
        }
    }
}

/// Step 5, first half.
fn scientific(text: &[u8]) -> Option<Scientific<'_>> {
    let [first @ b'0'..=b'9', b'.' | b',', rest @ ..] = text else {
        return None;
    };
    let mut parts = rest.splitn(2, |byte| byte.eq_ignore_ascii_case(&b'e'));
    let (fraction, power) = (parts.next()?, parts.next()?);
    let power = power.strip_prefix(b"+").unwrap_or(power);
    (are_digits(fraction) && are_digits(power)).then(|| Scientific {
        first: *first,
        fraction,
        exponent: power.iter().fold(0_usize, |exponent, digit| {
            exponent.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        }),
    })
}

/// Step 5, second half: a plain number that a spreadsheet took for a decimal one. A plus may lead it.
fn without_fraction(text: &[u8]) -> &[u8] {
    text.strip_suffix(b".00")
        .or(text.strip_suffix(b".0"))
        .filter(|whole| are_digits(whole.strip_prefix(b"+").unwrap_or(whole)))
        .unwrap_or(text)
}

fn are_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// What is left when the separators are gone.
struct Dialled {
    kept: [u8; DIGITS_MAX],
    digits_count: usize,
    has_plus: bool,
}

impl Dialled {
    /// Step 6.
    fn read(text: impl Iterator<Item = u8>) -> Result<Self, PhoneRejection> {
        let mut dialled = Self { kept: [0; DIGITS_MAX], digits_count: 0, has_plus: false };
        for byte in text {
            match byte {
                b'0'..=b'9' => {
                    if let Some(slot) = dialled.kept.get_mut(dialled.digits_count) {
                        *slot = byte;
                    }
                    dialled.digits_count += 1;
                }
                b'+' if dialled.digits_count == 0 && !dialled.has_plus => dialled.has_plus = true,
                b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {}
                _ => return Err(PhoneRejection::NotANumber),
            }
        }
        if dialled.digits_count == 0 { Err(PhoneRejection::Empty) } else { Ok(dialled) }
    }
}

/// Steps 7 to 9, and step 10 by [`PhoneNumber`] itself.
fn national(dialled: &Dialled) -> Result<PhoneNumber, PhoneRejection> {
    let bare = dialled.kept.get(..dialled.digits_count).ok_or(PhoneRejection::TooLong)?;
    let (digits, trunks): (_, &[&[u8]]) = match without_country(bare, dialled.has_plus)? {
        Some(digits) => (digits, &[b"044", b"045", b"01", b"1"]),
        None => (bare, &[b"044", b"045", b"01"]),
    };
    let digits = if digits.len() > NATIONAL_DIGITS {
        trunks.iter().find_map(|trunk| digits.strip_prefix(*trunk)).unwrap_or(digits)
    } else {
        digits
    };
    match digits.len() {
        ..NATIONAL_DIGITS if is_short_code(bare) => Err(PhoneRejection::SpecialService),
        ..NATIONAL_DIGITS => Err(PhoneRejection::TooShort),
        NATIONAL_DIGITS => {
            PhoneNumber::judge(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
        }
        _ => Err(PhoneRejection::TooLong),
    }
}

/// Step 7: the digits behind Mexico's country code, none if there is no country code.
fn without_country(bare: &[u8], has_plus: bool) -> Result<Option<&[u8]>, PhoneRejection> {
    let exit_code = bare.strip_prefix(b"00");
    if has_plus {
        behind_52(exit_code.unwrap_or(bare)).map(Some)
    } else if let Some(international) = exit_code.filter(|_| bare.len() > NATIONAL_DIGITS) {
        behind_52(international).map(Some)
    } else {
        Ok(bare.strip_prefix(b"52").filter(|digits| digits.len() >= NATIONAL_DIGITS))
    }
}

fn behind_52(international: &[u8]) -> Result<&[u8], PhoneRejection> {
    international.strip_prefix(b"52").ok_or(match international.len() {
        ..7 => PhoneRejection::TooShort,
        7..=15 => PhoneRejection::Foreign,
        _ => PhoneRejection::TooLong,
    })
}

/// Emergency, information and short message services that are dialled without an area code.
fn is_short_code(bare: &[u8]) -> bool {
    matches!(bare, [b'0', b'1'..=b'9', _] | b"911" | b"7766" | b"53053")
}
