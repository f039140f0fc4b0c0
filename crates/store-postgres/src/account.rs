//! Users, for those who manage them.

use async_trait::async_trait;
use domain::identity::{Account, AccountChange, ChangedAccount, Email, PasswordHash, Role, UserId};
use domain::port::{AccountDesk, StoreError};
use domain::request::Envelope;
use domain::session::{EndReason, SessionId};
use jiff::Timestamp;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::database::Database;
use crate::error::{classify, corrupt, exactly_one};

/// [`AccountDesk`] over the tables `users`, `sessions` and `audit_log`.
pub struct PostgresAccountDesk {
    database: Database,
}

impl PostgresAccountDesk {
    /// The users of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl AccountDesk for PostgresAccountDesk {
    async fn page(&self, after: Option<UserId>, limit: u16) -> Result<Vec<Account>, StoreError> {
        let doing = "list users";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/user_page.sql"), &[&after.map(|UserId(id)| id), &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let doing = "find a user";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/user_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        by: Envelope,
    ) -> Result<ChangedAccount, StoreError> {
        let doing = "change a user";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let admins =
            transaction.query(include_str!("../sql/user_lock_admins.sql"), &[]).await.map_err(failed)?;
        let found =
            transaction.query_opt(include_str!("../sql/user_lock.sql"), &[&id.0]).await.map_err(failed)?;
        if found.is_none() {
            return Ok(ChangedAccount::Unknown);
        }
        let before = read(&transaction, id, doing).await?;
        let is_last = admins.len() == 1 && admins[0].get::<_, Uuid>("id") == id.0;
        if is_last && takes_admin(&change) {
            return Ok(ChangedAccount::LastAdmin);
        }
        if holds(&before, &change) {
            return Ok(ChangedAccount::Done { account: Box::new(before), sessions: Vec::new() });
        }
        let sessions = match change {
            AccountChange::Role(role) => set_role(&transaction, &before, role, &by, doing).await?,
            AccountChange::Disable => disable(&transaction, &before, &by, doing).await?,
            AccountChange::Enable => {
                set_disabled(&transaction, id, None, doing).await?;
                note(&transaction, "user.enable", id, Noted::default(), &by, doing).await?;
                Vec::new()
            }
            AccountChange::ResetPassword(hash) => reset_password(&transaction, id, &hash, &by, doing).await?,
            AccountChange::RemoveSecondFactor => remove_second_factor(&transaction, id, &by, doing).await?,
        };
        let account = read(&transaction, id, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(ChangedAccount::Done { account: Box::new(account), sessions })
    }
}

fn takes_admin(change: &AccountChange) -> bool {
    match change {
        AccountChange::Role(role) => *role != Role::Admin,
        AccountChange::Disable => true,
        AccountChange::Enable | AccountChange::ResetPassword(_) | AccountChange::RemoveSecondFactor => false,
    }
}

/// Whether there is nothing to change.
fn holds(before: &Account, change: &AccountChange) -> bool {
    match change {
        AccountChange::Role(role) => before.role == *role,
        AccountChange::Disable => before.disabled_at.is_some(),
        AccountChange::Enable => before.disabled_at.is_none(),
        AccountChange::ResetPassword(_) => false,
        AccountChange::RemoveSecondFactor => !before.has_second_factor,
    }
}

async fn read(transaction: &Transaction<'_>, id: UserId, doing: &str) -> Result<Account, StoreError> {
    let row = transaction
        .query_one(include_str!("../sql/user_find.sql"), &[&id.0])
        .await
        .map_err(|error| classify(doing, &error))?;
    decode(&row, doing)
}

/// The sessions of which copies are wrong after a change.
type Outcome = Result<Vec<SessionId>, StoreError>;

async fn set_role(
    transaction: &Transaction<'_>,
    before: &Account,
    role: Role,
    by: &Envelope,
    doing: &str,
) -> Outcome {
    transaction
        .execute(include_str!("../sql/user_set_role.sql"), &[&before.id.0, &role.as_str()])
        .await
        .map_err(|error| classify(doing, &error))?;
    let is_lowered = role < before.role;
    let sessions = if is_lowered {
        end_sessions(transaction, before.id, EndReason::RoleLowered, None, by.at, doing).await?
    } else {
        let living = include_str!("../sql/user_sessions.sql");
        let rows = transaction
            .query(living, &[&before.id.0, &by.at])
            .await
            .map_err(|error| classify(doing, &error))?;
        ids(&rows)
    };
    let noted = Noted {
        from: Some(before.role.as_str()),
        to: Some(role.as_str()),
        sessions_ended: if is_lowered { sessions.len() } else { 0 },
    };
    note(transaction, "user.change_role", before.id, noted, by, doing).await?;
    Ok(sessions)
}

async fn disable(transaction: &Transaction<'_>, before: &Account, by: &Envelope, doing: &str) -> Outcome {
    set_disabled(transaction, before.id, Some(by.at), doing).await?;
    let sessions = end_sessions(transaction, before.id, EndReason::Disabled, None, by.at, doing).await?;
    let noted = Noted { sessions_ended: sessions.len(), ..Noted::default() };
    note(transaction, "user.disable", before.id, noted, by, doing).await?;
    Ok(sessions)
}

async fn set_disabled(
    transaction: &Transaction<'_>,
    id: UserId,
    since: Option<Timestamp>,
    doing: &str,
) -> Result<(), StoreError> {
    transaction
        .execute(include_str!("../sql/user_set_disabled.sql"), &[&id.0, &since])
        .await
        .map_err(|error| classify(doing, &error))?;
    Ok(())
}

async fn reset_password(
    transaction: &Transaction<'_>,
    id: UserId,
    hash: &PasswordHash,
    by: &Envelope,
    doing: &str,
) -> Outcome {
    transaction
        .execute(include_str!("../sql/user_reset_password.sql"), &[&id.0, &hash.as_str()])
        .await
        .map_err(|error| classify(doing, &error))?;
    let sessions = end_sessions(transaction, id, EndReason::PasswordChanged, None, by.at, doing).await?;
    let noted = Noted { sessions_ended: sessions.len(), ..Noted::default() };
    note(transaction, "user.reset_password", id, noted, by, doing).await?;
    Ok(sessions)
}

async fn remove_second_factor(
    transaction: &Transaction<'_>,
    id: UserId,
    by: &Envelope,
    doing: &str,
) -> Outcome {
    transaction
        .execute(include_str!("../sql/second_factor_remove.sql"), &[&id.0])
        .await
        .map_err(|error| classify(doing, &error))?;
    let sessions = end_sessions(transaction, id, EndReason::SecondFactorChanged, None, by.at, doing).await?;
    let noted = Noted { sessions_ended: sessions.len(), ..Noted::default() };
    note(transaction, "user.remove_second_factor", id, noted, by, doing).await?;
    Ok(sessions)
}

/// Ends a user's living sessions, but for the one to be kept.
pub(crate) async fn end_sessions(
    transaction: &Transaction<'_>,
    user: UserId,
    reason: EndReason,
    kept: Option<SessionId>,
    at: Timestamp,
    doing: &str,
) -> Result<Vec<SessionId>, StoreError> {
    let kept = kept.map(|SessionId(id)| id);
    let rows = transaction
        .query(include_str!("../sql/user_end_sessions.sql"), &[&user.0, &at, &reason.as_str(), &kept])
        .await
        .map_err(|error| classify(doing, &error))?;
    Ok(ids(&rows))
}

fn ids(rows: &[Row]) -> Vec<SessionId> {
    rows.iter().map(|row| SessionId(row.get("id"))).collect()
}

/// What the log says of a change beside who and what.
#[derive(Default)]
pub(crate) struct Noted {
    pub(crate) from: Option<&'static str>,
    pub(crate) to: Option<&'static str>,
    pub(crate) sessions_ended: usize,
}

/// Writes the audit line about a user.
pub(crate) async fn note(
    transaction: &Transaction<'_>,
    action: &str,
    user: UserId,
    noted: Noted,
    by: &Envelope,
    doing: &str,
) -> Result<(), StoreError> {
    let ended = (noted.sessions_ended > 0).then(|| i64::try_from(noted.sessions_ended).unwrap_or(i64::MAX));
    let rows = transaction
        .execute(
            include_str!("../sql/user_audit.sql"),
            &[
                &by.actor.0,
                &action,
                &user.0.to_string(),
                &by.request_id,
                &by.remote_addr,
                &noted.from,
                &noted.to,
                &ended,
            ],
        )
        .await
        .map_err(|error| classify(doing, &error))?;
    exactly_one(rows, doing, "its audit line was not written")
}

fn decode(row: &Row, doing: &str) -> Result<Account, StoreError> {
    let role: &str = row.get("role");
    Ok(Account {
        id: UserId(row.get("id")),
        email: Email::parse(row.get("email")).map_err(|error| corrupt(doing, error.to_string()))?,
        role: role.parse().map_err(|_| corrupt(doing, "role holds an unknown value"))?,
        must_change_password: row.get("must_change_password"),
        has_second_factor: row.get("has_second_factor"),
        created_at: row.get("created_at"),
        disabled_at: row.get("disabled_at"),
    })
}
