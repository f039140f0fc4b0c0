//! What people do to single contacts.

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::contact::{
    Consent, ConsentKind, Contact, ContactChange, ContactId, ContactStatus, Edit, Tag, Tagged,
};
use domain::port::{Consented, ContactDesk, Edited, Message, Removed, StoreError, TagChange};
use domain::request::Envelope;
use domain::state::StateCode;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction};

use crate::campaign::decode_message;
use crate::contact::{decode, to_bigint};
use crate::database::Database;
use crate::dispatch::skip_barred;
use crate::error::{classify, conflict, exactly_one};
use crate::request::audit;

/// [`ContactDesk`] over `contacts` and what is kept beside them.
pub struct PostgresContactDesk {
    database: Database,
}

/// A contact that is held until the transaction ends, if it is there and of the version that was asked for.
enum Held {
    Here(Box<Contact>),
    OfAnotherVersion,
    Missing,
}

impl PostgresContactDesk {
    /// The contacts of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

async fn hold(
    transaction: &Transaction<'_>,
    id: ContactId,
    version: Option<Timestamp>,
    doing: &str,
) -> Result<Held, StoreError> {
    let row = transaction
        .query_opt(include_str!("../sql/contact_lock.sql"), &[&id.0])
        .await
        .map_err(|error| classify(doing, &error))?;
    let Some(row) = row else { return Ok(Held::Missing) };
    let contact = decode(&row, doing)?;
    let is_that = version.is_none_or(|version| version == contact.updated_at);
    Ok(if is_that { Held::Here(Box::new(contact)) } else { Held::OfAnotherVersion })
}

/// The tags of a contact.
async fn tags_of(client: &impl GenericClient, id: ContactId, doing: &str) -> Result<Vec<Tagged>, StoreError> {
    let rows = client
        .query(include_str!("../sql/contact_tag_list.sql"), &[&id.0])
        .await
        .map_err(|error| classify(doing, &error))?;
    Ok(rows.iter().map(|row| Tagged { tag: row.get("tag"), since: row.get("created_at") }).collect())
}

/// Writes down what a number said of being written to, and does it.
pub(crate) async fn note_consent(
    transaction: &Transaction<'_>,
    phone: i64,
    consent: &Consent,
    recorded_by: &str,
) -> Result<(), tokio_postgres::Error> {
    let statement = match consent.kind {
        ConsentKind::OptOut => include_str!("../sql/consent_opt_out.sql"),
        ConsentKind::OptIn => include_str!("../sql/consent_opt_in.sql"),
    };
    let channel = consent.channel.as_str();
    transaction
        .execute(statement, &[&phone, &channel, &consent.reason, &consent.evidence, &recorded_by])
        .await
        .map(drop)
}

#[async_trait]
impl ContactDesk for PostgresContactDesk {
    async fn edit(
        &self,
        id: ContactId,
        change: ContactChange,
        version: Option<Timestamp>,
        envelope: Envelope,
    ) -> Result<Edited, StoreError> {
        let doing = format!("change contact {}", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        match hold(&transaction, id, version, &doing).await? {
            Held::Missing => return Ok(Edited::Missing),
            Held::OfAnotherVersion => return Ok(Edited::IsOfAnotherVersion),
            Held::Here(contact)
                if contact.opt_out_at.is_some()
                    && change.status.is_some_and(|status| status != ContactStatus::Blocked) =>
            {
                return Err(conflict(&doing, "it opted out; an opt-in changes that, and no status does"));
            }
            Held::Here(_) => {}
        }
        let flag = |edit: &Edit<String>| !edit.keeps();
        let row = transaction
            .query_one(
                include_str!("../sql/contact_change.sql"),
                &[
                    &id.0,
                    &flag(&change.full_name),
                    &change.full_name.value(),
                    &flag(&change.address),
                    &change.address.value(),
                    &flag(&change.neighborhood),
                    &change.neighborhood.value(),
                    &flag(&change.municipality),
                    &change.municipality.value(),
                    &!change.state.keeps(),
                    &change.state.value().map(StateCode::as_str),
                    &change.state.value().map(|state| state.name()),
                    &flag(&change.city),
                    &change.city.value(),
                    &change.status.map(ContactStatus::as_str),
                ],
            )
            .await
            .map_err(failed)?;
        let changed = decode(&row, &doing)?;
        audit(&transaction, "contact.update", ("contact", &id.0.to_string()), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Edited::Changed(Box::new(changed)))
    }

    async fn remove(
        &self,
        id: ContactId,
        version: Option<Timestamp>,
        envelope: Envelope,
    ) -> Result<Removed, StoreError> {
        let doing = format!("take contact {} away", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        match hold(&transaction, id, version, &doing).await? {
            Held::Missing => return Ok(Removed::Missing),
            Held::OfAnotherVersion => return Ok(Removed::IsOfAnotherVersion),
            Held::Here(_) => {}
        }
        let removed =
            transaction.execute(include_str!("../sql/contact_remove.sql"), &[&id.0]).await.map_err(failed)?;
        exactly_one(removed, &doing, "it is gone already")?;
        audit(&transaction, "contact.delete", ("contact", &id.0.to_string()), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Removed::Gone)
    }

    async fn consent(
        &self,
        id: ContactId,
        consent: Consent,
        envelope: Envelope,
    ) -> Result<Option<Consented>, StoreError> {
        let doing = format!("note what contact {} said", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let Held::Here(contact) = hold(&transaction, id, None, &doing).await? else { return Ok(None) };
        let phone = to_bigint(contact.phone);
        note_consent(&transaction, phone, &consent, &envelope.actor.0).await.map_err(failed)?;
        let action = match consent.kind {
            ConsentKind::OptOut => "contact.opt_out",
            ConsentKind::OptIn => "contact.opt_in",
        };
        audit(&transaction, action, ("contact", &id.0.to_string()), &envelope, &doing).await?;
        let row =
            transaction.query_one(include_str!("../sql/contact_find.sql"), &[&id.0]).await.map_err(failed)?;
        let barred = transaction
            .query(include_str!("../sql/suppression_sources.sql"), &[&phone])
            .await
            .map_err(failed)?;
        let contact = decode(&row, &doing)?;
        transaction.commit().await.map_err(failed)?;
        if consent.kind == ConsentKind::OptOut {
            skip_barred(&mut client, &[phone]).await;
        }
        Ok(Some(Consented { contact, barred_by: barred.iter().map(|row| row.get("source")).collect() }))
    }

    async fn tags(&self, id: ContactId) -> Result<Option<Vec<Tagged>>, StoreError> {
        let doing = "list the tags of a contact";
        let client = self.database.pooled(doing).await?;
        let there = client
            .query_opt(include_str!("../sql/contact_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        if there.is_none() {
            return Ok(None);
        }
        Ok(Some(tags_of(&**client, id, doing).await?))
    }

    async fn tag(
        &self,
        id: ContactId,
        change: TagChange,
        envelope: Envelope,
    ) -> Result<Option<Vec<Tagged>>, StoreError> {
        let doing = format!("tag contact {}", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.execute(include_str!("../sql/tags_lock_shared.sql"), &[]).await.map_err(failed)?;
        let Held::Here(_) = hold(&transaction, id, None, &doing).await? else { return Ok(None) };
        let names = |tags: &[Tag]| tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>();
        let statements: &[(&str, &[Tag])] = match &change {
            TagChange::Add(tags) => &[(include_str!("../sql/contact_tag_add.sql"), tags)],
            TagChange::Remove(tags) => &[(include_str!("../sql/contact_tag_remove.sql"), tags)],
            TagChange::Replace(tags) => &[
                (include_str!("../sql/contact_tag_remove_others.sql"), tags),
                (include_str!("../sql/contact_tag_add.sql"), tags),
            ],
        };
        for (statement, tags) in statements {
            transaction.execute(*statement, &[&id.0, &names(tags)]).await.map_err(failed)?;
        }
        let tags = tags_of(&*transaction, id, &doing).await?;
        if tags.len() > Tag::COUNT_MAX {
            return Err(conflict(&doing, &format!("a contact has at most {} tags", Tag::COUNT_MAX)));
        }
        audit(&transaction, "contact.tag", ("contact", &id.0.to_string()), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(tags))
    }

    async fn messages(
        &self,
        id: ContactId,
        before: Option<CampaignId>,
        limit: u16,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        let doing = "list what was sent to a contact";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.pooled(doing).await?;
        let there =
            client.query_opt(include_str!("../sql/contact_find.sql"), &[&id.0]).await.map_err(failed)?;
        let Some(row) = there else { return Ok(None) };
        let phone: i64 = row.get("phone_national");
        let before = before.map(|campaign| campaign.0);
        let statement = include_str!("../sql/message_page_of_phone.sql");
        let rows = client.query(statement, &[&phone, &before, &i64::from(limit)]).await.map_err(failed)?;
        rows.iter().map(|row| decode_message(row, doing)).collect::<Result<_, _>>().map(Some)
    }
}
