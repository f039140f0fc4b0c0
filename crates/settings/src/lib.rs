//! Layers of settings, read and validated once, at the start of a program. The sole reader of the environment and of
//! configuration files; what is read here goes on as typed values, and nothing past this room parses a setting.
//!
//! A later layer beats an earlier one, key by key:
//! 1. `config/default.toml`, which the program carries within it;
//! 2. the file given with `--config`;
//! 3. `DATABASE_URL`, `REDIS_URL` and `AMQP_URL`;
//! 4. variables `PREGON__SECTION__KEY`, as in `PREGON__DATABASE__POOL_SIZE_MAX=8`.
//!
//! An empty variable counts as not set. A secret may stand in a file of its own, named by its key and `_file`. No error
//! and no `Debug` of this room shows a value.

mod auth;
mod database;
mod database_url;
mod error;
mod extract;
mod http;
mod import;
mod jobs;
mod keys;
mod layers;
mod limits;
mod log;
mod lookup;
mod passwords;
mod raw;
mod reader;
mod records;
mod replies;
mod secret_file;
mod sending;
mod server;
mod sources;
mod telnyx;
mod time;
mod weak_password;

use std::fmt;

pub use auth::AuthSettings;
pub use database::DatabaseSettings;
pub use error::{Origin, SettingProblem, SettingsError};
pub use extract::ExtractSettings;
pub use http::HttpSettings;
pub use import::{BatchRows, Bounded, ImportSettings, OutOfBounds, ValidPercentMin};
pub use jobs::JobsSettings;
pub use limits::{LimitSettings, RequestPace};
pub use log::{LogFormat, LogSettings};
pub use lookup::LookupSettings;
pub use passwords::PasswordsSettings;
pub use records::RecordsSettings;
pub use replies::RepliesSettings;
pub use sending::{SendingSettings, WorkerSettings};
pub use server::{RabbitmqSettings, RedisSettings};
pub use sources::Sources;
pub use telnyx::{TelnyxLookupSettings, TelnyxSendingSettings, TelnyxWebhooksSettings};
pub use time::TimeSettings;

use auth::AuthSection;
use layers::Layers;
use raw::entry;
use reader::{Reader, Refused};

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
    /// What bounds the sending engine.
    pub sending: SendingSettings,
    /// What bounds the asking for the provider's records.
    pub records: RecordsSettings,
    /// What people are answered who write one of the words.
    pub replies: RepliesSettings,
    /// How the worker runs.
    pub worker: WorkerSettings,
    /// What bounds the extracts.
    pub extract: ExtractSettings,
    /// What bounds jobs.
    pub jobs: JobsSettings,
    /// What bounds the number lookup, and what it costs.
    pub lookup: LookupSettings,
    /// How requests are taken.
    pub http: HttpSettings,
    /// How much of whom is taken.
    pub limits: LimitSettings,
    auth: AuthSection,
    database: Option<DatabaseSettings>,
    telnyx: telnyx::TelnyxSection,
    rabbitmq: Option<RabbitmqSettings>,
    redis: Option<RedisSettings>,
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
        let telnyx = telnyx::read(&mut reader, &raw, judged_as);
        let sending = sending::read_sending(&mut reader, &raw);
        let records = records::read(&mut reader, &raw);
        let replies = replies::read(&mut reader, &raw);
        let worker = sending::read_worker(&mut reader, &raw);
        let extract = extract::read(&mut reader, &raw);
        let jobs = jobs::read(&mut reader, &raw);
        let lookup = lookup::read(&mut reader, &raw);
        let http = http::read(&mut reader, &raw);
        let limits = limits::read(&mut reader, &raw);
        let auth = auth::read(&mut reader, &raw, judged_as);
        let rabbitmq = server::read_rabbitmq(&mut reader, &raw, judged_as);
        let redis = server::read_redis(&mut reader, &raw, judged_as);

        // Whoever refused a key has noted why.
        let read = || -> Result<Self, Refused> {
            Ok(Self {
                environment: environment?,
                import: import?,
                passwords: passwords?,
                log: log?,
                time: time?,
                sending: sending?,
                records: records?,
                replies: replies?,
                worker: worker?,
                extract: extract?,
                jobs: jobs?,
                lookup: lookup?,
                http: http?,
                limits: limits?,
                auth: auth?,
                database: database?,
                telnyx: telnyx?,
                rabbitmq: rabbitmq?,
                redis: redis?,
            })
        };
        match read() {
            Ok(settings) if problems.is_empty() => Ok(settings),
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

    /// How messages are handed to Telnyx, for the programs that send.
    ///
    /// # Errors
    /// When no layer gives its key, or none where it reaches us.
    pub fn telnyx_sending(&self) -> Result<TelnyxSendingSettings, SettingsError> {
        self.telnyx.sending()
    }

    /// How Telnyx's number lookup is reached; `None` when no layer gives the account's key.
    #[must_use]
    pub fn telnyx_lookup(&self) -> Option<TelnyxLookupSettings> {
        self.telnyx.lookup()
    }

    /// How what Telnyx posts is known to be from it, for the programs that listen.
    ///
    /// # Errors
    /// When no layer gives its public key.
    pub fn telnyx_webhooks(&self) -> Result<TelnyxWebhooksSettings, SettingsError> {
        self.telnyx.webhooks()
    }

    /// How the broker is reached, for the programs that use it.
    ///
    /// # Errors
    /// When no layer gives its URL.
    pub fn rabbitmq(&self) -> Result<&RabbitmqSettings, SettingsError> {
        self.rabbitmq.as_ref().ok_or_else(server::rabbitmq_missing)
    }

    /// How the cache is reached, for the programs that use it.
    ///
    /// # Errors
    /// When no layer gives its URL.
    pub fn redis(&self) -> Result<&RedisSettings, SettingsError> {
        self.redis.as_ref().ok_or_else(server::redis_missing)
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
