//! Stories of restoring over mocked ports.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::import::{ImportId, ImportState};
use domain::port::{
    BackupPart, MockImportBackup, MockImportSession, MockImportStore, PartRows, SourceAccount, StoredRows,
};
use domain::source::SourceDescription;
use futures::StreamExt;
use futures::stream;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;

struct Patient;

impl ImportObserver for Patient {
    fn began(&self, _: &Import) {}
    fn progressed(&self, _: &Import) {}
    fn finished_step(&self, _: &str) {}
    fn is_stop_requested(&self) -> bool {
        false
    }
}

fn counted(rows: u64) -> Tally {
    Tally { rows_read: rows, imported: rows, ..Tally::default() }
}

fn source() -> SourceDescription {
    SourceDescription {
        file_name: "numeros.db".to_owned(),
        path: None,
        file_bytes: 4096,
        fingerprint: "f1".to_owned(),
        rows: 30,
        last_id: 30,
    }
}

fn import(checkpoint: i64, tally: Tally) -> Import {
    Import {
        id: ImportId(Uuid::from_u128(1)),
        state: ImportState::Completed,
        source: source(),
        last_source_row_id: checkpoint,
        tally,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: None,
    }
}

/// Three parts of ten rows.
fn backup() -> MockImportBackup {
    let mut backup = MockImportBackup::new();
    backup.expect_describe().returning(|| {
        let part = |number: u32| BackupPart {
            number,
            checkpoint: i64::from(number) * 10,
            tally: counted(u64::from(number) * 10),
        };
        Ok(BackupDescription {
            id: ImportId(Uuid::from_u128(1)),
            source: source(),
            account: SourceAccount::default(),
            parts: vec![part(1), part(2), part(3)],
        })
    });
    backup
        .expect_part()
        .returning(|_| Ok(PartRows { contacts: stream::empty().boxed(), rejects: stream::empty().boxed() }));
    backup
}

/// Restores into a store whose import stands at `checkpoint`, and answers which parts were handed in with how many rows.
async fn restore(checkpoint: i64, contacts: u64) -> (Result<ImportOutcome, RestoreError>, Vec<(i64, u64)>) {
    let handed_in = Arc::new(Mutex::new(Vec::new()));
    let mut session = MockImportSession::new();
    session.expect_import().returning(move || import(checkpoint, Tally::default()));
    let hears = Arc::clone(&handed_in);
    session.expect_append_part().returning(move |_, checkpoint, tally| {
        hears.lock().unwrap().push((checkpoint, tally.rows_read));
        Ok(())
    });
    session.expect_flush().returning(|| Ok(()));
    session.expect_keep_account().returning(|_| Ok(()));
    session.expect_next_finishing_step().returning(|| Ok(None));
    session.expect_count_stored().returning(move || Ok(StoredRows { contacts, refused: BTreeMap::new() }));
    session.expect_close().returning(|| Ok(import(30, counted(30))));
    let mut imports = MockImportStore::new();
    imports.expect_restore().return_once(|_, _| Ok(Box::new(session)));
    let use_case = RestoreBackup { backup: Arc::new(backup()), imports: Arc::new(imports) };
    let outcome = use_case.execute(&Patient).await;
    let handed_in = handed_in.lock().unwrap().clone();
    (outcome, handed_in)
}

#[tokio::test]
async fn every_part_is_handed_in_with_what_it_alone_counts() {
    let (outcome, parts) = restore(NOTHING_READ, 30).await;
    assert_eq!(outcome.unwrap().stored.contacts, 30);
    assert_eq!(parts, [(10, 10), (20, 10), (30, 10)]);
}

#[tokio::test]
async fn a_restore_that_was_interrupted_goes_on_behind_its_last_part() {
    let (outcome, parts) = restore(10, 30).await;
    assert!(outcome.is_ok());
    assert_eq!(parts, [(20, 10), (30, 10)]);
}

#[tokio::test]
async fn an_import_that_stands_between_two_parts_is_left_alone() {
    let (outcome, parts) = restore(14, 30).await;
    assert!(matches!(outcome, Err(RestoreError::BetweenParts(_))), "{outcome:?}");
    assert_eq!(parts, []);
}

#[tokio::test]
async fn what_is_there_in_the_end_is_counted() {
    let (outcome, _) = restore(NOTHING_READ, 29).await;
    assert!(matches!(outcome, Err(RestoreError::DoesNotAddUp { .. })), "{outcome:?}");
}
