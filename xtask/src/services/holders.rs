//! Who needs a set to run: the commands in progress, and the developer who asked for it until `down`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure};
use crate::process::Identity;

/// On whose behalf a set is brought up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder {
    /// Until somebody says `services down`.
    Developer,
    /// Until this process says so or ends.
    Process(Identity),
}

impl Holder {
    /// Remembers the holder; one that held the set before stays as it is.
    pub(crate) fn hold(self, folder: &Path) -> Result<(), Failure> {
        fs::create_dir_all(holders(folder)).doing(|| format!("make {}", holders(folder).display()))?;
        let file = self.file(folder);
        match self {
            Self::Developer => fs::write(&file, "").doing(|| format!("write {}", file.display())),
            Self::Process(identity) => identity.remember(&file),
        }
    }

    pub(crate) fn holds(self, folder: &Path) -> bool {
        self.file(folder).exists()
    }

    pub(crate) fn let_go(self, folder: &Path) {
        let _ = fs::remove_file(self.file(folder));
    }

    fn file(self, folder: &Path) -> PathBuf {
        match self {
            Self::Developer => developer(folder),
            Self::Process(identity) => holders(folder).join(identity.pid.to_string()),
        }
    }
}

/// Whether anybody still needs the set; processes that ended without a word do not.
pub(crate) fn is_held(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(holders(folder)) else {
        return false;
    };
    entries.flatten().map(|entry| entry.path()).fold(false, |is_held, file| {
        let holds = file == developer(folder) || Identity::remembered(&file).is_some();
        if !holds {
            let _ = fs::remove_file(&file);
        }
        is_held || holds
    })
}

/// Forgets every holder.
pub(crate) fn forget(folder: &Path) {
    let _ = fs::remove_dir_all(holders(folder));
}

fn holders(folder: &Path) -> PathBuf {
    folder.join("holders")
}

fn developer(folder: &Path) -> PathBuf {
    holders(folder).join("developer")
}
