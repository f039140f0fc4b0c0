//! [`RateLimiter`] over Redis: one script, one round trip, on the connection that the cache has already.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::port::{CacheUnavailable, RateLimiter};
use domain::rate::{Allowance, Charge, RateLimit};
use redis::Script;
use tokio::time::Instant;

use crate::{RedisCache, locked};

static CHARGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("charge.lua")));

/// Counts requests in Redis, for all programs together; while the server is away, a share of each limit is counted here.
pub struct RedisRateLimiter {
    cache: Arc<RedisCache>,
    local: LocalRates,
    local_percent: u8,
}

impl RedisRateLimiter {
    /// Counts over the connection of `cache`; alone it grants `local_percent` of each limit, to at most `local_keys_max` who
    /// ask at the same time.
    #[must_use]
    pub fn new(cache: Arc<RedisCache>, local_percent: u8, local_keys_max: usize) -> Self {
        Self { cache, local: LocalRates::new(local_keys_max), local_percent }
    }

    /// How far each was ahead before.
    async fn leads(&self, charges: &[Charge]) -> Result<Vec<Duration>, CacheUnavailable> {
        let mut call = CHARGE.prepare_invoke();
        for charge in charges {
            call.key(self.cache.key(&charge.key));
            call.arg(micros(charge.limit.interval())).arg(micros(charge.limit.room()));
        }
        let leads: Vec<u64> = self.cache.command(async |redis| call.invoke_async(redis).await).await?;
        Ok(leads.into_iter().map(Duration::from_micros).collect())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn charge(&self, charges: &[Charge]) -> Vec<Allowance> {
        if let Ok(leads) = self.leads(charges).await
            && leads.len() == charges.len()
        {
            return charges.iter().zip(leads).map(|(charge, lead)| charge.limit.allowance(lead)).collect();
        }
        self.local.charge(charges, self.local_percent, Instant::now())
    }
}

/// What one program counts by itself.
struct LocalRates {
    keys_max: usize,
    /// Until when each is ahead.
    ahead_until: Mutex<HashMap<String, Instant>>,
}

/// Whoever finds no place of their own shares this one.
const NO_PLACE: &str = "";

impl LocalRates {
    fn new(keys_max: usize) -> Self {
        Self { keys_max, ahead_until: Mutex::new(HashMap::new()) }
    }

    fn charge(&self, charges: &[Charge], percent: u8, now: Instant) -> Vec<Allowance> {
        let mut ahead_until = locked(&self.ahead_until);
        if ahead_until.len() + charges.len() > self.keys_max {
            ahead_until.retain(|_, until| *until > now);
        }
        let is_full = ahead_until.len() + charges.len() > self.keys_max;
        let places: Vec<(&str, RateLimit, Duration)> = charges
            .iter()
            .map(|charge| {
                let has_place = !is_full || ahead_until.contains_key(&charge.key);
                let key = if has_place { charge.key.as_str() } else { NO_PLACE };
                let lead = ahead_until.get(key).map(|until| until.saturating_duration_since(now));
                (key, charge.limit.share(percent), lead.unwrap_or_default())
            })
            .collect();
        let allowances: Vec<Allowance> =
            places.iter().map(|(_, limit, lead)| limit.allowance(*lead)).collect();
        if allowances.iter().all(|allowance| matches!(allowance, Allowance::Granted { .. })) {
            for (key, limit, lead) in places {
                ahead_until.insert(key.to_owned(), now + lead + limit.interval());
            }
        }
        allowances
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn charge(key: &str, per_second: u32, burst: u32) -> Charge {
        let (per_second, burst) = (NonZeroU32::new(per_second).unwrap(), NonZeroU32::new(burst).unwrap());
        Charge { key: key.to_owned(), limit: RateLimit { per_second, burst } }
    }

    fn granted(allowances: &[Allowance]) -> bool {
        allowances.iter().all(|allowance| matches!(allowance, Allowance::Granted { .. }))
    }

    #[test]
    fn alone_a_share_is_granted_and_a_refusal_is_charged_to_nobody() {
        let rates = LocalRates::new(100);
        let now = Instant::now();
        let (small, large) = (charge("small", 1, 4), charge("large", 1, 100));
        let both = [small.clone(), large.clone()];
        assert!(granted(&rates.charge(&both, 50, now)));
        assert!(granted(&rates.charge(&both, 50, now)));
        assert!(!granted(&rates.charge(&both, 50, now)));
        let Allowance::Granted { remaining, .. } = rates.charge(&[large], 50, now)[0] else {
            panic!("refused")
        };
        assert_eq!(remaining, 47);
        assert!(granted(&rates.charge(&[small], 50, now + Duration::from_secs(2))));
    }

    #[test]
    fn whoever_finds_no_place_shares_one_and_those_whose_time_is_over_make_room() {
        let rates = LocalRates::new(3);
        let now = Instant::now();
        for key in ["a", "b", "c"] {
            assert!(granted(&rates.charge(&[charge(key, 1, 2)], 100, now)), "{key}");
        }
        assert!(granted(&rates.charge(&[charge("d", 1, 2)], 100, now)));
        assert!(granted(&rates.charge(&[charge("e", 1, 2)], 100, now)));
        assert!(!granted(&rates.charge(&[charge("f", 1, 2)], 100, now)));
        assert!(granted(&rates.charge(&[charge("a", 1, 2)], 100, now)));
        assert!(locked(&rates.ahead_until).len() <= 4);
        let later = now + Duration::from_mins(1);
        assert!(granted(&rates.charge(&[charge("f", 1, 2)], 100, later)));
        assert_eq!(locked(&rates.ahead_until).len(), 1);
    }
}
