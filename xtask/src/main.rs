//! The repository's commands: `cargo xtask --help` lists them. Built on the standard library alone, so that it
//! is there in two seconds on a bare machine.

mod boundaries;
mod cargo;
mod ci;
mod cli;
mod environment;
mod failure;
mod help;
mod json;
mod output;
mod packages;
mod ports;
mod process;
mod random;
mod run;
mod services;
mod supervise;
mod tests_run;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::execute(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}
