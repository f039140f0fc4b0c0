//! What counts requests against a real server: for all programs together, and alone while the server is away.

#![expect(clippy::expect_used, reason = "what fails in here fails a test, and says where")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_redis::{RedisCache, RedisOptions, RedisRateLimiter};
use domain::port::RateLimiter;
use domain::rate::{Allowance, Charge, RateLimit};
use testkit::Proxy;

#[expect(clippy::disallowed_methods, reason = "the command that starts the servers sets this")]
fn url() -> String {
    std::env::var("REDIS_URL").expect("run the tests with `cargo xtask test`, which sets REDIS_URL")
}

fn limiter(url: &str, test: &str) -> RedisRateLimiter {
    let cache = RedisCache::new(RedisOptions {
        url: url.to_owned(),
        prefix: format!("test:{test}:{}", std::process::id()),
        connect_timeout: Duration::from_secs(2),
        command_timeout: Duration::from_secs(1),
        value_bytes_max: 1_000,
    });
    RedisRateLimiter::new(Arc::new(cache), 50, 100)
}

fn some(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("a number above 0")
}

fn charge(key: &str, per_second: u32, burst: u32) -> Charge {
    let (per_second, burst) = (some(per_second), some(burst));
    Charge { key: key.to_owned(), limit: RateLimit { per_second, burst } }
}

fn is_granted(allowances: &[Allowance]) -> bool {
    allowances.iter().all(|allowance| matches!(allowance, Allowance::Granted { .. }))
}

async fn granted_of(limiter: &RedisRateLimiter, charges: &[Charge], times: usize) -> usize {
    let mut granted = 0;
    for _ in 0..times {
        granted += usize::from(is_granted(&limiter.charge(charges).await));
    }
    granted
}

#[tokio::test]
async fn two_programs_share_one_limit_and_it_fills_up_again() {
    let (one, other) = (limiter(&url(), "shared"), limiter(&url(), "shared"));
    let charges = [charge("a", 2, 10)];
    let began = Instant::now();
    let mut granted = 0;
    for _ in 0..10 {
        granted += granted_of(&one, &charges, 1).await + granted_of(&other, &charges, 1).await;
    }
    // What fills up meanwhile is little.
    let most = 10 + usize::try_from(2 * began.elapsed().as_secs()).unwrap() + 1;
    assert!((10..=most).contains(&granted), "{granted} of {most}");
    let Allowance::Refused { retry_after } = one.charge(&charges).await[0] else { panic!("granted") };
    tokio::time::sleep(retry_after).await;
    assert!(is_granted(&other.charge(&charges).await));
}

#[tokio::test]
async fn where_one_has_no_room_nobody_is_charged() {
    let limiter = limiter(&url(), "none");
    let (small, large) = (charge("small", 1, 1), charge("large", 1, 50));
    let both = [small, large.clone()];
    assert_eq!(granted_of(&limiter, &both, 1).await, 1);
    for _ in 0..5 {
        let said = limiter.charge(&both).await;
        assert!(matches!(said[0], Allowance::Refused { .. }) && is_granted(&said[1..]), "{said:?}");
    }
    let Allowance::Granted { remaining, .. } = limiter.charge(&[large]).await[0] else { panic!("refused") };
    assert!(remaining >= 48, "{remaining}");
}

#[tokio::test]
async fn while_the_server_says_nothing_a_share_is_granted_and_the_wait_is_one_command_s() {
    let proxy = Proxy::before(&url()).await;
    let limiter = limiter(&proxy.url(), "away");
    let charges = [charge("a", 1, 40)];
    assert!(is_granted(&limiter.charge(&charges).await));
    proxy.stall();
    let asked = Instant::now();
    let granted = granted_of(&limiter, &charges, 100).await;
    assert!((20..25).contains(&granted), "{granted}");
    assert!(asked.elapsed() < Duration::from_millis(1_900), "it waited {:?}", asked.elapsed());
}
