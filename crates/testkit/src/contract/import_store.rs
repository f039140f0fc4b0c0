//! What [`ImportStore`](domain::port::ImportStore) owes: which imports there are, and that one is open at a time.

use domain::import::{Import, ImportState, NOTHING_READ, Tally};
use domain::port::{ImportRollback, ImportSession, StoreError};

use super::imports::{ImportHarness, begin, end, file, finish, import_id, import_numbered, store};
use crate::fixtures::{phone, rows_numbered, sorted, source_of};

/// One test for each clause of `ImportStore`.
#[macro_export]
macro_rules! import_store_contract {
    ($harness:expr) => {
        $crate::clauses!(
            import_store,
            $harness,
            [
                an_import_begins_loading_with_nothing_read,
                a_second_import_does_not_begin_while_one_is_open,
                a_second_import_does_not_begin_while_one_is_loading,
                an_id_that_is_taken_begins_nothing,
                an_import_that_is_open_is_not_opened_again,
                a_session_that_is_dropped_lets_another_be_opened,
                an_import_is_opened_again_where_its_checkpoint_stands,
                a_stopped_import_is_loading_once_it_is_opened_again,
                an_import_that_does_not_exist_is_not_opened,
                a_completed_import_is_not_opened_again,
                a_stopped_import_is_not_opened_while_another_is_loading,
                the_import_that_last_began_with_a_file_is_found_by_its_fingerprint,
                the_loading_import_is_found_whichever_file_it_is_of,
                a_rollback_takes_away_what_its_import_brought_and_nothing_else,
                a_rollback_is_the_way_out_of_an_import_whose_file_is_gone,
                a_rollback_that_was_left_goes_on_and_ends_once,
                what_is_open_is_not_rolled_back,
            ]
        );
    };
}

fn conflicts(opened: Result<Box<dyn ImportSession>, StoreError>) -> bool {
    match opened {
        Ok(_) => false,
        Err(error) => matches!(error, StoreError::Conflict { .. }),
    }
}

async fn loading(harness: &impl ImportHarness) -> Option<Import> {
    harness.imports().find_under_way().await.unwrap()
}

/// As the sentence says.
pub async fn an_import_begins_loading_with_nothing_read(harness: &impl ImportHarness) {
    let imports = harness.imports();
    assert_eq!(imports.find_under_way().await.unwrap(), None);
    let import = begin(imports.as_ref(), 1, 9).await.import();
    assert_eq!((import.id, import.state), (import_id(1), ImportState::Loading));
    assert_eq!(import.source, file(1, 9));
    assert_eq!((import.last_source_row_id, import.tally), (NOTHING_READ, Tally::default()));
    assert_eq!(import.finished_at, None);
}

/// As the sentence says.
pub async fn a_second_import_does_not_begin_while_one_is_open(harness: &impl ImportHarness) {
    let (here, elsewhere) = (harness.imports(), harness.imports());
    let mut open = begin(here.as_ref(), 1, 2).await;
    assert!(conflicts(here.begin(import_id(2), file(2, 1)).await));
    assert!(conflicts(elsewhere.begin(import_id(2), file(2, 1)).await));
    store(open.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    open.close().await.unwrap();
    // Closed, but not dropped: it is open still.
    assert!(conflicts(elsewhere.begin(import_id(2), file(2, 1)).await));
    assert_eq!(elsewhere.find_by_fingerprint("file-2".to_owned()).await.unwrap(), None);
}

/// As the sentence says.
pub async fn a_second_import_does_not_begin_while_one_is_loading(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let session = begin(imports.as_ref(), 1, 2).await;
    end(session, harness).await;
    assert!(conflicts(imports.begin(import_id(2), file(2, 1)).await));
    harness.until_none_is_open().await;
    assert_eq!(imports.find_by_fingerprint("file-2".to_owned()).await.unwrap(), None);
    assert_eq!(loading(harness).await.map(|import| import.id), Some(import_id(1)));
}

/// As the sentence says.
pub async fn an_id_that_is_taken_begins_nothing(harness: &impl ImportHarness) {
    let first = import_numbered(harness, 1, 1..=2).await;
    let imports = harness.imports();
    assert!(conflicts(imports.begin(first.id, file(2, 1)).await));
    assert_eq!(imports.find_by_fingerprint("file-2".to_owned()).await.unwrap(), None);
    assert_eq!(imports.find_by_fingerprint("file-1".to_owned()).await.unwrap(), Some(first));
}

/// As the sentence says.
pub async fn an_import_that_is_open_is_not_opened_again(harness: &impl ImportHarness) {
    let (here, elsewhere) = (harness.imports(), harness.imports());
    let _open = begin(here.as_ref(), 1, 2).await;
    assert!(conflicts(here.reopen(import_id(1)).await));
    assert!(conflicts(elsewhere.reopen(import_id(1)).await));
}

/// As the sentence says.
pub async fn a_session_that_is_dropped_lets_another_be_opened(harness: &impl ImportHarness) {
    let (here, elsewhere) = (harness.imports(), harness.imports());
    let session = begin(here.as_ref(), 1, 2).await;
    end(session, harness).await;
    let reopened = elsewhere.reopen(import_id(1)).await.unwrap();
    assert_eq!(reopened.import().state, ImportState::Loading);
}

/// As the sentence says.
pub async fn an_import_is_opened_again_where_its_checkpoint_stands(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = imports.begin(import_id(1), source_of("file-1", 4, 9)).await.unwrap();
    let counted = store(session.as_mut(), sorted(&rows_numbered([2, 5]))).await.unwrap();
    end(session, harness).await;
    let mut session = imports.reopen(import_id(1)).await.unwrap();
    assert_eq!((session.import().last_source_row_id, session.import().tally), (5, counted));
    store(session.as_mut(), sorted(&rows_numbered([7, 9]))).await.unwrap();
    let completed = session.close().await.unwrap();
    assert_eq!((completed.state, completed.tally.imported), (ImportState::Completed, 4));
}

/// As the sentence says.
pub async fn a_stopped_import_is_loading_once_it_is_opened_again(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    assert_eq!(session.close().await.unwrap().state, ImportState::Stopped);
    assert_eq!(loading(harness).await, None);
    end(session, harness).await;
    let session = imports.reopen(import_id(1)).await.unwrap();
    assert_eq!(session.import().state, ImportState::Loading);
    assert_eq!(loading(harness).await, Some(session.import()));
}

/// As the sentence says.
pub async fn an_import_that_does_not_exist_is_not_opened(harness: &impl ImportHarness) {
    assert!(conflicts(harness.imports().reopen(import_id(1)).await));
}

/// As the sentence says.
pub async fn a_completed_import_is_not_opened_again(harness: &impl ImportHarness) {
    let completed = import_numbered(harness, 1, 1..=2).await;
    assert!(conflicts(harness.imports().reopen(completed.id).await));
    let found = harness.imports().find_by_fingerprint("file-1".to_owned()).await.unwrap();
    assert_eq!(found, Some(completed));
}

/// As the sentence says.
pub async fn a_stopped_import_is_not_opened_while_another_is_loading(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut stopped = begin(imports.as_ref(), 1, 9).await;
    stopped.close().await.unwrap();
    end(stopped, harness).await;
    let another = begin(imports.as_ref(), 2, 9).await;
    end(another, harness).await;
    assert!(conflicts(imports.reopen(import_id(1)).await));
    harness.until_none_is_open().await;
    assert!(imports.reopen(import_id(2)).await.is_ok());
}

/// As the sentence says.
pub async fn the_import_that_last_began_with_a_file_is_found_by_its_fingerprint(
    harness: &impl ImportHarness,
) {
    let imports = harness.imports();
    // The ids fall, so that an order by id alone would find the first.
    for n in [9, 8] {
        let mut session = imports.begin(import_id(n), file(1, 0)).await.unwrap();
        finish(session.as_mut()).await;
        session.close().await.unwrap();
        end(session, harness).await;
    }
    import_numbered(harness, 2, 1..=1).await;
    let found = imports.find_by_fingerprint("file-1".to_owned()).await.unwrap();
    assert_eq!(found.map(|import| import.id), Some(import_id(8)));
    assert_eq!(imports.find_by_fingerprint("file-3".to_owned()).await.unwrap(), None);
}

/// As the sentence says.
pub async fn the_loading_import_is_found_whichever_file_it_is_of(harness: &impl ImportHarness) {
    import_numbered(harness, 1, 1..=2).await;
    let session = begin(harness.imports().as_ref(), 2, 9).await;
    assert_eq!(loading(harness).await, Some(session.import()));
    end(session, harness).await;
    assert_eq!(loading(harness).await.map(|import| import.id), Some(import_id(2)));
}

async fn remove_all(rollback: &mut dyn ImportRollback) -> u64 {
    let mut removed = 0;
    while let some @ 1.. = rollback.remove_some().await.unwrap() {
        removed += some;
    }
    removed
}

async fn are_there(harness: &impl ImportHarness, numbers: [u32; 3]) -> [bool; 3] {
    let contacts = harness.contacts();
    let mut there = [false; 3];
    for (at, n) in numbers.into_iter().enumerate() {
        there[at] = contacts.find_by_phone(phone(n)).await.unwrap().is_some();
    }
    there
}

/// As the sentence says.
pub async fn a_rollback_takes_away_what_its_import_brought_and_nothing_else(harness: &impl ImportHarness) {
    import_numbered(harness, 1, 1..=2).await;
    import_numbered(harness, 2, 3..=5).await;
    harness.add_contact(phone(6)).await.unwrap();
    let imports = harness.imports();
    let mut rollback = imports.roll_back(import_id(2)).await.unwrap();
    assert_eq!(rollback.import().id, import_id(2));
    assert_eq!(remove_all(rollback.as_mut()).await, 3);
    rollback.close().await.unwrap();
    while rollback.next_finishing_step().await.unwrap().is_some() {}
    drop(rollback);
    harness.until_none_is_open().await;
    assert_eq!(are_there(harness, [2, 3, 6]).await, [true, false, true]);
    assert_eq!(imports.find_by_fingerprint("file-2".to_owned()).await.unwrap(), None);
    // Its file may come again, and its numbers are new.
    assert_eq!(import_numbered(harness, 3, 3..=5).await.tally.imported, 3);
}

/// As the sentence says.
pub async fn a_rollback_is_the_way_out_of_an_import_whose_file_is_gone(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut left = begin(imports.as_ref(), 1, 9).await;
    store(left.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    end(left, harness).await;
    assert!(conflicts(imports.begin(import_id(2), file(2, 1)).await));
    harness.until_none_is_open().await;
    let mut rollback = imports.roll_back(import_id(1)).await.unwrap();
    assert_eq!(remove_all(rollback.as_mut()).await, 2);
    rollback.close().await.unwrap();
    while rollback.next_finishing_step().await.unwrap().is_some() {}
    drop(rollback);
    harness.until_none_is_open().await;
    assert_eq!(imports.find_under_way().await.unwrap(), None);
    harness.add_contact(phone(7)).await.unwrap();
    assert_eq!(import_numbered(harness, 2, 1..=2).await.tally.imported, 2);
}

/// As the sentence says.
pub async fn a_rollback_that_was_left_goes_on_and_ends_once(harness: &impl ImportHarness) {
    import_numbered(harness, 1, 1..=2).await;
    let imports = harness.imports();
    drop(imports.roll_back(import_id(1)).await.unwrap());
    harness.until_none_is_open().await;
    assert_eq!(loading(harness).await.map(|import| import.state), Some(ImportState::RollingBack));
    assert!(conflicts(imports.reopen(import_id(1)).await));
    harness.until_none_is_open().await;
    let mut rollback = imports.roll_back(import_id(1)).await.unwrap();
    assert_eq!(remove_all(rollback.as_mut()).await, 2);
    rollback.close().await.unwrap();
    drop(rollback);
    harness.until_none_is_open().await;
    for id in [1, 9] {
        assert!(matches!(imports.roll_back(import_id(id)).await.err(), Some(StoreError::Conflict { .. })));
        harness.until_none_is_open().await;
    }
}

/// As the sentence says.
pub async fn what_is_open_is_not_rolled_back(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let open = begin(imports.as_ref(), 1, 9).await;
    assert!(matches!(imports.roll_back(import_id(1)).await.err(), Some(StoreError::Conflict { .. })));
    end(open, harness).await;
}
