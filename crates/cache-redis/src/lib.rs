//! The cache of the domain over Redis: never the only copy of a fact, every key with a time to live and a prefix, every
//! command within a time.

use std::time::Duration;

use async_trait::async_trait;
use domain::port::{Cache, CacheUnavailable};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncTypedCommands, Client, RedisResult};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How to reach the server, and what bounds it. Holds a password, so it has no `Debug`.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://user:password@host:port/database`.
    pub url: String,
    /// What every key begins with.
    pub prefix: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one command may take.
    pub command_timeout: Duration,
    /// The longest value that is kept, in bytes.
    pub value_bytes_max: usize,
}

/// [`Cache`] over one server. It connects when it is first used, and again when the connection is lost.
pub struct RedisCache {
    options: RedisOptions,
    manager: Mutex<Option<ConnectionManager>>,
}

impl RedisCache {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(options: RedisOptions) -> Self {
        Self { options, manager: Mutex::new(None) }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.options.prefix)
    }

    /// Connects once; whoever comes in the meantime waits for it.
    async fn connected(&self) -> Result<ConnectionManager, CacheUnavailable> {
        let mut held = self.manager.lock().await;
        if let Some(manager) = &*held {
            return Ok(manager.clone());
        }
        // The parser's own words may quote the address, password and all.
        let client = Client::open(self.options.url.as_str())
            .map_err(|_| unavailable("REDIS_URL is not of the form redis://user:password@host:port/0"))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(self.options.connect_timeout))
            .set_response_timeout(Some(self.options.command_timeout));
        let connecting = ConnectionManager::new_with_config(client, config);
        let manager = within(self.options.connect_timeout, connecting).await?;
        *held = Some(manager.clone());
        Ok(manager)
    }

    async fn command<T>(
        &self,
        command: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, CacheUnavailable> {
        let mut manager = self.connected().await?;
        within(self.options.command_timeout, command(&mut manager)).await
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = RedisResult<T>>,
) -> Result<T, CacheUnavailable> {
    match timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) if error.kind() == redis::ErrorKind::AuthenticationFailed => {
            Err(unavailable("it refuses the user name or the password; check REDIS_URL"))
        }
        Ok(Err(error)) => Err(unavailable(&error.to_string())),
        Err(_) => Err(unavailable(&format!("no answer within {} ms", limit.as_millis()))),
    }
}

fn unavailable(reason: &str) -> CacheUnavailable {
    CacheUnavailable { reason: reason.to_owned() }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheUnavailable> {
        let key = self.key(key);
        self.command(async |redis| redis::cmd("GET").arg(key).query_async(redis).await).await
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep_for: Duration) -> Result<(), CacheUnavailable> {
        if value.len() > self.options.value_bytes_max {
            // Nothing old may stay where something newer was to be.
            return self.forget(key).await;
        }
        let (key, milliseconds) =
            (self.key(key), u64::try_from(keep_for.as_millis()).unwrap_or(u64::MAX).max(1));
        self.command(async |redis| {
            redis::cmd("SET").arg(key).arg(value).arg("PX").arg(milliseconds).query_async(redis).await
        })
        .await
    }

    async fn forget(&self, key: &str) -> Result<(), CacheUnavailable> {
        let key = self.key(key);
        self.command(async |redis| redis.del(key).await.map(drop)).await
    }

    async fn ping(&self) -> Result<(), CacheUnavailable> {
        self.command(async |redis| redis.ping().await.map(drop)).await
    }
}
