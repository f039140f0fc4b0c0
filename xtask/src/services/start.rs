//! Starting what does not run, and undoing it all when one of them will not.

use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::ports;
use crate::process::Identity;
use crate::services::ground::Ground;
use crate::services::postgres::Postgres;
use crate::services::rabbitmq::{Epmd, RabbitMq};
use crate::services::redis::Redis;
use crate::services::server::Server;
use crate::services::stop;

const POLL: Duration = Duration::from_millis(25);
const PAUSE_BETWEEN_ATTEMPTS: Duration = Duration::from_millis(300);

/// In the order in which they start: the slowest first, behind the register that it needs.
pub(crate) const SERVERS: [&dyn Server; 4] = [&Epmd, &RabbitMq, &Redis, &Postgres];

/// Makes every server of the set answer. What this call started is stopped again if it fails.
pub(crate) fn bring_up(ground: &mut Ground) -> Result<(), Failure> {
    let missing: Vec<&dyn Server> =
        SERVERS.into_iter().filter(|server| !answers_already(*server, ground)).collect();
    let result = start_all(ground, &missing);
    if result.is_err() {
        stop::stop(&ground.folder, &missing);
    }
    result
}

/// Whether a server of an earlier start serves. One that lives is given its time before it is given up:
/// it may be starting, or the machine may be busy.
fn answers_already(server: &dyn Server, ground: &Ground) -> bool {
    let Some(identity) = Identity::remembered(&ground.pid_file(server.name())) else {
        return false;
    };
    let deadline = Instant::now() + server.patience();
    while identity.is_alive() && Instant::now() < deadline {
        if server.probe(ground).is_ok() {
            return identity.is_alive();
        }
        thread::sleep(POLL);
    }
    false
}

fn start_all(ground: &mut Ground, missing: &[&dyn Server]) -> Result<(), Failure> {
    // One that lives but does not answer, or lives though nobody remembers it, stands in the way.
    stop::stop(&ground.folder, missing);
    let begun = Instant::now();
    let mut starting = Vec::new();
    for server in missing {
        let identity = launch(ground, *server)?;
        if server.name() == Epmd.name() {
            settle(ground, *server, identity, begun)?;
        } else {
            starting.push((*server, identity));
        }
    }
    // The last one started is the first to be ready.
    for (server, identity) in starting.into_iter().rev() {
        settle(ground, server, identity, begun)?;
    }
    Ok(())
}

fn launch(ground: &mut Ground, server: &dyn Server) -> Result<Identity, Failure> {
    for port in server.ports() {
        let number = ground.state.port(*port);
        if !ports::is_free(number) {
            let other = ground.state.replace_port(*port)?;
            ground.save_state()?;
            eprintln!("port {number} of {} is taken: using {other} from now on", server.title());
        }
    }
    let command = server.prepare(ground)?;
    ground.start(server.name(), command)
}

/// Waits for a real answer; starts the server again if it ends while waiting.
fn settle(
    ground: &mut Ground,
    server: &dyn Server,
    mut identity: Identity,
    begun: Instant,
) -> Result<(), Failure> {
    let deadline = Instant::now() + server.patience();
    let mut attempt = 1;
    loop {
        let answer = server.probe(ground);
        let is_alive = identity.is_alive();
        match answer {
            Ok(()) if is_alive => break,
            Err(reason) if is_alive && Instant::now() >= deadline => {
                return Err(Failure::unavailable(format!(
                    "{} does not answer: {reason}\n{}",
                    server.title(),
                    ground.log_tail(server.name())
                )));
            }
            _ if is_alive => thread::sleep(POLL),
            _ if attempt == server.attempts_max() => {
                return Err(Failure::unavailable(format!(
                    "{} ended while starting ({attempt} attempts)\n{}",
                    server.title(),
                    ground.log_tail(server.name())
                )));
            }
            _ => {
                attempt += 1;
                thread::sleep(PAUSE_BETWEEN_ATTEMPTS);
                identity = launch(ground, server)?;
            }
        }
    }
    let port = server.ports().first().map_or(0, |port| ground.state.port(*port));
    eprintln!("{} answers on 127.0.0.1:{port} after {:.1} s", server.title(), begun.elapsed().as_secs_f64());
    Ok(())
}
