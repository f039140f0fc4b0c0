//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "\
Examples:
  api                                             the same as api serve
  api serve --listen 0.0.0.0:8080
  api openapi > openapi.json
  api check --json

Exit codes:
  0    done
  1    anything not named below
  2    wrong usage, or settings that cannot be used
  4    a server is away or refuses: wrong password, schema too old or too new, port taken";

/// Serves the REST API.
#[derive(Debug, Parser)]
#[command(name = "api", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// A TOML file of settings; variables of the environment beat it, it beats the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until asked to end, which is the default.
    Serve(Serve),
    /// Print the description of the API (OpenAPI) on stdout.
    Openapi,
    /// Say whether settings, servers, schema and clock are as they should be, and what to do.
    Check(Check),
    /// End 0 if the api that listens on this machine is ready; for container health checks.
    Health,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Serve {
    /// Where requests are taken [default: the setting `http.listen`].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Print one JSON line with the address on stdout when requests are taken.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Check {
    /// One JSON object a line on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}
