//! The description of the API, and its pages.

use actix_web::{HttpResponse, get};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::described::Everywhere;
use crate::{
    auth, campaigns, contact_changes, contact_imports, contacts, extracts, health, inbound, jobs, lookups,
    messages, metrics, phones, saved_segments, search, segments, senders, stats, suppressions, webhooks,
    workers,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Pregón", description = "SMS campaigns in Mexico: contacts, segments, campaigns and their messages. Errors are RFC 9457 problems.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    modifiers(&Bearer, &Everywhere),
    paths(
        auth::login, auth::refresh, auth::logout, auth::me, auth::sessions, auth::end_session,
        campaigns::create, campaigns::list, campaigns::get_one, campaigns::revise, campaigns::remove, campaigns::schedule, campaigns::preview, campaigns::launch, campaigns::pause,
        campaigns::resume, campaigns::cancel, campaigns::progress, campaigns::progress_stream, campaigns::explain, campaigns::show_bill, campaigns::test_send, campaigns::messages,
        messages::send, messages::get_one, messages::preview, contacts::create, contacts::list, search::search, stats::stats, contacts::get_one, contact_changes::change,
        contact_changes::remove, contact_changes::opt_out, contact_changes::opt_in, contact_changes::list_tags,
        contact_changes::add_tags, contact_changes::set_tags, contact_changes::remove_tag, contact_changes::messages,
        contact_imports::create, jobs::tag_segment, jobs::list, jobs::get_one, jobs::cancel, jobs::rejects,
        extracts::create, extracts::list, extracts::get_one, extracts::download, extracts::seeds, extracts::put_seed,
        extracts::remove_seed, segments::preview, saved_segments::create, saved_segments::list, saved_segments::get_one, saved_segments::versions,
        saved_segments::change, saved_segments::remove, senders::create,
        senders::list, senders::list_routes, senders::set_routes, suppressions::list, suppressions::create, suppressions::remove, suppressions::import, inbound::list, inbound::review, phones::normalize, lookups::look_up, lookups::look_up_campaign, workers::show, workers::requeue, workers::purge, webhooks::telnyx, health::health, health::ready, health::live, metrics::metrics,
    )
)]
pub(crate) struct ApiDoc;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The description as JSON.
///
/// # Errors
/// When it cannot be written, which no description of ours brings about.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    ApiDoc::openapi().to_pretty_json()
}

#[get("/openapi.json")]
pub(crate) async fn description() -> HttpResponse {
    HttpResponse::Ok().json(ApiDoc::openapi())
}

/// The pages are at `/docs/`.
#[get("/docs")]
pub(crate) async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("location", "/docs/")).finish()
}
