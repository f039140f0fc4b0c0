//! `migrator`: brings the schema up, contact files in, and the first users to the door.

mod cli;
mod command;
mod failure;
mod report;
mod stop;
mod terminal;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("migrator: the program cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(cli));
    // Reading runs ahead on threads of its own; nobody waits for them.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("migrator: {failure}");
            failure.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let sources = settings::Sources::from_process(cli.config);
    match cli.command {
        Command::Schema(schema) => command::schema::run(&schema.command, &sources).await,
        Command::Analyze(analyze) => command::analyze::run(&analyze).await,
        Command::Import(import) => command::import::run(&import, &sources).await,
        Command::Status(status) => command::status::run(&status, &sources).await,
        Command::Verify(verify) => command::verify::run(&verify, &sources).await,
        Command::Restore(restore) => command::restore::run(&restore, &sources).await,
        Command::Rollback(rollback) => command::rollback::run(&rollback, &sources).await,
        Command::Normalize(normalize) => command::normalize::run(&normalize, &sources).await,
        Command::NumberingPlan(plan) => command::numbering_plan::load(&plan.command, &sources).await,
        Command::Reclassify(reclassify) => command::numbering_plan::reclassify(reclassify, &sources).await,
        Command::Suppressions(lists) => command::suppressions::run(&lists.command, &sources).await,
        Command::Lookup(lookup) => command::lookup::run(&lookup, &sources).await,
        Command::User(user) => command::user::run(&user.command, &sources).await,
        Command::Audit(audit) => command::audit::run(&audit.command, &sources).await,
        Command::Roles(roles) => command::roles::run(&roles.command, &sources).await,
        Command::Check(check) => command::check::run(check, &sources).await,
        Command::Health => command::check::health(&sources).await,
    }
}
