//! Fakes, port contract suites and fixtures: a dev-dependency, never in a program.
//!
//! A port's obligations are the clauses of its suite in [`contract`]. The same clauses run on the fake here and on the
//! real adapter in its own crate, so what a use case was tested against is what it will meet. No number in here is
//! anybody's: they are counted up from fixed beginnings.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails in here fails a test, and says where"
)]
#![expect(clippy::missing_panics_doc, reason = "a clause is there to panic when its sentence does not hold")]

pub mod contract;
pub mod fakes;
pub mod fixtures;

mod database;
mod proxy;

pub use database::TestDatabase;
pub use proxy::Proxy;
