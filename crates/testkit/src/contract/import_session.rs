//! What [`ImportSession`] owes: what is stored, counted, and left behind.

use std::collections::BTreeMap;

use domain::import::{BroughtBy, ImportState, Refusal, TakenNumbers, Tally};
use domain::phone::{PhoneNumber, PhoneRejection};
use domain::port::{ImportSession, SourceAccount, StoredRows};
use domain::source::{MissingLada, SourceStatistics};

use super::imports::{ImportHarness, begin, end, finish, import_id, import_numbered, store};
use crate::fixtures::{Row, phone, rows_numbered, sorted, sorted_after};

/// One test for each clause of `ImportSession`.
#[macro_export]
macro_rules! import_session_contract {
    ($harness:expr) => {
        $crate::clauses!(
            import_session,
            $harness,
            [
                a_batch_is_stored_with_its_refused_rows_its_tally_and_its_checkpoint,
                a_batch_that_fails_leaves_nothing_and_can_be_stored_later,
                an_empty_batch_changes_nothing,
                tallies_of_several_batches_add_up,
                a_store_without_numbers_answers_one_last_page,
                known_numbers_come_by_pages_each_exactly_once,
                known_numbers_say_whose_work_they_are,
                a_number_that_came_in_by_another_way_meanwhile_is_a_duplicate_and_stays_as_it_was,
                an_account_replaces_the_one_that_this_import_kept_before,
                every_finishing_step_is_named_once_and_then_all_is_done,
                finishing_may_be_repeated_by_another_session,
                contacts_come_in_by_other_ways_again_after_finishing,
                what_the_store_holds_is_counted_by_reason_and_for_this_import_alone,
                an_import_that_was_read_to_its_last_row_is_completed,
                an_import_that_was_not_read_to_its_last_row_is_stopped,
                an_import_of_a_file_without_rows_is_completed,
            ]
        );
    };
}

/// Two contacts, one of them denied by the source, a number twice, and what is no number.
fn mixed_rows() -> Vec<Row> {
    let mut rows = rows_numbered([1, 2]);
    rows.push(Row::new(3, phone(1).national().to_string()));
    rows.push(Row::new(4, "hola"));
    rows.push(Row::new(5, ""));
    rows
}

const MIXED: Tally = Tally {
    rows_read: 5,
    valid_rows_read: 2,
    valid_rows_kept: 2,
    imported: 2,
    imported_valid: 2,
    duplicates: 1,
    duplicates_existing: 0,
    rejected: 2,
    states_unmapped: 0,
    cities_unmapped: 0,
    ladas_disagreeing: 0,
    texts_invalid_utf8: 0,
    texts_shortened: 0,
    dates_unreadable: 0,
};

fn mixed_stored() -> StoredRows {
    StoredRows {
        contacts: 2,
        refused: BTreeMap::from([
            (Refusal::Duplicate, 1),
            (Refusal::Rejected(PhoneRejection::NotANumber), 1),
            (Refusal::Rejected(PhoneRejection::Empty), 1),
        ]),
    }
}

async fn is_there(harness: &impl ImportHarness, phone: PhoneNumber) -> bool {
    harness.contacts().find_by_phone(phone).await.unwrap().is_some()
}

async fn all_known(session: &mut dyn ImportSession, page_rows: u32) -> Vec<(PhoneNumber, BroughtBy)> {
    let mut known = Vec::new();
    let mut after = None;
    loop {
        let page = session.known_numbers(after, page_rows).await.unwrap();
        assert!(page.numbers.len() <= page_rows as usize);
        known.extend(page.numbers);
        match page.next {
            Some(next) => after = Some(next),
            None => return known,
        }
    }
}

/// As the sentence says.
pub async fn a_batch_is_stored_with_its_refused_rows_its_tally_and_its_checkpoint(
    harness: &impl ImportHarness,
) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    assert_eq!(store(session.as_mut(), sorted(&mixed_rows())).await.unwrap(), MIXED);
    let import = session.import();
    assert_eq!((import.tally, import.last_source_row_id), (MIXED, 5));
    assert_eq!(imports.find_under_way().await.unwrap(), Some(import));
    assert_eq!(session.count_stored().await.unwrap(), mixed_stored());
    assert!(is_there(harness, phone(1)).await && is_there(harness, phone(2)).await);
}

/// As the sentence says.
pub async fn a_batch_that_fails_leaves_nothing_and_can_be_stored_later(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    let before = session.import();
    harness.set_broken(true).await;
    assert!(store(session.as_mut(), sorted(&mixed_rows())).await.is_err());
    assert_eq!(session.import(), before);
    assert_eq!(imports.find_under_way().await.unwrap(), Some(before));
    assert_eq!(session.count_stored().await.unwrap(), StoredRows::default());
    assert!(!is_there(harness, phone(1)).await);

    harness.set_broken(false).await;
    assert_eq!(store(session.as_mut(), sorted(&mixed_rows())).await.unwrap(), MIXED);
    assert_eq!(session.count_stored().await.unwrap(), mixed_stored());
}

/// As the sentence says.
pub async fn an_empty_batch_changes_nothing(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    let before = session.import();
    assert_eq!(store(session.as_mut(), sorted(&[])).await.unwrap(), Tally::default());
    assert_eq!(session.import(), before);
    assert_eq!(imports.find_under_way().await.unwrap(), Some(before));
}

/// As the sentence says.
pub async fn tallies_of_several_batches_add_up(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    let mut taken = TakenNumbers::default();
    store(session.as_mut(), sorted_after(&mixed_rows(), &mut taken)).await.unwrap();
    let again =
        vec![Row::new(6, phone(1).national().to_string()), Row::new(8, phone(8).national().to_string())];
    let counted = store(session.as_mut(), sorted_after(&again, &mut taken)).await.unwrap();
    assert_eq!((counted.rows_read, counted.imported, counted.duplicates), (2, 1, 1));
    let import = session.import();
    assert_eq!(import.last_source_row_id, 8);
    assert_eq!((import.tally.rows_read, import.tally.imported, import.tally.duplicates), (7, 3, 2));
    assert_eq!(imports.find_under_way().await.unwrap(), Some(import));
}

/// As the sentence says.
pub async fn a_store_without_numbers_answers_one_last_page(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 9).await;
    let page = session.known_numbers(None, 10).await.unwrap();
    assert_eq!((page.numbers, page.next), (Vec::new(), None));
}

/// As the sentence says.
pub async fn known_numbers_come_by_pages_each_exactly_once(harness: &impl ImportHarness) {
    import_numbered(harness, 1, 1..=6).await;
    let mut session = begin(harness.imports().as_ref(), 2, 9).await;
    for page_rows in [1, 2, 3, 4, 6, 7] {
        let mut known: Vec<_> =
            all_known(session.as_mut(), page_rows).await.into_iter().map(|(phone, _)| phone).collect();
        known.sort_unstable();
        assert_eq!(known, (1..=6).map(phone).collect::<Vec<_>>(), "by pages of {page_rows}");
    }
}

/// As the sentence says.
pub async fn known_numbers_say_whose_work_they_are(harness: &impl ImportHarness) {
    import_numbered(harness, 1, 1..=2).await;
    harness.add_contact(phone(3)).await.unwrap();
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 2, 9).await;
    store(session.as_mut(), sorted(&rows_numbered([4, 5]))).await.unwrap();
    end(session, harness).await;
    let mut session = imports.reopen(import_id(2)).await.unwrap();
    let mut known = all_known(session.as_mut(), 10).await;
    known.sort_unstable_by_key(|(phone, _)| *phone);
    let expected: Vec<_> =
        (1..=5).map(|n| (phone(n), if n < 4 { BroughtBy::Another } else { BroughtBy::ThisImport })).collect();
    assert_eq!(known, expected);
}

/// As the sentence says.
pub async fn a_number_that_came_in_by_another_way_meanwhile_is_a_duplicate_and_stays_as_it_was(
    harness: &impl ImportHarness,
) {
    // A store that has contacts takes others while an import is open.
    harness.add_contact(phone(9)).await.unwrap();
    let mut session = begin(harness.imports().as_ref(), 1, 3).await;
    harness.add_contact(phone(2)).await.unwrap();
    let before = harness.contacts().find_by_phone(phone(2)).await.unwrap();
    assert!(before.is_some());

    let counted = store(session.as_mut(), sorted(&rows_numbered([1, 2, 3]))).await.unwrap();
    assert_eq!((counted.imported, counted.duplicates, counted.duplicates_existing), (2, 1, 1));
    assert_eq!((counted.valid_rows_read, counted.valid_rows_kept), (3, 3));
    assert_eq!(session.import().tally, counted);
    assert_eq!(harness.contacts().find_by_phone(phone(2)).await.unwrap(), before);
    let stored = session.count_stored().await.unwrap();
    assert_eq!((stored.contacts, stored.refused), (2, BTreeMap::from([(Refusal::DuplicateExisting, 1)])));
}

fn statistics(id: i64) -> SourceStatistics {
    SourceStatistics {
        id,
        total_processed: Some(36_645_692),
        total_valid: Some(id),
        total_duplicates: None,
        total_with_city: Some(18_036_697),
        ladas_found: Some(397),
        ladas_missing: None,
        took_seconds: Some(0.5),
        source_file: Some("lista.csv".to_owned()),
        migrated_at: None,
    }
}

fn missing(lada: &str) -> MissingLada {
    MissingLada { lada: lada.to_owned(), rows: Some(7), examples: None, detected_at: Some("ayer".to_owned()) }
}

fn account(ids: &[i64], ladas: &[&str]) -> SourceAccount {
    SourceAccount {
        statistics: ids.iter().map(|id| statistics(*id)).collect(),
        missing_ladas: ladas.iter().map(|lada| missing(lada)).collect(),
    }
}

/// As the sentence says.
pub async fn an_account_replaces_the_one_that_this_import_kept_before(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut other = begin(imports.as_ref(), 1, 0).await;
    let of_another = account(&[1], &["551"]);
    other.keep_account(of_another.clone()).await.unwrap();
    other.close().await.unwrap();
    end(other, harness).await;

    let mut session = begin(imports.as_ref(), 2, 9).await;
    session.keep_account(account(&[1, 2], &["551", "552"])).await.unwrap();
    let replaced = account(&[2, 3], &["552", "553"]);
    session.keep_account(replaced.clone()).await.unwrap();
    assert_eq!(harness.account(import_id(2)).await, replaced);
    session.keep_account(SourceAccount::default()).await.unwrap();
    assert_eq!(harness.account(import_id(2)).await, SourceAccount::default());
    assert_eq!(harness.account(import_id(1)).await, of_another);
}

/// As the sentence says.
pub async fn every_finishing_step_is_named_once_and_then_all_is_done(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 2).await;
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    let mut steps = finish(session.as_mut()).await;
    assert!(!steps.is_empty() && steps.iter().all(|step| !step.is_empty()));
    let named = steps.len();
    steps.sort_unstable();
    steps.dedup();
    assert_eq!(steps.len(), named);
    assert_eq!(session.next_finishing_step().await.unwrap(), None);
    assert_eq!(session.next_finishing_step().await.unwrap(), None);
}

/// As the sentence says.
pub async fn finishing_may_be_repeated_by_another_session(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 2).await;
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    // It dies after its first step.
    assert!(session.next_finishing_step().await.unwrap().is_some());
    end(session, harness).await;
    for _ in 0..2 {
        let mut session = imports.reopen(import_id(1)).await.unwrap();
        finish(session.as_mut()).await;
        assert_eq!(session.count_stored().await.unwrap().contacts, 2);
        end(session, harness).await;
    }
    let mut session = imports.reopen(import_id(1)).await.unwrap();
    assert_eq!(session.close().await.unwrap().state, ImportState::Completed);
}

/// As the sentence says.
pub async fn contacts_come_in_by_other_ways_again_after_finishing(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 2).await;
    store(session.as_mut(), sorted(&rows_numbered([1, 2]))).await.unwrap();
    finish(session.as_mut()).await;
    session.close().await.unwrap();
    harness.add_contact(phone(3)).await.unwrap();
    assert!(is_there(harness, phone(3)).await);
    assert!(harness.add_contact(phone(1)).await.is_err(), "no number stands twice");
}

/// As the sentence says.
pub async fn what_the_store_holds_is_counted_by_reason_and_for_this_import_alone(
    harness: &impl ImportHarness,
) {
    import_numbered(harness, 1, 11..=13).await;
    let mut session = begin(harness.imports().as_ref(), 2, 9).await;
    assert_eq!(session.count_stored().await.unwrap(), StoredRows::default());
    store(session.as_mut(), sorted(&mixed_rows())).await.unwrap();
    assert_eq!(session.count_stored().await.unwrap(), mixed_stored());
}

/// As the sentence says.
pub async fn an_import_that_was_read_to_its_last_row_is_completed(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 5).await;
    store(session.as_mut(), sorted(&mixed_rows())).await.unwrap();
    let completed = session.close().await.unwrap();
    assert_eq!((completed.state, completed.tally), (ImportState::Completed, MIXED));
    assert!(completed.finished_at.is_some_and(|finished| finished >= completed.started_at));
    assert_eq!(session.import(), completed);
    assert_eq!(imports.find_under_way().await.unwrap(), None);
}

/// As the sentence says.
pub async fn an_import_that_was_not_read_to_its_last_row_is_stopped(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 6).await;
    store(session.as_mut(), sorted(&mixed_rows())).await.unwrap();
    let stopped = session.close().await.unwrap();
    assert_eq!((stopped.state, stopped.finished_at), (ImportState::Stopped, None));
    assert_eq!(session.import(), stopped);
    assert_eq!(imports.find_under_way().await.unwrap(), None);
}

/// As the sentence says.
pub async fn an_import_of_a_file_without_rows_is_completed(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 0).await;
    finish(session.as_mut()).await;
    assert_eq!(session.close().await.unwrap().state, ImportState::Completed);
}
