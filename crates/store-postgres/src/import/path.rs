//! Whether rows can be copied straight in, or must be merged past the indexes.

use std::time::Duration;

use domain::port::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use crate::error::classify;

/// How long an import waits for everybody to leave the empty table; nobody else can come in while it does.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

const DO_NOT_COUNT: &str = "ALTER TABLE contacts DISABLE TRIGGER contacts_counted_insert";

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
    let lock = format!(
        "SET LOCAL lock_timeout = '{}ms'; LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE",
        LOCK_TIMEOUT.as_millis()
    );
    transaction.batch_execute(&lock).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => StoreError::Conflict {
            doing: doing.to_owned(),
            reason: format!(
                "somebody has been reading or writing contacts for more than {} s, and its indexes cannot be taken \
                 down meanwhile; end that, or try again with --resume",
                LOCK_TIMEOUT.as_secs()
            ),
        },
        Some(_) | None => fail(error),
    })?;
    if has_contacts(&transaction).await? {
        return Ok(LoadPath::Merge);
    }
    let names =
        transaction.query(include_str!("../../sql/deferred_index_insert.sql"), &[]).await.map_err(fail)?;
    for row in names {
        let name: &str = row.get(0);
        transaction.batch_execute(&drop_index(name)).await.map_err(fail)?;
    }
    // What comes in is counted once at the end.
    transaction.batch_execute(DO_NOT_COUNT).await.map_err(fail)?;
    transaction.commit().await.map_err(fail)?;
    Ok(LoadPath::Copy)
}

/// Takes an index down, if it is there. A name cannot be a parameter.
pub(super) fn drop_index(name: &str) -> String {
    format!("DROP INDEX IF EXISTS {}", quoted(name))
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
