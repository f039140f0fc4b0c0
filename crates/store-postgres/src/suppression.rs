//! Numbers that are never written to: single ones, and lists.

use async_trait::async_trait;
use domain::phone::PhoneNumber;
use domain::port::{
    Barred, BegunLoad, LoadedNumbers, NewLoad, NewSuppression, StoreError, SuppressionFilter,
    SuppressionLoad, SuppressionStore, WriteError,
};
use domain::request::Envelope;
use domain::suppression::{Suppression, SuppressionList, SuppressionSource};
use jiff::Timestamp;
use tokio_postgres::{Client, Row};

use crate::contact::{phone_from, to_bigint};
use crate::database::Database;
use crate::dispatch::skip_barred;
use crate::error::{classify, conflict, corrupt};
use crate::request::{answer_is_gone, answered_before, audit, audit_on, take_key, take_key_on};

/// [`SuppressionStore`] over `suppressions` and `suppression_loads`.
pub struct PostgresSuppressionStore {
    database: Database,
}

impl PostgresSuppressionStore {
    /// The suppressions of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SuppressionStore for PostgresSuppressionStore {
    async fn add(&self, new: NewSuppression, envelope: Envelope) -> Result<Barred, WriteError> {
        let doing = "bar a number";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let phone = to_bigint(new.phone);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !take_key(&transaction, &envelope, doing).await? {
            let statement = include_str!("../sql/idempotency_suppression.sql");
            let before = answered_before(&*transaction, statement, &envelope, doing).await?;
            return Ok(Barred::New(decode(&before.ok_or_else(|| answer_is_gone(doing))?, doing)?));
        }
        let statement = include_str!("../sql/suppression_insert.sql");
        let written = transaction
            .query_opt(statement, &[&phone, &new.reason, &new.expires_at, &envelope.actor.0])
            .await
            .map_err(failed)?;
        let Some(written) = written else {
            let statement = include_str!("../sql/suppression_find.sql");
            let there = transaction.query_opt(statement, &[&phone]).await.map_err(failed)?;
            let there = there.ok_or_else(|| conflict(doing, "somebody took it away just now; try again"))?;
            return Ok(Barred::Already(decode(&there, doing)?));
        };
        let barred = decode(&written, doing)?;
        let object = object(new.phone, SuppressionList::Manual);
        audit(&transaction, "suppression.create", ("suppression", &object), &envelope, doing).await?;
        if let Some(used) = &envelope.idempotency {
            let statement = include_str!("../sql/idempotency_answer_suppression.sql");
            transaction.execute(statement, &[&envelope.actor.0, &used.key, &phone]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        skip_barred(&mut client, &[phone]).await;
        Ok(Barred::New(barred))
    }

    async fn remove(
        &self,
        phone: PhoneNumber,
        list: SuppressionList,
        envelope: Envelope,
    ) -> Result<bool, StoreError> {
        let doing = "take a number from a list";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let removed = transaction
            .execute(include_str!("../sql/suppression_delete.sql"), &[&to_bigint(phone), &list.as_str()])
            .await
            .map_err(failed)?;
        if removed == 0 {
            return Ok(false);
        }
        let object = object(phone, list);
        audit(&transaction, "suppression.delete", ("suppression", &object), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn page(
        &self,
        filter: SuppressionFilter,
        after: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Suppression>, StoreError> {
        let doing = "list suppressions";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(
                include_str!("../sql/suppression_page.sql"),
                &[
                    &after,
                    &i64::from(limit),
                    &filter.phone.map(to_bigint),
                    &filter.source.map(SuppressionSource::as_str),
                ],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn begin_load(&self, load: NewLoad, envelope: Envelope) -> Result<BegunLoad, WriteError> {
        let doing = format!("load the list {}", load.list);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        // A connection of its own, for the transaction lasts as long as the file; dropped, it takes all back.
        let client = self.database.single(&doing).await?;
        client.batch_execute("BEGIN").await.map_err(failed)?;
        if !take_key_on(&client, &envelope, &doing).await? {
            let statement = include_str!("../sql/idempotency_suppression_load.sql");
            let before = answered_before(&client, statement, &envelope, &doing).await?;
            return Ok(BegunLoad::Before(loaded(&before.ok_or_else(|| answer_is_gone(&doing))?)));
        }
        let turn =
            client.query_one(include_str!("../sql/suppression_load_lock.sql"), &[]).await.map_err(failed)?;
        if !turn.get::<_, bool>("is_mine") {
            return Err(conflict(&doing, "another list is being loaded; try again when it is done").into());
        }
        let row = client
            .query_one(
                include_str!("../sql/suppression_load_insert.sql"),
                &[&load.list.as_str(), &load.file_name, &load.listed_on, &load.expires_at, &envelope.actor.0],
            )
            .await
            .map_err(failed)?;
        let id = row.get("id");
        let sum = LoadedNumbers::default();
        Ok(BegunLoad::New(Box::new(PostgresSuppressionLoad { client, load, envelope, id, sum, doing })))
    }

    async fn last_loaded(&self, list: SuppressionList) -> Result<Option<Timestamp>, StoreError> {
        let doing = "look when a list was last loaded";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/suppression_last_loaded.sql"), &[&list.as_str()])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(row.get(0))
    }
}

/// A list on its way in, within one transaction.
struct PostgresSuppressionLoad {
    client: Client,
    load: NewLoad,
    envelope: Envelope,
    id: i64,
    sum: LoadedNumbers,
    doing: String,
}

#[async_trait]
impl SuppressionLoad for PostgresSuppressionLoad {
    async fn append(&mut self, numbers: Vec<PhoneNumber>) -> Result<LoadedNumbers, StoreError> {
        let phones: Vec<i64> = numbers.iter().copied().map(to_bigint).collect();
        let row = self
            .client
            .query_one(
                include_str!("../sql/suppression_load_append.sql"),
                &[
                    &phones,
                    &self.load.list.as_str(),
                    &self.load.listed_on,
                    &self.load.expires_at,
                    &self.envelope.actor.0,
                ],
            )
            .await
            .map_err(|error| classify(self.doing.as_str(), &error))?;
        let added = row.get::<_, i64>(0).cast_unsigned();
        let some = LoadedNumbers { added, already_there: (numbers.len() as u64).saturating_sub(added) };
        self.sum.added += some.added;
        self.sum.already_there += some.already_there;
        Ok(some)
    }

    async fn finish(self: Box<Self>, refused: u64) -> Result<LoadedNumbers, StoreError> {
        let Self { client, load, envelope, id, sum, doing } = *self;
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        client
            .execute(
                include_str!("../sql/suppression_load_finish.sql"),
                &[&id, &sum.added.cast_signed(), &sum.already_there.cast_signed(), &refused.cast_signed()],
            )
            .await
            .map_err(failed)?;
        audit_on(&client, "suppression.load", ("suppression_list", load.list.as_str()), &envelope, &doing)
            .await?;
        if let Some(used) = &envelope.idempotency {
            let statement = include_str!("../sql/idempotency_answer_suppression_load.sql");
            client.execute(statement, &[&envelope.actor.0, &used.key, &id]).await.map_err(failed)?;
        }
        client.batch_execute("COMMIT").await.map_err(failed)?;
        Ok(sum)
    }
}

/// The log names a suppression without showing the number: who must know it looks it up by what they were asked.
fn object(phone: PhoneNumber, list: SuppressionList) -> String {
    format!("{list} {}", phone.masked())
}

fn loaded(row: &Row) -> LoadedNumbers {
    let count = |name: &str| row.get::<_, i64>(name).cast_unsigned();
    LoadedNumbers { added: count("added"), already_there: count("already_there") }
}

fn decode(row: &Row, doing: &str) -> Result<Suppression, StoreError> {
    let source: &str = row.get("source");
    Ok(Suppression {
        place: row.get("place"),
        phone: phone_from(row.get("phone_national"), doing)?,
        source: source.parse().map_err(|_| corrupt(doing, "a suppression is of an unknown source"))?,
        reason: row.get("reason"),
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        listed_on: row.get("listed_at"),
        expires_at: row.get("expires_at"),
    })
}
