//! Servers that are killed in the middle of a campaign, and come back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use e2e::{Servers, Tools};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::house::{House, binaries};

const MESSAGES: u32 = 3_000;

/// Servers that only this test uses, so that it may do to them what it likes.
#[derive(Clone)]
struct OwnServers {
    root: PathBuf,
}

impl OwnServers {
    fn start() -> Self {
        let root = std::env::temp_dir().join(format!("pregon-outages-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        // The servers run as another user where this runs as root.
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        let servers = Self { root };
        servers.up();
        servers
    }

    fn services(&self, action: &str) -> Output {
        Command::new(binaries().join("xtask"))
            .arg("--root")
            .arg(&self.root)
            .args(["services", action, "--set", "test"])
            .env_remove("DATABASE_URL")
            .env_remove("REDIS_URL")
            .env_remove("AMQP_URL")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn up(&self) {
        let output = self.services("up");
        assert!(output.status.success(), "{output:?}");
    }

    fn servers(&self) -> Servers {
        let output = String::from_utf8(self.services("env").stdout).unwrap();
        let value = |name: &str| {
            let line = output.lines().find_map(|line| line.split_once(&format!("{name}="))).unwrap();
            line.1.split_whitespace().next().unwrap().trim_matches(['\'', '"']).to_owned()
        };
        Servers {
            database_url: value("DATABASE_URL"),
            redis_url: value("REDIS_URL"),
            amqp_url: value("AMQP_URL"),
        }
    }

    /// Kills a server as a machine that loses power would, leaves it away for a moment, and starts it again.
    async fn outage(&self, server: &'static str) {
        let it = self.clone();
        spawn_blocking(move || it.kill(server)).await.unwrap();
        sleep(Duration::from_millis(1_500)).await;
        let it = self.clone();
        spawn_blocking(move || it.up()).await.unwrap();
    }

    fn kill(&self, server: &str) {
        let status = String::from_utf8(self.services("status").stdout).unwrap();
        let folder = status.lines().next().unwrap().split_once(" in ").unwrap().1;
        let pid = fs::read_to_string(format!("{folder}/{server}.pid")).unwrap();
        let pid = pid.split_whitespace().next().unwrap();
        assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
    }
}

struct StoppedAtTheEnd(OwnServers);

impl Drop for StoppedAtTheEnd {
    fn drop(&mut self) {
        let _ = self.0.services("down");
        let _ = fs::remove_dir_all(&self.0.root);
    }
}

#[tokio::test]
async fn a_campaign_outlives_each_of_its_servers() {
    let own = spawn_blocking(OwnServers::start).await.unwrap();
    let _stopped = StoppedAtTheEnd(own.clone());
    let servers = own.servers();
    let url = format!("{}/outages", servers.database_url.rsplit_once('/').unwrap().0);
    let migrated = ["schema", "up", "--create-database", "--json"];
    Tools::beside(binaries(), &url).run("migrator", &migrated, "", |_| {}).await.unwrap();
    let mut house = House::over(&url, &servers, MESSAGES, None).await;
    let campaign = house.launch(150.0).await;
    for (server, left) in [("redis", 2_700), ("rabbitmq", 2_200), ("postgres", 1_500)] {
        house.until_queued(&campaign, left).await;
        own.outage(server).await;
    }
    let (database, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    house.database = database;
    house.ends_well(&campaign, MESSAGES.into()).await;
}
