//! `migrator check` and `migrator health`.

use std::fmt;

use domain::port::{Clock, StoreError};
use serde_json::json;
use settings::Sources;
use store_postgres::{Database, Schema, SchemaState};

use crate::cli::Check;
use crate::failure::Failure;
use crate::wiring;

/// How far the server's clock may be from ours before it is worth a word.
const CLOCK_SKEW_MS_MAX: i64 = 2_000;
/// How little free disk is worth a word, in bytes.
const DISK_FREE_BYTES_MIN: u64 = 1 << 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

struct Line {
    what: &'static str,
    verdict: Verdict,
    said: String,
}

fn line(what: &'static str, verdict: Verdict, said: impl Into<String>) -> Line {
    Line { what, verdict, said: said.into() }
}

pub(crate) async fn run(command: Check, sources: &Sources) -> Result<(), Failure> {
    let lines = look(sources).await;
    for Line { what, verdict, said } in &lines {
        if command.json {
            telemetry::put_line(&json!({"check": what, "verdict": verdict.to_string(), "detail": said}));
        } else {
            eprintln!("  {verdict:<4}  {what:<11}  {said}");
        }
    }
    let failed: Vec<_> = lines.iter().filter(|line| line.verdict == Verdict::Fail).collect();
    match failed.first() {
        None => Ok(()),
        Some(first) if first.what == "settings" => {
            Err(Failure::Usage("the settings cannot be used".to_owned()))
        }
        Some(first) => Err(Failure::Server(format!("{} failed", first.what))),
    }
}

async fn look(sources: &Sources) -> Vec<Line> {
    let settings = match wiring::load(sources)
        .and_then(|settings| wiring::database(&settings).map(|ok| (settings, ok)))
    {
        Ok(settings) => settings,
        Err(failure) => return vec![line("settings", Verdict::Fail, failure.to_string()), disk()],
    };
    let (settings, database) = settings;
    let mut lines = vec![line("settings", Verdict::Ok, format!("environment {}", settings.environment))];
    match database.server_setting("server_version").await {
        Err(error) => lines.push(line("postgres", Verdict::Fail, error.to_string())),
        Ok(version) => {
            lines.push(line("postgres", Verdict::Ok, format!("version {}", version.unwrap_or_default())));
            let schema = schema(&database).await;
            lines.push(schema.unwrap_or_else(|error| line("schema", Verdict::Fail, error.to_string())));
            let partitions = partitions(&database).await;
            lines.push(
                partitions.unwrap_or_else(|error| line("partitions", Verdict::Fail, error.to_string())),
            );
            let permissions = permissions(&database).await;
            lines.push(
                permissions.unwrap_or_else(|error| line("permissions", Verdict::Fail, error.to_string())),
            );
            let clock = clock(&database).await;
            lines.push(clock.unwrap_or_else(|error| line("clock", Verdict::Fail, error.to_string())));
        }
    }
    lines.push(disk());
    lines
}

async fn schema(database: &Database) -> Result<Line, StoreError> {
    let found = Schema::new(database.clone()).status().await?;
    let versions = format!("version {}, the program's is {}", found.database_version, found.program_version);
    Ok(match found.state {
        SchemaState::Older => line("schema", Verdict::Fail, format!("{versions}; run `migrator schema up`")),
        SchemaState::Newer => line("schema", Verdict::Fail, format!("{versions}; use a newer program")),
        SchemaState::Current if found.deferred_indexes.is_empty() => line("schema", Verdict::Ok, versions),
        SchemaState::Current => line(
            "schema",
            Verdict::Warn,
            format!(
                "{versions}; an import is running or unfinished, and {} indexes of contacts are down until it ends; \
                 if none runs, go on with `migrator import FILE --resume`, build them with `migrator schema indexes`, or \
                 take the import back with `migrator rollback`",
                found.deferred_indexes.len()
            ),
        ),
    })
}

async fn partitions(database: &Database) -> Result<Line, StoreError> {
    Ok(if Schema::new(database.clone()).has_partitions_ahead().await? {
        line("partitions", Verdict::Ok, "there for the next month's campaigns")
    } else {
        line(
            "partitions",
            Verdict::Warn,
            "none for the next month's campaigns, which could not be launched; run `migrator schema up`",
        )
    })
}

async fn permissions(database: &Database) -> Result<Line, StoreError> {
    Ok(if database.may_change_schema().await? {
        line("permissions", Verdict::Ok, "may create tables in the schema public")
    } else {
        line(
            "permissions",
            Verdict::Fail,
            "may not create tables in the schema public; connect as the database's owner",
        )
    })
}

async fn clock(database: &Database) -> Result<Line, StoreError> {
    let before = wiring::clock().now();
    let theirs = database.now().await?;
    let after = wiring::clock().now();
    let skew_ms = if theirs < before {
        before.duration_since(theirs).as_millis()
    } else if theirs > after {
        theirs.duration_since(after).as_millis()
    } else {
        0
    };
    Ok(if skew_ms > i128::from(CLOCK_SKEW_MS_MAX) {
        line("clock", Verdict::Warn, format!("{skew_ms} ms from the database's; set both by NTP"))
    } else {
        line("clock", Verdict::Ok, "agrees with the database's")
    })
}

/// The disk of the folder we stand in; the server's own is not to be seen from here.
fn disk() -> Line {
    match fs4::available_space(".") {
        Err(error) => {
            line("disk", Verdict::Warn, format!("free space of this folder cannot be read: {error}"))
        }
        Ok(free) if free < DISK_FREE_BYTES_MIN => line(
            "disk",
            Verdict::Warn,
            format!("{} MiB free in this folder; make room for reports", free >> 20),
        ),
        Ok(free) => line("disk", Verdict::Ok, format!("{} GiB free in this folder", free >> 30)),
    }
}

/// Whether the database answers and its schema is ours.
pub(crate) async fn health(sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    wiring::current_database(&settings).await?;
    Ok(())
}
