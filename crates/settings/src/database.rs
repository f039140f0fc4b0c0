//! The section `[database]`.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::Environment;
use crate::database_url::{self, DatabaseUrl};
use crate::error::{Origin, SettingProblem, SettingsError};
use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};
use crate::weak_password::{LENGTH_MIN, weakness};

/// The longest name PostgreSQL keeps of an application, in bytes; it cuts longer ones (`NAMEDATALEN`).
const APPLICATION_NAME_BYTES_MAX: usize = 63;

/// How the database is reached, and how long we wait for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/database`, whole: the password is in it wherever it came from.
    pub url: SecretString,
    /// `user@host:port/database`, for people to read.
    pub address: String,
    /// The most connections that are open at once.
    pub pool_size_max: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the server may work on one statement.
    pub statement_timeout: Duration,
    /// How long a caller waits for a connection to be free.
    pub wait_timeout: Duration,
    /// What the server calls our connections.
    pub application_name: String,
}

/// The database's settings; none when no layer gives a URL.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Option<DatabaseSettings>, Refused> {
    let url = read_url(reader, raw, environment);
    let pool_size_max =
        reader.whole(entry!(raw, database.pool_size_max), 1_u16..=500, "a number of connections");
    let mut milliseconds = |entry, max: u32| {
        let read = reader.whole(entry, 100..=max, "milliseconds");
        read.map(|number| Duration::from_millis(number.into()))
    };
    let connect_timeout = milliseconds(entry!(raw, database.connect_timeout_ms), 60_000);
    let statement_timeout = milliseconds(entry!(raw, database.statement_timeout_ms), 3_600_000);
    let wait_timeout = milliseconds(entry!(raw, database.wait_timeout_ms), 60_000);
    let application_name = read_application_name(reader, raw);

    let url = url?;
    let (pool_size_max, application_name) = (usize::from(pool_size_max?), application_name?);
    let (connect_timeout, statement_timeout, wait_timeout) =
        (connect_timeout?, statement_timeout?, wait_timeout?);
    Ok(url.map(|DatabaseUrl { url, address, .. }| DatabaseSettings {
        url,
        address,
        pool_size_max,
        connect_timeout,
        statement_timeout,
        wait_timeout,
        application_name,
    }))
}

/// The error of a command that needs a database when no layer gives one.
pub(crate) fn missing() -> SettingsError {
    SettingsError::new(vec![SettingProblem::of_key(
        "database.url",
        Origin::Nowhere,
        "is not set",
        "give the variable DATABASE_URL or PREGON__DATABASE__URL, or the path of a file that holds it in \
         PREGON__DATABASE__URL_FILE, as postgres://user:password@host:5432/database",
    )])
}

fn read_url(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Option<DatabaseUrl>, Refused> {
    let url = reader.secret(entry!(raw, database.url), entry!(raw, database.url_file));
    let password = reader.secret(entry!(raw, database.password), entry!(raw, database.password_file));
    let (url, password) = (url?, password?);
    let Some(url) = url else { return Ok(None) };

    let read =
        database_url::read(url.value.expose_secret().trim(), password.as_ref().map(|secret| &secret.value))
            .map_err(|fault| reader.refuse(url.key, fault.wrong, fault.remedy))?;
    if environment == Environment::Development {
        return Ok(Some(read));
    }
    let password_key = password.map_or(url.key, |secret| secret.key);
    let wrong = match &read.password {
        None => Some("has no password, which only environment = \"development\" allows"),
        Some(password) => weakness(password.expose_secret(), &read.user),
    };
    match wrong {
        None => Ok(Some(read)),
        Some(wrong) => Err(reader.refuse(
            password_key,
            wrong,
            &format!("give the database's user a random password of at least {LENGTH_MIN} characters"),
        )),
    }
}

fn read_application_name(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<String, Refused> {
    let entry = entry!(raw, database.application_name);
    let remedy = format!("give up to {APPLICATION_NAME_BYTES_MAX} letters, digits or signs of ASCII");
    let name = reader.required_text(entry, &remedy)?;
    if name.len() <= APPLICATION_NAME_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        Ok(name)
    } else {
        Err(reader.refuse(entry.key, "is not a name PostgreSQL would keep whole", &remedy))
    }
}
