//! Why a command ended without doing its work, and the exit code that says so.

use std::fmt::Display;

/// A sentence for people and an exit code for scripts.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) code: u8,
}

impl Failure {
    /// The command line does not say what to do (exit code 2).
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// A server, or a program that makes one, is not to be had (exit code 4).
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 4 }
    }

    /// A check of the repository did not pass (exit code 5).
    pub(crate) fn check(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 5 }
    }

    /// Anything else (exit code 1).
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }
}

/// Says what was being done when a call of the operating system failed.
pub(crate) trait Doing<T> {
    /// Turns the error into a [`Failure`] that reads `cannot <what>: <error>`.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::other(format!("cannot {}: {error}", what())))
    }
}
