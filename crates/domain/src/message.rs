//! A message: one number in one campaign, and what became of it.
//!
//! What is known of a message only grows. Evidence arrives late, twice and out of order; [`MessageState::after`] says
//! what each piece makes of each state, and nothing else changes one.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::campaign::CampaignId;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageState {
    /// Waits to be claimed, for the first time or after the provider refused it for now.
    Queued,
    /// Claimed: an attempt may have begun.
    Sending,
    /// The provider took it.
    Sent,
    /// It reached the phone.
    Delivered,
    /// The network gave it up.
    Undelivered,
    /// The provider refused it for good; it never left.
    Failed,
    /// It may have left: nobody knows yet. Never sent again.
    Uncertain,
    /// Its time ended without an answer.
    Expired,
    /// Its campaign was canceled before it was claimed.
    Canceled,
    /// It must not be sent: opted out, suppressed or capped since the audience was frozen.
    Skipped,
}

impl MessageState {
    /// Every state, in the order that the store counts them by.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Undelivered,
        Self::Failed,
        Self::Uncertain,
        Self::Expired,
        Self::Canceled,
        Self::Skipped,
    ];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing more is waited for. A late receipt may still correct a final state.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Sending | Self::Sent | Self::Uncertain)
    }

    /// What `evidence` of the message's current attempt makes of this state; `None` where it changes nothing.
    #[must_use]
    pub fn after(self, evidence: Evidence) -> Option<Self> {
        use Evidence as E;
        match (self, evidence) {
            (Self::Queued, E::Claimed) => Some(Self::Sending),
            (Self::Queued, E::Suppressed) => Some(Self::Skipped),
            (Self::Queued, E::CampaignCanceled) => Some(Self::Canceled),
            (Self::Queued, E::ValidityEnded)
            | (Self::Sent, E::ReceiptOverdue)
            | (Self::Uncertain, E::OutcomeOverdue) => Some(Self::Expired),

            (Self::Sending | Self::Uncertain, E::Accepted | E::ReportedSent) => Some(Self::Sent),
            (Self::Sending, E::RefusedForNow) => Some(Self::Queued),
            // An uncertain message never goes back to the queue, whatever is learnt of it.
            (Self::Sending | Self::Uncertain, E::Refused) | (Self::Uncertain, E::RefusedForNow) => {
                Some(Self::Failed)
            }
            (Self::Sending, E::NoAnswer) => Some(Self::Uncertain),

            (
                Self::Sending | Self::Sent | Self::Uncertain | Self::Expired | Self::Undelivered,
                E::ReportedDelivered,
            ) => Some(Self::Delivered),
            (Self::Sending | Self::Sent | Self::Uncertain | Self::Expired, E::ReportedUndelivered) => {
                Some(Self::Undelivered)
            }
            _ => None,
        }
    }
}

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MessageState {
    type Err = UnknownMessageState;

    fn from_str(name: &str) -> Result<Self, UnknownMessageState> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(UnknownMessageState)
    }
}

/// A message state's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a message is one of queued, sending, sent, delivered, undelivered, failed, uncertain, expired, canceled, skipped"
)]
pub struct UnknownMessageState;

/// Something learnt or decided about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// A worker claimed it, and its attempt has a number.
    Claimed,
    /// Its number said no, or was barred, since the audience was frozen.
    Suppressed,
    /// Its campaign was canceled.
    CampaignCanceled,
    /// Its campaign's time ended before it was claimed.
    ValidityEnded,
    /// The provider took the attempt.
    Accepted,
    /// The provider refused the attempt for good.
    Refused,
    /// The provider certainly did not take the attempt, and may take another.
    RefusedForNow,
    /// The attempt may have left, and no answer came; or its worker died.
    NoAnswer,
    /// A receipt says that it is on its way.
    ReportedSent,
    /// A receipt says that it arrived.
    ReportedDelivered,
    /// A receipt says that it will not arrive.
    ReportedUndelivered,
    /// No receipt of what the provider took came in time.
    ReceiptOverdue,
    /// What became of an attempt that may have left was not learnt in time.
    OutcomeOverdue,
}

impl Evidence {
    /// Every kind of evidence.
    pub const ALL: [Self; 13] = [
        Self::Claimed,
        Self::Suppressed,
        Self::CampaignCanceled,
        Self::ValidityEnded,
        Self::Accepted,
        Self::Refused,
        Self::RefusedForNow,
        Self::NoAnswer,
        Self::ReportedSent,
        Self::ReportedDelivered,
        Self::ReportedUndelivered,
        Self::ReceiptOverdue,
        Self::OutcomeOverdue,
    ];
}

/// Identifies a message: its campaign, and its place in it from 1 on. As text it is opaque to those outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId {
    /// The campaign.
    pub campaign: CampaignId,
    /// The place within it.
    pub seq: u32,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.campaign.0.simple(), self.seq)
    }
}

impl FromStr for MessageId {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let (campaign, seq) = text.split_once('-').ok_or(InvalidReference)?;
        Ok(Self { campaign: parse_campaign(campaign)?, seq: parse_number(seq)? })
    }
}

/// Identifies one attempt to send a message. It travels with the attempt and comes back with its receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptRef {
    /// The message.
    pub message: MessageId,
    /// Which attempt, from 1 on.
    pub attempt: u16,
}

impl fmt::Display for AttemptRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.message, self.attempt)
    }
}

impl FromStr for AttemptRef {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let (message, attempt) = text.rsplit_once('-').ok_or(InvalidReference)?;
        Ok(Self { message: message.parse()?, attempt: parse_number(attempt)? })
    }
}

fn parse_campaign(simple: &str) -> Result<CampaignId, InvalidReference> {
    // One spelling alone, so that a reference is equal to another exactly when its text is.
    if simple.len() != 32 || simple.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(InvalidReference);
    }
    Uuid::try_parse(simple).map(CampaignId).map_err(|_| InvalidReference)
}

fn parse_number<N: FromStr>(digits: &str) -> Result<N, InvalidReference> {
    if digits.starts_with(['0', '+']) {
        return Err(InvalidReference);
    }
    digits.parse().map_err(|_| InvalidReference)
}

/// Text that identifies no message and no attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a message")]
pub struct InvalidReference;

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(state: MessageState) -> Option<u8> {
        match state {
            MessageState::Sent => Some(1),
            MessageState::Undelivered | MessageState::Expired => Some(2),
            MessageState::Delivered => Some(3),
            MessageState::Queued
            | MessageState::Sending
            | MessageState::Failed
            | MessageState::Uncertain
            | MessageState::Canceled
            | MessageState::Skipped => None,
        }
    }

    #[test]
    fn every_transition_is_one_of_the_contract_and_each_of_those_is_there() {
        use MessageState::{
            Canceled, Delivered, Expired, Failed, Queued, Sending, Sent, Skipped, Uncertain, Undelivered,
        };
        let mut seen: Vec<_> = MessageState::ALL
            .into_iter()
            .flat_map(|state| Evidence::ALL.map(|evidence| (state, state.after(evidence))))
            .filter_map(|(from, to)| to.map(|to| (from, to)))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        let mut contract = vec![
            (Queued, Sending),
            (Queued, Skipped),
            (Queued, Expired),
            (Queued, Canceled),
            (Sending, Sent),
            (Sending, Delivered),
            (Sending, Undelivered),
            (Sending, Failed),
            (Sending, Queued),
            (Sending, Uncertain),
            (Sent, Delivered),
            (Sent, Undelivered),
            (Sent, Expired),
            (Uncertain, Sent),
            (Uncertain, Delivered),
            (Uncertain, Undelivered),
            (Uncertain, Failed),
            (Uncertain, Expired),
            (Expired, Delivered),
            (Expired, Undelivered),
            (Undelivered, Delivered),
        ];
        contract.sort_unstable();
        assert_eq!(seen, contract);
    }

    #[test]
    fn what_may_have_left_is_never_queued_again_and_no_receipt_lowers_a_rank() {
        for evidence in Evidence::ALL {
            assert_ne!(MessageState::Uncertain.after(evidence), Some(MessageState::Queued));
            for state in MessageState::ALL {
                let Some(next) = state.after(evidence) else { continue };
                if let (Some(before), Some(after)) = (rank(state), rank(next)) {
                    assert!(after >= before, "{state} after {evidence:?} is {next}");
                }
            }
        }
    }

    #[test]
    fn states_read_back_by_name() {
        for state in MessageState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("SENT".parse::<MessageState>(), Err(UnknownMessageState));
    }

    #[test]
    fn a_reference_reads_back_and_has_one_spelling() {
        let campaign = CampaignId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_00ff));
        let attempt = AttemptRef { message: MessageId { campaign, seq: 42 }, attempt: 3 };
        let text = attempt.to_string();
        assert_eq!(text, "0192000000007000800000000000 00ff-42-3".replace(' ', ""));
        assert_eq!(text.parse(), Ok(attempt));
        assert_eq!(attempt.message.to_string().parse(), Ok(attempt.message));
        for bad in
            ["", "-", "x-1-1", &text.to_uppercase(), &text.replace("-42-", "-042-"), &format!("{text}-1")]
        {
            assert!(bad.parse::<AttemptRef>().is_err(), "{bad}");
        }
        for bad in [
            &text.replace("-42-", "-0-"),
            &text.replace("-42-", "-4294967296-"),
            &text.replace("-3", "-70000"),
        ] {
            assert!(bad.parse::<AttemptRef>().is_err(), "{bad}");
        }
    }
}
