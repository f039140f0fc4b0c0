//! The section `[auth]`.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use crate::Environment;
use crate::error::{Origin, SettingProblem, SettingsError};
use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};
use crate::weak_password::weakness;

/// The fewest characters of the secret: as many bytes as the signature has.
const SECRET_LENGTH_MIN: usize = 32;

/// The fewest different characters of it.
const SECRET_VARIETY_MIN: usize = 10;

/// The most secrets beside the one that signs.
const OTHER_SECRETS_MAX: usize = 7;

/// Whom `second_factor_from` may name.
const SECOND_FACTOR_FROM: [(&str, Option<&str>); 5] = [
    ("nobody", None),
    ("viewer", Some("viewer")),
    ("operator", Some("operator")),
    ("manager", Some("manager")),
    ("admin", Some("admin")),
];

const REMEDY: &str = "give a random secret of at least 32 characters, as `openssl rand -base64 48` makes, in \
                      PREGON__AUTH__JWT_SECRET, or the path of a file that holds it in PREGON__AUTH__JWT_SECRET_FILE";

/// How people sign in, and for how long.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthSettings {
    /// Signs access tokens. In development it may be missing: then one that lasts as long as the program will do.
    pub jwt_secret: Option<SecretString>,
    /// Secrets that sign nothing, while access tokens that they signed are taken: those of before and after a change.
    pub jwt_other_secrets: Vec<SecretString>,
    /// How long an access token is good.
    pub access_token: SignedDuration,
    /// How long a refresh token is good, and with it a session that is not renewed.
    pub refresh_token: SignedDuration,
    /// So many failures within the window with one address from one place, and no further attempt is looked at.
    pub login_failures_max: u32,
    /// As many from one place, with whichever addresses.
    pub login_failures_of_place_max: u32,
    /// As many with one address, from wherever: then only those are listened to who are where its user has been.
    pub login_failures_of_account_max: u32,
    /// How long failures are counted, from the first of them.
    pub login_window: SignedDuration,
    /// The least role that must have a second factor; nobody must where there is none.
    pub second_factor_from: Option<&'static str>,
    /// How long a copy of a session is good.
    pub session_cache: Duration,
    /// How many keys of programs live at once.
    pub api_keys_max: u32,
    /// How long one lives at most.
    pub api_key_lifetime_max: SignedDuration,
}

/// The section, and what the environment asks of the secret.
#[derive(Debug, Clone)]
pub(crate) struct AuthSection {
    settings: AuthSettings,
    is_secret_missing: bool,
}

impl AuthSection {
    pub(crate) fn settings(&self) -> Result<&AuthSettings, SettingsError> {
        if self.is_secret_missing {
            let problem = SettingProblem::of_key("auth.jwt_secret", Origin::Nowhere, "is not set", REMEDY);
            return Err(SettingsError::new(vec![problem]));
        }
        Ok(&self.settings)
    }
}

pub(crate) fn read(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<AuthSection, Refused> {
    let jwt_secret = read_secret(reader, raw, environment);
    let jwt_other_secrets = read_other_secrets(reader, raw, environment);
    let access_minutes = reader.whole(entry!(raw, auth.access_token_minutes), 1..=1440, "minutes");
    let refresh_days = reader.whole(entry!(raw, auth.refresh_token_days), 1..=365, "days");
    let login_failures_max =
        reader.whole(entry!(raw, auth.login_failures_max), 1..=1000, "a number of failures");
    let of_place =
        reader.whole(entry!(raw, auth.login_failures_of_place_max), 1..=10_000, "a number of failures");
    let of_account =
        reader.whole(entry!(raw, auth.login_failures_of_account_max), 1..=10_000, "a number of failures");
    let second_factor_from = reader.choice(entry!(raw, auth.second_factor_from), &SECOND_FACTOR_FROM);
    let login_window = reader.whole(entry!(raw, auth.login_window_minutes), 1..=1440, "minutes");
    let session_cache = reader.whole(entry!(raw, auth.session_cache_seconds), 1..=60, "seconds");
    let api_keys_max = reader.whole(entry!(raw, auth.api_keys_max), 1..=10_000, "a number of keys");
    let api_key_days = reader.whole(entry!(raw, auth.api_key_days_max), 1..=3650, "days");
    let (jwt_secret, jwt_other_secrets) = (jwt_secret?, jwt_other_secrets?);
    Ok(AuthSection {
        is_secret_missing: jwt_secret.is_none() && environment != Environment::Development,
        settings: AuthSettings {
            jwt_secret,
            jwt_other_secrets,
            access_token: SignedDuration::from_mins(access_minutes?),
            refresh_token: SignedDuration::from_hours(24 * refresh_days?),
            login_failures_max: login_failures_max?,
            login_failures_of_place_max: of_place?,
            login_failures_of_account_max: of_account?,
            second_factor_from: second_factor_from?,
            login_window: SignedDuration::from_mins(login_window?),
            session_cache: Duration::from_secs(session_cache?),
            api_keys_max: api_keys_max?,
            api_key_lifetime_max: SignedDuration::from_hours(24 * api_key_days?),
        },
    })
}

fn read_secret(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Option<SecretString>, Refused> {
    let secret = reader.secret(entry!(raw, auth.jwt_secret), entry!(raw, auth.jwt_secret_file))?;
    let Some(secret) = secret else { return Ok(None) };
    match wrong_with(secret.value.expose_secret(), environment) {
        None => Ok(Some(secret.value)),
        Some(wrong) => Err(reader.refuse(secret.key, wrong, REMEDY)),
    }
}

/// Secrets that are separated by commas or ends of lines, as one does not hold them.
fn read_other_secrets(
    reader: &mut Reader<'_>,
    raw: &RawSettings,
    environment: Environment,
) -> Result<Vec<SecretString>, Refused> {
    let (inline, file) = (entry!(raw, auth.jwt_other_secrets), entry!(raw, auth.jwt_other_secrets_file));
    let Some(given) = reader.secret(inline, file)? else { return Ok(Vec::new()) };
    let secrets = given.value.expose_secret().split([',', '\n', '\r']).map(str::trim);
    let secrets: Vec<&str> = secrets.filter(|secret| !secret.is_empty()).collect();
    if secrets.len() > OTHER_SECRETS_MAX {
        let remedy = "give at most 7: the tokens of an older one have long expired";
        return Err(reader.refuse(given.key, "holds too many secrets", remedy));
    }
    match secrets.iter().find_map(|secret| wrong_with(secret, environment)) {
        None => Ok(secrets.into_iter().map(SecretString::from).collect()),
        Some(wrong) => Err(reader.refuse(given.key, &format!("holds one that {wrong}"), REMEDY)),
    }
}

/// Why `secret` does not protect what it signs, if so; in development any will do.
fn wrong_with(secret: &str, environment: Environment) -> Option<&'static str> {
    if environment == Environment::Development {
        None
    } else if secret.chars().count() < SECRET_LENGTH_MIN {
        Some("is too short")
    } else if secret.chars().collect::<BTreeSet<_>>().len() < SECRET_VARIETY_MIN
        || weakness(secret, "").is_some()
    {
        Some("is a default or easily guessed")
    } else {
        None
    }
}
