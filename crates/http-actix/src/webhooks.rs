//! What providers post to us: verified, kept, answered; worked off later.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::keyword::read;
use domain::port::{Clock, ProviderWebhooks, ReceiptStore, Report, WebhookPost, WebhookRefused};

use crate::problem::Problem;

/// The largest post that is taken, in bytes.
pub(crate) const POST_BYTES_MAX: usize = 256 * 1024;

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Takes an event of Telnyx.
#[utoipa::path(post, path = "/webhooks/telnyx", tag = "webhooks", request_body(content = String, content_type = "application/json"), params(("ref" = Option<String>, Query), ("telnyx-signature-ed25519" = String, Header), ("telnyx-timestamp" = String, Header)), responses((status = 200, description = "kept"), (status = 401, body = Problem), (status = 503, description = "post it again", body = Problem)))]
pub(crate) async fn telnyx(
    request: HttpRequest,
    body: web::Bytes,
    webhooks: web::Data<Arc<dyn ProviderWebhooks>>,
    receipts: web::Data<Arc<dyn ReceiptStore>>,
    clock: web::Data<Arc<dyn Clock>>,
) -> Result<HttpResponse, Problem> {
    let post = WebhookPost {
        signature: header(request.headers(), "telnyx-signature-ed25519"),
        timestamp: header(request.headers(), "telnyx-timestamp"),
        query: request.query_string(),
        body: &body,
    };
    let count = |outcome: &'static str| {
        ::metrics::counter!("pregon_webhooks_total", "outcome" => outcome).increment(1);
    };
    let event = match webhooks.read(post, clock.now()) {
        Ok(event) => event,
        Err(WebhookRefused::Unsigned) => {
            count("unsigned");
            return Err(Problem::unauthorized("the post is refused"));
        }
        Err(WebhookRefused::Unreadable) => {
            count("unreadable");
            return Err(Problem::bad_request("the post is no event"));
        }
    };
    let (report, written) = match &event.report {
        Report::Inbound { text } => ("inbound", Some(read(text))),
        Report::Sent => ("sent", None),
        Report::Delivered => ("delivered", None),
        Report::Undelivered { .. } => ("undelivered", None),
        // Kept like any other, and told apart: a provider that says something new is worth a look.
        Report::Other { .. } => ("other", None),
    };
    receipts.keep(webhooks.provider(), event, written).await?;
    count("kept");
    ::metrics::counter!("pregon_provider_events_total", "report" => report).increment(1);
    Ok(HttpResponse::Ok().finish())
}
