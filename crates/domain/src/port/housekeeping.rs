//! The port to what the store needs done from time to time, whatever is sent.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::campaign::CampaignId;
use crate::message::MessageState;

/// Keeps the store in order. Any number of workers may call these at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Housekeeping: Send + Sync {
    /// Makes room for the messages of this month's campaigns and of the next ones' where it is missing; says how much.
    async fn make_room(&self) -> Result<u64, StoreError>;

    /// Takes the turn to do the daily work; `false` when another did within a day.
    async fn is_days_turn(&self) -> Result<bool, StoreError>;

    /// Drops the oldest month of messages, with their attempts, receipts and exclusions, that is over the time they are kept,
    /// and names it. None while a campaign of it is a draft or live, or a message of it is claimed or waited for.
    async fn drop_month(&self) -> Result<Option<String>, StoreError>;

    /// Takes some of the provider's events away that were examined longer ago than they are kept; says how many.
    async fn forget_events(&self) -> Result<u64, StoreError>;

    /// Compares the counts of live and lately finished campaigns with their messages, each campaign as of one moment, and
    /// tells what differs. Repairs nothing. `None` when another did within `every`.
    async fn recount(&self, every: Duration) -> Result<Option<Vec<Miscount>>, StoreError>;

    /// Compares the database with the one it was, and notes it. Where it is another, it was restored from a backup: all
    /// campaigns that would send are paused, in the same transaction.
    async fn compare_identity(&self) -> Result<DatabaseIdentity, StoreError>;
}

/// A count that differs from what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miscount {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Of messages in which state.
    pub state: MessageState,
    /// How many were counted.
    pub counted: i64,
    /// How many there are.
    pub kept: i64,
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseIdentity {
    /// The one it was.
    Same,
    /// It was looked at for the first time.
    New,
    /// Another: it was restored, and so many campaigns are paused.
    Restored {
        /// Campaigns that were paused.
        paused: u64,
    },
    /// The server does not tell us.
    Untold,
}
