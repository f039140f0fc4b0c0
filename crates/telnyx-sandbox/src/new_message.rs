//! A message as it is asked for, judged as far as a sandbox can.

use serde::Deserialize;

use crate::refusal::Refusal;

/// The most parts of a message, and the longest URL (Telnyx's codes 40302 and 10003).
const PARTS_MAX: u8 = 10;
const URL_CHARS_MAX: usize = 2000;

/// GSM 03.38, first the characters of one septet, then those of two.
const SEPTET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                      abcdefghijklmnopqrstuvwxyzäöñüà";
const TWO_SEPTETS: &str = "\u{c}^{}\\[~]|€";

/// The body of `POST /v2/messages`. Unknown fields are passed over.
#[derive(Deserialize)]
pub(crate) struct NewMessage {
    to: Option<String>,
    from: Option<String>,
    messaging_profile_id: Option<String>,
    text: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    webhook_url: Option<String>,
}

/// A message that may be taken.
#[derive(Debug)]
pub(crate) struct ValidMessage {
    pub(crate) to: Box<str>,
    /// The sender's address; that of a profile is picked by it.
    pub(crate) from: Box<str>,
    pub(crate) text: Box<str>,
    /// The parts it is sent in.
    pub(crate) parts: u8,
    pub(crate) webhook_url: Option<Box<str>>,
}

/// What a profile sends from, when it is asked to pick.
const PICKED_BY_PROFILE: &str = "+525500000000";

impl ValidMessage {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let message: NewMessage = serde_json::from_slice(body).map_err(|_| Refusal::BAD_REQUEST)?;
        let to = message.to.ok_or(Refusal::MISSING_TO)?;
        if !is_e164(&to) {
            return Err(Refusal::BAD_TO);
        }
        let from = match (message.from, message.messaging_profile_id) {
            (Some(from), _) if !from.is_empty() => from,
            (_, Some(profile)) if !profile.is_empty() => PICKED_BY_PROFILE.to_owned(),
            _ => return Err(Refusal::MISSING_FROM),
        };
        if message.kind.is_some_and(|kind| kind != "SMS") {
            return Err(Refusal::BAD_TYPE);
        }
        let text = message.text.filter(|text| !text.is_empty()).ok_or(Refusal::NO_CONTENT)?;
        let parts = u8::try_from(Size::of(&text).parts).unwrap_or(u8::MAX);
        if parts > PARTS_MAX {
            return Err(Refusal::TOO_LARGE);
        }
        let webhook_url = message.webhook_url.filter(|url| !url.is_empty());
        if webhook_url.as_deref().is_some_and(|url| !is_url(url)) {
            return Err(Refusal::BAD_WEBHOOK_URL);
        }
        Ok(Self {
            to: to.into(),
            from: from.into(),
            text: text.into(),
            parts,
            webhook_url: webhook_url.map(String::into_boxed_str),
        })
    }
}

/// The parameter `ref` of a webhook's address.
pub(crate) fn reference(webhook_url: &str) -> Option<&str> {
    let (_, query) = webhook_url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("ref="))
}

/// How a text travels.
pub(crate) struct Size {
    pub(crate) encoding: &'static str,
    pub(crate) parts: usize,
}

impl Size {
    /// As Telnyx bills it, but for a two-septet character or a surrogate pair at the very end of a part.
    pub(crate) fn of(text: &str) -> Self {
        let septets = text.chars().try_fold(0, |septets, character| {
            let more = if character.is_ascii_alphanumeric() || SEPTET.contains(character) {
                1
            } else if TWO_SEPTETS.contains(character) {
                2
            } else {
                return None;
            };
            Some(septets + more)
        });
        let parts = |units: usize, single, each| if units <= single { 1 } else { units.div_ceil(each) };
        match septets {
            Some(septets) => Self { encoding: "GSM-7", parts: parts(septets, 160, 153) },
            None => Self { encoding: "UCS-2", parts: parts(text.encode_utf16().count(), 70, 67) },
        }
    }
}

pub(crate) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    url.len() <= URL_CHARS_MAX
        && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?']))
        && url.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_telnyx_would_refuse_is_refused_with_its_code() {
        for (body, refusal) in [
            ("", Refusal::BAD_REQUEST),
            ("[]", Refusal::BAD_REQUEST),
            (r#"{"to":7}"#, Refusal::BAD_REQUEST),
            (r#"{"text":"x","from":"y"}"#, Refusal::MISSING_TO),
            (r#"{"to":"5512345678","text":"x","from":"y"}"#, Refusal::BAD_TO),
            (r#"{"to":"+52551234567890123","text":"x","from":"y"}"#, Refusal::BAD_TO),
            (r#"{"to":"+525512345678","text":"x"}"#, Refusal::MISSING_FROM),
            (r#"{"to":"+525512345678","text":"x","from":""}"#, Refusal::MISSING_FROM),
            (r#"{"to":"+525512345678","text":"x","from":"y","type":"MMS"}"#, Refusal::BAD_TYPE),
            (r#"{"to":"+525512345678","text":"","from":"y"}"#, Refusal::NO_CONTENT),
            (
                r#"{"to":"+525512345678","text":"x","from":"y","webhook_url":"ftp://h"}"#,
                Refusal::BAD_WEBHOOK_URL,
            ),
        ] {
            assert_eq!(ValidMessage::parse(body.as_bytes()).unwrap_err(), refusal, "{body}");
        }
        let of_profile =
            br#"{"to":"+525512345678","text":"x","messaging_profile_id":"p","auto_detect":false}"#;
        assert_eq!(&*ValidMessage::parse(of_profile).unwrap().from, PICKED_BY_PROFILE);
    }

    #[test]
    fn parts_are_counted_by_what_the_text_needs() {
        for (text, encoding, parts) in [
            ("x".repeat(160), "GSM-7", 1),
            ("ñ".repeat(161), "GSM-7", 2),
            ("€".repeat(80), "GSM-7", 1),
            ("á".repeat(70), "UCS-2", 1),
            ("á".repeat(71), "UCS-2", 2),
            ("😀".repeat(36), "UCS-2", 2),
        ] {
            let size = Size::of(&text);
            assert_eq!((size.encoding, size.parts), (encoding, parts), "{text}");
        }
        let long = format!(r#"{{"to":"+525512345678","from":"y","text":"{}"}}"#, "x".repeat(1531));
        assert_eq!(ValidMessage::parse(long.as_bytes()).unwrap_err(), Refusal::TOO_LARGE);
    }

    #[test]
    fn a_reference_stands_in_the_query_of_the_webhooks_address() {
        assert_eq!(reference("http://h/w?a=1&ref=x-1-1"), Some("x-1-1"));
        assert_eq!(reference("http://h/w?xref=1"), None);
        assert_eq!(reference("http://h/ref=1"), None);
    }
}
