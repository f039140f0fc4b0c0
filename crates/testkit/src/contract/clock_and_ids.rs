//! What [`Clock`] and [`Ids`] owe.

#![expect(clippy::unused_async, reason = "a clause is a future, whatever its port is")]

use std::collections::HashSet;

use domain::port::{Clock, Ids};

/// One test for each clause of [`Clock`].
#[macro_export]
macro_rules! clock_contract {
    ($clock:expr) => {
        $crate::clauses!(clock_and_ids, $clock, [a_clock_that_is_asked_again_tells_no_earlier_instant,]);
    };
}

/// One test for each clause of [`Ids`].
#[macro_export]
macro_rules! ids_contract {
    ($ids:expr) => {
        $crate::clauses!(
            clock_and_ids,
            $ids,
            [every_id_is_a_version_7_uuid, no_id_comes_twice, every_id_is_greater_than_all_before_it,]
        );
    };
}

const IDS: usize = 5_000;

/// As the sentence says.
pub async fn a_clock_that_is_asked_again_tells_no_earlier_instant(clock: &impl Clock) {
    let told: Vec<_> = (0..1_000).map(|_| clock.now()).collect();
    assert!(told.is_sorted());
}

/// As the sentence says.
pub async fn every_id_is_a_version_7_uuid(ids: &impl Ids) {
    assert!((0..IDS).map(|_| ids.next()).all(|id| id.get_version_num() == 7));
}

/// As the sentence says.
pub async fn no_id_comes_twice(ids: &impl Ids) {
    let made: HashSet<_> = (0..IDS).map(|_| ids.next()).collect();
    assert_eq!(made.len(), IDS);
}

/// As the sentence says.
pub async fn every_id_is_greater_than_all_before_it(ids: &impl Ids) {
    let made: Vec<_> = (0..IDS).map(|_| ids.next()).collect();
    assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
}
