//! What the demo does, step by step, and how long each step took.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::{Client, Ledgers, ScratchDatabase, Servers, Stack, StackOptions, Tools};
use serde_json::{Value, json};

/// The demo's own database.
const DATABASE: &str = "pregon_demo";
/// The seed of its contact file: every run makes the same one.
const SEED: &str = "1";

/// Some of the regulator's ranges; what they do not cover stays of unknown line type.
const SAMPLE_PLAN: &[u8] = include_bytes!("../../../../domain/data/pnn_sample_2025.csv");

/// How fast the demo's sender may send.
const SENDER_RATE_PER_S: f64 = 2_000.0;
/// The longest that the demo's campaign may take.
const CAMPAIGN_PATIENCE: Duration = Duration::from_mins(5);

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
    /// The processes that sent the campaign.
    pub(crate) stack: Stack,
    /// The campaign's id.
    pub(crate) campaign: String,
    /// The campaign's last progress, as the API tells it.
    pub(crate) progress: Value,
    /// What it was to be, before it was launched.
    pub(crate) preview: Value,
    pub(crate) ledgers: Ledgers,
    pub(crate) steps: Vec<(&'static str, Duration)>,
}

/// How much the demo does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rows: u64,
    pub(crate) messages: u64,
    pub(crate) port: Option<u16>,
}

pub(crate) async fn tell(servers: &Servers, size: Size) -> Result<Story> {
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
    let plan = folder()?.join("plan.csv");
    std::fs::write(&plan, SAMPLE_PLAN).with_context(|| format!("{} cannot be written", plan.display()))?;
    let arguments = ["numbering-plan", "load", &plan.to_string_lossy(), "--yes", "--json"];
    tools.run("migrator", &arguments, "", |_| {}).await?;
    done(&mut steps, "numbering plan", started);

    let started = Instant::now();
    let file = folder()?.join("numeros.db");
    let path = file.to_string_lossy();
    let rows = size.rows.to_string();
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

    let started = Instant::now();
    let options = StackOptions { api_port: size.port, ..StackOptions::impatient(DATABASE) };
    let stack = Stack::start(&tools, servers, options).await?;
    done(&mut steps, "api, worker and sandbox", started);

    let started = Instant::now();
    let admin = sign_in(&stack, &users, "admin").await?;
    admin.add_sender("Tienda de Ejemplo", SENDER_RATE_PER_S).await?;
    let manager = sign_in(&stack, &users, "manager").await?;
    let campaign = manager.draft("Promoción de la semana", &json!({"all": []}), size.messages).await?;
    let path = format!("/campaigns/{campaign}/preview");
    let preview = manager.must(200, reqwest::Method::POST, &path, None).await?;
    manager.launch(&campaign).await?;
    done(&mut steps, "draft, preview and launch", started);

    let started = Instant::now();
    let mut told = Instant::now();
    let progress = manager
        .until(&campaign, CAMPAIGN_PATIENCE, |progress| {
            if told.elapsed() >= Duration::from_secs(1) {
                told = Instant::now();
                eprintln!("  {} {}", progress["state"], progress["counts"]);
            }
            progress["state"] == "completed"
        })
        .await?;
    done(&mut steps, "campaign to its last receipt", started);
    let ledgers = e2e::compare(&stack.sandbox_url, &database.connect().await?, &campaign).await?;
    Ok(Story { database, users, sample, import, stack, campaign, progress, preview, ledgers, steps })
}

async fn sign_in(stack: &Stack, users: &[Login], role: &str) -> Result<Client> {
    let user = users.iter().find(|user| user.role == role).context("nobody has the role")?;
    Client::sign_in(&stack.api_url, &user.email, &user.password).await
}

fn done(steps: &mut Vec<(&'static str, Duration)>, step: &'static str, started: Instant) {
    eprintln!("{step}: {:.1} s", started.elapsed().as_secs_f64());
    steps.push((step, started.elapsed()));
}

/// Where the demo's files go: beside the build.
fn folder() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program stands")?;
    let folder = this
        .parent()
        .and_then(|built| built.parent())
        .context("this program stands in no folder")?
        .join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}
