//! Campaigns and the messages of them, as people look at them.

mod plan;

use async_trait::async_trait;
use domain::campaign::{
    Campaign, CampaignAction, CampaignId, CampaignPlan, CampaignState, Frozen, Previewed,
};
use domain::message::{MessageId, MessageState};
use domain::money::{Currency, Money};
use domain::port::{
    Attempt, CampaignStore, HeldPace, LaneProgress, Message, MessageHistory, PaceOwner, Progress, Receipt,
    StoreError, WriteError,
};
use domain::request::Envelope;
use domain::segment::{SegmentId, SegmentVersion};
use domain::sender::SenderId;
use domain::sms::Transliteration;
use domain::template::Template;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::contact::phone_from;
use crate::database::Database;
use crate::error::{classify, conflict, corrupt, exactly_one};
use crate::mutant;
use crate::request::{answered_before, audit, take_key};

pub(crate) use plan::PlanSettings;
use plan::PreviewedJson;

/// [`CampaignStore`] over the tables of the sending side.
pub struct PostgresCampaignStore {
    database: Database,
    permits_per_campaign: u16,
}

impl PostgresCampaignStore {
    /// The campaigns of `database`; a campaign that runs again gets so many permits.
    #[must_use]
    pub fn new(database: Database, permits_per_campaign: u16) -> Self {
        Self { database, permits_per_campaign }
    }

    /// What a key answered, if it was used and its answer is known.
    async fn answer(
        client: &impl tokio_postgres::GenericClient,
        envelope: &Envelope,
        doing: &str,
    ) -> Result<Option<Campaign>, WriteError> {
        let statement = include_str!("../sql/idempotency_campaign.sql");
        let row = answered_before(client, statement, envelope, doing).await?;
        Ok(row.map(|row| decode_campaign(&row, doing)).transpose()?)
    }

    /// Makes a change once: takes the key, or answers what it answered before.
    async fn once(
        transaction: &Transaction<'_>,
        envelope: &Envelope,
        doing: &str,
    ) -> Result<Option<Campaign>, WriteError> {
        if take_key(transaction, envelope, doing).await? {
            return Ok(None);
        }
        Self::answer(transaction, envelope, doing).await
    }

    /// The audit line of a change, and the answer of its key.
    async fn conclude(
        transaction: &Transaction<'_>,
        id: CampaignId,
        action: &str,
        envelope: &Envelope,
        doing: &str,
    ) -> Result<(), StoreError> {
        audit(transaction, action, ("campaign", &id.0.to_string()), envelope, doing).await?;
        if let Some(used) = &envelope.idempotency {
            transaction
                .execute(
                    include_str!("../sql/idempotency_answer_campaign.sql"),
                    &[&envelope.actor.0, &used.key, &id.0],
                )
                .await
                .map_err(|error| classify(doing, &error))?;
        }
        Ok(())
    }
}

#[async_trait]
impl CampaignStore for PostgresCampaignStore {
    async fn add(&self, campaign: Campaign, envelope: Envelope) -> Result<Campaign, WriteError> {
        let doing = "add a campaign";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let plan = &campaign.plan;
        let (segment, settings) = json_of(plan, doing)?;
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if let Some(before) = Self::once(&transaction, &envelope, doing).await? {
            return Ok(before);
        }
        let row = transaction
            .query_opt(
                include_str!("../sql/campaign_insert.sql"),
                &[
                    &campaign.id.0,
                    &plan.name,
                    &plan.priority.as_str(),
                    &plan.sender.0,
                    &plan.template.as_str(),
                    &(plan.transliteration == Transliteration::Replace),
                    &segment,
                    &settings,
                    &plan.saved_segment.map(|saved| saved.id.0),
                    &plan.saved_segment.map(|saved| saved.version.cast_signed()),
                    &campaign.created_by,
                    &campaign.created_at,
                    &plan.schedule_at,
                ],
            )
            .await
            .map_err(failed)?;
        let Some(row) = row else {
            return Err(conflict(doing, "its sender does not exist").into());
        };
        let added = decode_campaign(&row, doing)?;
        Self::conclude(&transaction, added.id, "campaign.create", &envelope, doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(added)
    }

    async fn replay(&self, envelope: Envelope) -> Result<Option<Campaign>, WriteError> {
        let doing = "look an Idempotency-Key up";
        let client = self.database.pooled(doing).await?;
        Self::answer(&**client, &envelope, doing).await
    }

    async fn record(
        &self,
        changed: Campaign,
        action: CampaignAction,
        envelope: Envelope,
    ) -> Result<Campaign, WriteError> {
        let doing = format!("{} campaign {}", action.as_str(), changed.id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let permits = i32::from(self.permits_per_campaign);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if let Some(before) = Self::once(&transaction, &envelope, &doing).await? {
            return Ok(before);
        }
        let row = transaction
            .query_opt(
                &*mutant::statement("campaign_change", include_str!("../sql/campaign_change.sql")),
                &[
                    &changed.id.0,
                    &changed.state.as_str(),
                    &changed.state.reason(),
                    &changed.version.cast_signed(),
                    &changed.state.launched_at(),
                    &changed.state.finished_at(),
                    &changed.updated_at,
                    &permits,
                    &changed.state.scheduled_at().or(changed.plan.schedule_at),
                ],
            )
            .await
            .map_err(failed)?;
        let Some(row) = row else {
            return Err(conflict(&doing, "it was changed in the meantime").into());
        };
        let recorded = decode_campaign(&row, &doing)?;
        let line = format!("campaign.{}", action.as_str());
        Self::conclude(&transaction, recorded.id, &line, &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(recorded)
    }

    async fn revise(&self, changed: Campaign, envelope: Envelope) -> Result<Campaign, WriteError> {
        let doing = format!("change campaign {}", changed.id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let plan = &changed.plan;
        let (segment, settings) = json_of(plan, &doing)?;
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let row = transaction
            .query_opt(
                include_str!("../sql/campaign_revise.sql"),
                &[
                    &changed.id.0,
                    &changed.version.cast_signed(),
                    &plan.name,
                    &plan.priority.as_str(),
                    &plan.sender.0,
                    &plan.template.as_str(),
                    &(plan.transliteration == Transliteration::Replace),
                    &segment,
                    &settings,
                    &plan.saved_segment.map(|saved| saved.id.0),
                    &plan.saved_segment.map(|saved| saved.version.cast_signed()),
                    &changed.updated_at,
                    &plan.schedule_at,
                    &plan.limits.per_second,
                ],
            )
            .await
            .map_err(failed)?;
        let Some(row) = row else {
            return Err(conflict(&doing, "it was changed in the meantime").into());
        };
        let revised = decode_campaign(&row, &doing)?;
        let object = revised.id.0.to_string();
        audit(&transaction, "campaign.change", ("campaign", &object), &envelope, &doing).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(revised)
    }

    async fn remove(&self, id: CampaignId, envelope: Envelope) -> Result<(), WriteError> {
        let doing = format!("remove campaign {}", id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let removed = transaction
            .execute(include_str!("../sql/campaign_remove.sql"), &[&id.0])
            .await
            .map_err(failed)?;
        exactly_one(removed, &doing, "it is no draft any more")?;
        audit(&transaction, "campaign.delete", ("campaign", &id.0.to_string()), &envelope, &doing).await?;
        Ok(transaction.commit().await.map_err(failed)?)
    }

    async fn keep_preview(&self, id: CampaignId, previewed: Previewed) -> Result<(), StoreError> {
        let doing = "keep what a preview said";
        let json = serde_json::to_string(&PreviewedJson::of(previewed))
            .map_err(|error| corrupt(doing, format!("it is no JSON: {error}")))?;
        let client = self.database.pooled(doing).await?;
        client
            .execute(
                include_str!("../sql/campaign_keep_preview.sql"),
                &[&id.0, &previewed.version.cast_signed(), &json],
            )
            .await
            .map(drop)
            .map_err(|error| classify(doing, &error))
    }

    async fn find(&self, id: CampaignId) -> Result<Option<Campaign>, StoreError> {
        let doing = "find a campaign";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(include_str!("../sql/campaign_find.sql"), &[&id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| decode_campaign(&row, doing)).transpose()
    }

    async fn page(&self, before: Option<CampaignId>, limit: u16) -> Result<Vec<Campaign>, StoreError> {
        let doing = "list campaigns";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/campaign_page.sql"), &[&before.map(|id| id.0), &i64::from(limit)])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode_campaign(row, doing)).collect()
    }

    async fn progress(&self, id: CampaignId) -> Result<Progress, StoreError> {
        let doing = "read a campaign's progress";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.pooled(doing).await?;
        let terms: [&(dyn ToSql + Sync); 1] = [&id.0];
        let counts =
            client.prepare_cached(include_str!("../sql/campaign_progress.sql")).await.map_err(failed)?;
        let lanes = client.prepare_cached(include_str!("../sql/campaign_lanes.sql")).await.map_err(failed)?;
        // Both are sent before either is answered.
        let (row, lanes) =
            futures::try_join!(client.query_one(&counts, &terms), client.query(&lanes, &terms))
                .map_err(failed)?;
        let n: Vec<i64> = row.get("n");
        Ok(Progress {
            counts: MessageState::ALL
                .into_iter()
                .zip(n.into_iter().chain(std::iter::repeat(0)))
                .map(|(state, n)| (state, n.max(0).cast_unsigned()))
                .collect(),
            segments_sent: row.get::<_, i64>("segments_sent").max(0).cast_unsigned(),
            pace: lanes.first().and_then(decode_pace),
            lanes: lanes.iter().map(decode_lane).collect(),
        })
    }

    async fn messages(
        &self,
        id: CampaignId,
        state: Option<MessageState>,
        after: u32,
        limit: u16,
    ) -> Result<Vec<Message>, StoreError> {
        let doing = "list a campaign's messages";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(
                include_str!("../sql/message_page.sql"),
                &[
                    &id.0,
                    &i32::try_from(after).unwrap_or(i32::MAX),
                    &state.map(MessageState::as_str),
                    &i64::from(limit),
                ],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| decode_message(row, doing)).collect()
    }

    async fn message(&self, id: MessageId) -> Result<Option<MessageHistory>, StoreError> {
        let doing = "find a message";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let Ok(seq) = i32::try_from(id.seq) else { return Ok(None) };
        let client = self.database.pooled(doing).await?;
        let (campaign, key) = (id.campaign.0, seq);
        let found = client
            .query_opt(include_str!("../sql/message_find.sql"), &[&campaign, &key])
            .await
            .map_err(failed)?;
        let Some(row) = found else { return Ok(None) };
        let attempts = client
            .query(include_str!("../sql/attempt_list.sql"), &[&campaign, &key])
            .await
            .map_err(failed)?;
        let receipts = client
            .query(include_str!("../sql/receipt_list.sql"), &[&campaign, &key])
            .await
            .map_err(failed)?;
        Ok(Some(MessageHistory {
            message: decode_message(&row, doing)?,
            text: row.get("body"),
            attempts: attempts
                .iter()
                .map(|row| Attempt {
                    number: row.get::<_, i16>("attempt").cast_unsigned(),
                    outcome: row.get("outcome"),
                    reason: row.get("reason"),
                    provider_id: row.get("provider_id"),
                    sender: row.get::<_, Option<Uuid>>("sender_id").map(SenderId),
                    started_at: row.get("started_at"),
                    finished_at: row.get("finished_at"),
                })
                .collect(),
            receipts: receipts
                .iter()
                .map(|row| Receipt {
                    attempt: row.get::<_, i16>("attempt").cast_unsigned(),
                    status: row.get("status"),
                    occurred_at: row.get("occurred_at"),
                    received_at: row.get("received_at"),
                })
                .collect(),
        }))
    }
}

pub(crate) fn decode_message(row: &Row, doing: &str) -> Result<Message, StoreError> {
    let state: &str = row.get("state");
    Ok(Message {
        id: MessageId {
            campaign: CampaignId(row.get("campaign_id")),
            seq: row.get::<_, i32>("seq").cast_unsigned(),
        },
        to: phone_from(row.get("phone"), doing)?,
        state: state.parse().map_err(|_| corrupt(doing, "a message is in an unknown state"))?,
        reason: row.get("reason"),
        attempts: row.get::<_, i16>("attempt").cast_unsigned(),
        segments: row.get::<_, i16>("segments").cast_unsigned(),
        changed_at: row.get("changed_at"),
    })
}

/// A row of `campaigns`.
pub(crate) fn decode_campaign(row: &Row, doing: &str) -> Result<Campaign, StoreError> {
    let broken = |column: &str| corrupt(doing, format!("{column} of a campaign holds an unknown value"));
    let priority: &str = row.get("priority");
    let currency: &str = row.get("currency");
    let currency = Currency::parse(currency).map_err(|_| broken("currency"))?;
    let segment: Value = row.get("segment");
    let settings = PlanSettings::read(row.get("settings")).ok_or_else(|| broken("settings"))?;
    let previewed: Option<Value> = row.get("previewed");
    let template: &str = row.get("template");
    let price: Option<i64> = row.get("price_micros_per_segment");
    Ok(Campaign {
        id: CampaignId(row.get("id")),
        kind: row.get::<_, &str>("kind").parse().map_err(|_| broken("kind"))?,
        plan: CampaignPlan {
            name: row.get("name"),
            template: Template::parse(template).map_err(|_| broken("template"))?,
            transliteration: if row.get("transliterate") {
                Transliteration::Replace
            } else {
                Transliteration::Keep
            },
            saved_segment: decode_saved_segment(row),
            segment: serde_json::from_value(segment).map_err(|_| broken("segment"))?,
            sender: SenderId(row.get("sender_id")),
            priority: priority.parse().map_err(|_| broken("priority"))?,
            limits: settings.limits(currency),
            window: settings.window().map_err(|()| broken("settings"))?,
            canary: settings.canary(),
            schedule_at: row.get("schedule_at"),
            unknown_line_types: settings.unknown_line_types(),
        },
        state: decode_state(row, currency).ok_or_else(|| broken("state"))?,
        version: row.get::<_, i32>("version").cast_unsigned(),
        price_per_segment: Money { micros: price.unwrap_or_default(), currency },
        previewed: previewed.and_then(|json| PreviewedJson::read(json, currency)),
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}

/// A plan's segment and the rest of it, as the columns hold them.
fn json_of(plan: &CampaignPlan, doing: &str) -> Result<(String, String), StoreError> {
    let no_json = |error: serde_json::Error| corrupt(doing, format!("the plan is no JSON: {error}"));
    let segment = serde_json::to_string(&plan.segment).map_err(no_json)?;
    Ok((segment, serde_json::to_string(&PlanSettings::of(plan)).map_err(no_json)?))
}

fn decode_lane(row: &Row) -> LaneProgress {
    let messages = |name: &str| row.get::<_, i32>(name).max(0).cast_unsigned();
    LaneProgress {
        zone: row.get("zone"),
        unclaimed: messages("unclaimed"),
        claimable: messages("claimable"),
        is_gated: row.get("is_gated"),
        opens_at: row.get("opens_at"),
        retry_at: row.get("retry_at"),
    }
}

fn decode_pace(row: &Row) -> Option<HeldPace> {
    let owner: Option<&str> = row.get("pace_owner");
    let owner = match owner?.split(':').next()? {
        "account" => PaceOwner::Account,
        "campaign" => PaceOwner::Campaign,
        _ => PaceOwner::Sender,
    };
    Some(HeldPace { owner, per_second: row.get("per_second"), paused_until: row.get("paused_until") })
}

fn decode_saved_segment(row: &Row) -> Option<SegmentVersion> {
    let id: Option<Uuid> = row.get("segment_id");
    let version: Option<i32> = row.get("segment_version");
    Some(SegmentVersion { id: SegmentId(id?), version: version?.cast_unsigned() })
}

/// `None` where a column is missing that the state must have.
fn decode_state(row: &Row, currency: Currency) -> Option<CampaignState> {
    let launched_at: Option<Timestamp> = row.get("launched_at");
    let finished_at: Option<Timestamp> = row.get("finished_at");
    let reason: Option<String> = row.get("state_reason");
    let audience: Option<i32> = row.get("audience");
    let cost: Option<i64> = row.get("cost_micros");
    let frozen = audience.map(|audience| Frozen {
        audience: audience.cast_unsigned(),
        cost: Money { micros: cost.unwrap_or_default(), currency },
    });
    Some(match row.get("state") {
        "draft" => CampaignState::Draft,
        "scheduled" => CampaignState::Scheduled { at: row.get::<_, Option<Timestamp>>("schedule_at")? },
        "preparing" => CampaignState::Preparing { launched_at: launched_at? },
        "running" => CampaignState::Running { launched_at: launched_at?, frozen: frozen? },
        "paused" => CampaignState::Paused { launched_at: launched_at?, frozen, reason },
        "completed" => {
            CampaignState::Completed { launched_at: launched_at?, frozen: frozen?, finished_at: finished_at? }
        }
        "canceled" => CampaignState::Canceled { launched_at, frozen, finished_at: finished_at? },
        "failed" => {
            CampaignState::Failed { reason: reason?, launched_at: launched_at?, finished_at: finished_at? }
        }
        _ => return None,
    })
}
