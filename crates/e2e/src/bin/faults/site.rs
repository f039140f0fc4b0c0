//! An installation whose every wire can be cut, on servers of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::{Client, End, OwnServers, Servers, Stack, StackOptions, Tools};
use queue_rabbitmq::{RabbitOptions, RabbitPermits};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_postgres::NoTls;

/// How long something is tried again that a fault is in the way of.
const INSISTENCE: Duration = Duration::from_secs(40);

/// How long a claim may take. What waits for it to be over waits so long.
pub(crate) const LEASE: Duration = Duration::from_secs(5);

/// Workers that run.
const WORKERS: usize = 2;

/// The first contact's number is the one behind it.
const NUMBERS_FROM: u64 = 5_510_000_000;

const EMAIL: &str = "admin@faults.example";

/// What lies between the programs.
pub(crate) struct Wires {
    pub(crate) postgres: Arc<Proxy>,
    pub(crate) redis: Arc<Proxy>,
    pub(crate) rabbitmq: Arc<Proxy>,
    pub(crate) provider: Arc<Proxy>,
}

pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) wires: Wires,
    pub(crate) admin: Client,
    own: Arc<OwnServers>,
    /// Past the wires.
    servers: Servers,
    database_url: String,
    broker: RabbitPermits,
    /// One server is away at a time: who starts them starts all that do not run.
    outage: Arc<Mutex<()>>,
    password: String,
    /// Lines of the provider's ledger that are known.
    pub(crate) ledger_lines: usize,
}

impl Site {
    /// An installation in a database of its own, with so many contacts and one sender. With a mutant its programs make that
    /// mistake.
    pub(crate) async fn build(
        own: &Arc<OwnServers>,
        name: &str,
        contacts: u32,
        rate_per_s: f64,
        (mutant, log): (Option<&str>, &str),
    ) -> Result<Self> {
        let servers = own.servers()?;
        let (head, _) =
            servers.database_url.rsplit_once('/').context("the server's URL names no database")?;
        let database_url = format!("{head}/{name}");
        let tools = Tools::beside(&binaries()?, &database_url);
        tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
        let password = credentials::generate_password().context("no randomness")?.expose().to_owned();
        let user = ["user", "create", "--email", EMAIL, "--role", "admin", "--password-stdin", "--json"];
        tools.run("migrator", &user, &password, |_| {}).await?;

        let postgres = Proxy::before(&database_url).await;
        let (redis, rabbitmq) =
            (Proxy::before(&servers.redis_url).await, Proxy::before(&servers.amqp_url).await);
        let behind =
            Servers { database_url: postgres.url(), redis_url: redis.url(), amqp_url: rabbitmq.url() };
        let wired = Tools::beside(&binaries()?, &behind.database_url);
        let mut stack = Stack::without_workers(&wired, &behind, options(name, mutant, log)).await?;
        let provider = Proxy::before(&stack.sandbox_url).await;
        stack.reach_provider_at(provider.url().trim_end_matches('/').to_owned());
        for _ in 0..WORKERS {
            stack.add_worker()?;
        }
        let admin = Client::sign_in(&stack.api_url, EMAIL, &password).await?;
        admin.add_sender("Tienda de Ejemplo", rate_per_s).await?;
        let broker = RabbitPermits::new(RabbitOptions {
            url: servers.amqp_url.clone(),
            connection_name: "pregon faults".to_owned(),
            prefix: name.to_owned(),
            connect_timeout: Duration::from_secs(3),
            call_timeout: Duration::from_secs(3),
            reconnect_max: Duration::from_secs(1),
            queue_length_max: 100_000,
        });
        let site = Self {
            stack,
            wires: Wires {
                postgres: Arc::new(postgres),
                redis: Arc::new(redis),
                rabbitmq: Arc::new(rabbitmq),
                provider: Arc::new(provider),
            },
            admin,
            own: Arc::clone(own),
            servers,
            database_url,
            broker,
            outage: Arc::new(Mutex::new(())),
            password,
            ledger_lines: 0,
        };
        site.people(contacts).await?;
        Ok(site)
    }

    /// Contacts with numbers that are counted up, so that every outcome is among them. Few are throttled, for each of
    /// these makes the sender wait; some said no to their carrier.
    async fn people(&self, contacts: u32) -> Result<()> {
        let rows = format!(
            "INSERT INTO contacts (phone_national, is_valid, line_type, full_name, city, state_code)
             SELECT {NUMBERS_FROM} + n, true, 'mobile', 'PERSONA ' || n, 'GUADALAJARA', 'JAL'
             FROM generate_series(1, {contacts}) AS n;
             ANALYZE contacts"
        );
        self.database().await?.batch_execute(&rows).await?;
        for n in 1..=u64::from(contacts) {
            let outcome = match n % 100 {
                6 | 7 if n > 300 => "delivered",
                30 if n < 1_000 => "opted_out",
                _ => continue,
            };
            self.script(&json!({"to": format!("+52{}", NUMBERS_FROM + n), "outcome": outcome})).await?;
        }
        Ok(())
    }

    /// Everybody may be written to again, and we are signed in for a while.
    pub(crate) async fn refresh(&mut self) -> Result<()> {
        self.database().await?.batch_execute(include_str!("forgive.sql")).await?;
        self.admin = Client::sign_in(&self.stack.api_url, EMAIL, &self.password).await?;
        Ok(())
    }

    /// A connection past the wires, as soon as there is one.
    pub(crate) async fn database(&self) -> Result<tokio_postgres::Client> {
        let url = self.database_url.clone();
        insist("connect to PostgreSQL", async || {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        })
        .await
    }

    /// Tells the sandbox an outcome.
    pub(crate) async fn script(&self, outcome: &Value) -> Result<()> {
        self.tell_sandbox("/admin/outcomes", outcome).await.map(drop)
    }

    /// Posts an event to the api, signed by the sandbox, until it is kept.
    pub(crate) async fn post_event(&mut self, query: &str, event: &Value) -> Result<()> {
        let url = format!("{}/webhooks/telnyx{query}", self.stack.api_url);
        let hand_made = json!({"url": url, "body": event});
        insist("post an event", async || {
            self.stack.mend().await?;
            let answer = self.tell_sandbox("/admin/webhooks", &hand_made).await?;
            ensure!(answer["status"] == 200, "the api answered {}", answer["status"]);
            Ok(())
        })
        .await
    }

    /// How the sandbox fares.
    pub(crate) async fn summary(&self) -> Result<Value> {
        Ok(reqwest::get(format!("{}/admin/summary", self.stack.sandbox_url)).await?.json().await?)
    }

    async fn tell_sandbox(&self, path: &str, what: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.stack.sandbox_url);
        let answer = reqwest::Client::new().post(url).json(what).send().await?.error_for_status()?;
        Ok(answer.json().await.unwrap_or_default())
    }

    /// Asks the api until it answers with one of these.
    pub(crate) async fn ask(&mut self, path: &str, body: Option<&Value>, statuses: &[u16]) -> Result<u16> {
        insist(path, async || {
            self.stack.mend().await?;
            let (status, said) = self.admin.ask(Method::POST, path, body).await?;
            ensure!(statuses.contains(&status), "it was answered {status}: {said}");
            Ok(status)
        })
        .await
    }

    /// Ends a server and starts it again after a while, beside whatever else happens.
    pub(crate) fn outage(
        &self,
        server: &'static str,
        how: End,
        away: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<> {
        let (own, outage) = (Arc::clone(&self.own), Arc::clone(&self.outage));
        async move {
            let _alone = outage.lock().await;
            let it = Arc::clone(&own);
            tokio::task::spawn_blocking(move || it.end(server, how)).await??;
            sleep(away).await;
            tokio::task::spawn_blocking(move || own.up()).await?
        }
    }

    /// Empties Redis.
    pub(crate) async fn flush_redis(&self) -> Result<()> {
        let url = &self.servers.redis_url;
        let (head, rest) = url.split_once('@').context("the URL of Redis has no password")?;
        let password = head.rsplit(':').next().unwrap_or_default();
        let address = rest.split('/').next().unwrap_or(rest);
        insist("empty Redis", async || {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(format!("AUTH {password}\r\nFLUSHALL\r\nQUIT\r\n").as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            ensure!(!answer.contains('-') && answer.starts_with("+OK\r\n+OK"), "Redis refuses");
            Ok(())
        })
        .await
    }

    /// What the queues hold, as far as the broker tells.
    pub(crate) async fn queue_depths(&self) -> String {
        match self.broker.queue_depths().await {
            Ok(depths) => format!("{depths:?}"),
            Err(error) => error.to_string(),
        }
    }

    /// Takes the queues away.
    pub(crate) async fn delete_queues(&self) -> Result<()> {
        insist("delete the queues", async || Ok(self.broker.delete_queues().await?)).await
    }
}

/// Where the programs of this build are.
pub(crate) fn binaries() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program stands")?;
    this.parent().map(Path::to_path_buf).context("this program stands in no folder")
}

fn options(name: &str, mutant: Option<&str>, log: &str) -> StackOptions {
    let mut options = StackOptions::impatient(name);
    let lease = LEASE.as_secs().to_string();
    let settings = [
        ("PREGON__SENDING__LEASE_S", lease.as_str()),
        ("PREGON__SENDING__RECEIPT_DEADLINE_S", "3"),
        ("PREGON__SENDING__OUTCOME_DEADLINE_S", "4"),
        ("PREGON__WORKER__STORE_RETRY_MS", "200"),
        ("PREGON__RABBITMQ__CALL_TIMEOUT_MS", "2000"),
        ("PREGON__RABBITMQ__RECONNECT_MAX_MS", "500"),
        ("PREGON__LOG__LEVEL", log),
    ];
    let settings = settings.into_iter().chain(mutant.map(|mutant| ("PREGON_MUTANT", mutant)));
    options.settings.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // Receipts come far enough from each other that they are settled one by one, and again soon after an outage.
    options.sandbox = [
        "--slow-ms",
        "800",
        "--webhook-delay-ms",
        "150",
        "--webhook-retry-ms",
        "200",
        "--webhook-tries-max",
        "18",
    ]
    .map(str::to_owned)
    .to_vec();
    options
}

/// Tries again what a fault may be in the way of.
pub(crate) async fn insist<T>(doing: &str, mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) if started.elapsed() > INSISTENCE => {
                bail!("for {INSISTENCE:?} this could not be done: {doing}: {error:#}")
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}
