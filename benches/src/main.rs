//! Scenario benchmarks: each figure beside a floor measured in the same run, one JSON line on stdout.

#![expect(clippy::print_stdout, reason = "the JSON lines are this program's standard output")]

mod import;
mod load;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Runs the benchmarks, all or one, in the database `pregon_bench`, which it drops and makes anew.
#[derive(Debug, Parser)]
#[command(
    name = "benches",
    version,
    after_help = "\
Examples:
  cargo xtask bench
  cargo xtask bench import --rows 1000000"
)]
struct Arguments {
    /// Which one; all when left out.
    name: Option<Name>,
    /// Rows of the contact file.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A contact file into an empty database, beside a raw COPY of the same bytes.
    Import,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let measured = match arguments.name.unwrap_or(Name::Import) {
        Name::Import => import::measure(arguments.rows).await,
    };
    match measured {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
