//! Connections: a bounded pool for short work, and single ones for long work.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use domain::port::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::error::{classify, classify_pool};

/// How to reach the database and how long anything may take. Holds a password, so it has no `Debug`.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// What the server's list of connections calls us.
    pub application_name: String,
    /// The most connections of the pool.
    pub pool_size_max: usize,
    /// How long to wait for the server to take a connection.
    pub connect_timeout: Duration,
    /// How long to wait for a connection of the pool.
    pub wait_timeout: Duration,
    /// How long one statement of the pool may run.
    pub statement_timeout: Duration,
}

/// How long a connection may take where nothing else is said.
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// How long a connection may be silent before it is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// A way to the database. Cheap to clone; connects when first used.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    config: Config,
}

impl Database {
    /// Reads the options; connects to nothing yet.
    ///
    /// # Errors
    /// `Unavailable` when the URL is none. It is not repeated: it holds a password.
    pub fn new(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let unusable = |reason: &str| StoreError::Unavailable {
            doing: "use the database's URL".to_owned(),
            reason: reason.to_owned(),
            source: None,
        };
        if asks_for_tls(&options.url) {
            return Err(unusable(
                "it asks for TLS, which this program does not speak to PostgreSQL yet; \
                 use sslmode=disable on a private network",
            ));
        }
        let mut config: Config = options
            .url
            .parse()
            .map_err(|_| unusable("it is not of the form postgres://user:password@host:port/database"))?;
        if config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return Err(unusable("it names no host or no database"));
        }
        config.application_name(&options.application_name).connect_timeout(options.connect_timeout);
        // A server whose machine is gone is noticed, also while it is waited for.
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(3);
        config.tcp_user_timeout(KEEPALIVE * 4);
        let mut pooled = config.clone();
        let given = config.get_options().unwrap_or_default();
        // Compiling a statement takes longer than any of ours runs. What was committed is not lost, whatever the server
        // is set to: a claim that is forgotten would be sent again.
        pooled.options(
            format!(
                "{given} -c statement_timeout={} -c jit=off -c synchronous_commit=on",
                options.statement_timeout.as_millis()
            )
            .trim(),
        );
        let manager =
            Manager::from_config(pooled, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(options.pool_size_max)
            .wait_timeout(Some(options.wait_timeout))
            .create_timeout(Some(options.connect_timeout))
            .recycle_timeout(Some(options.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| unusable(&error.to_string()))?;
        Ok(Self { pool, config })
    }

    pub(crate) async fn pooled(&self, doing: &str) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| classify_pool(doing, &error))
    }

    /// A connection of its own: for work that takes long, or that holds a lock for as long as it is connected.
    pub(crate) async fn single(&self, doing: &str) -> Result<Client, StoreError> {
        connect(&self.config, doing).await
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Runs a statement that is run again and again, planned once for each connection.
    pub(crate) async fn execute(
        &self,
        doing: &str,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.pooled(doing).await?;
        let statement = client.prepare_cached(statement).await.map_err(failed)?;
        client.execute(&statement, parameters).await.map_err(failed)
    }

    /// Asks what is asked again and again, planned once for each connection.
    pub(crate) async fn query(
        &self,
        doing: &str,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.pooled(doing).await?;
        let statement = client.prepare_cached(statement).await.map_err(failed)?;
        client.query(&statement, parameters).await.map_err(failed)
    }

    /// Runs a statement, in a transaction that begins with `settings`, for so long at most; nothing when it takes longer.
    pub(crate) async fn query_within(
        &self,
        doing: &str,
        (settings, within): (&str, Duration),
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let mut client = self.pooled(doing).await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let limit = format!("{settings}SET LOCAL statement_timeout = '{}ms'", within.as_millis().max(1));
        transaction.batch_execute(&limit).await.map_err(failed)?;
        match transaction.query(statement, parameters).await {
            Ok(rows) => {
                transaction.commit().await.map_err(failed)?;
                Ok(Some(rows))
            }
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                transaction.rollback().await.map_err(failed)?;
                Ok(None)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The database's clock.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn now(&self) -> Result<jiff::Timestamp, StoreError> {
        let doing = "ask the database for the time";
        let row = self
            .pooled(doing)
            .await?
            .query_one("SELECT clock_timestamp()", &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.try_get(0).map_err(|error| classify(doing, &error))
    }

    /// A setting of the server, as `SHOW` would print it.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn server_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let doing = format!("read the server's setting {name}");
        let row = self
            .pooled(&doing)
            .await?
            .query_one("SELECT current_setting($1, true)", &[&name])
            .await
            .map_err(|error| classify(&doing, &error))?;
        row.try_get(0).map_err(|error| classify(&doing, &error))
    }

    /// Whether the user we connect as may create tables in the schema `public`.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn may_change_schema(&self) -> Result<bool, StoreError> {
        let doing = "ask what the database's user may do";
        let row = self
            .pooled(doing)
            .await?
            .query_one("SELECT has_schema_privilege('public', 'CREATE')", &[])
            .await
            .map_err(|error| classify(doing, &error))?;
        row.try_get(0).map_err(|error| classify(doing, &error))
    }
}

/// Connects within the configured time. The driver's own limit ends when the port has answered, and a server may take a
/// connection and then say nothing.
pub(crate) async fn connect(config: &Config, doing: &str) -> Result<Client, StoreError> {
    let limit = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT_DEFAULT);
    let (client, connection) = tokio::time::timeout(limit, config.connect(NoTls))
        .await
        .map_err(|_| StoreError::Unavailable {
            doing: doing.to_owned(),
            reason: format!(
                "it did not greet us within {} ms (database.connect_timeout_ms)",
                limit.as_millis()
            ),
            source: None,
        })?
        .map_err(|error| classify(doing, &error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(closed = error.is_closed(), "a database connection ended with an error");
        }
    });
    Ok(client)
}

/// Whether a URL insists on an encrypted connection.
fn asks_for_tls(url: &str) -> bool {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    parameters
        .split('&')
        .any(|one| matches!(one, "sslmode=require" | "sslmode=verify-ca" | "sslmode=verify-full"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> DatabaseOptions {
        DatabaseOptions {
            url: url.to_owned(),
            application_name: "test".to_owned(),
            pool_size_max: 1,
            connect_timeout: Duration::from_millis(200),
            wait_timeout: Duration::from_millis(200),
            statement_timeout: Duration::from_millis(200),
        }
    }

    #[test]
    fn a_url_that_asks_for_tls_is_refused_by_name_and_shows_no_password() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let refused = Database::new(&options(&format!("postgres://u:planted@h/d?sslmode={mode}")));
            let said = refused.map(|_| ()).unwrap_err().to_string();
            assert!(said.contains("TLS") && !said.contains("planted"), "{said}");
        }
        assert!(Database::new(&options("postgres://u:p@h/d?sslmode=disable")).is_ok());
    }

    #[tokio::test]
    async fn a_server_that_takes_the_connection_and_says_nothing_is_unavailable() {
        let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = mute.local_addr().unwrap().port();
        let database = Database::new(&options(&format!("postgres://u:p@127.0.0.1:{port}/d"))).unwrap();
        let refused = database.single("ask").await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
        assert!(refused.to_string().contains("did not greet us"), "{refused}");
    }
}
