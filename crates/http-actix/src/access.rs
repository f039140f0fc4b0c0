//! Who may call what: the one table of every address that answers, and of the role that each asks for. What is not in it
//! is not reached, whatever handler stands there (see [`crate::guard`]).

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::Method;
use domain::identity::Role;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody; requests are counted by the address they come from.
    Open,
    /// Anybody, as often as they like: those who watch us, and providers, who show who they are in another way.
    Uncounted,
    /// Whoever is signed in or shows a key, also one who must set a password before anything else.
    SignedIn,
    /// Whoever is signed in or shows a key, with at least this role.
    Role(Role),
}

/// How much a call asks of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// What an index answers.
    Light,
    /// What may read many rows: so many at once and no more.
    Heavy,
}

/// What is in an answer, as far as compressing it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing that must be kept from whoever sees how long it is.
    Plain,
    /// Tokens: an answer that repeats what was asked beside a secret tells of it by its length when it is compressed
    /// (BREACH).
    Secret,
    /// Something that must leave as it is made.
    Stream,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) method: Method,
    /// The address as it is routed and described, `{id}` for what varies.
    pub(crate) pattern: &'static str,
    pub(crate) access: Access,
    pub(crate) weight: Weight,
    pub(crate) content: Content,
}

impl Rule {
    const fn new(method: Method, pattern: &'static str, access: Access) -> Self {
        Self { method, pattern, access, weight: Weight::Light, content: Content::Plain }
    }

    const fn heavy(mut self) -> Self {
        self.weight = Weight::Heavy;
        self
    }

    const fn secret(mut self) -> Self {
        self.content = Content::Secret;
        self
    }

    const fn stream(mut self) -> Self {
        self.content = Content::Stream;
        self
    }
}

const fn open(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::Open)
}

const fn uncounted(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::Uncounted)
}

const fn signed_in(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::SignedIn)
}

const fn viewer(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::Role(Role::Viewer))
}

const fn operator(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::Role(Role::Operator))
}

const fn manager(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::Role(Role::Manager))
}

const fn admin(method: Method, pattern: &'static str) -> Rule {
    Rule::new(method, pattern, Access::Role(Role::Admin))
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Every address that answers.
#[rustfmt::skip]
static TABLE: &[Rule] = &[
    uncounted(GET,    "/health"),
    uncounted(GET,    "/health/live"),
    uncounted(GET,    "/health/ready"),
    uncounted(GET,    "/metrics"),
    uncounted(POST,   "/webhooks/telnyx"),
    open     (GET,    "/openapi.json"),
    open     (GET,    "/docs"),
    open     (GET,    "/docs/openapi.json"),
    open     (GET,    "/docs/{_:.*}"),

    open     (POST,   "/auth/login").secret(),
    open     (POST,   "/api/v1/auth/login").secret(),
    open     (POST,   "/api/v1/auth/refresh").secret(),
    signed_in(POST,   "/api/v1/auth/logout"),
    signed_in(POST,   "/api/v1/auth/password").secret(),
    signed_in(GET,    "/api/v1/auth/me").secret(),
    signed_in(POST,   "/api/v1/auth/second-factor").secret(),
    signed_in(POST,   "/api/v1/auth/second-factor/confirm").secret(),
    signed_in(POST,   "/api/v1/auth/second-factor/remove").secret(),
    viewer   (GET,    "/api/v1/auth/sessions").secret(),
    viewer   (DELETE, "/api/v1/auth/sessions/{id}"),

    admin    (GET,    "/api/v1/users"),
    admin    (POST,   "/api/v1/users").secret(),
    admin    (GET,    "/api/v1/users/{id}"),
    admin    (PATCH,  "/api/v1/users/{id}"),
    admin    (POST,   "/api/v1/users/{id}/disable"),
    admin    (POST,   "/api/v1/users/{id}/enable"),
    admin    (POST,   "/api/v1/users/{id}/reset-password").secret(),
    admin    (POST,   "/api/v1/users/{id}/remove-second-factor"),
    admin    (GET,    "/api/v1/api-keys"),
    admin    (POST,   "/api/v1/api-keys").secret(),
    admin    (GET,    "/api/v1/api-keys/{id}"),
    admin    (DELETE, "/api/v1/api-keys/{id}"),
    admin    (GET,    "/api/v1/audit").heavy(),

    viewer   (GET,    "/api/v1/campaigns"),
    operator (POST,   "/api/v1/campaigns"),
    viewer   (GET,    "/api/v1/campaigns/{id}"),
    operator (PATCH,  "/api/v1/campaigns/{id}"),
    operator (DELETE, "/api/v1/campaigns/{id}"),
    operator (POST,   "/api/v1/campaigns/{id}/preview").heavy(),
    operator (POST,   "/api/v1/campaigns/{id}/test-send"),
    manager  (POST,   "/api/v1/campaigns/{id}/schedule"),
    manager  (POST,   "/api/v1/campaigns/{id}/launch"),
    manager  (POST,   "/api/v1/campaigns/{id}/pause"),
    manager  (POST,   "/api/v1/campaigns/{id}/resume"),
    manager  (POST,   "/api/v1/campaigns/{id}/cancel"),
    manager  (POST,   "/api/v1/campaigns/{id}/lookup"),
    viewer   (GET,    "/api/v1/campaigns/{id}/progress"),
    viewer   (GET,    "/api/v1/campaigns/{id}/progress/stream").stream(),
    viewer   (GET,    "/api/v1/campaigns/{id}/explain"),
    viewer   (GET,    "/api/v1/campaigns/{id}/bill"),
    viewer   (GET,    "/api/v1/campaigns/{id}/messages"),

    manager  (POST,   "/api/v1/messages"),
    viewer   (POST,   "/api/v1/messages/preview"),
    viewer   (GET,    "/api/v1/messages/{id}"),
    viewer   (GET,    "/api/v1/inbound"),
    manager  (POST,   "/api/v1/inbound/{id}/review"),

    viewer   (GET,    "/api/v1/contacts"),
    operator (POST,   "/api/v1/contacts"),
    viewer   (GET,    "/api/v1/contacts/search").heavy(),
    viewer   (GET,    "/api/v1/contacts/stats"),
    operator (POST,   "/api/v1/contacts/imports"),
    operator (POST,   "/api/v1/contacts/tags"),
    viewer   (GET,    "/api/v1/contacts/{id}"),
    operator (PATCH,  "/api/v1/contacts/{id}"),
    operator (DELETE, "/api/v1/contacts/{id}"),
    operator (POST,   "/api/v1/contacts/{id}/opt-out"),
    operator (POST,   "/api/v1/contacts/{id}/opt-in"),
    viewer   (GET,    "/api/v1/contacts/{id}/tags"),
    operator (POST,   "/api/v1/contacts/{id}/tags"),
    operator (PUT,    "/api/v1/contacts/{id}/tags"),
    operator (DELETE, "/api/v1/contacts/{id}/tags/{tag}"),
    viewer   (GET,    "/api/v1/contacts/{id}/messages"),

    operator (GET,    "/api/v1/jobs"),
    operator (GET,    "/api/v1/jobs/{id}"),
    operator (GET,    "/api/v1/jobs/{id}/stream").stream(),
    operator (POST,   "/api/v1/jobs/{id}/cancel"),
    operator (GET,    "/api/v1/jobs/{id}/rejects"),

    manager  (POST,   "/api/v1/extracts").heavy(),
    manager  (GET,    "/api/v1/extracts"),
    manager  (GET,    "/api/v1/extracts/{id}"),
    manager  (GET,    "/api/v1/extracts/{id}/file"),
    manager  (GET,    "/api/v1/seed-numbers"),
    manager  (POST,   "/api/v1/seed-numbers"),
    manager  (DELETE, "/api/v1/seed-numbers/{phone}"),

    viewer   (POST,   "/api/v1/segments/preview").heavy(),
    operator (POST,   "/api/v1/segments"),
    viewer   (GET,    "/api/v1/segments"),
    viewer   (GET,    "/api/v1/segments/{id}"),
    viewer   (GET,    "/api/v1/segments/{id}/versions"),
    operator (PATCH,  "/api/v1/segments/{id}"),
    operator (DELETE, "/api/v1/segments/{id}"),

    viewer   (GET,    "/api/v1/suppressions"),
    operator (POST,   "/api/v1/suppressions"),
    operator (POST,   "/api/v1/suppressions/imports"),
    manager  (DELETE, "/api/v1/suppressions/{phone}"),

    viewer   (POST,   "/api/v1/phones/normalize"),
    operator (POST,   "/api/v1/phones/lookup"),
    viewer   (GET,    "/api/v1/senders"),
    admin    (POST,   "/api/v1/senders"),
    viewer   (GET,    "/api/v1/senders/{id}/routes"),
    admin    (PUT,    "/api/v1/senders/{id}/routes"),

    viewer   (GET,    "/api/v1/workers"),
    admin    (POST,   "/api/v1/workers/dead-letters/requeue"),
    admin    (POST,   "/api/v1/workers/dead-letters/purge"),
];

static BY_PATTERN: LazyLock<HashMap<&str, Vec<&Rule>>> = LazyLock::new(|| {
    let mut rules: HashMap<&str, Vec<&Rule>> = HashMap::new();
    for rule in TABLE {
        rules.entry(rule.pattern).or_default().push(rule);
    }
    rules
});

/// What the table says of an address: a rule for each method that it takes, and nothing where it is none.
pub(crate) fn rules(pattern: &str) -> &'static [&'static Rule] {
    BY_PATTERN.get(pattern).map_or(&[], Vec::as_slice)
}

/// What the table says of a method at an address.
pub(crate) fn rule(method: &Method, pattern: &str) -> Option<&'static Rule> {
    rules(pattern).iter().copied().find(|rule| rule.method == *method)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api_doc::document;

    /// What answers without being described, for it is the description, or a second address of something.
    const UNDESCRIBED: [&str; 5] =
        ["/openapi.json", "/docs", "/docs/openapi.json", "/docs/{_:.*}", "/auth/login"];

    #[test]
    fn what_is_described_is_in_the_table_and_what_is_in_the_table_is_described() {
        let document = document();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let mut ruled = BTreeSet::new();
        for rule in TABLE.iter().filter(|rule| !UNDESCRIBED.contains(&rule.pattern)) {
            assert!(ruled.insert((rule.method.to_string(), rule.pattern.to_owned())), "twice: {rule:?}");
        }
        let only_described: Vec<_> = described.difference(&ruled).collect();
        let only_ruled: Vec<_> = ruled.difference(&described).collect();
        assert!(
            only_described.is_empty() && only_ruled.is_empty(),
            "in the description alone: {only_described:?}; in the table alone: {only_ruled:?}"
        );
    }

    #[test]
    fn what_changes_something_asks_for_more_than_a_viewer() {
        // A POST that only reads, and what somebody does to their own sessions.
        let may = ["/preview", "/normalize", "/auth/logout", "/auth/sessions/{id}"];
        for rule in TABLE.iter().filter(|rule| rule.method != Method::GET) {
            if rule.access == Access::Role(Role::Viewer) {
                assert!(may.iter().any(|end| rule.pattern.ends_with(end)), "{rule:?}");
            }
        }
    }

    /// So that no caller has us ask an address of theirs.
    #[test]
    fn no_field_of_a_request_is_an_address() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let requests: Vec<_> = schemas.iter().filter(|(name, _)| name.ends_with("Request")).collect();
        assert!(requests.len() > 10, "requests are named so");
        for (name, schema) in requests {
            for field in schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys()) {
                let parts: Vec<&str> = field.split('_').collect();
                for address in ["url", "uri", "href", "host", "callback", "webhook"] {
                    assert!(!parts.contains(&address), "{name}.{field}");
                }
            }
        }
    }
}
