//! Where the servers' data lives, and as whom they run.

use std::env;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Doing, Failure};

/// Longer paths leave no room for the names that PostgreSQL and Erlang put behind them.
const PATH_BYTES_MAX: usize = 100;

/// The account that servers run as when the command runs as root, whom they refuse to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// `nobody` for root; nothing for everybody else, who runs the servers as themselves.
    pub(crate) fn for_servers() -> Result<Option<Self>, Failure> {
        if own_uid()? != 0 {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd".into())?;
        passwd.lines().find_map(Self::nobody).map(Some).ok_or_else(|| {
            Failure::unavailable(
                "servers do not run as root, and /etc/passwd has no account `nobody` for them",
            )
        })
    }

    fn nobody(line: &str) -> Option<Self> {
        let mut fields = line.strip_prefix("nobody:")?.split(':').skip(1);
        Some(Self { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }

    /// Lets a command run as this account, without root's groups.
    pub(crate) fn run(self, command: &mut Command) {
        command.gid(self.gid).uid(self.uid);
    }

    /// Gives a file or a whole folder to this account.
    pub(crate) fn give(self, path: &Path) -> Result<(), Failure> {
        let metadata = fs::symlink_metadata(path).doing(|| format!("look at {}", path.display()))?;
        if metadata.uid() == self.uid && metadata.gid() == self.gid || metadata.is_symlink() {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid)).doing(|| format!("give {} to nobody", path.display()))?;
        if metadata.is_dir() {
            for entry in fs::read_dir(path).doing(|| format!("list {}", path.display()))? {
                self.give(&entry.doing(|| format!("list {}", path.display()))?.path())?;
            }
        }
        Ok(())
    }

    fn may_search(self, folder: &Metadata) -> bool {
        let bit = match folder {
            folder if folder.uid() == self.uid => 0o100,
            folder if folder.gid() == self.gid => 0o010,
            _ => 0o001,
        };
        folder.mode() & bit != 0
    }
}

/// Whether the servers' account can get to a file or folder, as far as its folders exist.
pub(crate) fn is_reachable(path: &Path, account: Option<Account>) -> bool {
    account.is_none_or(|account| {
        path.ancestors()
            .filter_map(|folder| fs::metadata(folder).ok())
            .filter(Metadata::is_dir)
            .all(|folder| account.may_search(&folder))
    })
}

/// The folder under which each set of servers has its own.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    /// Why it is not in the workspace.
    pub(crate) moved_because: Option<&'static str>,
}

impl Home {
    /// `target/services` where servers can live there, a folder of the system's temporary one otherwise.
    pub(crate) fn of(root: &Path, account: Option<Account>) -> Result<Self, Failure> {
        let inside = root.join("target/services");
        let Some(reason) = unsuited(&inside, account) else {
            return Ok(Self { folder: inside, moved_because: None });
        };
        let parent = [env::temp_dir(), "/tmp".into(), "/var/tmp".into()]
            .into_iter()
            .find(|folder| folder.is_dir() && unsuited(folder, account).is_none())
            .ok_or_else(|| {
                Failure::unavailable(format!(
                    "servers cannot keep their data in {}: {reason}; nor is there a temporary folder that suits them",
                    inside.display()
                ))
            })?;
        let name = format!("pregon-services-{:016x}", fnv1a(root.as_os_str().as_encoded_bytes()));
        Ok(Self { folder: parent.join(name), moved_because: Some(reason) })
    }

    /// Makes the folder; one that somebody else put there first is refused.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        let folder = &self.folder;
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).doing(|| format!("make {}", parent.display()))?;
        }
        match DirBuilder::new().mode(0o711).create(folder) {
            Err(_) if folder.is_dir() => {}
            made => made.doing(|| format!("make {}", folder.display()))?,
        }
        let metadata = fs::symlink_metadata(folder).doing(|| format!("look at {}", folder.display()))?;
        if self.moved_because.is_some() && (metadata.is_symlink() || metadata.uid() != own_uid()?) {
            return Err(Failure::unavailable(format!(
                "{} belongs to somebody else: remove it, or set TMPDIR to another folder",
                folder.display()
            )));
        }
        make_searchable(folder)
    }
}

/// Makes a folder, if need be, that everybody may pass through and only its owner may list.
pub(crate) fn make_searchable(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o711)))
        .doing(|| format!("make {}", folder.display()))
}

/// Why servers cannot keep their data in this folder.
fn unsuited(folder: &Path, account: Option<Account>) -> Option<&'static str> {
    let bytes = folder.as_os_str().as_encoded_bytes();
    if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@".contains(byte)) {
        Some("the path has characters that Erlang's scripts do not quote")
    } else if bytes.len() > PATH_BYTES_MAX {
        Some("the path is too long")
    } else if !is_reachable(folder, account) {
        Some("the account `nobody`, as whom servers run, may not search a folder above it")
    } else {
        None
    }
}

fn own_uid() -> Result<u32, Failure> {
    Ok(fs::metadata("/proc/self").doing(|| "look at /proc/self".into())?.uid())
}

/// A hash that stays the same in every release of every compiler.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{Account, Home, fnv1a, unsuited};
    use std::path::Path;

    #[test]
    fn nobody_is_found_by_name_not_by_number() {
        let line = "nobody:x:99:98:Nobody:/:/usr/sbin/nologin";
        assert_eq!(Account::nobody(line), Some(Account { uid: 99, gid: 98 }));
        assert_eq!(Account::nobody("nobodyelse:x:1:1::/:"), None);
    }

    #[test]
    fn data_stays_in_a_workspace_with_a_short_plain_path() {
        let home = Home::of(Path::new("/srv/pregon"), None).unwrap();
        assert_eq!(home.folder, Path::new("/srv/pregon/target/services"));
    }

    #[test]
    fn data_leaves_a_workspace_whose_path_is_long_or_needs_quotes() {
        assert!(unsuited(Path::new(&format!("/{}", "a".repeat(100))), None).is_some());
        assert!(unsuited(Path::new("/my clones/pregón"), None).is_some());
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
