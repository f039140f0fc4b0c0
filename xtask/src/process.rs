//! Processes that outlive the command that started them: who they are, whether they live, how they are told to end.
//!
//! A pid alone names nobody for long. Everything here goes by pid and start time together, so that a number
//! the kernel gave to somebody else is never signalled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Doing, Failure};

/// The environment variable that tells the scripts on the way to a server from whoever else works in its folder.
/// A server that writes its own title over its environment loses it.
pub(crate) const MARK: &str = "PREGON_STARTED_FOR_SERVICES";

const POLL: Duration = Duration::from_millis(20);

/// One process for the whole of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    started_ticks: u64,
}

impl Identity {
    /// The process that has this pid now; none if it ended, even if nobody has collected it yet.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        stat.is_alive().then_some(Self { pid, started_ticks: stat.started_ticks })
    }

    /// A child that was just started and not collected yet, even if it ended already.
    pub(crate) fn of_child(pid: u32) -> Option<Self> {
        Some(Self { pid, started_ticks: Stat::read(pid)?.started_ticks })
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// The process that a file names, if it still lives.
    pub(crate) fn remembered(file: &Path) -> Option<Self> {
        let text = fs::read_to_string(file).ok()?;
        let (pid, started_ticks) = text.trim().split_once(' ')?;
        let identity = Self { pid: pid.parse().ok()?, started_ticks: started_ticks.parse().ok()? };
        identity.is_alive().then_some(identity)
    }

    pub(crate) fn remember(self, file: &Path) -> Result<(), Failure> {
        fs::write(file, format!("{} {}\n", self.pid, self.started_ticks))
            .doing(|| format!("write {}", file.display()))
    }

    /// Sends a signal (`INT`, `TERM`, `KILL`) if this very process still lives.
    pub(crate) fn signal(self, name: &str) {
        if self.is_alive() {
            let _ = Command::new("sh")
                .args(["-c", &format!("kill -s {name} {}", self.pid)])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }

    /// Waits until the process is gone; false if it still lives after `patience`.
    pub(crate) fn wait(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(POLL);
        }
        true
    }
}

/// Processes of one of these programs, or marked, whose working folder is `folder` or below, even if it was deleted
/// since.
/// Children of such a process are its own affair and left out.
pub(crate) fn working_in(folder: &Path, programs: &[&str]) -> Vec<Identity> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let found: Vec<u32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| works_in(*pid, folder, programs))
        .collect();
    found
        .iter()
        .filter(|pid| Stat::read(**pid).is_some_and(|stat| !found.contains(&stat.parent)))
        .filter_map(|pid| Identity::of(*pid))
        .collect()
}

fn works_in(pid: u32, folder: &Path, programs: &[&str]) -> bool {
    let link = |name: &str| -> Option<PathBuf> {
        let target = fs::read_link(format!("/proc/{pid}/{name}")).ok()?;
        let text = target.to_str()?;
        Some(PathBuf::from(text.strip_suffix(" (deleted)").unwrap_or(text)))
    };
    let is_program = || {
        link("exe").and_then(|exe| Some(programs.contains(&exe.file_name()?.to_str()?))).unwrap_or_default()
    };
    link("cwd").is_some_and(|cwd| cwd.starts_with(folder)) && (is_program() || is_marked(pid))
}

fn is_marked(pid: u32) -> bool {
    let variables = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    variables
        .split(|byte| *byte == 0)
        .any(|variable| variable.strip_prefix(MARK.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
}

/// What `/proc/PID/stat` tells of a process.
struct Stat {
    state: char,
    parent: u32,
    started_ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name in parentheses and may hold blanks and parentheses itself.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let started_ticks = fields.nth(17)?.parse().ok()?;
        Some(Self { state, parent, started_ticks })
    }

    /// A process that ended stays in the table until its parent has asked for it.
    fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, Stat};
    use std::process::{Command, Stdio, id};
    use std::time::Duration;

    const STAT: &str =
        "42 (a (b) c) S 7 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0 18446744073709551615";

    #[test]
    fn a_name_with_blanks_and_parentheses_does_not_shift_the_fields() {
        let stat = Stat::parse(STAT).unwrap();
        assert_eq!((stat.state, stat.parent, stat.started_ticks), ('S', 7, 98_765));
    }

    #[test]
    fn a_pid_given_to_somebody_else_is_not_the_remembered_process() {
        let own = Identity::of(id()).unwrap();
        let other = Identity { started_ticks: own.started_ticks + 1, ..own };
        assert!(own.is_alive());
        assert!(!other.is_alive());
    }

    #[test]
    fn a_process_that_ended_but_was_not_collected_counts_as_gone() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let identity = Identity::of(child.id()).unwrap();
        drop(child.stdin.take());
        assert!(identity.wait(Duration::from_secs(10)));
        child.wait().unwrap();
    }
}
