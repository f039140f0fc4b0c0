use super::*;

const KEY: &str = "KEY0199-k7Qz-p2vX9m-w";
const PUBLIC_KEY: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";

#[test]
fn each_half_of_telnyx_is_refused_only_when_a_program_asks_for_it() {
    let settings = Settings::load(&Sources::default()).unwrap();
    let error = settings.telnyx_sending().unwrap_err();
    assert_eq!(keys(&error), [Some("telnyx.api_key"), Some("telnyx.webhook_base_url")]);
    assert!(error.to_string().contains("PREGON__TELNYX__API_KEY"), "{error}");
    assert_eq!(keys(&settings.telnyx_webhooks().unwrap_err()), [Some("telnyx.public_key")]);

    let settings = load_variables(&[
        ("PREGON__TELNYX__API_KEY", KEY),
        ("PREGON__TELNYX__WEBHOOK_BASE_URL", "https://sms.example.mx/"),
    ])
    .unwrap();
    let sending = settings.telnyx_sending().unwrap();
    assert_eq!(sending.api_base_url, "https://api.telnyx.com");
    assert_eq!(sending.api_key.expose_secret(), KEY);
    assert_eq!(sending.webhook_base_url, "https://sms.example.mx");
    assert_eq!(sending.connect_timeout, Duration::from_secs(3));
    assert_eq!(sending.request_timeout, Duration::from_secs(15));
    assert_eq!(sending.connections_max, 500);
    assert!(settings.telnyx_webhooks().is_err());
    assert!(!format!("{sending:?} {settings:?}").contains(KEY));

    let settings = load_variables(&[("PREGON__TELNYX__PUBLIC_KEY", PUBLIC_KEY)]).unwrap();
    assert_eq!(settings.telnyx_webhooks().unwrap().public_keys, [PUBLIC_KEY]);
    assert!(settings.telnyx_sending().is_err());
}

#[test]
fn an_unencrypted_address_is_for_development_and_for_this_machine() {
    let load = |environment: &str, url: &str| {
        load_variables(&[("PREGON__ENVIRONMENT", environment), ("PREGON__TELNYX__API_BASE_URL", url)])
    };
    for (environment, url) in [
        ("production", "https://api.telnyx.com"),
        ("production", "http://127.0.0.1:4010"),
        ("production", "http://localhost:4010/"),
        ("development", "http://sandbox:4010"),
    ] {
        assert!(load(environment, url).is_ok(), "{url}");
    }
    for url in [
        "http://api.telnyx.com",
        "http://127.0.0.1.example.mx",
        "http://127.0.0.1@example.mx",
        "api.telnyx.com",
        "ftp://api.telnyx.com",
        "https://",
        "https://api.telnyx.com?x",
        "https://api telnyx.com",
    ] {
        assert_eq!(keys(&load("production", url).unwrap_err()), [Some("telnyx.api_base_url")], "{url}");
    }
}

#[test]
fn keys_that_cannot_be_telnyxs_are_refused() {
    for key in ["short", "changeme-changeme", "KEY with a space in it", "KEY\u{e9}0199-k7Qz-p2vX9m"] {
        let error = load_variables(&[("PREGON__TELNYX__API_KEY", key)]).unwrap_err();
        assert_eq!(keys(&error), [Some("telnyx.api_key")], "{key}");
    }
    let in_development = [("PREGON__ENVIRONMENT", "development"), ("PREGON__TELNYX__API_KEY", "sandbox")];
    assert!(load_variables(&in_development).is_ok());
    let too_many = [PUBLIC_KEY; 6].join(",");
    let with_none = format!("{PUBLIC_KEY},");
    for key in [
        "AAAA",
        &PUBLIC_KEY[1..],
        &PUBLIC_KEY.replace('/', "_"),
        &PUBLIC_KEY.replace('=', "A"),
        &too_many,
        &with_none,
    ] {
        let error = load_variables(&[("PREGON__TELNYX__PUBLIC_KEY", key)]).unwrap_err();
        assert_eq!(keys(&error), [Some("telnyx.public_key")], "{key}");
    }
}

#[test]
fn while_a_key_is_changed_both_are_believed() {
    let both = format!("{PUBLIC_KEY}, {PUBLIC_KEY}");
    let settings = load_variables(&[("PREGON__TELNYX__PUBLIC_KEY", both.as_str())]).unwrap();
    assert_eq!(settings.telnyx_webhooks().unwrap().public_keys, [PUBLIC_KEY, PUBLIC_KEY]);
}

#[test]
fn a_call_is_given_more_time_than_its_connection() {
    let variables =
        [("PREGON__TELNYX__CONNECT_TIMEOUT_MS", "5000"), ("PREGON__TELNYX__REQUEST_TIMEOUT_MS", "5000")];
    assert_eq!(keys(&load_variables(&variables).unwrap_err()), [Some("telnyx.request_timeout_ms")]);
}
