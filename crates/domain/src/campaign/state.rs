//! Where a campaign stands, with what is known of it there.

use std::fmt;

use jiff::Timestamp;

use crate::money::Money;

/// Where a campaign stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignState {
    /// It may be changed.
    Draft,
    /// It will be launched by itself.
    Scheduled {
        /// When.
        at: Timestamp,
    },
    /// Its audience is being frozen.
    Preparing {
        /// When it was launched.
        launched_at: Timestamp,
    },
    /// Its messages are being sent, or their receipts waited for.
    Running {
        /// When it was launched.
        launched_at: Timestamp,
        /// Its audience.
        frozen: Frozen,
    },
    /// Nothing is claimed from it.
    Paused {
        /// When it was launched.
        launched_at: Timestamp,
        /// Its audience; `None` when it was paused before that was frozen.
        frozen: Option<Frozen>,
        /// Why, where a program of ours paused it.
        reason: Option<String>,
    },
    /// Every message is final.
    Completed {
        /// When it was launched.
        launched_at: Timestamp,
        /// Its audience.
        frozen: Frozen,
        /// When the last message became so.
        finished_at: Timestamp,
    },
    /// People ended it.
    Canceled {
        /// When it was launched, if it was.
        launched_at: Option<Timestamp>,
        /// Its audience, if it was frozen.
        frozen: Option<Frozen>,
        /// When it was ended.
        finished_at: Timestamp,
    },
    /// It could not be prepared.
    Failed {
        /// Why.
        reason: String,
        /// When it was launched.
        launched_at: Timestamp,
        /// When it was given up.
        finished_at: Timestamp,
    },
}

/// An audience that was frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen {
    /// Its messages.
    pub audience: u32,
    /// What they cost when all are sent.
    pub cost: Money,
}

impl CampaignState {
    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled { .. } => "scheduled",
            Self::Preparing { .. } => "preparing",
            Self::Running { .. } => "running",
            Self::Paused { .. } => "paused",
            Self::Completed { .. } => "completed",
            Self::Canceled { .. } => "canceled",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether nothing more becomes of it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Canceled { .. } | Self::Failed { .. })
    }

    /// When it was launched, if it was.
    #[must_use]
    pub fn launched_at(&self) -> Option<Timestamp> {
        match self {
            Self::Draft | Self::Scheduled { .. } => None,
            Self::Preparing { launched_at }
            | Self::Running { launched_at, .. }
            | Self::Paused { launched_at, .. }
            | Self::Completed { launched_at, .. }
            | Self::Failed { launched_at, .. } => Some(*launched_at),
            Self::Canceled { launched_at, .. } => *launched_at,
        }
    }

    /// Its audience, if it was frozen.
    #[must_use]
    pub fn frozen(&self) -> Option<Frozen> {
        match self {
            Self::Draft | Self::Scheduled { .. } | Self::Preparing { .. } | Self::Failed { .. } => None,
            Self::Running { frozen, .. } | Self::Completed { frozen, .. } => Some(*frozen),
            Self::Paused { frozen, .. } | Self::Canceled { frozen, .. } => *frozen,
        }
    }

    /// When it will be launched by itself, if it will.
    #[must_use]
    pub fn scheduled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Scheduled { at } => Some(*at),
            Self::Draft
            | Self::Preparing { .. }
            | Self::Running { .. }
            | Self::Paused { .. }
            | Self::Completed { .. }
            | Self::Canceled { .. }
            | Self::Failed { .. } => None,
        }
    }

    /// When it ended, if it did.
    #[must_use]
    pub fn finished_at(&self) -> Option<Timestamp> {
        match self {
            Self::Completed { finished_at, .. }
            | Self::Canceled { finished_at, .. }
            | Self::Failed { finished_at, .. } => Some(*finished_at),
            Self::Draft
            | Self::Scheduled { .. }
            | Self::Preparing { .. }
            | Self::Running { .. }
            | Self::Paused { .. } => None,
        }
    }

    /// Why it stands there, where there is a reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Paused { reason, .. } => reason.as_deref(),
            Self::Failed { reason, .. } => Some(reason),
            Self::Draft
            | Self::Scheduled { .. }
            | Self::Preparing { .. }
            | Self::Running { .. }
            | Self::Completed { .. }
            | Self::Canceled { .. } => None,
        }
    }
}

impl fmt::Display for CampaignState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A campaign state's name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a campaign is one of draft, scheduled, preparing, running, paused, completed, canceled, failed")]
pub struct UnknownCampaignState;

/// What people do to a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CampaignAction {
    /// Starts it.
    Launch,
    /// Stops it for a while.
    Pause,
    /// Goes on.
    Resume,
    /// Ends it.
    Cancel,
    /// Has it started at a time.
    Schedule,
}

impl CampaignAction {
    /// The name in the API and the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Launch => "launch",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Schedule => "schedule",
        }
    }

    fn participle(self) -> &'static str {
        match self {
            Self::Launch => "launched",
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Cancel => "canceled",
            Self::Schedule => "scheduled",
        }
    }
}

/// Something that cannot be done to a campaign where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a campaign that is {state} cannot be {}", .action.participle())]
pub struct InvalidTransition {
    /// What was to be done.
    pub action: CampaignAction,
    /// Where it stands.
    pub state: CampaignState,
}
