//! The commands that build the workspace and run one of its programs, with servers where it needs them.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::cargo::{self, Build};
use crate::environment::{self, Urls};
use crate::failure::Failure;
use crate::process::Identity;
use crate::services::{self, Set, holders::Holder};
use crate::workspace::Workspace;

/// A command in progress, and the process on whose behalf it holds servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) holder: Option<u32>,
}

impl Session<'_> {
    /// The caller's servers if all three are named, otherwise those of the set.
    pub(crate) fn servers(self, set: Set) -> Result<Urls, Failure> {
        if let Some(urls) = environment::urls() {
            return Ok(urls);
        }
        if environment::names_a_server() {
            eprintln!(
                "not all of DATABASE_URL, REDIS_URL and AMQP_URL are set: private servers stand in for all"
            );
        }
        let holder = self
            .holder
            .and_then(Identity::of)
            .ok_or_else(|| Failure::other("the process that holds the servers is gone"))?;
        services::up(&self.workspace.root, set, Holder::Process(holder))
    }

    /// Lets go of the servers that this command holds; the caller's own stay.
    pub(crate) fn release(self) -> Result<(), Failure> {
        self.holder.map_or(Ok(()), |pid| services::release(&self.workspace.root, pid))
    }

    fn program(self, build: Build, name: &str) -> Result<Command, Failure> {
        let path = self.workspace.program(build.profile(), name);
        if path.is_file() {
            Ok(Command::new(path))
        } else {
            Err(Failure::other(format!(
                "the workspace builds no program `{name}`: {} is missing",
                path.display()
            )))
        }
    }

    /// The demo, built and given its servers, not yet running.
    pub(crate) fn demo(self, arguments: &[String]) -> Result<Command, Failure> {
        self.with_servers(Build::Development, "demo", arguments)
    }

    /// The benchmarks, likewise.
    pub(crate) fn bench(self, arguments: &[String]) -> Result<Command, Failure> {
        self.with_servers(Build::Release, "benches", arguments)
    }

    fn with_servers(self, build: Build, name: &str, arguments: &[String]) -> Result<Command, Failure> {
        build.run(self.workspace)?;
        let mut command = self.program(build, name)?;
        let urls = self.servers(Set::Dev)?;
        command.args(arguments).envs(urls.variables()).current_dir(&self.workspace.root);
        Ok(command)
    }

    /// A long proof, which starts servers of its own.
    pub(crate) fn e2e(self, arguments: &[String]) -> Result<Command, Failure> {
        Build::Development.run(self.workspace)?;
        let mut command = self.program(Build::Development, "faults")?;
        command.args(arguments);
        Ok(command)
    }

    /// Writes a sample; paths among the arguments are the caller's.
    pub(crate) fn sample(self, arguments: &[String]) -> Result<Command, Failure> {
        Build::Development.run(self.workspace)?;
        let mut command = self.program(Build::Development, "sample")?;
        command.args(arguments);
        Ok(command)
    }
}

/// Becomes the program, so that its signals and its exit code are its own.
pub(crate) fn become_program(mut command: Command) -> Result<ExitCode, Failure> {
    let error = command.exec();
    Err(Failure::other(format!("cannot run {}: {error}", command.get_program().display())))
}

/// Runs the demo to its end.
pub(crate) fn demo_to_its_end(session: Session<'_>) -> Result<(), Failure> {
    let mut command = session.demo(&["--exit".to_owned()])?;
    cargo::run(&mut command, "the demo did not succeed")
}
