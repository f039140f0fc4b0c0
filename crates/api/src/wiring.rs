//! From settings to the things that work.

use std::sync::Arc;
use std::time::Duration;

use application::{
    AddContact, AddSender, ChangeCampaign, ChangeContact, CountContacts, DraftCampaign, ExplainMessage,
    ExtractLimits, FollowCampaign, FollowWork, KeptCounts, KnownPlan, LoadSuppressions, LookUpCampaign,
    LookUpNumbers, LookUpPhones, PreviewCampaign, PreviewLimits, PreviewSegment, RouteSender, SaveSegment,
    SearchContacts, SendMessage, TagContacts, TakeContactFile, TakeExtract, TestCampaign, WatchWorkers,
};
use async_trait::async_trait;
use cache_redis::{RedisCache, RedisOptions, RedisRateLimiter};
use domain::campaign::Window;
use domain::money::{Currency, Money};
use domain::port::{
    AudienceStore, Cache, CampaignStore, ContactCensus, ContactDesk, ContactStore, ExtractStore,
    Housekeeping as _, JobStore, LookupStore, MessageDesk, PermitPublisher, RateLimiter, SegmentStore,
    SenderStore, SuppressionStore,
};
use gateway_telnyx::{TelnyxKeys, TelnyxLookup, TelnyxLookupOptions, TelnyxWebhooks};
use http_actix::{Check, CheckFailed, Checks, Services};
use queue_rabbitmq::{RabbitOptions, RabbitPermits};
use secrecy::ExposeSecret;
use settings::{LogFormat, Settings, Sources};
use store_postgres::{
    Database, DatabaseOptions, DispatchOptions, JobStoreOptions, LookupStoreOptions, PostgresAudienceStore,
    PostgresAuditLog, PostgresCampaignStore, PostgresContactCensus, PostgresContactDesk,
    PostgresContactSearch, PostgresContactStore, PostgresDispatch, PostgresExtractStore,
    PostgresHousekeeping, PostgresInboundDesk, PostgresJobStore, PostgresLookupStore, PostgresMessageDesk,
    PostgresNumberingPlanStore, PostgresRecordDesk, PostgresSegmentStore, PostgresSenderStore,
    PostgresSuppressionStore, PostgresWorkerStore, RecordDeskOptions, Schema, SendingRules,
};
use system::{SystemClock, SystemIds};

use crate::failure::Failure;
use crate::identity::Signing;

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
        application_name: format!("{}-api", given.application_name),
        pool_size_max: given.pool_size_max,
        connect_timeout: given.connect_timeout,
        wait_timeout: given.wait_timeout,
        statement_timeout: given.statement_timeout,
    })?)
}

/// The way to the broker, which the api asks how it is and what waits there. It connects when it is first asked.
pub(crate) fn broker(settings: &Settings) -> Result<Arc<RabbitPermits>, Failure> {
    let given = settings.rabbitmq()?;
    Ok(Arc::new(RabbitPermits::new(RabbitOptions {
        url: given.url.expose_secret().to_owned(),
        connection_name: "pregon api".to_owned(),
        prefix: given.prefix.clone(),
        connect_timeout: given.connect_timeout,
        call_timeout: given.call_timeout,
        reconnect_max: given.reconnect_max,
        queue_length_max: given.queue_length_max,
    })))
}

/// The way to the cache.
pub(crate) fn cache(settings: &Settings) -> Result<Arc<RedisCache>, Failure> {
    let given = settings.redis()?;
    Ok(Arc::new(RedisCache::new(RedisOptions {
        url: given.url.expose_secret().to_owned(),
        prefix: given.prefix.clone(),
        connect_timeout: given.connect_timeout,
        command_timeout: given.command_timeout,
        value_bytes_max: given.value_bytes_max,
    })))
}

fn job_options(settings: &Settings) -> JobStoreOptions {
    JobStoreOptions {
        open_max: settings.jobs.open_max,
        uploads_of_one_max: settings.jobs.uploads_of_one_max,
        keep_for: settings.jobs.keep_for,
    }
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

/// What looks numbers up; without a key for the provider it says so when it is asked.
fn look_up_phones(
    settings: &Settings,
    lookups: &Arc<dyn LookupStore>,
    plan: &Arc<KnownPlan>,
) -> Result<LookUpPhones, Failure> {
    let given = &settings.lookup;
    let provider = settings.telnyx_lookup().map(|telnyx| {
        let keys = TelnyxKeys::of_account(&telnyx.api_key)?;
        TelnyxLookup::new(&TelnyxLookupOptions {
            api_base_url: telnyx.api_base_url,
            keys: Arc::new(keys),
            connect_timeout: telnyx.connect_timeout,
            request_timeout: given.request_timeout,
            connections_max: given.in_flight_max.into(),
        })
    });
    let provider = provider.transpose().map_err(|error| Failure::Usage(error.to_string()))?;
    let look_up = provider.map(|provider| {
        Arc::new(LookUpNumbers {
            provider: Arc::new(provider),
            lookups: lookups.clone(),
            clock: Arc::new(SystemClock),
            price: Money { micros: given.price_micros.into(), currency: Currency::MXN },
            in_flight_max: given.in_flight_max,
        })
    });
    Ok(LookUpPhones {
        look_up,
        plan: plan.clone(),
        numbers_max: usize::try_from(given.numbers_max).unwrap_or(usize::MAX),
        within: given.answer_within,
    })
}

fn extract_limits(settings: &Settings) -> ExtractLimits {
    let extract = &settings.extract;
    ExtractLimits {
        numbers_max: extract.numbers_max,
        numbers_per_day_max: extract.numbers_per_day_max.into(),
        unused_within_days: extract.unused_within_days,
        keep_for: extract.keep_for,
        zone: settings.time.zone.clone(),
    }
}

/// Everything that handlers call, once the schema is known to be this program's.
#[expect(clippy::too_many_lines, reason = "a line or two for each service, and nothing else")]
pub(crate) async fn services(settings: &Settings) -> Result<Services, Failure> {
    let database = database(settings)?;
    Schema::new(database.clone()).require_current().await?;
    PostgresHousekeeping::new(database.clone(), settings.sending.keep_months).make_room().await?;
    let (broker, cache) = (broker(settings)?, cache(settings)?);
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let permits = settings.sending.permits_per_campaign;
    let campaigns: Arc<dyn CampaignStore> = Arc::new(PostgresCampaignStore::new(database.clone(), permits));
    let senders: Arc<dyn SenderStore> = Arc::new(PostgresSenderStore::new(database.clone()));
    let contacts: Arc<dyn ContactStore> = Arc::new(PostgresContactStore::new(database.clone()));
    let desk: Arc<dyn ContactDesk> = Arc::new(PostgresContactDesk::new(database.clone()));
    let suppressions: Arc<dyn SuppressionStore> = Arc::new(PostgresSuppressionStore::new(database.clone()));
    let extracts: Arc<dyn ExtractStore> =
        Arc::new(PostgresExtractStore::new(database.clone(), settings.extract.take_timeout));
    let jobs: Arc<dyn JobStore> = Arc::new(PostgresJobStore::new(database.clone(), job_options(settings)));
    let lookups: Arc<dyn LookupStore> =
        Arc::new(PostgresLookupStore::new(database.clone(), lookup_options(settings)));
    let segments: Arc<dyn SegmentStore> = Arc::new(PostgresSegmentStore::new(database.clone()));
    let census: Arc<dyn ContactCensus> = Arc::new(PostgresContactCensus::new(database.clone()));
    let shared_cache: Arc<dyn Cache> = cache.clone();
    let kept = KeptCounts {
        census: census.clone(),
        cache: Some(shared_cache.clone()),
        keep_for: settings.http.segment_count,
    };
    let engine = engine_options(settings);
    let messages: Arc<dyn MessageDesk> =
        Arc::new(PostgresMessageDesk::new(database.clone(), engine.rules.clone()));
    let zone = settings.time.zone.iana_name().unwrap_or("UTC").to_owned();
    let audiences: Arc<dyn AudienceStore> =
        Arc::new(PostgresAudienceStore::new(database.clone(), engine.clone()));
    let public_keys = settings.telnyx_webhooks()?.public_keys;
    let webhooks = TelnyxWebhooks::new(&public_keys).map_err(|error| Failure::Usage(error.to_string()))?;
    let plan = known_plan(&database, settings.http.plan_refresh).await?;
    let signing = Signing::new(settings, &database, shared_cache)?;
    Ok(Services {
        authenticate: signing.authenticate,
        log_in: signing.log_in,
        refresh: signing.refresh,
        log_out: signing.log_out,
        sessions: signing.sessions,
        end_session: signing.end_session,
        change_password: signing.change_password,
        second_factors: signing.second_factors,
        invite_user: signing.invite_user,
        change_user: signing.change_user,
        accounts: signing.accounts,
        create_api_key: signing.create_api_key,
        api_keys: signing.api_keys,
        draft: DraftCampaign {
            campaigns: campaigns.clone(),
            senders: senders.clone(),
            segments: segments.clone(),
            plan: plan.clone(),
            ids: ids.clone(),
            window: window(settings)?,
        },
        change_contact: ChangeContact { desk: desk.clone() },
        desk,
        take_extract: TakeExtract {
            extracts: extracts.clone(),
            segments: segments.clone(),
            ids: ids.clone(),
            limits: extract_limits(settings),
        },
        extracts: extracts.clone(),
        take_contact_file: TakeContactFile {
            jobs: jobs.clone(),
            ids: ids.clone(),
            bytes_max: settings.jobs.upload_bytes_max,
        },
        follow_work: FollowWork {
            jobs: jobs.clone(),
            extracts: extracts.clone(),
            campaigns: campaigns.clone(),
        },
        tag_contacts: TagContacts { jobs: jobs.clone(), segments: segments.clone(), ids: ids.clone() },
        look_up_phones: look_up_phones(settings, &lookups, &plan)?,
        look_up_campaign: LookUpCampaign {
            campaigns: campaigns.clone(),
            jobs: jobs.clone(),
            ids: ids.clone(),
        },
        lookups,
        jobs,
        save_segment: SaveSegment { segments: segments.clone(), ids: ids.clone() },
        segments: segments.clone(),
        change: change_campaign(settings, &campaigns, &suppressions),
        load_suppressions: load_suppressions(settings, &suppressions),
        suppressions,
        inbound: Arc::new(PostgresInboundDesk::new(database.clone())),
        audit: Arc::new(PostgresAuditLog::new(database.clone())),
        watch_workers: watch_workers(settings, &database, &broker),
        preview: PreviewCampaign {
            campaigns: campaigns.clone(),
            audiences: audiences.clone(),
            senders: senders.clone(),
            clock: Arc::new(SystemClock),
            limits: preview_limits(settings),
        },
        follow: FollowCampaign { campaigns: campaigns.clone() },
        records: Arc::new(PostgresRecordDesk::new(database.clone(), record_options(settings))),
        explain: ExplainMessage { campaigns: campaigns.clone(), desk: messages.clone(), zone: zone.clone() },
        test: TestCampaign {
            desk: messages.clone(),
            campaigns: campaigns.clone(),
            senders: senders.clone(),
            contacts: contacts.clone(),
            ids: ids.clone(),
            zone: zone.clone(),
        },
        send: SendMessage { desk: messages, senders: senders.clone(), ids: ids.clone(), zone },
        preview_segment: PreviewSegment {
            census: census.clone(),
            audiences,
            kept: kept.clone(),
            count_for: settings.http.segment_count_timeout,
        },
        search: SearchContacts {
            search: Arc::new(PostgresContactSearch::new(database.clone(), settings.http.search_timeout)),
        },
        count_contacts: CountContacts { census, kept, clock: clock.clone() },
        add_contact: AddContact { contacts: contacts.clone(), plan: plan.clone() },
        add_sender: AddSender { senders: senders.clone(), ids: ids.clone() },
        route_sender: RouteSender { senders: senders.clone() },
        campaigns,
        senders,
        contacts,
        plan,
        webhooks: Arc::new(webhooks),
        receipts: Arc::new(PostgresDispatch::new(database.clone(), engine)),
        clock,
        limiter: limiter(settings, &cache),
        ids,
        checks: checks(settings, database, broker, cache),
    })
}

fn limiter(settings: &Settings, cache: &Arc<RedisCache>) -> Arc<dyn RateLimiter> {
    let limits = &settings.limits;
    Arc::new(RedisRateLimiter::new(cache.clone(), limits.local_percent, limits.local_keys_max))
}

fn change_campaign(
    settings: &Settings,
    campaigns: &Arc<dyn CampaignStore>,
    suppressions: &Arc<dyn SuppressionStore>,
) -> ChangeCampaign {
    ChangeCampaign {
        campaigns: campaigns.clone(),
        suppressions: suppressions.clone(),
        suppression_list_days_max: settings.sending.suppression_list_days_max,
    }
}

fn load_suppressions(settings: &Settings, suppressions: &Arc<dyn SuppressionStore>) -> LoadSuppressions {
    LoadSuppressions { suppressions: suppressions.clone(), zone: settings.time.zone.clone() }
}

fn preview_limits(settings: &Settings) -> PreviewLimits {
    PreviewLimits {
        contacts_max: settings.sending.preview_contacts_max.into(),
        within: settings.sending.preview_timeout,
        zone: settings.time.zone.clone(),
    }
}

fn record_options(settings: &Settings) -> RecordDeskOptions {
    let records = &settings.records;
    RecordDeskOptions {
        every: records.interval,
        ask_after: records.ask_after,
        bill_after: records.bill_after,
    }
}

fn watch_workers(settings: &Settings, database: &Database, broker: &Arc<RabbitPermits>) -> WatchWorkers {
    WatchWorkers {
        workers: Arc::new(PostgresWorkerStore::new(database.clone())),
        queues: broker.clone(),
        broker_within: settings.http.health_timeout,
        lost_after: settings.worker.lost_after(),
    }
}

/// The servers that the api needs, and the one that it can do without.
fn checks(
    settings: &Settings,
    database: Database,
    broker: Arc<RabbitPermits>,
    cache: Arc<RedisCache>,
) -> Checks {
    Checks::within(settings.http.health_timeout)
        .needed("postgres", Arc::new(Postgres(database)))
        .needed("rabbitmq", Arc::new(Rabbit(broker)))
        .helpful("redis", Arc::new(Redis(cache)))
}

/// The numbering plan, read again when another is in force.
async fn known_plan(database: &Database, refresh: Duration) -> Result<Arc<KnownPlan>, Failure> {
    let plan = Arc::new(KnownPlan::new(Arc::new(PostgresNumberingPlanStore::new(database.clone()))));
    plan.refresh().await?;
    let known = Arc::downgrade(&plan);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(refresh).await;
            // The server is gone, and nobody asks any more.
            let Some(plan) = known.upgrade() else { return };
            match plan.refresh().await {
                Ok(true) => tracing::info!("another numbering plan is in force"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the numbering plan was not looked for"),
            }
        }
    });
    Ok(plan)
}

/// The engine as the api uses it: it keeps what providers post, and claims nothing.
fn engine_options(settings: &Settings) -> DispatchOptions {
    let sending = &settings.sending;
    DispatchOptions {
        worker: "api".to_owned(),
        shard: -1,
        claim_messages_max: sending.claim_messages_max,
        lease: sending.lease,
        pace_ahead: sending.pace_ahead,
        receipt_deadline: sending.receipt_deadline,
        outcome_deadline: sending.outcome_deadline,
        revive_after: settings.worker.revive_after,
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
    }
}

/// The hours of campaigns that name none.
fn window(settings: &Settings) -> Result<Option<Window>, Failure> {
    let given = settings.sending.window.as_deref();
    given
        .map(str::parse)
        .transpose()
        .map_err(|invalid| Failure::Usage(format!("sending.window is none: {invalid}")))
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

struct Redis(Arc<RedisCache>);

#[async_trait]
impl Check for Redis {
    async fn check(&self) -> Result<(), CheckFailed> {
        self.0.ping().await.map_err(|error| CheckFailed(error.to_string()))
    }
}
