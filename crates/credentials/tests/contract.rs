//! The hasher keeps what its port promises.

use std::num::NonZeroUsize;

use credentials::{Argon2Cost, Argon2Passwords};

/// The cheapest cost that argon2 takes: the promises do not depend on it.
fn hasher() -> Argon2Passwords {
    let cost = Argon2Cost { memory_kib: 8, iterations: 1, lanes: 1 };
    Argon2Passwords::new(cost, NonZeroUsize::MIN).unwrap_or_else(|error| panic!("{error}"))
}

testkit::password_hasher_contract!(hasher());
