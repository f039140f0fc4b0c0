//! Drives the real binaries: the demo and the long proofs.

fn main() {}
