//! Scenario benchmarks: each figure beside a floor measured in the same run, one JSON line on stdout.

#![expect(clippy::print_stdout, reason = "the JSON lines are this program's standard output")]

mod import;
mod load;
mod numbering;
mod segments;
mod send;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Runs the benchmarks, all or one, in the database `pregon_bench`, which it drops and makes anew, and `segments` in
/// one that it keeps.
#[derive(Debug, Parser)]
#[command(
    name = "benches",
    version,
    after_help = "\
Examples:
  cargo xtask bench
  cargo xtask bench import --rows 1000000
  cargo xtask bench numbering
  cargo xtask bench segments --rows 36645692
  cargo xtask bench send --messages 5000"
)]
struct Arguments {
    /// Which one; all when left out.
    name: Option<Name>,
    /// Rows of the contact file.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: u64,
    /// Messages of the campaign.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    messages: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A contact file into an empty database, beside a raw COPY of the same bytes.
    Import,
    /// Numbers read and looked up, beside the phonenumber crate.
    Numbering,
    /// Segments counted, contacts searched for and handed out.
    Segments,
    /// A campaign to its last receipt, beside the same posts alone.
    Send,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let names = arguments.name.map_or_else(|| Name::value_variants().to_vec(), |name| vec![name]);
    for name in names {
        let measured = match name {
            Name::Import => import::measure(arguments.rows).await.map(|line| vec![line]),
            Name::Numbering => numbering::measure().map(|line| vec![line]),
            Name::Segments => {
                segments::measure(arguments.rows, |line| println!("{line}")).await.map(|()| Vec::new())
            }
            Name::Send => send::measure(arguments.messages).await.map(|line| vec![line]),
        };
        match measured {
            Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
            Err(error) => {
                eprintln!("bench: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
