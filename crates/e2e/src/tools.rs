//! The product's binaries, found beside this one and run as processes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// The folder of built binaries, and the database they shall use.
#[derive(Clone)]
pub struct Tools {
    folder: PathBuf,
    database_url: String,
}

/// What a process left when it ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its JSON lines.
    pub lines: Vec<Value>,
    /// The most memory it held, in KiB, where the system tells (`VmHWM`).
    pub peak_rss_kib: Option<u64>,
}

impl Tools {
    /// The binaries built beside the one that runs.
    ///
    /// # Errors
    /// When the system does not say where that is.
    pub fn beside_this_one(database_url: &str) -> Result<Self> {
        let this = std::env::current_exe().context("cannot tell where this program stands")?;
        let folder = this.parent().context("this program stands in no folder")?;
        Ok(Self::beside(folder, database_url))
    }

    /// The binaries of `folder`.
    #[must_use]
    pub fn beside(folder: &Path, database_url: &str) -> Self {
        Self { folder: folder.to_path_buf(), database_url: database_url.to_owned() }
    }

    /// A command that runs the binary `name` against the database, in development.
    #[must_use]
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command
            .args(arguments)
            .env("DATABASE_URL", &self.database_url)
            .env("PREGON__ENVIRONMENT", "development")
            .kill_on_drop(true);
        command
    }

    /// The database's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.database_url
    }

    /// The database's URL for a program that may what the members of `group` may, and no more.
    #[must_use]
    pub fn url_as(&self, group: &str) -> String {
        let sign = if self.database_url.contains('?') { '&' } else { '?' };
        format!("{}{sign}options=-c%20role%3D{group}", self.database_url)
    }

    /// Runs the binary `name` to its end and reads the JSON lines of its standard output; `on_line` sees each as it
    /// comes. `input` is its standard input.
    ///
    /// # Errors
    /// When it cannot be started, prints something else, or ends other than well.
    pub async fn run(
        &self,
        name: &str,
        arguments: &[&str],
        input: &str,
        mut on_line: impl FnMut(&Value),
    ) -> Result<Finished> {
        let mut child =
            self.command(name, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(
                || format!("{name} cannot be started; build it with cargo build --workspace --bins --tests"),
            )?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let stdout = child.stdout.take().context("a piped standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut finished = Finished { lines: Vec::new(), peak_rss_kib: None };
        while let Some(line) = lines.next_line().await? {
            let line: Value = serde_json::from_str(&line)
                .with_context(|| format!("{name} printed something that is no JSON"))?;
            finished.peak_rss_kib = peak_rss_kib(&child).or(finished.peak_rss_kib);
            on_line(&line);
            finished.lines.push(line);
        }
        let status = child.wait().await?;
        if !status.success() {
            bail!("{name} {} ended with {status}", arguments.join(" "));
        }
        Ok(finished)
    }
}

impl Finished {
    /// The last line.
    ///
    /// # Errors
    /// When there is none.
    pub fn last(&self) -> Result<&Value> {
        self.lines.last().context("the process printed nothing")
    }
}

/// The high-water mark of a process that still runs.
pub(crate) fn peak_rss_kib(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
