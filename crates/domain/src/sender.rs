//! A sender: what a message comes from, how fast, and at what price.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::money::Money;

/// Identifies a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderId(pub Uuid);

/// What kind of address a sender has with its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SenderKind {
    /// An ordinary number, E.164.
    LongCode,
    /// A short number that people can answer.
    ShortCode,
    /// A name of up to 11 characters. Nobody can answer it.
    Alphanumeric,
    /// A profile of the provider, which picks the number.
    Profile,
}

impl SenderKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::LongCode, Self::ShortCode, Self::Alphanumeric, Self::Profile];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongCode => "long_code",
            Self::ShortCode => "short_code",
            Self::Alphanumeric => "alphanumeric",
            Self::Profile => "profile",
        }
    }
}

impl fmt::Display for SenderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SenderKind {
    type Err = UnknownSenderKind;

    fn from_str(name: &str) -> Result<Self, UnknownSenderKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownSenderKind)
    }
}

/// A kind of sender that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sender is one of long_code, short_code, alphanumeric, profile")]
pub struct UnknownSenderKind;

/// Where a message comes from, as its provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderAddress {
    /// What kind of address.
    pub kind: SenderKind,
    /// The number, name or profile.
    pub value: String,
}

/// Who the people written to are dealing with (the law asks for it in every promotion).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SenderIdentity {
    /// The brand.
    pub brand: String,
    /// Its address.
    pub address: String,
    /// A telephone number of it.
    pub phone: String,
    /// An e-mail address of it.
    pub email: String,
    /// How to say no, as a message says it.
    pub opt_out_text: String,
}

/// A sender.
#[derive(Debug, Clone, PartialEq)]
pub struct Sender {
    /// Identifies it.
    pub id: SenderId,
    /// What people call it; no two share one.
    pub name: String,
    /// The provider that sends for it, as in `telnyx`.
    pub provider: String,
    /// Where its messages come from.
    pub address: SenderAddress,
    /// The most messages a second, over all workers; more than 0.
    pub rate_per_s: f64,
    /// What one segment costs.
    pub price_per_segment: Money,
    /// Who is behind it.
    pub identity: SenderIdentity,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which senders the messages of another go by: the first of them, and the next where the one before certainly did not
/// get a message accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderRoute {
    /// Messages to numbers of which carrier, as contacts have it; `None` is any that has no route of its own.
    pub carrier: Option<String>,
    /// The senders, the first first.
    pub via: Vec<SenderId>,
}
