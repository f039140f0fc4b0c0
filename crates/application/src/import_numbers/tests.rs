//! Stories of imports over mocked ports.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use domain::import::Tally;
use domain::port::{
    CopyFormat, KnownNumbers, MockBackupWriter, MockIds, MockImportBackup, MockImportSession,
    MockImportStore, MockNumberingPlanStore, MockSourceReader, StoredCopy,
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
    session.expect_keep_account().returning(|_| Ok(()));
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
        backup: None,
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

fn kept(checkpoint: i64, rows_read: u64) -> StoredCopy {
    StoredCopy {
        contacts: vec![Bytes::from(format!("contacts to {checkpoint}"))],
        rejects: vec![Bytes::from(format!("rejects to {checkpoint}"))],
        checkpoint,
        tally: Tally { rows_read, ..Tally::default() },
    }
}

/// A backup that is whole up to a source row, and writes down what is done to it.
fn backup(whole_up_to: i64, done: &Arc<Mutex<Vec<String>>>) -> MockImportBackup {
    let mut backup = MockImportBackup::new();
    let done = Arc::clone(done);
    backup.expect_open().times(1).returning(move |_, _| {
        let mut writer = MockBackupWriter::new();
        writer.expect_whole_up_to().return_const(whole_up_to);
        let put = Arc::clone(&done);
        writer.expect_put().returning(move |table, rows| {
            put.lock().unwrap().push(format!("{table:?}: {}", String::from_utf8_lossy(&rows)));
            Ok(())
        });
        let reach = Arc::clone(&done);
        writer.expect_reach().returning(move |checkpoint, tally| {
            reach.lock().unwrap().push(format!("reached {checkpoint}, {} rows", tally.rows_read));
            Ok(())
        });
        let finish = Arc::clone(&done);
        writer.expect_finish().times(1).returning(move |_| {
            finish.lock().unwrap().push("finished".to_owned());
            Ok(())
        });
        Ok(Box::new(writer))
    });
    backup
}

async fn import_with_backup(mut session: MockImportSession, backup: MockImportBackup) {
    session.expect_copy_format().return_const(
        (|_| CopyFormat { statement: "COPY", head: b"", tail: b"" }) as fn(CopiedTable) -> CopyFormat,
    );
    session.expect_keep_copies().times(1).return_const(());
    let mut copies = vec![vec![], vec![kept(1, 1), kept(2, 2)]];
    session.expect_take_copies().returning(move || copies.pop().unwrap_or_default());
    let mut imports = MockImportStore::new();
    imports.expect_find_under_way().returning(|| Ok(None));
    imports.expect_find_by_fingerprint().returning(|_| Ok(None));
    imports.expect_begin().return_once(|_, _| Ok(Box::new(session)));
    let mut use_case = use_case(reader(), imports);
    use_case.backup = Some(Arc::new(backup));
    use_case.execute(COMMAND, &Heard::default()).await.unwrap();
}

#[tokio::test]
async fn a_backup_gets_what_was_stored_in_its_order_and_is_finished() {
    let done = Arc::default();
    import_with_backup(session(ONE_CONTACT), backup(0, &done)).await;
    assert_eq!(
        *done.lock().unwrap(),
        [
            "Contacts: contacts to 1",
            "Rejects: rejects to 1",
            "reached 1, 1 rows",
            "Contacts: contacts to 2",
            "Rejects: rejects to 2",
            "reached 2, 2 rows",
            "finished"
        ]
    );
}

#[tokio::test]
async fn a_backup_that_a_kill_left_behind_gets_what_it_lacks_from_the_store() {
    let done = Arc::default();
    let mut session = session(ONE_CONTACT);
    session.expect_stored_behind().times(2).returning(|table, after| {
        let rows = Ok(Bytes::from(format!("{table:?} behind {after}")));
        Ok(futures::stream::iter([rows]).boxed())
    });
    import_with_backup(session, backup(-5, &done)).await;
    let done = done.lock().unwrap();
    assert_eq!(
        done[..3],
        ["Contacts: Contacts behind -5", "Rejects: Rejects behind -5", "reached 0, 0 rows"]
    );
    assert_eq!(done.last().unwrap(), "finished");
}
