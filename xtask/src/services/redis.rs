//! Redis: never the only copy of a fact, so it keeps nothing on disk.

use std::io::{Read, Write};
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::ports;
use crate::services::ground::Ground;
use crate::services::server::Server;
use crate::services::state::Port;

/// The cache.
pub(crate) struct Redis;

impl Server for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn title(&self) -> &'static str {
        "Redis"
    }

    fn executables(&self) -> &'static [&'static str] {
        &["redis-server", "redis-check-rdb"]
    }

    fn ports(&self) -> &'static [Port] {
        &[Port::Redis]
    }

    fn stop_signal(&self) -> &'static str {
        "TERM"
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn attempts_max(&self) -> u32 {
        3
    }

    fn prepare(&self, ground: &Ground) -> Result<Command, Failure> {
        let folder = ground.private_folder(self.name())?;
        let configuration = folder.join("redis.conf");
        // In a file, not among the arguments: everybody on the machine may list those.
        let text = format!(
            "bind 127.0.0.1\nport {}\nrequirepass {}\nsave \"\"\nappendonly no\ndaemonize no\ntcp-backlog 128\ndir {}\n",
            ground.state.port(Port::Redis),
            ground.state.redis_password(),
            folder.display()
        );
        ground.private_file(&configuration, &text)?;
        let mut command = ground.command(&ground.programs.redis, &folder);
        command.arg(configuration);
        Ok(command)
    }

    fn probe(&self, ground: &Ground) -> Result<(), String> {
        const ANSWER: &str = "+OK\r\n+PONG\r\n";
        let mut stream = ports::connect(ground.state.port(Port::Redis), Duration::from_secs(2))?;
        let password = ground.state.redis_password();
        let request =
            format!("*2\r\n$4\r\nAUTH\r\n${}\r\n{password}\r\n*1\r\n$4\r\nPING\r\n", password.len());
        let mut answer = vec![0; ANSWER.len()];
        stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.read_exact(&mut answer))
            .map_err(|error| format!("no answer to AUTH and PING: {error}"))?;
        if answer == ANSWER.as_bytes() {
            Ok(())
        } else {
            Err(format!(
                "AUTH and PING were answered by `{}`",
                String::from_utf8_lossy(&answer).escape_debug()
            ))
        }
    }
}
