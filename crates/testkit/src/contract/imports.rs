//! What the suites of imports and contacts stand on.

use async_trait::async_trait;
use domain::import::{Import, ImportId, SortedBatch, Tally};
use domain::phone::PhoneNumber;
use domain::port::{ContactStore, ImportSession, ImportStore, SourceAccount, StoreError};
use domain::source::SourceDescription;

use crate::fakes::CountingIds;
use crate::fixtures::{Row, rows_numbered, sorted, source_of};

/// A fresh store of imports and contacts, and what a test must do to it from outside.
#[async_trait]
pub trait ImportHarness: Send + Sync {
    /// The imports. Each call answers another object over the same store, as another process would have.
    fn imports(&self) -> Box<dyn ImportStore>;

    /// The contacts.
    fn contacts(&self) -> Box<dyn ContactStore>;

    /// Adds a contact by another way than an import; the error is whatever the store says.
    async fn add_contact(&self, phone: PhoneNumber) -> Result<(), String>;

    /// Lets every batch fail after its rows were written and before they count, or none any more.
    async fn set_broken(&self, is_broken: bool);

    /// Ends once the store has noticed that every session was dropped: a server hears of it a moment later.
    async fn until_none_is_open(&self);

    /// What is kept of an import's source's account of itself, by its own order.
    async fn account(&self, id: ImportId) -> SourceAccount;
}

pub(super) fn import_id(n: u64) -> ImportId {
    ImportId(CountingIds::nth(n))
}

/// Begins import `n` of a file of its own whose last row has the id `last_id`.
pub(super) async fn begin(imports: &dyn ImportStore, n: u64, last_id: u32) -> Box<dyn ImportSession> {
    imports.begin(import_id(n), file(n, last_id)).await.unwrap()
}

pub(super) fn file(n: u64, last_id: u32) -> SourceDescription {
    source_of(&format!("file-{n}"), u64::from(last_id), i64::from(last_id))
}

/// Brings in rows and ends the import.
pub(super) async fn import_rows(harness: &impl ImportHarness, n: u64, rows: &[Row]) -> Import {
    let last_id = rows.last().map_or(0, Row::id);
    let source = source_of(&format!("file-{n}"), u64::try_from(rows.len()).unwrap(), last_id);
    let imports = harness.imports();
    let mut session = imports.begin(import_id(n), source).await.unwrap();
    store(session.as_mut(), sorted(rows)).await.unwrap();
    finish(session.as_mut()).await;
    let import = session.close().await.unwrap();
    end(session, harness).await;
    import
}

/// Hands a batch in, waits until it is stored, and answers what was counted of it.
///
/// # Errors
/// Those of the session.
pub async fn store(session: &mut dyn ImportSession, batch: SortedBatch) -> Result<Tally, StoreError> {
    let before = session.import().tally;
    session.append(batch).await?;
    session.flush().await?;
    Ok(session.import().tally - before)
}

/// Brings in the synthetic numbers of these ids and ends the import.
pub(super) async fn import_numbered(
    harness: &impl ImportHarness,
    n: u64,
    ids: impl IntoIterator<Item = u32>,
) -> Import {
    import_rows(harness, n, &rows_numbered(ids)).await
}

pub(super) async fn finish(session: &mut dyn ImportSession) -> Vec<String> {
    let mut steps = Vec::new();
    while let Some(step) = session.next_finishing_step().await.unwrap() {
        steps.push(step);
    }
    steps
}

/// Drops a session and waits until the store has noticed.
pub(super) async fn end(session: Box<dyn ImportSession>, harness: &impl ImportHarness) {
    drop(session);
    harness.until_none_is_open().await;
}
