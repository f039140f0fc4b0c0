//! One of the connections by which an import copies. Several batches are under way at once, each by a connection of its
//! own; they are committed in the order of the file, so that the checkpoint never stands before a row that is missing.

use std::ops::Range;

use bytes::Bytes;
use domain::import::{ImportId, SortedBatch, Tally};
use domain::port::{PartRows, StoreError};
use futures::SinkExt;
use tokio::sync::oneshot;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Statement, Transaction};

use super::encode::{Exception, Exceptions, Rejects, encode};
use super::path::LoadPath;
use super::{part, rows};
use crate::copy::{HEAD, TAIL};
use crate::error::{classify, conflict, exactly_one};

pub(super) struct Lane {
    pub(super) client: Client,
    path: LoadPath,
    /// Takes contacts in, where the path leads.
    copy: Statement,
    /// Ends a batch.
    advance: Statement,
    /// Rows of one batch that the server may refuse before the batch is given up.
    poison_rows_max: u32,
}

/// Rows that are to be stored.
pub(super) enum Rows {
    /// A batch of the source.
    Batch(SortedBatch),
    /// A part of a backup with its counts.
    Part(PartRows, Tally),
}

/// A batch with its place in the order of the file.
pub(super) struct Work {
    pub(super) rows: Rows,
    pub(super) import: ImportId,
    pub(super) keeps_copy: bool,
    /// Where the checkpoint stands once this is stored.
    pub(super) checkpoint: i64,
    /// Brings the checkpoint that the batch before this one left.
    pub(super) turn: oneshot::Receiver<i64>,
    /// Is told the checkpoint that this one left; dropped when it left none.
    pub(super) done: oneshot::Sender<i64>,
}

/// What a batch came to.
pub(super) struct Stored {
    pub(super) checkpoint: i64,
    pub(super) tally: Tally,
    /// Rows of contacts and refused rows.
    pub(super) copy: Option<(Vec<Bytes>, Bytes)>,
}

/// What was brought in of a batch, and has still to be counted.
struct Brought {
    rejects: Rejects,
    tally: Tally,
    /// Rows of contacts.
    copy: Vec<Bytes>,
}

/// What a batch is brought in by.
struct Way<'a> {
    path: LoadPath,
    copy: &'a Statement,
    import: ImportId,
    keeps_copy: bool,
}

impl Lane {
    pub(super) async fn new(
        client: Client,
        path: LoadPath,
        poison_rows_max: u32,
        doing: &str,
    ) -> Result<Self, StoreError> {
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        let copy = match path {
            LoadPath::Copy => include_str!("../../sql/contact_copy.sql"),
            LoadPath::Merge => {
                client.batch_execute(include_str!("../../sql/incoming_create.sql")).await.map_err(fail)?;
                include_str!("../../sql/incoming_copy.sql")
            }
        };
        let copy = client.prepare(copy).await.map_err(fail)?;
        let advance = client.prepare(include_str!("../../sql/import_advance.sql")).await.map_err(fail)?;
        Ok(Self { client, path, copy, advance, poison_rows_max })
    }

    /// Stores a batch in one transaction, when it is its turn. A connection that is still whole may be used again, also
    /// where this failed.
    pub(super) async fn store(&mut self, work: Work) -> Result<Stored, StoreError> {
        let doing = format!("store a batch of import {}", work.import);
        let fail = |error: tokio_postgres::Error| classify(&doing, &error);
        let way = Way { path: self.path, copy: &self.copy, import: work.import, keeps_copy: work.keeps_copy };
        let (transaction, brought) = match work.rows {
            Rows::Batch(batch) => {
                bring_batch(&mut self.client, &way, &batch, self.poison_rows_max, &doing).await?
            }
            Rows::Part(rows, tally) => {
                let transaction = self.client.transaction().await.map_err(fail)?;
                let tally = part::bring(&transaction, self.path, &self.copy, rows, tally, &doing).await?;
                (transaction, Brought { rejects: Rejects::default(), tally, copy: Vec::new() })
            }
        };
        let before = work.turn.await.map_err(|_| conflict(&doing, "the batch before it was not stored"))?;
        let span = (before, work.checkpoint);
        let counted = (&brought.rejects, &brought.tally);
        let advanced = rows::advance(&transaction, &self.advance, work.import, span, counted).await;
        exactly_one(advanced.map_err(fail)?, &doing, "its checkpoint was moved by somebody else")?;
        transaction.commit().await.map_err(fail)?;
        // Where nobody waits for it there is no batch behind this one.
        let _ = work.done.send(work.checkpoint);
        let copy = work.keeps_copy.then(|| (brought.copy, brought.rejects.rows(work.import)));
        Ok(Stored { checkpoint: work.checkpoint, tally: brought.tally, copy })
    }
}

/// Brings a batch in, but for single rows that the server refuses, and leaves its transaction open.
async fn bring_batch<'c>(
    client: &'c mut Client,
    way: &Way<'_>,
    batch: &SortedBatch,
    poison_rows_max: u32,
    doing: &str,
) -> Result<(Transaction<'c>, Brought), StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    // Nearly always nothing is wrong, and then this savepoint is all that it costs to be able to look closer.
    let mut transaction = client.transaction().await.map_err(fail)?;
    let savepoint = transaction.transaction().await.map_err(fail)?;
    match put(&savepoint, way, (batch, 0..batch.len()), &Exceptions::new()).await {
        Ok(brought) => {
            savepoint.commit().await.map_err(fail)?;
            Ok((transaction, brought))
        }
        Err(error) if is_of_the_rows(&error) => {
            savepoint.rollback().await.map_err(fail)?;
            let poison = find_poison(&mut transaction, way, batch, poison_rows_max, doing).await?;
            let brought = put(&transaction, way, (batch, 0..batch.len()), &poison).await.map_err(fail)?;
            Ok((transaction, brought))
        }
        Err(error) => Err(fail(error)),
    }
}

/// Finds the rows for which the server refuses a batch, by halves; whatever is tried is undone.
async fn find_poison(
    transaction: &mut Transaction<'_>,
    way: &Way<'_>,
    batch: &SortedBatch,
    rows_max: u32,
    doing: &str,
) -> Result<Exceptions, StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    let mut poison = Exceptions::new();
    let mut suspects: Vec<_> = std::iter::once(0..batch.len()).collect();
    while let Some(rows) = suspects.pop() {
        let savepoint = transaction.transaction().await.map_err(fail)?;
        let tried = put(&savepoint, way, (batch, rows.clone()), &poison).await;
        savepoint.rollback().await.map_err(fail)?;
        match tried {
            Ok(_) => {}
            Err(error) if !is_of_the_rows(&error) => return Err(fail(error)),
            Err(error) if rows.len() <= 1 => {
                if poison.len() >= rows_max as usize {
                    return Err(too_many(doing, rows_max, &error));
                }
                let exception = Exception::NotStorable(said(&error));
                poison.extend(batch.verdicts().nth(rows.start).map(|(row, _)| (row.id(), exception)));
            }
            Err(_) => {
                let middle = rows.start + rows.len() / 2;
                suspects.extend([middle..rows.end, rows.start..middle]);
            }
        }
    }
    Ok(poison)
}

/// Whether the server refused what stands in a row, rather than to work at all.
fn is_of_the_rows(error: &tokio_postgres::Error) -> bool {
    // A value that does not fit, a constraint, a limit of the server, and what a trigger raises.
    let code = error.code().map(SqlState::code);
    code.is_some_and(|code| ["22", "23", "54", "P0"].iter().any(|class| code.starts_with(class)))
}

/// Why the server refused a row, without what stands in it.
fn said(error: &tokio_postgres::Error) -> String {
    let code = error.code().map_or("", SqlState::code);
    match error.as_db_error().and_then(|error| error.constraint()) {
        Some(constraint) => format!("SQLSTATE {code}, constraint {constraint}"),
        None => format!("SQLSTATE {code}"),
    }
}

fn too_many(doing: &str, rows_max: u32, error: &tokio_postgres::Error) -> StoreError {
    let reason = format!(
        "the server refuses more than {rows_max} of its rows (import.poison_rows_max), so the rows are hardly at fault: \
         {}; look at the table's constraints and triggers",
        said(error)
    );
    conflict(doing, &reason)
}

/// Brings rows of a batch in. Where a number came in by another way meanwhile, its row is encoded again as refused.
async fn put(
    transaction: &Transaction<'_>,
    way: &Way<'_>,
    (batch, rows): (&SortedBatch, Range<usize>),
    exceptions: &Exceptions,
) -> Result<Brought, tokio_postgres::Error> {
    let mut kept = Vec::new();
    let mut encoder = encode(batch, rows.clone(), way.import, exceptions);
    let mut chunks = encoder.by_ref().inspect(|chunk| {
        if way.keeps_copy {
            kept.push(chunk.clone());
        }
    });
    copy_in(transaction, way.copy, &mut chunks).await?;
    let late = match way.path {
        LoadPath::Copy => Vec::new(),
        LoadPath::Merge => transaction.query(include_str!("../../sql/incoming_merge.sql"), &[]).await?,
    };
    if !late.is_empty() {
        let mut exceptions = exceptions.clone();
        exceptions.extend(late.iter().map(|row| (row.get(0), Exception::Existing)));
        let mut encoder = encode(batch, rows, way.import, &exceptions);
        kept = if way.keeps_copy { encoder.by_ref().collect() } else { Vec::new() };
        let (rejects, tally) = encoder.finish();
        return Ok(Brought { rejects, tally, copy: whole_rows(kept) });
    }
    let (rejects, tally) = encoder.finish();
    Ok(Brought { rejects, tally, copy: whole_rows(kept) })
}

/// The chunks of a stream without its head and its tail.
fn whole_rows(mut chunks: Vec<Bytes>) -> Vec<Bytes> {
    if let Some(first) = chunks.first_mut() {
        *first = first.slice(HEAD.len()..);
    }
    if let Some(last) = chunks.last_mut() {
        last.truncate(last.len() - TAIL.len());
    }
    chunks
}

/// Copies chunks in as they come; without any nothing is asked of the server.
async fn copy_in(
    transaction: &Transaction<'_>,
    statement: &Statement,
    chunks: &mut (impl Iterator<Item = Bytes> + Send),
) -> Result<(), tokio_postgres::Error> {
    let Some(first) = chunks.next() else { return Ok(()) };
    let sink = transaction.copy_in(statement).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(first).await?;
    for chunk in chunks {
        sink.send(chunk).await?;
    }
    sink.finish().await?;
    Ok(())
}
