//! The sending engine: claims, evidence and what follows from it, permits.

pub(crate) mod evidence;
mod inbox;
mod outbox;
mod receipts;
mod skip;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::message::Evidence;
use domain::port::{
    AttemptOutcome, Claim, ClaimId, Claimed, ClaimedMessage, Dispatch, Hop, Remaining, StoreError, faultless,
};
use domain::sender::{SenderAddress, SenderId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::contact::phone_from;
use crate::database::Database;
use crate::error::{classify, corrupt};
use crate::mutant;

use evidence::EvidenceBatch;
use inbox::Inbox;
pub(crate) use skip::skip_barred;

/// How a worker claims and how long what it leaves open may stay so.
#[derive(Debug, Clone)]
pub struct DispatchOptions {
    /// The worker's name.
    pub worker: String,
    /// Which shard of the counts it changes, so that two workers rarely wait for each other.
    pub shard: i16,
    /// The most messages of one claim.
    pub claim_messages_max: u16,
    /// How long a claim may take.
    pub lease: Duration,
    /// How much of a sender's pace is sold ahead, and the most that one claim takes of it.
    pub pace_ahead: Duration,
    /// How long a receipt is waited for.
    pub receipt_deadline: Duration,
    /// How long an outcome that nobody knows is waited for.
    pub outcome_deadline: Duration,
    /// How long permits of a running campaign may show no effect before others are published.
    pub revive_after: Duration,
    /// How many permits of a campaign are in circulation, and so how many claims of it run at once.
    pub permits_per_campaign: u16,
    /// How long an event of a message or an attempt that is not known waits to be looked at again; it doubles each time,
    pub rematch_after: Duration,
    /// until so long after it came.
    pub rematch_for: Duration,
    /// What keeps campaigns from doing harm.
    pub rules: SendingRules,
}

/// What keeps campaigns from doing harm. By default nothing does.
#[derive(Debug, Clone, Default)]
pub struct SendingRules {
    /// The messages of campaigns that a number gets at most; 0 is any number.
    pub cap_messages: u16,
    /// Within which time.
    pub cap_within: Duration,
    /// The fewest messages of a campaign that its fuses judge by.
    pub fuse_messages_min: u32,
    /// The share of them, in percent, that may fail; 0 is any share.
    pub fuse_failed_percent: f64,
    /// The share of them, in percent, whose outcome nobody may know; 0 is any share.
    pub fuse_unknown_percent: f64,
    /// How long the receipts of a canary are waited for.
    pub canary_wait: Duration,
}

/// [`Dispatch`], [`Upkeep`](domain::port::Upkeep), [`PermitOutbox`](domain::port::PermitOutbox) and
/// [`ReceiptStore`](domain::port::ReceiptStore) over the tables of the sending side.
pub struct PostgresDispatch {
    database: Database,
    options: DispatchOptions,
    /// Made when the first event is kept.
    inbox: OnceLock<Inbox>,
}

impl PostgresDispatch {
    /// The engine of `database`.
    #[must_use]
    pub fn new(database: Database, options: DispatchOptions) -> Self {
        Self { database, options, inbox: OnceLock::new() }
    }

    fn inbox(&self) -> &Inbox {
        self.inbox.get_or_init(|| Inbox::over(self.database.clone()))
    }

    /// Sets how fast the account with a provider may send, over all senders; `None` is as fast as they may.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn set_account_pace(&self, provider: &str, per_second: Option<u32>) -> Result<(), StoreError> {
        let doing = "set the pace of an account";
        let client = self.database.pooled(doing).await?;
        client
            .execute(include_str!("../sql/account_pace_set.sql"), &[&provider, &per_second.map(f64::from)])
            .await
            .map(drop)
            .map_err(|error| classify(doing, &error))
    }
}

#[async_trait]
impl Dispatch for PostgresDispatch {
    async fn claim(&self, campaign: CampaignId) -> Result<Claimed, StoreError> {
        let doing = format!("claim from campaign {}", campaign.0);
        let client = self.database.pooled(&doing).await?;
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let claim = mutant::statement("dispatch_claim", include_str!("../sql/dispatch_claim.sql"));
        let claim = client.prepare_cached(&claim).await.map_err(failed)?;
        let most = i32::from(self.options.claim_messages_max);
        let ahead = self.options.pace_ahead.as_secs_f64();
        let lease = self.options.lease.as_secs_f64();
        let rules = &self.options.rules;
        let (cap, cap_seconds) = (i32::from(rules.cap_messages), rules.cap_within.as_secs_f64());
        let faultless = faultless::ALL.as_slice();
        let terms: [&(dyn ToSql + Sync); 9] = [
            &campaign.0,
            &self.options.worker,
            &self.options.shard,
            &most,
            &lease,
            &ahead,
            &cap,
            &cap_seconds,
            &faultless,
        ];
        #[cfg(debug_assertions)]
        if mutant::is_armed("post-before-commit") {
            client.batch_execute("BEGIN").await.map_err(failed)?;
        }
        let answered = client.query(&claim, &terms).await.map_err(failed);
        #[cfg(debug_assertions)]
        let client = if mutant::is_armed("post-before-commit") {
            mutant::commit_later(client);
            self.database.pooled(&doing).await?
        } else {
            client
        };
        let rows = answered?;
        if let Some(first) = rows.first() {
            let mut hops = Hops::default();
            return Ok(Claimed::Work(Claim {
                id: ClaimId { campaign, number: first.get("claim_id") },
                lease: self.options.lease,
                messages: rows
                    .iter()
                    .filter_map(|row| message(row, &mut hops, &doing).transpose())
                    .collect::<Result<_, _>>()?,
            }));
        }
        let wait = client.prepare_cached(include_str!("../sql/dispatch_wait.sql")).await.map_err(failed)?;
        let seconds: Option<f64> =
            client.query_one(&wait, &[&campaign.0, &ahead]).await.map_err(failed)?.get(0);
        let again_in = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        Ok(Claimed::Nothing { again_in })
    }

    async fn record(
        &self,
        claim: ClaimId,
        outcomes: Vec<AttemptOutcome>,
        remaining: Remaining,
    ) -> Result<(), StoreError> {
        let doing = format!("record outcomes of campaign {}", claim.campaign.0);
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let mut client = self.database.pooled(&doing).await?;
        let apply = evidence::statement(&client).await.map_err(failed)?;
        let keep = client.prepare_cached(include_str!("../sql/attempt_upsert.sql")).await.map_err(failed)?;
        let hold = client.prepare_cached(include_str!("../sql/claim_lock.sql")).await.map_err(failed)?;
        let end = client.prepare_cached(include_str!("../sql/claim_delete.sql")).await.map_err(failed)?;

        let mut batch = EvidenceBatch::default();
        for outcome in &outcomes {
            batch.push_outcome(claim.campaign, outcome);
        }
        let seqs: Vec<i32> = outcomes.iter().map(|outcome| outcome.seq.cast_signed()).collect();
        let attempts: Vec<i16> = outcomes.iter().map(|outcome| outcome.attempt.cast_signed()).collect();
        let words: Vec<&str> = outcomes.iter().map(|outcome| outcome_word(outcome.evidence)).collect();
        let reasons: Vec<Option<&str>> = outcomes.iter().map(|outcome| outcome.reason.as_deref()).collect();
        let ids: Vec<Option<&str>> = outcomes.iter().map(|outcome| outcome.provider_id.as_deref()).collect();
        let started: Vec<_> = outcomes.iter().map(|outcome| outcome.started_at).collect();
        let senders: Vec<_> = outcomes.iter().map(|outcome| outcome.sender.0).collect();

        let transaction = client.transaction().await.map_err(failed)?;
        if remaining == Remaining::Nothing {
            // First the claim, then its messages: as the sweep takes them, so that neither holds what the other awaits.
            // It may have ended the claim before us; what we know is recorded all the same.
            transaction.execute(&hold, &[&claim.number]).await.map_err(failed)?;
        }
        if !outcomes.is_empty() {
            batch.apply(&transaction, &apply, &self.options).await.map_err(failed)?;
            transaction
                .execute(
                    &keep,
                    &[&claim.campaign.0, &seqs, &attempts, &words, &reasons, &ids, &started, &senders],
                )
                .await
                .map_err(failed)?;
        }
        if remaining == Remaining::Nothing {
            transaction.execute(&end, &[&claim.number, &claim.campaign.0]).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn slow_down(&self, sender: SenderId, pause: Duration) -> Result<(), StoreError> {
        let doing = format!("slow sender {} down", sender.0);
        let statement = include_str!("../sql/sender_slow_down.sql");
        self.database.execute(&doing, statement, &[&sender.0, &pause.as_secs_f64()]).await.map(drop)
    }

    async fn leave_alone(&self, sender: SenderId, pause: Duration) -> Result<(), StoreError> {
        let doing = format!("note that sender {} is left alone", sender.0);
        let statement = include_str!("../sql/sender_leave_alone.sql");
        self.database.execute(&doing, statement, &[&sender.0, &pause.as_secs_f64()]).await.map(drop)
    }

    async fn block(&self, sender: SenderId, pause: Duration) -> Result<(), StoreError> {
        let doing = format!("pass sender {} by", sender.0);
        let statement = include_str!("../sql/sender_block.sql");
        self.database.execute(&doing, statement, &[&sender.0, &pause.as_secs_f64()]).await.map(drop)
    }

    async fn hold(&self, campaign: CampaignId, reason: String) -> Result<(), StoreError> {
        let doing = format!("hold campaign {}", campaign.0);
        let client = self.database.pooled(&doing).await?;
        client
            .execute(include_str!("../sql/campaign_hold.sql"), &[&campaign.0, &reason])
            .await
            .map(drop)
            .map_err(|error| classify(doing, &error))
    }
}

fn address(row: &Row, doing: &str) -> Result<SenderAddress, StoreError> {
    let kind: &str = row.get("kind");
    Ok(SenderAddress {
        kind: kind.parse().map_err(|_| corrupt(doing, "a sender is of an unknown kind"))?,
        value: row.get("value"),
    })
}

/// What the messages of a claim go by, each once.
#[derive(Default)]
struct Hops(HashMap<(Uuid, bool), Arc<Hop>>);

impl Hops {
    /// That of a message's row.
    fn of(&mut self, row: &Row, doing: &str) -> Result<Arc<Hop>, StoreError> {
        let (sender, has_others) = (row.get("sender_id"), row.get("has_others"));
        if let Some(hop) = self.0.get(&(sender, has_others)) {
            return Ok(Arc::clone(hop));
        }
        let (provider, from) = (row.get("provider"), address(row, doing)?);
        let hop = Arc::new(Hop { sender: SenderId(sender), provider, from, has_others });
        Ok(Arc::clone(self.0.entry((sender, has_others)).or_insert(hop)))
    }
}

/// The message of a claim's row; none where all of the claim was skipped.
fn message(row: &Row, hops: &mut Hops, doing: &str) -> Result<Option<ClaimedMessage>, StoreError> {
    let Some(seq) = row.get::<_, Option<i32>>("seq") else { return Ok(None) };
    Ok(Some(ClaimedMessage {
        seq: seq.cast_unsigned(),
        attempt: row.get::<_, i16>("attempt").cast_unsigned(),
        to: phone_from(row.get("phone"), doing)?,
        text: row.get("body"),
        hop: hops.of(row, doing)?,
    }))
}

/// What an attempt's row calls its outcome.
fn outcome_word(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Accepted => "accepted",
        Evidence::Refused => "refused",
        Evidence::RefusedForNow => "refused_for_now",
        Evidence::NoAnswer
        | Evidence::Claimed
        | Evidence::Suppressed
        | Evidence::CampaignCanceled
        | Evidence::ValidityEnded
        | Evidence::ReportedSent
        | Evidence::ReportedDelivered
        | Evidence::ReportedUndelivered
        | Evidence::ReceiptOverdue
        | Evidence::OutcomeOverdue => "unknown",
    }
}
