//! Somebody signs in.

use std::sync::Arc;
use std::time::Duration;

use domain::identity::{Email, Password, User};
use domain::port::{HasherUnavailable, IdentityStore, Ids, PasswordHasher, StoreError};
use domain::request::Envelope;
use domain::session::{NewSession, RefreshToken, SessionId, SignedIn, UserAgent};

use super::{DeskError, LoginFailures, Pass, SignInDesk, digest};

/// Signs people in.
pub struct LogIn {
    /// Keeps the users.
    pub identities: Arc<dyn IdentityStore>,
    /// Verifies the password.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Counts who failed.
    pub failures: Arc<LoginFailures>,
    /// Makes the session's id.
    pub ids: Arc<dyn Ids>,
    /// Gives out the pass.
    pub desk: SignInDesk,
}

/// What somebody signs in with.
#[derive(Debug, Clone)]
pub struct Login {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// What the client calls itself.
    pub user_agent: Option<UserAgent>,
}

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// There is no such user, they are disabled, or the password is another. Which it was is not told.
    #[error("the e-mail address or the password is wrong")]
    Refused,
    /// Too many failed before, from the same place with the same address.
    #[error("too many attempts to sign in failed")]
    TooManyFailures {
        /// When another attempt is looked at.
        retry_after: Duration,
    },
    /// The password could not be verified.
    #[error(transparent)]
    Hasher(#[from] HasherUnavailable),
    /// No pass could be made.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LogIn {
    /// Signs in whoever knows the password of the address, in a time that does not tell whether there is such a user.
    ///
    /// # Errors
    /// When it is refused, too many failed before, or something that is needed is away. Nobody is signed in then.
    pub async fn execute(&self, login: Login, by: Envelope) -> Result<Pass, LogInError> {
        let Login { email, password, user_agent } = login;
        self.refuse_after_failures(&email, &by)?;
        let verified = if let Some(user) = self.identities.find_user(email.clone()).await? {
            let is_right = self.passwords.verify(password.clone(), user.password_hash.clone()).await?;
            is_right.then_some(user)
        } else {
            self.passwords.verify_absent(password.clone()).await?;
            None
        };
        // Asked again: of many guesses sent at once, the right one counts only while few of the others have failed.
        self.refuse_after_failures(&email, &by)?;
        let Some(user) = verified else {
            self.failures.record(&email, by.remote_addr, by.at);
            return Err(LogInError::Refused);
        };
        self.failures.forget(&email, by.remote_addr);
        self.renew_hash(&user, password).await;
        self.begin(user, user_agent, by).await
    }

    fn refuse_after_failures(&self, email: &Email, by: &Envelope) -> Result<(), LogInError> {
        match self.failures.blocked_for(email, by.remote_addr, by.at) {
            Some(retry_after) => Err(LogInError::TooManyFailures { retry_after }),
            None => Ok(()),
        }
    }

    /// Makes the hash of a password anew where hashes have become dearer since: only now is the password known. Nobody is
    /// refused because that failed; it is tried again when they next sign in.
    async fn renew_hash(&self, user: &User, password: Password) {
        if !self.passwords.is_outdated(&user.password_hash) {
            return;
        }
        let renewed = match self.passwords.hash(password).await {
            Ok(hash) => self
                .identities
                .renew_hash(user.id, user.password_hash.clone(), hash)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = renewed {
            tracing::warn!(error, "a password keeps its cheaper hash for now");
        }
    }

    async fn begin(
        &self,
        user: User,
        user_agent: Option<UserAgent>,
        by: Envelope,
    ) -> Result<Pass, LogInError> {
        let secrets = &self.desk.secrets;
        let (family, own) =
            (secrets.draw().map_err(DeskError::from)?, secrets.draw().map_err(DeskError::from)?);
        let refresh = RefreshToken { family, own };
        let at = by.at;
        let signed_in = SignedIn {
            session: SessionId(self.ids.next()),
            user: user.id,
            email: user.email,
            role: user.role,
            must_change_password: user.must_change_password,
            expires_at: at + self.desk.lifetimes.refresh,
        };
        let session = NewSession {
            id: signed_in.session,
            user: user.id,
            refresh: digest(&refresh),
            expires_at: signed_in.expires_at,
            user_agent,
        };
        let pass = self.desk.pass(signed_in, refresh, at)?;
        self.desk.sessions.begin(session, by).await?;
        Ok(pass)
    }
}
