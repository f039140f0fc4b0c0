//! Audiences: counted, and frozen slice by slice.

use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::UnknownLineTypes;
use domain::contact::{Contact, ContactId};
use domain::message::Evidence;
use domain::port::{AudienceCount, AudienceStore, Freezing, SegmentCount, Slice, StoreError};
use domain::segment::Segment;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::campaign::decode_campaign;
use crate::contact::{decode, to_bigint};
use crate::database::Database;
use crate::dispatch::DispatchOptions;
use crate::dispatch::evidence::{self, Entry, EvidenceBatch};
use crate::error::{classify, exactly_one};
use crate::segment::{SegmentStatement, estimate};

/// How long a statement that walks through all contacts may take.
const WALK_MAX: Duration = Duration::from_mins(10);

/// The most messages that are canceled at once.
const CANCELED_MAX: i32 = 5_000;

/// [`AudienceStore`] over `contacts` and the tables of the sending side.
pub struct PostgresAudienceStore {
    database: Database,
    options: DispatchOptions,
    zone: String,
}

impl PostgresAudienceStore {
    /// The audiences of `database`, their lanes in the time zone `zone`.
    #[must_use]
    pub fn new(database: Database, options: DispatchOptions, zone: String) -> Self {
        Self { database, options, zone }
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
        let Some(most) = freezing.campaign.plan.messages_max else { return Ok(None) };
        let id = freezing.campaign.id.0;
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let known = "SELECT draw_max FROM campaigns WHERE id = $1";
        let client = self.database.pooled(doing).await?;
        let drawn: Option<i64> = client.query_one(known, &[&id]).await.map_err(failed)?.get(0);
        drop(client);
        if drawn.is_some() || freezing.after.0 > 0 {
            return Ok(drawn);
        }
        let own = slice_parameters(freezing, i64::from(most));
        let statement = SegmentStatement::new(include_str!("../sql/audience_draw.sql"), segment, own);
        // All of the audience is less than that: everybody is taken.
        let draw = self.query(doing, &statement).await?.first().map_or(i64::MAX, |row| row.get("draw"));
        let client = self.database.pooled(doing).await?;
        client.execute(include_str!("../sql/campaign_set_draw.sql"), &[&id, &draw]).await.map_err(failed)?;
        Ok(Some(draw))
    }

    /// Locks a freezing where it stands, or says that another was there first.
    async fn lock(transaction: &Transaction<'_>, freezing: &Freezing, doing: &str) -> Result<(), StoreError> {
        let statement = include_str!("../sql/campaign_lock_freezing.sql");
        let locked = transaction
            .query(statement, &[&freezing.campaign.id.0, &freezing.after.0])
            .await
            .map_err(|error| classify(doing, &error))?;
        exactly_one(
            locked.len() as u64,
            doing,
            "another froze it further, or it is not being prepared any more",
        )
    }
}

fn slice_parameters(freezing: &Freezing, limit: i64) -> Vec<Box<dyn ToSql + Send + Sync>> {
    vec![
        Box::new(freezing.after.0),
        Box::new(limit),
        Box::new(allows(freezing.campaign.plan.unknown_line_types)),
        Box::new(freezing.campaign.id.0.to_string()),
    ]
}

fn allows(unknown: UnknownLineTypes) -> bool {
    unknown == UnknownLineTypes::Allow
}

#[async_trait]
impl AudienceStore for PostgresAudienceStore {
    async fn count(&self, segment: Segment, unknown: UnknownLineTypes) -> Result<AudienceCount, StoreError> {
        let sql = include_str!("../sql/audience_count.sql");
        let statement = SegmentStatement::new(sql, &segment, vec![Box::new(allows(unknown))]);
        let rows = self.query("count an audience", &statement).await?;
        let count = |name: &str| rows.first().map_or(0, |row| row.get::<_, i64>(name).cast_unsigned());
        Ok(AudienceCount {
            matched: count("matched"),
            not_valid: count("not_valid"),
            not_mobile: count("not_mobile"),
            opted_out: count("opted_out"),
            suppressed: count("suppressed"),
            remaining: count("remaining"),
        })
    }

    async fn sample(
        &self,
        segment: Segment,
        unknown: UnknownLineTypes,
        limit: u16,
        within: Duration,
    ) -> Result<Vec<Contact>, StoreError> {
        let doing = "sample an audience";
        let own: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(0_i64),
            Box::new(i64::from(limit)),
            Box::new(allows(unknown)),
            Box::new(String::new()),
            Box::new(None::<i64>),
        ];
        let statement = SegmentStatement::new(include_str!("../sql/audience_slice.sql"), &segment, own);
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
            .query_opt(include_str!("../sql/campaign_next_to_freeze.sql"), &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.map(|row| {
            Ok(Freezing {
                campaign: decode_campaign(&row, doing)?,
                after: ContactId(row.get("frozen_contact_id")),
                messages: row.get::<_, i32>("frozen_messages").cast_unsigned(),
            })
        })
        .transpose()
    }

    async fn next_slice(
        &self,
        freezing: Freezing,
        segment: Segment,
        limit: u16,
    ) -> Result<Vec<Contact>, StoreError> {
        let doing = "read a slice of an audience";
        let draw = self.draw(&freezing, &segment).await?;
        let mut own = slice_parameters(&freezing, i64::from(limit));
        own.push(Box::new(draw));
        let statement = SegmentStatement::new(include_str!("../sql/audience_slice.sql"), &segment, own);
        self.query(doing, &statement).await?.iter().map(|row| decode(row, doing)).collect()
    }

    async fn append_slice(&self, freezing: Freezing, slice: Slice) -> Result<Freezing, StoreError> {
        let doing = format!("write messages of campaign {}", freezing.campaign.id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let contacts: Vec<i64> = slice.messages.iter().map(|message| message.contact.0).collect();
        let phones: Vec<i64> = slice.messages.iter().map(|message| to_bigint(message.to)).collect();
        let segments: Vec<i16> =
            slice.messages.iter().map(|message| message.segments.cast_signed()).collect();
        let texts: Vec<&str> = slice.messages.iter().map(|message| message.text.as_str()).collect();
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        Self::lock(&transaction, &freezing, &doing).await?;
        transaction
            .execute(
                include_str!("../sql/message_insert_slice.sql"),
                &[
                    &freezing.campaign.id.0,
                    &freezing.messages.cast_signed(),
                    &contacts,
                    &phones,
                    &segments,
                    &texts,
                    &slice.up_to.0,
                ],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        let written = u32::try_from(slice.messages.len()).unwrap_or(u32::MAX);
        Ok(Freezing { after: slice.up_to, messages: freezing.messages + written, ..freezing })
    }

    async fn finish(&self, freezing: Freezing) -> Result<(), StoreError> {
        let doing = format!("start campaign {}", freezing.campaign.id.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let permits = i32::from(self.options.permits_per_campaign);
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        Self::lock(&transaction, &freezing, &doing).await?;
        transaction
            .execute(
                include_str!("../sql/campaign_start.sql"),
                &[&freezing.campaign.id.0, &self.zone, &permits],
            )
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
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
