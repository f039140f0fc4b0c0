//! Scenario benchmarks: each figure beside a floor measured in the same run, one JSON line on stdout.

#![expect(clippy::print_stdout, reason = "the JSON lines are this program's standard output")]

mod api;
mod import;
mod load;
mod numbering;
mod quantiles;
mod segments;
mod send;
mod settle;
mod telnyx;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Runs the benchmarks, all or one, in the database `pregon_bench`, which it drops and makes anew, and `api` and `segments`
/// in one that they keep.
#[derive(Debug, Parser)]
#[command(
    name = "benches",
    version,
    after_help = "\
Examples:
  cargo xtask bench
  cargo xtask bench import --rows 1000000
  cargo xtask bench api --rows 36645692
  cargo xtask bench numbering
  cargo xtask bench segments --rows 36645692
  cargo xtask bench send --messages 10000,100000 --workers 1,2
  cargo xtask bench send --messages 100000 --old-messages 10000000
  cargo xtask bench telnyx"
)]
struct Arguments {
    /// Which one; all when left out.
    name: Option<Name>,
    /// Rows of the contact file.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: u64,
    /// `send`: messages of the campaign, or of several, one after the other.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "5000", value_parser = clap::value_parser!(u32).range(1..))]
    messages: Vec<u32>,
    /// `send`: workers that send, or several numbers of them.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u16).range(1..=16))]
    workers: Vec<u16>,
    /// `send`: messages of an older campaign that lie in the same partition.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000_000))]
    old_messages: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Reads over REST at a fixed rate, as fast as they go, and beside a storm of sign-ins.
    Api,
    /// A contact file into an empty database, beside a raw COPY of the same bytes.
    Import,
    /// Numbers read and looked up, beside the phonenumber crate.
    Numbering,
    /// Segments counted, contacts searched for and handed out.
    Segments,
    /// Campaigns to their last receipt, beside the same posts alone; then receipts settled a thousand at once.
    Send,
    /// Messages through Telnyx's gateway, signatures, and webhooks at a fixed rate.
    Telnyx,
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
            Name::Api => api::measure(arguments.rows, |line| println!("{line}")).await.map(|()| Vec::new()),
            Name::Telnyx => telnyx::measure(|line| println!("{line}")).await.map(|()| Vec::new()),
            Name::Send => {
                let sizes = send::Sizes {
                    messages: arguments.messages.clone(),
                    workers: arguments.workers.clone(),
                    old_messages: arguments.old_messages,
                };
                send::measure(&sizes, |line| println!("{line}")).await.map(|()| Vec::new())
            }
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
