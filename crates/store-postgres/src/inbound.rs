//! What people wrote, for people to look at.

use async_trait::async_trait;
use domain::contact::{Consent, ConsentChannel, ConsentKind};
use domain::inbound::{Inbound, InboundDecision, Review};
use domain::keyword::Reading;
use domain::message::MessageId;
use domain::port::{
    ConsentChange, DueReply, InboundDesk, InboundFilter, ProviderEvent, ReplyOutcome, StoreError,
};
use domain::request::Envelope;
use domain::sender::SenderId;
use jiff::Timestamp;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::contact::{phone_from, to_bigint};
use crate::contact_desk::note_consent;
use crate::database::Database;
use crate::dispatch::skip_barred;
use crate::error::{classify, corrupt};
use crate::request::audit;

/// [`InboundDesk`] over `inbound_messages`.
pub struct PostgresInboundDesk {
    database: Database,
}

impl PostgresInboundDesk {
    /// What was written, in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Keeps what somebody wrote, in the transaction that keeps its event.
pub(crate) async fn keep_inbound(
    transaction: &Transaction<'_>,
    provider: &str,
    event: &ProviderEvent,
    (text, reading): (&str, Reading),
) -> Result<(), tokio_postgres::Error> {
    let phone = event.phone.map(to_bigint);
    let statement = include_str!("../sql/inbound_insert.sql");
    transaction
        .execute(
            statement,
            &[&provider, &event.id, &phone, &text, &reading.meaning.as_str(), &reading.is_doubtful],
        )
        .await?;
    // What may have been meant otherwise is answered by people, if at all.
    if !reading.is_doubtful {
        transaction.execute(include_str!("../sql/reply_insert.sql"), &[&provider, &event.id]).await?;
    }
    Ok(())
}

/// What follows for a number from what was written, or decided of it.
pub(crate) fn consent(change: ConsentChange, reason: &str, evidence: String) -> Consent {
    Consent {
        kind: match change {
            ConsentChange::OptOut => ConsentKind::OptOut,
            ConsentChange::OptIn => ConsentKind::OptIn,
        },
        channel: ConsentChannel::Sms,
        reason: Some(reason.to_owned()),
        evidence: Some(evidence),
    }
}

#[async_trait]
impl InboundDesk for PostgresInboundDesk {
    async fn page(
        &self,
        filter: InboundFilter,
        after: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Inbound>, StoreError> {
        let doing = "list what people wrote";
        let client = self.database.pooled(doing).await?;
        let statement = include_str!("../sql/inbound_page.sql");
        let rows = client
            .query(statement, &[&after, &i64::from(limit), &filter.phone.map(to_bigint), &filter.waits])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode(row, doing)).collect()
    }

    async fn review(
        &self,
        id: i64,
        decision: InboundDecision,
        envelope: Envelope,
    ) -> Result<Option<Inbound>, StoreError> {
        let doing = "note what was decided of what somebody wrote";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let statement = include_str!("../sql/inbound_review.sql");
        let reviewed = transaction
            .query_opt(statement, &[&id, &decision.as_str(), &envelope.actor.0])
            .await
            .map_err(failed)?;
        let Some(reviewed) = reviewed else { return Ok(None) };
        let reviewed = decode(&reviewed, doing)?;
        let phone = reviewed.phone.map(to_bigint);
        if let (Some(phone), Some(change)) = (phone, decision.consent()) {
            let evidence = format!("inbound message {id}");
            let consent = consent(change, "decided by people of what the number wrote", evidence);
            note_consent(&transaction, phone, &consent, &envelope.actor.0).await.map_err(failed)?;
        }
        audit(&transaction, "inbound.review", ("inbound_message", &id.to_string()), &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        if let (Some(phone), InboundDecision::OptOut) = (phone, decision) {
            skip_barred(&mut client, &[phone]).await;
        }
        Ok(Some(reviewed))
    }

    async fn due_replies(&self, limit: u16) -> Result<Vec<DueReply>, StoreError> {
        let doing = "look who waits for an answer";
        let due = include_str!("../sql/reply_due.sql");
        let rows = self.database.query(doing, due, &[&i64::from(limit)]).await?;
        let reply = |row: &Row| {
            let meaning: &str = row.get("meaning");
            Ok(DueReply {
                id: row.get("id"),
                to: phone_from(row.get("phone"), doing)?,
                meaning: meaning.parse().map_err(|_| corrupt(doing, "what a reply answers is unknown"))?,
                sender: SenderId(row.get("sender_id")),
            })
        };
        rows.iter().map(reply).collect()
    }

    async fn close_reply(&self, id: i64, outcome: ReplyOutcome) -> Result<(), StoreError> {
        let (word, campaign) = match outcome {
            ReplyOutcome::Sent(campaign) => ("sent", Some(campaign.0)),
            ReplyOutcome::Barred => ("barred", None),
            ReplyOutcome::NoText => ("no_text", None),
        };
        let close = include_str!("../sql/reply_close.sql");
        self.database.execute("note what came of an answer", close, &[&id, &word, &campaign]).await.map(drop)
    }
}

fn decode(row: &Row, doing: &str) -> Result<Inbound, StoreError> {
    let broken = |what: &str| corrupt(doing, format!("of an inbound message, the {what} is unknown"));
    let phone: Option<i64> = row.get("phone");
    let meaning: &str = row.get("meaning");
    let decision: Option<&str> = row.get("decision");
    let (by, at): (Option<String>, Option<Timestamp>) = (row.get("reviewed_by"), row.get("reviewed_at"));
    let (campaign, seq): (Option<Uuid>, Option<i32>) = (row.get("campaign_id"), row.get("seq"));
    let review = match (decision, by, at) {
        (Some(decision), Some(by), Some(at)) => {
            Some(Review { decision: decision.parse().map_err(|_| broken("decision"))?, by, at })
        }
        _ => None,
    };
    Ok(Inbound {
        id: row.get("id"),
        phone: phone.map(|phone| phone_from(phone, doing)).transpose()?,
        text: row.get("body"),
        received_at: row.get("received_at"),
        reading: Reading {
            meaning: meaning.parse().map_err(|_| broken("meaning"))?,
            is_doubtful: row.get("is_doubtful"),
        },
        answers: campaign.zip(seq).map(|(campaign, seq)| MessageId {
            campaign: domain::campaign::CampaignId(campaign),
            seq: seq.cast_unsigned(),
        }),
        review,
    })
}
