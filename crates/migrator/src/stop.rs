//! A request to stop: the first Ctrl-C or SIGTERM ends the work at the next safe place, the second ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopRequest(Arc<AtomicBool>);

impl StopRequest {
    /// Listens for the signals from now on.
    pub(crate) fn listen() -> Self {
        let request = Self::default();
        let heard = request.clone();
        tokio::spawn(async move {
            loop {
                signal().await;
                if heard.0.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
        request
    }

    pub(crate) fn is_made(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => wait_for_ctrl_c().await,
    }
}

#[cfg(not(unix))]
async fn signal() {
    wait_for_ctrl_c().await;
}

async fn wait_for_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals nobody can ask.
        std::future::pending::<()>().await;
    }
}
