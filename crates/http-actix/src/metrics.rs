//! What is counted, in the form that Prometheus reads. Labels are few: never an id, a phone or a raw path.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, get, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The recorder of this process.
#[derive(Clone)]
pub struct Metrics(Arc<PrometheusHandle>);

impl Metrics {
    /// The recorder, installed when it is first asked for.
    #[must_use]
    pub fn of_this_process() -> Self {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        INSTALLED
            .get_or_init(|| {
                let recorder = PrometheusBuilder::new().build_recorder();
                let handle = recorder.handle();
                if ::metrics::set_global_recorder(recorder).is_err() {
                    tracing::warn!("another recorder of metrics is installed; /metrics stays empty");
                }
                Self(Arc::new(handle))
            })
            .clone()
    }

    /// What was counted so far.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

pub(crate) fn count(method: &Method, route: &str, status: StatusCode, took: Duration) {
    let method = match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" | "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    };
    let class = match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let refusal = match status {
        StatusCode::UNAUTHORIZED => Some("unauthenticated"),
        StatusCode::FORBIDDEN => Some("forbidden"),
        StatusCode::TOO_MANY_REQUESTS => Some("too_many"),
        _ => None,
    };
    if let Some(reason) = refusal {
        // Sign-ins that failed, signatures of the provider's that did not hold, and people at doors that are not theirs.
        ::metrics::counter!("pregon_http_refusals_total", "reason" => reason, "route" => route.to_owned())
            .increment(1);
    }
    ::metrics::counter!("pregon_http_requests_total", "method" => method, "route" => route.to_owned(), "status" => class)
        .increment(1);
    ::metrics::histogram!("pregon_http_request_seconds", "route" => route.to_owned())
        .record(took.as_secs_f64());
}

/// Metrics of this process for Prometheus.
#[utoipa::path(tag = "operations", responses((status = 200, description = "in Prometheus' text format", content_type = "text/plain", body = String)))]
#[get("/metrics")]
pub(crate) async fn metrics(counted: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(counted.render())
}
