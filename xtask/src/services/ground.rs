//! The folder of one set of servers, and everything that starting one of them needs to know.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Doing, Failure};
use crate::packages::Programs;
use crate::process::{Identity, MARK};
use crate::services::Set;
use crate::services::home::{self, Account};
use crate::services::state::State;

const LOG_LINES_SHOWN: usize = 15;

/// One set's folder, which this command alone works on: whoever makes such a value holds the set's lock.
pub(crate) struct Ground {
    pub(crate) set: Set,
    pub(crate) folder: PathBuf,
    pub(crate) account: Option<Account>,
    pub(crate) state: State,
    pub(crate) programs: Programs,
}

impl Ground {
    /// A folder that belongs to the servers' account alone.
    pub(crate) fn private_folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::set_permissions(&folder, Permissions::from_mode(0o700)))
            .doing(|| format!("make {}", folder.display()))?;
        self.give(&folder)?;
        Ok(folder)
    }

    /// A file that only the servers' account reads.
    pub(crate) fn private_file(&self, path: &Path, text: &str) -> Result<(), Failure> {
        let _ = fs::remove_file(path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .doing(|| format!("write {}", path.display()))?;
        self.give(path)
    }

    fn give(&self, path: &Path) -> Result<(), Failure> {
        self.account.map_or(Ok(()), |account| account.give(path))
    }

    /// A command as the servers' account, in `folder`, deaf to the caller's terminal and locale.
    pub(crate) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        command
    }

    /// Starts a server that outlives this command, and remembers it before anything can go wrong.
    pub(crate) fn start(&self, name: &str, mut command: Command) -> Result<Identity, Failure> {
        let log = self.open_log(name)?;
        let errors = log.try_clone().doing(|| format!("open the log of {name}"))?;
        // A group of its own: Ctrl-C at the terminal is for the command, not for its servers.
        let child = command
            .process_group(0)
            .env(MARK, name)
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| Failure::unavailable(format!("cannot start {name}: {error}")))?;
        let identity = Identity::of_child(child.id())
            .ok_or_else(|| Failure::unavailable(format!("cannot see {name} under /proc")))?;
        identity.remember(&self.pid_file(name))?;
        Ok(identity)
    }

    pub(crate) fn pid_file(&self, name: &str) -> PathBuf {
        pid_file(&self.folder, name)
    }

    pub(crate) fn log_file(&self, name: &str) -> PathBuf {
        self.folder.join("log").join(format!("{name}.log"))
    }

    fn open_log(&self, name: &str) -> Result<File, Failure> {
        home::make_searchable(&self.folder.join("log"))?;
        let path = self.log_file(name);
        // The last run's log would only mislead: what it had to say was said when it failed.
        let _ = fs::remove_file(&path);
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .doing(|| format!("write {}", path.display()))
    }

    /// The end of a server's log, indented, for a message.
    pub(crate) fn log_tail(&self, name: &str) -> String {
        let path = self.log_file(name);
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        format!("  last lines of {}:\n    {}", path.display(), shown.join("\n    "))
    }

    pub(crate) fn save_state(&self) -> Result<(), Failure> {
        self.state.save(&state_file(&self.folder))
    }
}

/// Where a set remembers which process a server is.
pub(crate) fn pid_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pid"))
}

/// Where a set remembers its ports and passwords.
pub(crate) fn state_file(folder: &Path) -> PathBuf {
    folder.join("state")
}
