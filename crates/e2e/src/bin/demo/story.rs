//! What the demo does, step by step, and how long each step took.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::{ScratchDatabase, Servers, Tools};
use serde_json::Value;

/// The demo's own database.
const DATABASE: &str = "pregon_demo";
/// The seed of its contact file: every run makes the same one.
const SEED: &str = "1";

/// A login that the demo made.
pub(crate) struct Login {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) role: &'static str,
}

/// What happened.
pub(crate) struct Story {
    pub(crate) database: ScratchDatabase,
    pub(crate) users: Vec<Login>,
    /// The generator's own account of the file.
    pub(crate) sample: Value,
    /// The import's last line.
    pub(crate) import: Value,
    pub(crate) steps: Vec<(&'static str, Duration)>,
}

pub(crate) async fn tell(servers: &Servers, rows: u64) -> Result<Story> {
    let mut steps = Vec::new();
    let database = ScratchDatabase::dropped(&servers.database_url, DATABASE).await?;
    let tools = Tools::beside_this_one(&database.url)?;

    let started = Instant::now();
    tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;
    done(&mut steps, "schema", started);

    let started = Instant::now();
    let mut users = Vec::new();
    for role in ["admin", "manager", "operator", "viewer"] {
        let email = format!("{role}@demo.example");
        let password = credentials::generate_password().context("no randomness")?.expose().to_owned();
        let arguments = ["user", "create", "--email", &email, "--role", role, "--password-stdin", "--json"];
        tools.run("migrator", &arguments, &password, |_| {}).await?;
        users.push(Login { email, password, role });
    }
    done(&mut steps, "users", started);

    let started = Instant::now();
    let file = contact_file()?;
    let path = file.to_string_lossy();
    let rows = rows.to_string();
    let arguments = ["--rows", &rows, "--out", &path, "--seed", SEED, "--force", "--json"];
    let sample = tools.run("sample", &arguments, "", |_| {}).await?.last()?.clone();
    done(&mut steps, "contact file", started);

    let started = Instant::now();
    let import = tools
        .run("migrator", &["import", &path, "--json"], "", |line| {
            if line["event"] == "progress" {
                eprintln!("  {} of {} rows", line["rows_read"], line["source_rows"]);
            }
        })
        .await?;
    done(&mut steps, "import", started);
    let import = import.last()?.clone();
    Ok(Story { database, users, sample, import, steps })
}

fn done(steps: &mut Vec<(&'static str, Duration)>, step: &'static str, started: Instant) {
    eprintln!("{step}: {:.1} s", started.elapsed().as_secs_f64());
    steps.push((step, started.elapsed()));
}

/// Where the contact file goes: beside the build.
fn contact_file() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program stands")?;
    let folder = this
        .parent()
        .and_then(|built| built.parent())
        .context("this program stands in no folder")?
        .join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder.join("numeros.db"))
}
