//! What every change carries: its audit line, and the key that makes asking twice harmless.

use domain::port::{StoreError, WriteError};
use domain::request::{Envelope, IdempotencyKey};
use tokio_postgres::{GenericClient, Row, Transaction};

use crate::error::classify;

/// Takes the key of a change that is about to be made; `false` when it was used before. `Conflict` while somebody else makes a
/// change with it.
pub(crate) async fn take_key(
    transaction: &Transaction<'_>,
    envelope: &Envelope,
    doing: &str,
) -> Result<bool, StoreError> {
    take_key_on(transaction, envelope, doing).await
}

/// The same, on a connection within a transaction of its own.
pub(crate) async fn take_key_on(
    client: &impl GenericClient,
    envelope: &Envelope,
    doing: &str,
) -> Result<bool, StoreError> {
    let Some(used) = &envelope.idempotency else { return Ok(true) };
    let asked = client
        .query_one(
            include_str!("../sql/idempotency_claim.sql"),
            &[&envelope.actor.0, &used.key, &used.body_sha256.as_slice(), &IdempotencyKey::KEPT_HOURS],
        )
        .await
        .map_err(|error| classify(doing, &error))?;
    if asked.get("is_free") {
        Ok(asked.get("is_taken"))
    } else {
        let reason = "a request with this Idempotency-Key is still under way; ask again soon".to_owned();
        Err(StoreError::Conflict { doing: doing.to_owned(), reason })
    }
}

/// A key was used, and what it answered is not there.
pub(crate) fn answer_is_gone(doing: &str) -> StoreError {
    let reason = "what this Idempotency-Key answered is not kept any more; give a new key".to_owned();
    StoreError::Conflict { doing: doing.to_owned(), reason }
}

/// Whether the key was used for this request before; a key of another one is refused. It is asked first: an answer of another
/// kind cannot be read as this one's.
async fn is_used(client: &impl GenericClient, envelope: &Envelope, doing: &str) -> Result<bool, WriteError> {
    let Some(used) = &envelope.idempotency else { return Ok(false) };
    let row = client
        .query_opt(include_str!("../sql/idempotency_used.sql"), &[&envelope.actor.0, &used.key])
        .await
        .map_err(|error| classify(doing, &error))?;
    match row {
        Some(row) if row.get::<_, &[u8]>("body_sha256") != used.body_sha256 => Err(WriteError::KeyReused),
        row => Ok(row.is_some()),
    }
}

/// What the key answered before, by a statement that reads it as what it is; a key of another request is refused.
pub(crate) async fn answered_before(
    client: &impl GenericClient,
    statement: &str,
    envelope: &Envelope,
    doing: &str,
) -> Result<Option<Row>, WriteError> {
    Ok(all_answered_before(client, statement, envelope, doing).await?.pop())
}

/// The same, of a statement that reads more than one row.
pub(crate) async fn all_answered_before(
    client: &impl GenericClient,
    statement: &str,
    envelope: &Envelope,
    doing: &str,
) -> Result<Vec<Row>, WriteError> {
    let Some(used) = &envelope.idempotency else { return Ok(Vec::new()) };
    if !is_used(client, envelope, doing).await? {
        return Ok(Vec::new());
    }
    Ok(client
        .query(statement, &[&envelope.actor.0, &used.key])
        .await
        .map_err(|error| classify(doing, &error))?)
}

/// The statement of an audit line that says how many.
pub(crate) const COUNTED_LINE: &str = include_str!("../sql/audit_insert_counted.sql");

/// Writes the audit line of something that was done to so many.
pub(crate) async fn audit_counted(
    transaction: &Transaction<'_>,
    action: &str,
    (object_kind, object_id): (&str, &str),
    (envelope, count): (&Envelope, u64),
    doing: &str,
) -> Result<(), StoreError> {
    let address = envelope.remote_addr.map(|address| address.to_string());
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    transaction
        .execute(
            COUNTED_LINE,
            &[&envelope.actor.0, &action, &object_kind, &object_id, &envelope.request_id, &address, &count],
        )
        .await
        .map(drop)
        .map_err(|error| classify(doing, &error))
}

/// Writes the audit line of a change.
pub(crate) async fn audit(
    transaction: &Transaction<'_>,
    action: &str,
    (object_kind, object_id): (&str, &str),
    envelope: &Envelope,
    doing: &str,
) -> Result<(), StoreError> {
    audit_on(transaction, action, (object_kind, object_id), envelope, doing).await
}

/// The same, on a connection within a transaction of its own.
pub(crate) async fn audit_on(
    client: &impl GenericClient,
    action: &str,
    (object_kind, object_id): (&str, &str),
    envelope: &Envelope,
    doing: &str,
) -> Result<(), StoreError> {
    let address = envelope.remote_addr.map(|address| address.to_string());
    client
        .execute(
            include_str!("../sql/audit_insert.sql"),
            &[&envelope.actor.0, &action, &object_kind, &object_id, &envelope.request_id, &address],
        )
        .await
        .map_err(|error| classify(doing, &error))?;
    Ok(())
}
