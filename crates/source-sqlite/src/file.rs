//! What a file is by its bytes, before SQLite is asked: whether it is a database, whole, and at rest.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use domain::port::SourceError;

mod guess;
mod uri;

pub(crate) use uri::read_only_uri;

/// Bytes of SQLite's database header.
pub(crate) const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A database file whose header was read: what must not change while its rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// SQLite's header, with its change counter.
    pub(crate) header: [u8; HEADER_BYTES],
}

impl Stamp {
    /// Reads the header of `path`, or says why it is not that of a whole database with nothing pending beside it.
    pub(crate) fn of_file_at_rest(path: &Path) -> Result<Self, SourceError> {
        refuse_other_than_file(path)?;
        // What is still pending explains a file that looks cut short, so it is told first.
        refuse_pending(path)?;
        Self::of_file(path)
    }

    /// Reads the header of `path`, or says why it is not that of a whole database.
    pub(crate) fn of_file(path: &Path) -> Result<Self, SourceError> {
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        let mut start = Vec::with_capacity(guess::SAMPLE_BYTES);
        File::open(path)
            .and_then(|file| file.take(guess::SAMPLE_BYTES as u64).read_to_end(&mut start))
            .map_err(|error| unreadable(path, &error))?;
        Self::of(&start, metadata.len()).map_err(|unfit| unfit.at(path))
    }

    fn of(start: &[u8], bytes: u64) -> Result<Self, Unfit> {
        if !start.starts_with(MAGIC) {
            return Err(Unfit::NotSqlite(guess::what_it_is(start, bytes)));
        }
        let Some(header) = start.first_chunk::<HEADER_BYTES>() else {
            return Err(Unfit::Damaged(format!("it was cut short after {bytes} bytes, within its header")));
        };
        let stamp = Self { bytes, header: *header };
        let page = stamp.page_bytes();
        if !(512..=65_536).contains(&page) || !page.is_power_of_two() {
            return Err(Unfit::Damaged(format!(
                "its header names pages of {page} bytes, which SQLite has not"
            )));
        }
        if let Some(pages) = stamp.pages() {
            let whole = pages * page;
            if whole > bytes {
                return Err(Unfit::Damaged(format!(
                    "it was cut short: its header names {pages} pages of {page} bytes, {whole} in all, and it has {bytes}"
                )));
            }
        }
        Ok(stamp)
    }

    fn page_bytes(&self) -> u64 {
        // 65,536 does not fit two bytes and is written as 1.
        match u64::from(u16::from_be_bytes([self.header[16], self.header[17]])) {
            1 => 65_536,
            bytes => bytes,
        }
    }

    /// The file's pages by its header; `None` where an old program left that field behind.
    fn pages(&self) -> Option<u64> {
        let word = |at: usize| {
            u32::from_be_bytes([
                self.header[at],
                self.header[at + 1],
                self.header[at + 2],
                self.header[at + 3],
            ])
        };
        let (changes, pages, valid_for) = (word(24), word(28), word(92));
        (changes == valid_for && pages > 0).then_some(u64::from(pages))
    }

    /// Whether it is kept with a write-ahead log, which a reader would have to write beside it.
    pub(crate) fn is_write_ahead(&self) -> bool {
        self.header[18] == 2 || self.header[19] == 2
    }
}

fn refuse_other_than_file(path: &Path) -> Result<(), SourceError> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        Err(refused(path, "it is a folder; give the path of the contact file in it"))
    } else if metadata.is_file() {
        Ok(())
    } else {
        Err(refused(path, "it is no regular file"))
    }
}

/// Refuses a file beside which changes stand that are not in it yet: without them its rows are not what the owner
/// last saw, and to take them in would be to write.
fn refuse_pending(path: &Path) -> Result<(), SourceError> {
    // SQLite follows a link before it looks beside the file.
    let real = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
    let log = beside(&real, "-wal");
    if let Some(bytes) = size_of(&log).map_err(|error| unreadable(&log, &error))?
        && bytes > 0
    {
        return Err(refused(
            path,
            &format!(
                "changes that are not in it yet ({bytes} bytes) stand beside it in {}: close the program that has it \
                 open, or write them in with `sqlite3 FILE \"PRAGMA wal_checkpoint(TRUNCATE)\"`; of a copy, copy both files",
                name_of(&log)
            ),
        ));
    }
    let journal = beside(&real, "-journal");
    if is_hot(&journal).map_err(|error| unreadable(&journal, &error))? {
        return Err(refused(
            path,
            &format!(
                "a change to it was not finished, and {} beside it is needed to take it back: close the program that \
                 has it open, or open it once with `sqlite3 FILE \"SELECT 1 FROM sqlite_schema\"`; of a copy, copy both files",
                name_of(&journal)
            ),
        ));
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn size_of(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A journal is pending unless it is empty or its first byte was zeroed, the two ways in which SQLite ends one that
/// it keeps.
fn is_hot(journal: &Path) -> io::Result<bool> {
    let mut first = [0];
    match File::open(journal).and_then(|mut file| file.read(&mut first)) {
        Ok(read) => Ok(read == 1 && first[0] != 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> SourceError {
    let shown = path.display().to_string();
    if error.kind() == io::ErrorKind::NotFound {
        SourceError::Missing { path: shown }
    } else {
        SourceError::Unreadable { path: shown, reason: error.to_string() }
    }
}

pub(crate) fn refused(path: &Path, reason: &str) -> SourceError {
    SourceError::Unreadable { path: path.display().to_string(), reason: reason.to_owned() }
}

enum Unfit {
    NotSqlite(String),
    Damaged(String),
}

impl Unfit {
    fn at(self, path: &Path) -> SourceError {
        let path = path.display().to_string();
        match self {
            Self::NotSqlite(reason) => SourceError::NotSqlite { path, reason },
            Self::Damaged(reason) => SourceError::Damaged { path, reason },
        }
    }
}
