//! The sandbox is a provider of its own, with a clock and a source of ids of its own.

use jiff::Timestamp;
use uuid::Uuid;

#[expect(clippy::disallowed_methods, reason = "stands for the clock of another company's servers")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// An id that no other run shares.
#[expect(clippy::disallowed_methods, reason = "stands for the ids that another company's servers make")]
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}
