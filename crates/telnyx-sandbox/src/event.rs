//! The webhooks of a message.

use serde::Serialize;
use uuid::Uuid;

use crate::account::Message;
use crate::clock;
use crate::payload::{self, Payload};

/// What people write who want no more.
const STOP_WORD: &str = "ALTO";

/// What a webhook tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// `message.sent`.
    Sent,
    /// `message.finalized`, delivered.
    Delivered,
    /// `message.finalized`, not delivered.
    Undelivered,
    /// `message.received` from the number, which wants no more.
    InboundAlto,
}

impl EventKind {
    fn name(self) -> &'static str {
        match self {
            Self::Sent => "message.sent",
            Self::Delivered | Self::Undelivered => "message.finalized",
            Self::InboundAlto => "message.received",
        }
    }

    /// An id of this kind for a message, the same whenever it is asked for. The lower half of a message's id counts
    /// messages and the rest is that of the run, so that no two of these are equal.
    fn id(self, message: &Message) -> Uuid {
        let kind: u128 = match self {
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Undelivered => 3,
            Self::InboundAlto => 4,
        };
        Uuid::from_u128(message.id.as_u128() ^ (kind << 40))
    }

    /// Where it is posted: what somebody writes belongs to no attempt.
    pub(crate) fn url(self, webhook_url: &str) -> &str {
        match self {
            Self::Sent | Self::Delivered | Self::Undelivered => webhook_url,
            Self::InboundAlto => webhook_url.split('?').next().unwrap_or(webhook_url),
        }
    }
}

#[derive(Serialize)]
struct Event<'a> {
    data: EventData<'a>,
    meta: Meta<'a>,
}

#[derive(Serialize)]
struct EventData<'a> {
    record_type: &'static str,
    event_type: &'static str,
    id: Uuid,
    occurred_at: jiff::Timestamp,
    payload: Payload<'a>,
}

#[derive(Serialize)]
struct Meta<'a> {
    attempt: u32,
    delivered_to: &'a str,
}

/// The body of one try to post the last of `events`.
pub(crate) fn body(
    message: &Message,
    text: &str,
    events: &[EventKind],
    kind: EventKind,
    attempt: u32,
    url: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let now = clock::now();
    let payload = match kind {
        EventKind::Sent => payload::outbound(message, Some(text), &[EventKind::Sent], now),
        EventKind::Delivered | EventKind::Undelivered => payload::outbound(message, Some(text), events, now),
        EventKind::InboundAlto => {
            let id = Uuid::from_u128(kind.id(message).as_u128() ^ (1 << 48));
            payload::inbound(message, id, STOP_WORD, now)
        }
    };
    serde_json::to_vec(&Event {
        data: EventData {
            record_type: "event",
            event_type: kind.name(),
            id: kind.id(message),
            occurred_at: now,
            payload,
        },
        meta: Meta { attempt, delivered_to: url },
    })
}
