//! Why an input is not a Mexican number.

use std::str::FromStr;

/// Why an input is not a Mexican number that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum PhoneRejection {
    /// Nothing, or separators alone.
    #[error("the number is empty")]
    Empty,
    /// Something else than one number: letters, two numbers, digits that a spreadsheet lost.
    #[error("the text is not one telephone number")]
    NotANumber,
    /// Fewer than ten national digits.
    #[error("the number has fewer than ten digits")]
    TooShort,
    /// More than ten national digits.
    #[error("the number has more than ten digits")]
    TooLong,
    /// Ten digits of which the first is 0 or 1.
    #[error("a national number does not begin with 0 or 1")]
    BadFirstDigit,
    /// A number of another country.
    #[error("the number belongs to another country")]
    Foreign,
    /// A short code, an emergency line, a star code, or a toll-free or premium lead.
    #[error("the number is a service, not a subscriber")]
    SpecialService,
    /// All digits equal, or counting up or down.
    #[error("the number is a placeholder")]
    Placeholder,
}

impl PhoneRejection {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::NotANumber,
        Self::TooShort,
        Self::TooLong,
        Self::BadFirstDigit,
        Self::Foreign,
        Self::SpecialService,
        Self::Placeholder,
    ];

    /// The reason's name, as in the API, in reports and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotANumber => "not_a_number",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::BadFirstDigit => "bad_first_digit",
            Self::Foreign => "foreign",
            Self::SpecialService => "special_service",
            Self::Placeholder => "placeholder",
        }
    }
}

/// A reason's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a rejection is one of empty, not_a_number, too_short, too_long, bad_first_digit, foreign, special_service, placeholder"
)]
pub struct UnknownPhoneRejection;

impl FromStr for PhoneRejection {
    type Err = UnknownPhoneRejection;

    fn from_str(name: &str) -> Result<Self, UnknownPhoneRejection> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name).ok_or(UnknownPhoneRejection)
    }
}
