//! `bench import`: the migrator on a contact file, and the floor below it.
//!
//! The floor is what PostgreSQL alone takes for the same rows: the bytes that the import sent, copied by one connection
//! into an empty logged table of the same shape without indexes.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::Bytes;
use e2e::{ScratchDatabase, Servers, Tools};
use futures::{SinkExt, TryStreamExt};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::load;

const COLUMNS: &str = "phone_national, source_row_id, migrated_at, import_id, is_valid, phone_original, full_name, \
                       address, neighborhood, municipality, state_code, state_name, state_text, lada, city, line_type, carrier";
/// Bytes of one message to the server.
const CHUNK_BYTES: usize = 1 << 20;
/// How often the floor is measured; the median counts.
const FLOOR_RUNS: usize = 3;

pub(crate) async fn measure(rows: u64) -> Result<Value> {
    let servers = Servers::from_environment()?;
    let load_before = load::averages();
    let database = ScratchDatabase::dropped(&servers.database_url, "pregon_bench").await?;
    let tools = Tools::beside_this_one(&database.url)?;
    let file = contact_file(&tools, rows).await?;
    tools.run("migrator", &["schema", "up", "--create-database", "--json"], "", |_| {}).await?;

    let imported = tools.run("migrator", &["import", &file.to_string_lossy(), "--json"], "", |_| {}).await?;
    let last = imported.last()?;
    let load_seconds = last["load_seconds"].as_f64().context("a figure is missing: load_seconds")?;
    let contacts = last["imported"].as_u64().context("a figure is missing: imported")?;

    let mut floors = floor(&database.connect().await?).await?;
    floors.sort_by(f64::total_cmp);
    let floor_seconds = floors[floors.len() / 2];
    Ok(json!({
        "bench": "import", "rows": rows, "contacts": contacts,
        "rows_per_second": last["rows_per_second"], "load_seconds": load_seconds,
        "took_seconds": last["took_seconds"],
        "floor": "raw COPY of the same bytes, one connection, no index", "floor_seconds": floor_seconds,
        "floor_seconds_all": floors, "ratio": load_seconds / floor_seconds,
        "migrator_peak_mib": imported.peak_rss_kib.map(|kib| kib / 1024),
        "load_average_before": load_before, "load_average_after": load::averages(),
    }))
}

/// The contact file, made once for each size.
pub(crate) async fn contact_file(tools: &Tools, rows: u64) -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program stands")?;
    let folder = this
        .parent()
        .and_then(|built| built.parent())
        .context("this program stands in no folder")?
        .join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let file = folder.join(format!("numeros-{rows}.db"));
    if !file.exists() {
        let rows = rows.to_string();
        let path = file.to_string_lossy();
        tools.run("sample", &["--rows", &rows, "--out", &path, "--json"], "", |_| {}).await?;
    }
    Ok(file)
}

async fn floor(client: &Client) -> Result<Vec<f64>> {
    let copy_out = format!("COPY (SELECT {COLUMNS} FROM contacts ORDER BY id) TO STDOUT (FORMAT binary)");
    let chunks: Vec<Bytes> = client.copy_out(&copy_out).await?.try_collect().await?;
    let all: Bytes = chunks.concat().into();
    client
        .batch_execute(
            "CREATE TABLE floor (LIKE contacts INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING CONSTRAINTS)",
        )
        .await?;
    let mut seconds = Vec::with_capacity(FLOOR_RUNS);
    for _ in 0..FLOOR_RUNS {
        client.batch_execute("TRUNCATE floor; CHECKPOINT").await?;
        let started = Instant::now();
        let sink = client.copy_in(&format!("COPY floor ({COLUMNS}) FROM STDIN (FORMAT binary)")).await?;
        let mut sink = std::pin::pin!(sink);
        let mut rest = all.clone();
        while !rest.is_empty() {
            sink.feed(rest.split_to(rest.len().min(CHUNK_BYTES))).await?;
        }
        sink.finish().await?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    client.batch_execute("DROP TABLE floor").await?;
    Ok(seconds)
}
