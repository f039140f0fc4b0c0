//! What a set of servers remembers between starts: ports and passwords, in a file that only its owner reads.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::environment::Urls;
use crate::failure::{Doing, Failure};
use crate::{ports, random};

/// The user of PostgreSQL and RabbitMQ, and the name of the database.
pub(crate) const USER: &str = "pregon";

/// Each port that a set listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Postgres,
    Redis,
    Amqp,
    /// Between Erlang nodes; only RabbitMQ's own tools use it.
    Distribution,
    /// Erlang's register of nodes.
    Epmd,
}

const PORT_NAMES: [&str; 5] = ["postgres_port", "redis_port", "amqp_port", "distribution_port", "epmd_port"];
const PASSWORD_NAMES: [&str; 3] = ["postgres_password", "redis_password", "amqp_password"];

/// Ports and passwords of one set.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct State {
    ports: [u16; PORT_NAMES.len()],
    passwords: [String; PASSWORD_NAMES.len()],
}

impl State {
    /// Free ports and new passwords.
    pub(crate) fn generate() -> Result<Self, Failure> {
        let mut ports = [0; PORT_NAMES.len()];
        for index in 0..ports.len() {
            ports[index] = ports::pick(&ports[..index])?;
        }
        Ok(Self { ports, passwords: [random::password()?, random::password()?, random::password()?] })
    }

    /// Reads the file; none if there is no such file or it is not whole.
    pub(crate) fn load(file: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(file).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
        };
        let mut ports = [0; PORT_NAMES.len()];
        for (port, name) in ports.iter_mut().zip(PORT_NAMES) {
            *port = value(name)?.parse().ok()?;
        }
        let [postgres, redis, amqp] = PASSWORD_NAMES.map(|name| value(name).map(str::to_owned));
        Some(Self { ports, passwords: [postgres?, redis?, amqp?] })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, port) in PORT_NAMES.iter().zip(self.ports) {
            let _ = writeln!(text, "{name}={port}");
        }
        for (name, password) in PASSWORD_NAMES.iter().zip(&self.passwords) {
            let _ = writeln!(text, "{name}={password}");
        }
        text
    }

    /// Replaces the file as a whole, so that a reader never sees half of it.
    pub(crate) fn save(&self, file: &Path) -> Result<(), Failure> {
        let new = file.with_extension("new");
        let _ = fs::remove_file(&new);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut out| out.write_all(self.text().as_bytes()))
            .and_then(|()| fs::rename(&new, file))
            .doing(|| format!("write {}", file.display()))
    }

    pub(crate) fn port(&self, port: Port) -> u16 {
        self.ports[port as usize]
    }

    /// Gives up a port that somebody else took meanwhile.
    pub(crate) fn replace_port(&mut self, port: Port) -> Result<u16, Failure> {
        let picked = ports::pick(&self.ports)?;
        self.ports[port as usize] = picked;
        Ok(picked)
    }

    pub(crate) fn postgres_password(&self) -> &str {
        &self.passwords[0]
    }

    pub(crate) fn redis_password(&self) -> &str {
        &self.passwords[1]
    }

    pub(crate) fn amqp_password(&self) -> &str {
        &self.passwords[2]
    }

    pub(crate) fn urls(&self) -> Urls {
        let [postgres, redis, amqp] = [Port::Postgres, Port::Redis, Port::Amqp].map(|port| self.port(port));
        Urls {
            database: format!("postgres://{USER}:{}@127.0.0.1:{postgres}/{USER}", self.postgres_password()),
            redis: format!("redis://default:{}@127.0.0.1:{redis}/0", self.redis_password()),
            amqp: format!("amqp://{USER}:{}@127.0.0.1:{amqp}/%2f", self.amqp_password()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Port, State};

    #[test]
    fn what_is_written_is_read_back() {
        let state = State::generate().unwrap();
        assert!(State::parse(&state.text()) == Some(state));
    }

    #[test]
    fn half_a_file_is_no_state() {
        let text = State::generate().unwrap().text();
        assert!(State::parse(&text[..text.len() / 2]).is_none());
    }

    #[test]
    fn a_replaced_port_is_another_one_and_no_password_changes() {
        let before = State::generate().unwrap();
        let mut after = before.clone();
        after.replace_port(Port::Redis).unwrap();
        assert_ne!(before.port(Port::Redis), after.port(Port::Redis));
        assert_eq!(before.port(Port::Postgres), after.port(Port::Postgres));
        assert_eq!(before.redis_password(), after.redis_password());
    }
}
