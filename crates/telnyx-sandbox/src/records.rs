//! `GET /v2/detail_records`: what was billed for each message that was accepted.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::{Account, Message};
use crate::event::EventKind;
use crate::messages::is_authorized;
use crate::payload::cost_of;
use crate::refusal::Refusal;

/// Messages that are looked at at once, so that no answer holds up what comes in.
const LOOKED_AT: usize = 4096;
const PAGE_SIZE: usize = 20;
const PAGE_SIZE_MAX: usize = 50;

/// Which records are asked for.
#[derive(Default)]
struct Filter {
    to: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    page: usize,
    size: usize,
    newest_first: bool,
}

impl Filter {
    /// The parameters that we know, `filter[cld]`, `filter[direction]`, `filter[created_at][gte|lt]`, `page[number|size]` and `sort`; any other
    /// is refused, for its records would be too many.
    fn parse(query: &HashMap<String, String>) -> Option<Self> {
        let mut filter = Self { page: 1, size: PAGE_SIZE, ..Self::default() };
        for (name, value) in query {
            match name.as_str() {
                "filter[record_type]" if value == "messaging" => {}
                // What came in is on no record here.
                "filter[direction]" if value == "outbound" => {}
                "filter[cld]" => filter.to = Some(value.clone()),
                "filter[created_at][gte]" => filter.from = Some(value.parse().ok()?),
                "filter[created_at][lt]" => filter.until = Some(value.parse().ok()?),
                "page[number]" => filter.page = value.parse().ok().filter(|page| *page > 0)?,
                "page[size]" => {
                    filter.size = value.parse().ok().filter(|size| (1..=PAGE_SIZE_MAX).contains(size))?;
                }
                "sort" if value == "-created_at" => filter.newest_first = true,
                "sort" if value == "created_at" => {}
                _ => return None,
            }
        }
        query.contains_key("filter[record_type]").then_some(filter)
    }

    fn wants(&self, message: &Message) -> bool {
        self.to.as_deref().is_none_or(|to| *to == *message.to)
            && self.from.is_none_or(|from| message.accepted_at >= from)
            && self.until.is_none_or(|until| message.accepted_at < until)
    }
}

pub(crate) async fn search(
    request: HttpRequest,
    query: web::Query<HashMap<String, String>>,
    account: web::Data<Account>,
) -> HttpResponse {
    if !is_authorized(request.headers(), account.options.api_key.as_deref()) {
        return Refusal::UNAUTHENTICATED.answer();
    }
    let Some(filter) = Filter::parse(&query) else { return Refusal::BAD_FILTER.answer() };
    let mut found: Vec<Arc<Message>> = Vec::new();
    for first in (0..).step_by(LOOKED_AT) {
        let messages = account.messages(first, LOOKED_AT);
        let is_last = messages.len() < LOOKED_AT;
        found.extend(messages.into_iter().filter(|message| filter.wants(message)));
        if is_last {
            break;
        }
        tokio::task::yield_now().await;
    }
    if filter.newest_first {
        found.reverse();
    }
    let total = found.len();
    let first = (filter.page - 1).saturating_mul(filter.size);
    let page: Vec<Value> =
        found.iter().skip(first).take(filter.size).map(|message| record(message)).collect();
    HttpResponse::Ok().json(json!({
        "data": page,
        "meta": {
            "page_number": filter.page, "page_size": filter.size, "total_results": total,
            "total_pages": total.div_ceil(filter.size),
        },
    }))
}

/// What was billed: every message that was accepted, delivered or not.
fn record(message: &Message) -> Value {
    let events = message.events();
    let status = if events.contains(&EventKind::Delivered) {
        "delivered"
    } else if events.contains(&EventKind::Undelivered) {
        "failed"
    } else {
        "dlr_timeout"
    };
    json!({
        "record_type": "message_detail_record", "message_type": "SMS", "direction": "outbound",
        "uuid": message.id, "cld": message.to, "cli": message.from, "country_code": "MX", "carrier": "SANDBOX",
        "status": status, "parts": message.parts, "cost": cost_of(message.parts.into()), "rate": cost_of(1),
        "currency": "USD", "errors": if status == "failed" { json!(["40008"]) } else { json!([]) },
        "created_at": message.accepted_at, "sent_at": message.accepted_at, "updated_at": message.accepted_at,
        "completed_at": message.accepted_at,
        "delivery_status_webhook_url": message.webhook_url.as_deref().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(pairs: &[(&str, &str)]) -> Option<Filter> {
        let query = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Filter::parse(&query)
    }

    #[test]
    fn what_is_asked_for_is_known_or_refused() {
        let found = filter(&[
            ("filter[record_type]", "messaging"),
            ("filter[cld]", "+525512345678"),
            ("filter[created_at][gte]", "2026-11-01T00:00:00Z"),
            ("page[number]", "2"),
            ("page[size]", "50"),
            ("sort", "-created_at"),
        ])
        .unwrap();
        assert_eq!((found.to.as_deref(), found.page, found.size), (Some("+525512345678"), 2, 50));
        assert!(found.newest_first && found.from.is_some() && found.until.is_none());
        for bad in [
            &[("filter[cld]", "+525512345678")][..],
            &[("filter[record_type]", "call-control")],
            &[("filter[record_type]", "messaging"), ("page[size]", "51")],
            &[("filter[record_type]", "messaging"), ("page[number]", "0")],
            &[("filter[record_type]", "messaging"), ("filter[created_at][gte]", "yesterday")],
            &[("filter[record_type]", "messaging"), ("filter[status]", "sent")],
        ] {
            assert!(filter(bad).is_none(), "{bad:?}");
        }
    }
}
