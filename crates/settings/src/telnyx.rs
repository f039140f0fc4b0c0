//! The section `[telnyx]`. Sending and listening are two programs' work: each is given the secrets of its own half.

use std::collections::HashMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::Environment;
use crate::error::{Origin, SettingProblem, SettingsError};
use crate::raw::{Entry, RawSettings, entry};
use crate::reader::{Reader, Refused};
use crate::secret_file;
use crate::weak_password::{LENGTH_MIN, weakness};

/// Telnyx has one, and two while it changes it.
const PUBLIC_KEYS_MAX: usize = 5;

/// The most senders that have keys of their own.
const SENDER_KEYS_MAX: usize = 1_000;

const SENDER_KEYS_REMEDY: &str = "give the path of a directory with a file for each sender that has a key of its own, and nothing else in it";

/// 32 bytes in base64, the last character padding.
const PUBLIC_KEY_CHARS: usize = 44;

/// How messages are handed to Telnyx.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TelnyxSendingSettings {
    /// Where its API is, as in `https://api.telnyx.com`; no `/` at its end.
    pub api_base_url: String,
    /// The key of the account.
    pub api_key: SecretString,
    /// The keys of senders that are of another account, by the names of their files.
    pub sender_keys: HashMap<String, SecretString>,
    /// How often the keys are read anew.
    pub keys_interval: Duration,
    /// Where Telnyx reaches us, as in `https://sms.example.mx`; no `/` at its end.
    pub webhook_base_url: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one call may take as a whole, its connection included.
    pub request_timeout: Duration,
    /// The most calls that are under way at once.
    pub connections_max: usize,
}

/// How Telnyx is asked about numbers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TelnyxLookupSettings {
    /// Where its API is, as in `https://api.telnyx.com`; no `/` at its end.
    pub api_base_url: String,
    /// The key of the account.
    pub api_key: SecretString,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
}

/// How what Telnyx posts to us is known to be from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TelnyxWebhooksSettings {
    /// The account's public keys (Ed25519), in base64: what any of them signed is believed.
    pub public_keys: Vec<String>,
}

/// The whole section, of which each half may lack what only it needs.
#[derive(Debug, Clone)]
pub(crate) struct TelnyxSection {
    api_base_url: String,
    api_key: Option<SecretString>,
    sender_keys: HashMap<String, SecretString>,
    keys_interval: Duration,
    public_keys: Option<Vec<String>>,
    webhook_base_url: Option<String>,
    connect_timeout: Duration,
    request_timeout: Duration,
    connections_max: usize,
}

impl TelnyxSection {
    pub(crate) fn sending(&self) -> Result<TelnyxSendingSettings, SettingsError> {
        match (&self.api_key, &self.webhook_base_url) {
            (Some(api_key), Some(webhook_base_url)) => Ok(TelnyxSendingSettings {
                api_base_url: self.api_base_url.clone(),
                api_key: api_key.clone(),
                sender_keys: self.sender_keys.clone(),
                keys_interval: self.keys_interval,
                webhook_base_url: webhook_base_url.clone(),
                connect_timeout: self.connect_timeout,
                request_timeout: self.request_timeout,
                connections_max: self.connections_max,
            }),
            (api_key, webhook_base_url) => Err(SettingsError::new(
                [
                    api_key.is_none().then(|| {
                        missing(
                            "telnyx.api_key",
                            "give the variable PREGON__TELNYX__API_KEY, or the path of a file that holds it in \
                             PREGON__TELNYX__API_KEY_FILE",
                        )
                    }),
                    webhook_base_url.is_none().then(|| missing("telnyx.webhook_base_url", WEBHOOK_REMEDY)),
                ]
                .into_iter()
                .flatten()
                .collect(),
            )),
        }
    }

    pub(crate) fn lookup(&self) -> Option<TelnyxLookupSettings> {
        self.api_key.as_ref().map(|api_key| TelnyxLookupSettings {
            api_base_url: self.api_base_url.clone(),
            api_key: api_key.clone(),
            connect_timeout: self.connect_timeout,
        })
    }

    pub(crate) fn webhooks(&self) -> Result<TelnyxWebhooksSettings, SettingsError> {
        match &self.public_keys {
            Some(public_keys) => Ok(TelnyxWebhooksSettings { public_keys: public_keys.clone() }),
            None => Err(SettingsError::new(vec![missing("telnyx.public_key", PUBLIC_KEY_REMEDY)])),
        }
    }
}

const API_REMEDY: &str = "give it as https://api.telnyx.com";
const WEBHOOK_REMEDY: &str = "give the address that Telnyx reaches the api at, as https://sms.example.mx";
const PUBLIC_KEY_REMEDY: &str = "give the account's public key as Telnyx's portal shows it, 44 characters of base64, or some with commas between them";

fn missing(key: &str, remedy: &str) -> SettingProblem {
    SettingProblem::of_key(key, Origin::Nowhere, "is not set", remedy)
}

pub(crate) fn read(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<TelnyxSection, Refused> {
    let api_base_url = read_base_url(reader, entry!(raw, telnyx.api_base_url), environment, API_REMEDY);
    let api_key = read_api_key(reader, raw, environment);
    let sender_keys = read_sender_keys(reader, raw, environment);
    let keys_interval = reader.whole(entry!(raw, telnyx.keys_interval_s), 1_u32..=3_600, "seconds");
    let public_keys = read_public_keys(reader, raw);
    let webhook_base_url =
        read_base_url(reader, entry!(raw, telnyx.webhook_base_url), environment, WEBHOOK_REMEDY);
    let connect = reader.whole(entry!(raw, telnyx.connect_timeout_ms), 100_u32..=60_000, "milliseconds");
    let request_entry = entry!(raw, telnyx.request_timeout_ms);
    let request = reader.whole(request_entry, 500_u32..=120_000, "milliseconds");
    let connections_max =
        reader.whole(entry!(raw, telnyx.connections_max), 1_u16..=1_000, "a number of connections");

    let (connect, request) = (connect?, request?);
    // Else the call would end while its connection is being made, and a message that never left would count as one
    // that may have.
    if request <= connect {
        return Err(reader.refuse(
            request_entry.key,
            "ends a call before telnyx.connect_timeout_ms ends its beginning",
            "give it more than telnyx.connect_timeout_ms",
        ));
    }
    let api_base_url = api_base_url?
        .ok_or_else(|| reader.refuse(entry!(raw, telnyx.api_base_url).key, "is not set", API_REMEDY))?;
    Ok(TelnyxSection {
        api_base_url,
        api_key: api_key?,
        sender_keys: sender_keys?,
        keys_interval: Duration::from_secs(keys_interval?.into()),
        public_keys: public_keys?,
        webhook_base_url: webhook_base_url?,
        connect_timeout: Duration::from_millis(connect.into()),
        request_timeout: Duration::from_millis(request.into()),
        connections_max: connections_max?.into(),
    })
}

fn read_base_url(
    reader: &mut Reader<'_>,
    entry: Entry<'_>,
    environment: Environment,
    remedy: &str,
) -> Result<Option<String>, Refused> {
    let Some(url) = reader.text(entry)? else { return Ok(None) };
    let url = url.expose_secret().trim().trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))
    else {
        return Err(reader.refuse(entry.key, "is not an address that begins with https://", remedy));
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty()
        || rest.contains(['@', '?', '#', '\\'])
        || !rest.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(reader.refuse(entry.key, "is more or less than a host and a path", remedy));
    }
    let host = authority.split(':').next().unwrap_or_default();
    let is_local = ["127.0.0.1", "localhost"].contains(&host);
    if scheme == "http" && !is_local && environment != Environment::Development {
        return Err(reader.refuse(
            entry.key,
            "is not encrypted, which only environment = \"development\" allows away from this machine",
            remedy,
        ));
    }
    Ok(Some(url.to_owned()))
}

fn read_api_key(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Option<SecretString>, Refused> {
    let secret = reader.secret(entry!(raw, telnyx.api_key), entry!(raw, telnyx.api_key_file))?;
    let Some(secret) = secret else { return Ok(None) };
    read_key(reader, (secret.key, &secret.value), environment).map(Some)
}

/// The keys of senders: a file each.
fn read_sender_keys(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<HashMap<String, SecretString>, Refused> {
    let entry = entry!(raw, telnyx.sender_keys_dir);
    let Some(directory) = reader.text(entry)? else { return Ok(HashMap::new()) };
    let files = secret_file::read_all(directory.expose_secret(), SENDER_KEYS_MAX).map_err(|reason| {
        let found = format!("names a directory whose files cannot be used: {reason}");
        reader.refuse(entry.key, &found, SENDER_KEYS_REMEDY)
    })?;
    let mut keys = HashMap::with_capacity(files.len());
    for (name, key) in files {
        keys.insert(name, read_key(reader, (entry.key, &key), environment)?);
    }
    Ok(keys)
}

fn read_key(
    reader: &mut Reader<'_>,
    (name, given): (&str, &SecretString),
    environment: Environment,
) -> Result<SecretString, Refused> {
    let key = given.expose_secret().trim();
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(reader.refuse(name, "holds what no key does", "give the key alone, as Telnyx made it"));
    }
    if environment != Environment::Development && weakness(key, "").is_some() {
        return Err(reader.refuse(
            name,
            "is too short or too easily guessed to be a key of Telnyx",
            &format!("give the key as Telnyx made it, of at least {LENGTH_MIN} characters"),
        ));
    }
    Ok(key.into())
}

fn read_public_keys(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<Option<Vec<String>>, Refused> {
    let entry = entry!(raw, telnyx.public_key);
    let Some(text) = reader.text(entry)? else { return Ok(None) };
    let keys: Vec<String> = text.expose_secret().split(',').map(|key| key.trim().to_owned()).collect();
    if keys.len() > PUBLIC_KEYS_MAX || !keys.iter().all(|key| is_public_key(key)) {
        return Err(reader.refuse(entry.key, "is not an Ed25519 key in base64", PUBLIC_KEY_REMEDY));
    }
    Ok(Some(keys))
}

fn is_public_key(key: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    key.len() == PUBLIC_KEY_CHARS && key.strip_suffix('=').is_some_and(|digits| digits.bytes().all(is_base64))
}
