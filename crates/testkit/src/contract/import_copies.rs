//! What [`ImportSession`] and `ImportStore::restore` owe to backups.

use bytes::Bytes;
use domain::import::{ImportState, NOTHING_READ, Tally};
use domain::port::{CopiedTable, ImportSession, PartRows, StoreError, StoredCopy};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::imports::{ImportHarness, begin, end, file, finish, import_id, store};
use crate::fixtures::{Row, phone, rows_numbered, sorted};

/// One test for each clause.
#[macro_export]
macro_rules! import_copies_contract {
    ($harness:expr) => {
        $crate::clauses!(
            import_copies,
            $harness,
            [
                without_being_asked_nothing_is_copied,
                a_copy_comes_for_each_batch_once_and_says_up_to_where_it_goes,
                what_was_copied_is_brought_back_after_a_rollback,
                what_is_stored_behind_a_row_is_what_was_copied_of_it,
                an_import_that_is_there_is_not_restored,
            ]
        );
    };
}

fn batches() -> [Vec<Row>; 2] {
    let mut first = rows_numbered([1, 2]);
    first.push(Row::new(3, "hola"));
    [first, vec![Row::new(5, phone(5).national().to_string()), Row::new(9, "")]]
}

/// Imports both batches, and answers the copies of the session, which is still open.
async fn copied(session: &mut dyn ImportSession) -> Vec<StoredCopy> {
    session.keep_copies();
    for rows in batches() {
        session.append(sorted(&rows)).await.unwrap();
    }
    session.flush().await.unwrap();
    session.take_copies()
}

fn whole(
    session: &dyn ImportSession,
    table: CopiedTable,
    rows: &[Bytes],
) -> BoxStream<'static, Result<Bytes, domain::port::BackupError>> {
    let format = (session.copy_format())(table);
    let chunks = [Bytes::from_static(format.head), rows.concat().into(), Bytes::from_static(format.tail)];
    stream::iter(chunks.map(Ok)).boxed()
}

async fn append(session: &mut dyn ImportSession, copy: &StoredCopy, before: Tally) -> Result<(), StoreError> {
    let rows = PartRows {
        contacts: whole(session, CopiedTable::Contacts, &copy.contacts),
        rejects: whole(session, CopiedTable::Rejects, &copy.rejects),
    };
    session.append_part(rows, copy.checkpoint, copy.tally - before).await
}

/// As the sentence says.
pub async fn without_being_asked_nothing_is_copied(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 9).await;
    store(session.as_mut(), sorted(&batches()[0])).await.unwrap();
    assert!(session.take_copies().is_empty());
}

/// As the sentence says.
pub async fn a_copy_comes_for_each_batch_once_and_says_up_to_where_it_goes(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 9).await;
    let copies = copied(session.as_mut()).await;
    let reached: Vec<_> = copies.iter().map(|copy| (copy.checkpoint, copy.tally.rows_read)).collect();
    assert_eq!(reached, [(3, 3), (9, 5)]);
    assert_eq!(copies[1].tally, session.import().tally);
    assert!(session.take_copies().is_empty());
}

/// As the sentence says.
pub async fn what_was_copied_is_brought_back_after_a_rollback(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    let copies = copied(session.as_mut()).await;
    let (stored, tally) = (session.count_stored().await.unwrap(), session.import().tally);
    let contact = harness.contacts().find_by_phone(phone(2)).await.unwrap().unwrap();
    end(session, harness).await;
    let mut rollback = imports.roll_back(import_id(1)).await.unwrap();
    while rollback.remove_some().await.unwrap() > 0 {}
    rollback.close().await.unwrap();
    while rollback.next_finishing_step().await.unwrap().is_some() {}
    drop(rollback);
    harness.until_none_is_open().await;
    assert_eq!(harness.contacts().find_by_phone(phone(2)).await.unwrap(), None);

    let mut session = imports.restore(import_id(1), file(1, 9)).await.unwrap();
    let begun = session.import();
    assert_eq!((begun.state, begun.last_source_row_id), (ImportState::Loading, NOTHING_READ));
    assert_eq!(begun.tally, Tally::default());
    append(session.as_mut(), &copies[0], Tally::default()).await.unwrap();
    session.flush().await.unwrap();
    // It dies between two parts, and another goes on.
    end(session, harness).await;
    let mut session = imports.restore(import_id(1), file(1, 9)).await.unwrap();
    assert_eq!((session.import().last_source_row_id, session.import().tally), (3, copies[0].tally));
    append(session.as_mut(), &copies[1], copies[0].tally).await.unwrap();
    session.flush().await.unwrap();
    finish(session.as_mut()).await;
    assert_eq!((session.count_stored().await.unwrap(), session.import().tally), (stored, tally));
    let back = harness.contacts().find_by_phone(phone(2)).await.unwrap().unwrap();
    assert_eq!(
        (back.full_name, back.source_row_id, back.is_valid),
        (contact.full_name, contact.source_row_id, contact.is_valid)
    );
}

/// As the sentence says.
pub async fn what_is_stored_behind_a_row_is_what_was_copied_of_it(harness: &impl ImportHarness) {
    let mut session = begin(harness.imports().as_ref(), 1, 9).await;
    let copies = copied(session.as_mut()).await;
    for table in [CopiedTable::Contacts, CopiedTable::Rejects] {
        let rows = |copy: &StoredCopy| match table {
            CopiedTable::Contacts => copy.contacts.concat(),
            CopiedTable::Rejects => copy.rejects.concat(),
        };
        for (after, expected) in
            [(NOTHING_READ, copies.iter().flat_map(rows).collect()), (3, rows(&copies[1])), (9, Vec::new())]
        {
            let stored = session.stored_behind(table, after).await.unwrap();
            let stored: Vec<Bytes> = stored.try_collect().await.unwrap();
            let (mut stored, mut expected) = (stored.concat(), expected);
            // Rows may come in any order.
            stored.sort_unstable();
            expected.sort_unstable();
            // A store may write a refused row down with other spaces.
            match table {
                CopiedTable::Contacts => assert_eq!(stored, expected, "behind {after}"),
                CopiedTable::Rejects => assert_eq!(stored.is_empty(), expected.is_empty(), "behind {after}"),
            }
        }
    }
}

/// As the sentence says.
pub async fn an_import_that_is_there_is_not_restored(harness: &impl ImportHarness) {
    let imports = harness.imports();
    let mut session = begin(imports.as_ref(), 1, 9).await;
    copied(session.as_mut()).await;
    assert!(imports.restore(import_id(1), file(1, 9)).await.is_err(), "it is open");
    finish(session.as_mut()).await;
    session.close().await.unwrap();
    end(session, harness).await;
    assert!(imports.restore(import_id(1), file(1, 9)).await.is_err(), "it is stopped or completed");
    harness.until_none_is_open().await;
    assert_eq!(imports.find_under_way().await.unwrap(), None);
}
