//! What providers are asked of, and what they billed.

use std::time::Duration;

use async_trait::async_trait;
use domain::billing::{BillState, BillTally, CampaignBill, Difference, DifferingMessage};
use domain::campaign::CampaignId;
use domain::message::{AttemptRef, MessageId};
use domain::money::{Currency, Money};
use domain::port::{BillSlice, BillStep, BilledMessage, RecordDesk, RecordQuestion, StoreError};
use tokio_postgres::Row;

use crate::contact::phone_from;
use crate::database::Database;
use crate::error::{classify, corrupt};

/// Messages whose bills are looked at at once.
const SLICE_MESSAGES: i64 = 2_000;
/// Receipts of one message that are read for its bill.
const PAYLOADS_MAX: i64 = 20;
/// Messages of one campaign that are kept as differing.
const DIFFERING_MAX: i64 = 100;
/// By so much the provider's clock may differ from ours.
const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// An attempt of which no beginning is known began at most so long before its loss was noted.
const LOSS_NOTED_WITHIN: Duration = Duration::from_hours(1);

/// What bounds the asking.
#[derive(Debug, Clone)]
pub struct RecordDeskOptions {
    /// How often one of all workers asks.
    pub every: Duration,
    /// How long an outcome is unknown before its provider is asked of it.
    pub ask_after: Duration,
    /// How long after a campaign has ended its bill is looked at.
    pub bill_after: Duration,
}

/// [`RecordDesk`] over the messages, and the tables of bills.
pub struct PostgresRecordDesk {
    database: Database,
    options: RecordDeskOptions,
}

impl PostgresRecordDesk {
    /// Of `database`.
    #[must_use]
    pub fn new(database: Database, options: RecordDeskOptions) -> Self {
        Self { database, options }
    }
}

#[async_trait]
impl RecordDesk for PostgresRecordDesk {
    async fn take_questions(&self, most: u16) -> Result<Vec<(String, RecordQuestion)>, StoreError> {
        let doing = "take what the provider is asked of";
        let turn = include_str!("../sql/turn_take.sql");
        let every = self.options.every.as_secs_f64();
        if self.database.execute(doing, turn, &[&"records", &every]).await? == 0 {
            return Ok(Vec::new());
        }
        let rows = self
            .database
            .query(
                doing,
                include_str!("../sql/record_ask.sql"),
                &[
                    &self.options.ask_after.as_secs_f64(),
                    &i64::from(most),
                    &CLOCK_SKEW.as_secs_f64(),
                    &LOSS_NOTED_WITHIN.as_secs_f64(),
                ],
            )
            .await?;
        let question = |row: &Row| {
            let message = MessageId {
                campaign: CampaignId(row.get("campaign_id")),
                seq: row.get::<_, i32>("seq").cast_unsigned(),
            };
            let question = RecordQuestion {
                attempt: AttemptRef { message, attempt: row.get::<_, i16>("attempt").cast_unsigned() },
                phone: phone_from(row.get("phone"), doing)?,
                sender: row.get("sender"),
                from: row.get("since"),
                until: row.get("until"),
            };
            Ok((row.get("provider"), question))
        };
        rows.iter().map(question).collect()
    }

    async fn next_to_bill(&self) -> Result<Option<BillSlice>, StoreError> {
        let doing = "read what is to be billed";
        let next = include_str!("../sql/bill_next.sql");
        let next = self.database.query(doing, next, &[&self.options.bill_after.as_secs_f64()]).await?;
        let Some(next) = next.first() else { return Ok(None) };
        let campaign = CampaignId(next.get("id"));
        let after: i32 = next.get("billed_to");
        let rows = self
            .database
            .query(
                doing,
                include_str!("../sql/bill_slice.sql"),
                &[
                    &campaign.0,
                    &after,
                    &SLICE_MESSAGES,
                    &PAYLOADS_MAX,
                    &CLOCK_SKEW.as_secs_f64(),
                    &LOSS_NOTED_WITHIN.as_secs_f64(),
                ],
            )
            .await?;
        Ok(Some(BillSlice {
            campaign,
            provider: next.get("provider"),
            sender: next.get("sender"),
            after: after.cast_unsigned(),
            messages: rows.iter().map(|row| message(row, doing)).collect::<Result<_, _>>()?,
        }))
    }

    async fn add_to_bill(&self, step: BillStep) -> Result<(), StoreError> {
        let doing = format!("add to the bill of campaign {}", step.campaign.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let tally = &step.tally;
        let (after, up_to) = (step.after.cast_signed(), step.up_to.map(u32::cast_signed));
        let differing: Vec<i64> = tally.differing.iter().copied().map(count).collect();
        let currencies: Vec<&str> = tally.costs.iter().map(|cost| cost.currency.as_str()).collect();
        let micros: Vec<i64> = tally.costs.iter().map(|cost| cost.micros).collect();
        let mut client = self.database.pooled(&doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let added = transaction
            .execute(
                include_str!("../sql/bill_add.sql"),
                &[
                    &step.campaign.0,
                    &after,
                    &up_to,
                    &count(tally.sent),
                    &count(tally.sent_segments),
                    &count(tally.billed),
                    &count(tally.billed_segments),
                    &differing,
                    &currencies,
                    &micros,
                ],
            )
            .await
            .map_err(failed)?;
        if added == 0 {
            // Another worker was faster.
            return Ok(());
        }
        if !step.differing.is_empty() {
            let places: Vec<i32> = step.differing.iter().map(|one| one.seq.cast_signed()).collect();
            let differences: Vec<&str> = step.differing.iter().map(|one| one.difference.as_str()).collect();
            let segments: Vec<i16> = step.differing.iter().map(|one| one.segments.cast_signed()).collect();
            let billed: Vec<i32> = step.differing.iter().map(|one| i32::from(one.billed_segments)).collect();
            transaction
                .execute(
                    include_str!("../sql/bill_differ.sql"),
                    &[&step.campaign.0, &places, &differences, &segments, &billed, &DIFFERING_MAX],
                )
                .await
                .map_err(failed)?;
        }
        if step.up_to.is_none() {
            let close = include_str!("../sql/bill_close.sql");
            transaction.execute(close, &[&step.campaign.0]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn bill(&self, campaign: CampaignId) -> Result<Option<CampaignBill>, StoreError> {
        let doing = "read the bill of a campaign";
        let found = include_str!("../sql/bill_find.sql");
        let found = self.database.query(doing, found, &[&campaign.0]).await?;
        let Some(found) = found.first() else { return Ok(None) };
        let currency =
            |code: &str| Currency::parse(code).map_err(|_| corrupt(doing, "a currency of a bill is none"));
        let price_per_segment = Money {
            micros: found.get("price_micros_per_segment"),
            currency: currency(found.get("currency"))?,
        };
        let Some(is_whole) = found.get::<_, Option<bool>>("is_whole") else {
            let (state, tally) = (BillState::Waiting, BillTally::default());
            return Ok(Some(CampaignBill {
                state,
                tally,
                price_per_segment,
                differing: Vec::new(),
                as_of: None,
            }));
        };
        let count = |column: &str| found.get::<_, i64>(column).cast_unsigned();
        let (codes, micros): (Vec<&str>, Vec<i64>) = (found.get("currencies"), found.get("micros"));
        let costs = codes.into_iter().zip(micros);
        let costs = costs.map(|(code, micros)| Ok(Money { micros, currency: currency(code)? }));
        let differing: Vec<i64> = found.get("differing");
        let differing: Vec<u64> = differing.into_iter().map(i64::cast_unsigned).collect();
        let tally = BillTally {
            sent: count("sent"),
            sent_segments: count("sent_segments"),
            billed: count("billed"),
            billed_segments: count("billed_segments"),
            costs: costs.collect::<Result<_, StoreError>>()?,
            differing: differing
                .try_into()
                .map_err(|_| corrupt(doing, "a bill counts other differences than there are"))?,
        };
        let rows =
            self.database.query(doing, include_str!("../sql/bill_differences.sql"), &[&campaign.0]).await?;
        Ok(Some(CampaignBill {
            state: if is_whole { BillState::Complete } else { BillState::UnderWay },
            tally,
            price_per_segment,
            differing: rows.iter().map(|row| differs(row, doing)).collect::<Result<_, _>>()?,
            as_of: found.get("looked_at"),
        }))
    }
}

fn message(row: &Row, doing: &str) -> Result<BilledMessage, StoreError> {
    let state: &str = row.get("state");
    Ok(BilledMessage {
        seq: row.get::<_, i32>("seq").cast_unsigned(),
        attempt: row.get::<_, i16>("attempt").cast_unsigned(),
        phone: phone_from(row.get("phone"), doing)?,
        state: state.parse().map_err(|_| corrupt(doing, "a message's state is none"))?,
        reason: row.get("reason"),
        segments: row.get::<_, i16>("segments").cast_unsigned(),
        from: row.get("since"),
        until: row.get("until"),
        payloads: row.get("payloads"),
    })
}

fn differs(row: &Row, doing: &str) -> Result<DifferingMessage, StoreError> {
    let difference: &str = row.get("difference");
    let difference: Difference =
        difference.parse().map_err(|_| corrupt(doing, "a difference of a bill is none"))?;
    let billed = u16::try_from(row.get::<_, i32>("billed_segments"));
    Ok(DifferingMessage {
        seq: row.get::<_, i32>("seq").cast_unsigned(),
        difference,
        segments: row.get::<_, i16>("segments").cast_unsigned(),
        billed_segments: billed.map_err(|_| corrupt(doing, "a message is billed more than any has"))?,
    })
}
