//! The ports to sessions, to the tokens that stand for them, and to randomness.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::identity::{Password, UserId};
use crate::request::Envelope;
use crate::session::{
    AccessClaims, AccessToken, EndReason, NewSession, RefreshDigest, Renewal, Secret, Session, SessionId,
    SignedIn,
};

/// Keeps the sessions: the truth about who is signed in. A session lives until it is ended or expires, and only as long
/// as its user is not disabled.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session at the envelope's instant, and writes the line of the audit log that says so; both or neither.
    /// The envelope's address is kept as the place where it began.
    ///
    /// `Conflict` when the id or the family is taken, there is no such user, they are disabled, or their password is another by
    /// now, or they have a second factor since, or none since.
    async fn begin(&self, session: NewSession, by: Envelope) -> Result<(), StoreError>;

    /// Who is signed in with the session `id`, with the role they have now; `None` unless it lives `at` that instant.
    async fn find(&self, id: SessionId, at: Timestamp) -> Result<Option<SignedIn>, StoreError>;

    /// Renews the session of `shown`'s family, as one fact even when many ask at once: from then on `next` is its token
    /// and `expires_at` its end. Of two who show the same token one alone is answered `Renewed`.
    ///
    /// A token of the family that is not its current one has been used before: the session is ended as
    /// [`EndReason::TokenReused`], with a line in the audit log on behalf of the envelope's actor, and answered `Reused`.
    /// What is of no session that lives at the envelope's instant is `Refused`, and changes nothing.
    async fn renew(
        &self,
        shown: RefreshDigest,
        next: RefreshDigest,
        expires_at: Timestamp,
        by: Envelope,
    ) -> Result<Renewal, StoreError>;

    /// Ends the session `id` of `user` at the envelope's instant, and writes the line of the audit log that says so;
    /// both or neither. Says whether it did: a session that is another's, has ended or never was is left as it is, and
    /// nothing is written.
    async fn end(
        &self,
        id: SessionId,
        user: UserId,
        reason: EndReason,
        by: Envelope,
    ) -> Result<bool, StoreError>;

    /// The sessions of `user` that live `at` that instant, the last begun first, at most `limit` of them.
    async fn list(&self, user: UserId, at: Timestamp, limit: u16) -> Result<Vec<Session>, StoreError>;
}

/// Signs access tokens, and reads those that it signed.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait TokenIssuer: Send + Sync {
    /// A token that says `claims`, times cut to the second.
    ///
    /// # Errors
    /// When it cannot be signed.
    fn issue(&self, claims: AccessClaims) -> Result<AccessToken, CannotSign>;

    /// What `token` says, when it was signed by us, in the one way that we sign, and is good `at` that instant.
    ///
    /// # Errors
    /// In every other case, without telling which.
    fn read(&self, token: &str, at: Timestamp) -> Result<AccessClaims, InvalidToken>;
}

/// A token could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access token cannot be signed")]
pub struct CannotSign;

/// Not a token of ours, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the access token is not valid")]
pub struct InvalidToken;

/// Draws secrets.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretSource: Send + Sync {
    /// 256 random bits, fit for a secret.
    ///
    /// # Errors
    /// When the operating system gives none.
    fn draw(&self) -> Result<Secret, NoRandomness>;

    /// A random password of at least 100 bits for somebody who did not bring one, of characters that are not taken for one
    /// another.
    ///
    /// # Errors
    /// When the operating system gives none.
    fn draw_password(&self) -> Result<Password, NoRandomness>;
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;
