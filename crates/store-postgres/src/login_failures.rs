//! Failures to sign in.

use async_trait::async_trait;
use domain::identity::{Counted, Email, Failures, Place};
use domain::port::{FailureLog, StoreError};
use jiff::Timestamp;

use crate::database::Database;
use crate::error::{classify, corrupt};

/// [`FailureLog`] over the table `login_failures`; where somebody has been is read from `sessions`.
pub struct PostgresFailureLog {
    database: Database,
}

impl PostgresFailureLog {
    /// The failures of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl FailureLog for PostgresFailureLog {
    async fn find(&self, email: &Email, place: Place, since: Timestamp) -> Result<Failures, StoreError> {
        let doing = "find failures to sign in";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(
                include_str!("../sql/login_failures_find.sql"),
                &[&email.as_str(), &place.address(), &since],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        let mut failures = Failures::default();
        for row in &rows {
            let counted = || {
                let count: i32 = row.get("failures");
                let failures = u32::try_from(count).map_err(|error| corrupt(doing, error.to_string()))?;
                Ok::<_, StoreError>(Some(Counted { failures, first_at: row.get("first_at") }))
            };
            match row.get::<_, Option<&str>>("kind") {
                Some("account") => failures.of_account = counted()?,
                Some("place") => failures.of_place = counted()?,
                Some("pair") => failures.of_pair = counted()?,
                Some(_) => return Err(corrupt(doing, "kind holds an unknown value")),
                None => failures.is_familiar = row.get("is_familiar"),
            }
        }
        Ok(failures)
    }

    async fn record(
        &self,
        email: &Email,
        place: Place,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = "count a failure to sign in";
        let client = self.database.pooled(doing).await?;
        client
            .execute(
                include_str!("../sql/login_failures_record.sql"),
                &[&email.as_str(), &place.address(), &at, &since],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(())
    }

    async fn forget(&self, email: &Email, place: Place) -> Result<(), StoreError> {
        let doing = "forget failures to sign in";
        let client = self.database.pooled(doing).await?;
        client
            .execute(include_str!("../sql/login_failures_forget.sql"), &[&email.as_str(), &place.address()])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(())
    }
}
