//! The port to the numbering plans.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::StoreError;
use crate::numbering::{NumberingPlan, PlanFormat};
use crate::request::Envelope;

/// Keeps numbering plans as versions, and classes contacts by them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait NumberingPlanStore: Send + Sync {
    /// The version that is in force, if any was ever loaded.
    async fn in_force(&self) -> Result<Option<PlanVersion>, StoreError>;

    /// The plan of a version; `Conflict` when there is none.
    async fn plan(&self, version: i32) -> Result<NumberingPlan, StoreError>;

    /// Keeps a plan as a new version and puts it in force in place of the one before, all or nothing.
    async fn put_in_force(&self, new: NewPlan, envelope: Envelope) -> Result<PlanVersion, StoreError>;

    /// Classes the next contacts behind the id `after` by a plan: line type and carrier, `unknown` and none where it has no
    /// range. Those that are classed so already are not written.
    async fn reclassify_some(&self, plan: Arc<NumberingPlan>, after: i64)
    -> Result<Reclassified, StoreError>;

    /// Notes that every contact was classed by a version, and lets what counts contacts know.
    async fn end_reclassifying(&self, version: i32) -> Result<(), StoreError>;
}

/// A plan as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanVersion {
    /// Its number.
    pub version: i32,
    /// The file it came from.
    pub file_name: String,
    /// What identifies that file.
    pub file_sha256: String,
    /// The latest of its assignments.
    pub latest: Option<Date>,
    /// How many ranges it has.
    pub ranges: u64,
    /// When it was loaded.
    pub loaded_at: Timestamp,
}

/// A plan to be kept.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// The file it came from.
    pub file_name: String,
    /// What identifies that file.
    pub file_sha256: String,
    /// The file's shape.
    pub format: PlanFormat,
    /// The latest of its assignments.
    pub latest: Option<Date>,
    /// Lines of the file that could not be read.
    pub malformed_lines: u64,
    /// The plan.
    pub plan: Arc<NumberingPlan>,
}

/// Contacts that were classed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reclassified {
    /// How many were looked at.
    pub seen: u64,
    /// How many of them changed.
    pub changed: u64,
    /// How many of them have a number that is in no range of the plan.
    pub unmatched: u64,
    /// The id of the last one; `None` when there was none left.
    pub last: Option<i64>,
}
