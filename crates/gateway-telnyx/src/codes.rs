//! What Telnyx's error codes mean to us: the one table, for the answer to a message, for its receipts, and for the number lookup.
//!
//! Codes and their meaning are those of developers.telnyx.com, "API error codes" and "Messaging error code reference",
//! as of 2026-04-10.

/// What a code in the answer to a message says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Refused for good: the number, the text or their combination will never do.
    Refused,
    /// Not taken, for this sender cannot write to this number; another may.
    CannotReach,
    /// Refused for good, because its number said no to the carrier.
    OptedOut,
    /// Not taken, and another attempt may be.
    NotSent,
    /// Not taken: too fast.
    Throttled,
    /// Not taken, nor will the account's next one be.
    Blocked,
    /// Not taken, nor will the sender's next one be; another sender's may.
    SenderBlocked,
    /// Telnyx itself does not know, or does not say.
    Unknown,
}

/// A code, the word that we keep for it, and what it says. A word may stand for several codes.
pub(crate) struct Code {
    number: u32,
    pub(crate) reason: &'static str,
    pub(crate) verdict: Verdict,
}

use Verdict::{Blocked, CannotReach, NotSent, OptedOut, Refused, SenderBlocked, Throttled, Unknown};

/// By number. What can only be met elsewhere is left out: were it met here all the same, the answer's status would decide.
const CODES: &[Code] = &[
    code(10001, "sender_inactive", SenderBlocked),
    code(10002, "invalid_number", Refused),
    code(10003, "webhook_url_refused", Blocked),
    code(10004, "bad_request", Refused),
    code(10005, "not_found", Blocked),
    code(10006, "sender_unknown", SenderBlocked),
    code(10007, "provider_fault", Unknown),
    code(10008, "provider_timeout", Unknown),
    code(10009, "key_refused", Blocked),
    code(10010, "not_authorized", Blocked),
    code(10011, "too_many_requests", Throttled),
    // Of a message it would say that there is one already.
    code(10012, "duplicate", Unknown),
    code(10013, "sender_unknown", SenderBlocked),
    code(10014, "bad_request", Refused),
    code(10015, "bad_request", Refused),
    code(10016, "invalid_number", Refused),
    code(10017, "sender_unknown", SenderBlocked),
    code(10020, "bad_request", Refused),
    code(10022, "sender_unknown", SenderBlocked),
    code(10023, "bad_request", Refused),
    code(10024, "bad_request", Refused),
    code(10025, "bad_request", Refused),
    code(10026, "bad_request", Refused),
    // Also the answer to an idempotency key that came before with another body: then something was taken.
    code(10027, "unprocessable", Unknown),
    code(10028, "invalid_text", Refused),
    code(10029, "bad_request", Refused),
    code(10032, "bad_request", Refused),
    code(10033, "bad_request", Refused),
    code(10035, "resource_locked", Unknown),
    code(10036, "still_processing", Unknown),
    code(10037, "provider_unavailable", Unknown),
    code(10038, "not_authorized", Blocked),
    code(10039, "account_limit_reached", Blocked),
    code(20001, "key_refused", Blocked),
    code(20002, "key_refused", Blocked),
    code(20003, "key_refused", Blocked),
    code(20006, "key_refused", Blocked),
    code(20008, "key_refused", Blocked),
    code(20012, "account_inactive", Blocked),
    code(20013, "account_blocked", Blocked),
    code(20014, "account_unverified", Blocked),
    code(20015, "not_authorized", Blocked),
    code(20016, "account_unverified", Blocked),
    code(20017, "account_unverified", Blocked),
    code(20100, "out_of_credit", Blocked),
    code(40001, "landline", Refused),
    code(40002, "spam_blocked", Refused),
    code(40003, "sender_blocked_as_spam", SenderBlocked),
    code(40004, "rejected_by_destination", Refused),
    code(40005, "expired", Refused),
    code(40006, "destination_unavailable", NotSent),
    code(40007, "loop_detected", Refused),
    code(40008, "carrier_rejected", NotSent),
    code(40009, "invalid_text", Refused),
    code(40010, "sender_unregistered", SenderBlocked),
    code(40011, "too_many_requests", Throttled),
    code(40012, "invalid_number", Refused),
    code(40013, "sender_invalid", SenderBlocked),
    code(40014, "expired", Refused),
    code(40015, "spam_blocked", Refused),
    code(40016, "too_many_requests", Throttled),
    code(40017, "spam_blocked", Refused),
    code(40018, "too_many_requests", Throttled),
    code(40019, "sender_unregistered", SenderBlocked),
    code(40020, "traffic_blocked", Blocked),
    code(40100, "sender_invalid", SenderBlocked),
    code(40151, "sender_pending", SenderBlocked),
    code(40300, "opted_out", OptedOut),
    code(40301, "unsupported_destination", CannotReach),
    code(40302, "too_many_parts", Refused),
    code(40304, "invalid_text", Refused),
    code(40305, "sender_invalid", SenderBlocked),
    code(40306, "sender_invalid", SenderBlocked),
    code(40307, "sender_invalid", SenderBlocked),
    code(40308, "sender_invalid", SenderBlocked),
    code(40309, "destination_not_enabled", Blocked),
    code(40310, "invalid_number", Refused),
    code(40311, "key_refused", Blocked),
    code(40312, "sender_disabled", SenderBlocked),
    code(40313, "key_refused", Blocked),
    code(40314, "account_blocked", Blocked),
    code(40315, "sender_unhealthy", SenderBlocked),
    code(40316, "invalid_text", Refused),
    code(40317, "invalid_text", Refused),
    code(40318, "queue_full", Throttled),
    code(40319, "unsupported_destination", CannotReach),
    code(40320, "sender_pending", SenderBlocked),
    code(40321, "sender_unhealthy", SenderBlocked),
    code(40322, "content_blocked", Refused),
    code(40323, "sender_invalid", SenderBlocked),
    code(40325, "sender_invalid", SenderBlocked),
    code(40328, "too_many_parts", Refused),
    code(40329, "sender_unverified", SenderBlocked),
    code(40330, "sender_pending", SenderBlocked),
    code(40331, "destination_not_enabled", Blocked),
    code(40333, "spend_limit_reached", Blocked),
];

const fn code(number: u32, reason: &'static str, verdict: Verdict) -> Code {
    Code { number, reason, verdict }
}

/// What we know of a code, if we do.
pub(crate) fn look_up(number: u32) -> Option<&'static Code> {
    CODES.binary_search_by_key(&number, |code| code.number).ok().map(|at| &CODES[at])
}

/// Every code that we know, by number.
#[cfg(test)]
pub(crate) fn known() -> impl Iterator<Item = u32> {
    CODES.iter().map(|code| code.number)
}

/// The numbers in Telnyx's list of errors, `[{"code": "40001", …}, …]`, of records `["40001", …]`; anything else in it is passed over.
pub(crate) fn numbers(errors: Option<&serde_json::Value>) -> impl Iterator<Item = u32> {
    let errors = errors.and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| {
        let code = error.get("code").or_else(|| error.is_string().then_some(error))?;
        // A string in the documents; a number has been seen in the wild.
        match code.as_str() {
            Some(text) => text.parse().ok(),
            None => code.as_u64().and_then(|number| u32::try_from(number).ok()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_has_a_short_stable_word() {
        assert!(CODES.is_sorted_by(|a, b| a.number < b.number));
        for code in CODES {
            assert_eq!(look_up(code.number).map(|found| found.number), Some(code.number));
            let is_word = code.reason.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(is_word && code.reason.len() <= 32, "{}", code.reason);
        }
        assert!(look_up(99_999).is_none());
    }

    /// Codes of what we do not ask for, from the first to the last of each: numbers, profiles and lists administered, webhooks
    /// posted, other channels, networks, video, SIM cards, porting, orders, calls.
    const ELSEWHERE: &[(u32, u32)] = &[
        (10018, 10019),
        (10021, 10021),
        (10030, 10031),
        (10034, 10034),
        (10700, 10700),
        (20000, 20000),
        (20004, 20005),
        (20007, 20007),
        (20009, 20011),
        (20200, 20209),
        (40150, 40150),
        (40152, 40159),
        (40303, 40303),
        (40324, 40324),
        (40326, 40327),
        (40332, 40332),
        (41000, 41000),
        (50000, 59999),
        (65000, 99999),
    ];

    #[test]
    fn every_code_that_telnyx_lists_is_judged_or_met_elsewhere() {
        let listed: serde_json::Value =
            serde_json::from_str(include_str!("../tests/telnyx-error-codes.json")).unwrap();
        let listed: Vec<u32> = numbers(listed.get("errors")).collect();
        assert_eq!(listed.len(), 269);
        for number in &listed {
            let is_elsewhere = ELSEWHERE.iter().any(|(first, last)| (first..=last).contains(&number));
            assert_ne!(look_up(*number).is_some(), is_elsewhere, "{number}");
        }
        for code in CODES {
            assert!(listed.contains(&code.number), "telnyx lists no {}", code.number);
        }
    }

    #[test]
    fn the_codes_that_the_product_is_promised_on_say_what_was_promised() {
        let verdict = |number| look_up(number).map(|code| (code.reason, code.verdict));
        assert_eq!(verdict(40001), Some(("landline", Refused)));
        assert_eq!(verdict(40310), Some(("invalid_number", Refused)));
        assert_eq!(verdict(40300), Some(("opted_out", OptedOut)));
        assert_eq!(verdict(40006), Some(("destination_unavailable", NotSent)));
        assert_eq!(verdict(40008), Some(("carrier_rejected", NotSent)));
        assert_eq!(verdict(10011), Some(("too_many_requests", Throttled)));
        assert_eq!(verdict(40333), Some(("spend_limit_reached", Blocked)));
        assert_eq!(verdict(20100), Some(("out_of_credit", Blocked)));
        assert_eq!(verdict(40305), Some(("sender_invalid", SenderBlocked)));
        for code in CODES {
            assert_eq!(code.verdict == SenderBlocked, code.reason.starts_with("sender_"), "{}", code.number);
        }
        // None but these two may lead to another attempt.
        let retried: Vec<u32> =
            CODES.iter().filter(|code| code.verdict == NotSent).map(|code| code.number).collect();
        assert_eq!(retried, [40006, 40008]);
    }

    #[test]
    fn numbers_are_read_from_whatever_stands_there() {
        let of = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            numbers(value.get("errors")).collect::<Vec<_>>()
        };
        assert_eq!(
            of(r#"{"errors":[{"code":"40001"},{"code":40300},{"code":null},{},7,{"code":-1}]}"#),
            [40001, 40300]
        );
        assert_eq!(of(r#"{"errors":["40001","",null,"x"]}"#), [40001]);
        for nothing in [r#"{"errors":null}"#, r#"{"errors":{"code":"40001"}}"#, "{}", "[]", "7"] {
            assert!(of(nothing).is_empty(), "{nothing}");
        }
    }
}
