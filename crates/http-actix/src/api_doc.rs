//! The description of the API, and its pages.

use std::sync::LazyLock;

use actix_web::{HttpResponse, get};
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::{Modify, OpenApi};

use crate::described::{Everywhere, filled};
use crate::{
    api_keys, audit, auth, campaigns, contact_changes, contact_imports, contacts, extracts, health, inbound,
    jobs, lookups, messages, metrics, phones, saved_segments, search, second_factor, segments, senders,
    stats, suppressions, users, webhooks, workers,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Pregón", description = "SMS campaigns in Mexico: contacts, segments, campaigns and their messages. Errors are RFC 9457 problems.", contact(name = "Whoever runs this installation"), license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    servers((url = "/", description = "The installation that this description comes from")),
    tags(
        (name = "auth", description = "Signing in, staying signed in, and leaving."),
        (name = "users", description = "Who may sign in, for admins."),
        (name = "api keys", description = "Keys with which programs ask, for admins."),
        (name = "contacts", description = "People and their numbers: to find, add, change, tag, and to note what they want."),
        (name = "segments", description = "Which contacts are meant, as a definition over their fields."),
        (name = "campaigns", description = "A text to everybody of a segment: drafted, looked at, launched and followed."),
        (name = "messages", description = "One text to one number, and what a text takes."),
        (name = "senders", description = "What messages come from, and what they go by."),
        (name = "extracts", description = "Numbers of a segment as a file, and the numbers of your own that are put among them."),
        (name = "suppressions", description = "Numbers that are never written to."),
        (name = "inbound", description = "What people wrote to us."),
        (name = "phones", description = "What a number is."),
        (name = "jobs", description = "What takes longer than a request: files of contacts, tags for a segment, lookups."),
        (name = "audit", description = "Who did what, when and from where."),
        (name = "operations", description = "How the programs and their servers are."),
        (name = "webhooks", description = "What providers post to us."),
    ),
    modifiers(&Everywhere, &Credentials),
    paths(
        auth::login, auth::refresh, auth::logout, auth::me, auth::change_password, auth::sessions, auth::end_session,
        second_factor::offer_second_factor, second_factor::confirm_second_factor, second_factor::remove_second_factor,
        users::list, users::create, users::get_one, users::change, users::disable, users::enable, users::reset_password, users::remove_second_factor,
        api_keys::list, api_keys::create, api_keys::get_one, api_keys::revoke,
        campaigns::create, campaigns::list, campaigns::get_one, campaigns::revise, campaigns::remove, campaigns::schedule, campaigns::preview, campaigns::launch, campaigns::pause,
        campaigns::resume, campaigns::cancel, campaigns::progress, campaigns::progress_stream, campaigns::explain, campaigns::show_bill, campaigns::test_send, campaigns::messages,
        messages::send, messages::get_one, messages::preview, contacts::create, contacts::list, search::search, stats::stats, contacts::get_one, contact_changes::change,
        contact_changes::remove, contact_changes::opt_out, contact_changes::opt_in, contact_changes::list_tags,
        contact_changes::add_tags, contact_changes::set_tags, contact_changes::remove_tag, contact_changes::messages,
        contact_imports::create, jobs::tag_segment, jobs::list, jobs::get_one, jobs::progress_stream, jobs::cancel, jobs::rejects,
        extracts::create, extracts::list, extracts::get_one, extracts::download, extracts::seeds, extracts::put_seed,
        extracts::remove_seed, segments::preview, saved_segments::create, saved_segments::list, saved_segments::get_one, saved_segments::versions,
        saved_segments::change, saved_segments::remove, senders::create,
        senders::list, senders::list_routes, senders::set_routes, suppressions::list, suppressions::create, suppressions::remove, suppressions::import, inbound::list, inbound::review, audit::list, phones::normalize, lookups::look_up, lookups::look_up_campaign, workers::show, workers::requeue, workers::purge, webhooks::telnyx, health::health, health::ready, health::live, metrics::metrics,
    )
)]
pub(crate) struct ApiDoc;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let key = ApiKey::Header(ApiKeyValue::new("X-Api-Key"));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(key));
        // Wherever a person's token is taken, a program's key is.
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                if let Some(security) = operation.security.as_mut().filter(|security| !security.is_empty()) {
                    security.push(SecurityRequirement::new::<_, [&str; 0], &str>("api_key", []));
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| filled(&ApiDoc::openapi()));

/// The whole description.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// The description as JSON.
///
/// # Errors
/// When it cannot be written, which no description of ours brings about.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(document())
}

#[get("/openapi.json")]
pub(crate) async fn description() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// The pages are at `/docs/`.
#[get("/docs")]
pub(crate) async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("location", "/docs/")).finish()
}
