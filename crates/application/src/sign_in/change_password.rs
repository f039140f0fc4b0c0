//! Somebody chooses another password.

use std::sync::Arc;
use std::time::Duration;

use domain::identity::{Password, PasswordRefused, PasswordRule};
use domain::port::{HasherUnavailable, IdentityStore, PasswordHasher, StoreError};
use domain::request::Envelope;
use domain::session::SignedIn;

use super::{LoginThrottle, SessionCache};

/// Changes people's own passwords.
pub struct ChangePassword {
    /// Keeps the users.
    pub identities: Arc<dyn IdentityStore>,
    /// Verifies the old password, and hashes the new one.
    pub passwords: Arc<dyn PasswordHasher>,
    /// What a password must be.
    pub rule: PasswordRule,
    /// Counts who gave a wrong one: whoever found an open browser guesses no better here than when signing in.
    pub throttle: LoginThrottle,
    /// Forgets what is not so any more.
    pub cache: SessionCache,
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The old password is another.
    #[error("the old password is wrong")]
    WrongPassword,
    /// Too many wrong ones before, from the same place.
    #[error("too many wrong passwords were given")]
    TooManyFailures {
        /// When another is looked at.
        retry_after: Duration,
    },
    /// The new password is the old one.
    #[error("the new password is the old one: choose another")]
    Unchanged,
    /// The new password is not taken.
    #[error(transparent)]
    Refused(#[from] PasswordRefused),
    /// No password could be verified or hashed.
    #[error(transparent)]
    Hasher(#[from] HasherUnavailable),
    /// It was changed in the meantime, or the store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChangePassword {
    /// Sets `new` in the place of `old`, and ends every other session of `who`.
    ///
    /// # Errors
    /// When `old` is wrong or `new` is not taken, or something that is needed is away. Nothing is changed then.
    pub async fn execute(
        &self,
        who: &SignedIn,
        (old, new): (Password, Password),
        by: Envelope,
    ) -> Result<(), ChangePasswordError> {
        if let Some(retry_after) = self.throttle.blocked_for(&who.email, by.remote_addr, by.at).await? {
            return Err(ChangePasswordError::TooManyFailures { retry_after });
        }
        let user = self.identities.find_user(who.email.clone()).await?;
        let user = user.filter(|user| user.id == who.user).ok_or(ChangePasswordError::WrongPassword)?;
        if !self.passwords.verify(old.clone(), user.password_hash.clone()).await? {
            self.throttle.record(&who.email, by.remote_addr, by.at).await?;
            return Err(ChangePasswordError::WrongPassword);
        }
        if new.expose() == old.expose() {
            return Err(ChangePasswordError::Unchanged);
        }
        self.rule.check(&new, &who.email)?;
        let hash = self.passwords.hash(new).await?;
        let mut stale =
            self.identities.change_password(who.user, user.password_hash, hash, who.session, by).await?;
        // The copy of this session says still that the password must be changed.
        stale.push(who.session);
        self.cache.forget_all(&stale).await;
        Ok(())
    }
}
