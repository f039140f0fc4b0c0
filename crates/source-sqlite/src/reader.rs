//! The reader of `numeros.db`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use domain::analysis::SourceTable;
use domain::port::{ReadRange, SourceError, SourceReader};
use domain::source::{MissingLada, SourceBatch, SourceDescription, SourceStatistics};
use futures::stream::BoxStream;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::failure::classify;
use crate::file::{refused, unreadable};

mod account;
mod copy;
mod open;
mod tables;
mod walk;

#[cfg(test)]
mod tests;

pub use copy::{CheckedCopy, CopyError};
use open::Opened;

/// How many pieces of a file are looked at to tell it from another, and the bytes of each.
const PIECES: u64 = 256;
const PIECE_BYTES: usize = 4_096;

/// Reads a contact file in place: never writes to it, and leaves nothing beside it.
///
/// Every call opens the file anew and checks again that it is whole and at rest, so one reader serves many tasks.
#[derive(Debug, Clone)]
pub struct SqliteNumbersReader {
    path: PathBuf,
}

impl SqliteNumbersReader {
    /// Checks that `path` is a contact file that can be read: that it exists, is a whole SQLite database, has no change
    /// pending beside it, and holds the table `numeros` with its columns, in any order and among others.
    ///
    /// # Errors
    /// A [`SourceError`] that says what it is instead, and what to do.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let opened = Opened::at(path)?;
        open::check_shape(path, &opened.connection)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Runs `read` off the runtime's threads, over a connection of its own.
    async fn with_connection<T, F>(&self, read: F) -> Result<T, SourceError>
    where
        T: Send + 'static,
        F: FnOnce(&Path, Opened) -> Result<T, SourceError> + Send + 'static,
    {
        let path = self.path.clone();
        let task = tokio::task::spawn_blocking(move || read(&path, Opened::at(&path)?));
        task.await.unwrap_or_else(|error| Err(refused(&self.path, &format!("its reader stopped: {error}"))))
    }
}

#[async_trait]
impl SourceReader for SqliteNumbersReader {
    async fn describe(&self) -> Result<SourceDescription, SourceError> {
        self.with_connection(|path, opened| describe(path, &opened)).await
    }

    fn batches(&self, range: ReadRange) -> BoxStream<'static, Result<SourceBatch, SourceError>> {
        walk::batches(self.path.clone(), range)
    }

    async fn tables(&self) -> Result<Vec<SourceTable>, SourceError> {
        self.with_connection(|path, opened| tables::tables(path, &opened.connection)).await
    }

    async fn statistics(&self) -> Result<Vec<SourceStatistics>, SourceError> {
        self.with_connection(|path, opened| account::statistics(path, &opened.connection)).await
    }

    async fn missing_ladas(&self) -> Result<Vec<MissingLada>, SourceError> {
        self.with_connection(|path, opened| account::missing_ladas(path, &opened.connection)).await
    }
}

fn describe(path: &Path, opened: &Opened) -> Result<SourceDescription, SourceError> {
    let (rows, last_id) =
        extent(&opened.connection).map_err(|error| classify(path, "count the rows of numeros", &error))?;
    let stamp = &opened.stamp;
    let mut hash = Sha256::new();
    hash.update(stamp.bytes.to_le_bytes());
    hash.update(stamp.header);
    hash.update(rows.to_le_bytes());
    hash.update(last_id.to_le_bytes());
    if stamp.is_write_ahead() {
        // With a write-ahead log the change counter of the header stands still when rows change in place.
        hash_content(path, &mut hash).map_err(|error| unreadable(path, &error))?;
    } else {
        // Two files that were made alike may have the same header; some of their pages differ.
        hash_pages(path, stamp.bytes, &mut hash).map_err(|error| unreadable(path, &error))?;
    }
    opened.check_unchanged(path)?;
    let fingerprint = hex::encode(hash.finalize());
    Ok(SourceDescription {
        file_name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        path: std::path::absolute(path).ok().map(|path| path.to_string_lossy().into_owned()),
        file_bytes: stamp.bytes,
        fingerprint,
        rows,
        last_id,
    })
}

fn extent(connection: &Connection) -> rusqlite::Result<(u64, i64)> {
    connection.query_row(include_str!("../sql/numeros_extent.sql"), [], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
    })
}

/// Hashes pieces of the file, spread evenly over it.
fn hash_pages(path: &Path, bytes: u64, hash: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    for at in 0..PIECES {
        file.seek(SeekFrom::Start(bytes / PIECES * at))?;
        piece.clear();
        file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        hash.update(&piece);
    }
    Ok(())
}

fn hash_content(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            read => hash.update(&piece[..read]),
        }
    }
}
