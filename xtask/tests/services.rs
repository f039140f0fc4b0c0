//! `cargo xtask services` against real servers: started, killed, found again, and never left behind.

#![expect(clippy::unwrap_used, reason = "helpers of tests stand outside the test functions")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio, id};
use std::time::{Duration, Instant};

const SERVERS: [&str; 4] = ["epmd", "rabbitmq", "redis", "postgres"];

/// A workspace of a test's own; whatever runs for it ends with it.
struct Clone {
    outermost: PathBuf,
    root: PathBuf,
}

impl Clone {
    /// `below` is the path of the workspace under the test's own folder.
    fn new(name: &str, below: &str) -> Self {
        let outermost = std::env::temp_dir().join(format!("xtask-{name}-{}", id()));
        let root = outermost.join(below);
        fs::create_dir_all(&root).unwrap();
        fs::set_permissions(&outermost, Permissions::from_mode(0o755)).unwrap();
        Self { outermost, root: fs::canonicalize(root).unwrap() }
    }

    fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--root").arg(&self.root).args(arguments).stdin(Stdio::null());
        for name in ["DATABASE_URL", "REDIS_URL", "AMQP_URL"] {
            command.env_remove(name);
        }
        command
    }

    fn services(&self, action: &str) -> Output {
        self.xtask(&["services", action, "--set", "test"]).output().unwrap()
    }

    #[track_caller]
    fn up(&self) -> String {
        let output = self.services("up");
        assert!(output.status.success(), "{output:?}");
        text(&output.stderr)
    }

    /// Where the set keeps its data, as `status` tells.
    fn folder(&self, set: &str) -> PathBuf {
        let output = self.xtask(&["services", "status", "--set", set]).output().unwrap();
        let status = text(&output.stdout);
        status.lines().next().unwrap().split_once(" in ").unwrap().1.into()
    }

    fn pid_file(&self, server: &str) -> PathBuf {
        self.folder("test").join(format!("{server}.pid"))
    }

    fn pid(&self, server: &str) -> String {
        fs::read_to_string(self.pid_file(server)).unwrap().split(' ').next().unwrap().to_owned()
    }

    fn pids(&self) -> [String; 4] {
        SERVERS.map(|server| self.pid(server))
    }

    /// Every server answers, and says so.
    #[track_caller]
    fn runs(&self) {
        let status = self.services("status");
        assert_eq!(status.status.code(), Some(0), "{}", text(&status.stdout));
        assert!(text(&self.services("env").stdout).starts_with("export DATABASE_URL=postgres://"));
    }

    /// No process works in the folder of either set.
    #[track_caller]
    fn is_deserted(&self) {
        for set in ["dev", "test"] {
            let folder = self.folder(set);
            let workers: Vec<PathBuf> = fs::read_dir("/proc")
                .unwrap()
                .flatten()
                .filter(|entry| {
                    fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
                })
                .filter(|entry| fs::read_link(entry.path().join("exe")).is_ok())
                .map(|entry| entry.path())
                .collect();
            assert!(workers.is_empty(), "{workers:?} work in {}", folder.display());
            for server in SERVERS {
                assert!(!folder.join(format!("{server}.pid")).exists());
            }
        }
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        let mut outside = Vec::new();
        for set in ["dev", "test"] {
            outside.push(self.folder(set));
            let _ = self.xtask(&["services", "down", "--set", set]).output();
        }
        let _ = fs::remove_dir_all(&self.outermost);
        for folder in outside.iter().filter_map(|set| set.parent()) {
            if folder.to_string_lossy().contains("pregon-services-") {
                let _ = fs::remove_dir_all(folder);
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn signal(name: &str, pid: &str) {
    assert!(Command::new("sh").args(["-c", &format!("kill -s {name} {pid}")]).status().unwrap().success());
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// Reads lines up to the first that holds `wanted`.
fn read_until(lines: impl Read, wanted: &str) -> String {
    let mut seen = String::new();
    for line in BufReader::new(lines).lines() {
        let line = line.unwrap();
        seen.push_str(&line);
        seen.push('\n');
        if line.contains(wanted) {
            return seen;
        }
    }
    panic!("no `{wanted}` in: {seen}");
}

#[test]
fn a_set_comes_up_again_whatever_happened_to_its_servers() {
    let clone = Clone::new("killed", "workspace");

    // Two at once, and no locale: one starts the servers, the other waits and finds them.
    let ups = [0, 1].map(|_| {
        let mut up = clone.xtask(&["services", "up", "--set", "test"]);
        up.env_remove("LANG").env_remove("LC_ALL").stderr(Stdio::piped()).spawn().unwrap()
    });
    for up in ups {
        let output = up.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    clone.runs();

    // The addresses are one line that a shell understands, and the passwords are nobody else's to read.
    let first = text(&clone.services("env").stdout);
    assert_eq!(first.lines().count(), 1);
    let state = clone.folder("test").join("state");
    assert_eq!(fs::metadata(&state).unwrap().mode() & 0o777, 0o600);

    // Once more is nothing.
    let pids = clone.pids();
    let begun = Instant::now();
    clone.up();
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    assert_eq!(clone.pids(), pids);

    // Each killed alone: it comes back, and nobody else is disturbed.
    for killed in ["redis", "postgres", "rabbitmq", "epmd"] {
        let pids = clone.pids();
        signal("KILL", &clone.pid(killed));
        clone.up();
        clone.runs();
        for (server, before) in SERVERS.iter().zip(pids) {
            assert_eq!(clone.pid(server) == before, *server != killed, "{server} after {killed} was killed");
        }
    }

    // All killed, one pid given to somebody else meanwhile, one port taken.
    let port = first.split("@127.0.0.1:").nth(2).unwrap().split('/').next().unwrap().to_owned();
    for pid in clone.pids() {
        signal("KILL", &pid);
    }
    fs::write(clone.pid_file("postgres"), format!("{} 1\n", id())).unwrap();
    let stranger = loop {
        // The killed server's port is free as soon as the kernel has buried it.
        if let Ok(listener) = TcpListener::bind(format!("127.0.0.1:{port}")) {
            break listener;
        }
    };
    assert!(clone.up().contains(&format!("port {port} of Redis is taken")));
    clone.runs();
    drop(stranger);

    // Nobody remembers anything: the old servers make room for new ones.
    for file in SERVERS.map(|server| clone.pid_file(server)).into_iter().chain([state]) {
        fs::remove_file(file).unwrap();
    }
    clone.up();
    clone.runs();

    assert!(clone.services("down").status.success());
    clone.is_deserted();
    assert_eq!(clone.services("status").status.code(), Some(4));
    let env = clone.services("env");
    assert_eq!((env.status.code(), text(&env.stdout)), (Some(4), String::new()));
}

#[test]
fn a_clone_that_only_its_owner_may_enter_keeps_its_servers_elsewhere() {
    let clone = Clone::new("private", "workspace");
    fs::set_permissions(&clone.outermost, Permissions::from_mode(0o700)).unwrap();
    let said = clone.up();
    clone.runs();
    // Servers that run as the owner may enter; those that run as nobody may not.
    assert_eq!(said.contains("the servers' data lives in"), is_root(), "{said}");
    assert_eq!(clone.folder("test").starts_with(&clone.root), !is_root());
    clone.services("down");
    clone.is_deserted();
}

#[test]
fn a_clone_with_a_long_path_keeps_its_servers_elsewhere() {
    let clone = Clone::new("long", &["a folder with a long name and blanks"; 8].join("/"));
    assert!(clone.up().contains("the servers' data lives in"));
    clone.runs();
    assert!(!clone.folder("test").starts_with(&clone.root));
    clone.services("down");
    clone.is_deserted();
}

#[test]
fn an_up_that_fails_leaves_nothing() {
    let clone = Clone::new("failing", "workspace");
    let programs = clone.outermost.join("programs");
    script(&programs.join("redis-server"), "echo this cache is broken; exit 1");
    let output = clone
        .xtask(&["services", "up", "--set", "test"])
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()))
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("Redis ended while starting") && said.contains("this cache is broken"), "{said}");
    clone.is_deserted();
}

/// The demo with a program of the test's in place of the real one, and nothing to build.
fn demo(clone: &Clone, program: &str) -> Child {
    let build = clone.outermost.join("build");
    script(&build.join("debug/demo"), program);
    symlink("/bin/true", clone.outermost.join("cargo")).unwrap();
    clone
        .xtask(&["demo", "--rows", "7"])
        .env("CARGO", clone.outermost.join("cargo"))
        .env("CARGO_TARGET_DIR", build)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn an_interrupted_demo_ends_as_it_likes_and_its_servers_with_it() {
    let clone = Clone::new("demo", "workspace");
    // Ends some time after the signal, so that a second one would be heard too.
    let program = r#"
trap 'heard="$heard INT"' INT
echo "ready $* $DATABASE_URL"
until [ -n "$heard" ]; do sleep 0.02; done
sleep 0.5
echo "heard$heard."
exit 7"#;
    let mut child = demo(&clone, program);
    let mut stdout = child.stdout.take().unwrap();
    let ready = read_until(&mut stdout, "ready");
    assert!(ready.starts_with("ready --rows 7 postgres://pregon:"), "{ready}");
    signal("INT", &child.id().to_string());
    assert!(read_until(stdout, "heard").ends_with("heard INT.\n"));
    assert_eq!(child.wait().unwrap().code(), Some(7));
    clone.is_deserted();
}

#[test]
fn a_demo_interrupted_while_its_servers_start_leaves_nothing() {
    let clone = Clone::new("early", "workspace");
    let mut child = demo(&clone, "echo started");
    let seen = read_until(child.stderr.take().unwrap(), "epmd");
    signal("INT", &child.id().to_string());
    let output = child.wait_with_output().unwrap();
    assert_ne!(output.status.code(), Some(0), "{seen}");
    assert_eq!(text(&output.stdout), "");
    clone.is_deserted();
}
