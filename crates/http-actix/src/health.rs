//! Whether the process lives, and whether its servers do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use async_trait::async_trait;
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

/// Asks a server whether it is well.
#[async_trait]
pub trait Check: Send + Sync {
    /// Asks once.
    async fn check(&self) -> Result<(), CheckFailed>;
}

/// A server is not well.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CheckFailed(pub String);

/// The servers of a process.
#[derive(Clone, Default)]
pub struct Checks {
    servers: Vec<(&'static str, bool, Arc<dyn Check>)>,
    timeout: Duration,
}

impl Checks {
    /// No servers yet; each will have so long to answer.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { servers: Vec::new(), timeout }
    }

    /// A server without which nothing works.
    #[must_use]
    pub fn needed(mut self, name: &'static str, check: Arc<dyn Check>) -> Self {
        self.servers.push((name, true, check));
        self
    }

    /// A server without which all works, more slowly.
    #[must_use]
    pub fn helpful(mut self, name: &'static str, check: Arc<dyn Check>) -> Self {
        self.servers.push((name, false, check));
        self
    }

    async fn look(&self) -> Health {
        let asked = self.servers.iter().map(async |(name, is_needed, check)| {
            let well = matches!(tokio::time::timeout(self.timeout, check.check()).await, Ok(Ok(())));
            (*name, *is_needed, well)
        });
        let answers = join_all(asked).await;
        let status = if answers.iter().any(|(_, is_needed, well)| *is_needed && !well) {
            "unavailable"
        } else if answers.iter().any(|(_, _, well)| !well) {
            "degraded"
        } else {
            "ok"
        };
        let word = |well| if well { "ok" } else { "unavailable" };
        let checks = answers.into_iter().map(|(name, _, well)| (name, word(well))).collect();
        Health { status, version: env!("CARGO_PKG_VERSION"), checks }
    }
}

/// How a process and its servers are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; `degraded` when a server is away that is not needed; `unavailable` when one is that is.
    status: &'static str,
    /// The program's version.
    version: &'static str,
    /// Each server, `ok` or `unavailable`.
    #[schema(value_type = BTreeMap<String, String>)]
    checks: BTreeMap<&'static str, &'static str>,
}

fn answer(found: &Health) -> HttpResponse {
    if found.status == "unavailable" {
        HttpResponse::ServiceUnavailable().json(found)
    } else {
        HttpResponse::Ok().json(found)
    }
}

/// How the process and its servers are.
#[utoipa::path(tag = "operations", responses((status = 200, body = Health), (status = 503, description = "a server that is needed is away", body = Health)))]
#[get("/health")]
pub(crate) async fn health(checks: web::Data<Checks>) -> HttpResponse {
    answer(&checks.look().await)
}

/// Whether the process can serve: its needed servers answer.
#[utoipa::path(tag = "operations", responses((status = 200, body = Health), (status = 503, description = "a server that is needed is away", body = Health)))]
#[get("/health/ready")]
pub(crate) async fn ready(checks: web::Data<Checks>) -> HttpResponse {
    answer(&checks.look().await)
}

/// That a process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Life {
    /// Always `ok`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

/// Whether the process lives.
#[utoipa::path(tag = "operations", responses((status = 200, body = Life)))]
#[get("/health/live")]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Life { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
