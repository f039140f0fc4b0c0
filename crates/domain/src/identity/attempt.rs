//! How often signing in may fail: by whom, from where, and both.

use std::net::{IpAddr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};

/// Where somebody signs in from: an address, of which only the network is known where it is one of IPv6, as whoever has one
/// of these has 2⁶⁴ of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place(Option<IpAddr>);

impl Place {
    /// The place of an address; all whose address is not known share one.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        }))
    }

    /// The address, or the first of its network.
    #[must_use]
    pub fn address(self) -> Option<IpAddr> {
        self.0
    }
}

/// Failures that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub failures: u32,
    /// When the first of them was.
    pub first_at: Timestamp,
}

/// What failed before, within the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// With this address, from this place.
    pub of_pair: Option<Counted>,
    /// From this place, with whichever address.
    pub of_place: Option<Counted>,
    /// With this address, from wherever.
    pub of_account: Option<Counted>,
    /// Whether somebody has signed in with this address from this place, not long ago.
    pub is_familiar: bool,
}

/// How many failures are too many. What fails is known by its address *and* place first of all, so that nobody locks out
/// another who is elsewhere; a place that tries many addresses is stopped by itself; and where many places try one address,
/// only those are listened to where its user has been before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimits {
    /// With one address, from one place.
    pub of_pair: u32,
    /// From one place.
    pub of_place: u32,
    /// With one address.
    pub of_account: u32,
    /// For how long failures count, from the first of them.
    pub window: SignedDuration,
}

impl FailureLimits {
    /// Until when no attempt is looked at, if there were too many `at` that instant.
    #[must_use]
    pub fn blocked_until(&self, failures: &Failures, at: Timestamp) -> Option<Timestamp> {
        let account = failures.of_account.filter(|_| !failures.is_familiar);
        [(failures.of_pair, self.of_pair), (failures.of_place, self.of_place), (account, self.of_account)]
            .into_iter()
            .filter_map(|(counted, most)| {
                let counted = counted?;
                let ends_at = counted.first_at + self.window;
                (counted.failures >= most && at < ends_at).then_some(ends_at)
            })
            .max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FailureLimits =
        FailureLimits { of_pair: 3, of_place: 5, of_account: 9, window: SignedDuration::from_mins(5) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn counted(failures: u32) -> Counted {
        Counted { failures, first_at: at(0) }
    }

    #[test]
    fn each_count_blocks_by_its_own_limit_until_its_window_ends() {
        for (failures, is_blocked) in [
            (Failures::default(), false),
            (Failures { of_pair: Some(counted(2)), ..Failures::default() }, false),
            (Failures { of_pair: Some(counted(3)), ..Failures::default() }, true),
            (Failures { of_place: Some(counted(4)), ..Failures::default() }, false),
            (Failures { of_place: Some(counted(5)), ..Failures::default() }, true),
            (Failures { of_account: Some(counted(8)), ..Failures::default() }, false),
            (Failures { of_account: Some(counted(9)), ..Failures::default() }, true),
        ] {
            assert_eq!(
                LIMITS.blocked_until(&failures, at(299)),
                is_blocked.then_some(at(300)),
                "{failures:?}"
            );
            assert_eq!(LIMITS.blocked_until(&failures, at(300)), None, "{failures:?}");
        }
    }

    #[test]
    fn a_place_where_the_user_has_been_is_not_blocked_by_what_others_do_elsewhere() {
        let sprayed = Failures { of_account: Some(counted(1_000)), is_familiar: true, ..Failures::default() };
        assert_eq!(LIMITS.blocked_until(&sprayed, at(1)), None);
        let guessed = Failures { of_pair: Some(counted(3)), ..sprayed };
        assert_eq!(LIMITS.blocked_until(&guessed, at(1)), Some(at(300)));
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_place_and_ipv4_is_told_apart_in_either_notation() {
        let place = |address: &str| Place::of(Some(address.parse().unwrap()));
        assert_eq!(place("2001:db8:0:7::1"), place("2001:db8:0:7:ffff::2"));
        assert_ne!(place("2001:db8:0:7::1"), place("2001:db8:0:8::1"));
        assert_eq!(place("::ffff:192.0.2.7"), place("192.0.2.7"));
        assert_ne!(place("192.0.2.8"), place("192.0.2.7"));
        assert_eq!(place("2001:db8:0:7::9").address(), Some("2001:db8:0:7::".parse().unwrap()));
    }
}
