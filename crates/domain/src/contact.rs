//! A person who can be written to: one phone, and what is known about it.
//!
//! Validity, line type, consent and history are separate facts. None is inferred from another.

use std::fmt;

use jiff::Timestamp;

use crate::lada::Lada;
use crate::phone::PhoneNumber;
use crate::state::StateCode;

mod edit;
mod new;

pub use edit::{
    Consent, ConsentChannel, ConsentKind, ContactChange, ContactEdit, Edit, InvalidTag, Tag, Tagged,
};
pub use new::{ContactFields, FieldRefused, NewContact, Oddities, denies_validity};

/// Identifies a contact: a 64-bit integer, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContactId(pub i64);

/// What kind of line a number is, by the regulator's numbering plan or by what a provider says of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineType {
    /// Takes messages, whoever pays for the call.
    Mobile,
    /// A fixed line.
    Fixed,
    /// Neither says.
    Unknown,
}

impl LineType {
    /// Every line type.
    pub const ALL: [Self; 3] = [Self::Mobile, Self::Fixed, Self::Unknown];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Fixed => "fixed",
            Self::Unknown => "unknown",
        }
    }
}

/// How people look upon a contact. Consent is not here: that is the suppression list's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactStatus {
    /// In use.
    Active,
    /// Set aside by people.
    Inactive,
    /// Said no; the suppression that says so is the truth.
    OptedOut,
    /// Barred by people.
    Blocked,
}

impl ContactStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::Inactive, Self::OptedOut, Self::Blocked];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::OptedOut => "OPTED_OUT",
            Self::Blocked => "BLOCKED",
        }
    }
}

/// A contact as the store has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Identifies it.
    pub id: ContactId,
    /// No two contacts share one.
    pub phone: PhoneNumber,
    /// The number as it was written where it came from.
    pub phone_original: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// Neighbourhood.
    pub neighborhood: Option<String>,
    /// Municipality.
    pub municipality: Option<String>,
    /// The state, where its spelling is known.
    pub state: Option<StateCode>,
    /// The state as written, where its spelling is not.
    pub state_text: Option<String>,
    /// The number's area code; `None` when no assigned one fits.
    pub lada: Option<Lada>,
    /// City.
    pub city: Option<String>,
    /// What kind of line it is.
    pub line_type: LineType,
    /// Who the line was assigned to.
    pub carrier: Option<String>,
    /// Whether its area code is assigned and its source did not deny it.
    pub is_valid: bool,
    /// How people look upon it.
    pub status: ContactStatus,
    /// When it said no.
    pub opt_out_at: Option<Timestamp>,
    /// The row of the source file it came from.
    pub source_row_id: Option<i64>,
    /// When its source took it in.
    pub migrated_at: Option<Timestamp>,
    /// When it was last changed: no two versions of a contact have the same.
    pub updated_at: Timestamp,
}

impl Contact {
    /// Somebody of whom nothing is known but the number, and who is no contact of the store's.
    #[must_use]
    pub fn unknown(phone: PhoneNumber) -> Self {
        Self {
            id: ContactId(0),
            phone,
            phone_original: None,
            full_name: None,
            address: None,
            neighborhood: None,
            municipality: None,
            state: None,
            state_text: None,
            lada: Lada::of(phone),
            city: None,
            line_type: LineType::Unknown,
            carrier: None,
            is_valid: true,
            status: ContactStatus::Active,
            opt_out_at: None,
            source_row_id: None,
            migrated_at: None,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }
}

/// Shows which contact it is and nothing about the person.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("phone", &self.phone)
            .field("source_row_id", &self.source_row_id)
            .finish_non_exhaustive()
    }
}

/// The most characters of a contact's short texts; longer ones are cut and counted. An index entry takes 2,704 bytes.
pub const SHORT_TEXT_CHARS_MAX: usize = 400;
/// The most characters of a name and an address; longer ones are cut and counted.
pub const LONG_TEXT_CHARS_MAX: usize = 2_000;
