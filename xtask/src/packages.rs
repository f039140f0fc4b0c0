//! The programs of the servers: where they are, and how they get onto the machine.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::environment;
use crate::failure::{Doing, Failure};
use crate::services::home::{Account, is_reachable};

const POLICY: &str = "/usr/sbin/policy-rc.d";
const LOCK: &str = "/run/pregon-packages.lock";
const LIBRARIES_OF_POSTGRES: &str = "/usr/lib/postgresql";
const LIBRARIES_OF_ERLANG: &str = "/usr/lib/erlang";

/// Runs a command while a policy forbids packages to start their servers; whatever stood there before comes back,
/// also after a failure or a signal. `$1` is the policy's path, the rest is the command.
const UNDER_POLICY: &str = r#"
policy=$1 saved=$1.saved-by-pregon
shift
restore() {
    if [ -e "$saved" ] || [ -L "$saved" ]; then mv -f "$saved" "$policy"; else rm -f "$policy"; fi
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# A run that was killed outright left its own policy, and perhaps the saved one: never save ours over that.
if { [ -e "$policy" ] || [ -L "$policy" ]; } && ! grep -q 'stands while pregon installs' "$policy" 2>/dev/null; then
    mv -f "$policy" "$saved"
fi
rm -f "$policy"
printf '#!/bin/sh\n# stands while pregon installs packages\nexit 101\n' > "$policy" && chmod 755 "$policy" || exit 1
"$@"
"#;

/// Where each program is.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The folder of `postgres`, `initdb` and `psql` of one version.
    pub(crate) postgres: PathBuf,
    pub(crate) redis: PathBuf,
    pub(crate) rabbitmq: PathBuf,
    pub(crate) epmd: PathBuf,
}

impl Programs {
    /// Finds the programs, and installs the missing ones where that is allowed.
    pub(crate) fn find_or_install(account: Option<Account>) -> Result<Self, Failure> {
        let missing = match Self::find(account) {
            Ok(programs) => return Ok(programs),
            Err(missing) => missing,
        };
        let is_root = account.is_some();
        if !is_root || !Path::new("/usr/bin/apt-get").exists() {
            let sudo = if is_root { "" } else { "sudo " };
            return Err(Failure::unavailable(format!(
                "{} not found; install what is missing, for example on Debian:\n  {sudo}apt-get update && \
                 {sudo}apt-get install -y --no-install-recommends {}",
                missing.join(" and "),
                missing.join(" ")
            )));
        }
        let lock = File::create(LOCK).doing(|| format!("open {LOCK}"))?;
        lock.lock().doing(|| format!("lock {LOCK}"))?;
        match Self::find(account) {
            Ok(programs) => Ok(programs),
            Err(missing) => {
                install(&missing)?;
                Self::find(account).map_err(|missing| {
                    Failure::unavailable(format!("{} installed, but no program found", missing.join(" and ")))
                })
            }
        }
    }

    /// The programs, or the Debian packages that would bring the missing ones.
    fn find(account: Option<Account>) -> Result<Self, Vec<&'static str>> {
        let postgres = postgres_folder(account);
        let redis = on_path("redis-server", account);
        let rabbitmq = rabbitmq_script(account);
        let epmd = on_path("epmd", account).or_else(|| epmd_beside_erlang(account));
        match (postgres, redis, rabbitmq, epmd) {
            (Some(postgres), Some(redis), Some(rabbitmq), Some(epmd)) => {
                Ok(Self { postgres, redis, rabbitmq, epmd })
            }
            (postgres, redis, rabbitmq, epmd) => {
                let missing = [
                    (postgres.is_none(), "postgresql"),
                    (redis.is_none(), "redis-server"),
                    (rabbitmq.is_none() || epmd.is_none(), "rabbitmq-server"),
                ];
                Err(missing
                    .into_iter()
                    .filter_map(|(is_missing, package)| is_missing.then_some(package))
                    .collect())
            }
        }
    }
}

/// Sees to it that tests can make themselves a Python with a library in it: of Debian's, that part is a package of its own.
pub(crate) fn ensure_python(is_root: bool) -> Result<(), Failure> {
    let works = || {
        Command::new("python3")
            .args(["-c", "import ensurepip, venv"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let packages = ["python3", "python3-venv"];
    if works() {
        return Ok(());
    }
    if !is_root || !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failure::unavailable(format!(
            "python3 with its module venv not found; install it, for example on Debian:\n  sudo apt-get update && \
             sudo apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        )));
    }
    let lock = File::create(LOCK).doing(|| format!("open {LOCK}"))?;
    lock.lock().doing(|| format!("lock {LOCK}"))?;
    if works() { Ok(()) } else { install(&packages) }
}

/// `psql` alone, for a check that must not wait for anything else.
pub(crate) fn postgres_folder(account: Option<Account>) -> Option<PathBuf> {
    let whole = |folder: &PathBuf| {
        ["postgres", "initdb", "psql"].iter().all(|name| is_program(&folder.join(name), account))
    };
    // Debian's names on the PATH are links or wrappers; the real folder holds all programs of one version.
    let from_path = environment::search_path()
        .into_iter()
        .filter_map(|folder| Some(fs::canonicalize(folder.join("postgres")).ok()?.parent()?.to_path_buf()))
        .find(whole);
    from_path.or_else(|| {
        let mut versions: Vec<(u32, PathBuf)> = folders(LIBRARIES_OF_POSTGRES)
            .filter_map(|folder| Some((folder.file_name()?.to_str()?.parse().ok()?, folder.join("bin"))))
            .filter(|(_, folder)| whole(folder))
            .collect();
        versions.sort();
        versions.pop().map(|(_, folder)| folder)
    })
}

/// Debian's `/usr/sbin/rabbitmq-server` insists on being root or the user `rabbitmq`: never that one.
fn rabbitmq_script(account: Option<Account>) -> Option<PathBuf> {
    ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"]
        .into_iter()
        .map(PathBuf::from)
        .chain(environment::search_path().into_iter().filter(|folder| !folder.ends_with("sbin")))
        .map(|folder| folder.join("rabbitmq-server"))
        .find(|script| is_program(script, account))
}

fn epmd_beside_erlang(account: Option<Account>) -> Option<PathBuf> {
    folders(LIBRARIES_OF_ERLANG).map(|folder| folder.join("bin/epmd")).find(|epmd| is_program(epmd, account))
}

fn on_path(name: &str, account: Option<Account>) -> Option<PathBuf> {
    environment::search_path()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|file| is_program(file, account))
}

fn is_program(file: &Path, account: Option<Account>) -> bool {
    fs::canonicalize(file).is_ok_and(|file| file.is_file() && is_reachable(&file, account))
}

fn folders(parent: &str) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    eprintln!("installing {} from Debian's packages", packages.join(", "));
    if !apt_get(&["update"]).doing(|| "run apt-get update".into())? {
        eprintln!("apt-get update did not succeed; trying with the lists there are");
    }
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    if apt_get(&arguments).doing(|| "run apt-get install".into())? {
        Ok(())
    } else {
        Err(Failure::unavailable(format!(
            "apt-get could not install what is missing; see above, then try by hand:\n  apt-get update && \
             apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        )))
    }
}

fn apt_get(arguments: &[&str]) -> io::Result<bool> {
    let command = ["/usr/bin/apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "DPkg::Use-Pty=0"];
    under_policy(Path::new(POLICY), &[&command, arguments].concat())
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .map(|status| status.success())
}

fn under_policy(policy: &Path, command: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", UNDER_POLICY, "install"]).arg(policy).args(command);
    shell
}

#[cfg(test)]
mod tests {
    use super::under_policy;
    use std::fs;
    use std::path::PathBuf;
    use std::process::id;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("pregon-policy-{name}-{}", id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn policy(&self) -> PathBuf {
            self.0.join("policy-rc.d")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn nothing_may_start_while_packages_are_installed_and_no_policy_is_left() {
        let folder = Folder::new("fresh");
        let status =
            under_policy(&folder.policy(), &["sh", "-c", "\"$0\"", folder.policy().to_str().unwrap()])
                .status();
        assert_eq!(status.unwrap().code(), Some(101));
        assert!(!folder.policy().exists());
    }

    #[test]
    fn a_policy_that_stood_there_comes_back_after_a_failure() {
        let folder = Folder::new("existing");
        fs::write(folder.policy(), "theirs").unwrap();
        assert!(!under_policy(&folder.policy(), &["false"]).status().unwrap().success());
        assert_eq!(fs::read_to_string(folder.policy()).unwrap(), "theirs");
    }

    #[test]
    fn a_policy_comes_back_after_a_signal() {
        let folder = Folder::new("signal");
        fs::write(folder.policy(), "theirs").unwrap();
        let status = under_policy(&folder.policy(), &["sh", "-c", "kill -s TERM $PPID"]).status().unwrap();
        assert_eq!(status.code(), Some(143));
        assert_eq!(fs::read_to_string(folder.policy()).unwrap(), "theirs");
    }

    #[test]
    fn a_run_that_was_killed_outright_is_put_right_by_the_next() {
        let folder = Folder::new("killed");
        fs::write(folder.policy(), "theirs").unwrap();
        let kill = under_policy(&folder.policy(), &["sh", "-c", "kill -s KILL $PPID"]).status().unwrap();
        assert!(!kill.success());
        assert_ne!(fs::read_to_string(folder.policy()).unwrap(), "theirs");
        assert!(under_policy(&folder.policy(), &["true"]).status().unwrap().success());
        assert_eq!(fs::read_to_string(folder.policy()).unwrap(), "theirs");
    }
}
