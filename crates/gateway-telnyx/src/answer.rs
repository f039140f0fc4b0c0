//! What Telnyx's answer to a message means: its code first, its HTTP status where it names none that we know.

use std::time::Duration;

use domain::port::SendOutcome;
use serde_json::Value;

use crate::codes::{self, Verdict};

/// The longest that the provider's word keeps a sender waiting: a wild header must not stop it for a day.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// An answer, or as much of it as came.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// The header `retry-after`, in whole seconds.
    pub(crate) retry_after: Option<&'a str>,
    /// None where it broke off or was too large.
    pub(crate) body: Option<&'a [u8]>,
}

impl Answer<'_> {
    pub(crate) fn outcome(&self) -> SendOutcome {
        let body: Value = self.body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null);
        if (200..300).contains(&self.status) {
            let id = body.pointer("/data/id").and_then(Value::as_str).filter(|id| !id.is_empty());
            return match id {
                Some(id) => SendOutcome::Accepted { provider_id: id.to_owned() },
                // It was taken, by all that is known; but only a receipt will say so.
                None => unknown("answer_unreadable"),
            };
        }
        // An idempotency key whose first request is still under way: that one may have been taken, whatever the code.
        if self.status == 409 {
            return unknown("still_processing");
        }
        match codes::numbers(body.get("errors")).find_map(codes::look_up) {
            Some(code) => self.of_verdict(code.verdict, code.reason),
            None => self.of_status(),
        }
    }

    fn of_verdict(&self, verdict: Verdict, reason: &str) -> SendOutcome {
        let reason = reason.to_owned();
        match verdict {
            Verdict::Refused => SendOutcome::Refused { reason, opted_out: false },
            Verdict::CannotReach => SendOutcome::CannotReach { reason },
            Verdict::OptedOut => SendOutcome::Refused { reason, opted_out: true },
            Verdict::NotSent => SendOutcome::NotSent { reason },
            Verdict::Throttled => SendOutcome::Throttled { retry_after: retry_after(self.retry_after) },
            Verdict::Blocked => SendOutcome::AccountBlocked { reason },
            Verdict::SenderBlocked => SendOutcome::SenderBlocked { reason },
            Verdict::Unknown => SendOutcome::Unknown { reason },
        }
    }

    /// A status without a code that we know. Four of them are plain; of all others, a refusal in words that we cannot
    /// read among them, nobody can say that the message was certainly not taken.
    fn of_status(&self) -> SendOutcome {
        match self.status {
            401 => self.of_verdict(Verdict::Blocked, "key_refused"),
            402 => self.of_verdict(Verdict::Blocked, "out_of_credit"),
            403 => self.of_verdict(Verdict::Blocked, "not_authorized"),
            429 => self.of_verdict(Verdict::Throttled, "too_many_requests"),
            300..400 => unknown("redirected"),
            400..500 => unknown("unlisted_error"),
            500..600 => unknown("provider_fault"),
            _ => unknown("answer_unreadable"),
        }
    }
}

/// What the header `retry-after` says, where it says it in seconds.
pub(crate) fn retry_after(header: Option<&str>) -> Option<Duration> {
    let seconds = header?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

pub(crate) fn unknown(reason: &str) -> SendOutcome {
    SendOutcome::Unknown { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> SendOutcome {
        Answer { status, retry_after: Some("7"), body: Some(body.as_bytes()) }.outcome()
    }

    fn error(code: &str) -> String {
        format!(r#"{{"errors":[{{"code":"{code}","title":"a title","detail":"a detail"}}]}}"#)
    }

    fn refused(reason: &str, opted_out: bool) -> SendOutcome {
        SendOutcome::Refused { reason: reason.to_owned(), opted_out }
    }

    fn blocked(reason: &str) -> SendOutcome {
        SendOutcome::AccountBlocked { reason: reason.to_owned() }
    }

    const THROTTLED: SendOutcome = SendOutcome::Throttled { retry_after: Some(Duration::from_secs(7)) };

    #[test]
    fn taken_is_what_has_an_id() {
        let accepted = SendOutcome::Accepted { provider_id: "40385f64".to_owned() };
        assert_eq!(of(200, r#"{"data":{"id":"40385f64","to":[{"status":"queued"}],"errors":[]}}"#), accepted);
        assert_eq!(of(201, r#"{"data":{"id":"40385f64","new":{"x":[1]}},"meta":null}"#), accepted);
        for body in
            ["", "{}", "[]", "<html>", r#"{"data":{"id":""}}"#, r#"{"data":{"id":7}}"#, &error("40001")]
        {
            assert_eq!(of(200, body), unknown("answer_unreadable"), "{body}");
        }
        assert_eq!(
            Answer { status: 200, retry_after: None, body: None }.outcome(),
            unknown("answer_unreadable")
        );
    }

    #[test]
    fn every_code_of_the_table_has_the_outcome_that_is_written_down_for_it() {
        let table = include_str!("../tests/telnyx-verdicts.csv");
        let mut codes = Vec::new();
        for row in table.lines().skip(1) {
            let [code, outcome, reason] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let reason = reason.to_owned();
            let expected = match outcome {
                "refused" => SendOutcome::Refused { reason, opted_out: false },
                "refused_opted_out" => SendOutcome::Refused { reason, opted_out: true },
                "cannot_reach" => SendOutcome::CannotReach { reason },
                "not_sent" => SendOutcome::NotSent { reason },
                "throttled" => THROTTLED,
                "sender_blocked" => SendOutcome::SenderBlocked { reason },
                "account_blocked" => SendOutcome::AccountBlocked { reason },
                "unknown" => SendOutcome::Unknown { reason },
                _ => panic!("{row}"),
            };
            assert_eq!(of(400, &error(code)), expected, "{row}");
            codes.push(code.parse::<u32>().unwrap());
        }
        assert_eq!(codes, codes::known().collect::<Vec<_>>(), "the one table has what the other has");
    }

    #[test]
    fn a_code_beats_the_status_that_it_comes_with() {
        for status in [400, 403, 422, 429, 500, 503] {
            assert_eq!(of(status, &error("40001")), refused("landline", false), "{status}");
            assert_eq!(of(status, &error("40300")), refused("opted_out", true), "{status}");
            assert_eq!(of(status, &error("40333")), blocked("spend_limit_reached"), "{status}");
            let sender_blocked = SendOutcome::SenderBlocked { reason: "sender_unregistered".to_owned() };
            assert_eq!(of(status, &error("40010")), sender_blocked, "{status}");
            let not_sent = SendOutcome::NotSent { reason: "carrier_rejected".to_owned() };
            assert_eq!(of(status, &error("40008")), not_sent, "{status}");
            assert_eq!(of(status, &error("10011")), THROTTLED, "{status}");
            assert_eq!(of(status, &error("10007")), unknown("provider_fault"), "{status}");
        }
    }

    #[test]
    fn a_status_without_a_code_that_we_know_says_little() {
        for body in ["", "<html>", "{}", &error("99999"), r#"{"errors":[]}"#] {
            assert_eq!(of(401, body), blocked("key_refused"));
            assert_eq!(of(402, body), blocked("out_of_credit"));
            assert_eq!(of(403, body), blocked("not_authorized"));
            assert_eq!(of(429, body), THROTTLED);
            for status in [400, 404, 408, 410, 422] {
                assert_eq!(of(status, body), unknown("unlisted_error"), "{status}");
            }
            for status in [500, 502, 503, 504, 599] {
                assert_eq!(of(status, body), unknown("provider_fault"), "{status}");
            }
            assert_eq!(of(307, body), unknown("redirected"));
            assert_eq!(of(199, body), unknown("answer_unreadable"));
        }
    }

    #[test]
    fn a_key_that_is_still_under_way_is_no_refusal_whatever_the_code() {
        for body in ["", &error("10015"), &error("40001"), &error("10036")] {
            assert_eq!(of(409, body), unknown("still_processing"), "{body}");
        }
        assert_eq!(of(422, &error("10027")), unknown("unprocessable"));
    }

    #[test]
    fn the_wait_that_is_asked_for_is_read_in_seconds_and_bounded() {
        let wait = |header| {
            let outcome = Answer { status: 429, retry_after: header, body: None }.outcome();
            let SendOutcome::Throttled { retry_after } = outcome else { panic!("{outcome:?}") };
            retry_after
        };
        assert_eq!(wait(Some(" 30 ")), Some(Duration::from_secs(30)));
        assert_eq!(wait(Some("999999999999")), Some(RETRY_AFTER_MAX));
        for none in [None, Some(""), Some("-1"), Some("1.5"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
            assert_eq!(wait(none), None, "{none:?}");
        }
    }
}
