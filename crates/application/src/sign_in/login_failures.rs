//! How often signing in failed, by address and place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::identity::Email;
use jiff::{SignedDuration, Timestamp};

/// How many pairs of an address and a place are remembered.
const PAIRS_MAX: usize = 10_000;

/// How many failures are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimit {
    /// So many within the window, and no further attempt is looked at.
    pub failures: u32,
    /// Counted from the first of them.
    pub window: SignedDuration,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    first_at: Timestamp,
}

type Pair = (Email, Option<IpAddr>);

/// The failures of the pairs seen last. It is this process's memory alone: with several processes each allows the limit,
/// and one that starts again has forgotten. What it protects is costly to try by itself, as each attempt is hashed.
#[derive(Debug)]
pub struct LoginFailures {
    limit: FailureLimit,
    pairs: Mutex<HashMap<Pair, Failures>>,
}

impl LoginFailures {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new(limit: FailureLimit) -> Self {
        Self { limit, pairs: Mutex::default() }
    }

    /// For how long nothing of this pair is looked at, if it failed too often.
    #[must_use]
    pub fn blocked_for(&self, email: &Email, place: Option<IpAddr>, at: Timestamp) -> Option<Duration> {
        let pairs = self.pairs();
        let failures = pairs.get(&(email.clone(), place))?;
        let ends_at = failures.first_at + self.limit.window;
        let is_blocked = failures.count >= self.limit.failures && at < ends_at;
        is_blocked.then(|| Duration::try_from(ends_at.duration_since(at)).unwrap_or_default())
    }

    /// The pair has failed.
    pub fn record(&self, email: &Email, place: Option<IpAddr>, at: Timestamp) {
        let mut pairs = self.pairs();
        let pair = (email.clone(), place);
        if pairs.len() >= PAIRS_MAX && !pairs.contains_key(&pair) {
            self.make_room(&mut pairs, at);
        }
        let failures = pairs.entry(pair).or_insert(Failures { count: 0, first_at: at });
        if at >= failures.first_at + self.limit.window {
            *failures = Failures { count: 0, first_at: at };
        }
        failures.count = failures.count.saturating_add(1);
    }

    /// The pair has signed in.
    pub fn forget(&self, email: &Email, place: Option<IpAddr>) {
        self.pairs().remove(&(email.clone(), place));
    }

    /// Forgets what no longer counts, or else the pair whose window ends first.
    fn make_room(&self, pairs: &mut HashMap<Pair, Failures>, at: Timestamp) {
        pairs.retain(|_, failures| at < failures.first_at + self.limit.window);
        if pairs.len() >= PAIRS_MAX {
            let oldest = pairs.iter().min_by_key(|(_, failures)| failures.first_at);
            if let Some(pair) = oldest.map(|(pair, _)| pair.clone()) {
                pairs.remove(&pair);
            }
        }
    }

    /// A count is whole after each step, so that one that was left by a panic is good.
    fn pairs(&self) -> MutexGuard<'_, HashMap<Pair, Failures>> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn email(n: usize) -> Email {
        Email::parse(&format!("user{n}@empresa.mx")).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failures() -> LoginFailures {
        LoginFailures::new(FailureLimit { failures: 3, window: SignedDuration::from_mins(5) })
    }

    #[test]
    fn a_pair_is_blocked_from_the_limit_to_the_end_of_the_window_and_no_other_is() {
        let failures = failures();
        for second in [0, 10, 20] {
            assert_eq!(failures.blocked_for(&email(1), PLACE, at(second)), None);
            failures.record(&email(1), PLACE, at(second));
        }
        assert_eq!(failures.blocked_for(&email(1), PLACE, at(30)), Some(Duration::from_secs(270)));
        assert_eq!(failures.blocked_for(&email(1), None, at(30)), None);
        assert_eq!(failures.blocked_for(&email(2), PLACE, at(30)), None);
        assert_eq!(failures.blocked_for(&email(1), PLACE, at(300)), None);
        failures.record(&email(1), PLACE, at(300));
        assert_eq!(failures.blocked_for(&email(1), PLACE, at(301)), None, "a new window counts from one");
    }

    #[test]
    fn a_success_forgets_the_failures_before_it() {
        let failures = failures();
        failures.record(&email(1), PLACE, at(0));
        failures.record(&email(1), PLACE, at(1));
        failures.forget(&email(1), PLACE);
        failures.record(&email(1), PLACE, at(2));
        assert_eq!(failures.blocked_for(&email(1), PLACE, at(3)), None);
    }

    #[test]
    fn no_more_pairs_are_remembered_than_there_is_room_for_and_the_oldest_goes_first() {
        let failures = failures();
        for _ in 0..3 {
            failures.record(&email(0), PLACE, at(0));
            failures.record(&email(1), PLACE, at(1));
        }
        for n in 2..=PAIRS_MAX {
            failures.record(&email(n), PLACE, at(2));
        }
        assert_eq!(failures.pairs().len(), PAIRS_MAX);
        assert_eq!(failures.blocked_for(&email(0), PLACE, at(3)), None);
        assert!(failures.blocked_for(&email(1), PLACE, at(3)).is_some());
    }
}
