//! From settings to those who may ask: signing in, users, and the keys of programs.

use std::sync::Arc;

use application::{
    Authenticate, ChangePassword, ChangeUser, CreateApiKey, CreateUser, EndSession, FactorDesk, InviteUser,
    ListSessions, LogIn, LogOut, LoginThrottle, RefreshSession, SecondFactors, SessionCache, SignInDesk,
    TokenLifetimes,
};
use credentials::{AccessTokens, Argon2Cost, Argon2Passwords, Authenticators, SystemSecrets};
use domain::identity::{FailureLimits, PasswordRule, SecondFactorRule, UnknownRole};
use domain::port::{
    AccountDesk, ApiKeyStore, Cache, IdentityStore, PasswordHasher, SecretSource, SessionStore,
};
use secrecy::SecretString;
use settings::Settings;
use store_postgres::{
    Database, PostgresAccountDesk, PostgresApiKeyStore, PostgresFailureLog, PostgresIdentityStore,
    PostgresSecondFactorStore, PostgresSessionStore,
};
use system::{SystemClock, SystemIds};

use crate::failure::Failure;

/// What the server is given of all this.
pub(crate) struct Signing {
    pub(crate) authenticate: Authenticate,
    pub(crate) log_in: LogIn,
    pub(crate) refresh: RefreshSession,
    pub(crate) log_out: LogOut,
    pub(crate) sessions: ListSessions,
    pub(crate) end_session: EndSession,
    pub(crate) change_password: ChangePassword,
    pub(crate) second_factors: SecondFactors,
    pub(crate) invite_user: InviteUser,
    pub(crate) change_user: ChangeUser,
    pub(crate) accounts: Arc<dyn AccountDesk>,
    pub(crate) create_api_key: CreateApiKey,
    pub(crate) api_keys: Arc<dyn ApiKeyStore>,
}

impl Signing {
    pub(crate) fn new(
        settings: &Settings,
        database: &Database,
        cache: Arc<dyn Cache>,
    ) -> Result<Self, Failure> {
        let auth = settings.auth()?;
        let sessions: Arc<dyn SessionStore> = Arc::new(PostgresSessionStore::new(database.clone()));
        let identities: Arc<dyn IdentityStore> = Arc::new(PostgresIdentityStore::new(database.clone()));
        let accounts: Arc<dyn AccountDesk> = Arc::new(PostgresAccountDesk::new(database.clone()));
        let api_keys: Arc<dyn ApiKeyStore> = Arc::new(PostgresApiKeyStore::new(database.clone()));
        let passwords = passwords(settings)?;
        let rule = PasswordRule {
            length_min: settings.passwords.length_min,
            length_max: settings.passwords.length_max,
        };
        let secrets: Arc<dyn SecretSource> = Arc::new(SystemSecrets);
        let secret = match &auth.jwt_secret {
            Some(secret) => secret.clone(),
            None => made_for_this_run()?,
        };
        let tokens = Arc::new(AccessTokens::new(&secret, &auth.jwt_other_secrets));
        let cache = SessionCache { cache: Some(cache), keep_for: auth.session_cache };
        let desk = SignInDesk {
            sessions: sessions.clone(),
            tokens: tokens.clone(),
            secrets: secrets.clone(),
            lifetimes: TokenLifetimes { access: auth.access_token, refresh: auth.refresh_token },
        };
        let throttle = LoginThrottle {
            log: Arc::new(PostgresFailureLog::new(database.clone())),
            limits: FailureLimits {
                of_pair: auth.login_failures_max,
                of_place: auth.login_failures_of_place_max,
                of_account: auth.login_failures_of_account_max,
                window: auth.login_window,
            },
        };
        let factors = FactorDesk {
            factors: Arc::new(PostgresSecondFactorStore::new(database.clone())),
            codes: Arc::new(Authenticators),
        };
        let least_role = auth.second_factor_from.map(str::parse).transpose();
        let least_role = least_role.map_err(|unknown: UnknownRole| Failure::Usage(unknown.to_string()))?;
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        Ok(Self {
            authenticate: Authenticate {
                tokens,
                sessions: sessions.clone(),
                cache: cache.clone(),
                keys: api_keys.clone(),
                second_factor: SecondFactorRule { least_role },
                clock: clock.clone(),
            },
            log_in: LogIn {
                identities: identities.clone(),
                passwords: passwords.clone(),
                throttle: throttle.clone(),
                factors: factors.clone(),
                ids: ids.clone(),
                desk: desk.clone(),
            },
            refresh: RefreshSession { desk, cache: cache.clone() },
            log_out: LogOut { sessions: sessions.clone(), cache: cache.clone() },
            sessions: ListSessions { sessions: sessions.clone(), clock },
            end_session: EndSession { sessions, cache: cache.clone() },
            change_password: ChangePassword {
                identities: identities.clone(),
                passwords: passwords.clone(),
                rule,
                throttle: throttle.clone(),
                cache: cache.clone(),
            },
            second_factors: SecondFactors {
                desk: factors,
                identities: identities.clone(),
                passwords: passwords.clone(),
                throttle,
                secrets: secrets.clone(),
                cache: cache.clone(),
            },
            invite_user: InviteUser {
                create: CreateUser {
                    identities,
                    passwords: passwords.clone(),
                    password_rule: rule,
                    ids: ids.clone(),
                },
                secrets: secrets.clone(),
            },
            change_user: ChangeUser { desk: accounts.clone(), passwords, secrets: secrets.clone(), cache },
            accounts,
            create_api_key: CreateApiKey {
                keys: api_keys.clone(),
                secrets,
                ids,
                living_max: auth.api_keys_max,
                lifetime_max: auth.api_key_lifetime_max,
            },
            api_keys,
        })
    }
}

fn passwords(settings: &Settings) -> Result<Arc<dyn PasswordHasher>, Failure> {
    let given = &settings.passwords;
    let cost = Argon2Cost { memory_kib: given.memory_kib, iterations: given.iterations, lanes: given.lanes };
    let passwords = Argon2Passwords::new(cost, given.hashes_at_once_max)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(Arc::new(passwords.waiting_at_most(given.hashes_waiting_max)))
}

/// In development a secret may be missing; then one that nobody knows lasts as long as the program.
fn made_for_this_run() -> Result<SecretString, Failure> {
    let drawn = SystemSecrets.draw().map_err(|error| Failure::Other(error.to_string()))?;
    Ok(hex::encode(drawn.expose()).into())
}
