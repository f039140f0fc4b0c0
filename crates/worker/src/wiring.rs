//! From settings to the things that work.

use std::sync::Arc;
use std::time::Duration;

use application::{
    AnswerInbound, KnownPlan, LookUpNumbers, LookUpSegment, PrepareCampaign, ReconcileMessages, RelayPermits,
    RunJobs, SendLimits, WatchWorkers, WorkPermit,
};
use async_trait::async_trait;
use domain::money::{Currency, Money};
use domain::port::{
    AudienceStore, Clock as _, Housekeeping as _, Ids, PermitConsumer, PermitPublisher, WorkerStore,
};
use domain::reply::ReplyTexts;
use http_actix::{Check, CheckFailed, Checks};
use queue_rabbitmq::{RabbitOptions, RabbitPermits};
use secrecy::ExposeSecret;
use settings::{LogFormat, Settings, Sources};
use store_postgres::{
    Database, DatabaseOptions, DispatchOptions, JobQueueOptions, LookupStoreOptions, PostgresAudienceStore,
    PostgresAuditLog, PostgresContactCensus, PostgresDispatch, PostgresExtractStore, PostgresHousekeeping,
    PostgresInboundDesk, PostgresJobQueue, PostgresLookupStore, PostgresMessageDesk,
    PostgresNumberingPlanStore, PostgresRecordDesk, PostgresSenderStore, PostgresWorkerStore,
    RecordDeskOptions, Schema, SendingRules,
};
use system::{SystemClock, SystemIds, host_name};

use crate::beat::Beat;
use crate::failure::Failure;
use crate::loops::{Chores, Rhythm, compare_identity};
use crate::provider::Provider;

/// Shards of a campaign's counts: two workers rarely change the same row.
const SHARDS: u128 = 64;

/// Reads the settings and sets the log up by them.
pub(crate) fn load(sources: &Sources) -> Result<Settings, Failure> {
    let settings = Settings::load(sources)?;
    let format = match settings.log.format {
        LogFormat::Auto => telemetry::Format::Auto,
        LogFormat::Json => telemetry::Format::Json,
        LogFormat::Pretty => telemetry::Format::Pretty,
    };
    telemetry::init(&settings.log.level, format).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(settings)
}

/// The way to the database.
pub(crate) fn database(settings: &Settings) -> Result<Database, Failure> {
    let given = settings.database()?;
    Ok(Database::new(&DatabaseOptions {
        url: given.url.expose_secret().to_owned(),
        application_name: format!("{}-worker", given.application_name),
        pool_size_max: given.pool_size_max,
        connect_timeout: given.connect_timeout,
        wait_timeout: given.wait_timeout,
        statement_timeout: given.statement_timeout,
    })?)
}

/// The way to the broker.
pub(crate) fn broker(settings: &Settings) -> Result<Arc<RabbitPermits>, Failure> {
    let given = settings.rabbitmq()?;
    Ok(Arc::new(RabbitPermits::new(RabbitOptions {
        url: given.url.expose_secret().to_owned(),
        connection_name: "pregon worker".to_owned(),
        prefix: given.prefix.clone(),
        connect_timeout: given.connect_timeout,
        call_timeout: given.call_timeout,
        reconnect_max: given.reconnect_max,
        queue_length_max: given.queue_length_max,
    })))
}

/// The servers that a worker needs.
pub(crate) fn checks(database: &Database, broker: &Arc<RabbitPermits>, within: Duration) -> Checks {
    Checks::within(within)
        .needed("postgres", Arc::new(Postgres(database.clone())))
        .needed("rabbitmq", Arc::new(Rabbit(Arc::clone(broker))))
}

struct Postgres(Database);

#[async_trait]
impl Check for Postgres {
    async fn check(&self) -> Result<(), CheckFailed> {
        self.0.now().await.map(drop).map_err(|error| CheckFailed(error.to_string()))
    }
}

struct Rabbit(Arc<RabbitPermits>);

#[async_trait]
impl Check for Rabbit {
    async fn check(&self) -> Result<(), CheckFailed> {
        self.0.ping().await.map_err(|error| CheckFailed(error.to_string()))
    }
}

/// A worker, put together.
pub(crate) struct Worker {
    pub(crate) name: String,
    pub(crate) handler: Arc<WorkPermit>,
    pub(crate) consumer: Arc<dyn PermitConsumer>,
    pub(crate) chores: Chores,
    pub(crate) rhythm: Rhythm,
}

fn lookup_options(settings: &Settings) -> LookupStoreOptions {
    let given = &settings.lookup;
    LookupStoreOptions {
        keep_for: given.keep_for,
        calls_per_day_max: given.calls_per_day_max,
        per_second: given.per_second,
        pace_ahead: given.pace_ahead,
        zone: settings.time.zone.iana_name().unwrap_or("UTC").to_owned(),
        window_contacts: given.window_contacts,
    }
}

/// What looks the numbers of segments up. A step ends well before its job's lease.
fn lookups(settings: &Settings, database: &Database, provider: &Provider) -> Result<LookUpSegment, Failure> {
    let given = &settings.lookup;
    let look_up = LookUpNumbers {
        provider: provider.lookup(given)?,
        lookups: Arc::new(PostgresLookupStore::new(database.clone(), lookup_options(settings))),
        clock: Arc::new(SystemClock),
        price: Money { micros: given.price_micros.into(), currency: Currency::MXN },
        in_flight_max: given.in_flight_max,
    };
    Ok(LookUpSegment {
        look_up: Arc::new(look_up),
        step_numbers: given.step_numbers,
        step_within: settings.jobs.lease / 6,
    })
}

fn jobs(settings: &Settings, database: &Database, provider: &Provider) -> Result<RunJobs, Failure> {
    let jobs = &settings.jobs;
    let options = JobQueueOptions {
        lease: jobs.lease,
        attempts_max: jobs.attempts_max,
        keep_for: jobs.keep_for,
        upload_timeout: jobs.upload_timeout,
        tag_contacts: jobs.tag_contacts,
    };
    let plan = KnownPlan::new(Arc::new(PostgresNumberingPlanStore::new(database.clone())));
    let queue = Arc::new(PostgresJobQueue::new(database.clone(), options));
    let lines_at_once = usize::try_from(jobs.import_lines).unwrap_or(usize::MAX);
    Ok(RunJobs::new(queue, Arc::new(plan), lines_at_once, lookups(settings, database, provider)?))
}

fn reconcile(
    settings: &Settings,
    (database, engine): (&Database, &Arc<PostgresDispatch>),
    provider: &Provider,
) -> Result<ReconcileMessages, Failure> {
    let records = &settings.records;
    let options = RecordDeskOptions {
        every: records.interval,
        ask_after: records.ask_after,
        bill_after: records.bill_after,
    };
    let desk = Arc::new(PostgresRecordDesk::new(database.clone(), options));
    Ok(ReconcileMessages::new(desk, engine.clone(), provider.records()?, records.questions_max))
}

fn answer(settings: &Settings, database: &Database, rules: SendingRules) -> AnswerInbound {
    let replies = &settings.replies;
    AnswerInbound {
        inbound: Arc::new(PostgresInboundDesk::new(database.clone())),
        messages: Arc::new(PostgresMessageDesk::new(database.clone(), rules)),
        senders: Arc::new(PostgresSenderStore::new(database.clone())),
        ids: Arc::new(SystemIds),
        clock: Arc::new(SystemClock),
        texts: ReplyTexts {
            opt_out: replies.opt_out.clone(),
            opt_in: replies.opt_in.clone(),
            help: replies.help.clone(),
        },
        zone: zone(settings),
    }
}

fn zone(settings: &Settings) -> String {
    settings.time.zone.iana_name().unwrap_or("UTC").to_owned()
}

/// Puts a worker together, once the schema is known to be this program's.
pub(crate) async fn worker(
    (settings, sources): (&Settings, &Sources),
    database: &Database,
    broker: &Arc<RabbitPermits>,
) -> Result<Worker, Failure> {
    Schema::new(database.clone()).require_current().await?;
    let housekeeping = Arc::new(PostgresHousekeeping::new(database.clone(), settings.sending.keep_months));
    housekeeping.make_room().await?;
    compare_identity(&*housekeeping).await?;
    let id = SystemIds.next();
    let (sending, worker) = (&settings.sending, &settings.worker);
    let options = DispatchOptions {
        worker: id.to_string(),
        shard: i16::try_from(id.as_u128() % SHARDS).unwrap_or_default(),
        claim_messages_max: sending.claim_messages_max,
        lease: sending.lease,
        pace_ahead: sending.pace_ahead,
        receipt_deadline: sending.receipt_deadline,
        outcome_deadline: sending.outcome_deadline,
        revive_after: worker.revive_after,
        permits_per_campaign: sending.permits_per_campaign,
        rematch_after: sending.rematch_after,
        rematch_for: sending.rematch_for,
        rules: SendingRules {
            cap_messages: sending.cap_messages,
            cap_within: sending.cap_within,
            fuse_messages_min: sending.fuse_messages_min,
            fuse_failed_percent: sending.fuse_failed_percent.into(),
            fuse_unknown_percent: sending.fuse_unknown_percent.into(),
            canary_wait: sending.canary_wait,
        },
    };
    let engine = Arc::new(PostgresDispatch::new(database.clone(), options.clone()));
    let answer = answer(settings, database, options.rules.clone());
    let audiences: Arc<dyn AudienceStore> = Arc::new(PostgresAudienceStore::new(database.clone(), options));
    engine.set_account_pace("telnyx", sending.account_per_second).await?;
    let provider = Provider::new(settings)?;
    let reconcile = reconcile(settings, (database, &engine), &provider)?;
    let handler = WorkPermit::new(
        engine.clone(),
        engine.clone(),
        provider.gateways()?,
        Arc::new(SystemClock),
        SendLimits {
            // A call that waits for a free connection would only wait elsewhere.
            in_flight_max: provider.connections_max(),
            in_flight_per_claim_max: sending.in_flight_per_claim_max,
            permit_time_max: sending.permit_time,
            pace_wait_max: sending.pace_wait,
            flush_outcomes_max: sending.flush_outcomes_max,
            flush_interval: sending.flush_interval,
            attempts_max: sending.attempts_max,
            retry_base: sending.retry_base,
            retry_max: sending.retry_max,
            breaker_failures: sending.breaker_failures,
            breaker_pause: sending.breaker_pause,
            store_retry: worker.store_retry,
        },
    );
    let publisher: Arc<dyn PermitPublisher> = broker.clone();
    let handler = Arc::new(handler);
    let beat = beat(settings, database, broker, (id.to_string(), &handler));
    Ok(Worker {
        name: id.to_string(),
        handler,
        consumer: broker.clone(),
        chores: Chores {
            relay: RelayPermits { outbox: engine.clone(), publisher },
            prepare: Arc::new(PrepareCampaign::new(
                Arc::clone(&audiences),
                Arc::new(SystemClock),
                zone(settings),
                sending.slice_contacts,
            )),
            receipts: engine.clone(),
            upkeep: engine,
            audiences,
            census: Arc::new(PostgresContactCensus::new(database.clone())),
            extracts: Arc::new(PostgresExtractStore::new(database.clone(), settings.extract.take_timeout)),
            jobs: Arc::new(jobs(settings, database, &provider)?),
            reconcile,
            keys: provider.keys(sources.clone()),
            answer,
            housekeeping,
            audit: Arc::new(PostgresAuditLog::new(database.clone())),
            beat: Arc::new(beat),
            forget_after: worker.forget_after,
            recount_interval: worker.recount_interval,
            by_state_at_age: worker.by_state_interval,
        },
        rhythm: Rhythm {
            relay: worker.relay_interval,
            settle: worker.settle_interval,
            prepare: worker.prepare_interval,
            sweep: worker.sweep_interval,
            by_state: (worker.by_state_interval / 10).max(Duration::from_secs(1)),
            heartbeat: worker.heartbeat,
            recount: worker.recount_interval,
            records: settings.records.interval,
            replies: settings.replies.interval,
            keys: provider.keys_interval(),
            after_failure: worker.store_retry,
        },
    })
}

/// Tells of a worker of this name.
fn beat(
    settings: &Settings,
    database: &Database,
    broker: &Arc<RabbitPermits>,
    (name, handler): (String, &Arc<WorkPermit>),
) -> Beat {
    let workers: Arc<dyn WorkerStore> = Arc::new(PostgresWorkerStore::new(database.clone()));
    Beat {
        name,
        host: host_name(),
        started_at: SystemClock.now(),
        handler: Arc::clone(handler),
        workers: Arc::clone(&workers),
        watch: WatchWorkers {
            workers,
            queues: broker.clone(),
            broker_within: settings.http.health_timeout,
            lost_after: settings.worker.lost_after(),
        },
    }
}
