//! The machine's clock and source of ids: the one room that reads either. No rule of the product enters here.

use domain::port::{Clock, Ids};
use jiff::Timestamp;
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Version 7 UUIDs (RFC 9562) from the machine's clock and the generator of its system. Every value of this type
/// shares one counter, so that within the process each id is greater than all before it, even when the clock is set back.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the room that makes ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// What this machine calls itself, where its system tells.
#[must_use]
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "compares the clock with the machine's other reading of it"
    )]
    fn the_clock_tells_the_machines_time() {
        let before = SystemTime::now();
        let told = SystemTime::from(SystemClock.now());
        assert!(told + Duration::from_millis(1) >= before);
        assert!(told <= SystemTime::now() + Duration::from_millis(1));
    }

    #[test]
    fn ids_are_version_7_and_each_is_greater_than_the_one_before() {
        let ids: Vec<Uuid> = (0..10_000).map(|_| SystemIds.next()).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn ids_made_on_several_threads_are_all_different_and_ascend_on_each() {
        let threads: Vec<_> = (0..4)
            .map(|_| thread::spawn(|| (0..5_000).map(|_| SystemIds.next()).collect::<Vec<Uuid>>()))
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            let made = thread.join().unwrap();
            assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
            all.extend(made);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
