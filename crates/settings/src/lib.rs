//! Layers of settings, read and validated once, at the start of a program. The sole reader of the environment and of
//! configuration files; what is read here goes on as typed values, and nothing past this room parses a setting.
//!
//! A later layer beats an earlier one, key by key:
//! 1. `config/default.toml`, which the program carries within it;
//! 2. the file given with `--config`;
//! 3. `DATABASE_URL`;
//! 4. variables `PREGON__SECTION__KEY`, as in `PREGON__DATABASE__POOL_SIZE_MAX=8`.
//!
//! An empty variable counts as not set. A secret may stand in a file of its own, named by its key and `_file`. No error
//! and no `Debug` of this room shows a value.

mod auth;
mod database;
mod database_url;
mod error;
mod http;
mod import;
mod keys;
mod layers;
mod log;
mod passwords;
mod raw;
mod reader;
mod secret_file;
mod sources;
mod time;
mod weak_password;

use std::fmt;

pub use auth::AuthSettings;
pub use database::DatabaseSettings;
pub use error::{Origin, SettingProblem, SettingsError};
pub use http::HttpSettings;
pub use import::{BatchRows, Bounded, ImportSettings, OutOfBounds, ValidPercentMin};
pub use log::{LogFormat, LogSettings};
pub use passwords::PasswordsSettings;
pub use sources::Sources;
pub use time::TimeSettings;

use auth::AuthSection;
use layers::Layers;
use raw::entry;
use reader::Reader;

/// What the program is run for. Outside [`Development`](Self::Development), weak secrets are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Real contacts, real messages.
    Production,
    /// A developer's machine, or a test.
    Development,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Development => "development",
        })
    }
}

/// Every setting, validated. [`load`](Self::load) alone builds it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// What the program is run for.
    pub environment: Environment,
    /// How a contact file is brought in.
    pub import: ImportSettings,
    /// What a password must be and what its hash costs.
    pub passwords: PasswordsSettings,
    /// What is logged, and how it looks.
    pub log: LogSettings,
    /// Where the business's day begins.
    pub time: TimeSettings,
    /// How requests are taken.
    pub http: HttpSettings,
    auth: AuthSection,
    database: Option<DatabaseSettings>,
}

impl Settings {
    /// Merges the layers and validates every key.
    ///
    /// # Errors
    /// When a key is unknown or its value unusable; all of them are in the one error, by name and layer.
    pub fn load(sources: &Sources) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let layers = Layers::gather(sources, &mut problems);
        let raw = layers.deserialize(&mut problems);
        let mut reader = Reader::new(layers.origins(), &mut problems);

        let environment = reader.choice(
            entry!(raw, environment),
            &[("production", Environment::Production), ("development", Environment::Development)],
        );
        // An unreadable environment is judged as the stricter one, so that every problem is found at once.
        let judged_as = environment.unwrap_or(Environment::Production);
        let database = database::read(&mut reader, &raw, judged_as);
        let import = import::read(&mut reader, &raw);
        let passwords = passwords::read(&mut reader, &raw);
        let log = log::read(&mut reader, &raw);
        let time = time::read(&mut reader, &raw);
        let http = http::read(&mut reader, &raw);
        let auth = auth::read(&mut reader, &raw, judged_as);

        match (environment, database, import, passwords, log, time, http, auth) {
            (
                Ok(environment),
                Ok(database),
                Ok(import),
                Ok(passwords),
                Ok(log),
                Ok(time),
                Ok(http),
                Ok(auth),
            ) if problems.is_empty() => {
                Ok(Self { environment, import, passwords, log, time, http, auth, database })
            }
            _ => Err(SettingsError::new(problems)),
        }
    }

    /// The database's settings, for the commands that need one.
    ///
    /// # Errors
    /// When no layer gives its URL.
    pub fn database(&self) -> Result<&DatabaseSettings, SettingsError> {
        self.database.as_ref().ok_or_else(database::missing)
    }

    /// How people sign in, for the programs that they sign in to.
    ///
    /// # Errors
    /// When no layer gives the secret that signs access tokens, outside development.
    pub fn auth(&self) -> Result<&AuthSettings, SettingsError> {
        self.auth.settings()
    }
}

#[cfg(test)]
mod tests;
