//! A campaign: one text to many people, from its draft to its last receipt.

mod state;
mod window;

use jiff::Timestamp;
use uuid::Uuid;

use crate::money::Money;
use crate::segment::{SegmentDefinition, SegmentVersion};
use crate::sender::SenderId;
use crate::sms::Transliteration;
use crate::template::Template;

pub use state::{CampaignAction, CampaignState, Frozen, InvalidTransition, UnknownCampaignState};
pub use window::{InvalidWindow, Opening, Window};

/// Identifies a campaign: a version 7 UUID, so that its time is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CampaignId(pub Uuid);

/// What a campaign is about, as people decide it.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignPlan {
    /// What people call it, 1 to [`NAME_CHARS_MAX`](Self::NAME_CHARS_MAX) characters.
    pub name: String,
    /// The text.
    pub template: Template,
    /// Whether characters that make texts dearer are replaced.
    pub transliteration: Transliteration,
    /// Who it is for.
    pub segment: SegmentDefinition,
    /// The saved segment that was, if it was one.
    pub saved_segment: Option<SegmentVersion>,
    /// What it comes from.
    pub sender: SenderId,
    /// Which campaigns it goes before.
    pub priority: Priority,
    /// What bounds it.
    pub limits: CampaignLimits,
    /// When people may be written to; `None` is at any hour.
    pub window: Option<Window>,
    /// The first messages, that are watched before the others go.
    pub canary: Option<Canary>,
    /// When it is to be launched by itself, where that was decided with the draft.
    pub schedule_at: Option<Timestamp>,
    /// Whether numbers of unknown line type are written to.
    pub unknown_line_types: UnknownLineTypes,
}

/// What bounds a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CampaignLimits {
    /// The most messages; that many of the audience are drawn at random.
    pub messages_max: Option<u32>,
    /// The most that it may cost: what would cost more is not begun.
    pub cost_max: Option<Money>,
    /// The most messages a second, more than 0; the sender's own rate holds beside it.
    pub per_second: Option<f64>,
}

/// The first messages of a campaign: the others wait until these are final.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Canary {
    /// How many.
    pub messages: u32,
    /// The greatest share of them that may fail, in percent; where more do, the campaign is paused.
    pub failure_percent_max: f64,
}

impl CampaignPlan {
    /// The longest name, in characters.
    pub const NAME_CHARS_MAX: usize = 200;
}

/// What a preview said of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Previewed {
    /// Of which version of it.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// The messages that would be sent.
    pub messages: u64,
    /// What all would cost.
    pub cost: Money,
}

/// What becomes of numbers of which nobody knows whether they are mobile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownLineTypes {
    /// They are written to.
    Allow,
    /// They are left out.
    LeaveOut,
}

/// What a campaign is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CampaignKind {
    /// To write to a segment.
    Campaign,
    /// To send one message of its own.
    Single,
    /// To send the text of a campaign to one number, so that people see it.
    Test,
    /// To answer somebody who wrote one of the words. That they opted out does not keep the answer back.
    Reply,
}

impl CampaignKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Campaign, Self::Single, Self::Test, Self::Reply];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Single => "single",
            Self::Test => "test",
            Self::Reply => "reply",
        }
    }
}

impl std::str::FromStr for CampaignKind {
    type Err = UnknownCampaignKind;

    fn from_str(name: &str) -> Result<Self, UnknownCampaignKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownCampaignKind)
    }
}

/// A kind of campaign that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a campaign is one of campaign, single, test, reply")]
pub struct UnknownCampaignKind;

/// A campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Identifies it.
    pub id: CampaignId,
    /// What it is for.
    pub kind: CampaignKind,
    /// What it is about.
    pub plan: CampaignPlan,
    /// Where it stands.
    pub state: CampaignState,
    /// Grows by one with every change, so that nobody changes what another has changed in the meantime.
    pub version: u32,
    /// What a segment of it costs; of a launched campaign, what it cost at the launch.
    pub price_per_segment: Money,
    /// What the last preview said.
    pub previewed: Option<Previewed>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Campaign {
    /// Launches a draft, or what is scheduled, at once: its audience is frozen next.
    ///
    /// # Errors
    /// From any other state.
    pub fn launch(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        if matches!(self.state, CampaignState::Draft | CampaignState::Scheduled { .. }) {
            return Ok(self.into_state(CampaignState::Preparing { launched_at: now }, now));
        }
        Err(self.refusal(CampaignAction::Launch))
    }

    /// Has a draft launched at a time, or what is scheduled at another one.
    ///
    /// # Errors
    /// From any other state.
    pub fn schedule(self, at: Timestamp, now: Timestamp) -> Result<Self, InvalidTransition> {
        if matches!(self.state, CampaignState::Draft | CampaignState::Scheduled { .. }) {
            return Ok(self.into_state(CampaignState::Scheduled { at }, now));
        }
        Err(self.refusal(CampaignAction::Schedule))
    }

    /// Stops claiming, or freezing, until it is resumed.
    ///
    /// # Errors
    /// When it is neither running nor preparing.
    pub fn pause(self, reason: Option<String>, now: Timestamp) -> Result<Self, InvalidTransition> {
        if let CampaignState::Preparing { launched_at } = self.state {
            return Ok(self.into_state(CampaignState::Paused { launched_at, frozen: None, reason }, now));
        }
        if let CampaignState::Running { launched_at, frozen } = self.state {
            let frozen = Some(frozen);
            return Ok(self.into_state(CampaignState::Paused { launched_at, frozen, reason }, now));
        }
        Err(self.refusal(CampaignAction::Pause))
    }

    /// Goes on where it was paused.
    ///
    /// # Errors
    /// When it is not paused.
    pub fn resume(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        if let CampaignState::Paused { launched_at, frozen, .. } = self.state {
            let goes_on = match frozen {
                None => CampaignState::Preparing { launched_at },
                Some(frozen) => CampaignState::Running { launched_at, frozen },
            };
            return Ok(self.into_state(goes_on, now));
        }
        Err(self.refusal(CampaignAction::Resume))
    }

    /// Ends it: nothing more is claimed, and what was not claimed is canceled.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn cancel(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        if self.state.is_final() {
            return Err(self.refusal(CampaignAction::Cancel));
        }
        let (launched_at, frozen) = (self.state.launched_at(), self.state.frozen());
        Ok(self.into_state(CampaignState::Canceled { launched_at, frozen, finished_at: now }, now))
    }

    /// Whether all of its plan may still be changed.
    #[must_use]
    pub fn is_draft(&self) -> bool {
        self.state == CampaignState::Draft
    }

    /// With another plan, as its next version.
    #[must_use]
    pub fn revised(self, plan: CampaignPlan, now: Timestamp) -> Self {
        Self { plan, version: self.version + 1, updated_at: now, ..self }
    }

    fn refusal(self, action: CampaignAction) -> InvalidTransition {
        InvalidTransition { action, state: self.state }
    }

    fn into_state(self, state: CampaignState, now: Timestamp) -> Self {
        Self { state, version: self.version + 1, updated_at: now, ..self }
    }
}

/// Which campaigns go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Single messages and what people wait for.
    High,
    /// Most campaigns.
    Normal,
    /// What may take its time.
    Bulk,
}

impl Priority {
    /// Every priority, the first first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Bulk];

    /// The name in the API, the database and the queue.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }
}

impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(name: &str) -> Result<Self, UnknownPriority> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == name).ok_or(UnknownPriority)
    }
}

/// A priority's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a priority is one of high, normal, bulk")]
pub struct UnknownPriority;

#[cfg(test)]
mod tests;
