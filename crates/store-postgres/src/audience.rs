//! Audiences: counted, and frozen slice by slice.

mod members;

use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::{Opening, UnknownLineTypes};
use domain::contact::{Contact, ContactId};
use domain::message::Evidence;
use domain::money::Money;
use domain::phone::PhoneNumber;
use domain::port::{
    AudienceCount, AudienceStore, Freezing, LeftOut, Member, SegmentCount, Slice, StoreError,
};
use domain::segment::Segment;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::campaign::decode_campaign;
use crate::contact::{decode, phone_from, to_bigint};
use crate::database::Database;
use crate::dispatch::DispatchOptions;
use crate::dispatch::evidence::{self, Entry, EvidenceBatch};
use crate::error::{classify, exactly_one};
use crate::segment::{SegmentStatement, estimate};
use crate::sender::identity_of;

use members::letter_of;
pub(crate) use members::reason_of;

/// How long a statement that walks through all contacts may take.
const WALK_MAX: Duration = Duration::from_mins(10);

/// The most messages that are canceled at once.
const CANCELED_MAX: i32 = 5_000;

/// The times of a lane that is always open, for a column of times. The server's own `infinity` is none of the library's.
const ALWAYS_SINCE: Timestamp = Timestamp::constant(0, 0);
const FOR_EVER: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// Fewer messages need no look at their table.
const ANALYZED_FROM: u32 = 1_000;

/// [`AudienceStore`] over `contacts` and the tables of the sending side.
pub struct PostgresAudienceStore {
    database: Database,
    options: DispatchOptions,
}

impl PostgresAudienceStore {
    /// The audiences of `database`.
    #[must_use]
    pub fn new(database: Database, options: DispatchOptions) -> Self {
        Self { database, options }
    }

    /// How often a number may be written to within how many seconds.
    fn cap(&self) -> [Box<dyn ToSql + Send + Sync>; 2] {
        let rules = &self.options.rules;
        [Box::new(i32::from(rules.cap_messages)), Box::new(rules.cap_within.as_secs_f64())]
    }

    /// Runs a statement with a segment in it, for as long as it takes within reason.
    async fn query(&self, doing: &str, statement: &SegmentStatement) -> Result<Vec<Row>, StoreError> {
        let rows = self.query_within(doing, statement, WALK_MAX).await?;
        rows.ok_or_else(|| StoreError::Unavailable {
            doing: doing.to_owned(),
            reason: format!("it took longer than {} s", WALK_MAX.as_secs()),
            source: None,
        })
    }

    /// Runs a statement with a segment in it; nothing when it takes longer than that.
    async fn query_within(
        &self,
        doing: &str,
        statement: &SegmentStatement,
        within: Duration,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        self.database.query_within(doing, ("", within), &statement.sql, &statement.parameters()).await
    }

    /// What the server reckons that a segment means, by its statistics.
    async fn estimate(&self, segment: &Segment) -> Result<u64, StoreError> {
        let doing = "estimate a segment";
        let client = self.database.pooled(doing).await?;
        estimate(&**client, segment, doing).await
    }

    /// The greatest draw that a campaign takes, drawn once; none where it takes everybody.
    async fn draw(&self, freezing: &Freezing, segment: &Segment) -> Result<Option<i64>, StoreError> {
        let doing = "draw a part of an audience";
        let Some(most) = freezing.campaign.plan.limits.messages_max else { return Ok(None) };
        let id = freezing.campaign.id.0;
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let known = "SELECT draw_max FROM campaigns WHERE id = $1";
        let client = self.database.pooled(doing).await?;
        let drawn: Option<i64> = client.query_one(known, &[&id]).await.map_err(failed)?.get(0);
        drop(client);
        if drawn.is_some() || freezing.after.0 > 0 {
            return Ok(drawn);
        }
        let mut own: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(i64::from(most)),
            Box::new(allows(freezing.campaign.plan.unknown_line_types)),
            Box::new(id.to_string()),
        ];
        own.extend(self.cap());
        let statement = SegmentStatement::new(include_str!("../sql/audience_draw.sql"), segment, own);
        // All of the audience is less than that: everybody is taken.
        let draw = self.query(doing, &statement).await?.first().map_or(i64::MAX, |row| row.get("draw"));
        let client = self.database.pooled(doing).await?;
        client.execute(include_str!("../sql/campaign_set_draw.sql"), &[&id, &draw]).await.map_err(failed)?;
        Ok(Some(draw))
    }

    /// Has the server look at the table that a campaign's messages stand in: what it was never shown it plans badly for.
    async fn analyze(&self, freezing: &Freezing) -> Result<(), StoreError> {
        let analyze = include_str!("../sql/message_analyze.sql");
        let doing = "analyze the messages of a campaign";
        self.database.execute(doing, analyze, &[&freezing.campaign.id.0]).await.map(drop)
    }

    /// Locks a freezing where it stands, or says that another was there first.
    async fn lock(
        &self,
        transaction: &Transaction<'_>,
        freezing: &Freezing,
        doing: &str,
    ) -> Result<(), StoreError> {
        let statement = include_str!("../sql/campaign_lock_freezing.sql");
        let locked = transaction
            .query(statement, &[&freezing.campaign.id.0, &freezing.after.0, &self.options.worker])
            .await
            .map_err(|error| classify(doing, &error))?;
        exactly_one(
            locked.len() as u64,
            doing,
            "another froze it further, or it is not being prepared any more",
        )
    }
}

fn allows(unknown: UnknownLineTypes) -> bool {
    unknown == UnknownLineTypes::Allow
}

/// A slice as the statement takes it.
struct SliceColumns<'a> {
    contacts: Vec<Option<i64>>,
    phones: Vec<i64>,
    segments: Vec<i16>,
    texts: Vec<&'a str>,
    zones: Vec<&'a str>,
    left_out: Vec<i64>,
    left_out_contacts: Vec<i64>,
    left_out_letters: String,
}

impl<'a> SliceColumns<'a> {
    fn of(slice: &'a Slice) -> Self {
        let messages = &slice.messages;
        let count = |reason| {
            let left_out = slice.left_out.iter().filter(|(_, other)| *other == reason).count();
            i64::try_from(left_out).unwrap_or(i64::MAX)
        };
        Self {
            contacts: messages.iter().map(|message| message.contact.map(|contact| contact.0)).collect(),
            phones: messages.iter().map(|message| to_bigint(message.to)).collect(),
            segments: messages.iter().map(|message| message.segments.cast_signed()).collect(),
            texts: messages.iter().map(|message| message.text.as_str()).collect(),
            zones: messages.iter().map(|message| message.zone.as_str()).collect(),
            left_out: LeftOut::ALL.map(count).to_vec(),
            left_out_contacts: slice.left_out.iter().map(|(contact, _)| contact.0).collect(),
            left_out_letters: slice.left_out.iter().map(|(_, reason)| letter_of(*reason)).collect(),
        }
    }
}

#[async_trait]
impl AudienceStore for PostgresAudienceStore {
    async fn count(&self, segment: Segment, unknown: UnknownLineTypes) -> Result<AudienceCount, StoreError> {
        let sql = include_str!("../sql/audience_count.sql");
        let mut own: Vec<Box<dyn ToSql + Send + Sync>> = vec![Box::new(allows(unknown))];
        own.extend(self.cap());
        let statement = SegmentStatement::new(sql, &segment, own);
        let rows = self.query("count an audience", &statement).await?;
        let count = |name: &str| rows.first().map_or(0, |row| row.get::<_, i64>(name).cast_unsigned());
        Ok(AudienceCount {
            matched: count("matched"),
            not_valid: count("not_valid"),
            not_mobile: count("not_mobile"),
            opted_out: count("opted_out"),
            suppressed: count("suppressed"),
            capped: count("capped"),
            remaining: count("remaining"),
        })
    }

    async fn count_seeds(&self) -> Result<u64, StoreError> {
        let doing = "count seed numbers";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/seeds_count.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(row.get::<_, i64>("seeds").cast_unsigned())
    }

    async fn sample(
        &self,
        segment: Segment,
        unknown: UnknownLineTypes,
        limit: u16,
        within: Duration,
    ) -> Result<Vec<Contact>, StoreError> {
        let doing = "sample an audience";
        let own: Vec<Box<dyn ToSql + Send + Sync>> =
            vec![Box::new(i64::from(limit)), Box::new(allows(unknown))];
        let statement = SegmentStatement::new(include_str!("../sql/audience_sample.sql"), &segment, own);
        let found = self.query_within(doing, &statement, within).await?.unwrap_or_default();
        found.iter().map(|row| decode(row, doing)).collect()
    }

    async fn count_by_state(&self, segment: Segment, within: Duration) -> Result<SegmentCount, StoreError> {
        let sql = include_str!("../sql/audience_count_by_state.sql");
        let statement = SegmentStatement::new(sql, &segment, Vec::new());
        let counted = self.query_within("count a segment by state", &statement, within).await?;
        let Some(rows) = counted else { return Ok(SegmentCount::Estimated(self.estimate(&segment).await?)) };
        let count = |row: &Row| (row.get("state_code"), row.get::<_, i64>("contacts").cast_unsigned());
        Ok(SegmentCount::Exact(rows.iter().map(count).collect()))
    }

    async fn next_to_freeze(&self) -> Result<Option<Freezing>, StoreError> {
        let doing = "find a campaign to freeze";
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_opt(
                include_str!("../sql/campaign_next_to_freeze.sql"),
                &[&self.options.worker, &self.options.lease.as_secs_f64()],
            )
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| {
            let campaign = decode_campaign(&row, doing)?;
            let micros: Option<i64> = row.get("cost_micros");
            let currency = campaign.price_per_segment.currency;
            Ok(Freezing {
                campaign,
                identity: identity_of(&row.get("identity")),
                after: ContactId(row.get("frozen_contact_id")),
                messages: row.get::<_, i32>("frozen_messages").cast_unsigned(),
                seeds: row.get::<_, i32>("seeds").cast_unsigned(),
                cost: Money { micros: micros.unwrap_or_default(), currency },
            })
        })
        .transpose()
    }

    async fn members(
        &self,
        freezing: Freezing,
        segment: Segment,
        limit: u16,
    ) -> Result<BoxStream<'static, Result<Vec<Member>, StoreError>>, StoreError> {
        let draw = self.draw(&freezing, &segment).await?;
        let mut own: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(freezing.after.0),
            Box::new(allows(freezing.campaign.plan.unknown_line_types)),
            Box::new(freezing.campaign.id.0.to_string()),
            Box::new(draw),
        ];
        own.extend(self.cap());
        let statement = SegmentStatement::new(include_str!("../sql/audience_read.sql"), &segment, own);
        let client = self.database.single("read an audience").await?;
        Ok(members::members(client, statement, limit))
    }

    async fn seeds(&self, freezing: Freezing) -> Result<Vec<PhoneNumber>, StoreError> {
        let doing = "take seed numbers for a campaign";
        let wanted = i64::from(freezing.messages / 1_000);
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/campaign_pick_seeds.sql"), &[&freezing.campaign.id.0, &wanted])
            .await
            .map_err(|error| classify(doing, &error))?;
        rows.iter().map(|row| phone_from(row.get("phone_national"), doing)).collect()
    }

    async fn append_slice(&self, freezing: Freezing, slice: Slice) -> Result<Freezing, StoreError> {
        let doing = format!("write messages of campaign {}", freezing.campaign.id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let columns = SliceColumns::of(&slice);
        let mut client = self.database.pooled(&doing).await?;
        let statement =
            client.prepare_cached(include_str!("../sql/message_insert_slice.sql")).await.map_err(failed)?;
        let transaction = client.transaction().await.map_err(failed)?;
        self.lock(&transaction, &freezing, &doing).await?;
        transaction
            .execute(
                &statement,
                &[
                    &freezing.campaign.id.0,
                    &columns.contacts,
                    &columns.phones,
                    &columns.segments,
                    &columns.texts,
                    &columns.zones,
                    &slice.up_to.0,
                    &columns.left_out,
                    &columns.left_out_contacts,
                    &columns.left_out_letters,
                    &slice.seeds.cast_signed(),
                    &self.options.lease.as_secs_f64(),
                ],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        let written = u32::try_from(slice.messages.len()).unwrap_or(u32::MAX);
        let segments: u64 = slice.messages.iter().map(|message| u64::from(message.segments)).sum();
        let price = freezing.campaign.price_per_segment;
        let added = price.times(segments).unwrap_or(Money { micros: i64::MAX, ..price });
        Ok(Freezing {
            after: slice.up_to,
            messages: freezing.messages + written,
            seeds: freezing.seeds + slice.seeds,
            cost: Money { micros: freezing.cost.micros.saturating_add(added.micros), ..price },
            ..freezing
        })
    }

    async fn zones(&self, freezing: Freezing) -> Result<Vec<String>, StoreError> {
        let doing = "list the lanes of a campaign";
        let client = self.database.pooled(doing).await?;
        let rows = client
            .query(include_str!("../sql/lane_list.sql"), &[&freezing.campaign.id.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok(rows.iter().map(|row| row.get("zone")).collect())
    }

    async fn finish(
        &self,
        freezing: Freezing,
        openings: Vec<(String, Option<Opening>)>,
        pause: Option<String>,
    ) -> Result<(), StoreError> {
        let doing = format!("start campaign {}", freezing.campaign.id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        // Before the first claim, which would be planned by what the server knows of other campaigns: each message would be looked for
        // among all.
        if freezing.messages >= ANALYZED_FROM
            && let Err(error) = self.analyze(&freezing).await
        {
            tracing::warn!(%error, "the messages were not analyzed; the first claims may take long");
        }
        let permits = i32::from(self.options.permits_per_campaign);
        let plan = &freezing.campaign.plan;
        let canary = plan.canary.map(|canary| canary.messages.cast_signed());
        let zones: Vec<&str> = openings.iter().map(|(zone, _)| zone.as_str()).collect();
        let opens: Vec<Timestamp> =
            openings.iter().map(|(_, times)| times.map_or(ALWAYS_SINCE, |times| times.opens_at)).collect();
        let closes: Vec<Timestamp> =
            openings.iter().map(|(_, times)| times.map_or(FOR_EVER, |times| times.closes_at)).collect();
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        self.lock(&transaction, &freezing, &doing).await?;
        transaction
            .execute(
                include_str!("../sql/campaign_start.sql"),
                &[
                    &freezing.campaign.id.0,
                    &permits,
                    &pause,
                    &zones,
                    &opens,
                    &closes,
                    &canary,
                    &plan.limits.per_second,
                ],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn release(&self, freezing: Freezing) -> Result<(), StoreError> {
        let doing = format!("release campaign {}", freezing.campaign.id.0);
        let client = self.database.pooled(&doing).await?;
        client
            .execute(
                include_str!("../sql/campaign_release_freezing.sql"),
                &[&freezing.campaign.id.0, &self.options.worker],
            )
            .await
            .map(drop)
            .map_err(|error| classify(doing.as_str(), &error))
    }

    async fn fail(&self, freezing: Freezing, reason: String) -> Result<(), StoreError> {
        let doing = format!("give up campaign {}", freezing.campaign.id.0);
        let client = self.database.pooled(&doing).await?;
        let failed = client
            .execute(include_str!("../sql/campaign_fail.sql"), &[&freezing.campaign.id.0, &reason])
            .await
            .map_err(|error| classify(doing.as_str(), &error))?;
        exactly_one(failed, &doing, "it is not being prepared any more")
    }

    async fn cancel_some(&self) -> Result<u64, StoreError> {
        let doing = "cancel messages";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let apply = evidence::statement(&client).await.map_err(failed)?;
        let transaction = client.transaction().await.map_err(failed)?;
        let left = transaction
            .query(include_str!("../sql/message_cancel_some.sql"), &[&CANCELED_MAX])
            .await
            .map_err(failed)?;
        let mut batch = EvidenceBatch::default();
        for row in &left {
            batch.push(&Entry {
                campaign: row.get::<_, Uuid>("campaign_id"),
                seq: row.get("seq"),
                attempt: row.get("attempt"),
                phone: None,
                evidence: Evidence::CampaignCanceled,
                reason: Some("campaign_canceled"),
                retry_in_seconds: 0.0,
                opted_out: false,
            });
        }
        let mut canceled = 0;
        if !batch.is_empty() {
            canceled = batch.apply(&transaction, &apply, &self.options).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(canceled)
    }
}
