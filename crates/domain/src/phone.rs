//! Mexican telephone numbers: ten national digits, and nothing else gets past this room.
//!
//! What people and spreadsheets write is normalised step by step in `normalise`; the ten digits are judged here.
//! Whether an area code is assigned is libphonenumber's answer, asked once for each lead. Line type and carrier
//! are not knowable from the digits and do not enter.

use std::fmt;
use std::num::NonZeroU64;

use crate::lada::Lada;

mod assigned;
mod fold;
mod normalise;
mod outcome;
mod rejection;
#[cfg(test)]
mod tests;

pub use outcome::Outcome;
pub use rejection::{PhoneRejection, UnknownPhoneRejection};

/// Ten national digits, the first of them 2 to 9; neither a placeholder nor a special service.
///
/// Mexico has had ten digits without trunk prefixes since 2019-08-03. The area code may be unassigned: such a
/// number is well formed and kept, but not valid (see [`PhoneNumber::is_assigned`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(NonZeroU64);

impl PhoneNumber {
    /// Reads a number as people, spreadsheets and other programs write it.
    ///
    /// # Errors
    /// The reason why the input is not one Mexican number, the first that applies.
    pub fn parse(raw: &str) -> Result<Self, PhoneRejection> {
        match plain_ten_digits(raw.as_bytes()) {
            Some(national) => Self::judge(national),
            None => normalise::normalise(raw),
        }
    }

    /// Takes ten national digits, such as a database keeps them.
    ///
    /// # Errors
    /// Under ten digits (a leading zero included) `TooShort`, over ten `TooLong`, else what the digits themselves
    /// say: `Placeholder`, `SpecialService`.
    pub fn from_national(national: u64) -> Result<Self, PhoneRejection> {
        match national {
            ..NATIONAL_MIN => Err(PhoneRejection::TooShort),
            NATIONAL_MIN..=NATIONAL_MAX => Self::judge(national),
            _ => Err(PhoneRejection::TooLong),
        }
    }

    /// The verdict on exactly ten digits, leading zeros included.
    fn judge(national: u64) -> Result<Self, PhoneRejection> {
        if PLACEHOLDERS[first_digit(national)].contains(&national) {
            return Err(PhoneRejection::Placeholder);
        }
        if national < FIRST_DIGIT_2 {
            return Err(PhoneRejection::BadFirstDigit);
        }
        if matches!(lead(national), 200 | 201 | 300 | 400 | 500 | 600 | 700 | 800 | 888 | 900) {
            return Err(PhoneRejection::SpecialService);
        }
        NonZeroU64::new(national).map(Self).ok_or(PhoneRejection::BadFirstDigit)
    }

    /// The ten national digits as an integer.
    #[must_use]
    pub const fn national(self) -> u64 {
        self.0.get()
    }

    /// The number in E.164 form, `+52` and the ten digits.
    #[must_use]
    pub fn e164(self) -> E164 {
        let mut bytes = *b"+520000000000";
        let mut rest = self.national();
        for byte in bytes[3..].iter_mut().rev() {
            *byte = digit(rest);
            rest /= 10;
        }
        E164(bytes)
    }

    /// Whether the area code is assigned, as libphonenumber knows it.
    #[must_use]
    pub fn is_assigned(self) -> bool {
        assigned::is_assigned(self.lead())
    }

    /// The area code, none if it is not assigned.
    #[must_use]
    pub fn lada(self) -> Option<Lada> {
        Lada::of(self)
    }

    /// The form that logs and people without a right to the number may see.
    #[must_use]
    pub const fn masked(self) -> MaskedPhone {
        MaskedPhone(self)
    }

    /// The first three digits.
    pub(crate) fn lead(self) -> u16 {
        lead(self.national())
    }
}

/// Masked: a number in full stands in no log and no error.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.masked(), f)
    }
}

const NATIONAL_DIGITS: usize = 10;
const NATIONAL_MIN: u64 = 1_000_000_000;
const NATIONAL_MAX: u64 = 9_999_999_999;
const FIRST_DIGIT_2: u64 = 2_000_000_000;

/// By first digit: all equal, each next digit one more, each one less (9 and 0 are neighbours).
const PLACEHOLDERS: [[u64; 3]; 10] = placeholders();

const fn placeholders() -> [[u64; 3]; 10] {
    // What is added to a digit to get the next one, modulo 10.
    let steps = [0, 1, 9];
    let mut table = [[0; 3]; 10];
    let mut first = 0;
    while first < 10 {
        let mut kind = 0;
        while kind < steps.len() {
            let mut digit = first as u64;
            let mut position = 0;
            while position < 10 {
                table[first][kind] = table[first][kind] * 10 + digit;
                digit = (digit + steps[kind]) % 10;
                position += 1;
            }
            kind += 1;
        }
        first += 1;
    }
    table
}

fn plain_ten_digits(bytes: &[u8]) -> Option<u64> {
    let digits: &[u8; 10] = bytes.try_into().ok()?;
    let mut national = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        national = national * 10 + u64::from(byte - b'0');
    }
    Some(national)
}

fn first_digit(national: u64) -> usize {
    usize::try_from(national / NATIONAL_MIN % 10).unwrap_or_default()
}

fn lead(national: u64) -> u16 {
    u16::try_from(national / 10_000_000 % 1000).unwrap_or_default()
}

fn digit(number: u64) -> u8 {
    b"0123456789"[usize::try_from(number % 10).unwrap_or_default()]
}

/// A number in E.164 form, thirteen ASCII characters, held without allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164([u8; 13]);

impl E164 {
    /// The form as text, `+525512345678`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction, so the default is never taken.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl AsRef<str> for E164 {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Masked, as that of [`PhoneNumber`].
impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_masked(f, &self.as_str()[9..])
    }
}

/// A number of which the last four digits alone are legible: `+52••••••5678`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskedPhone(PhoneNumber);

impl fmt::Display for MaskedPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_masked(f, &self.0.e164().as_str()[9..])
    }
}

impl fmt::Debug for MaskedPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_masked(f: &mut fmt::Formatter<'_>, last_four: &str) -> fmt::Result {
    write!(f, "+52••••••{last_four}")
}
