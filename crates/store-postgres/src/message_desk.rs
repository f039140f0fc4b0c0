//! Single messages, and what became of a number in a campaign.

use async_trait::async_trait;
use domain::campaign::{Campaign, CampaignId, CampaignKind, UnknownLineTypes};
use domain::contact::ContactId;
use domain::message::MessageId;
use domain::phone::PhoneNumber;
use domain::port::{
    Judged, LeftOut, Message, MessageDesk, SingleOrder, StoreError, Taken, Trace, WriteError,
};
use domain::request::Envelope;
use domain::segment::Segment;
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row, Transaction};
use uuid::Uuid;

use crate::audience::reason_of;
use crate::campaign::decode_message;
use crate::contact::to_bigint;
use crate::database::Database;
use crate::dispatch::SendingRules;
use crate::error::{classify, conflict};
use crate::request::{all_answered_before, audit, take_key};
use crate::segment::SegmentStatement;

/// [`MessageDesk`] over the tables of the sending side.
pub struct PostgresMessageDesk {
    database: Database,
    rules: SendingRules,
}

impl PostgresMessageDesk {
    /// The messages of `database`; numbers are judged by `rules`.
    #[must_use]
    pub fn new(database: Database, rules: SendingRules) -> Self {
        Self { database, rules }
    }

    async fn answer(
        client: &impl GenericClient,
        envelope: &Envelope,
        doing: &str,
    ) -> Result<Option<Vec<Message>>, WriteError> {
        let statement = include_str!("../sql/idempotency_messages.sql");
        let rows = all_answered_before(client, statement, envelope, doing).await?;
        let is_answered = rows.first().is_some_and(|row| row.get::<_, Option<Uuid>>("campaign_id").is_some());
        if !is_answered {
            return Ok(None);
        }
        let messages = rows.iter().map(|row| decode_message(row, doing)).collect::<Result<_, _>>()?;
        Ok(Some(messages))
    }

    /// The audit lines, and the answer of the key.
    async fn conclude(
        transaction: &Transaction<'_>,
        order: &SingleOrder,
        sent: &[Message],
        envelope: &Envelope,
        doing: &str,
    ) -> Result<(), StoreError> {
        match order.tested {
            Some(tested) => {
                let object = tested.0.to_string();
                audit(transaction, "campaign.test_send", ("campaign", &object), envelope, doing).await?;
            }
            None => {
                for message in sent {
                    let object = message.id.to_string();
                    audit(transaction, "message.send", ("message", &object), envelope, doing).await?;
                }
            }
        }
        if let Some(used) = &envelope.idempotency {
            let campaigns: Vec<Uuid> = sent.iter().map(|message| message.id.campaign.0).collect();
            transaction
                .execute(
                    include_str!("../sql/idempotency_answer_messages.sql"),
                    &[&envelope.actor.0, &used.key, &campaigns],
                )
                .await
                .map_err(|error| classify(doing, &error))?;
        }
        Ok(())
    }

    /// How the segment judges the number now.
    async fn judged(
        &self,
        campaign: &Campaign,
        segment: &Segment,
        phone: PhoneNumber,
        draw_max: Option<i64>,
    ) -> Result<Option<Judged>, StoreError> {
        let doing = "judge a number by a segment";
        let own: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(to_bigint(phone)),
            Box::new(campaign.plan.unknown_line_types == UnknownLineTypes::Allow),
            Box::new(campaign.id.0.to_string()),
            Box::new(i32::from(self.rules.cap_messages)),
            Box::new(self.rules.cap_within.as_secs_f64()),
        ];
        let statement = SegmentStatement::new(include_str!("../sql/audience_judge.sql"), segment, own);
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(&statement.sql, &statement.parameters())
            .await
            .map_err(|error| classify(doing, &error))?;
        let Some(row) = row else { return Ok(None) };
        let is_drawn = match (campaign.plan.limits.messages_max, draw_max) {
            (None, _) => Some(true),
            (Some(_), None) => None,
            (Some(_), Some(most)) => Some(row.get::<_, i64>("draw") <= most),
        };
        Ok(Some(Judged { left_out: reason(&row, doing)?, is_drawn }))
    }
}

#[async_trait]
impl MessageDesk for PostgresMessageDesk {
    async fn send(&self, order: SingleOrder, envelope: Envelope) -> Result<Taken, WriteError> {
        let doing = "send single messages";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let messages = &order.messages;
        let phones: Vec<i64> = messages.iter().map(|message| to_bigint(message.to)).collect();
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !take_key(&transaction, &envelope, doing).await?
            && let Some(before) = Self::answer(&*transaction, &envelope, doing).await?
        {
            return Ok(Taken::Queued(before));
        }
        let is_reply = order.kind == CampaignKind::Reply;
        let barred = include_str!("../sql/message_barred.sql");
        let barred = transaction.query(barred, &[&phones, &is_reply]).await.map_err(failed)?;
        if !barred.is_empty() {
            return Ok(Taken::Barred(barred.iter().map(|row| place(row, doing)).collect::<Result<_, _>>()?));
        }
        let campaigns: Vec<Uuid> = messages.iter().map(|message| message.campaign.0).collect();
        let names: Vec<&str> = messages.iter().map(|message| message.name.as_str()).collect();
        let zones: Vec<&str> = messages.iter().map(|message| message.zone.as_str()).collect();
        let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
        let segments = messages.iter().map(|message| message.text.measure().segments);
        let segments: Vec<i16> = segments.map(|n| i16::try_from(n).unwrap_or(i16::MAX)).collect();
        let rows = transaction
            .query(
                include_str!("../sql/message_send.sql"),
                &[
                    &order.kind.as_str(),
                    &order.sender.0,
                    &order.priority.as_str(),
                    &envelope.actor.0,
                    &envelope.at,
                    &campaigns,
                    &names,
                    &phones,
                    &zones,
                    &segments,
                    &texts,
                ],
            )
            .await
            .map_err(failed)?;
        if rows.len() != messages.len() {
            return Err(conflict(doing, "their sender does not exist").into());
        }
        let sent = rows.iter().map(|row| decode_message(row, doing)).collect::<Result<Vec<_>, _>>()?;
        Self::conclude(&transaction, &order, &sent, &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Taken::Queued(sent))
    }

    async fn replay(&self, envelope: Envelope) -> Result<Option<Vec<Message>>, WriteError> {
        let doing = "look an Idempotency-Key up";
        let client = self.database.pooled(doing).await?;
        Self::answer(&**client, &envelope, doing).await
    }

    async fn trace(
        &self,
        campaign: Campaign,
        segment: Segment,
        phone: PhoneNumber,
    ) -> Result<Option<Trace>, StoreError> {
        let doing = "trace a number in a campaign";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/message_trace.sql"), &[&campaign.id.0, &to_bigint(phone)])
            .await
            .map_err(|error| classify(doing, &error))?;
        drop(client);
        let Some(row) = row else { return Ok(None) };
        let seq: Option<i32> = row.get("seq");
        let of = CampaignId(campaign.id.0);
        Ok(Some(Trace {
            message: seq.map(|seq| MessageId { campaign: of, seq: seq.cast_unsigned() }),
            contact: row.get::<_, Option<i64>>("contact_id").map(ContactId),
            left_out: reason(&row, doing)?,
            is_passed: row.get::<_, Option<bool>>("is_passed").unwrap_or_default(),
            judged: self.judged(&campaign, &segment, phone, row.get("draw_max")).await?,
        }))
    }
}

/// A number that is barred, by its place.
fn place(row: &Row, doing: &str) -> Result<(usize, LeftOut), StoreError> {
    let place = usize::try_from(row.get::<_, i64>("place") - 1).unwrap_or_default();
    Ok((place, reason_of(row.get("reason"), doing)?))
}

fn reason(row: &Row, doing: &str) -> Result<Option<LeftOut>, StoreError> {
    row.get::<_, Option<&str>>("reason").map(|letter| reason_of(letter, doing)).transpose()
}
