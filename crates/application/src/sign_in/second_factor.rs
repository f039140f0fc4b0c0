//! A second factor: brought in, confirmed, shown when signing in, and removed.

use std::sync::Arc;
use std::time::Duration;

use domain::identity::{Password, RecoveryCode, ShownFactor, TotpSecret, UserId};
use domain::port::{
    Enrolment, HasherUnavailable, IdentityStore, NoRandomness, OneTimeCodes, PasswordHasher,
    SecondFactorStore, SecretSource, StoreError,
};
use domain::request::Envelope;
use domain::session::SignedIn;
use sha2::{Digest, Sha256};

use super::{LoginThrottle, SessionCache};

/// Says whether what somebody shows is their second factor.
#[derive(Clone)]
pub struct FactorDesk {
    /// Keeps the factors.
    pub factors: Arc<dyn SecondFactorStore>,
    /// Computes the codes.
    pub codes: Arc<dyn OneTimeCodes>,
}

impl FactorDesk {
    /// Whether `shown` is good for `user`, whose authenticator knows `secret`. It is used up by that.
    pub(super) async fn accepts(
        &self,
        user: UserId,
        secret: &TotpSecret,
        shown: &ShownFactor,
        by: &Envelope,
    ) -> Result<bool, StoreError> {
        match shown {
            ShownFactor::Code(code) => match self.codes.step(secret, code, by.at) {
                Some(step) => self.factors.use_step(user, step).await,
                None => Ok(false),
            },
            ShownFactor::Recovery(code) => self.factors.use_recovery(user, digest(code), by.clone()).await,
        }
    }
}

fn digest(code: &RecoveryCode) -> [u8; 32] {
    Sha256::digest(code.expose()).into()
}

/// Brings people's second factors in, and takes them away.
pub struct SecondFactors {
    /// Keeps and reads them.
    pub desk: FactorDesk,
    /// Keeps the users.
    pub identities: Arc<dyn IdentityStore>,
    /// Verifies passwords: whoever found an open browser changes nothing.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Counts who showed what was wrong.
    pub throttle: LoginThrottle,
    /// Draws secrets and recovery codes.
    pub secrets: Arc<dyn SecretSource>,
    /// Forgets what is not so any more.
    pub cache: SessionCache,
}

/// Why a second factor is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SecondFactorError {
    /// The password is another.
    #[error("the password is wrong")]
    WrongPassword,
    /// The code is another, or was used before.
    #[error("the code is wrong, or was used before: wait for the next one")]
    WrongCode,
    /// Too much was wrong before, from the same place.
    #[error("too many wrong passwords or codes were given")]
    TooManyFailures {
        /// When more is looked at.
        retry_after: Duration,
    },
    /// There is one already.
    #[error("there is a second factor already: remove it first")]
    Present,
    /// There is none, or none that waits to be confirmed.
    #[error("there is no second factor: begin with POST /auth/second-factor")]
    Absent,
    /// No secret was drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The password could not be verified.
    #[error(transparent)]
    Hasher(#[from] HasherUnavailable),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SecondFactors {
    /// Makes a secret for the authenticator of `who`. It is asked for only once it is confirmed; another offer takes its place
    /// before that.
    ///
    /// # Errors
    /// When the password is wrong, there is a confirmed one, or something that is needed is away.
    pub async fn offer(
        &self,
        who: &SignedIn,
        password: Password,
        by: Envelope,
    ) -> Result<Enrolment, SecondFactorError> {
        self.look(who, &by).await?;
        self.verify(who, password, &by).await?;
        if self.desk.factors.find(who.user).await?.is_some_and(|factor| factor.is_confirmed) {
            return Err(SecondFactorError::Present);
        }
        let secret = TotpSecret::from(self.secrets.draw()?);
        self.desk.factors.offer(who.user, secret, by).await.map_err(|error| match error {
            StoreError::Conflict { .. } => SecondFactorError::Present,
            StoreError::Unavailable { .. } | StoreError::Corrupt { .. } => error.into(),
        })?;
        Ok(self.desk.codes.enrolment(&secret, &who.email))
    }

    /// Confirms the secret that was offered by a code of it, ends the other sessions of `who`, and gives the codes that stand in
    /// for it, this once.
    ///
    /// # Errors
    /// When the code is wrong, nothing waits to be confirmed, or something that is needed is away.
    pub async fn confirm(
        &self,
        who: &SignedIn,
        shown: &ShownFactor,
        by: Envelope,
    ) -> Result<Vec<RecoveryCode>, SecondFactorError> {
        self.look(who, &by).await?;
        let offered = self.desk.factors.find(who.user).await?.filter(|factor| !factor.is_confirmed);
        let secret = offered.ok_or(SecondFactorError::Absent)?.secret;
        let step = match shown {
            ShownFactor::Code(code) => self.desk.codes.step(&secret, code, by.at),
            ShownFactor::Recovery(_) => None,
        };
        let Some(step) = step else {
            self.throttle.record(&who.email, by.remote_addr, by.at).await?;
            return Err(SecondFactorError::WrongCode);
        };
        let mut recovery = Vec::with_capacity(RecoveryCode::COUNT);
        for _ in 0..RecoveryCode::COUNT {
            recovery.push(RecoveryCode::from(self.secrets.draw()?));
        }
        let digests = recovery.iter().map(digest).collect();
        let confirmed = self.desk.factors.confirm(who.user, secret, step, digests, who.session, by).await;
        let mut stale = confirmed.map_err(|error| match error {
            StoreError::Conflict { .. } => SecondFactorError::Absent,
            StoreError::Unavailable { .. } | StoreError::Corrupt { .. } => error.into(),
        })?;
        // The copy of this session says still that there is none.
        stale.push(who.session);
        self.cache.forget_all(&stale).await;
        Ok(recovery)
    }

    /// Removes the second factor of `who`, who shows both.
    ///
    /// # Errors
    /// When the password or the code is wrong, there is none, or something that is needed is away.
    pub async fn remove(
        &self,
        who: &SignedIn,
        (password, shown): (Password, &ShownFactor),
        by: Envelope,
    ) -> Result<(), SecondFactorError> {
        self.look(who, &by).await?;
        self.verify(who, password, &by).await?;
        let confirmed = self.desk.factors.find(who.user).await?.filter(|factor| factor.is_confirmed);
        let secret = confirmed.ok_or(SecondFactorError::Absent)?.secret;
        if !self.desk.accepts(who.user, &secret, shown, &by).await? {
            self.throttle.record(&who.email, by.remote_addr, by.at).await?;
            return Err(SecondFactorError::WrongCode);
        }
        if !self.desk.factors.remove(who.user, by).await? {
            return Err(SecondFactorError::Absent);
        }
        self.cache.forget(who.session).await;
        Ok(())
    }

    async fn look(&self, who: &SignedIn, by: &Envelope) -> Result<(), SecondFactorError> {
        match self.throttle.blocked_for(&who.email, by.remote_addr, by.at).await? {
            Some(retry_after) => Err(SecondFactorError::TooManyFailures { retry_after }),
            None => Ok(()),
        }
    }

    async fn verify(
        &self,
        who: &SignedIn,
        password: Password,
        by: &Envelope,
    ) -> Result<(), SecondFactorError> {
        let user = self.identities.find_user(who.email.clone()).await?;
        let user = user.filter(|user| user.id == who.user).ok_or(SecondFactorError::WrongPassword)?;
        if self.passwords.verify(password, user.password_hash).await? {
            return Ok(());
        }
        self.throttle.record(&who.email, by.remote_addr, by.at).await?;
        Err(SecondFactorError::WrongPassword)
    }
}
