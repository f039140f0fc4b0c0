//! Stories of imports over mocked ports.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::import::Tally;
use domain::port::{
    KnownNumbers, MockIds, MockImportSession, MockImportStore, MockNumberingPlanStore, MockSourceReader,
};
use domain::source::{SourceBatch, SourceValue};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;

#[derive(Default)]
struct Heard {
    steps: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl ImportObserver for Heard {
    fn began(&self, _: &Import) {}
    fn progressed(&self, _: &Import) {}
    fn finished_step(&self, step: &str) {
        self.steps.lock().unwrap().push(step.to_owned());
    }
    fn is_stop_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

const COMMAND: ImportCommand = ImportCommand { resume: false, rows_max: None, batch_rows: 100 };

fn source() -> SourceDescription {
    SourceDescription {
        file_name: "numeros.db".to_owned(),
        path: None,
        file_bytes: 4096,
        fingerprint: "f1".to_owned(),
        rows: 1,
        last_id: 1,
    }
}

fn import(state: ImportState, fingerprint: &str) -> Import {
    Import {
        id: ImportId(Uuid::from_u128(1)),
        state,
        source: SourceDescription { fingerprint: fingerprint.to_owned(), ..source() },
        last_source_row_id: 0,
        tally: Tally::default(),
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: None,
    }
}

fn one_row() -> SourceBatch {
    let mut row = [SourceValue::Null; 16];
    row[0] = SourceValue::Integer(1);
    row[1] = SourceValue::Text(b"5512345670");
    let mut batch = SourceBatch::with_capacity(1);
    batch.push(row);
    batch
}

fn reader() -> MockSourceReader {
    let mut reader = MockSourceReader::new();
    reader.expect_describe().returning(|| Ok(source()));
    reader.expect_batches().returning(|_| futures::stream::iter([Ok(one_row())]).boxed());
    reader.expect_statistics().returning(|| Ok(Vec::new()));
    reader.expect_missing_ladas().returning(|| Ok(Vec::new()));
    reader
}

fn session(stored: StoredRows) -> MockImportSession {
    let mut session = MockImportSession::new();
    session.expect_import().returning(|| import(ImportState::Loading, "f1"));
    session.expect_known_numbers().returning(|_, _| Ok(KnownNumbers { numbers: Vec::new(), next: None }));
    session.expect_append().times(1).returning(|_| Ok(()));
    session.expect_flush().times(1..).returning(|| Ok(()));
    session.expect_keep_account().returning(|_, _| Ok(()));
    let mut steps = vec!["vacuum analyze".to_owned()];
    session.expect_next_finishing_step().returning(move || Ok(steps.pop()));
    session.expect_count_stored().returning(move || Ok(stored.clone()));
    session.expect_close().returning(|| {
        let mut ended = import(ImportState::Completed, "f1");
        ended.tally = Tally { rows_read: 1, imported: 1, ..Tally::default() };
        Ok(ended)
    });
    session
}

fn use_case(reader: MockSourceReader, imports: MockImportStore) -> ImportNumbers {
    let mut ids = MockIds::new();
    ids.expect_next().return_const(Uuid::from_u128(1));
    let mut plans = MockNumberingPlanStore::new();
    plans.expect_in_force().returning(|| Ok(None));
    ImportNumbers {
        source: Arc::new(reader),
        imports: Arc::new(imports),
        plan: Arc::new(KnownPlan::new(Arc::new(plans))),
        ids: Arc::new(ids),
    }
}

const ONE_CONTACT: StoredRows = StoredRows { contacts: 1, refused: BTreeMap::new() };

#[tokio::test]
async fn a_new_file_is_read_stored_finished_and_checked() {
    let mut imports = MockImportStore::new();
    imports.expect_find_under_way().returning(|| Ok(None));
    imports.expect_find_by_fingerprint().returning(|_| Ok(None));
    imports.expect_begin().times(1).returning(|_, _| Ok(Box::new(session(ONE_CONTACT))));
    let heard = Heard::default();
    let outcome = use_case(reader(), imports).execute(COMMAND, &heard).await.unwrap();
    assert_eq!(outcome.import.tally.imported, 1);
    assert_eq!(*heard.steps.lock().unwrap(), ["vacuum analyze"]);
}

#[tokio::test]
async fn an_unfinished_import_is_not_begun_again_unless_it_may_go_on() {
    let unfinished = || {
        let mut imports = MockImportStore::new();
        imports.expect_find_under_way().returning(|| Ok(Some(import(ImportState::Loading, "f1"))));
        imports.expect_find_by_fingerprint().returning(|_| Ok(Some(import(ImportState::Loading, "f1"))));
        imports
    };
    let refused = use_case(reader(), unfinished()).execute(COMMAND, &Heard::default()).await;
    assert!(matches!(refused, Err(ImportError::Unfinished(_))));

    let mut imports = unfinished();
    imports.expect_reopen().times(1).returning(|_| Ok(Box::new(session(ONE_CONTACT))));
    let resumed = ImportCommand { resume: true, ..COMMAND };
    use_case(reader(), imports).execute(resumed, &Heard::default()).await.unwrap();
}

#[tokio::test]
async fn going_on_with_a_completed_import_does_nothing() {
    let mut imports = MockImportStore::new();
    imports.expect_find_under_way().returning(|| Ok(None));
    imports.expect_find_by_fingerprint().returning(|_| Ok(Some(import(ImportState::Completed, "f1"))));
    let resumed = ImportCommand { resume: true, ..COMMAND };
    let nothing = use_case(reader(), imports).execute(resumed, &Heard::default()).await;
    assert!(matches!(nothing, Err(ImportError::AlreadyCompleted(_))));
}

#[tokio::test]
async fn a_file_that_changed_is_not_taken_for_the_one_that_was_begun() {
    let mut imports = MockImportStore::new();
    imports.expect_find_under_way().returning(|| Ok(Some(import(ImportState::Loading, "another"))));
    let resumed = ImportCommand { resume: true, ..COMMAND };
    let refused = use_case(reader(), imports).execute(resumed, &Heard::default()).await;
    assert!(matches!(refused, Err(ImportError::AnotherUnfinished(_))));
}

#[tokio::test]
async fn a_request_to_stop_is_heeded_after_the_batch_at_hand() {
    let mut imports = MockImportStore::new();
    imports.expect_find_under_way().returning(|| Ok(None));
    imports.expect_find_by_fingerprint().returning(|_| Ok(None));
    imports.expect_begin().returning(|_, _| Ok(Box::new(session(ONE_CONTACT))));
    let heard = Heard { stop: AtomicBool::new(true), ..Heard::default() };
    let stopped = use_case(reader(), imports).execute(COMMAND, &heard).await;
    assert!(matches!(stopped, Err(ImportError::Interrupted(_))));
}

#[tokio::test]
async fn a_store_that_holds_another_number_of_rows_than_was_counted_is_an_error() {
    let mut imports = MockImportStore::new();
    imports.expect_find_under_way().returning(|| Ok(None));
    imports.expect_find_by_fingerprint().returning(|_| Ok(None));
    imports.expect_begin().returning(|_, _| Ok(Box::new(session(StoredRows::default()))));
    let refused = use_case(reader(), imports).execute(COMMAND, &Heard::default()).await;
    assert!(matches!(refused, Err(ImportError::DoesNotAddUp { .. })));
}
