//! A message as Telnyx shows it: in the answer, when it is asked for, and in every receipt.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::account::Message;
use crate::event::EventKind;
use crate::new_message::Size;
use crate::refusal::Refusal;

/// The fields of `OutboundMessagePayload` that say something here.
#[derive(Serialize)]
pub(crate) struct Payload<'a> {
    record_type: &'static str,
    direction: &'static str,
    id: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    from: Party<'a>,
    to: [Party<'a>; 1],
    #[serde(flatten)]
    content: Option<Content<'a>>,
    webhook_url: Option<&'a str>,
    webhook_failover_url: Option<&'a str>,
    tags: [&'static str; 0],
    received_at: Timestamp,
    sent_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    errors: Vec<Value>,
}

#[derive(Serialize)]
struct Party<'a> {
    phone_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    carrier: &'static str,
    line_type: &'static str,
}

/// What can be said of a message as long as its text is known.
#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
    encoding: &'static str,
    parts: usize,
    cost: Cost,
}

#[derive(Serialize)]
struct Cost {
    amount: String,
    currency: &'static str,
}

/// What a part costs, in ten thousandths of a dollar.
const PART_COST: usize = 51;

/// `message` once `events` of it are known, at the time that `now` is.
pub(crate) fn outbound<'a>(
    message: &'a Message,
    text: Option<&'a str>,
    events: &[EventKind],
    now: Timestamp,
) -> Payload<'a> {
    let is_delivered = events.contains(&EventKind::Delivered);
    let is_undelivered = events.contains(&EventKind::Undelivered);
    let status = match events {
        _ if is_delivered => "delivered",
        _ if is_undelivered => "delivery_failed",
        [] => "queued",
        [..] => "sent",
    };
    Payload {
        record_type: "message",
        direction: "outbound",
        id: message.id,
        kind: "SMS",
        from: party(&message.from, None),
        to: [party(&message.to, Some(status))],
        content: text.map(content),
        webhook_url: message.webhook_url.as_deref(),
        webhook_failover_url: None,
        tags: [],
        received_at: message.accepted_at,
        sent_at: (!events.is_empty()).then_some(now),
        completed_at: (is_delivered || is_undelivered).then_some(now),
        errors: if is_undelivered { vec![Refusal::UNDELIVERABLE.to_json()] } else { Vec::new() },
    }
}

/// What the number that `message` went to writes back.
pub(crate) fn inbound<'a>(message: &'a Message, id: Uuid, text: &'a str, now: Timestamp) -> Payload<'a> {
    Payload {
        record_type: "message",
        direction: "inbound",
        id,
        kind: "SMS",
        from: party(&message.to, Some("delivered")),
        to: [party(&message.from, Some("webhook_delivered"))],
        content: Some(content(text)),
        webhook_url: None,
        webhook_failover_url: None,
        tags: [],
        received_at: now,
        sent_at: None,
        completed_at: None,
        errors: Vec::new(),
    }
}

fn party<'a>(phone_number: &'a str, status: Option<&'static str>) -> Party<'a> {
    Party { phone_number, status, carrier: "SANDBOX", line_type: "Wireless" }
}

fn content(text: &str) -> Content<'_> {
    let Size { encoding, parts } = Size::of(text);
    Content { text, encoding, parts, cost: Cost { amount: cost_of(parts), currency: "USD" } }
}

/// What so many parts cost, in dollars.
pub(crate) fn cost_of(parts: usize) -> String {
    let cost = parts * PART_COST;
    format!("{}.{:04}", cost / 10_000, cost % 10_000)
}
