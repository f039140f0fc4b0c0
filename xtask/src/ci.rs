//! Everything a change must pass, in the order in which a failure costs least.

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::boundaries;
use crate::cargo::{cargo, run};
use crate::failure::Failure;
use crate::run::{Session, demo_to_its_end};
use crate::tests_run::{Sum, run_tests};

/// Runs the steps up to the first that fails, and prints the sum last.
pub(crate) fn ci(session: Session<'_>) -> Result<ExitCode, Failure> {
    let mut sum = Sum::default();
    if let Err(failure) = steps(session, &mut sum) {
        eprintln!("error: {}", failure.message);
        sum.failed = sum.failed.max(1);
    }
    session.release()?;
    Ok(sum.conclude())
}

fn steps(session: Session<'_>, sum: &mut Sum) -> Result<(), Failure> {
    let workspace = session.workspace;
    let call = |arguments: &[&str]| -> Command {
        let mut command = cargo(workspace);
        command.args(arguments);
        command
    };
    timed("fmt", || {
        run(&mut call(&["fmt", "--all", "--check"]), "the code is not formatted: run cargo fmt")
    })?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    timed("clippy", || run(&mut call(&clippy), "clippy has something to say"))?;
    timed("boundaries", || boundaries::check(workspace))?;
    let mut docs = call(&["doc", "--workspace", "--no-deps"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    timed("docs", || run(&mut docs, "the documentation has faults"))?;
    timed("test", || {
        *sum = run_tests(session, &[])?;
        if sum.failed == 0 { Ok(()) } else { Err(Failure::other("tests failed")) }
    })?;
    timed("demo", || demo_to_its_end(session))
}

fn timed(name: &str, step: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let begun = Instant::now();
    let result = step();
    let outcome = if result.is_ok() { "ok" } else { "failed" };
    eprintln!("ci: {name} {outcome} in {:.1} s", begun.elapsed().as_secs_f64());
    result
}
