//! Ports in memory that behave as their contracts say.

mod caches;
mod clocks;
mod codes;
mod failures;
mod gateways;
mod identities;
mod ids;
mod imports;
mod passwords;
mod sessions;
mod sources;
mod tokens;

pub use caches::FakeCache;
pub use clocks::{FixedClock, SteppingClock};
pub use codes::FakeCodes;
pub use failures::FakeFailureLog;
pub use gateways::FakeGateway;
pub use identities::{AuditLine, FakeIdentityStore};
pub use ids::CountingIds;
pub use imports::FakeImportStore;
pub use passwords::FakePasswords;
pub use sessions::FakeSessionStore;
pub use sources::{FakeSource, SourceContents};
pub use tokens::{CountingSecrets, FakeTokens};
