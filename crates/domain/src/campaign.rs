//! A campaign: one text to many people, from its draft to its last receipt.

use uuid::Uuid;

/// Identifies a campaign: a version 7 UUID, so that its time is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CampaignId(pub Uuid);

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
