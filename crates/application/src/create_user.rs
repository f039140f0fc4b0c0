//! Somebody is given an account.

use std::sync::Arc;

use domain::identity::{Email, Password, PasswordRefused, PasswordRule, Role, User, UserId};
use domain::port::{HasherUnavailable, IdentityStore, Ids, PasswordHasher, StoreError};
use domain::request::Envelope;

/// Makes a user.
pub struct CreateUser {
    /// Keeps the users.
    pub identities: Arc<dyn IdentityStore>,
    /// Hashes the password.
    pub passwords: Arc<dyn PasswordHasher>,
    /// What a password must be.
    pub password_rule: PasswordRule,
    /// Makes the id.
    pub ids: Arc<dyn Ids>,
}

/// Who is to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Signs in with it.
    pub email: Email,
    /// What the user may do.
    pub role: Role,
    /// The first password.
    pub password: Password,
    /// Whether the next sign-in must set another, as after a generated one.
    pub must_change_password: bool,
}

/// Why nobody was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// The password is not taken.
    #[error(transparent)]
    PasswordRefused(#[from] PasswordRefused),
    /// The password could not be hashed.
    #[error(transparent)]
    Hasher(#[from] HasherUnavailable),
    /// The address is taken, or the store is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CreateUser {
    /// Makes the user.
    ///
    /// # Errors
    /// When the password is refused, the address is taken, or hasher or store are away. Nobody was made then.
    pub async fn execute(&self, new: NewUser, by: Envelope) -> Result<User, CreateUserError> {
        self.password_rule.check(&new.password, &new.email)?;
        let user = User {
            id: UserId(self.ids.next()),
            email: new.email,
            role: new.role,
            password_hash: self.passwords.hash(new.password).await?,
            must_change_password: new.must_change_password,
            created_at: by.at,
        };
        self.identities.add_user(user.clone(), by).await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use domain::identity::PasswordHash;
    use domain::port::{MockIdentityStore, MockIds, MockPasswordHasher};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn new_user(password: &str) -> NewUser {
        NewUser {
            email: Email::parse("ana@empresa.mx").unwrap(),
            role: Role::Manager,
            password: Password::new(password),
            must_change_password: true,
        }
    }

    fn by() -> Envelope {
        Envelope::of_program("migrator", Timestamp::UNIX_EPOCH)
    }

    fn use_case(identities: MockIdentityStore, passwords: MockPasswordHasher) -> CreateUser {
        let mut ids = MockIds::new();
        ids.expect_next().return_const(Uuid::from_u128(7));
        CreateUser {
            identities: Arc::new(identities),
            passwords: Arc::new(passwords),
            password_rule: PasswordRule { length_min: 12, length_max: 128 },
            ids: Arc::new(ids),
        }
    }

    #[tokio::test]
    async fn a_user_is_stored_with_the_hash_and_never_the_password() {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().returning(|_| Ok(PasswordHash::new("$argon2id$x".to_owned())));
        let mut identities = MockIdentityStore::new();
        identities
            .expect_add_user()
            .withf(|user, by| {
                user.password_hash.as_str() == "$argon2id$x"
                    && user.id == UserId(Uuid::from_u128(7))
                    && user.created_at == Timestamp::UNIX_EPOCH
                    && user.must_change_password
                    && by.actor.0 == "migrator"
            })
            .times(1)
            .returning(|_, _| Ok(()));
        let user = use_case(identities, passwords).execute(new_user("una frase larga"), by()).await.unwrap();
        assert_eq!(user.role, Role::Manager);
    }

    #[tokio::test]
    async fn a_short_password_is_refused_before_anything_is_hashed_or_stored() {
        let refused = use_case(MockIdentityStore::new(), MockPasswordHasher::new())
            .execute(new_user("corta"), by())
            .await;
        assert!(matches!(refused, Err(CreateUserError::PasswordRefused(PasswordRefused::TooShort { .. }))));
    }

    #[tokio::test]
    async fn a_hasher_that_is_away_leaves_nobody_behind() {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().returning(|_| Err(HasherUnavailable::Failed));
        let refused =
            use_case(MockIdentityStore::new(), passwords).execute(new_user("una frase larga"), by()).await;
        assert!(matches!(refused, Err(CreateUserError::Hasher(HasherUnavailable::Failed))));
    }
}
