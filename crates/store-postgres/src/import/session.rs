//! An open import.

use std::collections::HashSet;

use async_trait::async_trait;
use bytes::Bytes;
use domain::import::{BroughtBy, Import, ImportId, SortedBatch, Tally};
use domain::port::{ImportSession, KnownNumbers, StoreError, StoredRows};
use domain::source::{MissingLada, SourceStatistics};
use futures::SinkExt;
use tokio_postgres::{Client, Statement, Transaction};

use super::connections::BulkConnections;
use super::encode::{Rejects, encode};
use super::finishing::Finishing;
use super::path::{LoadPath, choose_path};
use super::rows;
use crate::contact::phone_from;
use crate::error::{classify, exactly_one};

/// One connection, which holds the lock.
pub(super) struct PostgresImportSession {
    client: Client,
    import: Import,
    path: LoadPath,
    /// Takes contacts in, where the path leads.
    copy: Statement,
    /// Ends a batch.
    advance: Statement,
    finishing: Finishing,
}

#[async_trait]
impl ImportSession for PostgresImportSession {
    fn import(&self) -> Import {
        self.import.clone()
    }

    async fn known_numbers(
        &mut self,
        after: Option<i64>,
        page_rows: u32,
    ) -> Result<KnownNumbers, StoreError> {
        let doing = "read the numbers that are there already";
        let rows = self
            .client
            .query(
                include_str!("../../sql/contact_known_page.sql"),
                &[&after.unwrap_or(i64::MIN), &i64::from(page_rows), &self.import.id.0],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        let next = if rows.len() == page_rows as usize { rows.last().map(|row| row.get("id")) } else { None };
        let numbers = rows
            .iter()
            .map(|row| {
                let brought_by = if row.get("is_ours") { BroughtBy::ThisImport } else { BroughtBy::Another };
                Ok((phone_from(row.get("phone_national"), doing)?, brought_by))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(KnownNumbers { numbers, next })
    }

    async fn append(&mut self, batch: SortedBatch) -> Result<Tally, StoreError> {
        let doing = format!("store a batch of import {}", self.import.id);
        let Some(checkpoint) = batch.last_source_row_id() else {
            return Ok(Tally::default());
        };
        let fail = |error: tokio_postgres::Error| classify(&doing, &error);
        let transaction = self.client.transaction().await.map_err(fail)?;
        let (rejects, tally) = match self.path {
            LoadPath::Copy => {
                let none = HashSet::new();
                let mut encoder = encode(&batch, self.import.id, &none);
                copy_in(&transaction, &self.copy, &mut encoder, &doing).await?;
                encoder.finish()
            }
            LoadPath::Merge => merge(&transaction, &self.copy, &batch, self.import.id, &doing).await?,
        };
        let counted = (&rejects, &tally);
        let advanced = rows::advance(&transaction, &self.advance, &self.import, checkpoint, counted).await;
        let advanced = advanced.map_err(fail)?;
        exactly_one(advanced, &doing, "its checkpoint was moved by somebody else")?;
        transaction.commit().await.map_err(fail)?;
        self.import.last_source_row_id = checkpoint;
        self.import.tally += tally;
        Ok(tally)
    }

    async fn keep_account(
        &mut self,
        statistics: Vec<SourceStatistics>,
        missing_ladas: Vec<MissingLada>,
    ) -> Result<(), StoreError> {
        let doing = "keep the source's account of itself";
        let transaction = self.client.transaction().await.map_err(|error| classify(doing, &error))?;
        rows::replace_account(&transaction, self.import.id, &statistics, &missing_ladas)
            .await
            .map_err(|error| classify(doing, &error))?;
        transaction.commit().await.map_err(|error| classify(doing, &error))
    }

    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError> {
        self.finishing.next(&mut self.client).await
    }

    async fn count_stored(&mut self) -> Result<StoredRows, StoreError> {
        rows::count_stored(&self.client, self.import.id, "count what an import brought").await
    }

    async fn close(&mut self) -> Result<Import, StoreError> {
        let doing = format!("end import {}", self.import.id);
        let fail = |error: tokio_postgres::Error| classify(&doing, &error);
        self.client.batch_execute("SET synchronous_commit = on").await.map_err(fail)?;
        let closed = self
            .client
            .execute(include_str!("../../sql/import_close.sql"), &[&self.import.id.0])
            .await
            .map_err(fail)?;
        exactly_one(closed, &doing, "it is not loading")?;
        self.import = rows::find(&self.client, self.import.id, &doing).await?;
        Ok(self.import.clone())
    }
}

impl PostgresImportSession {
    /// Opens import `id` on a connection that holds the lock.
    pub(super) async fn open(
        mut client: Client,
        connections: BulkConnections,
        id: ImportId,
        doing: &str,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let path = choose_path(&mut client, doing).await?;
        let import = rows::find(&client, id, doing).await?;
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        let copy = match path {
            LoadPath::Copy => include_str!("../../sql/contact_copy.sql"),
            LoadPath::Merge => include_str!("../../sql/incoming_copy.sql"),
        };
        let copy = client.prepare(copy).await.map_err(fail)?;
        let advance = client.prepare(include_str!("../../sql/import_advance.sql")).await.map_err(fail)?;
        Ok(Box::new(Self { client, import, path, copy, advance, finishing: Finishing::new(connections) }))
    }
}

/// Merges a batch past the unique index. Where a number came in by another way meanwhile, its row is encoded again as
/// refused.
async fn merge(
    transaction: &Transaction<'_>,
    copy: &Statement,
    batch: &SortedBatch,
    id: ImportId,
    doing: &str,
) -> Result<(Rejects, Tally), StoreError> {
    let none = HashSet::new();
    let mut encoder = encode(batch, id, &none);
    copy_in(transaction, copy, &mut encoder, doing).await?;
    let late = transaction
        .query(include_str!("../../sql/incoming_merge.sql"), &[])
        .await
        .map_err(|error| classify(doing, &error))?;
    if late.is_empty() {
        return Ok(encoder.finish());
    }
    let late: HashSet<i64> = late.iter().map(|row| row.get(0)).collect();
    Ok(encode(batch, id, &late).finish())
}

/// Copies chunks in as they come; without any nothing is asked of the server.
async fn copy_in(
    transaction: &Transaction<'_>,
    statement: &Statement,
    chunks: &mut (impl Iterator<Item = Bytes> + Send),
    doing: &str,
) -> Result<(), StoreError> {
    let Some(first) = chunks.next() else { return Ok(()) };
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    let sink = transaction.copy_in(statement).await.map_err(fail)?;
    let mut sink = std::pin::pin!(sink);
    sink.send(first).await.map_err(fail)?;
    for chunk in chunks {
        sink.send(chunk).await.map_err(fail)?;
    }
    sink.finish().await.map_err(fail)?;
    Ok(())
}
