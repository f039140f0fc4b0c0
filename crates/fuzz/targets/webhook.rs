//! A body with a good signature is an event or unreadable; one without is looked at no further.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::port::{ProviderWebhooks, WebhookPost, WebhookRefused};
use ed25519_dalek::{Signer, SigningKey};
use gateway_telnyx::TelnyxWebhooks;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]));
static READER: LazyLock<TelnyxWebhooks> = LazyLock::new(|| {
    TelnyxWebhooks::new(&[BASE64.encode(KEY.verifying_key().to_bytes())]).expect("the key is one")
});

fuzz_target!(|given: (String, String, String, Vec<u8>)| {
    let (signature, timestamp, query, body) = given;
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    let unsigned = WebhookPost { signature: Some(&signature), timestamp: Some(&timestamp), query: &query, body: &body };
    assert!(matches!(READER.read(unsigned, now), Err(WebhookRefused::Unsigned)));

    let timestamp = now.as_second().to_string();
    let signed = KEY.sign(&[timestamp.as_bytes(), b"|", &body].concat());
    let signature = BASE64.encode(signed.to_bytes());
    let signed = WebhookPost { signature: Some(&signature), timestamp: Some(&timestamp), query: &query, body: &body };
    assert!(!matches!(READER.read(signed, now), Err(WebhookRefused::Unsigned)));
});
