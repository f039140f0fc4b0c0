//! Clocks that tell what a test wants.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::port::Clock;
use jiff::{SignedDuration, Timestamp};

/// Tells one instant for ever.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Tells an instant, and the next time one that is a step later.
#[derive(Debug)]
pub struct SteppingClock {
    start: Timestamp,
    step: SignedDuration,
    asked: AtomicI64,
}

impl SteppingClock {
    /// Tells `start` first.
    #[must_use]
    pub fn new(start: Timestamp, step: SignedDuration) -> Self {
        Self { start, step, asked: AtomicI64::new(0) }
    }
}

/// From 2026-01-01 by seconds.
impl Default for SteppingClock {
    fn default() -> Self {
        Self::new(Timestamp::from_second(1_767_225_600).unwrap(), SignedDuration::from_secs(1))
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let seconds = self.step.as_secs() * asked;
        let nanos = i64::from(self.step.subsec_nanos()) * asked;
        self.start + SignedDuration::from_secs(seconds) + SignedDuration::from_nanos(nanos)
    }
}
