//! The audit log, to be read and to be verified.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::audit::{AuditLine, AuditPlace, BulkReading, ChainLink, ChainPoint};
use crate::request::Envelope;

/// Which lines; what is `None` lets all pass.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this user or program.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// About things of this kind.
    pub object_kind: Option<String>,
    /// About this one.
    pub object_id: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this one.
    pub until: Option<Timestamp>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOrder {
    /// The latest first.
    NewestFirst,
    /// The first first.
    OldestFirst,
}

/// The ids of lines one after the other, and those of them that no link is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseLines {
    /// The last that was looked at.
    pub last: i64,
    /// Those that stand outside the chain.
    pub loose: Vec<i64>,
}

/// The audit log. Its lines are written by the ports that make the changes, each with its change, and here where nothing is changed;
/// nobody changes them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Lines in this order, from behind `after` on.
    async fn page(
        &self,
        filter: AuditFilter,
        order: AuditOrder,
        after: Option<AuditPlace>,
        limit: u16,
    ) -> Result<Vec<AuditLine>, StoreError>;

    /// Notes that so many people's data were shown at once. Whoever shows them does it when this is kept.
    async fn note_reading(
        &self,
        reading: BulkReading,
        count: u32,
        envelope: Envelope,
    ) -> Result<(), StoreError>;

    /// Where the chain is said to end; `None` when that is not kept any more.
    async fn head(&self) -> Result<Option<ChainPoint>, StoreError>;

    /// Links by their place, behind this one, each with its line as it is now.
    async fn links(&self, after: i64, limit: u32) -> Result<Vec<ChainLink>, StoreError>;

    /// Looks at lines by their ids, behind this one, for those that stand outside the chain; `None` behind the last.
    async fn loose_lines(&self, after: i64, limit: u32) -> Result<Option<LooseLines>, StoreError>;
}
