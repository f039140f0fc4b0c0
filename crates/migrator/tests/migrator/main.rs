//! The real binary on real files and a real server, killed where that is the point.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where something fails")]

mod analyze;
mod audit;
mod backup;
mod bad_input;
mod commands;
mod import;
mod lookup;
mod numbering;
mod running;
mod suppressions;
mod verify;
