//! What holds for every call, put into the description once: who may make it, what it may be answered besides, and what its
//! fields hold.

mod definition;
mod fields;
mod filled;

use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};

use actix_web::http::Method;

use domain::identity::Role;

use crate::access::{self, Access, Rule};
use crate::problem::PROBLEM_JSON;

pub(crate) use filled::filled;

/// Refusals that any call may meet: status, name and what it means.
const REFUSALS: &[(u16, &str, &str)] = &[
    (400, "BadRequest", "Path, query, header or body cannot be read as what they should be"),
    (401, "NotSignedIn", "Nobody is signed in, or no longer"),
    (403, "NotAllowed", "The caller's role may not do this"),
    (404, "NotFound", "There is nothing at this address"),
    (406, "NotAcceptable", "The answer has none of the media types that Accept names"),
    (408, "TooSlow", "The body took too long to come in (limits.body_timeout_ms)"),
    (
        409,
        "Conflict",
        "It does not go with what is there already, or a request with the same Idempotency-Key is still under way",
    ),
    (410, "Gone", "It was here, and its time has ended"),
    (412, "ChangedMeanwhile", "It is no longer of the version that If-Match names"),
    (413, "TooLarge", "The body is larger than it may be (http.body_bytes_max)"),
    (414, "TargetTooLong", "Path and query are longer than they may be (limits.target_bytes_max)"),
    (415, "NotJson", "The body is not given as JSON in UTF-8"),
    (422, "NotTakenAsItIs", "The body was read, and something in it cannot be taken; errors says where"),
    (
        429,
        "TooManyRequests",
        "The user or the address asks too often (limits.user_per_second, limits.address_per_second)",
    ),
    (431, "HeadersTooLong", "The headers are longer than they may be (limits.headers_bytes_max)"),
    (500, "OurFault", "Something went wrong here; the log has it under the request's id"),
    (
        503,
        "TryAgain",
        "A server that this needs is away, it took too long, or as many heavy requests as may be are under way \
         (limits.heavy_max)",
    ),
];

/// Says of every call what its handler does not say.
pub(crate) struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        for (status, name, meaning) in REFUSALS {
            components.responses.insert((*name).to_owned(), refusal(*status, meaning).into());
        }
        for (path, item) in &mut document.paths.paths {
            for (method, call) in calls(item) {
                if let Some(rule) = access::rule(&method, path) {
                    describe(call, rule);
                }
            }
        }
    }
}

fn calls(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, call)| call.as_mut().map(|call| (method, call)))
}

fn describe(call: &mut Operation, rule: &Rule) {
    // Handlers of two resources may have one name: `list` of campaigns and of contacts.
    let of = call.tags.as_ref().and_then(|tags| tags.first()).cloned().unwrap_or_default();
    if let Some(name) = &mut call.operation_id {
        *name = format!("{}_{name}", of.replace(['-', ' '], "_"));
    }
    for (status, answer) in &mut call.responses.responses {
        if let RefOr::T(answer) = answer
            && !status.starts_with('2')
            && let Some(content) = answer.content.shift_remove("application/json")
        {
            answer.content.insert(PROBLEM_JSON.to_owned(), content);
        }
    }
    let takes = |header: &str| {
        call.parameters
            .iter()
            .flatten()
            .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == header))
    };
    let (is_once, is_of_a_version) = (takes("Idempotency-Key"), takes("If-Match"));
    let has_body = call.request_body.is_some();
    // What providers post is taken as it is, and read afterwards.
    let is_read = has_body && rule.access != Access::Uncounted;
    // What viewers may is to look, and to leave.
    let changes =
        rule.method != Method::GET && matches!(rule.access, Access::Role(least) if least > Role::Viewer);
    let is_signed = matches!(rule.access, Access::SignedIn | Access::Role(_));
    for (status, name, _) in REFUSALS {
        let may_be = match status {
            401 | 403 => is_signed,
            413 => has_body,
            408 | 415 => is_read,
            422 => is_read || is_once,
            404 => rule.pattern.contains('{'),
            409 => is_once || changes,
            410 => false,
            412 => is_of_a_version,
            429 => rule.access != Access::Uncounted,
            _ => true,
        };
        if may_be {
            let answers = &mut call.responses.responses;
            answers.entry(status.to_string()).or_insert_with(|| Ref::from_response_name(*name).into());
        }
    }
    let who = match rule.access {
        Access::Open | Access::Uncounted => {
            call.security = Some(Vec::new());
            "anybody"
        }
        Access::SignedIn => whoever_shows_a_token(call, Role::Viewer),
        Access::Role(least) => whoever_shows_a_token(call, least),
    };
    let said = call.description.take().map(|said| format!("{said}\n\n")).unwrap_or_default();
    call.description = Some(format!("{said}Asks for the role: {who}."));
    let extensions = call.extensions.get_or_insert_with(Extensions::default);
    extensions.insert("x-role".to_owned(), who.into());
}

fn whoever_shows_a_token(call: &mut Operation, least: Role) -> &'static str {
    call.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    least.as_str()
}

fn refusal(status: u16, meaning: &str) -> Response {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new().description(meaning).content(PROBLEM_JSON, problem);
    if !matches!(status, 429 | 503) {
        return response.build();
    }
    let seconds = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
        .description(Some("Seconds until it is worth asking again"))
        .build();
    response.header("Retry-After", seconds).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::api_doc::document;

    #[test]
    fn every_call_has_a_name_of_its_own_says_who_may_make_it_and_how_it_is_refused() {
        let document = document();
        let declared: BTreeSet<&str> =
            document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, call) in item.as_object().unwrap() {
                let name = call["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{method} {path}: {name} is another's name");
                assert!(call["x-role"].is_string() && call["security"].is_array(), "{method} {path}");
                assert!(declared.contains(call["tags"][0].as_str().unwrap()), "{method} {path}");
                assert!(call["summary"].is_string() && call["description"].is_string(), "{method} {path}");
                for parameter in call["parameters"].as_array().into_iter().flatten() {
                    assert!(parameter["description"].is_string(), "{method} {path}: {parameter}");
                }
                let answers = call["responses"].as_object().unwrap();
                assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
                for (status, answer) in answers {
                    let is_shared = answer["$ref"].is_string();
                    assert!(is_shared || answer["description"].is_string(), "{method} {path} {status}");
                    let has_id = answer["headers"]["x-request-id"].is_object();
                    assert!(is_shared || has_id, "{method} {path} {status}");
                    if status.starts_with('2') {
                        continue;
                    }
                    let kinds = answer["content"].as_object();
                    let is_problem = kinds.is_none_or(|kinds| kinds.contains_key("application/problem+json"));
                    assert!(is_problem || path.starts_with("/health"), "{method} {path} {status}");
                }
                let is_counted = answers.contains_key("429");
                let is_watched =
                    ["/health", "/metrics", "/webhooks"].iter().any(|start| path.starts_with(start));
                assert_eq!(is_counted, !is_watched, "{method} {path}");
            }
        }
    }
}
