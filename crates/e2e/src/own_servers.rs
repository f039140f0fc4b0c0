//! Servers that only one run uses, so that it may do to them what it likes.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::servers::Servers;

/// How long a server that was told to end may take.
const END_PATIENCE: Duration = Duration::from_secs(30);

/// Private servers in a folder of their own, stopped and removed when this is dropped.
pub struct OwnServers {
    root: PathBuf,
    xtask: PathBuf,
}

/// How a server is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As a machine that loses power ends it.
    Kill,
    /// PostgreSQL's immediate shutdown: no checkpoint, and recovery at the next start.
    Immediately,
}

impl OwnServers {
    /// Starts them with the `xtask` that stands among `binaries`.
    ///
    /// # Errors
    /// When one does not come up.
    pub fn start(binaries: &Path, name: &str) -> Result<Self> {
        let root = std::env::temp_dir().join(format!("pregon-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).with_context(|| format!("{} cannot be made", root.display()))?;
        // The servers run as another user where this runs as root.
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755))?;
        let servers = Self { root, xtask: binaries.join("xtask") };
        servers.up()?;
        Ok(servers)
    }

    /// Starts those that do not run.
    ///
    /// # Errors
    /// When one does not come up.
    pub fn up(&self) -> Result<()> {
        let output = self.services("up")?;
        ensure!(
            output.status.success(),
            "the servers do not start: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Where they are.
    ///
    /// # Errors
    /// When they do not run.
    pub fn servers(&self) -> Result<Servers> {
        let output = String::from_utf8(self.services("env")?.stdout)?;
        let value = |name: &str| -> Result<String> {
            let line = output.lines().find_map(|line| line.split_once(&format!("{name}=")));
            let (_, rest) = line.with_context(|| format!("{name} is not told"))?;
            let value = rest.split_whitespace().next().unwrap_or_default();
            Ok(value.trim_matches(['\'', '"']).to_owned())
        };
        Ok(Servers {
            database_url: value("DATABASE_URL")?,
            redis_url: value("REDIS_URL")?,
            amqp_url: value("AMQP_URL")?,
        })
    }

    /// Ends `postgres`, `redis` or `rabbitmq`, and returns when it is gone.
    ///
    /// # Errors
    /// When it does not run.
    pub fn end(&self, server: &str, how: End) -> Result<()> {
        let status = String::from_utf8(self.services("status")?.stdout)?;
        let first = status.lines().next().unwrap_or_default();
        let (_, folder) = first.split_once(" in ").context("the servers' folder is not told")?;
        let pid = fs::read_to_string(format!("{folder}/{server}.pid"))
            .with_context(|| format!("{server} does not run"))?;
        let signal = match how {
            End::Kill => "-KILL",
            End::Immediately => "-QUIT",
        };
        let pid = pid.split_whitespace().next().unwrap_or_default();
        let kill = |signal| Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status();
        ensure!(kill(signal)?.success(), "{server} cannot be ended");
        let ended = Instant::now();
        while kill("-0")?.success() {
            ensure!(ended.elapsed() < END_PATIENCE, "{server} does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Has the broker evaluate an Erlang expression, and answers what it says.
    ///
    /// # Errors
    /// When it does not run, or does not take it.
    pub fn tell_broker(&self, expression: &str) -> Result<String> {
        let status = String::from_utf8(self.services("status")?.stdout)?;
        let first = status.lines().next().unwrap_or_default();
        let (_, folder) = first.split_once(" in ").context("the servers' folder is not told")?;
        let pid = fs::read_to_string(format!("{folder}/rabbitmq.pid")).context("rabbitmq does not run")?;
        let pid = pid.split_whitespace().next().unwrap_or_default();
        // What the broker itself was started with tells its tool where it is.
        let environment = fs::read(format!("/proc/{pid}/environ"))?;
        let environment = String::from_utf8(environment)?;
        let variables = environment.split('\0').filter_map(|variable| variable.split_once('='));
        let known = ["HOME", "PATH", "LANG", "LC_ALL", "RABBITMQ_CONF_ENV_FILE", "RABBITMQ_NODENAME"];
        let is_known = |name: &str| known.contains(&name) || name.starts_with("ERL_EPMD_");
        let (owner, own) = (fs::metadata(format!("/proc/{pid}"))?.uid(), fs::metadata("/proc/self")?.uid());
        let mut command = Command::new(if owner == own { "env" } else { "setpriv" });
        if owner != own {
            // It trusts whoever may read its owner's cookie.
            command.args(["--reuid", &owner.to_string(), "--clear-groups"]);
        }
        command
            .args(["/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet", "eval", expression])
            .env_clear()
            .envs(variables.filter(|(name, _)| is_known(name)))
            .stdin(Stdio::null());
        let output = command.output().context("rabbitmqctl cannot be run")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "rabbitmqctl: {said}{}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    fn services(&self, action: &str) -> Result<Output> {
        Command::new(&self.xtask)
            .arg("--root")
            .arg(&self.root)
            .args(["services", action, "--set", "test"])
            .env_remove("DATABASE_URL")
            .env_remove("REDIS_URL")
            .env_remove("AMQP_URL")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} cannot be run", self.xtask.display()))
    }
}

impl Drop for OwnServers {
    fn drop(&mut self) {
        // What is left of a run that failed is in the way of nobody.
        let _ = self.services("down");
        let _ = fs::remove_dir_all(&self.root);
    }
}
