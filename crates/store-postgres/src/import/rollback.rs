//! An import that is being taken back.

use std::time::Duration;

use async_trait::async_trait;
use domain::import::Import;
use domain::port::{ImportRollback, StoreError};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::finishing::Finishing;
use crate::error::{classify, exactly_one};

/// How long everybody else is waited for before the table is emptied row by row instead.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Contacts that are looked at in one transaction.
const PAGE_ROWS: i64 = 50_000;

/// One connection, which holds the lock.
pub(super) struct PostgresImportRollback {
    pub(super) client: Client,
    pub(super) import: Import,
    /// Whether contacts that messages refer to are left alone.
    pub(super) is_keeping: bool,
    /// Contacts up to this id have been looked at.
    pub(super) after: i64,
    pub(super) finishing: Finishing,
}

#[async_trait]
impl ImportRollback for PostgresImportRollback {
    fn import(&self) -> Import {
        self.import.clone()
    }

    async fn keep_referenced(&mut self) -> Result<(), StoreError> {
        let doing = format!("note which contacts of import {} stay", self.import.id);
        self.client
            .execute(include_str!("../../sql/import_keep_referenced.sql"), &[&self.import.id.0])
            .await
            .map_err(|error| classify(&doing, &error))?;
        self.is_keeping = true;
        Ok(())
    }

    async fn remove_some(&mut self) -> Result<u64, StoreError> {
        let doing = format!("take contacts of import {} away", self.import.id);
        if !self.is_keeping
            && self.after == i64::MIN
            && let Some(removed) = self.remove_all(&doing).await?
        {
            self.after = i64::MAX;
            return Ok(removed);
        }
        loop {
            let page = self
                .client
                .query_one(
                    include_str!("../../sql/import_remove_contacts.sql"),
                    &[&self.import.id.0, &self.after, &PAGE_ROWS],
                )
                .await
                .map_err(|error| classify(&doing, &error))?;
            let Some(last) = page.get::<_, Option<i64>>("last_id") else { return Ok(0) };
            self.after = last;
            if let removed @ 1.. = page.get::<_, i64>("removed") {
                return Ok(removed.unsigned_abs());
            }
        }
    }

    async fn close(&mut self) -> Result<(), StoreError> {
        let doing = format!("end the rollback of import {}", self.import.id);
        let fail = |error: tokio_postgres::Error| classify(&doing, &error);
        self.client.batch_execute("SET synchronous_commit = on").await.map_err(fail)?;
        let ended = self
            .client
            .execute(include_str!("../../sql/import_rolled_back.sql"), &[&self.import.id.0])
            .await
            .map_err(fail)?;
        exactly_one(ended, &doing, "it is not being rolled back")
    }

    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError> {
        self.finishing.next(&mut self.client).await
    }
}

impl PostgresImportRollback {
    /// Where the table holds nothing else, it is emptied at once and not row by row. `None` where it does, or somebody is
    /// using it.
    async fn remove_all(&mut self, doing: &str) -> Result<Option<u64>, StoreError> {
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        let alone = include_str!("../../sql/import_is_alone.sql");
        if !self.client.query_one(alone, &[&self.import.id.0]).await.map_err(fail)?.get::<_, bool>("is_alone")
        {
            return Ok(None);
        }
        let transaction = self.client.transaction().await.map_err(fail)?;
        let lock = format!(
            "SET LOCAL lock_timeout = '{}ms'; LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE",
            LOCK_TIMEOUT.as_millis()
        );
        match transaction.batch_execute(&lock).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => return Ok(None),
            locked => locked.map_err(fail)?,
        }
        let row = transaction.query_one(alone, &[&self.import.id.0]).await.map_err(fail)?;
        if !row.get::<_, bool>("is_alone") {
            return Ok(None);
        }
        let count = include_str!("../../sql/plan_contacts.sql");
        let contacts = transaction.query_one(count, &[]).await.map_err(fail)?;
        transaction.batch_execute(include_str!("../../sql/import_remove_all.sql")).await.map_err(fail)?;
        transaction.commit().await.map_err(fail)?;
        Ok(Some(contacts.get::<_, i64>(0).unsigned_abs()))
    }
}
