//! What was queued to a number before it was barred.

use deadpool_postgres::Object;
use domain::message::Evidence;
use uuid::Uuid;

use super::evidence::{self, Entry, EvidenceBatch};

/// The shard of the counts that changes made outside of workers go to.
const SHARD: i16 = -1;

/// What the claim says of such a message, too.
const REASON: &str = "suppressed";

/// Skips what live campaigns have queued to numbers that were barred by a transaction that has committed. Should it fail,
/// nothing is sent all the same: claims look themselves. So a failure is told, and is nobody's error.
pub(crate) async fn skip_barred(client: &mut Object, phones: &[i64]) {
    match skip(client, phones).await {
        Ok(0) => {}
        Ok(skipped) => tracing::info!(messages = skipped, "messages to a number that was barred are skipped"),
        Err(error) => {
            let code = error.code().map(tokio_postgres::error::SqlState::code);
            tracing::warn!(
                code,
                "messages to a number that was barred stay queued; their claim will skip them"
            );
        }
    }
}

async fn skip(client: &mut Object, phones: &[i64]) -> Result<u64, tokio_postgres::Error> {
    let apply = evidence::statement(client).await?;
    let find = client.prepare_cached(include_str!("../../sql/message_of_barred.sql")).await?;
    let transaction = client.transaction().await?;
    let queued = transaction.query(&find, &[&phones]).await?;
    if queued.is_empty() {
        return Ok(0);
    }
    let mut batch = EvidenceBatch::default();
    for row in &queued {
        batch.push(&Entry {
            campaign: row.get::<_, Uuid>("campaign_id"),
            seq: row.get("seq"),
            attempt: row.get("attempt"),
            phone: None,
            evidence: Evidence::Suppressed,
            reason: Some(REASON),
            retry_in_seconds: 0.0,
            opted_out: false,
        });
    }
    let moved = batch.apply_in_shard(&transaction, &apply, SHARD).await?;
    transaction.commit().await?;
    Ok(moved)
}
