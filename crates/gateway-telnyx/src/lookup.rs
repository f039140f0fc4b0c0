//! The number lookup: one call for one number.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::contact::LineType;
use domain::lookup::LookedUp;
use domain::phone::PhoneNumber;
use domain::port::{LookupOutcome, NumberLookup};
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::answer::{Answer, retry_after};
use crate::client::{TelnyxGatewayError, address, client, read_body};
use crate::codes::{self, Verdict};
use crate::keys::TelnyxKeys;

/// The word that the table of codes has for a number that is none, of whatever kind.
const INVALID_NUMBER: &str = "invalid_number";

/// The word that it has for something that is not there: of a lookup, the number.
const NOT_FOUND: &str = "not_found";

/// How Telnyx's number lookup is reached.
#[derive(Debug, Clone)]
pub struct TelnyxLookupOptions {
    /// Where its API is, as in `https://api.telnyx.com`.
    pub api_base_url: String,
    /// The key of the account; others are of senders, which numbers have none of.
    pub keys: Arc<TelnyxKeys>,
    /// How long a connection may take to be made; a call waits as long for its turn.
    pub connect_timeout: Duration,
    /// How long a call may take as a whole once its turn has come.
    pub request_timeout: Duration,
    /// The most calls that are under way at once.
    pub connections_max: usize,
}

/// Asks Telnyx about numbers: one call a number, nothing repeated, no redirect followed.
pub struct TelnyxLookup {
    client: Client,
    keys: Arc<TelnyxKeys>,
    numbers: Url,
    calls: Semaphore,
    turn_timeout: Duration,
}

/// Shows neither key nor address.
impl fmt::Debug for TelnyxLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelnyxLookup").finish_non_exhaustive()
    }
}

impl TelnyxLookup {
    /// Makes a lookup; nothing is connected yet.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(options: &TelnyxLookupOptions) -> Result<Self, TelnyxGatewayError> {
        let timeouts = (options.connect_timeout, options.request_timeout);
        Ok(Self {
            client: client(timeouts, options.connections_max)?,
            keys: Arc::clone(&options.keys),
            numbers: address(&options.api_base_url, ["v2", "number_lookup"])?,
            calls: Semaphore::new(options.connections_max),
            turn_timeout: options.connect_timeout,
        })
    }

    async fn call(&self, phone: PhoneNumber) -> Result<LookupOutcome, reqwest::Error> {
        let mut number = self.numbers.clone();
        if let Ok(mut path) = number.path_segments_mut() {
            path.push(phone.e164().as_str());
        }
        number.query_pairs_mut().append_pair("type", "carrier");
        let mut response = self.client.get(number).header(AUTHORIZATION, self.keys.account()).send().await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = read_body(&mut response).await;
        Ok(outcome(&Answer { status, retry_after: retry_after.as_deref(), body: body.as_deref() }))
    }
}

#[async_trait]
impl NumberLookup for TelnyxLookup {
    fn provider(&self) -> &'static str {
        "telnyx"
    }

    async fn look_up(&self, phone: PhoneNumber) -> LookupOutcome {
        let Ok(Ok(_turn)) = timeout(self.turn_timeout, self.calls.acquire()).await else {
            return LookupOutcome::NotNow { retry_after: None };
        };
        match self.call(phone).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let outcome = without_answer(&error);
                tracing::debug!(phone = %phone.masked(), ?outcome, "telnyx gave no answer about a number");
                outcome
            }
        }
    }
}

/// What an answer says of a number: its code first, by the one table, and its HTTP status where it names none that we know.
fn outcome(answer: &Answer<'_>) -> LookupOutcome {
    let body: Value = answer.body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null);
    if (200..300).contains(&answer.status) {
        return match body.get("data") {
            Some(data) if data.is_object() => told(data),
            _ => failed("answer_unreadable"),
        };
    }
    let code = codes::numbers(body.get("errors")).find_map(codes::look_up);
    let (verdict, reason) = match code {
        Some(code) => (code.verdict, code.reason),
        None => of_status(answer.status),
    };
    match (verdict, reason) {
        (_, INVALID_NUMBER | NOT_FOUND) => LookupOutcome::UnknownNumber,
        (Verdict::Throttled | Verdict::NotSent, _) => {
            LookupOutcome::NotNow { retry_after: retry_after(answer.retry_after) }
        }
        (Verdict::Blocked | Verdict::SenderBlocked, reason) => {
            LookupOutcome::AccountBlocked { reason: reason.to_owned() }
        }
        (Verdict::Refused | Verdict::CannotReach | Verdict::OptedOut | Verdict::Unknown, reason) => {
            failed(reason)
        }
    }
}

fn of_status(status: u16) -> (Verdict, &'static str) {
    match status {
        401 => (Verdict::Blocked, "key_refused"),
        402 => (Verdict::Blocked, "out_of_credit"),
        403 => (Verdict::Blocked, "not_authorized"),
        429 => (Verdict::Throttled, "too_many_requests"),
        300..400 => (Verdict::Unknown, "redirected"),
        400..500 => (Verdict::Unknown, "unlisted_error"),
        500..600 => (Verdict::Unknown, "provider_fault"),
        _ => (Verdict::Unknown, "answer_unreadable"),
    }
}

/// What stands under `data`. The carrier's word on the line comes first, that of the register of ported numbers where it has none.
fn told(data: &Value) -> LookupOutcome {
    let text =
        |pointer: &str| data.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let words = [text("/carrier/type"), text("/portability/line_type")];
    let line_type = words
        .into_iter()
        .flatten()
        .map(LookedUp::line_type_of)
        .find(|line_type| *line_type != LineType::Unknown)
        .unwrap_or(LineType::Unknown);
    let names =
        [text("/carrier/name"), text("/carrier/normalized_carrier"), text("/portability/spid_carrier_name")];
    let carrier = names.into_iter().flatten().find_map(LookedUp::carrier_of);
    let is_ported = match text("/portability/ported_status") {
        Some("Y" | "y") => Some(true),
        Some("N" | "n") => Some(false),
        Some(_) | None => None,
    };
    if words == [None, None] && carrier.is_none() {
        return LookupOutcome::UnknownNumber;
    }
    LookupOutcome::Found(LookedUp { line_type, carrier, is_ported })
}

fn failed(reason: &str) -> LookupOutcome {
    LookupOutcome::Failed { reason: reason.to_owned() }
}

/// What a call that brought no answer says. Where no connection was made, nothing was asked.
fn without_answer(error: &reqwest::Error) -> LookupOutcome {
    if error.is_connect() {
        LookupOutcome::NotNow { retry_after: None }
    } else if error.is_builder() {
        failed("request_not_built")
    } else if error.is_timeout() {
        failed("timeout")
    } else {
        failed("connection_lost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> LookupOutcome {
        outcome(&Answer { status, retry_after: Some("7"), body: Some(body.as_bytes()) })
    }

    fn error(code: &str) -> String {
        format!(r#"{{"errors":[{{"code":"{code}","title":"a title","detail":"a detail"}}]}}"#)
    }

    fn found(body: &str) -> LookedUp {
        let told = of(200, body);
        let LookupOutcome::Found(line) = told else { panic!("{body}: {told:?}") };
        line
    }

    #[test]
    fn what_is_told_is_read_from_wherever_it_stands() {
        let line = found(
            r#"{"data":{"carrier":{"type":"mobile","name":"RADIOMOVIL DIPSA","error_code":null},
                "portability":{"line_type":"fixed line","ported_status":"Y"},"new":{"x":[1]}}}"#,
        );
        let telcel = LookedUp {
            line_type: LineType::Mobile,
            carrier: Some("Telcel".to_owned()),
            is_ported: Some(true),
        };
        assert_eq!(line, telcel);
        let line = found(
            r#"{"data":{"carrier":{"type":"","name":null},
                "portability":{"line_type":"fixed line","ported_status":"N","spid_carrier_name":"OTRA"}}}"#,
        );
        assert_eq!((line.line_type, line.carrier.as_deref()), (LineType::Fixed, Some("OTRA")));
        assert_eq!(line.is_ported, Some(false));
        let line = found(r#"{"data":{"carrier":{"type":"quantum","name":7},"portability":null}}"#);
        assert_eq!(line, LookedUp::NOTHING);
        for nothing in [r#"{"data":{}}"#, r#"{"data":{"carrier":null,"portability":{"line_type":" "}}}"#] {
            assert_eq!(of(200, nothing), LookupOutcome::UnknownNumber, "{nothing}");
        }
        for unreadable in ["", "<html>", "{}", "[]", r#"{"data":null}"#, r#"{"data":"mobile"}"#] {
            assert_eq!(of(200, unreadable), failed("answer_unreadable"), "{unreadable}");
        }
        assert_eq!(
            outcome(&Answer { status: 200, retry_after: None, body: None }),
            failed("answer_unreadable")
        );
    }

    #[test]
    fn a_refusal_is_classed_by_its_code_and_then_by_its_status() {
        let blocked = |reason: &str| LookupOutcome::AccountBlocked { reason: reason.to_owned() };
        let not_now = LookupOutcome::NotNow { retry_after: Some(Duration::from_secs(7)) };
        for (status, code, expected) in [
            (422, "10002", LookupOutcome::UnknownNumber),
            (400, "40310", LookupOutcome::UnknownNumber),
            (404, "10005", LookupOutcome::UnknownNumber),
            (401, "10009", blocked("key_refused")),
            (403, "20100", blocked("out_of_credit")),
            (429, "10011", not_now.clone()),
            (500, "10011", not_now.clone()),
            (500, "10007", failed("provider_fault")),
            (400, "10032", failed("bad_request")),
        ] {
            assert_eq!(of(status, &error(code)), expected, "{code}");
        }
        for body in ["", "<html>", &error("99999")] {
            assert_eq!(of(401, body), blocked("key_refused"));
            assert_eq!(of(402, body), blocked("out_of_credit"));
            assert_eq!(of(429, body), not_now);
            // A wrong address answers so, too: no number is held to be unknown for that.
            assert_eq!(of(404, body), failed("unlisted_error"));
            assert_eq!(of(302, body), failed("redirected"));
            assert_eq!(of(503, body), failed("provider_fault"));
        }
    }

    #[test]
    fn no_debug_and_no_error_shows_the_key() {
        let options = |address: &str| TelnyxLookupOptions {
            api_base_url: address.to_owned(),
            keys: Arc::new(TelnyxKeys::of_account(&"KEY-planted".into()).unwrap()),
            connect_timeout: Duration::from_secs(1),
            request_timeout: Duration::from_secs(2),
            connections_max: 2,
        };
        let lookup = TelnyxLookup::new(&options("https://api.telnyx.com/")).unwrap();
        assert_eq!(lookup.numbers.as_str(), "https://api.telnyx.com/v2/number_lookup");
        assert!(!format!("{lookup:?} {:?}", options("https://h")).contains("planted"));
        let error = TelnyxLookup::new(&options("planted")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}
