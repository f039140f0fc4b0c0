//! Drives the real binaries from outside, as an operator would: the demo, the long proofs and the benchmarks share it.

mod servers;
mod tools;

pub use servers::{ScratchDatabase, Servers};
pub use tools::{Finished, Tools};
