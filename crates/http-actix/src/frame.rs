//! What stands around every request: its id, its time, its line in the log, its count, and the headers of every answer.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use tracing::Instrument as _;

use crate::contact_imports;
use crate::options::Edge;
use crate::problem::{PROBLEM_JSON, Problem, REQUEST_ID};

/// The longest id of a request that is taken from its caller.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// The id of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

pub(crate) async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let Some(edge) = request.app_data::<web::Data<Edge>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let id = id_of(&request).unwrap_or_else(|| edge.ids.next().to_string());
    let (path, method) = (request.path().to_owned(), request.method().clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let is_upload = method == Method::POST && path == contact_imports::PATH;
    let within = if is_upload { edge.upload_timeout } else { edge.request_timeout };
    // Whatever is logged meanwhile bears the request's id, at any level.
    let span = tracing::error_span!("request", request_id = %id);
    let answered = tokio::time::timeout(within, next.call(request).instrument(span)).await;
    let mut response = match answered {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => {
            let problem = problem_of(&error, error.as_response_error().status_code());
            return Err(problem.stamped(&path, &id).into());
        }
        Err(_) => {
            let setting = if is_upload { "jobs.upload_timeout_s" } else { "http.request_timeout_ms" };
            let detail = format!("the request took longer than it may ({setting})");
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1);
            return Err(problem.stamped(&path, &id).into());
        }
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = as_problem(response, &path, &id);
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    crate::metrics::count(&method, &route, status, started.elapsed());
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, route, status = status.as_u16(), took_ms, request_id = id, "request");
    put_headers(&mut response, &path, &id);
    Ok(response)
}

/// The id that the caller gave, if it is a sane one.
fn id_of(request: &ServiceRequest) -> Option<String> {
    let given = request.headers().get(&REQUEST_ID)?.to_str().ok()?;
    let is_sane = !given.is_empty()
        && given.len() <= REQUEST_ID_BYTES_MAX
        && given.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    is_sane.then(|| given.to_owned())
}

/// The answer as a problem, whoever made it: what the framework answers by itself is plain text.
fn as_problem(response: ServiceResponse<BoxBody>, path: &str, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_whole = |response: &HttpResponse| {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("application/json"))
    };
    let problem = match response.response().error() {
        Some(error) => problem_of(error, status),
        // A handler that answers with JSON of its own, as /health does, meant to.
        None if is_whole(response.response()) => return response,
        None => plain(status),
    };
    let (request, before) = response.into_parts();
    let mut answer = problem.stamped(path, id).error_response();
    for (name, value) in before.headers() {
        if !answer.headers().contains_key(name) && name != actix_web::http::header::CONTENT_LENGTH {
            answer.headers_mut().insert(name.clone(), value.clone());
        }
    }
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    ServiceResponse::new(request, answer)
}

fn problem_of(error: &Error, status: StatusCode) -> Problem {
    error.as_error::<Problem>().cloned().unwrap_or_else(|| plain(status))
}

fn plain(status: StatusCode) -> Problem {
    Problem::new(
        status,
        match status {
            StatusCode::NOT_FOUND => "there is nothing at this address",
            StatusCode::METHOD_NOT_ALLOWED => "this address does not take this method",
            StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than it may be (http.body_bytes_max)",
            StatusCode::UNAUTHORIZED => "sign in first",
            _ => "the request cannot be answered",
        },
    )
}

fn put_headers(response: &mut ServiceResponse<BoxBody>, path: &str, id: &str) {
    // What the documentation's pages load comes from here alone; nothing else is a page.
    let policy = if path.starts_with("/docs") {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    let headers = response.headers_mut();
    // What the guard would not have compressed is not encoded at all.
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "identity") {
        headers.remove(CONTENT_ENCODING);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    if !path.starts_with("/docs") {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
