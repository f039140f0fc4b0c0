//! Private PostgreSQL, Redis and RabbitMQ: one set for the demo and the benchmarks, one for the tests.

mod amqp;
mod ground;
pub(crate) mod holders;
pub(crate) mod home;
mod postgres;
mod rabbitmq;
mod redis;
mod server;
mod start;
mod state;
mod stop;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::environment::Urls;
use crate::failure::{Doing, Failure};
use crate::packages::Programs;
use crate::process::Identity;
use ground::Ground;
use holders::Holder;
use home::{Account, Home};
use start::SERVERS;
use state::State;

/// A group of servers that start and stop together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Durable, with memory to work with: demo and benchmarks.
    Dev,
    /// Fast to start and to forget: tests.
    Test,
}

impl Set {
    pub(crate) const ALL: [Self; 2] = [Self::Dev, Self::Test];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, Failure> {
        Self::ALL.into_iter().find(|set| set.name() == name).ok_or_else(|| {
            Failure::usage(format!("there is no set `{name}` of servers; there are dev and test"))
        })
    }
}

/// Brings a set up, if it is not, for this holder; returns where its servers are.
pub(crate) fn up(root: &Path, set: Set, holder: Holder) -> Result<Urls, Failure> {
    let account = Account::for_servers()?;
    let programs = Programs::find_or_install(account)?;
    let home = Home::of(root, account)?;
    home.make()?;
    let folder = home.folder.join(set.name());
    home::make_searchable(&folder)?;
    // The kernel names a process's folder without links, and servers are recognised by it.
    let folder = fs::canonicalize(&folder).doing(|| format!("look at {}", folder.display()))?;
    if let Some(reason) = home.moved_because {
        eprintln!("the servers' data lives in {}: {reason}", folder.display());
    }
    let _lock = lock(&folder)?;
    let state = remembered_or_new(&folder)?;
    let held_before = holder.holds(&folder);
    holder.hold(&folder)?;
    let mut ground = Ground { set, folder, account, state, programs };
    start::bring_up(&mut ground).inspect_err(|_| {
        if !held_before {
            holder.let_go(&ground.folder);
        }
    })?;
    Ok(ground.state.urls())
}

/// Stops a set, whoever needs it; returns how many processes that took.
pub(crate) fn down(root: &Path, set: Set) -> Result<usize, Failure> {
    let Some(folder) = existing_folder(root, set)? else {
        return Ok(0);
    };
    let _lock = lock(&folder)?;
    holders::forget(&folder);
    Ok(stop::stop(&folder, &SERVERS))
}

/// Ends a process's need of every set; those that nobody else needs are stopped.
pub(crate) fn release(root: &Path, pid: u32) -> Result<(), Failure> {
    let Some(identity) = Identity::of(pid) else {
        return Ok(());
    };
    let holder = Holder::Process(identity);
    for set in Set::ALL {
        let Some(folder) = existing_folder(root, set)? else {
            continue;
        };
        if !holder.holds(&folder) {
            continue;
        }
        let _lock = lock(&folder)?;
        holder.let_go(&folder);
        if !holders::is_held(&folder) {
            stop::stop(&folder, &SERVERS);
        }
    }
    Ok(())
}

/// One server, as `status` shows it.
pub(crate) struct Status {
    pub(crate) title: &'static str,
    pub(crate) pid: Option<u32>,
    pub(crate) port: Option<u16>,
}

/// Every server of a set, and the folder that its data lives in.
pub(crate) fn status(root: &Path, set: Set) -> Result<(PathBuf, Vec<Status>), Failure> {
    let folder = Home::of(root, Account::for_servers()?)?.folder.join(set.name());
    let state = State::load(&ground::state_file(&folder));
    let servers = SERVERS
        .into_iter()
        .map(|server| Status {
            title: server.title(),
            pid: Identity::remembered(&ground::pid_file(&folder, server.name())).map(|identity| identity.pid),
            port: state.as_ref().zip(server.ports().first()).map(|(state, port)| state.port(*port)),
        })
        .collect();
    Ok((folder, servers))
}

/// Where the servers of a set that runs are.
pub(crate) fn urls(root: &Path, set: Set) -> Result<Urls, Failure> {
    let (folder, servers) = status(root, set)?;
    State::load(&ground::state_file(&folder))
        .filter(|_| servers.iter().all(|server| server.pid.is_some()))
        .map(|state| state.urls())
        .ok_or_else(|| {
            let name = set.name();
            Failure::unavailable(format!(
                "the servers of set {name} do not run; start them with `cargo xtask services up --set {name}`"
            ))
        })
}

fn existing_folder(root: &Path, set: Set) -> Result<Option<PathBuf>, Failure> {
    let folder = Home::of(root, Account::for_servers()?)?.folder.join(set.name());
    Ok(fs::canonicalize(folder).ok())
}

/// Waits until no other command works on the set. The kernel lets go of the lock however this process ends.
fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .doing(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another command that works on the same servers");
            file.lock().doing(|| format!("lock {}", path.display()))?;
        }
        Err(TryLockError::Error(error)) => return Err(error).doing(|| format!("lock {}", path.display())),
    }
    Ok(file)
}

/// Without its passwords the data of an earlier set is of no use to anybody: it goes, and a new set begins.
fn remembered_or_new(folder: &Path) -> Result<State, Failure> {
    let file = ground::state_file(folder);
    if let Some(state) = State::load(&file) {
        return Ok(state);
    }
    stop::stop(folder, &SERVERS);
    for server in SERVERS {
        let data = folder.join(server.name());
        if data.exists() {
            fs::remove_dir_all(&data).doing(|| format!("remove {}", data.display()))?;
        }
    }
    let state = State::generate()?;
    state.save(&file)?;
    Ok(state)
}
