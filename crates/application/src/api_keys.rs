//! Programs are given keys.

use std::sync::Arc;

use domain::api_key::{AllowedFrom, ApiKey, ApiKeyId, KeyName, NewApiKey, ShownKey};
use domain::identity::Role;
use domain::port::{ApiKeyStore, Ids, NoRandomness, SecretSource, StoreError};
use domain::request::Envelope;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Gives keys out.
pub struct CreateApiKey {
    /// Keeps them.
    pub keys: Arc<dyn ApiKeyStore>,
    /// Draws their secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Makes their ids.
    pub ids: Arc<dyn Ids>,
    /// How many live at once.
    pub living_max: u32,
    /// How long one lives at most, and where nobody says for how long.
    pub lifetime_max: SignedDuration,
}

/// A key that is asked for.
#[derive(Debug, Clone)]
pub struct KeyCommand {
    /// Whose it is.
    pub name: KeyName,
    /// What it may do.
    pub role: Role,
    /// From where.
    pub allowed_from: AllowedFrom,
    /// Until when; as long as a key may live when left out.
    pub expires_at: Option<Timestamp>,
}

/// Why no key was given out.
#[derive(Debug, thiserror::Error)]
pub enum CreateApiKeyError {
    /// It would have ended already, or lived too long.
    #[error("give an instant that is to come, at most {days} days from now (auth.api_key_days_max)")]
    Expiry {
        /// The most days.
        days: i64,
    },
    /// No secret was drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The name is taken, there are as many as may be, or the store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CreateApiKey {
    /// Makes a key, and what its program is to show, which is told this once.
    ///
    /// # Errors
    /// When its end is out of bounds, its name is taken, or something that is needed is away. No key was made then.
    pub async fn execute(
        &self,
        command: KeyCommand,
        by: Envelope,
    ) -> Result<(ApiKey, ShownKey), CreateApiKeyError> {
        let last = by.at + self.lifetime_max;
        let expires_at = command.expires_at.unwrap_or(last);
        if expires_at <= by.at || expires_at > last {
            return Err(CreateApiKeyError::Expiry { days: self.lifetime_max.as_hours() / 24 });
        }
        let shown = ShownKey { id: ApiKeyId(self.ids.next()), secret: self.secrets.draw()? };
        let key = NewApiKey {
            id: shown.id,
            name: command.name,
            role: command.role,
            allowed_from: command.allowed_from,
            secret_sha256: digest(&shown),
            expires_at,
        };
        Ok((self.keys.add(key, self.living_max, by).await?, shown))
    }
}

/// What is kept of a key's secret.
pub(crate) fn digest(shown: &ShownKey) -> [u8; 32] {
    Sha256::digest(shown.secret.expose()).into()
}

#[cfg(test)]
mod tests {
    use domain::port::MockApiKeyStore;
    use testkit::fakes::{CountingIds, CountingSecrets};

    use super::*;

    fn by() -> Envelope {
        Envelope::of_program("ana@empresa.mx", Timestamp::from_second(1_767_225_600).unwrap())
    }

    fn command(expires_at: Option<Timestamp>) -> KeyCommand {
        KeyCommand {
            name: KeyName::parse("CRM").unwrap(),
            role: Role::Operator,
            allowed_from: AllowedFrom::default(),
            expires_at,
        }
    }

    fn use_case(keys: MockApiKeyStore) -> CreateApiKey {
        CreateApiKey {
            keys: Arc::new(keys),
            secrets: Arc::new(CountingSecrets::default()),
            ids: Arc::new(CountingIds::default()),
            living_max: 3,
            lifetime_max: SignedDuration::from_hours(24 * 365),
        }
    }

    fn kept(key: NewApiKey, by: &Envelope) -> ApiKey {
        ApiKey {
            id: key.id,
            name: key.name,
            role: key.role,
            allowed_from: key.allowed_from,
            created_by: by.actor.0.clone(),
            created_at: by.at,
            expires_at: key.expires_at,
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
        }
    }

    #[tokio::test]
    async fn a_key_s_secret_is_kept_as_its_sha256_alone_and_lives_as_long_as_one_may() {
        let mut keys = MockApiKeyStore::new();
        keys.expect_add()
            .withf(|key, living_max, _| {
                let secret = Sha256::digest(CountingSecrets::nth(0).expose());
                key.secret_sha256 == <[u8; 32]>::from(secret) && *living_max == 3
            })
            .returning(|key, _, by| Ok(kept(key, &by)));
        let (key, shown) = use_case(keys).execute(command(None), by()).await.unwrap();
        assert_eq!((shown.id, shown.secret), (key.id, CountingSecrets::nth(0)));
        assert_eq!(key.expires_at, by().at + SignedDuration::from_hours(24 * 365));
    }

    #[tokio::test]
    async fn an_end_that_is_past_or_too_far_is_refused_before_anything_is_made() {
        let use_case = use_case(MockApiKeyStore::new());
        for hours in [-1, 0, 24 * 365 + 1] {
            let end = by().at + SignedDuration::from_hours(hours);
            let refused = use_case.execute(command(Some(end)), by()).await;
            assert!(matches!(refused, Err(CreateApiKeyError::Expiry { days: 365 })), "{hours}: {refused:?}");
        }
    }
}
