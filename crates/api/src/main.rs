//! `api`: serves the REST API.

mod bounds;
mod check;
mod cli;
mod failure;
mod identity;
mod wiring;

use std::process::ExitCode;

use clap::Parser;
use http_actix::Server;
use settings::Sources;

use cli::{Cli, Command, Serve};
use failure::Failure;

/// Messages and requests are many small pieces of memory that come and go at once (docs/decisions/013).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("api: the program cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("api: {failure}");
            failure.exit_code()
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let sources = Sources::from_process(cli.config);
    match cli.command.unwrap_or(Command::Serve(Serve::default())) {
        Command::Serve(command) => serve(&command, &sources).await,
        Command::Openapi => {
            let description =
                http_actix::openapi_json().map_err(|error| Failure::Other(error.to_string()))?;
            telemetry::put_line(&description);
            Ok(())
        }
        Command::Check(command) => check::check(command, &sources).await,
        Command::Health => check::health(&sources).await,
    }
}

async fn serve(command: &Serve, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let stop = stop_request()?;
    let services = wiring::services(&settings).await?;
    let listen = command.listen.clone().unwrap_or_else(|| settings.http.listen.to_string());
    let server = Server::start(&listen, services, bounds::options(&settings))
        .map_err(|error| Failure::Server(error.to_string()))?;
    tracing::info!(address = %server.address(), "requests are taken");
    if command.json {
        telemetry::put_line(&serde_json::json!({"api": format!("http://{}", server.address())}));
    }
    server.until(stop).await.map_err(|error| Failure::Other(error.to_string()))?;
    tracing::info!("the api has ended");
    Ok(())
}

/// Done at the first SIGTERM or Ctrl-C.
fn stop_request() -> Result<impl Future<Output = ()>, Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).map_err(|error| Failure::Other(format!("signals cannot be heard: {error}")));
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
