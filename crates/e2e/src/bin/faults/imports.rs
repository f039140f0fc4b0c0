//! `import-faults`: imports that are killed at moments drawn at random, resumed, and compared with one that nobody disturbed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::{End, OwnServers, Tools};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::Arguments;

/// A run that is resumed may take so much longer than one that nobody disturbs.
const PATIENCE: Duration = Duration::from_mins(5);

/// An import is killed again and again, and ends as one that nobody disturbed.
pub(crate) async fn import_faults(arguments: &Arguments) -> Result<()> {
    let this = std::env::current_exe().context("cannot tell where this program stands")?;
    let binaries = this.parent().context("this program stands in no folder")?;
    let own = OwnServers::start(binaries, "import-faults")?;
    let server = own.servers()?.database_url;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("numeros.db");
    let house = House {
        binaries: binaries.to_owned(),
        server,
        file,
        part_rows: arguments.rows.div_ceil(4).max(1_000),
    };
    house.make_file(arguments.rows).await?;

    eprintln!("an import that nobody disturbs");
    let started = Instant::now();
    let reference = house.fresh("undisturbed").await?;
    let mut import = house.import(&reference, &folder.path().join("undisturbed"))?;
    ensure!(timeout(PATIENCE, import.ended()).await??, "the undisturbed import did not end well");
    let whole = started.elapsed();
    let expected = house.state(&reference).await?;
    eprintln!("  {} rows in {:.1} s", arguments.rows, whole.as_secs_f64());
    eprintln!("  kill    after  what                           rows  where");

    let mut random = StdRng::seed_from_u64(arguments.seed);
    let (mut kills, mut imports) = (0, 0);
    while kills < arguments.kills {
        imports += 1;
        let url = house.fresh("disturbed").await?;
        let backup = folder.path().join(format!("disturbed-{imports}"));
        loop {
            let mut import = house.import(&url, &backup)?;
            if kills == arguments.kills {
                ensure!(timeout(PATIENCE, import.ended()).await??, "the last import did not end well");
                break;
            }
            let moment = whole.mul_f64(random.random::<f64>());
            if let Ok(ended) = timeout(moment, import.ended()).await {
                ensure!(ended?, "an import that nobody killed did not end well");
                break;
            }
            kills += 1;
            let fault = *FAULTS.choose(&mut random).context("there are faults")?;
            eprintln!(
                "  {kills:>4}  {:>5.1} s  {:<23}  {:>10}  {}",
                moment.as_secs_f64(),
                fault.as_str(),
                import.rows,
                import.place
            );
            // What an import said to be done must be there, also after the recovery.
            if fault.strike(&own, &mut import).await? {
                break;
            }
        }
        let found = house.state(&url).await?;
        if found != expected {
            bail!("import {imports} is not as the one that nobody disturbed:\n  {found}\n  {expected}");
        }
        let restored = house.restored(&backup).await?;
        if restored != expected {
            bail!("what import {imports} backed up is not what it brought:\n  {restored}\n  {expected}");
        }
        std::fs::remove_dir_all(&backup)?;
    }
    eprintln!(
        "{kills} kills in {imports} imports, each of which ended as the one that nobody disturbed, and so did its backup"
    );
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The program is killed.
    Migrator,
    /// The server is ended, and comes back when the import has given up.
    Server,
    /// The server is ended and started again at once, so that the import can go on by itself.
    ServerForAMoment,
}

const FAULTS: [Fault; 3] = [Fault::Migrator, Fault::Server, Fault::ServerForAMoment];

impl Fault {
    fn as_str(self) -> &'static str {
        match self {
            Self::Migrator => "migrator",
            Self::Server => "postgres",
            Self::ServerForAMoment => "postgres, for a moment",
        }
    }

    /// Brings it about; whether the import ended well in spite of it.
    async fn strike(self, own: &OwnServers, import: &mut Import) -> Result<bool> {
        match self {
            Self::Migrator => {
                import.child.kill().await?;
                Ok(false)
            }
            Self::Server => {
                own.end("postgres", End::Immediately)?;
                let ended = timeout(PATIENCE, import.ended()).await??;
                own.up()?;
                Ok(ended)
            }
            Self::ServerForAMoment => {
                own.end("postgres", End::Immediately)?;
                own.up()?;
                timeout(PATIENCE, import.ended()).await?
            }
        }
    }
}

/// One server, one file, and a database for each import.
struct House {
    binaries: PathBuf,
    server: String,
    file: PathBuf,
    /// Source rows of one part of a backup.
    part_rows: u64,
}

impl House {
    fn tools(&self, url: &str) -> Tools {
        Tools::beside(&self.binaries, url)
    }

    async fn make_file(&self, rows: u64) -> Result<()> {
        let (rows, path) = (rows.to_string(), text(&self.file)?);
        let arguments = ["--rows", &rows, "--out", path, "--dirt", "2", "--json"];
        self.tools(&self.server).run("sample", &arguments, "", |_| {}).await?;
        Ok(())
    }

    /// An empty database of this name, with the schema.
    async fn fresh(&self, name: &str) -> Result<String> {
        let (client, connection) = tokio_postgres::connect(&self.server, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        let (head, _) = self.server.rsplit_once('/').context("the server's URL names no database")?;
        let url = format!("{head}/{name}");
        let migrated = ["schema", "up", "--create-database", "--json"];
        self.tools(&url).run("migrator", &migrated, "", |_| {}).await?;
        Ok(url)
    }

    fn import(&self, url: &str, backup: &Path) -> Result<Import> {
        let (file, backup) = (text(&self.file)?, text(backup)?);
        let arguments =
            ["import", file, "--resume", "--backup", backup, "--json", "--min-valid-percent", "0"];
        let mut command = self.tools(url).command("migrator", &arguments);
        command.env("PREGON__LOG__LEVEL", "error").stdin(Stdio::null());
        command.env("PREGON__IMPORT__BACKUP_PART_ROWS", self.part_rows.to_string());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("a piped standard output")?).lines();
        Ok(Import { child, lines, rows: 0, place: "start".to_owned() })
    }

    /// The state of a database that holds nothing but what a backup brings.
    async fn restored(&self, backup: &Path) -> Result<String> {
        let url = self.fresh("restored").await?;
        self.tools(&url).run("migrator", &["restore", text(backup)?, "--json"], "", |_| {}).await?;
        self.state(&url).await
    }

    /// Sums over everything that an import leaves, blind to order and to what time and chance decide.
    async fn state(&self, url: &str) -> Result<String> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client.query_one(include_str!("imported.sql"), &[]).await?.get(0))
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is no text")
}

/// An import under way, and the last that it said.
struct Import {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    rows: u64,
    place: String,
}

impl Import {
    /// Reads what it says until it ends; whether it ended well. May be given up in the middle.
    async fn ended(&mut self) -> Result<bool> {
        while let Some(line) = self.lines.next_line().await? {
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            self.rows = line["rows_read"].as_u64().unwrap_or(self.rows);
            self.place = match (line["event"].as_str(), line["step"].as_str(), line["activity"][0].as_str()) {
                (_, _, Some(activity)) => activity.to_owned(),
                (_, Some(step), _) => format!("after {step}"),
                (Some("progress" | "began"), ..) => "load".to_owned(),
                _ => self.place.clone(),
            };
        }
        // The standard output closes a moment before the process is gone.
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
