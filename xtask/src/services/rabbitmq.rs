//! RabbitMQ, and the register of Erlang nodes that it cannot do without.

use std::io::{Read, Write};
use std::process::Command;
use std::time::Duration;

use crate::environment;
use crate::failure::Failure;
use crate::ports;
use crate::services::amqp;
use crate::services::ground::Ground;
use crate::services::server::Server;
use crate::services::state::{Port, USER};

/// The Erlang port mapper daemon. RabbitMQ would start one that nobody could tell from others; this one is ours.
pub(crate) struct Epmd;

impl Server for Epmd {
    fn name(&self) -> &'static str {
        "epmd"
    }

    fn title(&self) -> &'static str {
        "epmd (for RabbitMQ)"
    }

    fn executables(&self) -> &'static [&'static str] {
        &["epmd"]
    }

    fn ports(&self) -> &'static [Port] {
        &[Port::Epmd]
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
        let mut command = ground.command(&ground.programs.epmd, &folder);
        command.args(["-address", "127.0.0.1", "-port", &ground.state.port(Port::Epmd).to_string()]);
        Ok(command)
    }

    fn probe(&self, ground: &Ground) -> Result<(), String> {
        // A request for the names it knows; the answer begins with its own port.
        let port = ground.state.port(Port::Epmd);
        let mut stream = ports::connect(port, Duration::from_secs(2))?;
        let mut answer = [0; 4];
        stream
            .write_all(b"\x00\x01n")
            .and_then(|()| stream.read_exact(&mut answer))
            .map_err(|error| format!("no answer to a request for names: {error}"))?;
        if u32::from_be_bytes(answer) == u32::from(port) {
            Ok(())
        } else {
            Err(format!("a request for names was answered with {answer:?}"))
        }
    }
}

/// The queue.
pub(crate) struct RabbitMq;

impl Server for RabbitMq {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn title(&self) -> &'static str {
        "RabbitMQ"
    }

    fn executables(&self) -> &'static [&'static str] {
        &["beam.smp", "erl_child_setup", "inet_gethost"]
    }

    fn ports(&self) -> &'static [Port] {
        &[Port::Amqp, Port::Distribution]
    }

    fn stop_signal(&self) -> &'static str {
        "TERM"
    }

    fn patience(&self) -> Duration {
        Duration::from_mins(2)
    }

    fn attempts_max(&self) -> u32 {
        2
    }

    fn prepare(&self, ground: &Ground) -> Result<Command, Failure> {
        let folder = ground.private_folder(self.name())?;
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            ground.private_file(&path, text).map(|()| path)
        };
        // The first start makes this user in place of `guest`.
        let configuration = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\ndefault_user = {USER}\ndefault_pass = {}\n",
            ground.state.port(Port::Amqp),
            ground.state.amqp_password()
        );
        let configuration = file("rabbitmq.conf", &configuration)?;
        let no_settings = file("rabbitmq-env.conf", "")?;
        let no_plugins = file("enabled_plugins", "[].\n")?;
        let mut command = ground.command(&ground.programs.rabbitmq, &folder);
        // Settings of another broker in the caller's environment must not reach this one.
        command
            .env_clear()
            .env("LANG", "C.UTF-8")
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", std::env::join_paths(environment::search_path()).unwrap_or_default())
            .env("HOME", &folder)
            // Makes the script become the server instead of waiting for it: the pid is the server's own.
            .env("RUNNING_UNDER_SYSTEMD", "1")
            .env("RABBITMQ_CONF_ENV_FILE", no_settings)
            .env("RABBITMQ_CONFIG_FILE", configuration)
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", no_plugins)
            .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_PID_FILE", folder.join("pid"))
            .env("RABBITMQ_LOGS", "-")
            // The register is this set's alone, so the name may stay the same when a port has to change.
            .env("RABBITMQ_NODENAME", format!("{USER}@localhost"))
            .env("RABBITMQ_DIST_PORT", ground.state.port(Port::Distribution).to_string())
            .env("ERL_EPMD_PORT", ground.state.port(Port::Epmd).to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            // Its schedulers would otherwise spin while idle, on cores that the tests need.
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
            );
        Ok(command)
    }

    fn probe(&self, ground: &Ground) -> Result<(), String> {
        amqp::open_and_close(ground.state.port(Port::Amqp), USER, ground.state.amqp_password())
    }
}
