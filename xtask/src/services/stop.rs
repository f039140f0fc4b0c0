//! Stopping the servers of one set: those it remembers, and those that work in its folder and nobody remembers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::process::{Identity, working_in};
use crate::services::ground::pid_file;
use crate::services::rabbitmq::Epmd;
use crate::services::server::Server;

/// After this long a server that was asked to end is ended.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_AFTER_KILL: Duration = Duration::from_secs(5);
const ROUNDS_MAX: u32 = 5;

/// Stops these servers, all at the same time but for the register of nodes, which goes last.
/// Returns how many processes were stopped.
pub(crate) fn stop(folder: &Path, servers: &[&dyn Server]) -> usize {
    let (registers, others): (Vec<&dyn Server>, Vec<&dyn Server>) =
        servers.iter().copied().partition(|server| server.name() == Epmd.name());
    stop_together(folder, &others) + stop_together(folder, &registers)
}

fn stop_together(folder: &Path, servers: &[&dyn Server]) -> usize {
    let mut stopped = 0;
    // A script on the way to a server, or what a server started for itself, may show only once the other is gone.
    for _ in 0..ROUNDS_MAX {
        let living: Vec<Identity> = servers
            .iter()
            .flat_map(|server| {
                let living = living(folder, *server);
                for identity in &living {
                    identity.signal(server.stop_signal());
                }
                living
            })
            .collect();
        if living.is_empty() {
            break;
        }
        end(&living);
        stopped += living.len();
    }
    for server in servers {
        let _ = fs::remove_file(pid_file(folder, server.name()));
    }
    stopped
}

fn end(processes: &[Identity]) {
    for identity in processes {
        if !identity.wait(PATIENCE) {
            identity.signal("KILL");
            identity.wait(PATIENCE_AFTER_KILL);
        }
    }
}

fn living(folder: &Path, server: &dyn Server) -> Vec<Identity> {
    let mut living = working_in(&folder.join(server.name()), server.executables());
    if let Some(identity) = Identity::remembered(&pid_file(folder, server.name()))
        && !living.contains(&identity)
    {
        living.push(identity);
    }
    living
}
