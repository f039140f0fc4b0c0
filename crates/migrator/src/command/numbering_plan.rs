//! `migrator numbering-plan load` and `migrator reclassify`.

use std::path::Path;

use application::{LoadNumberingPlan, ProposedPlan, Reclassify};
use domain::numbering::KnownBy;
use domain::port::PlanVersion;
use serde_json::{Value, json};
use settings::Sources;

use crate::cli::{self, NumberingPlanCommand};
use crate::failure::Failure;
use crate::stop::StopRequest;
use crate::terminal::{print_table, thousands};
use crate::wiring;

/// The largest file that is read, in bytes; the regulator's has some 20 MB.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

pub(crate) async fn load(command: &NumberingPlanCommand, sources: &Sources) -> Result<(), Failure> {
    let NumberingPlanCommand::Load { file, yes, json } = command;
    let bytes = read(file)?;
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let use_case = LoadNumberingPlan { plans: wiring::numbering_plans(database), clock: wiring::clock() };
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let proposed = use_case.propose(name, &bytes).await?;
    let mut told = tell(&proposed, *json);
    if proposed.is_in_force() {
        if *json {
            told["event"] = json!("in_force_already");
            telemetry::put_line(&told);
        } else {
            eprintln!("this file is in force already; nothing to do");
        }
        return Ok(());
    }
    if proposed.is_older() && !*json {
        eprintln!("warning: this file is older than the plan in force");
    }
    if !*yes {
        if *json {
            told["event"] = json!("proposed");
            telemetry::put_line(&told);
        } else {
            eprintln!("nothing has changed; run it again with --yes to put it in force");
        }
        return Ok(());
    }
    let version = use_case.put_in_force(proposed).await?;
    if *json {
        told["event"] = json!("in_force");
        told["version"] = json!(version.version);
        telemetry::put_line(&told);
    } else {
        eprintln!(
            "version {} is in force; class the contacts by it with `migrator reclassify`",
            version.version
        );
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let cannot =
        |error: std::io::Error| Failure::Input(format!("{} cannot be read: {error}", file.display()));
    let bytes = std::fs::metadata(file).map_err(cannot)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(Failure::Input(format!(
            "{} has {bytes} bytes; no numbering plan is larger than {FILE_BYTES_MAX}",
            file.display()
        )));
    }
    std::fs::read(file).map_err(cannot)
}

/// Tells people what was read; returns the same for machines.
fn tell(proposed: &ProposedPlan, as_json: bool) -> Value {
    let (file, new) = (&proposed.file, &proposed.new);
    if !as_json {
        let latest = file.latest.map_or_else(|| "unknown".to_owned(), |date| date.to_string());
        let mut rows = vec![
            ("lines".to_owned(), thousands(file.assignments.len() as u64)),
            ("ranges".to_owned(), thousands(new.plan.ranges() as u64)),
            ("latest assignment".to_owned(), latest),
            ("malformed lines".to_owned(), thousands(file.malformed_lines)),
        ];
        if let Some((before, changes)) = &proposed.before {
            rows.extend([
                ("in force".to_owned(), format!("version {} of {}", before.version, before.file_name)),
                ("kept".to_owned(), thousands(changes.kept)),
                ("changed".to_owned(), thousands(changes.changed)),
                ("added".to_owned(), thousands(changes.added)),
                ("removed".to_owned(), thousands(changes.removed)),
            ]);
        }
        print_table(&rows);
        if file.known_by == KnownBy::Content {
            eprintln!(
                "warning: the columns do not stand where line 1 names them; they were known by what they hold"
            );
        }
        for malformed in &file.malformed {
            eprintln!("  line {}: {}", malformed.line, malformed.reason);
        }
    }
    let malformed: Vec<_> =
        file.malformed.iter().map(|line| json!({"line": line.line, "reason": line.reason})).collect();
    json!({
        "file": new.file_name, "format": file.format.as_str(), "columns_known_by": file.known_by.as_str(),
        "lines": file.assignments.len(), "ranges": new.plan.ranges(),
        "latest": file.latest.map(|date| date.to_string()), "is_older": proposed.is_older(),
        "malformed_lines": file.malformed_lines, "malformed": malformed,
        "changes": proposed.before.as_ref().map(|(_, changes)| json!({
            "kept": changes.kept, "changed": changes.changed, "added": changes.added, "removed": changes.removed,
        })),
    })
}

pub(crate) async fn reclassify(command: cli::Reclassify, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let use_case = Reclassify { plans: wiring::numbering_plans(database) };
    let stop = StopRequest::listen();
    let outcome = use_case
        .execute(|seen, changed| {
            if command.json {
                telemetry::put_line(
                    &json!({"event": "progress", "contacts_seen": seen, "contacts_changed": changed}),
                );
            } else {
                eprintln!("  {} contacts, {} changed", thousands(seen), thousands(changed));
            }
            !stop.is_made()
        })
        .await?;
    let PlanVersion { version, file_name, .. } = &outcome.version;
    if command.json {
        telemetry::put_line(&json!({
            "event": "finished", "version": version, "file": file_name, "contacts_seen": outcome.seen,
            "contacts_changed": outcome.changed, "contacts_unmatched": outcome.unmatched,
        }));
    } else {
        eprintln!(
            "{} contacts are classed by version {version} of the plan, {file_name}; {} changed, the numbers of {} are in no \
             range of it",
            thousands(outcome.seen),
            thousands(outcome.changed),
            thousands(outcome.unmatched)
        );
    }
    Ok(())
}
