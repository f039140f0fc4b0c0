//! The inbox of the providers, and settling it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::keyword::Reading;
use domain::message::Evidence;
use domain::port::{ConsentChange, ProviderEvent, ReceiptStore, Report, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

use super::PostgresDispatch;
use super::evidence::{self, Entry, EvidenceBatch};
use super::inbox::{EventColumns, evidence_of};
use super::skip_barred;
use crate::contact::{phone_from, to_bigint};
use crate::contact_desk::note_consent;
use crate::error::{classify, corrupt};
use crate::inbound::{consent, keep_inbound};

/// The most events that are settled at once.
const EVENTS_MAX: i64 = 1000;

#[async_trait]
impl ReceiptStore for PostgresDispatch {
    async fn keep(
        &self,
        provider: &'static str,
        event: ProviderEvent,
        written: Option<Reading>,
    ) -> Result<(), StoreError> {
        let (Some(reading), Report::Inbound { text }) = (written, &event.report) else {
            return self.inbox().keep(provider, event).await;
        };
        let doing = "keep an event of the provider";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let phone = event.phone.map(to_bigint);
        let mut client = self.database.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let columns = EventColumns::of(std::iter::once((provider, &event)));
        let kept = columns.insert(&transaction).await.map_err(failed)?;
        // A repeat must not undo what was decided since.
        if kept == 0 {
            return Ok(());
        }
        keep_inbound(&transaction, provider, &event, (text, reading)).await.map_err(failed)?;
        if let (Some(phone), Some(change)) = (phone, reading.consent()) {
            let evidence = format!("{provider} {}", event.id);
            let consent = consent(change, "written by the number itself", evidence);
            note_consent(&transaction, phone, &consent, "inbound").await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        if let (Some(phone), Some(ConsentChange::OptOut)) = (phone, reading.consent()) {
            skip_barred(&mut client, &[phone]).await;
        }
        Ok(())
    }

    async fn settle(&self) -> Result<u64, StoreError> {
        let receipts = self.settle_those(include_str!("../../sql/receipt_take.sql"), Source::Queue).await?;
        let events = self.settle_those(include_str!("../../sql/event_take.sql"), Source::Inbox).await?;
        Ok(receipts + events)
    }

    async fn settle_again(&self) -> Result<u64, StoreError> {
        self.settle_those(include_str!("../../sql/event_take_again.sql"), Source::Inbox).await
    }
}

/// Where what is settled was taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Of receipts that are kept: it is gone with being taken.
    Queue,
    /// Of events that may be of nobody: each is judged, and moved or marked.
    Inbox,
}

impl PostgresDispatch {
    /// Settles what a statement takes.
    async fn settle_those(&self, take: &str, source: Source) -> Result<u64, StoreError> {
        let doing = "settle events of the provider";
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.database.pooled(doing).await?;
        let apply = evidence::statement(&client).await.map_err(failed)?;
        let take = client.prepare_cached(take).await.map_err(failed)?;
        let transaction = client.transaction().await.map_err(failed)?;
        let events = transaction.query(&take, &[&EVENTS_MAX]).await.map_err(failed)?;
        if events.is_empty() {
            return Ok(0);
        }
        let strongest = strongest(&events, doing)?;
        for batch in rounds(&strongest) {
            batch.apply(&transaction, &apply, &self.options).await.map_err(failed)?;
        }
        if source == Source::Inbox {
            let settle = include_str!("../../sql/event_settle.sql");
            let settle = transaction.prepare_cached(settle).await.map_err(failed)?;
            let ids: Vec<i64> = events.iter().map(|event| event.get("id")).collect();
            let (wait, until) = (self.options.rematch_after, self.options.rematch_for);
            transaction
                .execute(&settle, &[&ids, &wait.as_secs_f64(), &until.as_secs_f64()])
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        let barred: Vec<i64> = strongest
            .values()
            .filter(|entry| entry.opted_out)
            .filter_map(|entry| entry.phone)
            .map(to_bigint)
            .collect();
        if !barred.is_empty() {
            skip_barred(&mut client, &barred).await;
        }
        Ok(events.len() as u64)
    }
}

/// The message's campaign and place, and the attempt.
type AttemptKey = (Uuid, i32, i16);

/// Evidence by the round: the statement takes each message once, and an event of an attempt that is not known must not hide
/// what another says of one that is.
fn rounds<'a>(strongest: &BTreeMap<AttemptKey, Entry<'a>>) -> Vec<EvidenceBatch<'a>> {
    let mut rounds: Vec<EvidenceBatch<'a>> = Vec::new();
    let mut last = None;
    let mut round = 0;
    for ((campaign, seq, _), entry) in strongest {
        round = if last == Some((campaign, seq)) { round + 1 } else { 0 };
        last = Some((campaign, seq));
        if rounds.len() == round {
            rounds.push(EvidenceBatch::default());
        }
        rounds[round].push(entry);
    }
    rounds
}

/// Of all events of one attempt, the one that says the most.
fn strongest<'a>(events: &'a [Row], doing: &str) -> Result<BTreeMap<AttemptKey, Entry<'a>>, StoreError> {
    let mut entries: BTreeMap<AttemptKey, Entry<'a>> = BTreeMap::new();
    for event in events {
        let Some(evidence) = evidence_of(event.get("report")) else { continue };
        let (Some(campaign), Some(seq), Some(attempt), Some(phone)) = (
            event.get::<_, Option<Uuid>>("campaign_id"),
            event.get::<_, Option<i32>>("seq"),
            event.get::<_, Option<i16>>("attempt"),
            event.get::<_, Option<i64>>("phone"),
        ) else {
            continue;
        };
        let entry = Entry {
            campaign,
            seq,
            attempt,
            phone: Some(phone_from(phone, doing).map_err(|_| corrupt(doing, "an event's phone is none"))?),
            evidence,
            reason: event.get("reason"),
            retry_in_seconds: 0.0,
            opted_out: event.get("opted_out"),
        };
        let known = entries.entry((campaign, seq, attempt)).or_insert(Entry { ..entry });
        // That the number said no holds, whichever of them says so.
        let opted_out = known.opted_out || entry.opted_out;
        if strength(entry.evidence) > strength(known.evidence) {
            *known = entry;
        }
        known.opted_out = opted_out;
    }
    Ok(entries)
}

/// How much a report says: that it arrived more than that it did not, and either more than that it left.
fn strength(evidence: Evidence) -> u8 {
    u8::from(evidence == Evidence::ReportedUndelivered)
        + 2 * u8::from(evidence == Evidence::ReportedDelivered)
}
