//! `worker run`: works until it is asked to end, then lets what is under way come to its end.

use std::sync::Arc;

use domain::campaign::Priority;
use domain::port::PermitHandler;
use http_actix::ops::Ops;
use settings::Sources;
use tokio_util::sync::CancellationToken;

use crate::cli::Run;
use crate::failure::Failure;
use crate::wiring;

pub(crate) async fn run(command: &Run, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    // Heard from now on: a signal that comes while the worker starts ends it too.
    let stop = stop_request()?;
    let database = wiring::database(&settings)?;
    let broker = wiring::broker(&settings)?;
    let worker = wiring::worker((&settings, sources), &database, &broker).await?;
    let listen = command.listen.as_deref().unwrap_or(&settings.worker.listen);
    let checks = wiring::checks(&database, &broker, settings.http.health_timeout);
    let ops = Ops::start(listen, checks)
        .map_err(|error| Failure::Server(format!("cannot listen on {listen}: {error}")))?;
    tracing::info!(worker = worker.name, address = %ops.address(), "the worker is at work");

    let jobs = Arc::clone(&worker.chores.jobs);
    let prepare = Arc::clone(&worker.chores.prepare);
    let (beat, last_beat) = (Arc::clone(&worker.chores.beat), Arc::clone(&worker.chores.beat));
    let mut chores = worker.chores.start(&worker.rhythm, &stop);
    let slots = vec![
        (Priority::High, settings.sending.slots_high),
        (Priority::Normal, settings.sending.slots_normal),
        (Priority::Bulk, settings.sending.slots_bulk),
    ];
    let handler = Arc::clone(&worker.handler) as Arc<dyn PermitHandler>;
    let draining = Arc::clone(&worker.handler);
    let stopped = stop.clone();
    let consuming = worker.consumer.run(
        slots,
        handler,
        Box::pin(async move {
            stopped.cancelled().await;
            // What is claimed and unsent is given back; what is under way is waited for.
            draining.drain();
            prepare.drain();
            if let Err(error) = beat.tell().await {
                tracing::debug!(%error, "nobody is told that the worker ends");
            }
        }),
    );
    let drained = async {
        consuming.await;
        while chores.join_next().await.is_some() {}
        if let Err(error) = last_beat.leave().await {
            tracing::warn!(%error, "the worker is held to be lost, and forgotten later");
        }
        if let Err(error) = jobs.release().await {
            tracing::warn!(%error, "the job at hand is free when its lease is over");
        }
    };
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(settings.worker.drain).await;
    };
    let in_time = tokio::select! {
        () = drained => true,
        () = late => false,
    };
    ops.stop().await;
    if in_time {
        tracing::info!("the worker has ended");
        Ok(())
    } else {
        Err(Failure::Other(
            "answers that were under way did not come in time (worker.drain_s); what may have been sent will be \
             uncertain when its lease is over"
                .to_owned(),
        ))
    }
}

/// Made by the first SIGTERM or Ctrl-C.
fn stop_request() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let made = stop.clone();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).map_err(|error| Failure::Other(format!("signals cannot be heard: {error}")));
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            made.cancel();
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            made.cancel();
        }
    });
    Ok(stop)
}
