//! Where settings come from.

use std::fmt;
use std::path::PathBuf;

use crate::layers::{ALIASES, PREFIX};

/// The layers above the defaults, as plain values: tests build them without touching their own process.
#[derive(Clone, Default)]
pub struct Sources {
    /// A TOML file, as given with `--config`.
    pub file: Option<PathBuf>,
    /// Variables by name; those that are no settings of ours are passed over.
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// The file, and the variables of this process that are settings of ours.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_process(file: Option<PathBuf>) -> Self {
        // Not `vars`, which panics when any variable, ours or not, is not UTF-8.
        let environment = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .filter(|(name, _)| name.starts_with(PREFIX) || ALIASES.iter().any(|(alias, _)| alias == name))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect();
        Self { file, environment }
    }
}

/// Shows the names of the variables alone.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Sources").field("file", &self.file).field("environment", &names).finish()
    }
}
