//! The ports to the machine's clock and its source of ids.

use jiff::Timestamp;
use uuid::Uuid;

/// Tells the time. Leases, due times and deadlines are not taken from here: they are the database's clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

/// Makes ids.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new version 7 UUID: unique, and within one process greater than all it made before.
    fn next(&self) -> Uuid;
}
