//! Where the sample goes: under another name until it is whole.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Existing, SampleError};

/// Refuses a path that is taken.
pub(super) fn check_free(path: &Path, existing: Existing) -> Result<(), SampleError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(failed("look at", path, source)),
        Ok(found) if found.is_dir() || existing == Existing::Keep => {
            Err(SampleError::Exists { path: path.display().to_string() })
        }
        Ok(_) => Ok(()),
    }
}

/// A file that is removed unless it is moved to its place.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    is_moved: bool,
}

impl Partial {
    /// An empty file beside `path`; what an earlier run left there when it was killed goes.
    pub(super) fn beside(path: &Path) -> Result<Self, SampleError> {
        let partial = with_suffix(path, ".partial");
        remove(&partial).map_err(|source| failed("remove the left-over", &partial, source))?;
        fs::File::create_new(&partial).map_err(|source| failed("create", &partial, source))?;
        Ok(Self { path: partial, is_moved: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn move_to(mut self, path: &Path, existing: Existing) -> Result<(), SampleError> {
        check_free(path, existing)?;
        // What stands beside a replaced database belongs to it; to the new one it would be damage.
        for suffix in ["-wal", "-shm", "-journal"] {
            let beside = with_suffix(path, suffix);
            remove(&beside).map_err(|source| failed("remove", &beside, source))?;
        }
        fs::rename(&self.path, path).map_err(|source| failed("put the finished sample at", path, source))?;
        self.is_moved = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_moved {
            // What failed before is told; that its rest cannot be removed either is the lesser trouble.
            let _ = remove(&self.path);
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn failed(doing: &'static str, path: &Path, source: io::Error) -> SampleError {
    SampleError::File { doing, path: path.display().to_string(), source }
}
