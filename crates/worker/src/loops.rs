//! What a worker does over and over, each in a loop of its own that ends when the worker is asked to.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use application::{
    AnswerInbound, PrepareCampaign, Prepared, ReconcileMessages, RelayPermits, RunJobs, Worked,
};
use domain::port::{
    AudienceStore, AuditLog, ContactCensus, DatabaseIdentity, ExtractStore, Housekeeping, ReceiptStore,
    Upkeep,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::beat::Beat;
use crate::provider::ProviderKeys;

/// How often each is done when there is nothing to do, and how long to wait after a failure.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    pub(crate) relay: Duration,
    pub(crate) settle: Duration,
    pub(crate) prepare: Duration,
    pub(crate) sweep: Duration,
    pub(crate) by_state: Duration,
    pub(crate) recount: Duration,
    pub(crate) heartbeat: Duration,
    pub(crate) records: Duration,
    pub(crate) replies: Duration,
    pub(crate) keys: Duration,
    pub(crate) after_failure: Duration,
}

/// How often is looked whether it is still the same database.
const IDENTITY_INTERVAL: Duration = Duration::from_mins(1);

/// How often is looked whether the daily work is due.
const ROOM_INTERVAL: Duration = Duration::from_hours(1);

/// How often the log is told where the audit log ends, so that its end cannot be cut off unseen.
const AUDIT_HEAD_INTERVAL: Duration = Duration::from_hours(1);

/// What is done.
pub(crate) struct Chores {
    pub(crate) relay: RelayPermits,
    pub(crate) prepare: Arc<PrepareCampaign>,
    pub(crate) receipts: Arc<dyn ReceiptStore>,
    pub(crate) upkeep: Arc<dyn Upkeep>,
    pub(crate) audiences: Arc<dyn AudienceStore>,
    pub(crate) census: Arc<dyn ContactCensus>,
    pub(crate) extracts: Arc<dyn ExtractStore>,
    pub(crate) jobs: Arc<RunJobs>,
    pub(crate) reconcile: ReconcileMessages,
    pub(crate) keys: ProviderKeys,
    pub(crate) answer: AnswerInbound,
    pub(crate) housekeeping: Arc<dyn Housekeeping>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) by_state_at_age: Duration,
    pub(crate) recount_interval: Duration,
    pub(crate) beat: Arc<Beat>,
    pub(crate) forget_after: Duration,
}

/// Whether there may be more to do at once.
enum Done {
    All,
    Part,
}

impl Chores {
    /// Starts the loops; they end soon after `stop`.
    pub(crate) fn start(self, rhythm: &Rhythm, stop: &CancellationToken) -> JoinSet<()> {
        let chores = Arc::new(self);
        let mut loops = JoinSet::new();
        let mut start = |name: &'static str, pause: Duration, step: Step| {
            loops.spawn(repeat(name, pause, rhythm.after_failure, stop.clone(), Arc::clone(&chores), step));
        };
        start("relay", rhythm.relay, |chores| Box::pin(async move { chores.relay().await }));
        start("watch", rhythm.sweep, |chores| Box::pin(async move { chores.watch().await }));
        start("settle", rhythm.settle, |chores| Box::pin(async move { chores.settle().await }));
        start("prepare", rhythm.prepare, |chores| Box::pin(async move { chores.prepare().await }));
        start("sweep", rhythm.sweep, |chores| Box::pin(async move { chores.sweep().await }));
        start("fold", rhythm.sweep, |chores| Box::pin(async move { chores.fold().await }));
        start("expire", rhythm.by_state, |chores| Box::pin(async move { chores.expire().await }));
        start("jobs", rhythm.prepare, |chores| Box::pin(async move { chores.job().await }));
        start("identity", IDENTITY_INTERVAL, |chores| Box::pin(async move { chores.identity().await }));
        start("room", ROOM_INTERVAL, |chores| Box::pin(async move { chores.room().await }));
        start("audit head", AUDIT_HEAD_INTERVAL, |chores| Box::pin(async move { chores.audit_head().await }));
        start("recount", rhythm.recount, |chores| Box::pin(async move { chores.recount().await }));
        start("beat", rhythm.heartbeat, |chores| Box::pin(async move { chores.beat().await }));
        start("measure", rhythm.heartbeat, |chores| Box::pin(async move { chores.measure().await }));
        start("rematch", rhythm.sweep, |chores| Box::pin(async move { chores.rematch().await }));
        start("records", rhythm.records, |chores| Box::pin(async move { chores.records().await }));
        start("bill", rhythm.records, |chores| Box::pin(async move { chores.bill().await }));
        start("replies", rhythm.replies, |chores| Box::pin(async move { chores.replies().await }));
        start("keys", rhythm.keys, |chores| Box::pin(async move { chores.keys() }));
        start("by_state", rhythm.by_state, |chores| Box::pin(async move { chores.by_state().await }));
        loops
    }

    async fn relay(&self) -> Result<Done, String> {
        match self.relay.execute().await {
            Ok(0) => Ok(Done::All),
            Ok(_) => Ok(Done::Part),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn settle(&self) -> Result<Done, String> {
        match self.receipts.settle().await {
            Ok(0) => Ok(Done::All),
            Ok(settled) => {
                metrics::counter!("pregon_receipts_settled_total").increment(settled);
                // What comes while these are settled waits for the next round, so that each round is worth it.
                Ok(if settled < 500 { Done::All } else { Done::Part })
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn prepare(&self) -> Result<Done, String> {
        match self.prepare.execute().await {
            Ok(Prepared::Nothing) => Ok(Done::All),
            Ok(Prepared::Something) => Ok(Done::Part),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn fold(&self) -> Result<Done, String> {
        match self.census.fold().await {
            Ok(0) => Ok(Done::All),
            Ok(_) => Ok(Done::Part),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn expire(&self) -> Result<Done, String> {
        let sentence = |error: domain::port::StoreError| error.to_string();
        let emptied = self.extracts.empty_expired().await.map_err(sentence)?;
        let swept = self.jobs.sweep().await.map_err(sentence)?;
        Ok(if emptied + swept == 0 { Done::All } else { Done::Part })
    }

    async fn job(&self) -> Result<Done, String> {
        match self.jobs.execute().await {
            Ok(Worked::Nothing) => Ok(Done::All),
            Ok(Worked::Something) => Ok(Done::Part),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn by_state(&self) -> Result<Done, String> {
        match self.census.refresh_by_state(self.by_state_at_age).await {
            Ok(age) => {
                if let Some(age) = age {
                    metrics::gauge!("pregon_contacts_by_state_age_seconds").set(age.as_secs_f64());
                }
                Ok(Done::All)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn beat(&self) -> Result<Done, String> {
        let sentence = |error: domain::port::StoreError| error.to_string();
        self.beat.tell().await.map_err(sentence)?;
        let forgotten = self.beat.workers.forget_silent(self.forget_after).await.map_err(sentence)?;
        if forgotten > 0 {
            tracing::info!(workers = forgotten, "workers that are gone are forgotten");
        }
        Ok(Done::All)
    }

    async fn measure(&self) -> Result<Done, String> {
        self.beat.measure().await.map(|()| Done::All).map_err(|error| error.to_string())
    }

    async fn rematch(&self) -> Result<Done, String> {
        match self.receipts.settle_again().await {
            Ok(0) => Ok(Done::All),
            Ok(_) => Ok(Done::Part),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn records(&self) -> Result<Done, String> {
        let asked = self.reconcile.ask().await.map_err(|error| error.to_string())?;
        if asked.questions > 0 {
            metrics::counter!("pregon_record_questions_total").increment(asked.questions);
            metrics::counter!("pregon_records_found_total").increment(asked.records);
            tracing::info!(asked.questions, asked.records, "the provider was asked what became of messages");
        }
        Ok(Done::All)
    }

    async fn bill(&self) -> Result<Done, String> {
        match self.reconcile.bill_some().await {
            Ok(Worked::Nothing) => Ok(Done::All),
            Ok(Worked::Something) => Ok(Done::Part),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn replies(&self) -> Result<Done, String> {
        match self.answer.execute().await {
            Ok(0) => Ok(Done::All),
            Ok(answered) => {
                metrics::counter!("pregon_replies_total").increment(answered);
                Ok(Done::Part)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn keys(&self) -> Result<Done, String> {
        if self.keys.read_anew().map_err(|failure| failure.to_string())? {
            tracing::info!("other keys of the provider have taken the place of those before");
        }
        Ok(Done::All)
    }

    async fn identity(&self) -> Result<Done, String> {
        compare_identity(&*self.housekeeping).await.map(|()| Done::All).map_err(|error| error.to_string())
    }

    async fn room(&self) -> Result<Done, String> {
        let sentence = |error: domain::port::StoreError| error.to_string();
        self.housekeeping.make_room().await.map_err(sentence)?;
        if self.housekeeping.is_days_turn().await.map_err(sentence)? {
            while let Some(month) = self.housekeeping.drop_month().await.map_err(sentence)? {
                tracing::info!(month, "a month of messages is dropped (sending.keep_months)");
            }
            while self.housekeeping.forget_events().await.map_err(sentence)? > 0 {}
        }
        Ok(Done::All)
    }

    async fn audit_head(&self) -> Result<Done, String> {
        if let Some(head) = self.audit.head().await.map_err(|error| error.to_string())? {
            tracing::info!(lines = head.place, hash = %head.hash, "the audit log ends here: migrator audit verify --expect");
        }
        Ok(Done::All)
    }

    async fn recount(&self) -> Result<Done, String> {
        let found =
            self.housekeeping.recount(self.recount_interval).await.map_err(|error| error.to_string())?;
        let miscounts = found.unwrap_or_default();
        for miscount in &miscounts {
            tracing::error!(
                campaign = %miscount.campaign.0, state = %miscount.state, counted = miscount.counted, kept = miscount.kept,
                "the counts of a campaign are not those of its messages"
            );
        }
        let campaigns: std::collections::BTreeSet<_> = miscounts.iter().map(|one| one.campaign.0).collect();
        let differ = u32::try_from(campaigns.len()).unwrap_or(u32::MAX);
        metrics::gauge!("pregon_campaign_counts_differ").set(differ);
        Ok(Done::All)
    }

    async fn watch(&self) -> Result<Done, String> {
        let sentence = |error: domain::port::StoreError| error.to_string();
        self.upkeep.launch_scheduled().await.map_err(sentence)?;
        self.upkeep.reopen_lanes().await.map_err(sentence)?;
        self.upkeep.judge_canaries().await.map_err(sentence)?;
        let blown = self.upkeep.blow_fuses().await.map_err(sentence)?;
        if blown > 0 {
            tracing::warn!(campaigns = blown, "fuses have blown: campaigns are paused, with the reason");
        }
        Ok(Done::All)
    }

    async fn sweep(&self) -> Result<Done, String> {
        let sentence = |error: domain::port::StoreError| error.to_string();
        let lost = self.upkeep.give_up_lost().await.map_err(sentence)?;
        let overdue = self.upkeep.expire_overdue().await.map_err(sentence)?;
        let canceled = self.audiences.cancel_some().await.map_err(sentence)?;
        self.upkeep.revive_idle().await.map_err(sentence)?;
        self.upkeep.complete_finished().await.map_err(sentence)?;
        if lost > 0 {
            tracing::warn!(messages = lost, "a worker was lost; what it may have sent is uncertain");
        }
        metrics::counter!("pregon_messages_lost_total").increment(lost);
        metrics::counter!("pregon_messages_expired_total").increment(overdue);
        Ok(if lost + overdue + canceled == 0 { Done::All } else { Done::Part })
    }
}

/// Looks whether it is still the same database; nothing may be claimed from one that was restored before that is known.
pub(crate) async fn compare_identity(
    housekeeping: &dyn Housekeeping,
) -> Result<(), domain::port::StoreError> {
    match housekeeping.compare_identity().await? {
        DatabaseIdentity::Same | DatabaseIdentity::New => {}
        DatabaseIdentity::Restored { paused } => tracing::error!(
            campaigns = paused,
            "the database was restored from a backup: what was sent since is not known, and campaigns are paused"
        ),
        DatabaseIdentity::Untold => tracing::warn!(
            "the server does not tell which one it is, so a restored database is not noticed; grant execute on \
             pg_control_system() and pg_control_checkpoint()"
        ),
    }
    Ok(())
}

type Step = fn(Arc<Chores>) -> std::pin::Pin<Box<dyn Future<Output = Result<Done, String>> + Send>>;

async fn repeat(
    name: &'static str,
    pause: Duration,
    after_failure: Duration,
    stopped: CancellationToken,
    chores: Arc<Chores>,
    step: Step,
) {
    while !stopped.is_cancelled() {
        let pause = match step(Arc::clone(&chores)).await {
            Ok(Done::Part) => continue,
            Ok(Done::All) => pause,
            Err(error) => {
                tracing::warn!(chore = name, error, "will be tried again");
                after_failure.max(pause)
            }
        };
        tokio::select! {
            () = stopped.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
