//! Parts of a backup: written down from the tables, and brought back into them.

use bytes::{Bytes, BytesMut};
use domain::import::{ImportId, Tally};
use domain::port::{BackupError, CopiedTable, CopyFormat, PartRows, StoreError};
use futures::stream::{self, BoxStream};
use futures::{SinkExt, StreamExt};
use tokio_postgres::{Client, Statement, Transaction};

use super::path::LoadPath;
use super::rows;
use crate::copy::{HEAD, TAIL};
use crate::error::classify;

/// How the rows of a table are written down.
pub(super) fn format_of(table: CopiedTable) -> CopyFormat {
    let statement = match table {
        CopiedTable::Contacts => include_str!("../../sql/contact_copy.sql"),
        CopiedTable::Rejects => include_str!("../../sql/import_rejects_copy.sql"),
    };
    CopyFormat { statement, head: HEAD, tail: TAIL }
}

/// The rows of an import behind a source row.
pub(super) async fn stored_behind(
    client: &Client,
    table: CopiedTable,
    id: ImportId,
    after: i64,
) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
    const DOING: &str = "write down what an import stored";
    let fail = |error: tokio_postgres::Error| classify(DOING, &error);
    let copy_out = match table {
        CopiedTable::Contacts => include_str!("../../sql/contact_copy_out.sql"),
        CopiedTable::Rejects => include_str!("../../sql/import_rejects_copy_out.sql"),
    };
    client.query_one(include_str!("../../sql/copied_behind.sql"), &[&id.0, &after]).await.map_err(fail)?;
    let copied = client.copy_out(copy_out).await.map_err(fail)?;
    let copied = copied.map(|chunk| chunk.map_err(|error| classify(DOING, &error)));
    Ok(without_frame(copied.boxed()))
}

/// A stream without its head and its tail: what may be the tail is held back until more comes.
fn without_frame(
    chunks: BoxStream<'static, Result<Bytes, StoreError>>,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    let state = (chunks, HEAD.len(), BytesMut::new());
    stream::unfold(state, async |(mut chunks, mut head_left, mut held)| {
        loop {
            let chunk = match chunks.next().await? {
                Ok(chunk) => chunk,
                Err(error) => return Some((Err(error), (chunks, head_left, held))),
            };
            held.extend_from_slice(&chunk);
            let skipped = head_left.min(held.len());
            let _ = held.split_to(skipped);
            head_left -= skipped;
            if head_left == 0 && held.len() > TAIL.len() {
                let rows = held.split_to(held.len() - TAIL.len()).freeze();
                return Some((Ok(rows), (chunks, head_left, held)));
            }
        }
    })
    .boxed()
}

/// Brings a part in, and answers what is counted of it: a contact whose number is there already counts as a duplicate.
pub(super) async fn bring(
    transaction: &Transaction<'_>,
    path: LoadPath,
    copy: &Statement,
    part: PartRows,
    mut tally: Tally,
    doing: &str,
) -> Result<Tally, StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    copy_in(transaction, copy, part.contacts, doing).await?;
    let rejects =
        transaction.prepare(include_str!("../../sql/import_rejects_copy.sql")).await.map_err(fail)?;
    copy_in(transaction, &rejects, part.rejects, doing).await?;
    if path == LoadPath::Merge {
        let late =
            transaction.query(include_str!("../../sql/incoming_merge.sql"), &[]).await.map_err(fail)?;
        if !late.is_empty() {
            let late: Vec<i64> = late.iter().map(|row| row.get(0)).collect();
            let refuse = include_str!("../../sql/incoming_refuse.sql");
            let refused = transaction.query_one(refuse, &[&late]).await.map_err(fail)?;
            let contacts = rows::count(&refused, "contacts", doing)?;
            tally.imported -= contacts;
            tally.imported_valid -= rows::count(&refused, "valid", doing)?;
            tally.duplicates += contacts;
            tally.duplicates_existing += contacts;
        }
    }
    Ok(tally)
}

async fn copy_in(
    transaction: &Transaction<'_>,
    statement: &Statement,
    mut rows: BoxStream<'static, Result<Bytes, BackupError>>,
    doing: &str,
) -> Result<(), StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    let sink = transaction.copy_in(statement).await.map_err(fail)?;
    let mut sink = std::pin::pin!(sink);
    while let Some(chunk) = rows.next().await {
        let chunk = chunk.map_err(|error| StoreError::Corrupt {
            doing: doing.to_owned(),
            reason: error.to_string(),
            source: None,
        })?;
        sink.send(chunk).await.map_err(fail)?;
    }
    sink.finish().await.map_err(fail)?;
    Ok(())
}
