//! Ports in memory that behave as their contracts say.

mod clocks;
mod identities;
mod ids;
mod imports;
mod passwords;
mod sources;

pub use clocks::{FixedClock, SteppingClock};
pub use identities::{AuditLine, FakeIdentityStore};
pub use ids::CountingIds;
pub use imports::FakeImportStore;
pub use passwords::FakePasswords;
pub use sources::{FakeSource, SourceContents};
