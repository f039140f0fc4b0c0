//! The cache of the domain over Redis: never the only copy of a fact, every key with a time to live and a prefix, every
//! command within a time. Beside it, over the same connection, what counts requests.

mod rate_limiter;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::port::{Cache, CacheUnavailable};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncTypedCommands, Client, RedisError, RedisResult};
use tokio::time::{Instant, timeout};

pub use rate_limiter::RedisRateLimiter;

/// For how long a server that did not answer in time is done without. Longer than it takes to answer a request that asks the
/// cache several times, so that each waits for it once; and short, as meanwhile everything is asked of the store.
const AWAY_FOR: Duration = Duration::from_secs(5);

/// How to reach the server, and what bounds it. Holds a password, so it has no `Debug`.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://user:password@host:port/database`.
    pub url: String,
    /// What every key begins with.
    pub prefix: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one command may take, connecting included where that must be done first.
    pub command_timeout: Duration,
    /// The longest value that is kept, in bytes.
    pub value_bytes_max: usize,
}

/// [`Cache`] over one server. It connects when it is first used, and again when the connection is lost. A server that does
/// not answer in time is not asked again for five seconds: whoever asks for many things waits for it once.
pub struct RedisCache {
    options: RedisOptions,
    connecting: Mutex<Option<Connecting>>,
    away_until: Mutex<Option<Instant>>,
}

/// One attempt to connect, and its end for all who wait for it.
type Connecting = Shared<BoxFuture<'static, Result<ConnectionManager, Failed>>>;

impl RedisCache {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(options: RedisOptions) -> Self {
        Self { options, connecting: Mutex::new(None), away_until: Mutex::new(None) }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.options.prefix)
    }

    /// The connection, made or in the making. One that failed is tried again by the next who asks.
    fn connecting(&self) -> Connecting {
        let mut held = locked(&self.connecting);
        if let Some(connecting) = held.as_ref()
            && !matches!(connecting.peek(), Some(Err(_)))
        {
            return connecting.clone();
        }
        let connecting = connect(self.options.clone()).boxed().shared();
        // It goes on when nobody waits any longer: it may take longer than a command.
        tokio::spawn(connecting.clone());
        *held = Some(connecting.clone());
        connecting
    }

    /// Gives a command to a server that is not known to be away.
    async fn command<T>(
        &self,
        command: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, CacheUnavailable> {
        if self.may_be_asked() {
            self.ask(command).await
        } else {
            Err(unavailable("it gave no answer lately"))
        }
    }

    /// Gives a command, and waits for connection and answer together as long as one may take.
    async fn ask<T>(
        &self,
        command: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, CacheUnavailable> {
        let limit = self.options.command_timeout;
        let asking = async {
            let mut manager = self.connecting().await?;
            command(&mut manager).await.map_err(|error| Failed::of(&error, limit))
        };
        let answer = timeout(limit, asking).await.unwrap_or_else(|_| Err(Failed::late(limit)));
        match answer {
            Ok(answer) => {
                *locked(&self.away_until) = None;
                Ok(answer)
            }
            Err(Failed::Late(failure)) => {
                *locked(&self.away_until) = Some(Instant::now() + AWAY_FOR);
                Err(failure)
            }
            Err(Failed::Otherwise(failure)) => Err(failure),
        }
    }

    /// Whether the server may have come back. Of those who come when it may, one tries, and the others do without it meanwhile.
    fn may_be_asked(&self) -> bool {
        let mut away_until = locked(&self.away_until);
        match *away_until {
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                *away_until = Some(Instant::now() + self.options.command_timeout);
                true
            }
            None => true,
        }
    }
}

async fn connect(options: RedisOptions) -> Result<ConnectionManager, Failed> {
    // The parser's own words may quote the address, password and all.
    let client = Client::open(options.url.as_str()).map_err(|_| {
        Failed::Otherwise(unavailable("REDIS_URL is not of the form redis://user:password@host:port/0"))
    })?;
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(options.connect_timeout))
        .set_response_timeout(Some(options.command_timeout));
    let limit = options.connect_timeout;
    let connecting = ConnectionManager::new_with_config(client, config);
    match timeout(limit, connecting).await {
        Ok(made) => made.map_err(|error| Failed::of(&error, limit)),
        Err(_) => Err(Failed::late(limit)),
    }
}

/// How a command failed.
#[derive(Clone)]
enum Failed {
    /// It took all the time that it had.
    Late(CacheUnavailable),
    /// At once, as when nobody listens.
    Otherwise(CacheUnavailable),
}

impl Failed {
    fn late(limit: Duration) -> Self {
        Self::Late(unavailable(&format!("no answer within {} ms", limit.as_millis())))
    }

    fn of(error: &RedisError, limit: Duration) -> Self {
        if error.is_timeout() {
            Self::late(limit)
        } else if error.kind() == redis::ErrorKind::AuthenticationFailed {
            Self::Otherwise(unavailable("it refuses the user name or the password; check REDIS_URL"))
        } else {
            Self::Otherwise(unavailable(&error.to_string()))
        }
    }
}

fn unavailable(reason: &str) -> CacheUnavailable {
    CacheUnavailable { reason: reason.to_owned() }
}

/// Nothing that holds one of these locks can panic half-way.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        // What must not be found any more is forgotten also while the server is left alone.
        self.ask(async |redis| redis.del(key).await.map(drop)).await
    }

    async fn ping(&self) -> Result<(), CacheUnavailable> {
        // Whoever asks how it is wants to know it now; when it is well again, everybody may ask it again.
        self.ask(async |redis| redis.ping().await.map(drop)).await
    }
}
