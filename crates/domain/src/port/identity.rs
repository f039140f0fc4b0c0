//! The ports to the users and to password hashing.

use async_trait::async_trait;

use super::StoreError;
use crate::identity::{Account, AccountChange, ChangedAccount, Email, Password, PasswordHash, User, UserId};
use crate::request::Envelope;
use crate::session::SessionId;

/// Keeps the users.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Adds a user and the line of the audit log that says so, both or neither.
    ///
    /// `Conflict` when the address or the id is taken; the user that has it is left as it was.
    async fn add_user(&self, user: User, by: Envelope) -> Result<(), StoreError>;

    /// The user who signs in with `email`.
    async fn find_user(&self, email: Email) -> Result<Option<User>, StoreError>;

    /// Sets a user's own new password in the place of the one that `old` was made from, ends all their sessions but
    /// `here`, and writes the line of the audit log that says so; all or nothing. Answers the sessions that ended.
    ///
    /// `Conflict` when `old` is not their hash any more; nothing is changed then.
    async fn change_password(
        &self,
        user: UserId,
        old: PasswordHash,
        new: PasswordHash,
        here: SessionId,
        by: Envelope,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Keeps another hash of the same password, unless it was changed meanwhile: then `old` is not theirs any more, and
    /// nothing is done.
    async fn renew_hash(&self, user: UserId, old: PasswordHash, new: PasswordHash) -> Result<(), StoreError>;
}

/// Keeps the users for those who manage them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccountDesk: Send + Sync {
    /// Users, the latest made first, behind the user `after`, at most `limit`.
    async fn page(&self, after: Option<UserId>, limit: u16) -> Result<Vec<Account>, StoreError>;

    /// The user of this id, be they disabled.
    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError>;

    /// Makes the change, ends the sessions that it ends and writes a line of the audit log, all or nothing. What holds
    /// already is `Done` without a line.
    ///
    /// One enabled admin is there after every change, however many are made at once: what would take the last is
    /// answered `LastAdmin` and changes nothing.
    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        by: Envelope,
    ) -> Result<ChangedAccount, StoreError>;
}

/// Hashes passwords, slowly on purpose and off the threads that serve requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A hash with a salt of its own: the same password hashed twice gives two hashes, and each verifies it.
    async fn hash(&self, password: Password) -> Result<PasswordHash, HasherUnavailable>;

    /// Whether `hash` was made from `password`, in a time that does not tell how much of it was right. What is no hash
    /// verifies nothing.
    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<bool, HasherUnavailable>;

    /// Whether `hash` cost less to make than one that is made now would.
    fn is_outdated(&self, hash: &PasswordHash) -> bool;

    /// Does the work of a `verify` that fails, for when there is no user whose hash to verify: the time of an answer
    /// must not tell which addresses exist.
    async fn verify_absent(&self, password: Password) -> Result<(), HasherUnavailable>;
}

/// The hasher could not do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HasherUnavailable {
    /// As many wait for it as may.
    #[error("too many passwords are being verified; try again in a moment")]
    Busy,
    /// There is too little memory, or the program is ending.
    #[error("passwords cannot be hashed now: too little memory, or the program is ending")]
    Failed,
}
