//! `sample`: writes a synthetic contact file. JSON on stdout with `--json`, everything for people on stderr.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use source_sqlite::sample::{
    Dirt, Existing, ROWS_MAX, SampleError, SampleSpec, SampleSummary, Stage, write_sample_watched,
};

/// The place is taken or unusable.
const UNUSABLE: u8 = 3;
const INTERRUPTED: u8 = 130;

const EXAMPLES: &str = "\
Examples:
  sample --rows 100000 --out numeros.db
  sample --rows 1000 --out dirty.db --dirt 5 --seed 7
  sample --rows 1000000 --out numeros.db --force --json

Same rows, seed and dirt: the same tables. Every number and person is made up.
Exit codes: 0 written, 2 wrong usage, 3 the file exists or cannot be made, 1 anything else, 130 interrupted.";

/// Writes a synthetic numeros.db in the exact shape of a real one, its dirt included.
#[derive(Debug, Parser)]
#[command(name = "sample", version, after_help = EXAMPLES)]
struct Arguments {
    /// Rows of the table numeros
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=ROWS_MAX))]
    rows: u64,
    /// Where the file goes; until it is whole it is FILE.partial
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What everything in it follows from
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Rows per 100 that are rejected, duplicates or of unassigned area codes, 0 to 20
    #[arg(long, value_name = "PERCENT", default_value = "0.35", value_parser = parse_dirt)]
    dirt: Dirt,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Print the summary as one line of JSON on stdout
    #[arg(long)]
    json: bool,
}

fn parse_dirt(percent: &str) -> Result<Dirt, String> {
    let percent: f64 = percent.parse().map_err(|_| "it is not a number".to_owned())?;
    Dirt::from_percent(percent).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be said where stderr is closed.
            let _ = writeln!(std::io::stderr(), "sample: {error:#}");
            ExitCode::from(exit_code(&error))
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(SampleError::Exists { .. } | SampleError::File { .. } | SampleError::TooManyRows { .. }) => {
            UNUSABLE
        }
        Some(SampleError::Cancelled) => INTERRUPTED,
        Some(SampleError::Database { .. }) | None => 1,
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let spec = SampleSpec {
        rows: arguments.rows,
        seed: arguments.seed,
        dirt: arguments.dirt,
        existing: if arguments.force { Existing::Replace } else { Existing::Keep },
    };
    let cancelled = Arc::new(AtomicBool::new(false));
    let runtime = cancel_on_interrupt(&cancelled).context("cannot wait for Ctrl-C")?;
    let started = Instant::now();
    let progress = progress_bar(spec.rows);
    let written = write_sample_watched(&arguments.out, &spec, &cancelled, |stage| match stage {
        Stage::Rows(rows) => progress.set_position(rows),
        Stage::Index(name) => progress.set_message(format!("sorting {name}")),
    });
    progress.finish_and_clear();
    runtime.shutdown_background();
    let summary = written?;
    tell(&summary, started.elapsed()).context("cannot write to stderr")?;
    if arguments.json {
        let line = serde_json::to_string(&summary).context("cannot render the summary")?;
        writeln!(std::io::stdout(), "{line}").context("cannot write to stdout")?;
    }
    Ok(())
}

/// Sets `cancelled` at the first Ctrl-C, so that nothing half-written is left.
fn cancel_on_interrupt(cancelled: &Arc<AtomicBool>) -> std::io::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
    let cancelled = Arc::clone(cancelled);
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancelled.store(true, Ordering::Relaxed);
        }
    });
    Ok(runtime)
}

fn progress_bar(rows: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows  {per_sec}  {msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn tell(summary: &SampleSummary, took: Duration) -> std::io::Result<()> {
    let mut out = std::io::stderr().lock();
    writeln!(out, "{}", summary.path)?;
    let mut line =
        |name: &str, count: u64| writeln!(out, "  {name:<28}{:>14}", HumanCount(count).to_string());
    line("rows", summary.rows)?;
    line("accepted", summary.accepted)?;
    line("unassigned area code", summary.accepted_invalid)?;
    line("duplicate", summary.duplicates)?;
    line("rejected", summary.rejected)?;
    for (reason, count) in &summary.rejected_by_reason {
        line(&format!("  {reason}"), *count)?;
    }
    line("es_valido = 1", summary.es_valido_one)?;
    line("with a city", summary.with_city)?;
    writeln!(out, "  {}, seed {}, in {:.1} s", HumanBytes(summary.bytes), summary.seed, took.as_secs_f64())
}
