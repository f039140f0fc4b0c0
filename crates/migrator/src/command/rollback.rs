//! `migrator rollback`.

use std::sync::Arc;

use application::{Referenced, RollBackImport, RollbackObserver};
use domain::import::{Import, ImportId};
use serde_json::json;
use settings::Sources;

use crate::cli;
use crate::failure::Failure;
use crate::stop::StopRequest;
use crate::terminal::thousands;
use crate::wiring;

pub(crate) async fn run(command: &cli::Rollback, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let use_case = RollBackImport { imports: Arc::new(wiring::imports(&settings, database)) };
    let observer = Observer { is_json: command.json, stop: StopRequest::listen() };
    let referenced = if command.keep_referenced { Referenced::Keep } else { Referenced::Refuse };
    let removed = use_case.execute(ImportId(command.import_id), referenced, &observer).await?;
    if command.json {
        let import_id = command.import_id.to_string();
        telemetry::put_line(
            &json!({"event": "finished", "import_id": import_id, "contacts_removed": removed}),
        );
    } else {
        eprintln!("import {} is taken back; {} contacts went", command.import_id, thousands(removed));
    }
    Ok(())
}

struct Observer {
    is_json: bool,
    stop: StopRequest,
}

impl RollbackObserver for Observer {
    fn began(&self, import: &Import) {
        if self.is_json {
            telemetry::put_line(&json!({
                "event": "began", "import_id": import.id.to_string(), "source_file": import.source.file_name,
                "imported": import.tally.imported,
            }));
        } else {
            eprintln!(
                "taking import {} of {} back: {} contacts",
                import.id,
                import.source.file_name,
                thousands(import.tally.imported)
            );
        }
    }

    fn progressed(&self, removed: u64) {
        if self.is_json {
            telemetry::put_line(&json!({"event": "progress", "contacts_removed": removed}));
        } else {
            eprintln!("  {} are gone", thousands(removed));
        }
    }

    fn finished_step(&self, step: &str) {
        if self.is_json {
            telemetry::put_line(&json!({"event": "step", "step": step}));
        } else {
            eprintln!("  {step}");
        }
    }

    fn is_stop_requested(&self) -> bool {
        self.stop.is_made()
    }
}
