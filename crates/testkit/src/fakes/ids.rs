//! Ids that a test can foretell.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::port::Ids;
use uuid::{Builder, Uuid};

/// 2026-01-01 in milliseconds.
const START_MS: u64 = 1_767_225_600_000;

/// Version 7 UUIDs of 2026-01-01, a millisecond apart and otherwise empty.
#[derive(Debug, Default)]
pub struct CountingIds {
    made: AtomicU64,
}

impl CountingIds {
    /// The `n`th id, the first being 0.
    #[must_use]
    pub fn nth(n: u64) -> Uuid {
        Builder::from_unix_timestamp_millis(START_MS + n, &[0; 10]).into_uuid()
    }
}

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        Self::nth(self.made.fetch_add(1, Ordering::SeqCst))
    }
}
