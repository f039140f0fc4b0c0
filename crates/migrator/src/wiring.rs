//! From settings to the things that work.

use std::sync::Arc;

use application::{LookUpNumbers, LookUpSegment};
use async_trait::async_trait;
use credentials::{Argon2Cost, Argon2Passwords};
use domain::money::{Currency, Money};
use gateway_telnyx::{TelnyxGatewayError, TelnyxKeys, TelnyxLookup, TelnyxLookupOptions};
use http_actix::ops::Ops;
use http_actix::{Check, CheckFailed, Checks};
use secrecy::ExposeSecret;
use settings::{LogFormat, Settings, Sources};
use store_postgres::{
    BulkLoad, Database, DatabaseOptions, LookupStoreOptions, PostgresImportStore, PostgresLookupStore,
    PostgresNumberingPlanStore, Schema,
};
use system::{SystemClock, SystemIds};

use crate::failure::Failure;

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
        application_name: given.application_name.clone(),
        pool_size_max: given.pool_size_max,
        connect_timeout: given.connect_timeout,
        wait_timeout: given.wait_timeout,
        statement_timeout: given.statement_timeout,
    })?)
}

/// The database, once its schema is known to be this program's.
pub(crate) async fn current_database(settings: &Settings) -> Result<Database, Failure> {
    let database = database(settings)?;
    Schema::new(database.clone()).require_current().await?;
    Ok(database)
}

/// Imports into the database.
pub(crate) fn imports(settings: &Settings, database: Database) -> PostgresImportStore {
    let bulk_load = BulkLoad {
        maintenance_work_mem_mb: settings.import.maintenance_work_mem_mb,
        connections: settings.import.connections,
        poison_rows_max: settings.import.poison_rows_max,
    };
    PostgresImportStore::new(database, bulk_load)
}

/// Serves health and metrics while a command runs.
pub(crate) fn serve_metrics(listen: &str, database: &Database, settings: &Settings) -> Result<Ops, Failure> {
    let checks =
        Checks::within(settings.http.health_timeout).needed("postgres", Arc::new(Postgres(database.clone())));
    Ops::start(listen, checks).map_err(|error| Failure::Server(format!("cannot listen on {listen}: {error}")))
}

struct Postgres(Database);

#[async_trait]
impl Check for Postgres {
    async fn check(&self) -> Result<(), CheckFailed> {
        self.0.now().await.map(drop).map_err(|error| CheckFailed(error.to_string()))
    }
}

/// The numbering plans of the database.
pub(crate) fn numbering_plans(database: Database) -> Arc<PostgresNumberingPlanStore> {
    Arc::new(PostgresNumberingPlanStore::new(database))
}

/// The hasher of passwords; one at a time, for a command makes one user.
pub(crate) fn passwords(settings: &Settings) -> Result<Arc<Argon2Passwords>, Failure> {
    let cost = Argon2Cost {
        memory_kib: settings.passwords.memory_kib,
        iterations: settings.passwords.iterations,
        lanes: settings.passwords.lanes,
    };
    let hasher = Argon2Passwords::new(cost, std::num::NonZeroUsize::MIN);
    hasher.map(Arc::new).map_err(|error| Failure::Usage(error.to_string()))
}

/// What looks the numbers of segments up; without a key for the provider, what to do.
pub(crate) fn lookups(settings: &Settings, database: Database) -> Result<LookUpSegment, Failure> {
    let given = &settings.lookup;
    let telnyx = settings.telnyx_lookup().ok_or_else(|| {
        Failure::Usage(
            "nothing can be looked up: telnyx.api_key is not set; give the variable PREGON__TELNYX__API_KEY, or the path of a \
             file that holds it in PREGON__TELNYX__API_KEY_FILE"
                .to_owned(),
        )
    })?;
    let unusable = |error: TelnyxGatewayError| Failure::Usage(error.to_string());
    let keys = TelnyxKeys::of_account(&telnyx.api_key).map_err(unusable)?;
    let provider = TelnyxLookup::new(&TelnyxLookupOptions {
        api_base_url: telnyx.api_base_url,
        keys: Arc::new(keys),
        connect_timeout: telnyx.connect_timeout,
        request_timeout: given.request_timeout,
        connections_max: given.in_flight_max.into(),
    })
    .map_err(unusable)?;
    let options = LookupStoreOptions {
        keep_for: given.keep_for,
        calls_per_day_max: given.calls_per_day_max,
        per_second: given.per_second,
        pace_ahead: given.pace_ahead,
        zone: settings.time.zone.iana_name().unwrap_or("UTC").to_owned(),
        window_contacts: given.window_contacts,
    };
    let look_up = LookUpNumbers {
        provider: Arc::new(provider),
        lookups: Arc::new(PostgresLookupStore::new(database, options)),
        clock: clock(),
        price: Money { micros: given.price_micros.into(), currency: Currency::MXN },
        in_flight_max: given.in_flight_max,
    };
    Ok(LookUpSegment {
        look_up: Arc::new(look_up),
        step_numbers: given.step_numbers,
        step_within: given.answer_within,
    })
}

pub(crate) fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock)
}

pub(crate) fn ids() -> Arc<SystemIds> {
    Arc::new(SystemIds)
}
