//! `migrator schema`.

use serde_json::json;
use settings::{Settings, Sources};
use store_postgres::{Schema, SchemaState, SchemaStatus};

use crate::cli::SchemaCommand;
use crate::failure::Failure;
use crate::wiring;

pub(crate) async fn run(command: &SchemaCommand, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let schema = Schema::new(wiring::database(&settings)?);
    match *command {
        SchemaCommand::Up { create_database, json } => up(&schema, create_database, json).await,
        SchemaCommand::Status { json } => status(&schema, json).await,
        SchemaCommand::Indexes { json } => indexes(&settings, json).await,
    }
}

async fn indexes(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let imports = wiring::imports(settings, wiring::current_database(settings).await?);
    imports
        .build_indexes(|step| {
            if as_json {
                telemetry::put_line(&json!({"event": "step", "step": step}));
            } else {
                eprintln!("  {step}");
            }
        })
        .await?;
    if !as_json {
        eprintln!("contacts has all of its indexes");
    }
    Ok(())
}

async fn up(schema: &Schema, create_database: bool, as_json: bool) -> Result<(), Failure> {
    let is_created = create_database && schema.create_database().await?;
    let applied = schema.up(|| eprintln!("another migrator is at work; waiting until it has ended")).await?;
    let found = schema.status().await?;
    if as_json {
        let applied: Vec<_> =
            applied.iter().map(|done| json!({"version": done.version, "name": done.name})).collect();
        telemetry::put_line(&json!({
            "database_created": is_created, "applied": applied, "schema_version": found.database_version,
        }));
        return Ok(());
    }
    if is_created {
        eprintln!("made the database");
    }
    for done in &applied {
        eprintln!("applied V{} {}", done.version, done.name);
    }
    if applied.is_empty() {
        eprintln!("nothing to apply");
    }
    eprintln!("the schema is at version {}", found.database_version);
    Ok(())
}

async fn status(schema: &Schema, as_json: bool) -> Result<(), Failure> {
    let found = schema.status().await?;
    if as_json {
        let migrations: Vec<_> = found
            .migrations
            .iter()
            .map(|known| json!({"version": known.version, "name": known.name, "applied": known.is_applied}))
            .collect();
        telemetry::put_line(&json!({
            "state": name(found.state), "schema_version": found.database_version,
            "program_version": found.program_version, "migrations": migrations,
            "deferred_indexes": found.deferred_indexes,
        }));
    } else {
        print_for_people(&found);
    }
    Ok(schema.require_current().await?)
}

fn name(state: SchemaState) -> &'static str {
    match state {
        SchemaState::Current => "current",
        SchemaState::Older => "older",
        SchemaState::Newer => "newer",
    }
}

fn print_for_people(found: &SchemaStatus) {
    for known in &found.migrations {
        let mark = if known.is_applied { "applied" } else { "missing" };
        eprintln!("  {mark}  V{} {}", known.version, known.name);
    }
    if !found.deferred_indexes.is_empty() {
        eprintln!(
            "indexes of contacts that an unfinished import has yet to build, or `migrator schema indexes`: {}",
            found.deferred_indexes.join(", ")
        );
    }
    eprintln!(
        "the schema is at version {}, the program at {}: {}",
        found.database_version,
        found.program_version,
        name(found.state)
    );
}
