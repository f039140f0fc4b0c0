//! How a command ends when it does not end well: a sentence, and the exit code that says of what kind it is.

use std::fmt;
use std::process::ExitCode;

use domain::port::StoreError;
use settings::SettingsError;

/// A failure by the kind that callers tell apart.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage, or settings that cannot be used.
    Usage(String),
    /// A server is away or refuses.
    Server(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Server(_) => 4,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) | Self::Server(sentence) | Self::Other(sentence) => f.write_str(sentence),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Server(error.to_string())
    }
}
