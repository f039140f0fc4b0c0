//! The servers that a run was given, and a database of its own on one of them.

use std::fmt;

use anyhow::{Context, Result, anyhow};
use tokio_postgres::{Client, NoTls};

/// Where the servers are. Holds passwords, so `Debug` shows nothing.
#[derive(Clone)]
pub struct Servers {
    /// PostgreSQL, as a user who may create databases.
    pub database_url: String,
    /// Redis.
    pub redis_url: String,
    /// RabbitMQ.
    pub amqp_url: String,
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Servers(•••)")
    }
}

impl Servers {
    /// Those named by `DATABASE_URL`, `REDIS_URL` and `AMQP_URL`.
    ///
    /// # Errors
    /// When one is not set.
    pub fn from_environment() -> Result<Self> {
        Ok(Self {
            database_url: required("DATABASE_URL")?,
            redis_url: required("REDIS_URL")?,
            amqp_url: required("AMQP_URL")?,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program stands outside the product and starts it with an environment"
)]
fn required(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| {
        anyhow!("{name} is not set; start this through cargo xtask, or first: eval \"$(cargo xtask services env)\"")
    })
}

/// A database by a fixed name, dropped and made anew for each run.
pub struct ScratchDatabase {
    /// Its URL.
    pub url: String,
}

impl ScratchDatabase {
    /// Drops the database `name` on the server of `database_url`, if it is there. Who uses it next makes it.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn dropped(database_url: &str, name: &str) -> Result<Self> {
        let client = connect(database_url).await?;
        client
            .batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))
            .await
            .with_context(|| format!("the database {name} of an earlier run cannot be dropped"))?;
        Self::kept(database_url, name)
    }

    /// The database `name` on the server of `database_url`, whether it is there or not. Who uses it next makes it.
    ///
    /// # Errors
    /// When the URL names no server.
    pub fn kept(database_url: &str, name: &str) -> Result<Self> {
        let (address, parameters) = database_url.split_once('?').unwrap_or((database_url, ""));
        let (server, _) = address
            .rsplit_once('/')
            .context("DATABASE_URL is not of the form postgres://user:password@host:port/database")?;
        let separator = if parameters.is_empty() { "" } else { "?" };
        Ok(Self { url: format!("{server}/{name}{separator}{parameters}") })
    }

    /// A connection to it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn connect(&self) -> Result<Client> {
        connect(&self.url).await
    }
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("PostgreSQL does not answer at DATABASE_URL")?;
    tokio::spawn(connection);
    Ok(client)
}
