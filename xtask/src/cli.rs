//! The command line: which command, with what.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::boundaries;
use crate::ci;
use crate::environment;
use crate::failure::Failure;
use crate::help;
use crate::output;
use crate::run::{self, Session};
use crate::services::{self, Set, holders::Holder};
use crate::supervise;
use crate::tests_run;
use crate::workspace::Workspace;

/// Options in front of the command, for the program's own use and its tests.
#[derive(Debug, Default)]
struct Hidden {
    /// Another workspace than the one this program was built from.
    root: Option<PathBuf>,
    /// The process on whose behalf servers are started; it outlives this one.
    holder: Option<u32>,
    /// Whether to go on in a process group of its own.
    leads: bool,
}

/// Runs the command that the arguments name.
pub(crate) fn execute(arguments: Vec<String>) -> Result<ExitCode, Failure> {
    let all = arguments.clone();
    let mut arguments = arguments.into_iter();
    let mut hidden = Hidden::default();
    let command = loop {
        match arguments.next().as_deref() {
            None | Some("--help" | "-h" | "help") => {
                output::line(help::ALL);
                return Ok(ExitCode::SUCCESS);
            }
            Some("--root") => hidden.root = arguments.next().map(PathBuf::from),
            Some("--holder") => hidden.holder = arguments.next().and_then(|pid| pid.parse().ok()),
            Some("--lead") => hidden.leads = true,
            Some(command) => break command.to_owned(),
        }
    };
    let arguments: Vec<String> = arguments.collect();
    let Some(help) = help::of(&command) else {
        return Err(Failure::usage(format!(
            "there is no command `{command}`; `cargo xtask --help` lists them"
        )));
    };
    if arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
        output::line(help);
        return Ok(ExitCode::SUCCESS);
    }
    if hidden.leads {
        let all: Vec<String> = all.into_iter().filter(|argument| argument != "--lead").collect();
        return Err(supervise::become_leader(&all));
    }
    let workspace = Workspace::find(hidden.root.as_deref())?;
    let starts_servers = matches!(command.as_str(), "demo" | "test" | "bench" | "ci");
    if starts_servers && hidden.holder.is_none() && environment::urls().is_none() {
        return Err(supervise::become_supervisor(&workspace, &command, &arguments));
    }
    let session = Session { workspace: &workspace, holder: hidden.holder };
    match command.as_str() {
        "demo" => run::become_program(session.demo(&arguments)?),
        "bench" => run::become_program(session.bench(&arguments)?),
        "e2e" => run::become_program(session.e2e(&arguments)?),
        "sample" => run::become_program(session.sample(&arguments)?),
        "test" => Ok(tests_run::test(session, &arguments)),
        "ci" => no_arguments(&command, &arguments).and_then(|()| ci::ci(session)),
        "boundaries" => {
            no_arguments(&command, &arguments)?;
            boundaries::check(&workspace).map(|()| ExitCode::SUCCESS)
        }
        _ => services_command(&workspace, &hidden, &arguments),
    }
}

fn no_arguments(command: &str, arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => Ok(()),
        [first, ..] => Err(Failure::usage(format!(
            "`{command}` takes no arguments, but got `{first}`; see `cargo xtask {command} --help`"
        ))),
    }
}

fn services_command(
    workspace: &Workspace,
    hidden: &Hidden,
    arguments: &[String],
) -> Result<ExitCode, Failure> {
    const USAGE: &str = "usage: cargo xtask services up|down|status|env [--set dev|test]";
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (action, set) = match arguments[..] {
        [action] => (action, Set::Dev),
        [action, "--set", set] | ["--set", set, action] => (action, Set::parse(set)?),
        _ => return Err(Failure::usage(USAGE)),
    };
    let root = &workspace.root;
    match action {
        "up" => {
            services::up(root, set, Holder::Developer)?;
            eprintln!("the servers of set {} run", set.name());
        }
        "down" => match services::down(root, set)? {
            0 => eprintln!("no server of set {} runs", set.name()),
            count => eprintln!("stopped {count} processes of set {}", set.name()),
        },
        "env" => {
            let urls = services::urls(root, set)?;
            let variables = urls.variables().map(|(name, value)| format!("{name}={value}"));
            output::line(&format!("export {}", variables.join(" ")));
        }
        "status" => return status(workspace, set),
        "release" => {
            if let Some(pid) = hidden.holder {
                services::release(root, pid)?;
            }
        }
        _ => return Err(Failure::usage(format!("`services` cannot `{action}`; {USAGE}"))),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(workspace: &Workspace, set: Set) -> Result<ExitCode, Failure> {
    let (folder, servers) = services::status(&workspace.root, set)?;
    output::line(&format!("set {} in {}", set.name(), folder.display()));
    for server in &servers {
        let port = server.port.map_or_else(|| "-".to_owned(), |port| format!("127.0.0.1:{port}"));
        let state = server.pid.map_or_else(|| "stopped".to_owned(), |pid| format!("runs as {pid}"));
        output::line(&format!("  {:<20} {port:<16} {state}", server.title));
    }
    let all_run = servers.iter().all(|server| server.pid.is_some());
    Ok(if all_run { ExitCode::SUCCESS } else { ExitCode::from(4) })
}
