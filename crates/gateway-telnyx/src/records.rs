//! What Telnyx has on record of messages: `GET /v2/detail_records`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::billing::Bill;
use domain::phone::PhoneNumber;
use domain::port::{ProviderEvent, ProviderRecords, RecordQuestion, RecordsUnavailable, Report};
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::answer::retry_after;
use crate::bill;
use crate::client::{TelnyxGatewayError, address, client, read_body};
use crate::codes::{self, Verdict};
use crate::gateway::TelnyxOptions;
use crate::keys::TelnyxKeys;
use crate::webhooks::{is_word, reference, without_nul};

/// The most records of one answer, which is as many as Telnyx gives at once.
const RECORDS_MAX: &str = "50";

/// The kind of the events that records become.
const KIND: &str = "message_detail_record";

/// Asks Telnyx what it has on record.
pub struct TelnyxRecords {
    client: Client,
    keys: Arc<TelnyxKeys>,
    records: Url,
}

/// Shows neither key nor address.
impl fmt::Debug for TelnyxRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelnyxRecords").finish_non_exhaustive()
    }
}

impl TelnyxRecords {
    /// Makes what asks; nothing is connected yet.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn new(options: &TelnyxOptions) -> Result<Self, TelnyxGatewayError> {
        Ok(Self {
            client: client(options.timeouts(), options.connections_max)?,
            keys: Arc::clone(&options.keys),
            records: address(&options.api_base_url, ["v2", "detail_records"])?,
        })
    }
}

#[async_trait]
impl ProviderRecords for TelnyxRecords {
    fn provider(&self) -> &'static str {
        "telnyx"
    }

    fn bill(&self, payload: &str) -> Option<Bill> {
        bill::read(payload)
    }

    async fn find(&self, question: RecordQuestion) -> Result<Vec<ProviderEvent>, RecordsUnavailable> {
        let mut url = self.records.clone();
        url.query_pairs_mut()
            .append_pair("filter[record_type]", "messaging")
            .append_pair("filter[direction]", "outbound")
            .append_pair("filter[cld]", question.phone.e164().as_str())
            .append_pair("filter[created_at][gte]", &question.from.to_string())
            .append_pair("filter[created_at][lt]", &question.until.to_string())
            .append_pair("sort", "-created_at")
            .append_pair("page[size]", RECORDS_MAX);
        let request = self.client.get(url).header(AUTHORIZATION, self.keys.of_sender(&question.sender));
        let mut response = request.send().await.map_err(|error| {
            unavailable(if error.is_timeout() { "timeout" } else { "connection_lost" }, None)
        })?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()).map(str::to_owned);
        let body = read_body(&mut response).await;
        let body: Option<Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
        if !(200..300).contains(&status) {
            let code =
                codes::numbers(body.as_ref().and_then(|body| body.get("errors"))).find_map(codes::look_up);
            let reason = match (code, status) {
                (Some(code), _) => code.reason,
                (None, 401) => "key_refused",
                (None, 403) => "not_authorized",
                (None, 429) => "too_many_requests",
                (None, _) => "provider_fault",
            };
            return Err(unavailable(reason, retry_after(wait.as_deref())));
        }
        let records = body.as_ref().and_then(|body| body.get("data")).and_then(Value::as_array);
        let records = records.ok_or_else(|| unavailable("answer_unreadable", None))?;
        Ok(records.iter().filter_map(event).collect())
    }
}

fn unavailable(reason: &str, retry_after: Option<Duration>) -> RecordsUnavailable {
    RecordsUnavailable { reason: reason.to_owned(), retry_after }
}

/// A record as an event: the same record at the same status is the same event, however often it is found.
fn event(record: &Value) -> Option<ProviderEvent> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let (uuid, status) = (text("uuid").filter(|id| is_word(id))?, text("status").unwrap_or_default());
    let status = if is_word(status) { status } else { "unknown" };
    if text("direction") == Some("inbound") {
        return None;
    }
    let webhook = text("delivery_status_webhook_url").and_then(|url| Url::parse(url).ok());
    let named = webhook.as_ref().and_then(Url::query).and_then(reference);
    let report = match status {
        "delivered" => Report::Delivered,
        "failed" | "gw_reject" => {
            let code = codes::numbers(record.get("errors")).find_map(codes::look_up);
            Report::Undelivered {
                reason: code.map_or("delivery_failed", |code| code.reason).to_owned(),
                opted_out: code.is_some_and(|code| code.verdict == Verdict::OptedOut),
            }
        }
        // Telnyx took it, and does not know what became of it.
        "sent" | "dlr_timeout" | "dlr_unconfirmed" | "gw_timeout" => Report::Sent,
        _ => Report::Other { status: status.to_owned() },
    };
    Some(ProviderEvent {
        id: format!("record:{uuid}:{status}"),
        kind: KIND.to_owned(),
        reference: named.and_then(|named| named.parse().ok()),
        provider_id: Some(uuid.to_owned()),
        phone: text("cld").and_then(|phone| PhoneNumber::parse(phone).ok()),
        report,
        occurred_at: text("completed_at").or_else(|| text("created_at")).and_then(|time| time.parse().ok()),
        payload: without_nul(&record.to_string()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: &str, url: &str) -> Value {
        serde_json::json!({
            "record_type": "message_detail_record", "direction": "outbound", "uuid": "40385f64", "cld": "+525512345678",
            "status": status, "parts": 1, "cost": "0.0051", "currency": "USD", "errors": ["40300"],
            "created_at": "2026-11-20T10:00:00Z", "completed_at": "2026-11-20T10:00:05Z",
            "delivery_status_webhook_url": url,
        })
    }

    #[test]
    fn a_record_says_what_became_of_the_attempt_that_its_address_names() {
        let attempt = "0192e000000070008000000000000001-7-2";
        let reports =
            |status: &str| event(&record(status, "https://sms.example.mx/webhooks/telnyx")).unwrap().report;
        assert_eq!(reports("delivered"), Report::Delivered);
        for status in ["failed", "gw_reject"] {
            let undelivered = Report::Undelivered { reason: "opted_out".to_owned(), opted_out: true };
            assert_eq!(reports(status), undelivered);
        }
        for status in ["sent", "dlr_timeout", "dlr_unconfirmed", "gw_timeout"] {
            assert_eq!(reports(status), Report::Sent, "{status}");
        }
        assert_eq!(reports("teleported"), Report::Other { status: "teleported".to_owned() });
        let named = event(&record("delivered", &format!("https://h/webhooks/telnyx?ref={attempt}"))).unwrap();
        assert_eq!(named.reference.unwrap().to_string(), attempt);
        assert_eq!(named.id, "record:40385f64:delivered");
        assert_eq!(named.occurred_at, "2026-11-20T10:00:05Z".parse().ok());
        assert_eq!(bill::read(&named.payload).unwrap().segments, 1);
    }

    #[test]
    fn what_names_nobody_or_is_of_another_form_is_no_event_or_one_without_a_reference() {
        assert!(event(&record("delivered", "not an address")).unwrap().reference.is_none());
        assert!(event(&record("delivered", "https://h/?ref=%27")).unwrap().reference.is_none());
        let mut inbound = record("received", "");
        inbound["direction"] = "inbound".into();
        assert!(event(&inbound).is_none());
        for broken in ["null", "{}", r#"{"uuid":7}"#, r#"{"uuid":""}"#] {
            assert!(event(&serde_json::from_str(broken).unwrap()).is_none(), "{broken}");
        }
    }
}
