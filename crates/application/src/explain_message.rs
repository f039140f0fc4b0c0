//! Why a number got, gets or does not get the message of a campaign.

mod sentences;

use std::sync::Arc;

use domain::campaign::{Campaign, CampaignId, CampaignState};
use domain::message::MessageState;
use domain::phone::PhoneNumber;
use domain::port::{CampaignStore, LaneProgress, LeftOut, MessageDesk, MessageHistory, Progress, Trace};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::campaigns::CampaignError;
use crate::prepare_campaign::zone_of;

/// Explains what became of numbers.
pub struct ExplainMessage {
    /// Keeps campaigns and their messages.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Traces numbers.
    pub desk: Arc<dyn MessageDesk>,
    /// The time zone of numbers whose area code tells none, as the IANA database names it.
    pub zone: String,
}

/// What became of a number in a campaign, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The number.
    pub phone: PhoneNumber,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, as a short code.
    pub reason: Option<String>,
    /// Since when that holds, where it is known.
    pub since: Option<Timestamp>,
    /// When it goes on, where that is known.
    pub next_at: Option<Timestamp>,
    /// Its message, if it has one.
    pub message: Option<MessageHistory>,
    /// Why it was left out, or would be.
    pub left_out: Option<LeftOut>,
    /// The same in words.
    pub sentences: Sentences,
}

/// What became of a number, in words that people read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentences {
    /// In English.
    pub en: String,
    /// In Spanish.
    pub es: String,
}

/// What became of a number in a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Its message has the state of that name.
    Message(MessageState),
    /// Its message goes as soon as its turn comes.
    WillBeSent,
    /// Its message waits for something.
    Waiting,
    /// It may get one: who gets one is not drawn yet.
    MayBeSent,
    /// It was left out, or would be.
    LeftOut,
    /// Others were drawn.
    NotDrawn,
    /// The segment does not mean it.
    NotInSegment,
    /// It is no contact.
    UnknownNumber,
    /// It came to the segment when the audience was frozen.
    CameLater,
    /// The campaign ended before.
    NotSent,
}

impl Verdict {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message(state) => state.as_str(),
            Self::WillBeSent => "will_be_sent",
            Self::Waiting => "waiting",
            Self::MayBeSent => "may_be_sent",
            Self::LeftOut => "left_out",
            Self::NotDrawn => "not_drawn",
            Self::NotInSegment => "not_in_segment",
            Self::UnknownNumber => "unknown_number",
            Self::CameLater => "came_later",
            Self::NotSent => "not_sent",
        }
    }
}

/// A verdict on the way to its sentences.
struct Found {
    verdict: Verdict,
    reason: Option<String>,
    since: Option<Timestamp>,
    next_at: Option<Timestamp>,
}

impl Found {
    fn new(verdict: Verdict, reason: impl Into<Option<&'static str>>) -> Self {
        let reason = reason.into().map(str::to_owned);
        Self { verdict, reason, since: None, next_at: None }
    }
}

impl ExplainMessage {
    /// What became of `phone` in a campaign, and why.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is away.
    pub async fn execute(&self, id: CampaignId, phone: PhoneNumber) -> Result<Explained, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        let segment = campaign.plan.segment.check()?;
        let traced = self.desk.trace(campaign.clone(), segment, phone).await?;
        let trace = traced.ok_or(CampaignError::Missing)?;
        let message = match trace.message {
            Some(id) => self.campaigns.message(id).await?,
            None => None,
        };
        let zone = zone_of(phone).unwrap_or(&self.zone);
        let found = match &message {
            Some(history) if history.message.state == MessageState::Queued => {
                queued(&campaign, history, &self.campaigns.progress(id).await?, zone)
            }
            Some(history) => Found {
                verdict: Verdict::Message(history.message.state),
                reason: history.message.reason.clone(),
                since: Some(history.message.changed_at),
                next_at: None,
            },
            None if trace.left_out.is_some() || trace.is_passed => not_frozen(&campaign, &trace),
            None => to_be_frozen(&campaign, &trace),
        };
        let left_out = match (found.verdict, trace.left_out, trace.judged) {
            (Verdict::LeftOut, None, Some(judged)) => judged.left_out,
            (_, left_out, _) => left_out,
        };
        let sentences = sentences::of(
            &found,
            trace.is_passed || trace.left_out.is_some(),
            &TimeZone::get(zone).unwrap_or(TimeZone::UTC),
        );
        Ok(Explained {
            phone,
            verdict: found.verdict,
            reason: found.reason,
            since: found.since,
            next_at: found.next_at,
            message,
            left_out,
            sentences,
        })
    }
}

/// Of a message that was not claimed yet, or waits to be tried again.
fn queued(campaign: &Campaign, history: &MessageHistory, progress: &Progress, zone: &str) -> Found {
    let found = match &campaign.state {
        CampaignState::Running { .. } => {
            let lane = progress.lanes.iter().find(|lane| lane.zone == zone);
            running(lane, history.message.attempts > 0, progress.pace.is_some())
        }
        CampaignState::Paused { .. } => Found::new(Verdict::Waiting, "paused"),
        CampaignState::Preparing { .. } | CampaignState::Draft | CampaignState::Scheduled { .. } => {
            Found::new(Verdict::WillBeSent, "being_frozen")
        }
        CampaignState::Canceled { .. } | CampaignState::Completed { .. } => {
            Found::new(Verdict::NotSent, "campaign_canceled")
        }
        CampaignState::Failed { .. } => Found::new(Verdict::NotSent, "campaign_failed"),
    };
    Found { since: Some(history.message.changed_at), ..found }
}

fn running(lane: Option<&LaneProgress>, is_retry: bool, is_paced: bool) -> Found {
    let Some(lane) = lane else { return Found::new(Verdict::WillBeSent, "queue") };
    if lane.opens_at.is_some() {
        return Found { next_at: lane.opens_at, ..Found::new(Verdict::Waiting, "window") };
    }
    if is_retry {
        return Found { next_at: lane.retry_at, ..Found::new(Verdict::Waiting, "retry") };
    }
    if lane.is_gated && lane.claimable == 0 {
        return Found::new(Verdict::Waiting, "canary");
    }
    Found::new(Verdict::WillBeSent, if is_paced { "pace" } else { "queue" })
}

/// Of a number without a message, where the freezing has come past it.
fn not_frozen(campaign: &Campaign, trace: &Trace) -> Found {
    let found = match (trace.left_out, trace.contact, trace.judged) {
        (Some(left_out), ..) => Found::new(Verdict::LeftOut, left_out.as_str()),
        (None, None, _) => Found::new(Verdict::UnknownNumber, None),
        (None, Some(_), None) => Found::new(Verdict::NotInSegment, None),
        (None, Some(_), Some(judged)) if judged.is_drawn == Some(false) => {
            Found::new(Verdict::NotDrawn, "max_messages")
        }
        (None, Some(_), Some(_)) => Found::new(Verdict::CameLater, None),
    };
    Found { since: campaign.state.launched_at(), ..found }
}

/// Of a number that the freezing would look at now.
fn to_be_frozen(campaign: &Campaign, trace: &Trace) -> Found {
    if let CampaignState::Canceled { finished_at, .. } | CampaignState::Failed { finished_at, .. } =
        &campaign.state
    {
        let reason = if matches!(campaign.state, CampaignState::Failed { .. }) {
            "campaign_failed"
        } else {
            "campaign_canceled"
        };
        return Found { since: Some(*finished_at), ..Found::new(Verdict::NotSent, reason) };
    }
    let Some(judged) = trace.judged else {
        let verdict = if trace.contact.is_some() { Verdict::NotInSegment } else { Verdict::UnknownNumber };
        return Found::new(verdict, None);
    };
    if let Some(left_out) = judged.left_out {
        return Found::new(Verdict::LeftOut, left_out.as_str());
    }
    match judged.is_drawn {
        Some(false) => return Found::new(Verdict::NotDrawn, "max_messages"),
        None => return Found::new(Verdict::MayBeSent, "max_messages"),
        Some(true) => {}
    }
    match &campaign.state {
        CampaignState::Scheduled { at } => {
            Found { next_at: Some(*at), ..Found::new(Verdict::WillBeSent, "scheduled") }
        }
        CampaignState::Paused { .. } => Found::new(Verdict::Waiting, "paused"),
        CampaignState::Draft => Found::new(Verdict::WillBeSent, "not_launched"),
        CampaignState::Preparing { .. }
        | CampaignState::Running { .. }
        | CampaignState::Completed { .. }
        | CampaignState::Canceled { .. }
        | CampaignState::Failed { .. } => Found::new(Verdict::WillBeSent, "being_frozen"),
    }
}

#[cfg(test)]
mod tests;
