//! Keys with which programs ask.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::api_key::{AllowedFrom, ApiKey, ApiKeyId, KeyName, NewApiKey};
use domain::port::{ApiKeyStore, StoreError};
use domain::request::Envelope;
use jiff::Timestamp;
use tokio_postgres::error::DbError;
use tokio_postgres::{GenericClient, Row};

use crate::database::Database;
use crate::error::{classify, conflict, corrupt};
use crate::request::audit;

/// [`ApiKeyStore`] over the table `api_keys`.
pub struct PostgresApiKeyStore {
    database: Database,
}

impl PostgresApiKeyStore {
    /// The keys of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ApiKeyStore for PostgresApiKeyStore {
    async fn add(&self, key: NewApiKey, living_max: u32, by: Envelope) -> Result<ApiKey, StoreError> {
        let doing = "add an API key";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.execute(include_str!("../sql/api_key_lock.sql"), &[]).await.map_err(failed)?;
        let counted = transaction
            .query_one(include_str!("../sql/api_key_count.sql"), &[&by.at])
            .await
            .map_err(failed)?;
        if counted.get::<_, i64>("living") >= i64::from(living_max) {
            return Err(conflict(
                doing,
                "as many live as may (auth.api_keys_max); revoke one that nobody uses",
            ));
        }
        let insert = include_str!("../sql/api_key_insert.sql");
        let inserted = transaction
            .execute(
                insert,
                &[
                    &key.id.0,
                    &key.name.as_str(),
                    &key.role.as_str(),
                    &key.secret_sha256.as_slice(),
                    &key.allowed_from.to_texts(),
                    &by.actor.0,
                    &by.at,
                    &key.expires_at,
                ],
            )
            .await;
        inserted.map_err(|error| match error.as_db_error().and_then(DbError::constraint) {
            Some("api_keys_name_key") => {
                conflict(doing, "another key has this name; give another, or revoke that one first")
            }
            Some(_) | None => classify(doing, &error),
        })?;
        audit(&transaction, "api_key.create", ("api_key", &key.id.to_string()), &by, doing).await?;
        let added = find(&*transaction, key.id, doing).await?;
        transaction.commit().await.map_err(failed)?;
        added.ok_or_else(|| corrupt(doing, "the key that was added is not there"))
    }

    async fn page(&self, after: Option<ApiKeyId>, limit: u16) -> Result<Vec<ApiKey>, StoreError> {
        let doing = "list API keys";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(
                include_str!("../sql/api_key_page.sql"),
                &[&after.map(|ApiKeyId(id)| id), &i64::from(limit)],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let doing = "find an API key";
        let client = self.database.pooled(doing).await?;
        find(&**client, id, doing).await
    }

    async fn revoke(&self, id: ApiKeyId, by: Envelope) -> Result<Option<ApiKey>, StoreError> {
        let doing = "revoke an API key";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let revoked = transaction
            .execute(include_str!("../sql/api_key_revoke.sql"), &[&id.0, &by.at])
            .await
            .map_err(failed)?;
        if revoked == 1 {
            audit(&transaction, "api_key.revoke", ("api_key", &id.to_string()), &by, doing).await?;
        }
        let found = find(&*transaction, id, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(found)
    }

    async fn find_living(
        &self,
        id: ApiKeyId,
        secret_sha256: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<ApiKey>, StoreError> {
        let doing = "find the API key that was shown";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(
                include_str!("../sql/api_key_find_living.sql"),
                &[&id.0, &secret_sha256.as_slice(), &at],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn note_use(
        &self,
        id: ApiKeyId,
        at: Timestamp,
        from: Option<IpAddr>,
        unless_since: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = "note the use of an API key";
        let client = self.database.pooled(doing).await?;
        // No row is no error: another noted a use just now, or the key is gone.
        client
            .execute(include_str!("../sql/api_key_note_use.sql"), &[&id.0, &at, &from, &unless_since])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(())
    }
}

async fn find(client: &impl GenericClient, id: ApiKeyId, doing: &str) -> Result<Option<ApiKey>, StoreError> {
    let row = client
        .query_opt(include_str!("../sql/api_key_find.sql"), &[&id.0])
        .await
        .map_err(|error| classify(doing, &error))?;
    row.map(|row| decode(&row, doing)).transpose()
}

fn decode(row: &Row, doing: &str) -> Result<ApiKey, StoreError> {
    let role: &str = row.get("role");
    let networks: Vec<&str> = row.get("allowed_from");
    Ok(ApiKey {
        id: ApiKeyId(row.get("id")),
        name: KeyName::parse(row.get("name")).map_err(|error| corrupt(doing, error.to_string()))?,
        role: role.parse().map_err(|_| corrupt(doing, "role holds an unknown value"))?,
        allowed_from: AllowedFrom::parse(networks).map_err(|error| corrupt(doing, error.to_string()))?,
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        revoked_at: row.get("revoked_at"),
        last_used_at: row.get("last_used_at"),
        last_used_from: row.get("last_used_from"),
    })
}
