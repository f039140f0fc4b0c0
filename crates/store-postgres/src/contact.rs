//! Contacts.

use async_trait::async_trait;
use domain::contact::{Contact, ContactId, ContactStatus, LineType, NewContact};
use domain::lada::Lada;
use domain::phone::PhoneNumber;
use domain::port::{AddedContact, ContactFilter, ContactStore, StoreError, WriteError};
use domain::request::Envelope;
use domain::state::StateCode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use crate::database::Database;
use crate::error::{classify, conflict, corrupt};
use crate::request::{answered_before, audit, take_key};

/// [`ContactStore`] over the table `contacts`.
pub struct PostgresContactStore {
    database: Database,
}

impl PostgresContactStore {
    /// The contacts of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ContactStore for PostgresContactStore {
    async fn add<'a>(&self, contact: NewContact<'a>, envelope: Envelope) -> Result<AddedContact, WriteError> {
        let doing = "add a contact";
        let mut client = self.database.pooled(doing).await?;
        if let Some(added) = add(&mut client, &contact, &envelope, doing).await? {
            return Ok(AddedContact::New(Box::new(added)));
        }
        let row = client
            .query_opt(include_str!("../sql/contact_find_by_phone.sql"), &[&to_bigint(contact.phone)])
            .await
            .map_err(|error| classify(doing, &error))?
            .ok_or_else(|| conflict(doing, "the number was somebody's a moment ago; ask again"))?;
        Ok(AddedContact::Taken(ContactId(row.get("id"))))
    }

    async fn find_by_phone(&self, phone: PhoneNumber) -> Result<Option<Contact>, StoreError> {
        let doing = "find a contact by its phone";
        let client = self.database.pooled(doing).await?;
        let national = to_bigint(phone);
        let row = client
            .query_opt(include_str!("../sql/contact_find_by_phone.sql"), &[&national])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn find(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let doing = "find a contact";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/contact_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode(&row, doing)).transpose()
    }

    async fn page(
        &self,
        filter: ContactFilter,
        after: ContactId,
        limit: u16,
    ) -> Result<Vec<Contact>, StoreError> {
        let doing = "list contacts";
        let client = self.database.pooled(doing).await?;
        let state = filter.state.map(|state| state.as_str().to_owned());
        let lada = filter.lada.map(|lada| lada.to_string());
        let rows = client
            .query(
                include_str!("../sql/contact_page.sql"),
                &[
                    &after.0,
                    &i64::from(limit),
                    &state,
                    &lada,
                    &filter.city,
                    &filter.line_type.map(LineType::as_str),
                    &filter.status.map(ContactStatus::as_str),
                ],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }
}

/// Adds a contact; `None` when its number is there already.
async fn add(
    client: &mut Client,
    contact: &NewContact<'_>,
    envelope: &Envelope,
    doing: &str,
) -> Result<Option<Contact>, WriteError> {
    let failed = |error: tokio_postgres::Error| classify(doing, &error);
    let transaction = client.transaction().await.map_err(failed)?;
    if !take_key(&transaction, envelope, doing).await? {
        let statement = include_str!("../sql/idempotency_contact.sql");
        let before = answered_before(&transaction, statement, envelope, doing).await?;
        return Ok(before.map(|row| decode(&row, doing)).transpose()?);
    }
    transaction.execute(include_str!("../sql/lookups_lock_shared.sql"), &[]).await.map_err(failed)?;
    let inserted = transaction
        .query_one(
            include_str!("../sql/contact_insert.sql"),
            &[
                &to_bigint(contact.phone),
                &contact.phone_original,
                &contact.full_name,
                &contact.address,
                &contact.neighborhood,
                &contact.municipality,
                &contact.state.as_ref().map(StateCode::as_str),
                &contact.state.map(StateCode::name),
                &contact.lada.map(|lada| lada.to_string()),
                &contact.city,
                &contact.line.line_type.as_str(),
                &contact.line.carrier,
                &contact.is_valid,
                &envelope.at,
            ],
        )
        .await;
    let added = match inserted {
        Ok(row) => decode(&row, doing)?,
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => return Ok(None),
        Err(error) => return Err(failed(error).into()),
    };
    let id = added.id.0;
    audit(&transaction, "contact.create", ("contact", &id.to_string()), envelope, doing).await?;
    if let Some(used) = &envelope.idempotency {
        let statement = include_str!("../sql/idempotency_answer_contact.sql");
        transaction.execute(statement, &[&envelope.actor.0, &used.key, &id]).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(Some(added))
}

/// The ten digits as the key of `contacts`.
pub(crate) fn to_bigint(phone: PhoneNumber) -> i64 {
    // Ten digits fit 34 bits.
    i64::try_from(phone.national()).unwrap_or(i64::MAX)
}

/// A number as the store has it.
pub(crate) fn phone_from(national: i64, doing: &str) -> Result<PhoneNumber, StoreError> {
    u64::try_from(national)
        .ok()
        .and_then(|national| PhoneNumber::from_national(national).ok())
        .ok_or_else(|| corrupt(doing, "a phone is no ten-digit number of a person"))
}

pub(crate) fn decode(row: &Row, doing: &str) -> Result<Contact, StoreError> {
    let line_type: &str = row.get("line_type");
    let status: &str = row.get("status");
    let state: Option<&str> = row.get("state_code");
    let lada: Option<&str> = row.get("lada");
    Ok(Contact {
        id: ContactId(row.get("id")),
        phone: phone_from(row.get("phone_national"), doing)?,
        phone_original: row.get("phone_original"),
        full_name: row.get("full_name"),
        address: row.get("address"),
        neighborhood: row.get("neighborhood"),
        municipality: row.get("municipality"),
        state: known(state.map(StateCode::parse).transpose(), doing, "state_code")?,
        state_text: row.get("state_text"),
        lada: known(lada.map(Lada::parse).transpose(), doing, "lada")?,
        city: row.get("city"),
        line_type: line_type_of(line_type, doing)?,
        carrier: row.get("carrier"),
        is_valid: row.get("is_valid"),
        status: status_of(status, doing)?,
        opt_out_at: row.get("opt_out_at"),
        source_row_id: row.get("source_row_id"),
        migrated_at: row.get("migrated_at"),
        updated_at: row.get("updated_at"),
    })
}

pub(crate) fn line_type_of(name: &str, doing: &str) -> Result<LineType, StoreError> {
    known(named(LineType::ALL, LineType::as_str, name).ok_or(()), doing, "line_type")
}

pub(crate) fn status_of(name: &str, doing: &str) -> Result<ContactStatus, StoreError> {
    known(named(ContactStatus::ALL, ContactStatus::as_str, name).ok_or(()), doing, "status")
}

/// A value that could not be read back is corruption.
fn known<T, E>(value: Result<T, E>, doing: &str, column: &str) -> Result<T, StoreError> {
    value.map_err(|_| corrupt(doing, format!("{column} holds an unknown value")))
}

/// The one of `all` that has this name.
fn named<T: Copy, const N: usize>(all: [T; N], name_of: fn(T) -> &'static str, name: &str) -> Option<T> {
    all.into_iter().find(|one| name_of(*one) == name)
}
