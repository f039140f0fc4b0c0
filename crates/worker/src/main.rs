//! `worker`: sends campaigns.

mod beat;
mod check;
mod cli;
mod failure;
mod gateway;
mod loops;
mod provider;
mod run;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, Run};
use failure::Failure;

/// Messages and requests are many small pieces of memory that come and go at once (docs/decisions/013).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("worker: the program cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("worker: {failure}");
            failure.exit_code()
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let sources = settings::Sources::from_process(cli.config);
    match cli.command.unwrap_or(Command::Run(Run::default())) {
        Command::Run(command) => run::run(&command, &sources).await,
        Command::Check(command) => check::check(command, &sources).await,
        Command::Health => check::health(&sources).await,
    }
}
