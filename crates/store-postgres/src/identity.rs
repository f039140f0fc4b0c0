//! Users.

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, User, UserId};
use domain::port::{IdentityStore, StoreError};
use domain::request::Envelope;
use domain::session::{EndReason, SessionId};
use tokio_postgres::error::DbError;

use crate::account::{Noted, end_sessions, note};

use crate::database::Database;
use crate::error::{classify, corrupt, exactly_one};

/// [`IdentityStore`] over the tables `users` and `audit_log`.
pub struct PostgresIdentityStore {
    database: Database,
}

impl PostgresIdentityStore {
    /// The users of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl IdentityStore for PostgresIdentityStore {
    async fn add_user(&self, user: User, by: Envelope) -> Result<(), StoreError> {
        let doing = "add a user";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .execute(
                include_str!("../sql/user_insert.sql"),
                &[
                    &user.id.0,
                    &user.email.as_str(),
                    &user.role.as_str(),
                    &user.password_hash.as_str(),
                    &user.must_change_password,
                    &user.created_at,
                    &by.actor.0,
                    &by.request_id,
                    &by.remote_addr,
                ],
            )
            .await
            .map_err(|error| match error.as_db_error().and_then(DbError::constraint) {
                Some("users_email_key") => StoreError::Conflict {
                    doing: doing.to_owned(),
                    reason: "a user has this e-mail address already".to_owned(),
                },
                Some(_) | None => classify(doing, &error),
            })?;
        exactly_one(rows, doing, "its audit line was not written")
    }

    async fn find_user(&self, email: Email) -> Result<Option<User>, StoreError> {
        let doing = "find a user";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/user_find_by_email.sql"), &[&email.as_str()])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| {
            let role: &str = row.get("role");
            Ok(User {
                id: UserId(row.get("id")),
                email: Email::parse(row.get("email")).map_err(|error| corrupt(doing, error.to_string()))?,
                role: role.parse().map_err(|_| corrupt(doing, "role holds an unknown value"))?,
                password_hash: PasswordHash::new(row.get("password_hash")),
                must_change_password: row.get("must_change_password"),
                created_at: row.get("created_at"),
            })
        })
        .transpose()
    }

    async fn change_password(
        &self,
        user: UserId,
        old: PasswordHash,
        new: PasswordHash,
        here: SessionId,
        by: Envelope,
    ) -> Result<Vec<SessionId>, StoreError> {
        let doing = "change a password";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let changed = transaction
            .execute(
                include_str!("../sql/user_change_password.sql"),
                &[&user.0, &old.as_str(), &new.as_str()],
            )
            .await
            .map_err(failed)?;
        exactly_one(changed, doing, "it was changed in the meantime; sign in again")?;
        let ended =
            end_sessions(&transaction, user, EndReason::PasswordChanged, Some(here), by.at, doing).await?;
        let noted = Noted { sessions_ended: ended.len(), ..Noted::default() };
        note(&transaction, "user.change_password", user, noted, &by, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(ended)
    }

    async fn renew_hash(&self, user: UserId, old: PasswordHash, new: PasswordHash) -> Result<(), StoreError> {
        let doing = "keep a stronger hash of a password";
        let client = self.database.pooled(doing).await?;
        // No row is no error: the password was changed meanwhile.
        client
            .execute(include_str!("../sql/user_renew_hash.sql"), &[&user.0, &old.as_str(), &new.as_str()])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(())
    }
}
