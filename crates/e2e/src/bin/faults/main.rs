//! `faults`: long proofs. What is killed, cut off, frozen or lied to at moments drawn at random must come out as if
//! nothing had been. They start servers of their own.

#![expect(clippy::print_stdout, reason = "the line for machines is this program's standard output")]

mod fault;
mod imports;
mod mutants;
mod rounds;
mod site;
mod tally;
mod verdict;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use fault::Fault;

/// Long proofs. They start servers of their own.
#[derive(Debug, Parser)]
#[command(
    name = "faults",
    version,
    after_help = "\
Examples:
  cargo xtask e2e faults
  cargo xtask e2e faults --rounds 200 --seed 7
  cargo xtask e2e faults --only 'broker killed,queues deleted' --log warn
  cargo xtask e2e faults --mutants              mistakes made on purpose, each of which must be found
  cargo xtask e2e import-faults
  cargo xtask e2e import-faults --kills 50 --seed 7 --rows 200000
  cargo xtask e2e webhook-faults --seconds 600

Exit codes: 0 done, 2 wrong usage, 5 something came out otherwise, or could not be proven."
)]
struct Arguments {
    /// Which one.
    name: Name,
    /// `faults`: campaigns that are disturbed. Five have every fault at least once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// `faults`: messages of each campaign.
    #[arg(long, value_name = "M", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(500..=100_000))]
    messages: u32,
    /// `faults`: makes each of the engine's known mistakes on purpose; one that is not found is a failure.
    #[arg(long)]
    mutants: bool,
    /// `faults`: strike with these alone, by the names of the table, in each round.
    #[arg(long, value_name = "FAULTS", value_delimiter = ',', value_parser = fault::named)]
    only: Vec<Fault>,
    /// `faults`: what the programs log, as log.level takes it.
    #[arg(long, value_name = "LEVEL", default_value = "off")]
    log: String,
    /// `faults`: print one JSON line at the end.
    #[arg(long)]
    json: bool,
    /// `import-faults`: how often something is killed.
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: u32,
    /// The moments are drawn from it; the same seed draws the same ones.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// `webhook-faults`: how long posts are made, in seconds.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// `import-faults`: rows of the contact file.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Campaigns whose programs, servers and wires fail: nobody is written to twice, nobody is lost.
    Faults,
    /// An import is killed, or its server is, and goes on.
    ImportFaults,
    /// Posts that are broken in every way: none is answered 5xx.
    WebhookFaults,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let proven = match arguments.name {
        Name::Faults if arguments.mutants => mutants::find(arguments.seed, arguments.json).await,
        Name::Faults => rounds::run(&arguments).await,
        Name::ImportFaults => imports::import_faults(&arguments).await,
        Name::WebhookFaults => webhooks::webhook_faults(&arguments).await,
    };
    match proven {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::from(5)
        }
    }
}
