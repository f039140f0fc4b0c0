//! How much is let in: requests of one user and of one address by their pace, and heavy ones by their number.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use domain::port::RateLimiter;
use domain::rate::{Allowance, Charge, RateLimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::problem::Problem;

/// What is left of each limit (draft-ietf-httpapi-ratelimit-headers).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The limits themselves.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How often may be asked; `None` is as often as one likes.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestRates {
    /// By one user, from wherever.
    pub user: Option<RateLimit>,
    /// From one address, by whomever: an IPv4 address, or the /64 that an IPv6 address is of.
    pub address: Option<RateLimit>,
}

/// How many heavy requests are under way at once, in one program.
#[derive(Debug, Clone, Copy)]
pub struct HeavyRequests {
    /// At most so many.
    pub at_once_max: usize,
    /// For so long one more waits for another to end; what must wait longer is refused.
    pub wait: Duration,
}

/// Whose requests a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A user, or a program by its key.
    Caller(Uuid),
    Address(IpAddr),
}

impl Whose {
    /// What a limit is called in the headers.
    fn policy(self) -> &'static str {
        match self {
            Self::Caller(_) => "user",
            Self::Address(_) => "address",
        }
    }

    fn key(self) -> String {
        match self {
            Self::Caller(id) => format!("rate:user:{id}"),
            Self::Address(IpAddr::V4(address)) => format!("rate:address:{address}"),
            // Whoever has one address of a network has them all.
            Self::Address(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(mapped) => format!("rate:address:{mapped}"),
                None => format!("rate:address:{:x}", u128::from(address) >> 64),
            },
        }
    }
}

/// What the limits said to a request: for its headers, and whether it is let in.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<(&'static str, RateLimit, Allowance)>);

impl Told {
    /// The refusal, where there is one.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        let refused = self.0.iter().filter_map(|(policy, limit, allowance)| match allowance {
            Allowance::Granted { .. } => None,
            Allowance::Refused { retry_after } => Some((retry_after, policy, limit)),
        });
        let (retry_after, policy, limit) = refused.max_by_key(|(retry_after, ..)| **retry_after)?;
        let detail = format!(
            "this {policy} asks too often: {} requests a second are taken, and {} at once (limits.{policy}_per_second)",
            limit.per_second, limit.burst
        );
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
        Some(problem.retry_after(whole_seconds(*retry_after).max(1)))
    }

    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let list = |show: fn(&'static str, &RateLimit, &Allowance) -> String| {
            let items: Vec<String> =
                self.0.iter().map(|(policy, limit, allowance)| show(policy, limit, allowance)).collect();
            HeaderValue::from_str(&items.join(", ")).ok()
        };
        let policies = list(|policy, limit, _| {
            format!("\"{policy}\";q={};w={}", limit.burst, whole_seconds(limit.room()).max(1))
        });
        let left = list(|policy, _, allowance| {
            let (remaining, seconds) = match allowance {
                Allowance::Granted { remaining, full_after } => (*remaining, *full_after),
                Allowance::Refused { retry_after } => (0, *retry_after),
            };
            format!("\"{policy}\";r={remaining};t={}", whole_seconds(seconds))
        });
        for (name, value) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, left)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }
}

/// Whole seconds, begun ones included.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What counts requests.
pub(crate) struct Limits {
    limiter: Arc<dyn RateLimiter>,
    rates: RequestRates,
    heavy: Arc<Semaphore>,
    heavy_wait: Duration,
}

impl Limits {
    pub(crate) fn new(limiter: Arc<dyn RateLimiter>, rates: RequestRates, heavy: HeavyRequests) -> Self {
        let places = heavy.at_once_max.min(Semaphore::MAX_PERMITS);
        Self { limiter, rates, heavy: Arc::new(Semaphore::new(places)), heavy_wait: heavy.wait }
    }

    /// Counts a request against the limits of these, all in one call.
    pub(crate) async fn count(&self, these: impl IntoIterator<Item = Whose>) -> Told {
        let (mut named, mut charges) = (Vec::new(), Vec::new());
        for whose in these {
            let limit = match whose {
                Whose::Caller(_) => self.rates.user,
                Whose::Address(_) => self.rates.address,
            };
            if let Some(limit) = limit {
                named.push((whose.policy(), limit));
                charges.push(Charge { key: whose.key(), limit });
            }
        }
        if charges.is_empty() {
            return Told::default();
        }
        let allowances = self.limiter.charge(&charges).await;
        Told(named.into_iter().zip(allowances).map(|((policy, limit), said)| (policy, limit, said)).collect())
    }

    /// A place for a heavy request, given back when it is dropped.
    pub(crate) async fn enter_heavy(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let entering = Arc::clone(&self.heavy).acquire_owned();
        if let Ok(Ok(place)) = tokio::time::timeout(self.heavy_wait, entering).await {
            return Ok(place);
        }
        ::metrics::counter!("pregon_heavy_requests_refused_total").increment(1);
        let detail = "as many searches, previews and extracts as may be are under way (limits.heavy_max); try again soon";
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use domain::port::MockRateLimiter;

    use super::*;

    fn limit(per_second: u32, burst: u32) -> RateLimit {
        RateLimit { per_second: NonZeroU32::new(per_second).unwrap(), burst: NonZeroU32::new(burst).unwrap() }
    }

    fn limits(limiter: MockRateLimiter, rates: RequestRates) -> Limits {
        Limits::new(Arc::new(limiter), rates, HeavyRequests { at_once_max: 2, wait: Duration::ZERO })
    }

    #[test]
    fn an_address_counts_as_its_network_where_everybody_has_many() {
        let key = |address: &str| Whose::Address(address.parse().unwrap()).key();
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.2"), key("192.0.2.1"));
    }

    #[test]
    fn what_is_left_is_told_and_the_longest_wait_is_asked_for() {
        let second = Duration::from_secs(1);
        let told = Told(vec![
            ("address", limit(10, 100), Allowance::Granted { remaining: 7, full_after: second * 3 / 2 }),
            ("user", limit(5, 10), Allowance::Refused { retry_after: second * 5 / 4 }),
        ]);
        let mut headers = HeaderMap::new();
        told.put(&mut headers);
        assert_eq!(headers.get(RATE_LIMIT).unwrap(), "\"address\";r=7;t=2, \"user\";r=0;t=2");
        assert_eq!(headers.get(RATE_LIMIT_POLICY).unwrap(), "\"address\";q=100;w=10, \"user\";q=10;w=2");
        let answer = actix_web::ResponseError::error_response(&told.refusal().unwrap());
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers().get("retry-after").unwrap(), "2");
    }

    #[tokio::test]
    async fn what_has_no_limit_is_not_counted() {
        let mut limiter = MockRateLimiter::new();
        limiter.expect_charge().never();
        let limits = limits(limiter, RequestRates::default());
        let told = limits.count([Whose::Address([192, 0, 2, 1].into())]).await;
        assert!(told.0.is_empty() && told.refusal().is_none());
    }

    #[tokio::test]
    async fn one_heavy_request_too_many_is_refused_and_the_next_after_one_has_ended_is_not() {
        let limits = limits(MockRateLimiter::new(), RequestRates::default());
        let first = limits.enter_heavy().await.unwrap();
        let _second = limits.enter_heavy().await.unwrap();
        assert!(limits.enter_heavy().await.is_err());
        drop(first);
        assert!(limits.enter_heavy().await.is_ok());
    }
}
