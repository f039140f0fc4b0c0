//! What is answered about an input, in the names that people and programs get.

use super::{PhoneNumber, PhoneRejection};

/// What became of an input that was to be a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A number whose area code is assigned.
    Accepted,
    /// A number whose area code is not: kept, and never written to.
    AcceptedInvalid,
    /// No number.
    Rejected(PhoneRejection),
}

impl Outcome {
    /// The outcome of [`PhoneNumber::parse`].
    #[must_use]
    pub fn of(parsed: Result<PhoneNumber, PhoneRejection>) -> Self {
        match parsed {
            Ok(phone) if phone.is_assigned() => Self::Accepted,
            Ok(_) => Self::AcceptedInvalid,
            Err(rejection) => Self::Rejected(rejection),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptedInvalid => "accepted_invalid",
            Self::Rejected(_) => "rejected",
        }
    }

    /// Why it is not accepted without reserve.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Accepted => None,
            Self::AcceptedInvalid => Some("unassigned_area_code"),
            Self::Rejected(rejection) => Some(rejection.as_str()),
        }
    }
}
