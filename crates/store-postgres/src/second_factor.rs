//! Second factors.

use async_trait::async_trait;
use domain::identity::{SecondFactor, TotpSecret, UserId};
use domain::port::{SecondFactorStore, StoreError};
use domain::request::Envelope;
use domain::session::{EndReason, SessionId};

use crate::account::{Noted, end_sessions, note};
use crate::database::Database;
use crate::error::{classify, corrupt, exactly_one};

/// [`SecondFactorStore`] over the tables `second_factors`, `recovery_codes`, `sessions` and `audit_log`.
pub struct PostgresSecondFactorStore {
    database: Database,
}

impl PostgresSecondFactorStore {
    /// The second factors of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SecondFactorStore for PostgresSecondFactorStore {
    async fn find(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let doing = "find a second factor";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/second_factor_find.sql"), &[&user.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| {
            let secret: &[u8] = row.get("secret");
            let secret = secret.try_into().map_err(|_| corrupt(doing, "secret has another length"))?;
            Ok(SecondFactor { secret: TotpSecret::new(secret), is_confirmed: row.get("is_confirmed") })
        })
        .transpose()
    }

    async fn offer(&self, user: UserId, secret: TotpSecret, by: Envelope) -> Result<(), StoreError> {
        let doing = "offer a second factor";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let offer = include_str!("../sql/second_factor_offer.sql");
        let rows =
            transaction.execute(offer, &[&user.0, &&secret.expose()[..], &by.at]).await.map_err(failed)?;
        exactly_one(rows, doing, "a confirmed one is there")?;
        note(&transaction, "user.offer_second_factor", user, Noted::default(), &by, doing).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn confirm(
        &self,
        user: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        here: SessionId,
        by: Envelope,
    ) -> Result<Vec<SessionId>, StoreError> {
        let doing = "confirm a second factor";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        // So that no session begins meanwhile without the factor.
        transaction.query_opt(include_str!("../sql/user_lock.sql"), &[&user.0]).await.map_err(failed)?;
        let confirm = include_str!("../sql/second_factor_confirm.sql");
        let rows = transaction
            .execute(confirm, &[&user.0, &&secret.expose()[..], &by.at, &step])
            .await
            .map_err(failed)?;
        exactly_one(rows, doing, "nothing waits to be confirmed")?;
        let recovery: Vec<&[u8]> = recovery.iter().map(|sha256| &sha256[..]).collect();
        transaction
            .execute(include_str!("../sql/recovery_codes_insert.sql"), &[&user.0, &recovery])
            .await
            .map_err(failed)?;
        let reason = EndReason::SecondFactorChanged;
        let ended = end_sessions(&transaction, user, reason, Some(here), by.at, doing).await?;
        let noted = Noted { sessions_ended: ended.len(), ..Noted::default() };
        note(&transaction, "user.add_second_factor", user, noted, &by, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(ended)
    }

    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let doing = "use up a code";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .execute(include_str!("../sql/second_factor_use_step.sql"), &[&user.0, &step])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(rows == 1)
    }

    async fn use_recovery(&self, user: UserId, sha256: [u8; 32], by: Envelope) -> Result<bool, StoreError> {
        let doing = "use up a recovery code";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .execute(
                include_str!("../sql/recovery_code_use.sql"),
                &[&user.0, &&sha256[..], &by.actor.0, &by.request_id, &by.remote_addr],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(rows == 1)
    }

    async fn remove(&self, user: UserId, by: Envelope) -> Result<bool, StoreError> {
        let doing = "remove a second factor";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.query_opt(include_str!("../sql/user_lock.sql"), &[&user.0]).await.map_err(failed)?;
        let remove = include_str!("../sql/second_factor_remove.sql");
        let rows = transaction.execute(remove, &[&user.0]).await.map_err(failed)?;
        if rows == 0 {
            return Ok(false);
        }
        note(&transaction, "user.remove_second_factor", user, Noted::default(), &by, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }
}
