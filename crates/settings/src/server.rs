//! The sections `[rabbitmq]` and `[redis]`: servers that are reached by one URL with a password in it.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::Environment;
use crate::error::{Origin, SettingProblem, SettingsError};
use crate::raw::{Entry, RawSettings, entry};
use crate::reader::{Reader, Refused};
use crate::weak_password::{LENGTH_MIN, weakness};

/// The longest prefix of names.
const PREFIX_BYTES_MAX: usize = 50;

/// How the broker is reached.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RabbitmqSettings {
    /// `amqp://user:password@host:port/vhost`.
    pub url: SecretString,
    /// What every queue's name begins with.
    pub prefix: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the broker may take to answer one call.
    pub call_timeout: Duration,
    /// The longest wait between two attempts to connect again.
    pub reconnect_max: Duration,
    /// The most permits that wait in one queue.
    pub queue_length_max: u32,
}

/// How the cache is reached.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RedisSettings {
    /// `redis://user:password@host:port/database`.
    pub url: SecretString,
    /// What every key begins with.
    pub prefix: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one command may take.
    pub command_timeout: Duration,
    /// The longest value that is kept, in bytes.
    pub value_bytes_max: usize,
}

/// The error of a command that needs the broker when no layer says where it is.
pub(crate) fn rabbitmq_missing() -> SettingsError {
    missing("rabbitmq.url", "AMQP_URL", "PREGON__RABBITMQ__URL", "amqp://user:password@host:5672/%2f")
}

/// The error of a command that needs the cache when no layer says where it is.
pub(crate) fn redis_missing() -> SettingsError {
    missing("redis.url", "REDIS_URL", "PREGON__REDIS__URL", "redis://user:password@host:6379/0")
}

fn missing(key: &str, alias: &str, variable: &str, form: &str) -> SettingsError {
    SettingsError::new(vec![SettingProblem::of_key(
        key,
        Origin::Nowhere,
        "is not set",
        &format!(
            "give the variable {alias} or {variable}, or the path of a file that holds it in {variable}_FILE, as \
             {form}"
        ),
    )])
}

pub(crate) fn read_rabbitmq(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Option<RabbitmqSettings>, Refused> {
    let (direct, in_file) = (entry!(raw, rabbitmq.url), entry!(raw, rabbitmq.url_file));
    let url = read_url(reader, direct, in_file, &["amqp://", "amqps://"], environment);
    let prefix = read_prefix(reader, entry!(raw, rabbitmq.prefix));
    let connect_timeout = milliseconds(reader, entry!(raw, rabbitmq.connect_timeout_ms));
    let call_timeout = milliseconds(reader, entry!(raw, rabbitmq.call_timeout_ms));
    let reconnect_max = milliseconds(reader, entry!(raw, rabbitmq.reconnect_max_ms));
    let length = entry!(raw, rabbitmq.queue_length_max);
    let queue_length_max = reader.whole(length, 100_u32..=10_000_000, "a number of permits");
    let (url, prefix, connect_timeout, call_timeout) = (url?, prefix?, connect_timeout?, call_timeout?);
    let (reconnect_max, queue_length_max) = (reconnect_max?, queue_length_max?);
    Ok(url.map(|url| RabbitmqSettings {
        url,
        prefix,
        connect_timeout,
        call_timeout,
        reconnect_max,
        queue_length_max,
    }))
}

pub(crate) fn read_redis(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Option<RedisSettings>, Refused> {
    let (direct, in_file) = (entry!(raw, redis.url), entry!(raw, redis.url_file));
    let url = read_url(reader, direct, in_file, &["redis://", "rediss://"], environment);
    let prefix = read_prefix(reader, entry!(raw, redis.prefix));
    let connect_timeout = milliseconds(reader, entry!(raw, redis.connect_timeout_ms));
    let command_timeout = milliseconds(reader, entry!(raw, redis.command_timeout_ms));
    let value_bytes_max =
        reader.whole(entry!(raw, redis.value_bytes_max), 1_024_u32..=16_777_216, "a number of bytes");
    let (url, prefix, connect_timeout) = (url?, prefix?, connect_timeout?);
    let (command_timeout, value_bytes_max) = (command_timeout?, value_bytes_max?);
    Ok(url.map(|url| RedisSettings {
        url,
        prefix,
        connect_timeout,
        command_timeout,
        value_bytes_max: usize::try_from(value_bytes_max).unwrap_or(usize::MAX),
    }))
}

fn milliseconds(reader: &mut Reader<'_>, entry: Entry<'_>) -> Result<Duration, Refused> {
    reader.whole(entry, 50_u32..=60_000, "milliseconds").map(|number| Duration::from_millis(number.into()))
}

fn read_prefix(reader: &mut Reader<'_>, entry: Entry<'_>) -> Result<String, Refused> {
    let remedy = format!("give 1 to {PREFIX_BYTES_MAX} letters, digits, dots, hyphens or underscores");
    let prefix = reader.required_text(entry, &remedy)?;
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if prefix.len() <= PREFIX_BYTES_MAX && prefix.bytes().all(is_sound) {
        Ok(prefix)
    } else {
        Err(reader.refuse(entry.key, "is no prefix", &remedy))
    }
}

fn read_url(
    reader: &mut Reader<'_>,
    direct: Entry<'_>,
    in_file: Entry<'_>,
    schemes: &[&str],
    environment: Environment,
) -> Result<Option<SecretString>, Refused> {
    let Some(secret) = reader.secret(direct, in_file)? else { return Ok(None) };
    let url = secret.value.expose_secret().trim();
    let Some(rest) = schemes.iter().find_map(|scheme| url.strip_prefix(scheme)) else {
        let remedy = format!("give it as {}user:password@host:port/…", schemes[0]);
        return Err(reader.refuse(secret.key, &format!("does not begin with {}", schemes[0]), &remedy));
    };
    if environment != Environment::Development {
        let (user, password) = rest
            .rsplit_once('@')
            .map(|(login, _)| login.split_once(':').unwrap_or((login, "")))
            .unwrap_or_default();
        let wrong = if password.is_empty() {
            Some("has no password, which only environment = \"development\" allows")
        } else {
            weakness(password, user)
        };
        if let Some(wrong) = wrong {
            let remedy =
                format!("give the server's user a random password of at least {LENGTH_MIN} characters");
            return Err(reader.refuse(secret.key, wrong, &remedy));
        }
    }
    Ok(Some(url.into()))
}
