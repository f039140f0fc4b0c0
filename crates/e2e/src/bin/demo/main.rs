//! `demo`: the product's main job from nothing, ended by a report whose figures must add up.

#![expect(clippy::print_stdout, reason = "the line for machines is this program's standard output")]

mod checks;
mod story;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use e2e::Servers;
use serde_json::json;

use story::Size;

/// How often the demo looks whether its processes still run.
const WATCH_INTERVAL: std::time::Duration = std::time::Duration::from_millis(500);

/// Makes a synthetic contact file, imports it, sends a campaign through a sandbox provider and prints a report whose
/// figures must add up.
///
/// It works in the database `pregon_demo`, which it drops and makes anew. Then it stays, so that you can look around,
/// until Ctrl-C.
#[derive(Debug, Parser)]
#[command(
    name = "demo",
    version,
    after_help = "\
Examples:
  cargo xtask demo
  cargo xtask demo --rows 1000000 --exit
  cargo xtask demo --json            one line of addresses and logins on stdout when ready"
)]
struct Arguments {
    /// Rows of the contact file.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    rows: u64,
    /// Messages of the campaign; an audience that is smaller is taken whole.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    messages: u64,
    /// Where the api listens; a free port when left out.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// End when the report is printed.
    #[arg(long)]
    exit: bool,
    /// Print one JSON line with addresses and logins on stdout when ready.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::select! {
        outcome = run(&arguments) => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("demo: interrupted");
            return ExitCode::from(130);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("demo: the figures do not add up");
            ExitCode::from(5)
        }
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every figure added up.
async fn run(arguments: &Arguments) -> Result<bool> {
    let servers = Servers::from_environment()?;
    let size = Size { rows: arguments.rows, messages: arguments.messages, port: arguments.port };
    let mut story = story::tell(&servers, size).await?;
    let report = checks::look(&story).await?;
    eprint!("{report}");
    if !report.adds_up() {
        return Ok(false);
    }
    let users: Vec<_> = story
        .users
        .iter()
        .map(|user| json!({"email": user.email, "password": user.password, "role": user.role}))
        .collect();
    if arguments.json {
        println!(
            "{}",
            json!({
                "api": story.stack.api_url, "sandbox": story.stack.sandbox_url,
                "database_url": story.database.url, "redis_url": servers.redis_url, "amqp_url": servers.amqp_url,
                "users": users,
            })
        );
    } else if !arguments.exit {
        eprintln!("\nAPI           {}  (its description: {0}/docs/)", story.stack.api_url);
        eprintln!("sandbox       {}", story.stack.sandbox_url);
        eprintln!("DATABASE_URL={}", story.database.url);
        for user in &story.users {
            eprintln!("  {:<9} {:<24} {}", user.role, user.email, user.password);
        }
    }
    if !arguments.exit {
        eprintln!("\nready; Ctrl-C ends it");
        while story.stack.is_whole() {
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
        anyhow::bail!("api, worker or sandbox has ended by itself");
    }
    Ok(true)
}
