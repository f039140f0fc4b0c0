//! Users.

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, User, UserId};
use domain::port::{IdentityStore, StoreError};
use tokio_postgres::error::DbError;

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
    async fn add_user(&self, user: User, actor: String) -> Result<(), StoreError> {
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
                    &actor,
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
}
