//! Where the workspace is and where cargo puts what it builds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::environment;
use crate::failure::{Doing, Failure};

/// The folders that commands work with.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    build: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built from, or the one the caller names.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self, Failure> {
        let root = match named {
            Some(root) => root.to_path_buf(),
            None => environment::package_folder()
                .filter(|package| package.ends_with("xtask"))
                .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
                .join(".."),
        };
        let root = fs::canonicalize(&root).doing(|| format!("find the workspace at {}", root.display()))?;
        let build = environment::build_folder().map_or_else(|| root.join("target"), |build| root.join(build));
        Ok(Self { root, build })
    }

    /// A program of the workspace, as built with this profile.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.build.join(profile).join(name)
    }
}
