//! The fault proof, short: every fault at least once.

use std::process::Command;

fn proves(arguments: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_faults")).args(arguments).status().unwrap();
    assert!(status.success(), "faults {} ended with {status}", arguments.join(" "));
}

#[test]
fn no_fault_sends_anybody_twice_or_loses_anybody() {
    proves(&["faults", "--rounds", "5", "--seed", "20"]);
}
