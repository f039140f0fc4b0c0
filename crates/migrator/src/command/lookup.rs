//! `migrator lookup`.

use std::path::Path;

use application::{LookUpSegment, LookupEnd, LookupRun};
use domain::contact::ContactId;
use domain::lookup::LookupTally;
use domain::money::{Currency, Money};
use domain::port::{LookupCount, LookupScope};
use domain::segment::{Segment, SegmentDefinition};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use settings::Sources;

use crate::cli;
use crate::failure::Failure;
use crate::stop::StopRequest;
use crate::terminal::{print_table, thousands};
use crate::wiring;

/// The largest file that is read, in bytes: 10,000 values of 200 characters fit in it.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(crate) async fn run(command: &cli::Lookup, sources: &Sources) -> Result<(), Failure> {
    let segment = read(&command.segment)?;
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let segments = wiring::lookups(&settings, database)?;
    let scope = if command.even_if_known { LookupScope::EvenIfKnown } else { LookupScope::UnknownAlone };
    let stop = StopRequest::listen();
    let (count, cost) = segments.estimate(&segment, scope).await?;
    tell_estimate(count, (cost, command.max_cost), command.json);
    if command.dry_run {
        if !command.json {
            eprintln!("nobody was asked; run it again without --dry-run to ask");
        }
        return Ok(());
    }
    let walk = Walk { segments: &segments, segment: &segment, scope, stop: &stop, is_json: command.json };
    let bar = bar(count.to_ask, command.json);
    let mut run = LookupRun::new(Some(command.max_cost), LookupTally::default());
    let walked = walk.to_its_end(&mut run, &bar).await;
    bar.finish_and_clear();
    let (tally, ended) = walked?;
    tell_end(tally, command.max_cost, &ended, command.json);
    match ended {
        LookupEnd::AllAsked => Ok(()),
        LookupEnd::Stopped => Err(Failure::Interrupted(ended.to_string())),
        LookupEnd::AccountBlocked { .. } | LookupEnd::NobodyAnswers => {
            Err(Failure::Server(ended.to_string()))
        }
        LookupEnd::OverCost | LookupEnd::OutOfTime | LookupEnd::DayIsSpent { .. } => {
            Err(Failure::Other(ended.to_string()))
        }
    }
}

/// The segment that a file defines.
fn read(file: &Path) -> Result<Segment, Failure> {
    let name = file.display();
    let cannot = |error: std::io::Error| Failure::Input(format!("{name} cannot be read: {error}"));
    let bytes = std::fs::metadata(file).map_err(cannot)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(Failure::Input(format!(
            "{name} has {bytes} bytes; no segment's definition is larger than {FILE_BYTES_MAX}"
        )));
    }
    let text = std::fs::read(file).map_err(cannot)?;
    let definition: SegmentDefinition = serde_json::from_slice(&text)
        .map_err(|error| Failure::Input(format!("{name} holds no segment's definition: {error}")))?;
    definition.check().map_err(|refused| Failure::Input(format!("{name}: {refused}")))
}

fn money_json(money: Money) -> Value {
    json!({"amount_micros": money.micros.to_string(), "currency": money.currency.as_str()})
}

/// What the calls of a tally cost.
fn cost(tally: LookupTally, like: Money) -> Money {
    Money { micros: i64::try_from(tally.cost_micros).unwrap_or(i64::MAX), ..like }
}

fn tell_estimate(count: LookupCount, (cost, most): (Money, Money), is_json: bool) {
    if is_json {
        telemetry::put_line(&json!({
            "event": "estimate", "to_ask": count.to_ask, "cached": count.cached, "cost": money_json(cost),
            "max_cost": money_json(most), "calls_left_today": count.left_today,
        }));
        return;
    }
    print_table(&[
        ("numbers to ask about".to_owned(), thousands(count.to_ask)),
        ("looked up already".to_owned(), thousands(count.cached)),
        ("would cost".to_owned(), cost.to_string()),
        ("may cost".to_owned(), most.to_string()),
        ("calls left today".to_owned(), thousands(count.left_today)),
    ]);
    if cost.micros > most.micros {
        eprintln!("only as many are asked about as --max-cost pays for");
    }
    if count.to_ask > count.left_today {
        eprintln!("only as many are asked about as calls are left of the day (lookup.calls_per_day_max)");
    }
}

fn bar(numbers: u64, is_json: bool) -> ProgressBar {
    let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(numbers) };
    let style = ProgressStyle::with_template(
        "{bar:30} {human_pos}/{human_len} numbers  {msg}  {per_sec}, {eta} left",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// A walk through the contacts of a segment.
struct Walk<'a> {
    segments: &'a LookUpSegment,
    segment: &'a Segment,
    scope: LookupScope,
    stop: &'a StopRequest,
    is_json: bool,
}

impl Walk<'_> {
    /// Goes on until nobody is left, or no more may be asked; says what was done.
    async fn to_its_end(
        &self,
        run: &mut LookupRun,
        bar: &ProgressBar,
    ) -> Result<(LookupTally, LookupEnd), Failure> {
        let up_to = self.segments.up_to().await?;
        let (mut checkpoint, mut sum) = (ContactId(i64::MIN), LookupTally::default());
        let is_stopped = || self.stop.is_made();
        loop {
            if is_stopped() {
                return Ok((sum, LookupEnd::Stopped));
            }
            let what = (self.segment, self.scope);
            let step = self.segments.step(run, what, (checkpoint, up_to), &is_stopped).await?;
            let Some(ended) = step.ended else { return Ok((sum, LookupEnd::AllAsked)) };
            checkpoint = step.checkpoint;
            sum.add(step.done);
            if self.is_json {
                let mut line = tally_json(sum);
                line["event"] = json!("progress");
                line["cost"] = money_json(cost(sum, Money::zero(Currency::MXN)));
                telemetry::put_line(&line);
            }
            bar.set_position(sum.asked);
            bar.set_message(format!("{} failed", thousands(sum.failed)));
            match ended {
                LookupEnd::AllAsked => {}
                // A step's time is over, and the pace lets nobody be asked yet.
                LookupEnd::OutOfTime => tokio::time::sleep(self.segments.step_within / 100).await,
                LookupEnd::Stopped
                | LookupEnd::OverCost
                | LookupEnd::DayIsSpent { .. }
                | LookupEnd::AccountBlocked { .. }
                | LookupEnd::NobodyAnswers => return Ok((sum, ended)),
            }
        }
    }
}

fn tally_json(tally: LookupTally) -> Value {
    json!({
        "asked": tally.asked, "cached": tally.cached, "mobile": tally.mobile, "fixed": tally.fixed,
        "unknown": tally.unknown, "failed": tally.failed,
    })
}

fn tell_end(tally: LookupTally, max_cost: Money, ended: &LookupEnd, is_json: bool) {
    let cost = cost(tally, max_cost);
    if is_json {
        let mut line = tally_json(tally);
        line["event"] = json!("finished");
        line["cost"] = money_json(cost);
        line["ended"] = json!(ended.reason().unwrap_or("all_asked"));
        telemetry::put_line(&line);
        return;
    }
    let row = |name: &str, count: u64| (name.to_owned(), thousands(count));
    print_table(&[
        row("asked about", tally.asked),
        row("  mobile", tally.mobile),
        row("  fixed", tally.fixed),
        row("  unknown", tally.unknown),
        row("  no answer", tally.failed),
        row("looked up before", tally.cached),
        ("cost".to_owned(), cost.to_string()),
    ]);
}
