//! Connections that load and build: each is set up for that alone, and the server notices soon when we are gone.

use std::time::{Duration, Instant};

use domain::port::StoreError;
use tokio_postgres::Client;

use crate::database::Database;
use crate::error::{classify, conflict};

/// The lock that an open import holds for as long as its connection lives.
const LOCK_KEY: &str = "pregon.import";
/// The lock that the connections which help one share.
const HELPER_LOCK_KEY: &str = "pregon.import.helper";
const TRY_LOCK: &str = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
const TRY_LOCK_SHARED: &str = "SELECT pg_try_advisory_lock_shared(hashtextextended($1, 0))";
/// How long the server may take to notice that an import died before its lock is taken for a living one's.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often the lock is asked for meanwhile.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// What an import sets for its own session, and for it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkLoad {
    /// Memory of one index build, in MiB.
    pub maintenance_work_mem_mb: u32,
    /// Connections that copy rows at the same time, at least one.
    pub connections: u32,
    /// Rows of one batch that the server may refuse before the batch is given up.
    pub poison_rows_max: u32,
}

/// Where such connections come from.
#[derive(Clone)]
pub(crate) struct BulkConnections {
    database: Database,
    bulk_load: BulkLoad,
}

impl BulkConnections {
    pub(crate) fn new(database: Database, bulk_load: BulkLoad) -> Self {
        Self { database, bulk_load }
    }

    async fn open(&self, doing: &str) -> Result<Client, StoreError> {
        let client = self.database.single(doing).await?;
        client
            .batch_execute(&format!(
                "SET synchronous_commit = off; SET statement_timeout = 0; SET pregon.loading = 'on'; \
                 SET maintenance_work_mem = '{}MB'",
                self.bulk_load.maintenance_work_mem_mb
            ))
            .await
            .map_err(|error| classify(doing, &error))?;
        // A server that looks whether we are still there gives a dead import's lock back at once. Not every platform can.
        let looks = client.batch_execute("SET client_connection_check_interval = '1s'").await;
        tracing::debug!(is_checked = looks.is_ok(), "the server was asked to notice when an import dies");
        Ok(client)
    }

    /// A connection that holds the lock of imports: nobody else loads or builds, nor still does what died.
    pub(crate) async fn locked(&self, doing: &str) -> Result<Client, StoreError> {
        let client = self.open(doing).await?;
        let fail = |error: tokio_postgres::Error| classify(doing, &error);
        let is_owner = include_str!("../../sql/contacts_is_owner.sql");
        if !client.query_one(is_owner, &[]).await.map_err(fail)?.get::<_, bool>(0) {
            let reason = "the user of database.url does not own the table contacts, whose indexes are taken down and built \
                          again; connect as its owner";
            return Err(conflict(doing, reason));
        }
        let started = Instant::now();
        lock(&client, TRY_LOCK, LOCK_KEY, started, doing).await?;
        // What helped an import that died may live a moment longer.
        lock(&client, TRY_LOCK, HELPER_LOCK_KEY, started, doing).await?;
        let unlock = "SELECT pg_advisory_unlock(hashtextextended($1, 0))";
        client.query_one(unlock, &[&HELPER_LOCK_KEY]).await.map_err(fail)?;
        Ok(client)
    }

    /// A connection that helps the one that holds the lock; several may.
    pub(crate) async fn helper(&self, doing: &str) -> Result<Client, StoreError> {
        let client = self.open(doing).await?;
        lock(&client, TRY_LOCK_SHARED, HELPER_LOCK_KEY, Instant::now(), doing).await?;
        Ok(client)
    }

    /// Connections that copy at the same time.
    pub(crate) fn lanes(&self) -> u32 {
        self.bulk_load.connections
    }

    /// Rows of one batch that the server may refuse before the batch is given up.
    pub(crate) fn poison_rows_max(&self) -> u32 {
        self.bulk_load.poison_rows_max
    }
}

async fn lock(
    client: &Client,
    ask: &str,
    key: &str,
    started: Instant,
    doing: &str,
) -> Result<(), StoreError> {
    loop {
        let locked = client.query_one(ask, &[&key]).await.map_err(|error| classify(doing, &error))?;
        if locked.get(0) {
            return Ok(());
        }
        if started.elapsed() > LOCK_WAIT_MAX {
            return Err(conflict(
                doing,
                "another import, rollback or index build is running; wait for it to end",
            ));
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}
