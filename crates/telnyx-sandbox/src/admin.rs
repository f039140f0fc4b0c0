//! `/admin`: what the sandbox knows, and what it is told to do.

use std::convert::Infallible;

use actix_web::{HttpResponse, web};
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{Account, OutcomeOf, TooManyScripts};
use crate::clock;
use crate::courier::Signed;
use crate::outcome::Outcome;

/// Lines of the ledger that are read at once, so that no answer holds up what comes in.
const LEDGER_PAGE: usize = 4096;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/admin/ledger", web::get().to(ledger))
        .route("/admin/summary", web::get().to(summary))
        .route("/admin/public-key", web::get().to(public_key))
        .route("/admin/outcomes", web::post().to(set_outcome))
        .route("/admin/webhooks", web::post().to(post_webhook));
}

/// Which part of the ledger.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    /// The lines before it are left out.
    #[serde(default)]
    first: usize,
}

async fn ledger(from: web::Query<From>, account: web::Data<Account>) -> HttpResponse {
    let begin = from.first;
    let pages = stream::unfold(Some(begin), move |first: Option<usize>| {
        let account = account.clone();
        async move { first.map(|first| page(&account, begin, first)) }
    });
    HttpResponse::Ok().content_type("application/json").streaming(pages)
}

/// The text of a page of the ledger, and where the next begins, if there is one.
fn page(account: &Account, begin: usize, first: usize) -> (Result<web::Bytes, Infallible>, Option<usize>) {
    let lines = account.ledger(first, LEDGER_PAGE);
    let mut text = if first == begin { r#"{"data":["#.to_owned() } else { String::new() };
    for (at, line) in lines.iter().enumerate() {
        if first + at > begin {
            text.push(',');
        }
        text.push_str(&json!(line).to_string());
    }
    let is_last = lines.len() < LEDGER_PAGE;
    if is_last {
        text.push_str("]}");
    }
    (Ok(text.into()), (!is_last).then_some(first + LEDGER_PAGE))
}

async fn summary(account: web::Data<Account>) -> HttpResponse {
    let mut summary = account.summarize(|summary| json!(summary));
    summary["webhooks"] = json!(account.courier.deliveries());
    HttpResponse::Ok().json(summary)
}

async fn public_key(account: web::Data<Account>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"public_key": account.courier.public_key()}))
}

/// An outcome by script.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    outcome: Option<Outcome>,
    to: Option<String>,
    from: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

async fn set_outcome(script: web::Json<Script>, account: web::Data<Account>) -> HttpResponse {
    let Script { outcome, to, from, reference } = script.into_inner();
    let of = match (to, from, reference) {
        (None, None, None) => OutcomeOf::Everything,
        (Some(number), None, None) => OutcomeOf::Number(number),
        (None, Some(sender), None) => OutcomeOf::Sender(sender),
        (None, None, Some(attempt)) => OutcomeOf::Attempt(attempt),
        _ => return HttpResponse::UnprocessableEntity().body("give one of to, from and ref"),
    };
    match account.script(of, outcome) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(TooManyScripts) => HttpResponse::UnprocessableEntity().body("there are too many outcomes"),
    }
}

/// A webhook made by hand, posted once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandMade {
    url: String,
    body: Value,
    /// Seconds since 1970; now, if none is given.
    timestamp: Option<i64>,
    #[serde(default)]
    signature: Signed,
}

async fn post_webhook(hand_made: web::Json<HandMade>, account: web::Data<Account>) -> HttpResponse {
    let HandMade { url, body, timestamp, signature } = hand_made.into_inner();
    let timestamp = timestamp.unwrap_or_else(|| clock::now().as_second());
    match account.courier.post(&url, body.to_string().into_bytes(), timestamp, signature).await {
        Ok(status) => HttpResponse::Ok().json(json!({"status": status})),
        Err(_) => HttpResponse::BadGateway().body("nobody answered at that address"),
    }
}
