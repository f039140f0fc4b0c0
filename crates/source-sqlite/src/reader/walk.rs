//! The walk along the table, on a thread of its own.

use std::path::{Path, PathBuf};
use std::thread;

use domain::port::{ReadRange, SourceError};
use domain::source::{SourceBatch, SourceColumn, SourceValue};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use tokio::sync::mpsc;

use super::open::Opened;
use crate::failure::classify;
use crate::file::{refused, unreadable};

/// Batches that may lie between the walk and its consumer.
const BATCHES_AHEAD: usize = 2;
/// Rows between two looks at whether the consumer is still there.
const ROWS_UNHEEDED: u64 = 1_024;
/// Rows that a batch has room for from the start, whatever it may hold in the end.
const ROWS_PREPARED: usize = 16_384;
/// The statement of the walk.
pub(super) const WALK: &str = include_str!("../../sql/numeros_walk.sql");

enum Step {
    Batch(SourceBatch),
    Failed(SourceError),
    /// The walk came to its end. A channel that closes without it means that rows are missing.
    Ended,
}

/// The rows of `range` as batches, read ahead by a bounded number of them.
pub(super) fn batches(
    path: PathBuf,
    range: ReadRange,
) -> BoxStream<'static, Result<SourceBatch, SourceError>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let walked = path.clone();
    let started =
        thread::Builder::new().name("numeros-walk".to_owned()).spawn(move || run(&walked, range, &sender));
    if let Err(error) = started {
        return stream::iter([Err(unreadable(&path, &error))]).boxed();
    }
    stream::unfold(Some(receiver), move |receiver| {
        let lost = refused(&path, "its reader stopped before the last row");
        async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Step::Batch(batch)) => Some((Ok(batch), Some(receiver))),
                Some(Step::Failed(error)) => Some((Err(error), None)),
                Some(Step::Ended) => None,
                None => Some((Err(lost), None)),
            }
        }
    })
    .boxed()
}

/// The consumer is gone.
struct Dropped;

fn run(path: &Path, range: ReadRange, sender: &mpsc::Sender<Step>) {
    let outcome = match Opened::at(path) {
        Ok(opened) => walk(path, &opened.connection, range, sender).map(|walked| {
            // Rows of a file that changes under the walk cannot be trusted to be all of them, nor its errors to be its own.
            opened.check_unchanged(path).and(walked)
        }),
        Err(error) => Ok(Err(error)),
    };
    // Nobody waits for the last word of a walk whose consumer is gone.
    let _ = match outcome {
        Ok(Ok(())) => sender.blocking_send(Step::Ended),
        Ok(Err(error)) => sender.blocking_send(Step::Failed(error)),
        Err(Dropped) => Ok(()),
    };
}

fn walk(
    path: &Path,
    connection: &Connection,
    range: ReadRange,
    sender: &mpsc::Sender<Step>,
) -> Result<Result<(), SourceError>, Dropped> {
    let mut outbox = Outbox::new(sender, range.batch_rows);
    let mut last_id = None;
    let walked = read_rows(connection, range, &mut outbox, &mut last_id);
    // The rows before a damaged page are good, and go out before the error that names the last of them.
    let end = match walked {
        Ok(()) => Ok(()),
        Err(Stop::Dropped) => return Err(Dropped),
        Err(Stop::OutOfOrder) => Err(SourceError::Damaged {
            path: path.display().to_string(),
            reason: format!("its rows are out of order {}", place(last_id, range)),
        }),
        Err(Stop::Sqlite(error)) => {
            Err(classify(path, &format!("read numeros {}", place(last_id, range)), &error))
        }
    };
    outbox.flush()?;
    Ok(end)
}

fn place(last_id: Option<i64>, range: ReadRange) -> String {
    match last_id {
        Some(id) => format!("after id {id}, the last that is good"),
        None => format!("after id {}, where the reading began", range.after_id),
    }
}

enum Stop {
    Sqlite(rusqlite::Error),
    OutOfOrder,
    Dropped,
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Dropped> for Stop {
    fn from(_: Dropped) -> Self {
        Self::Dropped
    }
}

fn read_rows(
    connection: &Connection,
    range: ReadRange,
    outbox: &mut Outbox<'_>,
    last_id: &mut Option<i64>,
) -> Result<(), Stop> {
    let mut left = range.rows_max.unwrap_or(u64::MAX);
    if left == 0 {
        return Ok(());
    }
    let mut statement = connection.prepare(WALK)?;
    let mut rows = statement.query([range.after_id])?;
    while let Some(row) = rows.next()? {
        let values = values_of(row)?;
        let SourceValue::Integer(id) = values[SourceColumn::Id as usize] else {
            return Err(Stop::OutOfOrder);
        };
        if id <= last_id.unwrap_or(range.after_id) {
            return Err(Stop::OutOfOrder);
        }
        outbox.push(&values)?;
        *last_id = Some(id);
        left -= 1;
        if left == 0 {
            break;
        }
        if left.is_multiple_of(ROWS_UNHEEDED) && outbox.sender.is_closed() {
            return Err(Stop::Dropped);
        }
    }
    Ok(())
}

/// The row's values as they are stored; the bytes stay SQLite's until the next row.
fn values_of<'row>(row: &'row Row<'_>) -> rusqlite::Result<[SourceValue<'row>; 16]> {
    let mut values = [SourceValue::Null; 16];
    for (at, value) in values.iter_mut().enumerate() {
        *value = match row.get_ref(at)? {
            ValueRef::Null => SourceValue::Null,
            ValueRef::Integer(value) => SourceValue::Integer(value),
            ValueRef::Real(value) => SourceValue::Real(value),
            ValueRef::Text(bytes) => SourceValue::Text(bytes),
            ValueRef::Blob(bytes) => SourceValue::Blob(bytes),
        };
    }
    Ok(values)
}

/// Fills batches and hands them on when they are full in rows or in bytes.
struct Outbox<'a> {
    sender: &'a mpsc::Sender<Step>,
    batch: SourceBatch,
    batch_rows: usize,
}

impl<'a> Outbox<'a> {
    fn new(sender: &'a mpsc::Sender<Step>, batch_rows: usize) -> Self {
        let batch_rows = batch_rows.max(1);
        Self { sender, batch: Self::empty(batch_rows), batch_rows }
    }

    fn empty(batch_rows: usize) -> SourceBatch {
        SourceBatch::with_capacity(batch_rows.min(ROWS_PREPARED))
    }

    fn push(&mut self, values: &[SourceValue<'_>; 16]) -> Result<(), Dropped> {
        if self.batch.bytes() + bytes_of(values) > SourceBatch::BYTES_MAX {
            self.flush()?;
        }
        self.batch.push(*values);
        if self.batch.len() >= self.batch_rows { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Dropped> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Self::empty(self.batch_rows));
        self.sender.blocking_send(Step::Batch(batch)).map_err(|_| Dropped)
    }
}

fn bytes_of(values: &[SourceValue<'_>]) -> usize {
    values
        .iter()
        .map(|value| match value {
            SourceValue::Text(bytes) | SourceValue::Blob(bytes) => bytes.len(),
            SourceValue::Null | SourceValue::Integer(_) | SourceValue::Real(_) => 0,
        })
        .sum()
}
