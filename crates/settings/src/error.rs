//! What is wrong with the settings: each problem by key, layer, fault and remedy, and never a value.

use std::fmt;
use std::path::PathBuf;

/// The layer that a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, within the program.
    Default,
    /// The file given with `--config`.
    File(PathBuf),
    /// A variable of the environment, by name.
    Variable(String),
    /// No layer.
    Nowhere,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Nowhere => f.write_str("no layer"),
        }
    }
}

/// One thing that is wrong. It holds no value, so that a secret in the wrong place is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    key: Option<String>,
    origin: Origin,
    wrong: String,
    remedy: String,
}

impl SettingProblem {
    /// A problem of `key`: `wrong` goes on a sentence that begins with the key, `remedy` is an imperative.
    pub(crate) fn of_key(key: &str, origin: Origin, wrong: &str, remedy: &str) -> Self {
        Self { key: Some(key.to_owned()), origin, wrong: wrong.to_owned(), remedy: remedy.to_owned() }
    }

    /// A problem of a whole layer.
    pub(crate) fn of_layer(origin: Origin, wrong: &str, remedy: &str) -> Self {
        Self { key: None, origin, wrong: wrong.to_owned(), remedy: remedy.to_owned() }
    }

    /// The key, as in `database.url`; none when the layer itself cannot be read.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The layer that the key came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, origin, wrong, remedy } = self;
        match (key, origin) {
            (None, origin) => write!(f, "{origin} {wrong}: {remedy}"),
            (Some(key), Origin::Nowhere) => write!(f, "{key} {wrong}: {remedy}"),
            (Some(key), origin) => write!(f, "{key}, from {origin}, {wrong}: {remedy}"),
        }
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<SettingProblem>,
}

impl SettingsError {
    pub(crate) fn new(problems: Vec<SettingProblem>) -> Self {
        Self { problems }
    }

    /// The problems, at least one, in the order of the layers and sections.
    #[must_use]
    pub fn problems(&self) -> &[SettingProblem] {
        &self.problems
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = self.problems.as_slice() {
            return write!(f, "cannot use the settings: {problem}");
        }
        write!(f, "cannot use the settings, {} of them are wrong:", self.problems.len())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for SettingsError {}
