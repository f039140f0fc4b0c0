//! Calls of cargo on the whole workspace: one set of features everywhere, so that nothing is built twice.

use std::io;
use std::process::{Command, Stdio};

use crate::environment;
use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

/// What `cargo run` tells this program about this package, and must not be told to another cargo.
const OF_THIS_PACKAGE: [&str; 16] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// How programs are built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Build {
    /// Programs and tests together, for everything but measuring.
    Development,
    /// Programs alone, optimised.
    Release,
}

impl Build {
    /// The folder under the build folder.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Development => "debug",
            Self::Release => "release",
        }
    }

    /// Builds the workspace; what cargo has to say goes to standard error.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<(), Failure> {
        let arguments: &[&str] = match self {
            Self::Development => &["build", "--workspace", "--bins", "--tests"],
            Self::Release => &["build", "--workspace", "--bins", "--release"],
        };
        run(cargo(workspace).args(arguments).stdout(io::stderr()), "the workspace does not build")
    }
}

/// A cargo that works on the workspace, from wherever the caller stands.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(environment::cargo());
    command.current_dir(&workspace.root).stdin(Stdio::null());
    for name in OF_THIS_PACKAGE {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end; `complaint` is what a failure of it means.
pub(crate) fn run(command: &mut Command, complaint: &str) -> Result<(), Failure> {
    let status = command.status().doing(|| format!("run {}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(Failure::other(complaint)) }
}
