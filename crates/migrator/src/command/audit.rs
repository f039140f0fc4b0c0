//! `migrator audit`.

use std::sync::Arc;

use application::{AuditVerdict, VerifyAudit};
use domain::audit::ChainHash;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use settings::Sources;
use store_postgres::PostgresAuditLog;

use crate::cli::AuditCommand;
use crate::failure::Failure;
use crate::terminal::thousands;
use crate::wiring;

pub(crate) async fn run(command: &AuditCommand, sources: &Sources) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify { expect, json } => verify(expect.as_ref(), *json, sources).await,
    }
}

async fn verify(expected: Option<&ChainHash>, as_json: bool, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let verify = VerifyAudit { log: Arc::new(PostgresAuditLog::new(database)) };
    let bar = bar(verify.lines_said().await?, as_json);
    let verdict = verify.execute(expected, |lines| bar.set_position(lines)).await;
    bar.finish_and_clear();
    let verdict = verdict?;
    if as_json {
        tell(&verdict);
    } else {
        show(&verdict);
    }
    match verdict.faults_total {
        0 => Ok(()),
        faults => Err(Failure::Check(format!("the audit log is not as it was written: {faults} faults"))),
    }
}

fn tell(verdict: &AuditVerdict) {
    for fault in &verdict.faults {
        telemetry::put_line(
            &json!({"fault": fault.as_str(), "line_id": fault.line_id(), "detail": fault.to_string()}),
        );
    }
    telemetry::put_line(&json!({
        "event": "finished", "lines": verdict.lines, "place": verdict.head.place, "hash": verdict.head.hash.to_string(),
        "faults": verdict.faults_total,
    }));
}

fn show(verdict: &AuditVerdict) {
    for fault in &verdict.faults {
        eprintln!("  fail  {fault}");
    }
    let told = verdict.faults.len() as u64;
    if verdict.faults_total > told {
        eprintln!("  fail  and {} more", thousands(verdict.faults_total - told));
    }
    eprintln!("  {} lines; the last is {} and ends in", thousands(verdict.lines), verdict.head.place);
    eprintln!("  {}", verdict.head.hash);
}

fn bar(lines: u64, is_json: bool) -> ProgressBar {
    let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(lines) };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} lines  {per_sec}") {
        bar.set_style(style);
    }
    bar
}
