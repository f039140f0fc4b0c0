//! Whether rows can be copied straight in, or must be merged past the indexes.

use domain::port::StoreError;
use tokio_postgres::{Client, Transaction};

use crate::error::classify;

/// How rows come into `contacts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadPath {
    /// Its indexes are down: rows are copied in.
    Copy,
    /// Its indexes are in place: rows are merged past them.
    Merge,
}

/// Takes the indexes down when the table is empty; finds them down when an earlier load did not end.
pub(super) async fn choose_path(client: &mut Client, doing: &str) -> Result<LoadPath, StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    client.batch_execute(include_str!("../../sql/incoming_create.sql")).await.map_err(fail)?;
    let transaction = client.transaction().await.map_err(fail)?;
    let deferred =
        transaction.query(include_str!("../../sql/deferred_index_list.sql"), &[]).await.map_err(fail)?;
    if !deferred.is_empty() {
        return Ok(LoadPath::Copy);
    }
    let has_contacts = async |transaction: &Transaction<'_>| {
        let row =
            transaction.query_one(include_str!("../../sql/contact_any.sql"), &[]).await.map_err(fail)?;
        Ok::<bool, StoreError>(row.get(0))
    };
    if has_contacts(&transaction).await? {
        return Ok(LoadPath::Merge);
    }
    transaction.batch_execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE").await.map_err(fail)?;
    if has_contacts(&transaction).await? {
        return Ok(LoadPath::Merge);
    }
    let names =
        transaction.query(include_str!("../../sql/deferred_index_insert.sql"), &[]).await.map_err(fail)?;
    for row in names {
        let name: &str = row.get(0);
        transaction.batch_execute(&format!("DROP INDEX {}", quoted(name))).await.map_err(fail)?;
    }
    transaction.commit().await.map_err(fail)?;
    Ok(LoadPath::Copy)
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
