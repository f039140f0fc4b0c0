//! The ports to second factors.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use super::StoreError;
use crate::identity::{Email, OneTimeCode, SecondFactor, TotpSecret, UserId};
use crate::request::Envelope;
use crate::session::SessionId;

/// Keeps people's second factors. What changes one writes a line of the audit log with it, both or neither.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SecondFactorStore: Send + Sync {
    /// What `user` has, confirmed or not.
    async fn find(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError>;

    /// Keeps a secret that is not confirmed yet in the place of another such, if there is one.
    ///
    /// `Conflict` when a confirmed one is there; it is left as it was.
    async fn offer(&self, user: UserId, secret: TotpSecret, by: Envelope) -> Result<(), StoreError>;

    /// From now on the secret that was offered is asked for; the code of `step` is used up, `recovery` are the SHA-256 of the
    /// codes that stand in for it, and every session of `user` but `here` ends. Answers the sessions that ended.
    ///
    /// `Conflict` when nothing is offered, or that secret is not the one.
    async fn confirm(
        &self,
        user: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        here: SessionId,
        by: Envelope,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Uses up the codes of `user` up to `step`. Says whether it did: of many who show one code at once, one is told so.
    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, StoreError>;

    /// Uses up a recovery code, by its SHA-256. Says whether it did, as [`use_step`](Self::use_step) does.
    async fn use_recovery(&self, user: UserId, sha256: [u8; 32], by: Envelope) -> Result<bool, StoreError>;

    /// Removes what `user` has, with its recovery codes. Says whether there was something.
    async fn remove(&self, user: UserId, by: Envelope) -> Result<bool, StoreError>;
}

/// Computes the codes of authenticators.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait OneTimeCodes: Send + Sync {
    /// The step of time that `code` is of, if it is of one within half a minute or so of `at`.
    fn step(&self, secret: &TotpSecret, code: &OneTimeCode, at: Timestamp) -> Option<i64>;

    /// How `secret` is brought into an authenticator by the user of this address.
    fn enrolment(&self, secret: &TotpSecret, email: &Email) -> Enrolment;
}

/// What somebody's authenticator is given, once.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The secret, in Base32, to be typed.
    pub secret: SecretString,
    /// `otpauth://…`, to be shown as a QR code.
    pub uri: SecretString,
}
