use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: i64 = 1_790_000_000;
const PHONE: &str = "+525512345678";
const REFERENCE: &str = "01920000000070008000000000000001-42-1";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn reader() -> TelnyxWebhooks {
    TelnyxWebhooks::new(&[BASE64.encode(key().verifying_key().as_bytes())]).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn sign(key: &SigningKey, timestamp: &str, body: &[u8]) -> String {
    BASE64.encode(key.sign(&[timestamp.as_bytes(), b"|", body].concat()).to_bytes())
}

/// Reads a body that is signed as it should be.
fn read(query: &str, body: &[u8]) -> Result<ProviderEvent, WebhookRefused> {
    let timestamp = NOW.to_string();
    let signature = sign(&key(), &timestamp, body);
    reader()
        .read(WebhookPost { signature: Some(&signature), timestamp: Some(&timestamp), query, body }, now())
}

fn body(kind: &str, payload: &Value) -> Vec<u8> {
    let event = json!({"data": {
        "record_type": "event", "event_type": kind, "id": "86f58db9-0fe3-4adc-9d1f-46e66e6e9323",
        "occurred_at": "2026-09-21T14:13:20.574Z", "payload": payload,
    }, "meta": {"attempt": 1}});
    event.to_string().into_bytes()
}

fn receipt(status: &str, code: Option<&str>) -> Report {
    let errors: Vec<_> = code.map(|code| json!({"code": code, "title": "x"})).into_iter().collect();
    let payload = json!({"to": [{"phone_number": PHONE, "status": status}], "errors": errors});
    read("", &body("message.finalized", &payload)).unwrap().report
}

fn undelivered(reason: &str, opted_out: bool) -> Report {
    Report::Undelivered { reason: reason.to_owned(), opted_out }
}

#[test]
fn a_receipt_says_whose_message_which_attempt_and_when() {
    let payload = json!({
        "id": "40385f64-5717-4562-b3fc-2c963f66afa6", "direction": "outbound",
        "to": [{"phone_number": PHONE, "status": "delivered", "carrier": "x"}], "errors": [],
    });
    let body = body("message.finalized", &payload);
    let event = read(&format!("a=1&ref={REFERENCE}"), &body).unwrap();
    assert_eq!(reader().provider(), "telnyx");
    assert_eq!(event.id, "86f58db9-0fe3-4adc-9d1f-46e66e6e9323");
    assert_eq!(event.kind, "message.finalized");
    assert_eq!(event.reference.map(|reference| reference.to_string()).as_deref(), Some(REFERENCE));
    assert_eq!(event.provider_id.as_deref(), Some("40385f64-5717-4562-b3fc-2c963f66afa6"));
    assert_eq!(event.phone.map(|phone| phone.e164().to_string()).as_deref(), Some(PHONE));
    assert_eq!(event.report, Report::Delivered);
    assert_eq!(event.occurred_at, "2026-09-21T14:13:20.574Z".parse().ok());
    assert_eq!(event.payload.as_bytes(), body);
}

#[test]
fn a_final_status_is_what_became_of_the_message() {
    assert_eq!(receipt("delivered", None), Report::Delivered);
    assert_eq!(receipt("delivery_failed", Some("40008")), undelivered("carrier_rejected", false));
    assert_eq!(receipt("delivery_failed", Some("40001")), undelivered("landline", false));
    assert_eq!(receipt("sending_failed", Some("40300")), undelivered("opted_out", true));
    assert_eq!(receipt("sending_failed", Some("99999")), undelivered("sending_failed", false));
    assert_eq!(receipt("delivery_failed", None), undelivered("delivery_failed", false));
    assert_eq!(receipt("expired", None), undelivered("expired", false));
    assert_eq!(receipt("sent", None), Report::Sent);
}

#[test]
fn a_status_that_settles_nothing_is_kept_as_it_is() {
    for status in ["delivery_unconfirmed", "queued", "webhook_delivered", "teleported", ""] {
        assert_eq!(receipt(status, Some("40300")), Report::Other { status: status.to_owned() }, "{status}");
    }
    let long = "ñ".repeat(5_000);
    assert_eq!(receipt(&long, None), Report::Other { status: "ñ".repeat(WORD_CHARS_MAX) });
    let event = read("", &body("message.read", &json!({"to": [{"phone_number": PHONE}]}))).unwrap();
    assert_eq!(event.report, Report::Other { status: "message.read".to_owned() });
}

#[test]
fn sent_is_sent_and_what_people_write_is_theirs() {
    let payload = json!({"to": [{"phone_number": PHONE, "status": "sending"}]});
    assert_eq!(read("", &body("message.sent", &payload)).unwrap().report, Report::Sent);

    let payload = json!({
        "id": "x", "text": "ALTO", "from": {"phone_number": PHONE}, "to": [{"phone_number": "+525500000000"}],
    });
    let event = read("", &body("message.received", &payload)).unwrap();
    assert_eq!(event.report, Report::Inbound { text: "ALTO".to_owned() });
    assert_eq!(event.phone.map(|phone| phone.e164().to_string()).as_deref(), Some(PHONE));
    assert_eq!(event.reference, None);
    let shown = format!("{event:?}");
    assert!(!shown.contains("ALTO") && !shown.contains("5512345678"), "{shown}");
}

#[test]
fn what_no_database_could_hold_is_replaced_and_nothing_else_is_touched() {
    let payload = json!({"text": "a\0b \\u0000 ñ\n\\", "from": {"phone_number": PHONE}});
    let event = read("", &body("message.received", &payload)).unwrap();
    assert_eq!(event.report, Report::Inbound { text: "a\u{fffd}b \\u0000 ñ\n\\".to_owned() });
    let kept: Value = serde_json::from_str(&event.payload).unwrap();
    assert_eq!(kept["data"]["payload"]["text"], "a\u{fffd}b \\u0000 ñ\n\\");
    for odd in [r"\u0000\", r"\ñ\u0000", r"\", ""] {
        assert!(!without_nul(odd).contains(r"\u0000"), "{odd}");
    }
}

#[test]
fn whatever_is_missing_or_of_another_form_is_left_open() {
    for payload in [
        json!(null),
        json!([]),
        json!({"to": null, "errors": null, "id": null, "from": "x"}),
        json!({"to": {"phone_number": PHONE}, "errors": "x", "id": 7}),
        json!({"to": [{"phone_number": "+18665550001", "status": 1}], "id": ""}),
        json!({"to": [{"phone_number": "TIENDA"}], "id": "x".repeat(500)}),
    ] {
        for kind in ["message.sent", "message.finalized", "message.received", "x.y"] {
            let event = read("ref=nonsense&ref=", &body(kind, &payload)).unwrap();
            assert_eq!((event.phone, event.provider_id, event.reference), (None, None, None), "{payload}");
        }
    }
}

#[test]
fn what_is_signed_but_is_no_event_is_unreadable() {
    let long = format!(r#"{{"data":{{"id":"{}","event_type":"message.sent"}}}}"#, "x".repeat(101));
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "{\"data\":{}}",
        "{\"data\":{\"id\":\"x\"}}",
        "{\"data\":{\"id\":\"\",\"event_type\":\"message.sent\"}}",
        "{\"data\":{\"id\":7,\"event_type\":\"message.sent\"}}",
        "{\"data\":{\"id\":\"x\\u0000\",\"event_type\":\"message.sent\"}}",
        &long,
        &deep,
    ] {
        assert_eq!(read("", body.as_bytes()), Err(WebhookRefused::Unreadable), "{body:.60}");
    }
    assert_eq!(read("", b"{\"data\":\xff}"), Err(WebhookRefused::Unreadable));
}

#[test]
fn what_telnyx_did_not_sign_just_now_is_not_looked_at() {
    let body = body("message.sent", &json!({"to": [{"phone_number": PHONE}]}));
    let post = |signature: Option<&str>, timestamp: Option<&str>, body: &[u8]| {
        reader().read(WebhookPost { signature, timestamp, query: "", body }, now()).map(|event| event.kind)
    };
    let at = |seconds: i64| (NOW + seconds).to_string();
    let good = sign(&key(), &at(0), &body);
    assert_eq!(post(Some(&good), Some(&at(0)), &body).as_deref(), Ok("message.sent"));
    for edge in [-300, 300] {
        assert!(post(Some(&sign(&key(), &at(edge), &body)), Some(&at(edge)), &body).is_ok(), "{edge}");
    }

    let other_key = sign(&SigningKey::from_bytes(&[8; 32]), &at(0), &body);
    let (old, future) = (sign(&key(), &at(-301), &body), sign(&key(), &at(301), &body));
    let of_nothing = sign(&key(), &at(0), b"");
    let signed_zero = sign(&key(), &format!("+{NOW}"), &body);
    let url_safe = good.replace('+', "-").replace('/', "_") + "=";
    let tampered = [&body[..], b" "].concat();
    for (why, signature, timestamp, body) in [
        ("no signature", None, Some(at(0)), &body),
        ("no time", Some(&good), None, &body),
        ("another key", Some(&other_key), Some(at(0)), &body),
        ("old", Some(&old), Some(at(-301)), &body),
        ("from the future", Some(&future), Some(at(301)), &body),
        ("another time than was signed", Some(&good), Some(at(1)), &body),
        ("another body than was signed", Some(&good), Some(at(0)), &tampered),
        ("nothing was signed", Some(&of_nothing), Some(at(0)), &body),
        ("no base64", Some(&"%%%".to_owned()), Some(at(0)), &body),
        ("another base64", Some(&url_safe), Some(at(0)), &body),
        ("too short", Some(&good[..44].to_owned()), Some(at(0)), &body),
        ("empty", Some(&String::new()), Some(at(0)), &body),
        ("a time with a sign", Some(&signed_zero), Some(format!("+{NOW}")), &body),
        ("no time at all", Some(&good), Some(String::new()), &body),
        ("a time beyond measure", Some(&good), Some("9".repeat(40)), &body),
        ("a time as far as it goes", Some(&good), Some(i64::MAX.to_string()), &body),
    ] {
        let answer = post(signature.map(String::as_str), timestamp.as_deref(), body);
        assert_eq!(answer, Err(WebhookRefused::Unsigned), "{why}");
    }
}

#[test]
fn a_key_that_is_none_or_verifies_anything_is_refused() {
    assert!(
        TelnyxWebhooks::new(&[format!(" {}\n", BASE64.encode(key().verifying_key().as_bytes()))]).is_ok()
    );
    let of_y = |y: u8| BASE64.encode([[y].as_slice(), &[0; 31]].concat());
    let (weak, no_point) = (of_y(1), of_y(2));
    for bad in ["", "x", "AAAA", &no_point, &BASE64.encode([7; 33]), &weak] {
        assert_eq!(TelnyxWebhooks::new(&[bad]).err(), Some(TelnyxPublicKeyError), "{bad}");
    }
    assert_eq!(format!("{:?}", reader()), "TelnyxWebhooks { .. }");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            r#"([a-zñ"{}:]|\\\\|\\u0000|\\u|0){0,60}"#.prop_map(String::into_bytes),
        ],
        query in ".{0,60}",
        signature in proptest::option::of(".{0,120}"),
        timestamp in proptest::option::of("[0-9+ -]{0,25}"),
    ) {
        let _ = read_event(&query, &body);
        let (signature, timestamp) = (signature.as_deref(), timestamp.as_deref());
        let post = WebhookPost { signature, timestamp, query: &query, body: &body };
        prop_assert_eq!(reader().read(post, now()), Err(WebhookRefused::Unsigned));
    }

    #[test]
    fn no_event_that_is_off_its_form_makes_the_reader_panic(
        kind in "message\\.(sent|finalized|received)|.{1,20}",
        leaf in prop_oneof![Just(json!(null)), Just(json!([])), Just(json!({})), any::<i64>().prop_map(|n| json!(n)),
            ".{0,40}".prop_map(|text| json!(text))],
        field in "to|from|id|text|errors|code",
    ) {
        let payload = json!({"to": [{field.as_str(): leaf}], "errors": [{field.as_str(): leaf}], field.as_str(): leaf});
        let _ = read_event("ref=", &body(&kind, &payload));
    }

    #[test]
    fn one_changed_byte_breaks_the_signature(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut body = body("message.sent", &json!({}));
        let timestamp = NOW.to_string();
        let signature = sign(&key(), &timestamp, &body);
        let at = at.index(body.len());
        body[at] ^= change;
        let post =
            WebhookPost { signature: Some(&signature), timestamp: Some(&timestamp), query: "", body: &body };
        prop_assert_eq!(reader().read(post, now()), Err(WebhookRefused::Unsigned));
    }
}

#[test]
fn while_a_key_is_changed_what_either_signed_is_believed_and_nobody_elses() {
    let (old, new, other) = (key(), SigningKey::from_bytes(&[8; 32]), SigningKey::from_bytes(&[9; 32]));
    let public = |key: &SigningKey| BASE64.encode(key.verifying_key().as_bytes());
    let both = TelnyxWebhooks::new(&[public(&old), public(&new)]).unwrap();
    let body = body("message.finalized", &json!({"to": [{"phone_number": PHONE, "status": "delivered"}]}));
    let timestamp = NOW.to_string();
    let read_by = |reader: &TelnyxWebhooks, key: &SigningKey| {
        let signature = sign(key, &timestamp, &body);
        let post =
            WebhookPost { signature: Some(&signature), timestamp: Some(&timestamp), query: "", body: &body };
        reader.read(post, now()).map(|event| event.report)
    };
    assert_eq!(read_by(&both, &old), Ok(Report::Delivered));
    assert_eq!(read_by(&both, &new), Ok(Report::Delivered));
    assert_eq!(read_by(&both, &other), Err(WebhookRefused::Unsigned));
    assert_eq!(read_by(&reader(), &new), Err(WebhookRefused::Unsigned));
    assert_eq!(TelnyxWebhooks::new(&[""; 0]).err(), Some(TelnyxPublicKeyError));
}
