//! The cache against a real server: what it keeps and for how long, and what an outage does to it.

#![expect(clippy::expect_used, reason = "what fails in here fails a test, and says where")]

use std::time::{Duration, Instant};

use cache_redis::{RedisCache, RedisOptions};
use domain::port::Cache;
use testkit::Proxy;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_mins(1);

#[expect(clippy::disallowed_methods, reason = "the command that starts the servers sets this")]
fn url() -> String {
    std::env::var("REDIS_URL").expect("run the tests with `cargo xtask test`, which sets REDIS_URL")
}

fn cache(url: &str, test: &str) -> RedisCache {
    RedisCache::new(RedisOptions {
        url: url.to_owned(),
        prefix: format!("test:{test}:{}", std::process::id()),
        connect_timeout: Duration::from_secs(2),
        command_timeout: Duration::from_secs(1),
        value_bytes_max: 1_000,
    })
}

#[tokio::test]
async fn what_is_kept_is_there_until_it_is_replaced_forgotten_or_its_time_has_ended() {
    let cache = cache(&url(), "kept");
    cache.ping().await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), None);
    cache.put("a", b"one".to_vec(), MINUTE).await.unwrap();
    cache.put("b", vec![0, 255], MINUTE).await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), Some(b"one".to_vec()));
    cache.put("a", b"two".to_vec(), MINUTE).await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), Some(b"two".to_vec()));
    cache.forget("a").await.unwrap();
    cache.forget("a").await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), None);
    assert_eq!(cache.get("b").await.unwrap(), Some(vec![0, 255]));
    cache.put("b", b"short".to_vec(), Duration::from_millis(50)).await.unwrap();
    timeout(PATIENCE, async { while cache.get("b").await.unwrap().is_some() {} }).await.unwrap();
}

#[tokio::test]
async fn what_is_too_long_is_not_kept_and_leaves_nothing_old_behind() {
    let cache = cache(&url(), "long");
    cache.put("a", b"old".to_vec(), MINUTE).await.unwrap();
    cache.put("a", vec![0; 1_001], MINUTE).await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), None);
}

#[tokio::test]
async fn two_prefixes_do_not_see_each_other() {
    let (one, other) = (cache(&url(), "one"), cache(&url(), "other"));
    one.put("a", b"mine".to_vec(), MINUTE).await.unwrap();
    assert_eq!(other.get("a").await.unwrap(), None);
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_again() {
    let proxy = Proxy::before(&url()).await;
    let cache = cache(&proxy.url(), "cut");
    cache.put("a", b"kept".to_vec(), MINUTE).await.unwrap();
    proxy.cut();
    let read = timeout(PATIENCE, async {
        loop {
            match cache.get("a").await {
                Ok(value) => return value,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    });
    assert_eq!(read.await.unwrap(), Some(b"kept".to_vec()));
}

#[tokio::test]
async fn a_server_that_says_nothing_ends_every_command_in_its_time() {
    let proxy = Proxy::before(&url()).await;
    let cache = cache(&proxy.url(), "mute");
    cache.ping().await.unwrap();
    proxy.stall();
    timeout(PATIENCE, cache.get("a")).await.unwrap().unwrap_err();
    timeout(PATIENCE, cache.ping()).await.unwrap().unwrap_err();
    proxy.resume();
    timeout(PATIENCE, async { while cache.ping().await.is_err() {} }).await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_once_and_by_nobody_else() {
    let proxy = Proxy::before(&url()).await;
    let cache = cache(&proxy.url(), "once");
    cache.put("a", b"kept".to_vec(), MINUTE).await.unwrap();
    proxy.stall();
    let asked = Instant::now();
    cache.get("a").await.unwrap_err();
    for _ in 0..100 {
        cache.get("a").await.unwrap_err();
        cache.put("a", b"new".to_vec(), MINUTE).await.unwrap_err();
    }
    assert!(asked.elapsed() < Duration::from_millis(1_900), "it waited {:?}", asked.elapsed());
    // What must not be found any more is forgotten as soon as it is well, also while nobody else asks.
    proxy.resume();
    timeout(PATIENCE, async { while cache.forget("b").await.is_err() {} }).await.unwrap();
    proxy.stall();
    cache.get("a").await.unwrap_err();
    // Who looks how it is finds it well, and then everybody does.
    proxy.resume();
    timeout(PATIENCE, async { while cache.ping().await.is_err() {} }).await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), Some(b"kept".to_vec()));
}

#[tokio::test]
async fn a_server_that_is_well_again_is_asked_again_without_being_looked_at() {
    let proxy = Proxy::before(&url()).await;
    let cache = cache(&proxy.url(), "again");
    cache.put("a", b"kept".to_vec(), MINUTE).await.unwrap();
    proxy.stall();
    cache.get("a").await.unwrap_err();
    proxy.resume();
    let read = timeout(PATIENCE, async {
        loop {
            match cache.get("a").await {
                Ok(value) => return value,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    });
    assert_eq!(read.await.unwrap(), Some(b"kept".to_vec()));
}

#[tokio::test]
async fn a_connection_that_is_never_made_is_waited_for_as_long_as_a_command_by_all_at_once() {
    let proxy = Proxy::before(&url()).await;
    proxy.stall();
    let cache = cache(&proxy.url(), "never");
    let asked = Instant::now();
    for answer in futures::future::join_all((0..50).map(|_| cache.get("a"))).await {
        answer.unwrap_err();
    }
    assert!(asked.elapsed() < Duration::from_millis(1_900), "they waited {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_server_that_is_away_is_found_when_it_is_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (head, _) = url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let cache = cache(&format!("{head}@{address}/0"), "away");
    assert!(cache.ping().await.is_err());
    let proxy = Proxy::at(address, &url()).await;
    timeout(PATIENCE, async { while cache.ping().await.is_err() {} }).await.unwrap();
    drop(proxy);
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let (_, host) = url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for bad in [format!("redis://default:planted@{host}"), "redis//planted".to_owned()] {
        let refused = cache(&bad, "secret").ping().await.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("planted"), "{refused}");
    }
}
