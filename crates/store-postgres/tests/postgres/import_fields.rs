//! A thousand rows with every quirk of the real file, each field of each compared with what the import rules say of it.

mod expected;
mod specimens;
mod stored;

use std::sync::Arc;

use application::{ImportCommand, ImportNumbers, ImportObserver, ImportOutcome, KnownPlan};
use domain::import::{Import, ImportState};
use store_postgres::PostgresNumberingPlanStore;
use testkit::contract::ImportHarness;
use testkit::fakes::{CountingIds, FakeSource, SourceContents};

use crate::harness::Postgres;
use specimens::Specimen;

const ROWS: u64 = 1_000;

struct Silent;

impl ImportObserver for Silent {
    fn began(&self, _: &Import) {}
    fn progressed(&self, _: &Import) {}
    fn finished_step(&self, _: &str) {}
    fn is_stop_requested(&self) -> bool {
        false
    }
}

async fn import(postgres: &Postgres, specimens: &[Specimen], command: ImportCommand) -> ImportOutcome {
    let rows = specimens.iter().map(|specimen| specimen.row.clone()).collect();
    let plans = PostgresNumberingPlanStore::new(postgres.test.database());
    let use_case = ImportNumbers {
        plan: Arc::new(KnownPlan::new(Arc::new(plans))),
        source: Arc::new(FakeSource::new(SourceContents::of(rows))),
        imports: Arc::new(postgres.import_store()),
        ids: Arc::new(CountingIds::default()),
        backup: None,
    };
    let outcome = use_case.execute(command, &Silent).await.unwrap();
    postgres.until_none_is_open().await;
    outcome
}

/// A batch size that divides nothing, so that quirks meet the ends of batches.
const WHOLE: ImportCommand = ImportCommand { resume: false, rows_max: None, batch_rows: 137 };

async fn compare(postgres: &Postgres, specimens: &[Specimen], outcome: &ImportOutcome) {
    let import = &outcome.import;
    assert_eq!(import.state, ImportState::Completed);
    assert_eq!(import.tally, expected::tally(specimens));
    assert_eq!(stored::contacts(postgres, import.id).await, expected::contacts(specimens));
    assert_eq!(stored::rejects(postgres, import.id).await, expected::rejects(specimens));
}

#[tokio::test]
async fn every_field_of_every_row_is_as_the_rules_say_in_an_empty_table() {
    let postgres = Postgres::fresh().await;
    let specimens = specimens::rows(ROWS, &[]);
    let outcome = import(&postgres, &specimens, WHOLE).await;
    compare(&postgres, &specimens, &outcome).await;
    let everybody = postgres.rows("SELECT FROM contacts").await;
    assert_eq!(u64::try_from(everybody).unwrap(), outcome.import.tally.imported);
}

#[tokio::test]
async fn every_field_of_every_row_is_as_the_rules_say_in_a_table_that_has_others() {
    let postgres = Postgres::fresh().await;
    let there = specimens::some_numbers(ROWS);
    for phone in &there {
        postgres.add_contact(*phone).await.unwrap();
    }
    let others = "SELECT FROM contacts WHERE source = 'person' AND import_id IS NULL AND full_name IS NULL";
    let specimens = specimens::rows(ROWS, &there);
    let outcome = import(&postgres, &specimens, WHOLE).await;
    assert!(outcome.import.tally.duplicates_existing > 0);
    compare(&postgres, &specimens, &outcome).await;
    assert_eq!(postgres.rows(others).await, there.len(), "those that were there stay as they were");
}

#[tokio::test]
async fn an_import_that_stops_twice_and_goes_on_ends_as_one_that_did_not() {
    let postgres = Postgres::fresh().await;
    let specimens = specimens::rows(ROWS, &[]);
    let first = import(&postgres, &specimens, ImportCommand { rows_max: Some(300), ..WHOLE }).await;
    assert_eq!((first.import.state, first.import.tally.rows_read), (ImportState::Stopped, 300));
    let more = ImportCommand { resume: true, rows_max: Some(700), batch_rows: 50 };
    let second = import(&postgres, &specimens, more).await;
    assert_eq!((second.import.state, second.import.tally.rows_read), (ImportState::Stopped, 700));
    let outcome = import(&postgres, &specimens, ImportCommand { resume: true, ..WHOLE }).await;
    assert_eq!(outcome.import.id, first.import.id);
    compare(&postgres, &specimens, &outcome).await;
}
