//! `/v2/messages`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::rt::time::{sleep, timeout};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use uuid::Uuid;

use crate::account::{Account, Message, Taken};
use crate::clock;
use crate::lookup;
use crate::new_message::ValidMessage;
use crate::outcome::Outcome;
use crate::page;
use crate::payload;
use crate::records;
use crate::refusal::Refusal;
use crate::wire;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// How long an answer waits for webhooks that nobody takes.
const WEBHOOKS_WAIT_MAX: Duration = Duration::from_secs(5);

/// What stands between us and the provider says of a provider that does not answer.
const BAD_GATEWAY: &str =
    "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v2/messages", web::post().to(create))
        .route("/v2/messages/{id}", web::get().to(show))
        .route("/v2/number_lookup/{number}", web::get().to(lookup::look_up))
        .route("/v2/detail_records", web::get().to(records::search))
        .route("/", web::get().to(page::show))
        .default_service(web::to(|| async { Refusal::NOT_FOUND.answer() }));
}

async fn create(request: HttpRequest, body: web::Bytes, account: web::Data<Account>) -> HttpResponse {
    let taken = take(&request, &body, &account);
    let time = match &taken {
        Ok(Taken::Now(message)) => account.time_to_answer(message.outcome),
        Ok(Taken::Before(_)) | Err(_) => account.options.latency,
    };
    if !time.is_zero() {
        sleep(time).await;
    }
    match taken {
        Ok(Taken::Now(message)) => answer(&request, &body, &account, &message).await,
        Ok(Taken::Before(message)) => accepted(&message, &body),
        Err(refusal) => refusal.answer(),
    }
}

fn take(request: &HttpRequest, body: &[u8], account: &Account) -> Result<Taken, Refusal> {
    if !is_authorized(request.headers(), account.options.api_key.as_deref()) {
        return Err(Refusal::UNAUTHENTICATED);
    }
    let key = idempotency_key(request.headers())?;
    let message = ValidMessage::parse(body)?;
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    account.take(message, key, hasher.finish())
}

/// Answers a message that was accepted, or does not.
async fn answer(request: &HttpRequest, body: &[u8], account: &Account, message: &Message) -> HttpResponse {
    match message.outcome {
        Outcome::NoAnswer => {
            sleep(account.options.silence).await;
            wire::cut(request);
        }
        Outcome::Cut => wire::cut(request),
        Outcome::BadGateway => return HttpResponse::BadGateway().content_type("text/html").body(BAD_GATEWAY),
        // When nobody takes them the answer comes all the same, and they later.
        Outcome::ReceiptFirst => drop(timeout(WEBHOOKS_WAIT_MAX, message.all_tried.notified()).await),
        Outcome::Delivered
        | Outcome::Undelivered
        | Outcome::Refused
        | Outcome::RefusedForNow
        | Outcome::Throttled
        | Outcome::Slow
        | Outcome::ReceiptTwice
        | Outcome::ReceiptsReversed
        | Outcome::NoReceipt
        | Outcome::InboundAlto
        | Outcome::OptedOut
        | Outcome::SpendLimit
        | Outcome::SenderBlocked => {}
    }
    accepted(message, body)
}

/// The answer to an accepted message; the same whenever it is given.
fn accepted(message: &Message, body: &[u8]) -> HttpResponse {
    // It was parsed before it was accepted.
    let text = ValidMessage::parse(body).map(|message| message.text).unwrap_or_default();
    HttpResponse::Ok()
        .json(json!({"data": payload::outbound(message, Some(&text), &[], message.accepted_at)}))
}

async fn show(request: HttpRequest, id: web::Path<String>, account: web::Data<Account>) -> HttpResponse {
    if !is_authorized(request.headers(), account.options.api_key.as_deref()) {
        return Refusal::UNAUTHENTICATED.answer();
    }
    match id.parse::<Uuid>().ok().and_then(|id| account.message(id)) {
        Some(message) => HttpResponse::Ok()
            .json(json!({"data": payload::outbound(&message, None, message.events(), clock::now())})),
        None => Refusal::NOT_FOUND.answer(),
    }
}

pub(crate) fn is_authorized(headers: &HeaderMap, api_key: Option<&str>) -> bool {
    let borne = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    api_key.is_none_or(|key| borne.and_then(|borne| borne.strip_prefix("Bearer ")) == Some(key))
}

/// The key, if there is one: once, 1 to 255 letters, digits, hyphens or underscores.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY);
    let Some(key) = given.next() else { return Ok(None) };
    let is_key = |key: &&str| {
        (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let key = key.to_str().ok().filter(is_key).ok_or(Refusal::BAD_REQUEST)?;
    if given.next().is_some() { Err(Refusal::BAD_REQUEST) } else { Ok(Some(key)) }
}
