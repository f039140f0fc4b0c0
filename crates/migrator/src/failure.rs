//! How a command ends when it does not end well: a sentence, and the exit code that says of what kind it is.

use std::fmt;
use std::process::ExitCode;

use application::{
    CreateUserError, ImportError, LoadPlanError, LoadSuppressionsError, ReclassifyError, RestoreError,
    RollbackError, VerifyError,
};
use domain::port::{BackupError, SourceError, StoreError, WriteError};
use settings::SettingsError;

/// A failure by the kind that callers tell apart.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage: another command line would do.
    Usage(String),
    /// The input cannot be used as it is.
    Input(String),
    /// A server is away or refuses.
    Server(String),
    /// All was done, but a check of the result failed.
    Check(String),
    /// Stopped as asked; what was done is whole.
    Interrupted(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
            Self::Server(_) => 4,
            Self::Check(_) => 5,
            Self::Interrupted(_) => 130,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence)
            | Self::Input(sentence)
            | Self::Server(sentence)
            | Self::Check(sentence)
            | Self::Interrupted(sentence)
            | Self::Other(sentence) => f.write_str(sentence),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Missing => Self::Usage(error.to_string()),
            VerifyError::Source(error) => error.into(),
            VerifyError::Store(error) => error.into(),
        }
    }
}

/// Whatever a store refuses, another command line or another file would not help.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Server(error.to_string())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Source(error) => error.into(),
            ImportError::Store(error) => error.into(),
            ImportError::Backup(error) => error.into(),
            ImportError::Unfinished(_) | ImportError::AnotherUnfinished(_) | ImportError::RollingBack(_) => {
                Self::Usage(error.to_string())
            }
            ImportError::AlreadyCompleted(_) => Self::Other(error.to_string()),
            ImportError::Interrupted(_) => Self::Interrupted(error.to_string()),
            ImportError::DoesNotAddUp { .. } => Self::Check(error.to_string()),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Unwritable { .. } => Self::Other(error.to_string()),
            BackupError::Occupied { .. } => Self::Usage(error.to_string()),
            BackupError::Unusable { .. } => Self::Input(error.to_string()),
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Backup(error) => error.into(),
            RestoreError::Store(error) => error.into(),
            RestoreError::BetweenParts(_) => Self::Usage(error.to_string()),
            RestoreError::Interrupted(_) => Self::Interrupted(error.to_string()),
            RestoreError::DoesNotAddUp { .. } => Self::Check(error.to_string()),
        }
    }
}

impl From<RollbackError> for Failure {
    fn from(error: RollbackError) -> Self {
        match error {
            RollbackError::Store(error) => error.into(),
            RollbackError::Referred { .. } => Self::Usage(error.to_string()),
            RollbackError::Interrupted(_) => Self::Interrupted(error.to_string()),
        }
    }
}

impl From<LoadPlanError> for Failure {
    fn from(error: LoadPlanError) -> Self {
        match error {
            LoadPlanError::File(_) | LoadPlanError::Carriers(_) => Self::Input(error.to_string()),
            LoadPlanError::Store(error) => error.into(),
        }
    }
}

impl From<ReclassifyError> for Failure {
    fn from(error: ReclassifyError) -> Self {
        match error {
            ReclassifyError::NoPlan => Self::Usage(error.to_string()),
            ReclassifyError::Interrupted { .. } => Self::Interrupted(error.to_string()),
            ReclassifyError::Store(error) => error.into(),
        }
    }
}

impl From<CreateUserError> for Failure {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::PasswordRefused(refused) => Self::Input(refused.to_string()),
            CreateUserError::Hasher(_) => Self::Other(error.to_string()),
            CreateUserError::Store(StoreError::Conflict { .. }) => Self::Input(error.to_string()),
            CreateUserError::Store(error) => error.into(),
        }
    }
}

impl From<LoadSuppressionsError> for Failure {
    fn from(error: LoadSuppressionsError) -> Self {
        match error {
            LoadSuppressionsError::Listing(_) => Self::Usage(format!("--listed-on: {error}")),
            LoadSuppressionsError::NoNumbers => Self::Input(error.to_string()),
            LoadSuppressionsError::Write(WriteError::Store(error)) => error.into(),
            LoadSuppressionsError::Write(WriteError::KeyReused) => Self::Other(error.to_string()),
        }
    }
}
