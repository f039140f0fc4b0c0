//! The folder of a backup.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::import::Import;
use domain::port::{
    BackupDescription, BackupError, BackupWriter, CopiedTable, CopyFormat, ImportBackup, PartRows,
};
use tokio::sync::Mutex;

use crate::manifest::{FILE_NAME, Manifest};
use crate::{reader, writer};

/// The end of a file's name while it is being written.
const PARTIAL: &str = "partial";

/// A folder that holds the backup of one import, or is to.
#[derive(Debug, Clone)]
pub struct BackupFolder {
    pub(crate) path: PathBuf,
    pub(crate) part_rows: NonZeroU64,
    pub(crate) source_copy: Option<SourceCopy>,
    /// Held by whoever writes: one that was left may still have a part to end.
    writing: Arc<Mutex<()>>,
}

/// The copy of the source file that stands beside the parts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceCopy {
    /// Its name in the folder.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

impl BackupFolder {
    /// The folder at `path`, whose parts hold about `part_rows` source rows each.
    #[must_use]
    pub fn new(path: &Path, part_rows: NonZeroU64) -> Self {
        Self { path: path.to_owned(), part_rows, source_copy: None, writing: Arc::default() }
    }

    /// Makes the folder where it is not there, for its owner alone: what it holds is personal.
    ///
    /// # Errors
    /// `Unwritable` when the system does not let it be made.
    pub fn make(&self) -> Result<(), BackupError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path).map_err(|error| unwritable(&self.path, &error))
    }

    /// Names the copy of the source that was put into the folder.
    #[must_use]
    pub fn with_source_copy(self, copy: SourceCopy) -> Self {
        Self { source_copy: Some(copy), ..self }
    }

    /// What the manifest says; `None` when there is none.
    pub(crate) fn manifest(&self) -> Result<Option<Manifest>, BackupError> {
        let path = self.path.join(FILE_NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, error.to_string())),
        };
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| unusable(&path, error.to_string()))?;
        manifest.check_format().map_err(|reason| unusable(&path, reason))?;
        Ok(Some(manifest))
    }

    /// Puts a manifest in the place of the one before.
    pub(crate) fn write_manifest(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let path = self.path.join(FILE_NAME);
        let partial = partial(&path);
        let written = || {
            let mut file = create(&partial)?;
            serde_json::to_writer_pretty(&mut file, manifest)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            // The names of the parts are on the disk before the manifest's.
            File::open(&self.path)?.sync_all()
        };
        written().map_err(|error| unwritable(&path, &error))
    }
}

#[async_trait]
impl ImportBackup for BackupFolder {
    async fn open(
        &self,
        import: &Import,
        format_of: fn(CopiedTable) -> CopyFormat,
    ) -> Result<Box<dyn BackupWriter>, BackupError> {
        let alone = Arc::clone(&self.writing).lock_owned().await;
        writer::open(self.clone(), import, format_of, alone)
    }

    async fn describe(&self) -> Result<BackupDescription, BackupError> {
        reader::describe(self)
    }

    async fn part(&self, number: u32) -> Result<PartRows, BackupError> {
        let folder = self.clone();
        let opened = tokio::task::spawn_blocking(move || reader::part(&folder, number)).await;
        opened.unwrap_or_else(|error| Err(unusable(&self.path, format!("its reader stopped: {error}"))))
    }
}

/// The name of a file while it is being written.
pub(crate) fn partial(path: &Path) -> PathBuf {
    path.with_added_extension(PARTIAL)
}

/// Makes a file anew that its owner alone may read. One that a writer before this one still holds stays apart from it.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> BackupError {
    BackupError::Unwritable { path: path.display().to_string(), reason: error.to_string() }
}

pub(crate) fn unusable(path: &Path, reason: impl Into<String>) -> BackupError {
    BackupError::Unusable { path: path.display().to_string(), reason: reason.into() }
}
