//! Sessions.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::identity::{Email, UserId};
use domain::port::{SessionStore, StoreError};
use domain::request::Envelope;
use domain::session::{
    EndReason, NewSession, RefreshDigest, Renewal, Session, SessionId, SignedIn, UserAgent,
};
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row};

use crate::database::Database;
use crate::error::{classify, corrupt, exactly_one};

/// [`SessionStore`] over the tables `sessions`, `users` and `audit_log`.
pub struct PostgresSessionStore {
    database: Database,
}

impl PostgresSessionStore {
    /// The sessions of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SessionStore for PostgresSessionStore {
    async fn begin(&self, session: NewSession, by: Envelope) -> Result<(), StoreError> {
        let doing = "begin a session";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .execute(
                include_str!("../sql/session_insert.sql"),
                &[
                    &session.id.0,
                    &session.user.0,
                    &&session.refresh.family[..],
                    &&session.refresh.own[..],
                    &by.at,
                    &session.expires_at,
                    &session.user_agent.as_ref().map(UserAgent::as_str),
                    &by.remote_addr,
                    &by.actor.0,
                    &by.request_id,
                    &session.password_hash.as_str(),
                    &session.has_second_factor,
                ],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        exactly_one(rows, doing, "nobody of this password, or of this second factor, is there")
    }

    async fn find(&self, id: SessionId, at: Timestamp) -> Result<Option<SignedIn>, StoreError> {
        let doing = "find a session";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/session_find.sql"), &[&id.0, &at])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| signed_in(&row, row.get("expires_at"), doing)).transpose()
    }

    async fn renew(
        &self,
        shown: RefreshDigest,
        next: RefreshDigest,
        expires_at: Timestamp,
        by: Envelope,
    ) -> Result<Renewal, StoreError> {
        let doing = "renew a session";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let found = transaction
            .query_opt(
                include_str!("../sql/session_lock_family.sql"),
                &[&&shown.family[..], &&shown.own[..], &by.at],
            )
            .await
            .map_err(failed)?;
        let Some(found) = found else { return Ok(Renewal::Refused) };
        let renewed = signed_in(&found, expires_at, doing)?;
        let renewal = if found.get("is_current") {
            let renew = include_str!("../sql/session_renew.sql");
            let rows = transaction
                .execute(renew, &[&renewed.session.0, &&next.own[..], &by.at, &expires_at])
                .await
                .map_err(failed)?;
            exactly_one(rows, doing, "the session that was locked is gone")?;
            Renewal::Renewed(renewed)
        } else {
            let SignedIn { session, user, .. } = renewed;
            let is_ended = end(&*transaction, session, user, EndReason::TokenReused, &by, doing).await?;
            exactly_one(is_ended.into(), doing, "the session that was locked is gone")?;
            Renewal::Reused(session)
        };
        transaction.commit().await.map_err(failed)?;
        Ok(renewal)
    }

    async fn end(
        &self,
        id: SessionId,
        user: UserId,
        reason: EndReason,
        by: Envelope,
    ) -> Result<bool, StoreError> {
        let doing = "end a session";
        let client = self.database.pooled(doing).await?;
        end(&**client, id, user, reason, &by, doing).await
    }

    async fn list(&self, user: UserId, at: Timestamp, limit: u16) -> Result<Vec<Session>, StoreError> {
        let doing = "list the sessions of a user";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/session_list.sql"), &[&user.0, &at, &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(rows.iter().map(session).collect())
    }
}

/// Says whether a session was ended; a living session alone is.
async fn end(
    client: &impl GenericClient,
    id: SessionId,
    user: UserId,
    reason: EndReason,
    by: &Envelope,
    doing: &str,
) -> Result<bool, StoreError> {
    let rows = client
        .execute(
            include_str!("../sql/session_end.sql"),
            &[&id.0, &user.0, &by.at, &reason.as_str(), &by.actor.0, &by.request_id, &by.remote_addr],
        )
        .await
        .map_err(|error| classify(doing, &error))?;
    Ok(rows == 1)
}

fn signed_in(row: &Row, expires_at: Timestamp, doing: &str) -> Result<SignedIn, StoreError> {
    let role: &str = row.get("role");
    Ok(SignedIn {
        session: SessionId(row.get("id")),
        user: UserId(row.get("user_id")),
        email: Email::parse(row.get("email")).map_err(|error| corrupt(doing, error.to_string()))?,
        role: role.parse().map_err(|_| corrupt(doing, "role holds an unknown value"))?,
        must_change_password: row.get("must_change_password"),
        has_second_factor: row.get("has_second_factor"),
        expires_at,
    })
}

fn session(row: &Row) -> Session {
    Session {
        id: SessionId(row.get("id")),
        created_at: row.get("created_at"),
        last_used_at: row.get("last_used_at"),
        expires_at: row.get("expires_at"),
        user_agent: row.get::<_, Option<&str>>("user_agent").and_then(UserAgent::new),
        remote_addr: row.get::<_, Option<IpAddr>>("remote_addr"),
    }
}
