//! The only reader of environment variables in this package.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The three addresses that every program of the workspace is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Urls {
    pub(crate) database: String,
    pub(crate) redis: String,
    pub(crate) amqp: String,
}

impl Urls {
    /// Names and values as they stand in the environment of a program.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 3] {
        [("DATABASE_URL", &self.database), ("REDIS_URL", &self.redis), ("AMQP_URL", &self.amqp)]
    }
}

/// The servers that the caller names, if all three are named.
pub(crate) fn urls() -> Option<Urls> {
    let text = |name| variable(name).and_then(|value| value.into_string().ok());
    Some(Urls { database: text("DATABASE_URL")?, redis: text("REDIS_URL")?, amqp: text("AMQP_URL")? })
}

/// Whether the caller names some of the three servers.
pub(crate) fn names_a_server() -> bool {
    ["DATABASE_URL", "REDIS_URL", "AMQP_URL"].into_iter().any(|name| variable(name).is_some())
}

/// The folders in which programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

/// The cargo that runs this program, so that the same toolchain does the rest.
pub(crate) fn cargo() -> OsString {
    variable("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The folder of this package as cargo found it; it follows a clone that was moved.
pub(crate) fn package_folder() -> Option<PathBuf> {
    variable("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// Where cargo builds, when the caller chose another place than `target/`.
pub(crate) fn build_folder() -> Option<PathBuf> {
    variable("CARGO_TARGET_DIR").map(PathBuf::from)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the repository's commands run before `settings` is built; they read the environment here alone"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
