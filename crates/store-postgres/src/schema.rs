//! Migrations: forward only, one migrator at a time.

use std::time::{Duration, Instant};

use domain::port::StoreError;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::database::{Database, connect};
use crate::error::{classify, corrupt};

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// How often a migrator asks whether the other one has ended. It asks, rather than waits in line: a session that is
/// blocked on an advisory lock holds a snapshot, and CREATE INDEX CONCURRENTLY elsewhere waits for that for ever.
const LOCK_POLL: Duration = Duration::from_millis(200);
/// How long a migrator waits for another before it gives up.
const LOCK_WAIT_MAX: Duration = Duration::from_mins(10);
const LOCK_KEY: &str = "pregon.schema";

/// The schema of one database.
pub struct Schema {
    database: Database,
}

/// One migration, by its number and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its number.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// How the schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// As this program knows it.
    Current,
    /// Lacks migrations that this program has.
    Older,
    /// Has migrations that this program does not know.
    Newer,
}

/// What stands and what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStatus {
    /// How the schema stands to this program.
    pub state: SchemaState,
    /// The greatest version that the database has; 0 before the first.
    pub database_version: i32,
    /// The greatest version that this program has.
    pub program_version: i32,
    /// Every migration that this program knows.
    pub migrations: Vec<Migration>,
    /// Indexes of `contacts` that are taken down while contacts are loaded.
    pub deferred_indexes: Vec<String>,
}

impl Schema {
    /// The schema of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Makes the database and the groups of users that the applications belong to, where they are missing. Connects to
    /// the database `postgres` of the same server, as the same user, who must be allowed to.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer or refuses.
    pub async fn create_database(&self) -> Result<bool, StoreError> {
        let mut maintenance = self.database.config().clone();
        let name = maintenance.get_dbname().unwrap_or_default().to_owned();
        maintenance.dbname("postgres");
        let doing = format!("make the database {name}");
        let client = connect(&maintenance, &doing).await?;
        client
            .batch_execute(include_str!("../sql/role_create.sql"))
            .await
            .map_err(|error| classify("make the groups pregon_api and pregon_worker", &error))?;
        let exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
        let row = client.query_one(exists, &[&name]).await.map_err(|error| classify(&doing, &error))?;
        if row.get(0) {
            return Ok(false);
        }
        let quoted = name.replace('"', "\"\"");
        let made = client
            .batch_execute(&format!("CREATE DATABASE \"{quoted}\" ENCODING 'UTF8' TEMPLATE template0"))
            .await;
        match made {
            Ok(()) => Ok(true),
            // Another migrator was first.
            Err(error) if error.code().is_some_and(|code| matches!(code.code(), "42P04" | "23505")) => {
                Ok(false)
            }
            Err(error) => Err(classify(doing, &error)),
        }
    }

    /// Applies the missing migrations, each in a transaction of its own, and answers those it applied. When another
    /// migrator is at it, waits until that one has ended; `on_wait` is told once.
    ///
    /// # Errors
    /// `Corrupt` when the schema is newer than this program, `Conflict` when a migration is not the one that was applied
    /// under its number; `Unavailable` when the server does not answer or the other migrator takes more than ten minutes.
    pub async fn up(&self, on_wait: impl FnOnce()) -> Result<Vec<Migration>, StoreError> {
        let doing = "bring the schema up";
        let mut client = self.database.single(doing).await?;
        lock(&client, doing, on_wait).await?;
        let before = status(&client, doing).await?;
        if before.state == SchemaState::Newer {
            return Err(corrupt(doing, newer(&before)));
        }
        let report = embedded::migrations::runner()
            .run_async(&mut client)
            .await
            .map_err(|error| migration_failed(doing, &error))?;
        grant(&client).await?;
        client
            .batch_execute("SELECT ensure_message_partitions(3)")
            .await
            .map_err(|error| classify("make the partitions of the months to come", &error))?;
        Ok(report
            .applied_migrations()
            .iter()
            .map(|done| Migration { version: done.version(), name: done.name().to_owned(), is_applied: true })
            .collect())
    }

    /// A number that any change of the migrations or of the grants changes: a database brought up by one program fits
    /// every program of the same fingerprint.
    #[must_use]
    pub fn fingerprint() -> u64 {
        let mut checksums: Vec<(i32, u64)> = embedded::migrations::runner()
            .get_migrations()
            .iter()
            .map(|migration| (migration.version(), migration.checksum()))
            .collect();
        checksums.sort_unstable();
        let grants = include_str!("../sql/role_grant.sql").bytes().map(u64::from);
        // FNV-1a, for a hasher of the standard library promises nothing from one release to the next.
        checksums
            .into_iter()
            .map(|(_, checksum)| checksum)
            .chain(grants)
            .fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// How the schema stands.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn status(&self) -> Result<SchemaStatus, StoreError> {
        let doing = "read the schema's version";
        let client = self.database.single(doing).await?;
        status(&client, doing).await
    }

    /// Refuses to go on unless the schema is the one that this program was built for.
    ///
    /// # Errors
    /// `Corrupt` with what to do when the schema is older or newer.
    pub async fn require_current(&self) -> Result<(), StoreError> {
        let doing = "use the database";
        let found = self.status().await?;
        match found.state {
            SchemaState::Current => Ok(()),
            SchemaState::Older => Err(corrupt(
                doing,
                format!(
                    "its schema is at version {} and this program needs {}; run `migrator schema up`",
                    found.database_version, found.program_version
                ),
            )),
            SchemaState::Newer => Err(corrupt(doing, newer(&found))),
        }
    }
}

/// Grants the groups what they may, and makes them where they are missing and this user may.
pub(crate) async fn grant(client: &Client) -> Result<(), StoreError> {
    let doing = "grant the applications their rights";
    match client.batch_execute(include_str!("../sql/role_create.sql")).await {
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => tracing::warn!(
            "the groups pregon_api and pregon_worker are missing, and this user may not make them; whoever may create roles runs: \
             CREATE ROLE pregon_api NOLOGIN; CREATE ROLE pregon_worker NOLOGIN; then run `migrator schema up` again"
        ),
        made => made.map_err(|error| classify(doing, &error))?,
    }
    let rights = include_str!("../sql/role_grant.sql");
    client.batch_execute(rights).await.map_err(|error| classify(doing, &error))
}

fn newer(found: &SchemaStatus) -> String {
    format!(
        "the schema is at version {} and this program knows only {}; use a newer program",
        found.database_version, found.program_version
    )
}

async fn lock(client: &Client, doing: &str, on_wait: impl FnOnce()) -> Result<(), StoreError> {
    let started = Instant::now();
    let mut on_wait = Some(on_wait);
    loop {
        let row = client
            .query_one("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", &[&LOCK_KEY])
            .await
            .map_err(|error| classify(doing, &error))?;
        if row.get(0) {
            return Ok(());
        }
        if let Some(tell) = on_wait.take() {
            tell();
        }
        if started.elapsed() > LOCK_WAIT_MAX {
            return Err(StoreError::Unavailable {
                doing: doing.to_owned(),
                reason: format!("another migrator has been at it for {} s", LOCK_WAIT_MAX.as_secs()),
                source: None,
            });
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

impl Schema {
    /// Whether there are partitions for the campaigns of the month after this one.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn has_partitions_ahead(&self) -> Result<bool, StoreError> {
        let doing = "look for the partitions of the next month";
        let client = self.database.pooled(doing).await?;
        let sql = include_str!("../sql/partition_ahead.sql");
        let row = client.query_one(sql, &[]).await.map_err(|error| classify(doing, &error))?;
        row.try_get(0).map_err(|error| classify(doing, &error))
    }
}

async fn status(client: &Client, doing: &str) -> Result<SchemaStatus, StoreError> {
    let fail = |error: tokio_postgres::Error| classify(doing, &error);
    let exists = "SELECT to_regclass('refinery_schema_history') IS NOT NULL, to_regclass('deferred_indexes') IS NOT NULL";
    let row = client.query_one(exists, &[]).await.map_err(fail)?;
    let mut applied: Vec<i32> = Vec::new();
    if row.get(0) {
        let rows = client
            .query("SELECT version FROM refinery_schema_history ORDER BY version", &[])
            .await
            .map_err(fail)?;
        applied = rows.iter().map(|row| row.get(0)).collect();
    }
    let mut deferred_indexes = Vec::new();
    if row.get(1) {
        let rows = client.query(include_str!("../sql/deferred_index_list.sql"), &[]).await.map_err(fail)?;
        deferred_indexes = rows.iter().map(|row| row.get(0)).collect();
    }
    let mut migrations: Vec<Migration> = embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|known| Migration {
            version: known.version(),
            name: known.name().to_owned(),
            is_applied: applied.contains(&known.version()),
        })
        .collect();
    migrations.sort_by_key(|migration| migration.version);
    let program_version = migrations.last().map_or(0, |migration| migration.version);
    let database_version = applied.last().copied().unwrap_or(0);
    let state = if database_version > program_version {
        SchemaState::Newer
    } else if migrations.iter().all(|migration| migration.is_applied) {
        SchemaState::Current
    } else {
        SchemaState::Older
    };
    Ok(SchemaStatus { state, database_version, program_version, migrations, deferred_indexes })
}

fn migration_failed(doing: &str, error: &refinery::Error) -> StoreError {
    use std::error::Error as _;
    if let Some(driver) = error.source().and_then(|source| source.downcast_ref::<tokio_postgres::Error>()) {
        return classify(format!("{doing}: {error}"), driver);
    }
    StoreError::Conflict { doing: doing.to_owned(), reason: error.to_string() }
}
