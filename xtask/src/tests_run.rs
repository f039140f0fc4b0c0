//! Running every test and adding up what the runner says of each program.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{ExitCode, Stdio};

use crate::cargo::{Build, cargo};
use crate::failure::{Doing, Failure};
use crate::output;
use crate::packages;
use crate::run::Session;
use crate::services::Set;
use crate::services::home::Account;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Sum {
    /// Prints the sum, which must be the last thing printed; the exit code follows from it.
    pub(crate) fn conclude(self) -> ExitCode {
        output::line(&self.to_string());
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`; other lines add nothing.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for count in counts.1.split("; ") {
            match count.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The command `test`: whatever happens, the sum is the last thing said.
pub(crate) fn test(session: Session<'_>, filters: &[String]) -> ExitCode {
    match run_tests(session, filters) {
        Ok(sum) => sum.conclude(),
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            Sum { passed: 0, failed: 1 }.conclude();
            ExitCode::from(failure.code)
        }
    }
}

/// Runs the tests whose names hold one of the filters, or all, and lets go of the servers.
/// What does not build or ends without a word counts as one that failed.
pub(crate) fn run_tests(session: Session<'_>, filters: &[String]) -> Result<Sum, Failure> {
    if let Err(failure) = Build::Development.run(session.workspace) {
        eprintln!("error: {}", failure.message);
        return Ok(Sum { passed: 0, failed: 1 });
    }
    let urls = session.servers(Set::Test)?;
    // One test needs it; the others are worth running without.
    let account = Account::for_servers()?;
    if let Err(failure) = packages::ensure_python(account.is_some()) {
        eprintln!("warning: {}", failure.message);
    }
    let mut command = cargo(session.workspace);
    command.args(["test", "--workspace", "--no-fail-fast"]).envs(urls.variables());
    if !filters.is_empty() {
        command.arg("--").args(filters);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().doing(|| "run cargo test".into())?;
    let mut sum = Sum::default();
    if let Some(lines) = child.stdout.take() {
        copy_and_add(BufReader::new(lines), &mut io::stdout().lock(), &mut sum);
    }
    let status = child.wait().doing(|| "wait for cargo test".into())?;
    if !status.success() {
        sum.failed = sum.failed.max(1);
    }
    session.release()?;
    Ok(sum)
}

fn copy_and_add(mut lines: impl BufRead, out: &mut impl Write, sum: &mut Sum) {
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        let _ = out.write_all(&line).and_then(|()| out.flush());
        sum.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Sum, copy_and_add};

    const OUTPUT: &str = "\
running 2 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s";

    #[test]
    fn the_sum_is_over_every_program_and_nothing_is_swallowed() {
        let (mut out, mut sum) = (Vec::new(), Sum::default());
        copy_and_add(OUTPUT.as_bytes(), &mut out, &mut sum);
        assert_eq!(sum, Sum { passed: 5, failed: 4 });
        assert_eq!(out, OUTPUT.as_bytes());
    }

    #[test]
    fn a_test_that_prints_numbers_changes_no_sum() {
        let mut sum = Sum::default();
        sum.add("9 passed; 9 failed");
        sum.add("test result: none");
        assert_eq!(sum.to_string(), "0 passed, 0 failed");
    }
}
