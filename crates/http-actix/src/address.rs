//! What is known of an address without asking its handler: whether it can be one, which methods it takes, and in which
//! media types it answers.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderMap};

use crate::access::{self, Rule};
use crate::api_doc::document;
use crate::problem::Problem;

/// The media types of the answers of what is described, by method and address.
static GIVEN: LazyLock<HashMap<(Method, String), Vec<String>>> = LazyLock::new(|| {
    let mut given = HashMap::new();
    for (path, item) in document()["paths"].as_object().into_iter().flatten() {
        for (method, call) in item.as_object().into_iter().flatten() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            let answers = call["responses"].as_object().into_iter().flatten();
            let kinds = answers
                .filter(|(status, _)| status.starts_with('2'))
                .filter_map(|(_, answer)| answer["content"].as_object())
                .flat_map(|content| content.keys().cloned());
            given.insert((method, path.clone()), kinds.collect());
        }
    }
    given
});

fn given(rule: &Rule) -> &'static [String] {
    GIVEN.get(&(rule.method.clone(), rule.pattern.to_owned())).map_or(&[], Vec::as_slice)
}

/// What an address gives, in words.
pub(crate) fn gives(rule: &Rule) -> String {
    given(rule).join(", ")
}

/// Whether a caller takes something that the address gives. What gives nothing, or is not described, suits everybody.
pub(crate) fn gives_what_is_accepted(rule: &Rule, headers: &HeaderMap) -> bool {
    let accepted: Vec<&str> = headers
        .get_all(ACCEPT)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let given = given(rule);
    accepted.is_empty()
        || given.is_empty()
        || given.iter().any(|kind| accepted.iter().any(|range| takes(range, kind)))
}

/// Whether a range of media types, as `text/*;q=0.5`, has one in it.
fn takes(range: &str, kind: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let is_refused = parts
        .any(|part| part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0));
    let is_in_it = match range.split_once('/') {
        Some(("*", "*")) => true,
        Some((of, "*")) => kind.split_once('/').is_some_and(|(its, _)| its.eq_ignore_ascii_case(of)),
        Some(_) => range.eq_ignore_ascii_case(kind),
        None => range == "*",
    };
    is_in_it && !is_refused
}

/// The methods that an address takes, as `Allow` lists them; nothing where there is no such address.
pub(crate) fn allowed(pattern: &str) -> String {
    let mut methods: Vec<&str> = access::rules(pattern).iter().map(|rule| rule.method.as_str()).collect();
    if methods.is_empty() {
        return String::new();
    }
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

/// What is told of a path that is no address.
pub(crate) fn nothing_at(path: &str) -> Problem {
    Problem::not_found(match path.strip_suffix('/') {
        Some(before) if !before.is_empty() => {
            format!("there is nothing at this address; no address ends with /, so you may mean {before}")
        }
        Some(_) | None => "there is nothing at this address".to_owned(),
    })
}

/// Whether a path is written so that some would read it as another one: with empty parts, with parts that go nowhere or
/// up, with a NUL, encoded or not.
pub(crate) fn is_crooked(path: &str) -> bool {
    if !path.contains('%') {
        return path.contains("//") || path.contains('\\') || path.split('/').any(is_dots);
    }
    let path = path.to_ascii_lowercase();
    path.contains("//")
        || path.contains("%00")
        || path.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split('/').any(is_dots)
}

fn is_dots(part: &str) -> bool {
    part == "." || part == ".."
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_path_that_may_be_read_in_two_ways_is_crooked() {
        for path in [
            "/api//v1/contacts",
            "//api/v1/contacts",
            "/api/v1/../contacts",
            "/api/v1/%2e%2E/contacts",
            "/api/v1/./contacts",
            "/api/v1/contacts/..%2f..%2Fhealth",
            "/api/v1/contacts/7%00",
            "/api/v1/contacts/..%5chealth",
        ] {
            assert!(is_crooked(path), "{path}");
        }
        for path in
            ["/", "/docs/", "/api/v1/contacts/7/tags/v1.2", "/api/v1/contacts/7/tags/a%2Fb%2e", "/%ff"]
        {
            assert!(!is_crooked(path), "{path}");
        }
    }

    #[test]
    fn an_address_gives_json_to_whoever_takes_it() {
        let rule = access::rule(&Method::GET, "/api/v1/contacts").unwrap();
        assert_eq!(gives(rule), "application/json");
        for (accept, is_given) in [
            ("*/*", true),
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/*;q=0.1", true),
            ("text/html, */*;q=0.8", true),
            ("text/html", false),
            ("application/json;q=0", false),
            ("application/xml, image/*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(gives_what_is_accepted(rule, &headers), is_given, "{accept}");
        }
        assert!(gives_what_is_accepted(rule, &HeaderMap::new()));
    }

    #[test]
    fn an_address_says_all_that_it_takes() {
        assert_eq!(allowed("/api/v1/contacts"), "GET, POST, HEAD, OPTIONS");
        assert_eq!(allowed("/api/v1/auth/logout"), "POST, OPTIONS");
        assert_eq!(allowed("/nowhere"), "");
    }
}
