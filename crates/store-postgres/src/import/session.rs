//! An open import.

use std::collections::VecDeque;

use async_trait::async_trait;
use bytes::Bytes;
use domain::import::{BroughtBy, Import, ImportId, SortedBatch, Tally};
use domain::port::{
    CopiedTable, CopyFormat, ImportSession, KnownNumbers, PartRows, SourceAccount, StoreError, StoredCopy,
    StoredRows,
};
use futures::stream::BoxStream;
use tokio::sync::oneshot;
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;

use super::connections::BulkConnections;
use super::finishing::Finishing;
use super::lane::{Lane, Rows, Stored, Work};
use super::path::choose_path;
use super::{part, rows};
use crate::contact::phone_from;
use crate::error::{classify, exactly_one};

/// Some connections, of which one holds the lock.
pub(super) struct PostgresImportSession {
    import: Import,
    /// Those that have nothing to do.
    idle: Vec<Lane>,
    /// The batches under way, in the order of the file.
    under_way: VecDeque<AbortOnDropHandle<(Lane, Result<Stored, StoreError>)>>,
    /// Brings the checkpoint that the last of them leaves.
    turn: oneshot::Receiver<i64>,
    /// What was stored and not taken away yet, if anybody wants it.
    copies: Option<Vec<StoredCopy>>,
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
        let import = self.import.id.0;
        let rows = self
            .client()
            .await?
            .query(
                include_str!("../../sql/contact_known_page.sql"),
                &[&after.unwrap_or(i64::MIN), &i64::from(page_rows), &import],
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

    async fn append(&mut self, batch: SortedBatch) -> Result<(), StoreError> {
        match batch.last_source_row_id() {
            Some(checkpoint) => self.hand_in(Rows::Batch(batch), checkpoint).await,
            None => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        while !self.under_way.is_empty() {
            let lane = self.settle_oldest().await?;
            self.idle.push(lane);
        }
        Ok(())
    }

    fn copy_format(&self) -> fn(CopiedTable) -> CopyFormat {
        part::format_of
    }

    fn keep_copies(&mut self) {
        self.copies.get_or_insert_default();
    }

    fn take_copies(&mut self) -> Vec<StoredCopy> {
        self.copies.as_mut().map(std::mem::take).unwrap_or_default()
    }

    async fn stored_behind(
        &mut self,
        table: CopiedTable,
        after: i64,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        let id = self.import.id;
        part::stored_behind(self.client().await?, table, id, after).await
    }

    async fn append_part(&mut self, rows: PartRows, checkpoint: i64, tally: Tally) -> Result<(), StoreError> {
        self.hand_in(Rows::Part(rows, tally), checkpoint).await
    }

    async fn keep_account(&mut self, account: SourceAccount) -> Result<(), StoreError> {
        let doing = "keep the source's account of itself";
        let id = self.import.id;
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        let transaction = self.client().await?.transaction().await.map_err(fail)?;
        rows::replace_account(&transaction, id, &account).await.map_err(fail)?;
        transaction.commit().await.map_err(fail)
    }

    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError> {
        self.flush().await?;
        self.finishing.next(&mut self.idle[0].client).await
    }

    async fn count_stored(&mut self) -> Result<StoredRows, StoreError> {
        let id = self.import.id;
        rows::count_stored(self.client().await?, id, "count what an import brought").await
    }

    async fn close(&mut self) -> Result<Import, StoreError> {
        let id = self.import.id;
        let doing = format!("end import {id}");
        let fail = |error: tokio_postgres::Error| classify(&doing, &error);
        let client = self.client().await?;
        client.batch_execute("SET synchronous_commit = on").await.map_err(fail)?;
        let closed =
            client.execute(include_str!("../../sql/import_close.sql"), &[&id.0]).await.map_err(fail)?;
        exactly_one(closed, &doing, "it is not loading")?;
        self.import = rows::find(client, id, &doing).await?;
        Ok(self.import.clone())
    }
}

impl PostgresImportSession {
    /// Opens import `id` on a connection that holds the lock, and on others that help it.
    pub(super) async fn open(
        mut client: Client,
        connections: BulkConnections,
        id: ImportId,
        doing: &str,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let path = choose_path(&mut client, doing).await?;
        let import = rows::find(&client, id, doing).await?;
        let poison_rows_max = connections.poison_rows_max();
        let mut idle = vec![Lane::new(client, path, poison_rows_max, doing).await?];
        for _ in 1..connections.lanes() {
            idle.push(Lane::new(connections.helper(doing).await?, path, poison_rows_max, doing).await?);
        }
        let turn = turn_after(&import);
        let finishing = Finishing::new(connections);
        Ok(Box::new(Self { import, idle, under_way: VecDeque::new(), turn, copies: None, finishing }))
    }

    /// Gives rows to a connection that has nothing to do, as soon as there is one.
    async fn hand_in(&mut self, rows: Rows, checkpoint: i64) -> Result<(), StoreError> {
        let mut lane = match self.idle.pop() {
            Some(lane) => lane,
            None => self.settle_oldest().await?,
        };
        let (done, next_turn) = oneshot::channel();
        let turn = std::mem::replace(&mut self.turn, next_turn);
        let keeps_copy = self.copies.is_some();
        let work = Work { rows, import: self.import.id, keeps_copy, checkpoint, turn, done };
        self.under_way.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
            let stored = lane.store(work).await;
            (lane, stored)
        })));
        Ok(())
    }

    /// A connection, once every batch handed in is stored.
    async fn client(&mut self) -> Result<&mut Client, StoreError> {
        self.flush().await?;
        Ok(&mut self.idle[0].client)
    }

    /// Waits for the oldest batch under way, and answers its connection. Where it failed, those behind it failed as well.
    async fn settle_oldest(&mut self) -> Result<Lane, StoreError> {
        let Some(oldest) = self.under_way.pop_front() else {
            unreachable!("every connection has nothing to do or a batch under way")
        };
        let (lane, stored) = ended(oldest).await;
        match stored {
            Ok(stored) => {
                self.import.last_source_row_id = stored.checkpoint;
                self.import.tally += stored.tally;
                if let (Some(copies), Some((contacts, rejects))) = (&mut self.copies, stored.copy) {
                    copies.push(StoredCopy {
                        contacts,
                        rejects: vec![rejects],
                        checkpoint: stored.checkpoint,
                        tally: self.import.tally,
                    });
                }
                Ok(lane)
            }
            Err(error) => {
                self.idle.push(lane);
                while let Some(behind) = self.under_way.pop_front() {
                    self.idle.push(ended(behind).await.0);
                }
                self.turn = turn_after(&self.import);
                Err(error)
            }
        }
    }
}

/// Lets the first batch behind a checkpoint have its turn at once.
fn turn_after(import: &Import) -> oneshot::Receiver<i64> {
    let (done, turn) = oneshot::channel();
    // It cannot fail while its other end is here.
    let _ = done.send(import.last_source_row_id);
    turn
}

/// A batch's connection and what it came to.
async fn ended<T>(task: AbortOnDropHandle<T>) -> T {
    match task.await {
        Ok(ended) => ended,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
