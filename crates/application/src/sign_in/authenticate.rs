//! Somebody shows an access token, or a program its key.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use domain::access::{Asker, Duty};
use domain::api_key::{ApiKey, ShownKey};
use domain::identity::SecondFactorRule;
use domain::port::{ApiKeyStore, Clock, SessionStore, StoreError, TokenIssuer};
use domain::session::SignedIn;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::SessionCache;
use crate::api_keys;

/// How often at most the use of a key is noted.
const USE_NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What a request shows of who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// An access token.
    AccessToken(String),
    /// A program's key.
    ApiKey(String),
}

/// Shows the kind alone.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessToken(_) => "AccessToken(•••)",
            Self::ApiKey(_) => "ApiKey(•••)",
        })
    }
}

/// Says who shows a token or a key.
pub struct Authenticate {
    /// Reads the token.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Knows which sessions live.
    pub sessions: Arc<dyn SessionStore>,
    /// Keeps copies of that.
    pub cache: SessionCache,
    /// Knows the keys. No copies are kept: one that was revoked is refused from that moment on.
    pub keys: Arc<dyn ApiKeyStore>,
    /// Who must have a second factor.
    pub second_factor: SecondFactorRule,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why what was shown shows nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is none, it is no longer good, its session ended, or its user was disabled.
    #[error("the access token or the API key is not valid, or no longer")]
    Refused,
    /// The key is good, and not here.
    #[error("this API key is not taken from this address: its networks are in GET /api-keys")]
    Elsewhere,
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticate {
    /// Who shows `credential`, with the role they have now, in a request that comes `from` there.
    ///
    /// # Errors
    /// When it shows nobody, or that cannot be known.
    pub async fn execute(
        &self,
        credential: &Credential,
        from: Option<IpAddr>,
    ) -> Result<Asker, AuthenticateError> {
        match credential {
            Credential::AccessToken(token) => self.person(token).await.map(Asker::Person),
            Credential::ApiKey(key) => self.program(key, from).await.map(|key| Asker::Program(Box::new(key))),
        }
    }

    /// What `who` must do before they may do anything else.
    #[must_use]
    pub fn duty(&self, who: &Asker) -> Option<Duty> {
        who.duty(self.second_factor)
    }

    async fn person(&self, token: &str) -> Result<SignedIn, AuthenticateError> {
        let now = self.clock.now();
        let claims = self.tokens.read(token, now).map_err(|_| AuthenticateError::Refused)?;
        let copy = self.cache.get(claims.session).await.filter(|copy| copy.expires_at > now);
        let signed_in = if let Some(copy) = copy {
            copy
        } else {
            let found = self.sessions.find(claims.session, now).await?.ok_or(AuthenticateError::Refused)?;
            self.cache.put(&found).await;
            found
        };
        if signed_in.user == claims.user { Ok(signed_in) } else { Err(AuthenticateError::Refused) }
    }

    async fn program(&self, key: &str, from: Option<IpAddr>) -> Result<ApiKey, AuthenticateError> {
        let now = self.clock.now();
        let shown = ShownKey::parse(key).map_err(|_| AuthenticateError::Refused)?;
        let found = self.keys.find_living(shown.id, api_keys::digest(&shown), now).await?;
        let key = found.ok_or(AuthenticateError::Refused)?;
        if !key.allowed_from.admits(from) {
            return Err(AuthenticateError::Elsewhere);
        }
        self.note_use(&key, from, now).await;
        Ok(key)
    }

    /// When a key was last used is good to know; a request does not fail for it.
    async fn note_use(&self, key: &ApiKey, from: Option<IpAddr>, now: Timestamp) {
        let unless_since = now - USE_NOTED_EVERY;
        if key.last_used_at.is_none_or(|last| last <= unless_since)
            && let Err(error) = self.keys.note_use(key.id, now, from, unless_since).await
        {
            tracing::warn!(%error, key = %key.id, "the use of an API key was not noted");
        }
    }

    /// Whose `credential` is by its own words, for what need not wait for the store: a token's where its signature is good, and a key's
    /// as an id of its secret, which nobody has who was not given it.
    #[must_use]
    pub fn claimant(&self, credential: &Credential) -> Option<Uuid> {
        match credential {
            Credential::AccessToken(token) => {
                self.tokens.read(token, self.clock.now()).ok().map(|claims| claims.user.0)
            }
            Credential::ApiKey(key) => {
                let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
                    api_keys::digest(&ShownKey::parse(key).ok()?);
                Some(Uuid::from_bytes(id))
            }
        }
    }
}
