//! What may become of a message.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::EventKind;

/// What becomes of a message. Unless a script says otherwise, the last two digits of its number decide: `00` and `01`
/// are the first of [`BY_DIGITS`](Self::BY_DIGITS), `02` and `03` the second, and so on to `25`; every other ending is
/// delivered. Of random numbers, each outcome but `delivered` takes 2 of 100.
///
/// **Accepted**, and so in the ledger, is everything but `refused`, `opted_out`, `spend_limit` and `sender_blocked`; of `refused_for_now`
/// and `throttled` the second attempt, the fourth and so on at the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered 200; `message.sent`, then `message.finalized` with `delivered`.
    Delivered,
    /// Answered 200; then finalized with `delivery_failed`, code 40008.
    Undelivered,
    /// Answered 400 with code 40001.
    Refused,
    /// The first attempt is answered 400 with code 40008, the next is delivered.
    RefusedForNow,
    /// The first attempt is answered 429 with code 10011 and `retry-after: 1`, the next is delivered.
    Throttled,
    /// Delivered, and answered late.
    Slow,
    /// Delivered, and never answered: the connection stays open for a while, then it is cut.
    NoAnswer,
    /// Delivered; the connection is cut instead of an answer.
    Cut,
    /// Delivered, and answered 502 as if by something in between.
    BadGateway,
    /// Delivered; each webhook comes twice, with the same id.
    ReceiptTwice,
    /// Delivered; the answer comes after both webhooks.
    ReceiptFirst,
    /// Delivered; `message.finalized` comes before `message.sent`.
    ReceiptsReversed,
    /// Answered 200, and nothing is ever heard of it.
    NoReceipt,
    /// Delivered; then the number writes ALTO.
    InboundAlto,
    /// Answered 400 with code 40300: the number said no to the carrier. By script alone.
    OptedOut,
    /// Answered 429 with code 40333: the account's limit is reached. By script alone.
    SpendLimit,
    /// Answered 400 with code 40010: the sender is not registered. By script alone.
    SenderBlocked,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 17] = [
        Self::Delivered,
        Self::Undelivered,
        Self::Refused,
        Self::RefusedForNow,
        Self::Throttled,
        Self::Slow,
        Self::NoAnswer,
        Self::Cut,
        Self::BadGateway,
        Self::ReceiptTwice,
        Self::ReceiptFirst,
        Self::ReceiptsReversed,
        Self::NoReceipt,
        Self::InboundAlto,
        Self::OptedOut,
        Self::SpendLimit,
        Self::SenderBlocked,
    ];

    /// The outcomes that two endings each lead to.
    pub const BY_DIGITS: [Self; 13] = [
        Self::Undelivered,
        Self::Refused,
        Self::RefusedForNow,
        Self::Throttled,
        Self::Slow,
        Self::NoAnswer,
        Self::Cut,
        Self::BadGateway,
        Self::ReceiptTwice,
        Self::ReceiptFirst,
        Self::ReceiptsReversed,
        Self::NoReceipt,
        Self::InboundAlto,
    ];

    /// The outcome that the last two digits of a number lead to.
    #[must_use]
    pub fn of_number(number: &str) -> Self {
        let ending: Option<usize> = number
            .len()
            .checked_sub(2)
            .and_then(|from| number.get(from..))
            .and_then(|digits| digits.parse().ok());
        ending.and_then(|ending| Self::BY_DIGITS.get(ending / 2).copied()).unwrap_or(Self::Delivered)
    }

    /// The name in the ledger and in scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
            Self::RefusedForNow => "refused_for_now",
            Self::Throttled => "throttled",
            Self::Slow => "slow",
            Self::NoAnswer => "no_answer",
            Self::Cut => "cut",
            Self::BadGateway => "bad_gateway",
            Self::ReceiptTwice => "receipt_twice",
            Self::ReceiptFirst => "receipt_first",
            Self::ReceiptsReversed => "receipts_reversed",
            Self::NoReceipt => "no_receipt",
            Self::InboundAlto => "inbound_alto",
            Self::OptedOut => "opted_out",
            Self::SpendLimit => "spend_limit",
            Self::SenderBlocked => "sender_blocked",
        }
    }

    /// What is posted of an accepted message, in this order.
    pub(crate) fn events(self) -> &'static [EventKind] {
        use EventKind::{Delivered, InboundAlto, Sent, Undelivered};
        match self {
            Self::Delivered
            | Self::RefusedForNow
            | Self::Throttled
            | Self::Slow
            | Self::NoAnswer
            | Self::Cut
            | Self::BadGateway
            | Self::ReceiptFirst => &[Sent, Delivered],
            Self::Undelivered => &[Sent, Undelivered],
            Self::ReceiptTwice => &[Sent, Sent, Delivered, Delivered],
            Self::ReceiptsReversed => &[Delivered, Sent],
            Self::InboundAlto => &[Sent, Delivered, InboundAlto],
            Self::NoReceipt | Self::Refused | Self::OptedOut | Self::SpendLimit | Self::SenderBlocked => &[],
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(name: &str) -> Result<Self, UnknownOutcome> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name).ok_or(UnknownOutcome)
    }
}

/// An outcome's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownOutcome;

impl fmt::Display for UnknownOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sandbox knows no such outcome")
    }
}

impl std::error::Error for UnknownOutcome {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_endings_of_a_hundred_lead_to_each_outcome_and_the_rest_are_delivered() {
        let mut of = std::collections::HashMap::new();
        for ending in 0..100 {
            *of.entry(Outcome::of_number(&format!("+525512345{:03}", 400 + ending))).or_insert(0) += 1;
        }
        assert_eq!(of.remove(&Outcome::Delivered), Some(74));
        assert_eq!(of.len(), 13);
        assert!(of.values().all(|endings| *endings == 2), "{of:?}");
        for odd in ["", "7", "+5255ñ", "+52551234567x"] {
            assert_eq!(Outcome::of_number(odd), Outcome::Delivered, "{odd}");
        }
    }

    #[test]
    fn an_outcome_has_one_name_everywhere() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        assert_eq!("lost".parse::<Outcome>(), Err(UnknownOutcome));
    }
}
