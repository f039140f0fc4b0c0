//! Reads what Telnyx posts: first whose it is, then what it says.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::phone::PhoneNumber;
use domain::port::{ProviderEvent, ProviderWebhooks, Report, WebhookPost, WebhookRefused};
use ed25519_dalek::{Signature, VerifyingKey};
use jiff::Timestamp;
use serde_json::Value;

use crate::codes::{self, Verdict};

/// How far the signed time may be from ours, either way.
const CLOCK_SKEW_MAX_S: u64 = 300;

/// The most characters of an id, a kind or a status that we keep. Telnyx's are UUIDs and short words.
const WORD_CHARS_MAX: usize = 100;

/// A public key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public key of telnyx is not an ed25519 key in base64")]
pub struct TelnyxPublicKeyError;

/// Reads Telnyx's webhooks, signed with Ed25519 over `timestamp|body`.
#[derive(Clone)]
pub struct TelnyxWebhooks {
    keys: Arc<[VerifyingKey]>,
}

impl fmt::Debug for TelnyxWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelnyxWebhooks").finish_non_exhaustive()
    }
}

impl TelnyxWebhooks {
    /// Takes the account's public keys, in base64: while one takes the place of another, what either signed is believed.
    ///
    /// # Errors
    /// When there is none, or one of them is none or would verify what nobody signed.
    pub fn new(public_keys: &[impl AsRef<str>]) -> Result<Self, TelnyxPublicKeyError> {
        let keys: Arc<[_]> =
            public_keys.iter().map(|key| read_key(key.as_ref())).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(TelnyxPublicKeyError) } else { Ok(Self { keys }) }
    }

    fn verify(&self, post: WebhookPost<'_>, now: Timestamp) -> Option<()> {
        let (signature, timestamp) = (post.signature?, post.timestamp?);
        // Nothing but digits: `+1` or ` 1` would be another text that was signed.
        if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let signed_at: i64 = timestamp.parse().ok()?;
        if now.as_second().abs_diff(signed_at) > CLOCK_SKEW_MAX_S {
            return None;
        }
        let signature = Signature::from_slice(&BASE64.decode(signature).ok()?).ok()?;
        let signed = [timestamp.as_bytes(), b"|", post.body].concat();
        self.keys.iter().find_map(|key| key.verify_strict(&signed, &signature).ok())
    }
}

fn read_key(public_key: &str) -> Result<VerifyingKey, TelnyxPublicKeyError> {
    let bytes = BASE64.decode(public_key.trim()).map_err(|_| TelnyxPublicKeyError)?;
    let bytes = bytes.as_slice().try_into().map_err(|_| TelnyxPublicKeyError)?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| TelnyxPublicKeyError)?;
    if key.is_weak() { Err(TelnyxPublicKeyError) } else { Ok(key) }
}

impl ProviderWebhooks for TelnyxWebhooks {
    fn provider(&self) -> &'static str {
        "telnyx"
    }

    fn read(&self, post: WebhookPost<'_>, now: Timestamp) -> Result<ProviderEvent, WebhookRefused> {
        self.verify(post, now).ok_or(WebhookRefused::Unsigned)?;
        read_event(post.query, post.body).ok_or(WebhookRefused::Unreadable)
    }
}

/// An event has an id and a kind; whatever else is missing or of another form is left open.
fn read_event(query: &str, body: &[u8]) -> Option<ProviderEvent> {
    let text = without_nul(str::from_utf8(body).ok()?);
    let event: Value = serde_json::from_str(&text).ok()?;
    let at = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let word = |pointer: &str| at(pointer).filter(|word| is_word(word));
    let (id, kind) = (word("/data/id")?, word("/data/event_type")?);
    let status = at("/data/payload/to/0/status").unwrap_or_default();
    let errors = event.pointer("/data/payload/errors");
    let (report, phone) = match kind {
        "message.received" => {
            let text = at("/data/payload/text").unwrap_or_default().to_owned();
            (Report::Inbound { text }, at("/data/payload/from/phone_number"))
        }
        "message.sent" => (Report::Sent, at("/data/payload/to/0/phone_number")),
        "message.finalized" => (finalized(status, errors), at("/data/payload/to/0/phone_number")),
        _ => (other(kind), at("/data/payload/to/0/phone_number")),
    };
    Some(ProviderEvent {
        id: id.to_owned(),
        kind: kind.to_owned(),
        reference: reference(query).and_then(|reference| reference.parse().ok()),
        provider_id: word("/data/payload/id").map(str::to_owned),
        phone: phone.and_then(|phone| PhoneNumber::parse(phone).ok()),
        report,
        occurred_at: at("/data/occurred_at").and_then(|time| time.parse().ok()),
        payload: text.into_owned(),
    })
}

/// What the last status of a message says.
fn finalized(status: &str, errors: Option<&Value>) -> Report {
    match status {
        "delivered" => Report::Delivered,
        "delivery_failed" | "sending_failed" | "expired" => {
            let code = codes::numbers(errors).find_map(codes::look_up);
            Report::Undelivered {
                reason: code.map_or(status, |code| code.reason).to_owned(),
                opted_out: code.is_some_and(|code| code.verdict == Verdict::OptedOut),
            }
        }
        "sent" => Report::Sent,
        // `delivery_unconfirmed` among them: the carrier never said, and the message may well have arrived. Its
        // deadline makes it unknown to people, which is what it is.
        _ => other(status),
    }
}

fn other(status: &str) -> Report {
    Report::Other { status: status.chars().take(WORD_CHARS_MAX).collect() }
}

pub(crate) fn is_word(word: &str) -> bool {
    !word.is_empty() && word.len() <= WORD_CHARS_MAX && word.bytes().all(|byte| byte.is_ascii_graphic())
}

/// JSON with `\u0000` replaced, the one character that JSON has and no database's text does. An `@` of the GSM alphabet
/// that somebody read as ASCII is one.
pub(crate) fn without_nul(json: &str) -> Cow<'_, str> {
    const NUL: &str = r"\u0000";
    if !json.contains(NUL) {
        return Cow::Borrowed(json);
    }
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        replaced.push_str(before);
        if let Some(after) = escape.strip_prefix(NUL) {
            replaced.push_str(r"\ufffd");
            rest = after;
        } else {
            // What is escaped goes with its backslash: it may be one itself.
            let (escape, after) =
                escape.split_at(escape.char_indices().nth(2).map_or(escape.len(), |(at, _)| at));
            replaced.push_str(escape);
            rest = after;
        }
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}

/// The parameter `ref`. It is ours, so it never needs decoding.
pub(crate) fn reference(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("ref="))
}

#[cfg(test)]
mod tests;
