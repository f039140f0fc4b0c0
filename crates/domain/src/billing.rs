//! What a provider billed for messages, beside what was reckoned before they were sent.

use std::fmt;
use std::str::FromStr;

use crate::message::MessageState;
use crate::money::Money;

/// The reason of an expired message of which nobody ever learnt whether it was taken.
const OUTCOME_UNKNOWN: &str = "outcome_unknown";

/// What a provider says that a message costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The provider's id of the message.
    pub provider_id: String,
    /// Its segments, by the provider's count.
    pub segments: u16,
    /// What they cost; `None` where the provider does not say.
    pub cost: Option<Money>,
}

/// How a message and what was billed for it differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Difference {
    /// More segments were billed than it was reckoned to have.
    MoreSegments,
    /// Fewer were.
    FewerSegments,
    /// It was sent, and nothing was billed, or nobody was told.
    NotBilled,
    /// It is held not to have been sent, and was billed.
    BilledUnsent,
    /// The provider knows it by more than one id, and bills each.
    BilledTwice,
}

impl Difference {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::MoreSegments, Self::FewerSegments, Self::NotBilled, Self::BilledUnsent, Self::BilledTwice];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MoreSegments => "more_segments",
            Self::FewerSegments => "fewer_segments",
            Self::NotBilled => "not_billed",
            Self::BilledUnsent => "billed_unsent",
            Self::BilledTwice => "billed_twice",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Difference {
    type Err = UnknownDifference;

    fn from_str(name: &str) -> Result<Self, UnknownDifference> {
        Self::ALL.into_iter().find(|difference| difference.as_str() == name).ok_or(UnknownDifference)
    }
}

/// A difference that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a difference is one of more_segments, fewer_segments, not_billed, billed_unsent, billed_twice")]
pub struct UnknownDifference;

/// What was billed for many messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BillTally {
    /// Messages that are held to have been sent.
    pub sent: u64,
    /// The segments that these were reckoned to have.
    pub sent_segments: u64,
    /// Messages that were billed.
    pub billed: u64,
    /// The segments that were billed.
    pub billed_segments: u64,
    /// What was billed, by the currency.
    pub costs: Vec<Money>,
    /// Messages of each difference, in the order of [`Difference::ALL`].
    pub differing: [u64; 5],
}

/// A message as it stands when its bill is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoned<'a> {
    /// Where it ended.
    pub state: MessageState,
    /// Why, where that is told.
    pub reason: Option<&'a str>,
    /// How many segments it was reckoned to have.
    pub segments: u16,
}

impl Reckoned<'_> {
    /// Whether it is held to have been sent: `None` where nobody knows.
    #[must_use]
    pub fn was_sent(self) -> Option<bool> {
        match self.state {
            MessageState::Sent | MessageState::Delivered | MessageState::Undelivered => Some(true),
            MessageState::Expired => match self.reason {
                Some(OUTCOME_UNKNOWN) => None,
                // No receipt came, or it never left its window.
                Some("receipt_missing") => Some(true),
                _ => Some(false),
            },
            MessageState::Sending | MessageState::Uncertain => None,
            MessageState::Queued | MessageState::Failed | MessageState::Canceled | MessageState::Skipped => {
                Some(false)
            }
        }
    }
}

impl BillTally {
    /// Adds a message with what was billed for it, each of the provider's ids once, and says how they differ.
    pub fn add(&mut self, message: Reckoned<'_>, bills: &[Bill]) -> Option<Difference> {
        let was_sent = message.was_sent();
        if was_sent == Some(true) {
            self.sent += 1;
            self.sent_segments += u64::from(message.segments);
        }
        self.billed += u64::from(!bills.is_empty());
        for bill in bills {
            self.billed_segments += u64::from(bill.segments);
            if let Some(cost) = bill.cost {
                self.cost(cost);
            }
        }
        let difference = match bills {
            [] => (was_sent == Some(true)).then_some(Difference::NotBilled),
            [_, _, ..] => Some(Difference::BilledTwice),
            [_] if was_sent == Some(false) => Some(Difference::BilledUnsent),
            [bill] if bill.segments > message.segments => Some(Difference::MoreSegments),
            [bill] if bill.segments < message.segments => Some(Difference::FewerSegments),
            [_] => None,
        }?;
        self.differing[difference as usize] += 1;
        Some(difference)
    }

    fn cost(&mut self, cost: Money) {
        match self.costs.iter_mut().find(|known| known.currency == cost.currency) {
            Some(known) => known.micros = known.micros.saturating_add(cost.micros),
            None => self.costs.push(cost),
        }
    }

    /// Messages of this difference.
    #[must_use]
    pub fn of(&self, difference: Difference) -> u64 {
        self.differing[difference as usize]
    }
}

/// A message that differs from what was billed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DifferingMessage {
    /// Its place in the campaign.
    pub seq: u32,
    /// How it differs.
    pub difference: Difference,
    /// The segments it was reckoned to have.
    pub segments: u16,
    /// The segments that were billed.
    pub billed_segments: u16,
}

/// How far the bill of a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillState {
    /// Nobody has begun: the campaign has not ended, or not long enough ago.
    Waiting,
    /// Some of the messages were looked at.
    UnderWay,
    /// All were.
    Complete,
}

impl BillState {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under_way",
            Self::Complete => "complete",
        }
    }
}

/// What was billed for a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignBill {
    /// How far it is.
    pub state: BillState,
    /// What it comes to so far.
    pub tally: BillTally,
    /// What a segment was reckoned to cost.
    pub price_per_segment: Money,
    /// Some of the messages that differ.
    pub differing: Vec<DifferingMessage>,
    /// When it was last looked at.
    pub as_of: Option<jiff::Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(micros: i64) -> Money {
        Money { micros, currency: Currency::parse("USD").unwrap() }
    }

    fn bill(id: &str, segments: u16) -> Bill {
        Bill { provider_id: id.to_owned(), segments, cost: Some(usd(5_100 * i64::from(segments))) }
    }

    fn message(state: MessageState) -> Reckoned<'static> {
        Reckoned { state, reason: None, segments: 2 }
    }

    #[test]
    fn a_message_differs_from_its_bill_in_one_way_or_none() {
        let mut tally = BillTally::default();
        let sent = message(MessageState::Delivered);
        assert_eq!(tally.add(sent, &[bill("a", 2)]), None);
        assert_eq!(tally.add(sent, &[bill("b", 3)]), Some(Difference::MoreSegments));
        assert_eq!(tally.add(sent, &[bill("c", 1)]), Some(Difference::FewerSegments));
        assert_eq!(tally.add(sent, &[]), Some(Difference::NotBilled));
        assert_eq!(tally.add(sent, &[bill("d", 2), bill("e", 2)]), Some(Difference::BilledTwice));
        assert_eq!(tally.add(message(MessageState::Failed), &[bill("f", 2)]), Some(Difference::BilledUnsent));
        assert_eq!(tally.add(message(MessageState::Skipped), &[]), None);
        assert_eq!((tally.sent, tally.sent_segments), (5, 10));
        assert_eq!((tally.billed, tally.billed_segments), (5, 12));
        assert_eq!(tally.costs, [usd(5_100 * 12)]);
        assert_eq!(tally.differing, [1; 5]);
        for difference in Difference::ALL {
            assert_eq!(tally.of(difference), 1);
            assert_eq!(difference.as_str().parse(), Ok(difference));
        }
    }

    #[test]
    fn of_what_nobody_knows_neither_a_bill_nor_none_is_a_difference() {
        let mut tally = BillTally::default();
        for state in [MessageState::Uncertain, MessageState::Sending] {
            assert_eq!(tally.add(message(state), &[]), None);
            assert_eq!(tally.add(message(state), &[bill("a", 2)]), None);
        }
        let expired = |reason| Reckoned { reason: Some(reason), ..message(MessageState::Expired) };
        assert_eq!(tally.add(expired("outcome_unknown"), &[]), None);
        assert_eq!(tally.add(expired("outcome_unknown"), &[bill("a", 2)]), None);
        assert_eq!(tally.add(expired("receipt_missing"), &[]), Some(Difference::NotBilled));
        assert_eq!(tally.add(expired("window_closed"), &[]), None);
        assert_eq!(tally.add(expired("window_closed"), &[bill("a", 2)]), Some(Difference::BilledUnsent));
    }

    #[test]
    fn costs_are_added_up_by_the_currency() {
        let mxn = Money { micros: 7, currency: Currency::MXN };
        let mut tally = BillTally::default();
        tally.add(message(MessageState::Sent), &[bill("a", 2)]);
        tally.add(message(MessageState::Sent), &[Bill { cost: Some(mxn), ..bill("b", 2) }]);
        tally.add(message(MessageState::Sent), &[bill("c", 2)]);
        assert_eq!(tally.costs, [usd(20_400), mxn]);
    }
}
