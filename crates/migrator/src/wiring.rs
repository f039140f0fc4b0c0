//! From settings to the things that work.

use std::sync::Arc;

use async_trait::async_trait;
use credentials::{Argon2Cost, Argon2Passwords};
use http_actix::ops::Ops;
use http_actix::{Check, CheckFailed, Checks};
use secrecy::ExposeSecret;
use settings::{LogFormat, Settings, Sources};
use store_postgres::{
    BulkLoad, Database, DatabaseOptions, PostgresImportStore, PostgresNumberingPlanStore, Schema,
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

pub(crate) fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock)
}

pub(crate) fn ids() -> Arc<SystemIds> {
    Arc::new(SystemIds)
}
