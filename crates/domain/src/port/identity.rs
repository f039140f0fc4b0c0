//! The ports to the users and to password hashing.

use async_trait::async_trait;

use super::StoreError;
use crate::identity::{Email, Password, PasswordHash, User};

/// Keeps the users.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Adds a user and the line of the audit log that says so, both or neither, on behalf of `actor` (an address, or
    /// the name of the program).
    ///
    /// `Conflict` when the address or the id is taken; the user that has it is left as it was.
    async fn add_user(&self, user: User, actor: String) -> Result<(), StoreError>;

    /// The user who signs in with `email`.
    async fn find_user(&self, email: Email) -> Result<Option<User>, StoreError>;
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

    /// Does the work of a `verify` that fails, for when there is no user whose hash to verify: the time of an answer
    /// must not tell which addresses exist.
    async fn verify_absent(&self, password: Password) -> Result<(), HasherUnavailable>;
}

/// The hasher could not do its work: too little memory, or the program is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("passwords cannot be hashed now: too little memory, or the program is ending")]
pub struct HasherUnavailable;
