//! Whom a segment means, read through a portal on a connection of its own: as fast as it is asked for, and no faster.

use domain::contact::ContactId;
use domain::port::{LeftOut, Member, StoreError};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_postgres::{Client, Row};

use crate::contact::decode;
use crate::error::{classify, corrupt};
use crate::segment::SegmentStatement;

/// What is read is planned for all of its rows, not for the first. Sorting wide rows needs room.
const SETTINGS: &str = "SET statement_timeout = 0; SET jit = off; SET work_mem = '64MB'";

/// Slices that are read ahead of whoever asks for them.
const AHEAD: usize = 1;

/// The rows of `statement`, so many at a time.
pub(super) fn members(
    client: Client,
    statement: SegmentStatement,
    limit: u16,
) -> BoxStream<'static, Result<Vec<Member>, StoreError>> {
    let (slices, read) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = send(client, &statement, limit, &slices).await {
            // Nobody listens any more, or will learn of it.
            drop(slices.send(Err(error)).await);
        }
    });
    stream::unfold(read, |mut read| async { read.recv().await.map(|slice| (slice, read)) }).boxed()
}

async fn send(
    mut client: Client,
    statement: &SegmentStatement,
    limit: u16,
    slices: &mpsc::Sender<Result<Vec<Member>, StoreError>>,
) -> Result<(), StoreError> {
    let doing = "read an audience";
    let failed = |error: tokio_postgres::Error| classify(doing, &error);
    client.batch_execute(SETTINGS).await.map_err(failed)?;
    let transaction = client.transaction().await.map_err(failed)?;
    let prepared = transaction.prepare(&statement.sql).await.map_err(failed)?;
    let portal = transaction.bind(&prepared, &statement.parameters()).await.map_err(failed)?;
    loop {
        let rows = transaction.query_portal(&portal, i32::from(limit)).await.map_err(failed)?;
        if rows.is_empty() {
            return Ok(());
        }
        let slice = rows.iter().map(|row| member(row, doing)).collect();
        if slices.send(slice).await.is_err() {
            return Ok(());
        }
    }
}

fn member(row: &Row, doing: &str) -> Result<Member, StoreError> {
    let letter: Option<&str> = row.get("left_out");
    match letter {
        None => Ok(Member::Reached(Box::new(decode(row, doing)?))),
        Some(letter) => Ok(Member::LeftOut(ContactId(row.get("id")), reason_of(letter, doing)?)),
    }
}

/// The reason that a letter of `message_exclusions` stands for.
pub(crate) fn reason_of(letter: &str, doing: &str) -> Result<LeftOut, StoreError> {
    let reason = LeftOut::ALL.into_iter().find(|reason| letter_of(*reason).to_string() == letter);
    reason.ok_or_else(|| corrupt(doing, "somebody is left out for an unknown reason"))
}

/// How `message_exclusions` writes a reason.
pub(crate) fn letter_of(reason: LeftOut) -> char {
    match reason {
        LeftOut::NotValid => 'v',
        LeftOut::NotMobile => 'm',
        LeftOut::OptedOut => 'o',
        LeftOut::Suppressed => 's',
        LeftOut::Capped => 'c',
    }
}
