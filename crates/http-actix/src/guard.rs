//! What stands before every handler: nothing is reached that the table of [`crate::access`] does not name, by nobody whom it
//! does not let in, and by nobody more often than the limits allow.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, CONTENT_ENCODING, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use application::Authenticate;
use futures::FutureExt as _;

use crate::access::{self, Access, Content, Rule, Weight};
use crate::address;
use crate::caller::Shown;
use crate::input::remote_addr;
use crate::limits::{Limits, Told, Whose};
use crate::options::Edge;
use crate::problem::Problem;

/// What a request has that is let through to its handler: the place of a heavy one is held until it is answered.
struct Passed {
    rule: &'static Rule,
    told: Told,
    _place: Option<tokio::sync::OwnedSemaphorePermit>,
}

/// What a request is answered that is not.
struct Stopped {
    answer: HttpResponse,
    told: Told,
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self { answer: HttpResponse::from_error(problem), told: Told::default() }
    }
}

pub(crate) async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(edge) = request.app_data::<web::Data<Edge>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let is_head = *request.method() == Method::HEAD;
    if is_head {
        // It is answered as a GET is, and the connection leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let (mut response, told) = match pass(&request, &edge).await {
        Ok(passed) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            if passed.rule.content != Content::Plain
                || is_head
                || !is_worth(&response, edge.compress_bytes_min)
            {
                leave_as_it_is(&mut response);
            }
            (response, passed.told)
        }
        Err(stopped) => {
            // Not `into_response`, which forgets of which problem the answer is made.
            let (request, _) = request.into_parts();
            let mut response = ServiceResponse::new(request, stopped.answer);
            leave_as_it_is(&mut response);
            (response, stopped.told)
        }
    };
    told.put(response.headers_mut());
    if is_head && response.response().body().size() == BodySize::Stream {
        response = response.map_body(|_, _| BoxBody::new(actix_web::body::None::new()));
    }
    Ok(response)
}

/// Whether compressing an answer is worth the while: what is short gains nothing, and a refusal is short.
fn is_worth(response: &ServiceResponse<BoxBody>, bytes_min: u64) -> bool {
    let is_long = match response.response().body().size() {
        BodySize::None => false,
        BodySize::Sized(bytes) => bytes >= bytes_min,
        BodySize::Stream => true,
    };
    is_long && response.status().is_success()
}

/// Keeps an answer from being compressed; the frame takes the header away again.
fn leave_as_it_is(response: &mut ServiceResponse<BoxBody>) {
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
}

async fn pass(request: &ServiceRequest, edge: &Edge) -> Result<Passed, Stopped> {
    within_bounds(request, edge)?;
    let limits = &edge.limits;
    // The address as it will be routed, which is not always as it was written.
    let pattern = request.resource_map().match_pattern(request.match_info().as_str());
    let pattern = pattern.as_deref().unwrap_or_default();
    let rule = access::rule(request.method(), pattern);
    let from = remote_addr(request.headers(), request.peer_addr(), edge.forwarded_hops);
    let address = from.map(Whose::Address);
    let Some(rule) = rule else {
        let told = counted(limits, address).await?;
        return Err(Stopped { answer: elsewhere(request, pattern), told });
    };
    if !address::gives_what_is_accepted(rule, request.headers()) {
        let detail =
            format!("this address does not give what accept asks for; it gives {}", address::gives(rule));
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, detail).into());
    }
    let told = match rule.access {
        Access::Uncounted => Told::default(),
        Access::Open => counted(limits, address).await?,
        Access::SignedIn | Access::Role(_) => {
            let authenticate = request.app_data::<web::Data<Authenticate>>().cloned();
            let authenticate = authenticate
                .ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server is not set up"))?;
            let shown = Shown::of(request.headers());
            let claimant = shown.claimant(&authenticate);
            // Both ask the cache, and neither waits for the other: on one connection that is one way there and back.
            let (told, admitted) = futures::join!(
                counted(limits, address.into_iter().chain(claimant)),
                shown.admit(&authenticate, from, rule.access)
            );
            let told = told?;
            match admitted {
                Ok(admitted) => {
                    request.extensions_mut().insert(admitted);
                    told
                }
                Err(problem) => return Err(Stopped { answer: HttpResponse::from_error(problem), told }),
            }
        }
    };
    let place = match rule.weight {
        Weight::Light => None,
        Weight::Heavy => match limits.enter_heavy().await {
            Ok(place) => Some(place),
            Err(problem) => return Err(Stopped { answer: HttpResponse::from_error(problem), told }),
        },
    };
    Ok(Passed { rule, told, _place: place })
}

/// Counts a request, and stops what is one too many.
fn counted(
    limits: &Limits,
    these: impl IntoIterator<Item = Whose>,
) -> impl Future<Output = Result<Told, Stopped>> {
    limits.count(these).map(|told| match told.refusal() {
        Some(problem) => Err(Stopped { answer: HttpResponse::from_error(problem), told }),
        None => Ok(told),
    })
}

/// What cannot be an address of ours, or is longer than one may be.
fn within_bounds(request: &ServiceRequest, edge: &Edge) -> Result<(), Problem> {
    let uri = request.uri();
    let target_bytes = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target_bytes > edge.target_bytes_max {
        let detail = format!(
            "path and query have more than {} bytes together (limits.target_bytes_max)",
            edge.target_bytes_max
        );
        return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    let header_bytes: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if header_bytes > edge.headers_bytes_max {
        let detail =
            format!("the headers have more than {} bytes (limits.headers_bytes_max)", edge.headers_bytes_max);
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    if address::is_crooked(uri.path()) {
        let detail = "the path cannot be taken as it is: write it without //, . and .. as parts, and NUL";
        return Err(Problem::bad_request(detail));
    }
    Ok(())
}

/// What is answered where the table names no such call.
fn elsewhere(request: &ServiceRequest, pattern: &str) -> HttpResponse {
    let allowed = address::allowed(pattern);
    if allowed.is_empty() {
        return HttpResponse::from_error(address::nothing_at(request.path()));
    }
    let mut answer = if *request.method() == Method::OPTIONS {
        HttpResponse::NoContent().finish()
    } else {
        let detail = format!("this address takes {allowed}");
        HttpResponse::from_error(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail))
    };
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}
