//! What a worker does over and over, each in a loop of its own that ends when the worker is asked to.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use application::{PrepareCampaign, Prepared, RelayPermits, RunJobs, Worked};
use domain::port::{AudienceStore, ContactCensus, ExtractStore, ReceiptStore, Upkeep};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often each is done when there is nothing to do, and how long to wait after a failure.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    pub(crate) relay: Duration,
    pub(crate) settle: Duration,
    pub(crate) prepare: Duration,
    pub(crate) sweep: Duration,
    pub(crate) by_state: Duration,
    pub(crate) after_failure: Duration,
}

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
    pub(crate) by_state_at_age: Duration,
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
