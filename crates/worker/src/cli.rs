//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "\
Examples:
  worker                                          the same as worker run
  worker run --listen 0.0.0.0:9091
  worker check --json

Exit codes:
  0    done; a worker that was asked to end has recorded every answer that came in time
  1    anything not named below
  2    wrong usage, or settings that cannot be used
  4    a server is away or refuses: wrong password, schema too old or too new, port taken";

/// Sends campaigns: claims messages, hands them to the provider, records what became of them.
#[derive(Debug, Parser)]
#[command(name = "worker", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// A TOML file of settings; variables of the environment beat it, it beats the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work until asked to end, which is the default.
    Run(Run),
    /// Say whether settings, servers, schema and clock are as they should be, and what to do.
    Check(Check),
    /// End 0 if the worker that listens on this machine is ready; for container health checks.
    Health,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Run {
    /// Where health and metrics are served [default: the setting `worker.listen`].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Check {
    /// One JSON object a line on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}
