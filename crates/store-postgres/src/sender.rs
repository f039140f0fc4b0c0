//! Senders and their pace.

use async_trait::async_trait;
use domain::money::{Currency, Money};
use domain::port::{SenderStore, StoreError, WriteError};
use domain::request::Envelope;
use domain::sender::{Sender, SenderAddress, SenderId, SenderIdentity, SenderRoute};
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::error::DbError;
use tokio_postgres::types::ToSql;

use crate::database::Database;
use crate::error::{classify, corrupt};
use crate::request::{answer_is_gone, answered_before, audit, take_key};

/// [`SenderStore`] over the tables `senders`, `sender_routes` and `paces`.
pub struct PostgresSenderStore {
    database: Database,
}

impl PostgresSenderStore {
    /// The senders of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn rows(&self, id: Option<SenderId>, doing: &str) -> Result<Vec<Sender>, StoreError> {
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/sender_list.sql"), &[&id.map(|id| id.0)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }
}

#[async_trait]
impl SenderStore for PostgresSenderStore {
    async fn add(&self, sender: Sender, envelope: Envelope) -> Result<Sender, WriteError> {
        let doing = "add a sender";
        let failed = |error: tokio_postgres::Error| match error.as_db_error().and_then(DbError::constraint) {
            Some("senders_name_key") => StoreError::Conflict {
                doing: doing.to_owned(),
                reason: "a sender has this name already".to_owned(),
            },
            Some(_) | None => classify(doing, &error),
        };
        let identity = json!({
            "brand": sender.identity.brand,
            "address": sender.identity.address,
            "phone": sender.identity.phone,
            "email": sender.identity.email,
            "opt_out_text": sender.identity.opt_out_text,
        });
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !take_key(&transaction, &envelope, doing).await? {
            let statement = include_str!("../sql/idempotency_sender.sql");
            let before = answered_before(&*transaction, statement, &envelope, doing).await?;
            let before = before.map(|row| SenderId(row.get("id"))).ok_or_else(|| answer_is_gone(doing))?;
            drop(transaction);
            // A sender stays as it was added.
            let added = self.rows(Some(before), doing).await?.pop();
            return added.ok_or_else(|| answer_is_gone(doing).into());
        }
        transaction
            .execute(
                include_str!("../sql/sender_insert.sql"),
                &[
                    &sender.id.0,
                    &sender.name,
                    &sender.provider,
                    &sender.address.kind.as_str(),
                    &sender.address.value,
                    &sender.price_per_segment.micros,
                    &sender.price_per_segment.currency.as_str(),
                    &identity.to_string(),
                    &sender.created_at,
                    &sender.rate_per_s,
                ],
            )
            .await
            .map_err(failed)?;
        audit(&transaction, "sender.create", ("sender", &sender.id.0.to_string()), &envelope, doing).await?;
        if let Some(used) = &envelope.idempotency {
            let statement = include_str!("../sql/idempotency_answer_sender.sql");
            let answer: [&(dyn ToSql + Sync); 3] = [&envelope.actor.0, &used.key, &sender.id.0];
            transaction.execute(statement, &answer).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(sender)
    }

    async fn find(&self, id: SenderId) -> Result<Option<Sender>, StoreError> {
        Ok(self.rows(Some(id), "find a sender").await?.pop())
    }

    async fn list(&self) -> Result<Vec<Sender>, StoreError> {
        self.rows(None, "list senders").await
    }

    async fn routes(&self, id: SenderId) -> Result<Vec<SenderRoute>, StoreError> {
        let doing = "list a sender's routes";
        let rows = self.database.query(doing, include_str!("../sql/sender_route_list.sql"), &[&id.0]).await?;
        let route = |row: &Row| SenderRoute {
            carrier: Some(row.get::<_, String>("carrier")).filter(|carrier| !carrier.is_empty()),
            via: row.get::<_, Vec<_>>("via").into_iter().map(SenderId).collect(),
        };
        Ok(rows.iter().map(route).collect())
    }

    async fn set_routes(
        &self,
        id: SenderId,
        routes: Vec<SenderRoute>,
        envelope: Envelope,
    ) -> Result<(), StoreError> {
        let doing = "set a sender's routes";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.execute(include_str!("../sql/sender_lock.sql"), &[&id.0]).await.map_err(failed)?;
        transaction
            .execute(include_str!("../sql/sender_route_delete.sql"), &[&id.0])
            .await
            .map_err(failed)?;
        for route in routes {
            let via: Vec<_> = route.via.into_iter().map(|sender| sender.0).collect();
            let carrier = route.carrier.unwrap_or_default();
            transaction
                .execute(include_str!("../sql/sender_route_insert.sql"), &[&id.0, &carrier, &via])
                .await
                .map_err(failed)?;
        }
        audit(&transaction, "sender.route", ("sender", &id.0.to_string()), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)
    }
}

fn decode(row: &Row, doing: &str) -> Result<Sender, StoreError> {
    let kind: &str = row.get("kind");
    let currency: &str = row.get("currency");
    Ok(Sender {
        id: SenderId(row.get("id")),
        name: row.get("name"),
        provider: row.get("provider"),
        address: SenderAddress {
            kind: kind.parse().map_err(|_| corrupt(doing, "kind holds an unknown value"))?,
            value: row.get("value"),
        },
        rate_per_s: row.get("per_second"),
        price_per_segment: Money {
            micros: row.get("price_micros_per_segment"),
            currency: Currency::parse(currency)
                .map_err(|_| corrupt(doing, "currency holds an unknown value"))?,
        },
        identity: identity_of(&row.get("identity")),
        created_at: row.get("created_at"),
    })
}

/// What the column `identity` holds.
pub(crate) fn identity_of(identity: &Value) -> SenderIdentity {
    let part = |name: &str| identity[name].as_str().unwrap_or_default().to_owned();
    SenderIdentity {
        brand: part("brand"),
        address: part("address"),
        phone: part("phone"),
        email: part("email"),
        opt_out_text: part("opt_out_text"),
    }
}
