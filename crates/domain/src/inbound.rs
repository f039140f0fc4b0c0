//! What people wrote to us, and what was made of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::keyword::Reading;
use crate::message::MessageId;
use crate::phone::PhoneNumber;
use crate::port::ConsentChange;

/// Something that somebody wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Identifies it, and grows.
    pub id: i64,
    /// Who wrote it; none where the provider named no number.
    pub phone: Option<PhoneNumber>,
    /// What they wrote.
    pub text: String,
    /// When it came.
    pub received_at: Timestamp,
    /// How it was read.
    pub reading: Reading,
    /// The message that it answers, where there is one.
    pub answers: Option<MessageId>,
    /// What somebody who looked at it decided.
    pub review: Option<Review>,
}

/// What people wrote is shown nowhere.
impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("id", &self.id)
            .field("reading", &self.reading)
            .finish_non_exhaustive()
    }
}

/// What somebody decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// What.
    pub decision: InboundDecision,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What is decided of something that somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboundDecision {
    /// It is a no.
    OptOut,
    /// It is no no, or takes one back: what was barred because of what the number wrote is not any more.
    OptIn,
    /// It is neither, and changes nothing.
    Nothing,
}

impl InboundDecision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::OptOut, Self::OptIn, Self::Nothing];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
            Self::Nothing => "none",
        }
    }

    /// What follows from it.
    #[must_use]
    pub fn consent(self) -> Option<ConsentChange> {
        match self {
            Self::OptOut => Some(ConsentChange::OptOut),
            Self::OptIn => Some(ConsentChange::OptIn),
            Self::Nothing => None,
        }
    }
}

impl FromStr for InboundDecision {
    type Err = UnknownDecision;

    fn from_str(name: &str) -> Result<Self, UnknownDecision> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == name).ok_or(UnknownDecision)
    }
}

/// A decision that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a decision is one of opt_out, opt_in, none")]
pub struct UnknownDecision;
