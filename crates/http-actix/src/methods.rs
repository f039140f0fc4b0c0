//! What is answered where no handler is: that the address takes other methods, or that there is nothing.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::OpenApi;

use crate::api_doc::ApiDoc;
use crate::problem::Problem;

/// An address of the description, and what it takes.
struct Address {
    pattern: String,
    allowed: String,
}

static ADDRESSES: LazyLock<Vec<Address>> = LazyLock::new(|| {
    let paths = ApiDoc::openapi().paths.paths;
    paths
        .into_iter()
        .map(|(pattern, item)| {
            let methods = [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            let allowed: Vec<&str> =
                methods.into_iter().filter_map(|(name, is)| is.then_some(name)).collect();
            Address { pattern, allowed: allowed.join(", ") }
        })
        .collect()
});

/// Answers what no handler takes.
pub(crate) async fn of_elsewhere(request: HttpRequest) -> HttpResponse {
    match ADDRESSES.iter().find(|address| is_at(request.path(), &address.pattern)) {
        Some(address) => {
            let detail = format!("this address takes {}", address.allowed);
            let mut answer = HttpResponse::from_error(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail));
            if let Ok(allowed) = address.allowed.parse() {
                answer.headers_mut().insert(ALLOW, allowed);
            }
            answer
        }
        None => HttpResponse::from_error(Problem::not_found("there is nothing at this address")),
    }
}

fn is_at(path: &str, pattern: &str) -> bool {
    let (mut parts, mut wanted) = (path.split('/'), pattern.split('/'));
    loop {
        match (parts.next(), wanted.next()) {
            (None, None) => return true,
            (Some(part), Some(wanted)) if part == wanted || (wanted.starts_with('{') && !part.is_empty()) => {
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_met_part_by_part() {
        assert!(is_at("/a/7/b", "/a/{id}/b"));
        for path in ["/a/7", "/a/7/b/c", "/a//b", "/x/7/b"] {
            assert!(!is_at(path, "/a/{id}/b"), "{path}");
        }
    }
}
