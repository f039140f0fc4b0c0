//! Users are managed: made with a password that is shown once, changed, and given another one.

use std::sync::Arc;

use domain::access::Asker;
use domain::identity::{Account, AccountChange, ChangedAccount, Email, Password, Role, User, UserId};
use domain::port::{AccountDesk, HasherUnavailable, NoRandomness, PasswordHasher, SecretSource, StoreError};
use domain::request::Envelope;

use crate::create_user::{CreateUser, CreateUserError, NewUser};
use crate::sign_in::SessionCache;

/// Makes users on behalf of admins.
pub struct InviteUser {
    /// Makes them.
    pub create: CreateUser,
    /// Draws their first password.
    pub secrets: Arc<dyn SecretSource>,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteUserError {
    /// No password was drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Nobody was made.
    #[error(transparent)]
    Create(#[from] CreateUserError),
}

impl InviteUser {
    /// Makes a user, and the password with which they sign in once, to choose their own.
    ///
    /// # Errors
    /// When the address is taken, or something that is needed is away. Nobody was made then.
    pub async fn execute(
        &self,
        email: Email,
        role: Role,
        by: Envelope,
    ) -> Result<(User, Password), InviteUserError> {
        let password = self.secrets.draw_password()?;
        let new = NewUser { email, role, password: password.clone(), must_change_password: true };
        Ok((self.create.execute(new, by).await?, password))
    }
}

/// Changes users.
pub struct ChangeUser {
    /// Keeps the users.
    pub desk: Arc<dyn AccountDesk>,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Draws them.
    pub secrets: Arc<dyn SecretSource>,
    /// Forgets what is not so any more.
    pub cache: SessionCache,
}

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeUserError {
    /// There is no such user.
    #[error("no user has this id")]
    Unknown,
    /// Nobody could manage users any more.
    #[error("this is the last admin who is not disabled: make another one first")]
    LastAdmin,
    /// Nobody gives themselves another role.
    #[error("nobody changes their own role: ask another admin")]
    OwnRole,
    /// One's own password is changed by who knows it.
    #[error("change your own password with POST /auth/password, which asks for the old one")]
    OwnPassword,
    /// One's own second factor is removed by who has it.
    #[error("remove your own second factor with POST /auth/second-factor/remove, which asks for it")]
    OwnSecondFactor,
    /// No password was drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The password could not be hashed.
    #[error(transparent)]
    Hasher(#[from] HasherUnavailable),
    /// The store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChangeUser {
    /// Gives `id` another role. With less than before their sessions end at once.
    ///
    /// # Errors
    /// When it is one's own, the last admin's or nobody's, or the store is away.
    pub async fn set_role(
        &self,
        id: UserId,
        role: Role,
        (asker, by): (&Asker, Envelope),
    ) -> Result<Account, ChangeUserError> {
        if is_oneself(asker, id) {
            return Err(ChangeUserError::OwnRole);
        }
        self.change(id, AccountChange::Role(role), by).await
    }

    /// Lets `id` sign in no more, and ends their sessions at once.
    ///
    /// # Errors
    /// When it is the last admin or nobody, or the store is away.
    pub async fn disable(&self, id: UserId, by: Envelope) -> Result<Account, ChangeUserError> {
        self.change(id, AccountChange::Disable, by).await
    }

    /// Lets `id` sign in again.
    ///
    /// # Errors
    /// When it is nobody, or the store is away.
    pub async fn enable(&self, id: UserId, by: Envelope) -> Result<Account, ChangeUserError> {
        self.change(id, AccountChange::Enable, by).await
    }

    /// Gives `id` a password with which they sign in once, to choose their own, and ends their sessions at once.
    ///
    /// # Errors
    /// When it is oneself or nobody, or something that is needed is away.
    pub async fn reset_password(
        &self,
        id: UserId,
        (asker, by): (&Asker, Envelope),
    ) -> Result<(Account, Password), ChangeUserError> {
        if is_oneself(asker, id) {
            return Err(ChangeUserError::OwnPassword);
        }
        let password = self.secrets.draw_password()?;
        let hash = self.passwords.hash(password.clone()).await?;
        Ok((self.change(id, AccountChange::ResetPassword(hash), by).await?, password))
    }

    /// Takes the second factor of `id` away, who has lost it, and ends their sessions at once.
    ///
    /// # Errors
    /// When it is oneself or nobody, or the store is away.
    pub async fn remove_second_factor(
        &self,
        id: UserId,
        (asker, by): (&Asker, Envelope),
    ) -> Result<Account, ChangeUserError> {
        if is_oneself(asker, id) {
            return Err(ChangeUserError::OwnSecondFactor);
        }
        self.change(id, AccountChange::RemoveSecondFactor, by).await
    }

    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        by: Envelope,
    ) -> Result<Account, ChangeUserError> {
        match self.desk.change(id, change, by).await? {
            ChangedAccount::Done { account, sessions } => {
                self.cache.forget_all(&sessions).await;
                Ok(*account)
            }
            ChangedAccount::Unknown => Err(ChangeUserError::Unknown),
            ChangedAccount::LastAdmin => Err(ChangeUserError::LastAdmin),
        }
    }
}

fn is_oneself(asker: &Asker, id: UserId) -> bool {
    asker.person().is_some_and(|who| who.user == id)
}

#[cfg(test)]
mod tests {
    use domain::identity::PasswordHash;
    use domain::port::{Cache, MockAccountDesk};
    use domain::session::{SessionId, SignedIn};
    use jiff::Timestamp;
    use std::time::Duration;
    use testkit::fakes::{CountingIds, CountingSecrets, FakeCache, FakePasswords};

    use super::*;

    const ANA: UserId = UserId(uuid::Uuid::from_u128(1));
    const EVA: UserId = UserId(uuid::Uuid::from_u128(2));

    fn ana() -> Asker {
        Asker::Person(SignedIn {
            session: SessionId(CountingIds::nth(9)),
            user: ANA,
            email: Email::parse("ana@empresa.mx").unwrap(),
            role: Role::Admin,
            must_change_password: false,
            has_second_factor: false,
            expires_at: Timestamp::MAX,
        })
    }

    fn by() -> Envelope {
        Envelope::of_program("ana@empresa.mx", Timestamp::UNIX_EPOCH)
    }

    fn account(id: UserId) -> Account {
        Account {
            id,
            email: Email::parse("eva@empresa.mx").unwrap(),
            role: Role::Viewer,
            must_change_password: true,
            has_second_factor: false,
            created_at: Timestamp::UNIX_EPOCH,
            disabled_at: None,
        }
    }

    fn use_case(desk: MockAccountDesk, cache: Arc<FakeCache>) -> ChangeUser {
        ChangeUser {
            desk: Arc::new(desk),
            passwords: Arc::new(FakePasswords::default()),
            secrets: Arc::new(CountingSecrets::default()),
            cache: SessionCache { cache: Some(cache), keep_for: Duration::from_secs(5) },
        }
    }

    #[tokio::test]
    async fn nobody_changes_their_own_role_or_resets_their_own_password() {
        let change = use_case(MockAccountDesk::new(), Arc::default());
        for role in Role::ALL {
            let refused = change.set_role(ANA, role, (&ana(), by())).await;
            assert!(matches!(refused, Err(ChangeUserError::OwnRole)), "{refused:?}");
        }
        let refused = change.reset_password(ANA, (&ana(), by())).await;
        assert!(matches!(refused, Err(ChangeUserError::OwnPassword)), "{refused:?}");
    }

    #[tokio::test]
    async fn copies_of_the_sessions_that_ended_are_forgotten_and_no_others() {
        let mut desk = MockAccountDesk::new();
        let (ended, other) = (SessionId(CountingIds::nth(1)), SessionId(CountingIds::nth(2)));
        desk.expect_change()
            .withf(|id, change, _| *id == EVA && *change == AccountChange::Disable)
            .returning(move |id, _, _| {
                Ok(ChangedAccount::Done { account: Box::new(account(id)), sessions: vec![ended] })
            });
        let cache = Arc::new(FakeCache::default());
        let key = |session: SessionId| format!("session:{}", session.0);
        for session in [ended, other] {
            cache.put(&key(session), b"copy".to_vec(), Duration::from_secs(5)).await.unwrap();
        }
        use_case(desk, cache.clone()).disable(EVA, by()).await.unwrap();
        assert_eq!(cache.get(&key(ended)).await.unwrap(), None);
        assert!(cache.get(&key(other)).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_reset_password_is_kept_as_its_hash_and_told_once() {
        let hashed = Arc::new(std::sync::Mutex::new(None::<PasswordHash>));
        let mut desk = MockAccountDesk::new();
        let seen = hashed.clone();
        desk.expect_change().returning(move |id, change, _| {
            let AccountChange::ResetPassword(hash) = change else { panic!("{change:?}") };
            *seen.lock().unwrap() = Some(hash);
            Ok(ChangedAccount::Done { account: Box::new(account(id)), sessions: Vec::new() })
        });
        let change = use_case(desk, Arc::default());
        let (_, password) = change.reset_password(EVA, (&ana(), by())).await.unwrap();
        let hash = hashed.lock().unwrap().clone().unwrap();
        assert_eq!(FakePasswords::default().verify(password, hash).await, Ok(true));
    }

    #[tokio::test]
    async fn the_last_admin_and_nobody_are_told_apart() {
        let mut desk = MockAccountDesk::new();
        desk.expect_change().withf(|id, _, _| *id == EVA).returning(|_, _, _| Ok(ChangedAccount::LastAdmin));
        desk.expect_change().returning(|_, _, _| Ok(ChangedAccount::Unknown));
        let change = use_case(desk, Arc::default());
        assert!(matches!(change.disable(EVA, by()).await, Err(ChangeUserError::LastAdmin)));
        assert!(matches!(change.enable(ANA, by()).await, Err(ChangeUserError::Unknown)));
    }
}
