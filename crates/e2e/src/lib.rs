//! Drives the real binaries from outside, as an operator would: the demo, the long proofs and the benchmarks share it.

mod client;
mod ledger;
mod own_servers;
mod servers;
mod stack;
mod tools;

pub use client::Client;
pub use ledger::{Ledgers, compare, compare_from, masked};
pub use own_servers::{End, OwnServers};
pub use servers::{ScratchDatabase, Servers};
pub use stack::{Stack, StackOptions};
pub use tools::{Finished, Tools};
