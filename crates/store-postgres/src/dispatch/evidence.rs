//! Evidence by the batch, and the table of what it changes.

use std::sync::LazyLock;
use std::time::Duration;

use domain::campaign::CampaignId;
use domain::message::{Evidence, MessageState};
use domain::phone::PhoneNumber;
use domain::port::AttemptOutcome;
use tokio_postgres::{Statement, Transaction};
use uuid::Uuid;

use super::DispatchOptions;
use crate::contact::to_bigint;
use crate::mutant;

/// The domain's transitions, as the statement takes them.
struct Transitions {
    before: Vec<&'static str>,
    kinds: Vec<&'static str>,
    after: Vec<&'static str>,
}

static TRANSITIONS: LazyLock<Transitions> = LazyLock::new(|| {
    let mut table = Transitions { before: Vec::new(), kinds: Vec::new(), after: Vec::new() };
    for state in MessageState::ALL {
        for evidence in Evidence::ALL {
            if let Some(after) = state.after(evidence) {
                table.before.push(state.as_str());
                table.kinds.push(word(evidence));
                table.after.push(after.as_str());
            }
        }
    }
    table
});

/// One word for each kind of evidence, the same on both sides of the join.
fn word(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Claimed => "claimed",
        Evidence::Suppressed => "suppressed",
        Evidence::CampaignCanceled => "campaign_canceled",
        Evidence::ValidityEnded => "validity_ended",
        Evidence::Accepted => "accepted",
        Evidence::Refused => "refused",
        Evidence::RefusedForNow => "refused_for_now",
        Evidence::NoAnswer => "no_answer",
        Evidence::ReportedSent => "reported_sent",
        Evidence::ReportedDelivered => "reported_delivered",
        Evidence::ReportedUndelivered => "reported_undelivered",
        Evidence::ReceiptOverdue => "receipt_overdue",
        Evidence::OutcomeOverdue => "outcome_overdue",
    }
}

/// Evidence for the statement `message_apply`: a column each, at most one entry for a message.
#[derive(Default)]
pub(crate) struct EvidenceBatch<'a> {
    campaigns: Vec<Uuid>,
    seqs: Vec<i32>,
    attempts: Vec<i16>,
    phones: Vec<Option<i64>>,
    kinds: Vec<&'static str>,
    reasons: Vec<Option<&'a str>>,
    retries: Vec<f64>,
    opt_outs: Vec<bool>,
}

/// One piece of evidence.
pub(crate) struct Entry<'a> {
    pub(crate) campaign: Uuid,
    pub(crate) seq: i32,
    pub(crate) attempt: i16,
    /// The phone it speaks of, where that must be the message's.
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) evidence: Evidence,
    pub(crate) reason: Option<&'a str>,
    pub(crate) retry_in_seconds: f64,
    pub(crate) opted_out: bool,
}

impl<'a> EvidenceBatch<'a> {
    pub(crate) fn push(&mut self, entry: &Entry<'a>) {
        self.campaigns.push(entry.campaign);
        self.seqs.push(entry.seq);
        self.attempts.push(entry.attempt);
        self.phones.push(entry.phone.map(to_bigint));
        self.kinds.push(word(entry.evidence));
        self.reasons.push(entry.reason);
        self.retries.push(entry.retry_in_seconds);
        self.opt_outs.push(entry.opted_out);
    }

    pub(crate) fn push_outcome(&mut self, campaign: CampaignId, outcome: &'a AttemptOutcome) {
        self.push(&Entry {
            campaign: campaign.0,
            seq: outcome.seq.cast_signed(),
            attempt: outcome.attempt.cast_signed(),
            phone: None,
            evidence: outcome.evidence,
            reason: outcome.reason.as_deref(),
            retry_in_seconds: outcome.retry_in.as_secs_f64(),
            opted_out: outcome.opted_out,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// Applies all of it and returns how many messages it moved.
    pub(crate) async fn apply(
        &self,
        transaction: &Transaction<'_>,
        statement: &Statement,
        options: &DispatchOptions,
    ) -> Result<u64, tokio_postgres::Error> {
        let deadlines = (options.receipt_deadline, options.outcome_deadline);
        self.apply_with(transaction, statement, options.shard, deadlines).await
    }

    /// Applies evidence after which nothing more is waited for.
    pub(crate) async fn apply_in_shard(
        &self,
        transaction: &Transaction<'_>,
        statement: &Statement,
        shard: i16,
    ) -> Result<u64, tokio_postgres::Error> {
        self.apply_with(transaction, statement, shard, (Duration::ZERO, Duration::ZERO)).await
    }

    async fn apply_with(
        &self,
        transaction: &Transaction<'_>,
        statement: &Statement,
        shard: i16,
        (receipt_deadline, outcome_deadline): (Duration, Duration),
    ) -> Result<u64, tokio_postgres::Error> {
        let table = &*TRANSITIONS;
        let row = transaction
            .query_one(
                statement,
                &[
                    &self.campaigns,
                    &self.seqs,
                    &self.attempts,
                    &self.phones,
                    &self.kinds,
                    &self.reasons,
                    &self.retries,
                    &self.opt_outs,
                    &table.before,
                    &table.kinds,
                    &table.after,
                    &shard,
                    &receipt_deadline.as_secs_f64(),
                    &outcome_deadline.as_secs_f64(),
                ],
            )
            .await?;
        Ok(row.get::<_, i64>("moved").cast_unsigned())
    }
}

pub(crate) async fn statement(
    client: &deadpool_postgres::ClientWrapper,
) -> Result<Statement, tokio_postgres::Error> {
    client
        .prepare_cached(&mutant::statement("message_apply", include_str!("../../sql/message_apply.sql")))
        .await
}
