//! A checked copy of the whole file.
//!
//! Byte by byte, under the lock that keeps writers out: SQLite's own backup writes another header, and its copy would
//! not be the file that an import began with.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use domain::port::SourceError;
use sha2::{Digest, Sha256};

use super::SqliteNumbersReader;
use super::open::Opened;
use crate::failure::classify;
use crate::file::unreadable;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 20;
/// The end of the copy's name until it is whole.
const PARTIAL: &str = "partial";

/// A copy that is byte by byte its original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCopy {
    /// Its name in the folder.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// Why there is no checked copy. A copy that is not whole is left behind under another name.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be read, or was changed meanwhile.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The copy cannot be written: mostly, the disk is full.
    #[error("the copy {path} cannot be written: {reason}")]
    Unwritable {
        /// The copy.
        path: String,
        /// The system's words, or what is wrong.
        reason: String,
    },
    /// It was told to stop.
    #[error("the copy was given up before it was whole")]
    Cancelled,
}

impl SqliteNumbersReader {
    /// Copies the file into a folder, and reads the copy again to see that it is the same. A copy that stands there from
    /// before is read and kept. `goes_on` hears how many bytes were read or written, and says whether to go on.
    ///
    /// # Errors
    /// As [`CopyError`] says.
    pub fn copy_into(
        &self,
        folder: &Path,
        mut goes_on: impl FnMut(u64) -> bool,
    ) -> Result<CheckedCopy, CopyError> {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        let target = folder.join(name);
        let unwritable =
            |path: &Path, reason: String| CopyError::Unwritable { path: path.display().to_string(), reason };
        // Closing any handle of a file gives back the process's locks on it, so that this one outlives the lock.
        let file = File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        let opened = Opened::at(&self.path)?;
        lock(&self.path, &opened)?;
        let is_there = target.exists();
        let partial = target.with_added_extension(PARTIAL);
        let mut copy = if is_there {
            None
        } else {
            Some(create(&partial).map_err(|error| unwritable(&partial, error.to_string()))?)
        };
        let original = pass(&file, &mut goes_on, |piece| match &mut copy {
            Some(copy) => copy.write_all(piece),
            None => Ok(()),
        });
        let original = original.map_err(|error| match error {
            Stopped::Reading(error) => unreadable(&self.path, &error).into(),
            Stopped::Writing(error) => unwritable(&partial, error.to_string()),
            Stopped::Cancelled => CopyError::Cancelled,
        })?;
        opened.check_unchanged(&self.path)?;
        drop(opened);
        drop(file);

        let written = if is_there { &target } else { &partial };
        let checked = copy
            .map_or(Ok(()), |copy| copy.sync_all())
            .and_then(|()| File::open(written))
            .map_err(Stopped::Reading)
            .and_then(|file| pass(&file, &mut goes_on, |_| Ok(())));
        let checked = checked.map_err(|error| match error {
            Stopped::Reading(error) | Stopped::Writing(error) => unwritable(written, error.to_string()),
            Stopped::Cancelled => CopyError::Cancelled,
        })?;
        if checked != original {
            let reason = if is_there {
                "another file stands there; give an empty folder"
            } else {
                "what was written is not what was read; look at the disk"
            };
            return Err(unwritable(written, reason.to_owned()));
        }
        if !is_there {
            fs::rename(&partial, &target).map_err(|error| unwritable(&target, error.to_string()))?;
        }
        Ok(CheckedCopy { file: name.to_string_lossy().into_owned(), bytes: original.0, sha256: original.1 })
    }
}

/// Keeps writers out until the connection is closed.
fn lock(path: &Path, opened: &Opened) -> Result<(), SourceError> {
    let begin = "BEGIN; SELECT count(*) FROM sqlite_schema";
    opened.connection.execute_batch(begin).map_err(|error| classify(path, "keep writers out", &error))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

enum Stopped {
    Reading(io::Error),
    Writing(io::Error),
    Cancelled,
}

/// Reads a file to its end, and answers its size and the SHA-256 of its bytes.
fn pass(
    mut file: &File,
    goes_on: &mut impl FnMut(u64) -> bool,
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(u64, String), Stopped> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece).map_err(Stopped::Reading)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        hash.update(&piece[..read]);
        put(&piece[..read]).map_err(Stopped::Writing)?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        bytes += read;
        if !goes_on(read) {
            return Err(Stopped::Cancelled);
        }
    }
}
