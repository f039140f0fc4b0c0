//! The port to the keys of programs.

use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::api_key::{ApiKey, ApiKeyId, NewApiKey};
use crate::request::Envelope;

/// Keeps the keys with which programs ask.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key, made at the envelope's instant, and the line of the audit log that says so; both or neither.
    ///
    /// `Conflict` when a key that was not revoked has the name, or `living_max` live already.
    async fn add(&self, key: NewApiKey, living_max: u32, by: Envelope) -> Result<ApiKey, StoreError>;

    /// Keys, the latest first, those that ended among them, behind the key `after`, at most `limit`.
    async fn page(&self, after: Option<ApiKeyId>, limit: u16) -> Result<Vec<ApiKey>, StoreError>;

    /// The key of this id, be it ended.
    async fn find(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Ends a key at the envelope's instant, with a line in the audit log; one that was revoked before is left as it is, and
    /// nothing is written.
    async fn revoke(&self, id: ApiKeyId, by: Envelope) -> Result<Option<ApiKey>, StoreError>;

    /// The key of this id and this secret, unless it was revoked or has expired `at` that instant.
    async fn find_living(
        &self,
        id: ApiKeyId,
        secret_sha256: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<ApiKey>, StoreError>;

    /// Notes that a key was used, unless a use after `unless_since` is noted: of many who note one at once, one does.
    async fn note_use(
        &self,
        id: ApiKeyId,
        at: Timestamp,
        from: Option<IpAddr>,
        unless_since: Timestamp,
    ) -> Result<(), StoreError>;
}
