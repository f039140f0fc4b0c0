use std::time::{Duration, Instant};

use domain::contact::LineType;
use domain::lookup::LookedUp;
use domain::phone::PhoneNumber;
use domain::port::{LookupOutcome, NumberLookup as _};
use gateway_telnyx::{TelnyxLookup, TelnyxLookupOptions};
use telnyx_sandbox::{Sandbox, SandboxOptions};

use super::{KEY, keys};

fn lookup(api: &str, key: &str) -> TelnyxLookup {
    TelnyxLookup::new(&TelnyxLookupOptions {
        api_base_url: api.to_owned(),
        keys: keys(key),
        connect_timeout: Duration::from_millis(500),
        request_timeout: Duration::from_secs(2),
        connections_max: 4,
    })
    .unwrap()
}

async fn sandbox() -> Sandbox {
    let options = SandboxOptions { api_key: Some(KEY.to_owned()), ..SandboxOptions::default() };
    Sandbox::start(options).await.unwrap()
}

fn number(national: u64) -> PhoneNumber {
    PhoneNumber::from_national(national).unwrap()
}

#[tokio::test]
async fn a_number_is_what_the_sandbox_says_it_is() {
    let sandbox = sandbox().await;
    let lookup = lookup(&sandbox.url(), KEY);
    let mut line_types = Vec::new();
    for last_two in 0..100 {
        let told = lookup.look_up(number(5_512_345_600 + last_two)).await;
        let LookupOutcome::Found(LookedUp { line_type, carrier, is_ported }) = told else {
            panic!("{told:?}")
        };
        assert!(["Telcel", "AT&T", "Movistar"].map(Some).contains(&carrier.as_deref()), "{carrier:?}");
        assert_eq!(is_ported, Some(last_two % 10 == 5));
        line_types.push(line_type);
    }
    assert!(line_types.contains(&LineType::Mobile) && line_types.contains(&LineType::Fixed));
    assert!(!line_types.contains(&LineType::Unknown));
}

#[tokio::test]
async fn a_key_that_is_refused_blocks_the_account_and_nobody_there_is_not_now() {
    let sandbox = sandbox().await;
    let told = lookup(&sandbox.url(), "KEY-of-another").look_up(number(5_512_345_678)).await;
    assert_eq!(told, LookupOutcome::AccountBlocked { reason: "key_refused".to_owned() });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let told = lookup(&nowhere, KEY).look_up(number(5_512_345_678)).await;
    assert_eq!(told, LookupOutcome::NotNow { retry_after: None });
}

#[tokio::test]
async fn a_provider_that_says_nothing_ends_a_call_in_its_time() {
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", mute.local_addr().unwrap());
    let started = Instant::now();
    let told = lookup(&url, KEY).look_up(number(5_512_345_678)).await;
    assert_eq!(told, LookupOutcome::Failed { reason: "timeout".to_owned() });
    assert!(started.elapsed() < Duration::from_secs(30));
}
