//! PostgreSQL: a cluster of its own, reached over TCP alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::{Doing, Failure};
use crate::ports;
use crate::services::Set;
use crate::services::ground::Ground;
use crate::services::server::Server;
use crate::services::state::{Port, USER};

/// The database.
pub(crate) struct Postgres;

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn title(&self) -> &'static str {
        "PostgreSQL"
    }

    fn executables(&self) -> &'static [&'static str] {
        &["postgres"]
    }

    fn ports(&self) -> &'static [Port] {
        &[Port::Postgres]
    }

    /// Ends its sessions at once but writes everything down first.
    fn stop_signal(&self) -> &'static str {
        "INT"
    }

    fn patience(&self) -> Duration {
        Duration::from_mins(2)
    }

    /// While the sessions of a killed server end, a new one refuses their folder.
    fn attempts_max(&self) -> u32 {
        20
    }

    fn prepare(&self, ground: &Ground) -> Result<Command, Failure> {
        let folder = ground.private_folder(self.name())?;
        let cluster = folder.join("cluster");
        if !cluster.exists() {
            make_cluster(ground, &folder, &cluster)?;
        }
        let port = format!("port={}", ground.state.port(Port::Postgres));
        let mut command = ground.command(&ground.programs.postgres.join("postgres"), &cluster);
        command.arg("-D").arg(&cluster);
        for setting in settings(ground.set).iter().copied().chain([port.as_str()]) {
            command.args(["-c", setting]);
        }
        Ok(command)
    }

    /// Logs in and asks; makes the database on the way if this cluster has none yet.
    fn probe(&self, ground: &Ground) -> Result<(), String> {
        // Most of the waiting is for the port, and that needs no program.
        ports::connect(ground.state.port(Port::Postgres), Duration::from_secs(2))?;
        ask(ground, USER, "select 1").or_else(|refusal| {
            let has_database = format!("select count(*) from pg_database where datname = '{USER}'");
            if ask(ground, "postgres", &has_database)? != "0" {
                return Err(refusal);
            }
            ask(ground, "postgres", &format!("create database {USER}"))?;
            ask(ground, USER, "select 1")
        })?;
        Ok(())
    }
}

/// Under another name until it is whole: a cluster whose making was cut short is made again.
fn make_cluster(ground: &Ground, folder: &Path, cluster: &Path) -> Result<(), Failure> {
    let unfinished = folder.join("cluster.new");
    let _ = fs::remove_dir_all(&unfinished);
    let password_file = folder.join("password");
    ground.private_file(&password_file, ground.state.postgres_password())?;
    let made = ground
        .command(&ground.programs.postgres.join("initdb"), folder)
        .args(["--no-sync", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"])
        .arg(format!("--pwfile={}", password_file.display()))
        .arg("-D")
        .arg(&unfinished)
        .output();
    let _ = fs::remove_file(&password_file);
    let made = made.doing(|| "run initdb".into())?;
    if !made.status.success() {
        let reason = String::from_utf8_lossy(&made.stderr);
        return Err(Failure::unavailable(format!("initdb refused: {}", reason.trim())));
    }
    fs::rename(&unfinished, cluster).doing(|| format!("rename {}", unfinished.display()))
}

fn ask(ground: &Ground, database: &str, statement: &str) -> Result<String, String> {
    let answer = Command::new(ground.programs.postgres.join("psql"))
        .env_clear()
        .env("PGPASSWORD", ground.state.postgres_password())
        .env("PGCONNECT_TIMEOUT", "10")
        .args(["-X", "-q", "-A", "-t", "-w", "-h", "127.0.0.1", "-U", USER, "-d", database])
        .args(["-p", &ground.state.port(Port::Postgres).to_string(), "-c", statement])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run psql: {error}"))?;
    if answer.status.success() {
        Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&answer.stderr).trim().to_owned())
    }
}

/// What differs from the defaults. Long paths would break a socket, hence none; the memory and log sizes keep
/// PostgreSQL's modest defaults from being what a benchmark measures.
fn settings(set: Set) -> &'static [&'static str] {
    match set {
        Set::Dev => &[
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=1GB",
            "wal_buffers=16MB",
            "max_wal_size=8GB",
            "shared_preload_libraries=pg_stat_statements",
            "timezone=UTC",
            "log_timezone=UTC",
        ],
        // Its data is worth nothing once the tests have run: a crash of the machine may have it.
        Set::Test => &[
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=256MB",
            "wal_buffers=16MB",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "timezone=UTC",
            "log_timezone=UTC",
        ],
    }
}
