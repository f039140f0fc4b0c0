//! `telnyx-sandbox`: Telnyx on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use serde_json::json;
use telnyx_sandbox::{Sandbox, SandboxOptions};

/// Speaks the wire format of Telnyx Messaging v2, with outcomes by the last two digits of the number or by script, and
/// keeps a ledger of what it accepted.
#[derive(Parser)]
#[command(name = "telnyx-sandbox", version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The key that requests must bear; without it every request is taken.
    #[arg(long)]
    api_key: Option<String>,
    /// Makes the signing key the same on every run.
    #[arg(long)]
    seed: Option<u64>,
    /// How long every answer to a message takes.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// How much longer the outcome `slow` takes.
    #[arg(long, default_value_t = 2_000)]
    slow_ms: u64,
    /// How long a connection stays open whose answer never comes.
    #[arg(long, default_value_t = 60_000)]
    silence_ms: u64,
    /// How long after the answer the first webhook goes, and each next one after the one before it.
    #[arg(long, default_value_t = 20)]
    webhook_delay_ms: u64,
    /// How long after a failed try a webhook is tried again; twice as long after each more, up to 16 times.
    #[arg(long, default_value_t = 500)]
    webhook_retry_ms: u64,
    /// How often a webhook is tried at most.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    webhook_tries_max: u32,
    /// How many webhooks are under way at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    webhooks_at_once: u16,
    /// The most messages a second, over the whole account; 0 for as many as come.
    #[arg(long, default_value_t = 0)]
    rate: u32,
    /// The most messages that are taken.
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    ledger_max: u32,
    /// Threads that answer.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// What is logged, to standard error.
    #[arg(long, default_value = "warn")]
    log_level: String,
}

impl Arguments {
    fn options(self) -> anyhow::Result<SandboxOptions> {
        Ok(SandboxOptions {
            listen: self.listen,
            api_key: self.api_key,
            seed: self.seed,
            latency: Duration::from_millis(self.latency_ms),
            slow: Duration::from_millis(self.slow_ms),
            silence: Duration::from_millis(self.silence_ms),
            webhook_delay: Duration::from_millis(self.webhook_delay_ms),
            webhook_retry: Duration::from_millis(self.webhook_retry_ms),
            webhook_tries_max: self.webhook_tries_max,
            webhooks_at_once: self.webhooks_at_once.into(),
            rate: self.rate,
            ledger_max: usize::try_from(self.ledger_max)?,
            workers: self.workers.into(),
        })
    }
}

/// Messages and requests are many small pieces of memory that come and go at once (docs/decisions/013).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the line that says where it is goes to whoever started it")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    telemetry::init(&arguments.log_level, telemetry::Format::Auto)?;
    let listen = arguments.listen;
    let mut sandbox =
        Sandbox::start(arguments.options()?).await.with_context(|| format!("cannot listen at {listen}"))?;
    println!("{}", json!({"sandbox": sandbox.url(), "public_key": sandbox.public_key()}));
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        ended = sandbox.ended() => ended.context("the sandbox ended by itself"),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}
