//! The repository's commands: `cargo xtask --help` lists them. Built on the standard library alone, so that it
//! is there in two seconds on a bare machine.

mod cli;
mod environment;
mod failure;
mod help;
mod output;
mod packages;
mod ports;
mod process;
mod random;
mod services;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}
