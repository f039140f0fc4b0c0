//! The inbox of the providers: whoever posts waits until the event is committed, and all who wait are committed at once.

use std::sync::LazyLock;

use domain::message::MessageState;
use domain::port::{ProviderEvent, Report, StoreError};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::contact::to_bigint;
use crate::database::Database;
use crate::error::classify;
use crate::mutant;

/// The most events that are written by one statement.
const BATCH_MAX: usize = 500;

/// The most events that wait to be written; beyond it posts are refused, and come again.
const WAITING_MAX: usize = 8_192;

const SENT: &str = "sent";
const DELIVERED: &str = "delivered";
const UNDELIVERED: &str = "undelivered";
const INBOUND: &str = "inbound";

/// What a report says, as the column has it; `None` for one that says nothing of a message.
pub(super) fn evidence_of(report: Option<&str>) -> Option<domain::message::Evidence> {
    use domain::message::Evidence;
    match report? {
        SENT => Some(Evidence::ReportedSent),
        DELIVERED => Some(Evidence::ReportedDelivered),
        UNDELIVERED => Some(Evidence::ReportedUndelivered),
        _ => None,
    }
}

/// The reports that change a message, each with a state that it changes.
static NEWS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut news = Vec::new();
    for report in [SENT, DELIVERED, UNDELIVERED] {
        for state in MessageState::ALL {
            if evidence_of(Some(report)).and_then(|evidence| state.after(evidence)).is_some() {
                news.push(format!("{report}:{}", state.as_str()));
            }
        }
    }
    news
});

type Kept = Result<(), StoreError>;

/// An event, and who waits for it to be kept.
struct Waiting {
    provider: &'static str,
    event: ProviderEvent,
    kept: oneshot::Sender<Kept>,
}

/// Writes events as they come, many at once where many come.
pub(super) struct Inbox {
    waiting: mpsc::Sender<Waiting>,
}

impl Inbox {
    /// Writes into `database` for as long as this is held.
    pub(super) fn over(database: Database) -> Self {
        let (waiting, posted) = mpsc::channel(WAITING_MAX);
        tokio::spawn(work(database, posted));
        Self { waiting }
    }

    /// Returns when the event is committed.
    pub(super) async fn keep(&self, provider: &'static str, event: ProviderEvent) -> Kept {
        let unavailable = |reason: &str| StoreError::Unavailable {
            doing: "keep an event of the provider".to_owned(),
            reason: reason.to_owned(),
            source: None,
        };
        let (kept, answer) = oneshot::channel();
        self.waiting
            .try_send(Waiting { provider, event, kept })
            .map_err(|_| unavailable("too many events wait to be written"))?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the writer has ended")))
    }
}

async fn work(database: Database, mut posted: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while posted.recv_many(&mut batch, BATCH_MAX).await > 0 {
        match write(&database, &batch).await {
            Ok(()) => batch.drain(..).for_each(|waiting| drop(waiting.kept.send(Ok(())))),
            Err(StoreError::Unavailable { doing, reason, .. }) => {
                for waiting in batch.drain(..) {
                    let error = StoreError::Unavailable {
                        doing: doing.clone(),
                        reason: reason.clone(),
                        source: None,
                    };
                    drop(waiting.kept.send(Err(error)));
                }
            }
            // One of them cannot be written, which is no fault of the others.
            Err(_) => {
                for waiting in batch.drain(..) {
                    let alone = write(&database, std::slice::from_ref(&waiting)).await;
                    drop(waiting.kept.send(alone));
                }
            }
        }
    }
}

async fn write(database: &Database, batch: &[Waiting]) -> Kept {
    let doing = "keep events of the provider";
    let failed = |error: tokio_postgres::Error| classify(doing, &error);
    let columns = EventColumns::of(batch.iter().map(|waiting| (waiting.provider, &waiting.event)));
    let client = database.pooled(doing).await?;
    columns.insert(&client).await.map(drop).map_err(failed)
}

/// Events as the statement takes them: a column each.
#[derive(Default)]
pub(super) struct EventColumns<'a> {
    providers: Vec<&'a str>,
    ids: Vec<&'a str>,
    kinds: Vec<&'a str>,
    references: Vec<Option<String>>,
    campaigns: Vec<Option<Uuid>>,
    seqs: Vec<Option<i32>>,
    attempts: Vec<Option<i16>>,
    phones: Vec<Option<i64>>,
    provider_ids: Vec<Option<&'a str>>,
    reports: Vec<&'a str>,
    reasons: Vec<Option<&'a str>>,
    opt_outs: Vec<bool>,
    times: Vec<Option<Timestamp>>,
    payloads: Vec<&'a str>,
}

impl<'a> EventColumns<'a> {
    pub(super) fn of(events: impl Iterator<Item = (&'static str, &'a ProviderEvent)>) -> Self {
        let mut columns = Self::default();
        for (provider, event) in events {
            columns.push(provider, event);
        }
        columns
    }

    fn push(&mut self, provider: &'static str, event: &'a ProviderEvent) {
        let (report, reason, opted_out) = match &event.report {
            Report::Sent => (SENT, None, false),
            Report::Delivered => (DELIVERED, None, false),
            Report::Undelivered { reason, opted_out } => (UNDELIVERED, Some(reason.as_str()), *opted_out),
            Report::Inbound { .. } => (INBOUND, None, false),
            Report::Other { status } => (status.as_str(), None, false),
        };
        let reference = event.reference;
        self.providers.push(provider);
        self.ids.push(&event.id);
        self.kinds.push(&event.kind);
        self.references.push(reference.map(|reference| reference.to_string()));
        self.campaigns.push(reference.map(|reference| reference.message.campaign.0));
        self.seqs.push(reference.map(|reference| reference.message.seq.cast_signed()));
        self.attempts.push(reference.map(|reference| reference.attempt.cast_signed()));
        self.phones.push(event.phone.map(to_bigint));
        self.provider_ids.push(event.provider_id.as_deref());
        self.reports.push(report);
        self.reasons.push(reason);
        self.opt_outs.push(opted_out);
        self.times.push(event.occurred_at);
        self.payloads.push(&event.payload);
    }

    /// Writes those that are not there yet, and says how many that were.
    pub(super) async fn insert(
        &self,
        client: &impl deadpool_postgres::GenericClient,
    ) -> Result<u64, tokio_postgres::Error> {
        let statement = mutant::statement("event_insert", include_str!("../../sql/event_insert.sql"));
        let statement = client.prepare_cached(&statement).await?;
        let row = client
            .query_one(
                &statement,
                &[
                    &self.providers,
                    &self.ids,
                    &self.kinds,
                    &self.references,
                    &self.campaigns,
                    &self.seqs,
                    &self.attempts,
                    &self.phones,
                    &self.provider_ids,
                    &self.reports,
                    &self.reasons,
                    &self.opt_outs,
                    &self.times,
                    &self.payloads,
                    &*NEWS,
                ],
            )
            .await?;
        Ok(row.get::<_, i64>("new_events").cast_unsigned())
    }
}
