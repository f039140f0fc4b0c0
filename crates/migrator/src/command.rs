//! The commands, one a file.

pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod import;
pub(crate) mod lookup;
pub(crate) mod normalize;
pub(crate) mod numbering_plan;
mod progress;
pub(crate) mod restore;
pub(crate) mod roles;
pub(crate) mod rollback;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod suppressions;
pub(crate) mod user;
pub(crate) mod verify;
