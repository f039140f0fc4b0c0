//! The three processes that send: the sandbox provider, the api and the worker.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::servers::Servers;
use crate::tools::{Tools, peak_rss_kib};

/// How long a process may take until it is ready.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// What the api and workers may in the database: each runs as a member of its group, so that a right that is missing is met here.
const API_GROUP: &str = "pregon_api";
const WORKER_GROUP: &str = "pregon_worker";

/// How the processes are started.
#[derive(Debug, Clone, Default)]
pub struct StackOptions {
    /// What every queue and key begins with: two stacks on the same servers do not meet.
    pub prefix: String,
    /// Where the api listens; a free port of this machine when `None`.
    pub api_port: Option<u16>,
    /// Arguments of the sandbox.
    pub sandbox: Vec<String>,
    /// Settings of api and worker, as variables of the environment.
    pub settings: Vec<(String, String)>,
}

impl StackOptions {
    /// Short deadlines, so that what never hears anything ends within seconds.
    #[must_use]
    pub fn impatient(prefix: &str) -> Self {
        let settings = [
            ("PREGON__TELNYX__CONNECT_TIMEOUT_MS", "500"),
            ("PREGON__TELNYX__REQUEST_TIMEOUT_MS", "1500"),
            ("PREGON__SENDING__RECEIPT_DEADLINE_S", "4"),
            ("PREGON__SENDING__OUTCOME_DEADLINE_S", "6"),
            ("PREGON__SENDING__RETRY_BASE_MS", "300"),
            ("PREGON__SENDING__LEASE_S", "8"),
            ("PREGON__SENDING__BREAKER_PAUSE_S", "1"),
            ("PREGON__WORKER__REVIVE_AFTER_S", "3"),
            ("PREGON__WORKER__SWEEP_INTERVAL_MS", "200"),
            ("PREGON__WORKER__PREPARE_INTERVAL_MS", "100"),
            ("PREGON__HTTP__PLAN_REFRESH_SECONDS", "1"),
            ("PREGON__HTTP__STREAMS_MAX", "3"),
            ("PREGON__JOBS__LEASE_S", "5"),
            ("PREGON__JOBS__IMPORT_LINES", "100"),
            ("PREGON__JOBS__TAG_CONTACTS", "100"),
            // Who kills workers makes unknown outcomes by the hundred.
            ("PREGON__SENDING__FUSE_FAILED_PERCENT", "0"),
            ("PREGON__SENDING__FUSE_UNKNOWN_PERCENT", "0"),
            ("PREGON__LOG__LEVEL", "warn"),
            ("PREGON__LOG__FORMAT", "json"),
        ];
        Self {
            prefix: prefix.to_owned(),
            api_port: None,
            sandbox: ["--slow-ms", "800", "--webhook-delay-ms", "20"].map(str::to_owned).to_vec(),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        }
    }
}

/// The processes, ended when this is dropped.
pub struct Stack {
    /// Where the sandbox is.
    pub sandbox_url: String,
    /// Where the api is.
    pub api_url: String,
    tools: Tools,
    servers: Servers,
    options: StackOptions,
    public_key: String,
    /// Signs access tokens: those of before hold after a restart.
    jwt_secret: String,
    /// Where workers find the sandbox.
    provider_url: String,
    sandbox: Child,
    api: Child,
    /// Apis beside the first.
    other_apis: Vec<Child>,
    workers: Vec<Child>,
}

impl Stack {
    /// Starts all three, and returns when they are ready.
    ///
    /// # Errors
    /// When one does not become ready.
    pub async fn start(tools: &Tools, servers: &Servers, options: StackOptions) -> Result<Self> {
        let mut stack = Self::without_workers(tools, servers, options).await?;
        stack.add_worker()?;
        Ok(stack)
    }

    /// Starts sandbox and api, and returns when they are ready.
    ///
    /// # Errors
    /// When one does not become ready.
    pub async fn without_workers(tools: &Tools, servers: &Servers, options: StackOptions) -> Result<Self> {
        let mut arguments = vec!["--listen", "127.0.0.1:0"];
        arguments.extend(options.sandbox.iter().map(String::as_str));
        let (sandbox, line) =
            ready_line(tools.command("telnyx-sandbox", &arguments), "telnyx-sandbox").await?;
        let text = |name: &str| -> Result<String> {
            Ok(line[name].as_str().with_context(|| format!("the sandbox did not say its {name}"))?.to_owned())
        };
        let (sandbox_url, public_key) = (text("sandbox")?, text("public_key")?);
        let jwt_secret = [credentials::generate_password(), credentials::generate_password()]
            .into_iter()
            .map(|drawn| drawn.map(|drawn| drawn.expose().to_owned()).context("no randomness"))
            .collect::<Result<String>>()?;
        let port = options.api_port.unwrap_or_default();
        let provider = (sandbox_url.as_str(), public_key.as_str());
        let (api, api_url) = api(tools, servers, &options, provider, &jwt_secret, port).await?;
        Ok(Self {
            provider_url: sandbox_url.clone(),
            sandbox_url,
            api_url,
            tools: tools.clone(),
            servers: servers.clone(),
            options,
            public_key,
            jwt_secret,
            sandbox,
            api,
            other_apis: Vec::new(),
            workers: Vec::new(),
        })
    }

    /// Lets the workers that are started from now on find the sandbox there, as behind a wire that can be cut.
    pub fn reach_provider_at(&mut self, url: String) {
        self.provider_url = url;
    }

    /// Gives the programs that are started from now on a setting, as a variable of the environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.options.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts one worker more.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn add_worker(&mut self) -> Result<()> {
        let mut command = self.tools.command("worker", &["run", "--listen", "127.0.0.1:0"]);
        command
            .env("DATABASE_URL", self.tools.url_as(WORKER_GROUP))
            .env("PREGON__TELNYX__API_BASE_URL", &self.provider_url)
            .env("PREGON__TELNYX__WEBHOOK_BASE_URL", &self.api_url);
        let names_key = |(name, _): &(String, String)| name == "PREGON__TELNYX__API_KEY_FILE";
        if !self.options.settings.iter().any(names_key) {
            command.env("PREGON__TELNYX__API_KEY", "KEY-of-the-sandbox");
        }
        settings(&mut command, &self.servers, &self.options);
        self.workers.push(command.stdin(Stdio::null()).spawn().context("worker cannot be started")?);
        Ok(())
    }

    /// Kills the oldest worker at once, as `kill -9` does.
    ///
    /// # Errors
    /// When there is none.
    pub async fn kill_worker(&mut self) -> Result<()> {
        let mut worker = self.oldest()?;
        worker.kill().await.context("the worker cannot be killed")
    }

    /// Asks the oldest worker to end, and returns whether it said that all was well.
    ///
    /// # Errors
    /// When there is none.
    pub async fn end_worker(&mut self) -> Result<bool> {
        let mut worker = self.oldest()?;
        let id = worker.id().context("the worker has ended already")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        Ok(worker.wait().await?.success())
    }

    /// Starts one api more beside the first, and says where it is.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn add_api(&mut self) -> Result<String> {
        let provider = (self.sandbox_url.as_str(), self.public_key.as_str());
        let (api, url) =
            api(&self.tools, &self.servers, &self.options, provider, &self.jwt_secret, 0).await?;
        self.other_apis.push(api);
        Ok(url)
    }

    /// Kills the api at once and starts it again at the same address.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn restart_api(&mut self) -> Result<()> {
        self.kill_api().await?;
        self.start_api().await
    }

    /// Kills the api at once.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill_api(&mut self) -> Result<()> {
        self.api.kill().await.context("the api cannot be killed")
    }

    /// Starts the api again that was killed, at the same address.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn start_api(&mut self) -> Result<()> {
        let port = self
            .api_url
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .context("the api has no port")?;
        let provider = (self.sandbox_url.as_str(), self.public_key.as_str());
        (self.api, _) =
            api(&self.tools, &self.servers, &self.options, provider, &self.jwt_secret, port).await?;
        Ok(())
    }

    /// Starts what has ended again, as whoever runs the product in earnest would. What cannot be started now, for it
    /// needs a server that is away, may be when this is called again.
    ///
    /// # Errors
    /// When a program cannot be started at all.
    pub async fn mend(&mut self) -> Result<()> {
        if self.api.try_wait()?.is_some() {
            // It ends by itself without a database.
            let _ = self.start_api().await;
        }
        let before = self.workers.len();
        self.workers.retain_mut(|worker| matches!(worker.try_wait(), Ok(None)));
        for _ in self.workers.len()..before {
            self.add_worker()?;
        }
        Ok(())
    }

    /// Asks the api to end, and returns whether it said that all was well.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn end_api(&mut self) -> Result<bool> {
        let id = self.api.id().context("the api has ended already")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        Ok(self.api.wait().await?.success())
    }

    /// The workers' processes, the oldest first.
    #[must_use]
    pub fn worker_pids(&self) -> Vec<u32> {
        self.workers.iter().filter_map(Child::id).collect()
    }

    /// The most memory that each worker held, in KiB.
    #[must_use]
    pub fn workers_peak_rss_kib(&self) -> Vec<u64> {
        self.workers.iter().filter_map(peak_rss_kib).collect()
    }

    /// The most memory that the api held, in KiB.
    #[must_use]
    pub fn api_peak_rss_kib(&self) -> Option<u64> {
        peak_rss_kib(&self.api)
    }

    /// Whether all processes still run.
    pub fn is_whole(&mut self) -> bool {
        let mut all = [&mut self.sandbox, &mut self.api].into_iter().chain(&mut self.workers);
        all.all(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn oldest(&mut self) -> Result<Child> {
        if self.workers.is_empty() {
            bail!("no worker runs");
        }
        Ok(self.workers.remove(0))
    }
}

async fn api(
    tools: &Tools,
    servers: &Servers,
    options: &StackOptions,
    (sandbox_url, public_key): (&str, &str),
    jwt_secret: &str,
    port: u16,
) -> Result<(Child, String)> {
    let listen = format!("127.0.0.1:{port}");
    let mut command = tools.command("api", &["serve", "--json", "--listen", &listen]);
    command
        .env("DATABASE_URL", tools.url_as(API_GROUP))
        .env("PREGON__TELNYX__PUBLIC_KEY", public_key)
        .env("PREGON__TELNYX__API_BASE_URL", sandbox_url)
        .env("PREGON__TELNYX__API_KEY", "KEY-of-the-sandbox")
        .env("PREGON__AUTH__JWT_SECRET", jwt_secret);
    settings(&mut command, servers, options);
    let (api, line) = ready_line(command, "api").await?;
    let url = line["api"].as_str().context("the api did not say where it is")?.to_owned();
    Ok((api, url))
}

fn settings(command: &mut Command, servers: &Servers, options: &StackOptions) {
    command
        .env("REDIS_URL", &servers.redis_url)
        .env("AMQP_URL", &servers.amqp_url)
        .env("PREGON__RABBITMQ__PREFIX", &options.prefix)
        .env("PREGON__REDIS__PREFIX", &options.prefix)
        .envs(options.settings.iter().map(|(name, value)| (name, value)));
}

/// Starts a process and waits for the JSON line that it prints when it is ready.
async fn ready_line(mut command: Command, name: &str) -> Result<(Child, Value)> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| {
        format!("{name} cannot be started; build it with cargo build --workspace --bins --tests")
    })?;
    let stdout = child.stdout.take().context("a piped standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(START_PATIENCE, lines.next_line())
        .await
        .with_context(|| format!("{name} was not ready after {:?}", started.elapsed()))??
        .with_context(|| format!("{name} ended before it was ready"))?;
    let line =
        serde_json::from_str(&line).with_context(|| format!("{name} printed something that is no JSON"))?;
    Ok((child, line))
}
