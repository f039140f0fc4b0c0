//! Somebody signs in.

use std::sync::Arc;
use std::time::Duration;

use domain::identity::{Email, Password, PasswordHash, ShownFactor, User};
use domain::port::{HasherUnavailable, IdentityStore, Ids, PasswordHasher, StoreError};
use domain::request::Envelope;
use domain::session::{NewSession, RefreshToken, SessionId, SignedIn, UserAgent};

use super::{DeskError, FactorDesk, LoginThrottle, Pass, SignInDesk, digest};

/// Signs people in.
pub struct LogIn {
    /// Keeps the users.
    pub identities: Arc<dyn IdentityStore>,
    /// Verifies the password.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Counts who failed.
    pub throttle: LoginThrottle,
    /// Looks at second factors.
    pub factors: FactorDesk,
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
    /// The second factor, of those who have one.
    pub factor: Option<ShownFactor>,
    /// What the client calls itself.
    pub user_agent: Option<UserAgent>,
}

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// There is no such user, they are disabled, or the password is another. Which it was is not told.
    #[error("the e-mail address or the password is wrong")]
    Refused,
    /// The password is right, and its user has a second factor.
    #[error(
        "the password is not enough: give `code`, the six digits that your authenticator shows, or a recovery code"
    )]
    FactorNeeded,
    /// The password is right, and what was shown as the second factor is another, or was used before.
    #[error("the code is wrong, or was used before: wait for the next one")]
    WrongFactor,
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
    /// Signs in whoever knows the password of the address and has its second factor, in a time that does not tell whether there
    /// is such a user.
    ///
    /// # Errors
    /// When it is refused, too many failed before, or something that is needed is away. Nobody is signed in then.
    pub async fn execute(&self, login: Login, by: Envelope) -> Result<Pass, LogInError> {
        let Login { email, password, factor, user_agent } = login;
        self.refuse_after_failures(&email, &by).await?;
        let verified = if let Some(user) = self.identities.find_user(email.clone()).await? {
            let is_right = self.passwords.verify(password.clone(), user.password_hash.clone()).await?;
            is_right.then_some(user)
        } else {
            self.passwords.verify_absent(password.clone()).await?;
            None
        };
        // Asked again: of many guesses sent at once, the right one counts only while few of the others have failed.
        self.refuse_after_failures(&email, &by).await?;
        let Some(user) = verified else {
            self.throttle.record(&email, by.remote_addr, by.at).await?;
            return Err(LogInError::Refused);
        };
        let has_second_factor = self.ask_factor(&user, factor, &by).await?;
        self.throttle.forget(&email, by.remote_addr).await?;
        let password_hash = self.renew_hash(&user, password).await;
        self.begin(user, (password_hash, has_second_factor), user_agent, by).await
    }

    async fn refuse_after_failures(&self, email: &Email, by: &Envelope) -> Result<(), LogInError> {
        match self.throttle.blocked_for(email, by.remote_addr, by.at).await? {
            Some(retry_after) => Err(LogInError::TooManyFailures { retry_after }),
            None => Ok(()),
        }
    }

    /// Says whether `user` has one. That none was shown is no guess, and is not counted; nor does it make the guesses before it
    /// forgotten.
    async fn ask_factor(
        &self,
        user: &User,
        shown: Option<ShownFactor>,
        by: &Envelope,
    ) -> Result<bool, LogInError> {
        let has = self.factors.factors.find(user.id).await?.filter(|factor| factor.is_confirmed);
        let Some(has) = has else { return Ok(false) };
        let shown = shown.ok_or(LogInError::FactorNeeded)?;
        if self.factors.accepts(user.id, &has.secret, &shown, by).await? {
            return Ok(true);
        }
        self.throttle.record(&user.email, by.remote_addr, by.at).await?;
        Err(LogInError::WrongFactor)
    }

    /// Makes the hash of a password anew where hashes have become dearer since: only now is the password known. Answers the one
    /// that is kept now. Nobody is refused because that failed; it is tried again when they next sign in.
    async fn renew_hash(&self, user: &User, password: Password) -> PasswordHash {
        let old = user.password_hash.clone();
        if !self.passwords.is_outdated(&old) {
            return old;
        }
        let renewed = match self.passwords.hash(password).await {
            Ok(hash) => self
                .identities
                .renew_hash(user.id, old.clone(), hash.clone())
                .await
                .map(|()| hash)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        renewed.unwrap_or_else(|error| {
            tracing::warn!(error, "a password keeps its cheaper hash for now");
            old
        })
    }

    async fn begin(
        &self,
        user: User,
        (password_hash, has_second_factor): (PasswordHash, bool),
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
            has_second_factor,
            expires_at: at + self.desk.lifetimes.refresh,
        };
        let session = NewSession {
            id: signed_in.session,
            user: user.id,
            password_hash,
            has_second_factor,
            refresh: digest(&refresh),
            expires_at: signed_in.expires_at,
            user_agent,
        };
        let pass = self.desk.pass(signed_in, refresh, at)?;
        // Who changed the password or the second factor in the same moment has ended all sessions: none may begin by what was so
        // before.
        match self.desk.sessions.begin(session, by).await {
            Ok(()) => Ok(pass),
            Err(StoreError::Conflict { .. }) => Err(LogInError::Refused),
            Err(error) => Err(error.into()),
        }
    }
}
