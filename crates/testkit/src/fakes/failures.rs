//! Failures to sign in, in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use domain::identity::{Counted, Email, Failures, Place};
use domain::port::{FailureLog, StoreError};
use jiff::Timestamp;

/// Whose failures: an address, a place, or both.
type Key = (Option<Email>, Option<Place>);

/// [`FailureLog`] in memory.
#[derive(Debug, Default)]
pub struct FakeFailureLog {
    counted: Mutex<HashMap<Key, Counted>>,
    familiar: Mutex<HashSet<(Email, Place)>>,
}

fn keys(email: &Email, place: Place) -> [Key; 3] {
    [(Some(email.clone()), Some(place)), (None, Some(place)), (Some(email.clone()), None)]
}

impl FakeFailureLog {
    /// The user of an address has been at a place.
    pub fn make_familiar(&self, email: Email, place: Place) {
        self.familiar.lock().unwrap().insert((email, place));
    }
}

#[async_trait]
impl FailureLog for FakeFailureLog {
    async fn find(&self, email: &Email, place: Place, since: Timestamp) -> Result<Failures, StoreError> {
        let counted = self.counted.lock().unwrap();
        let [of_pair, of_place, of_account] = keys(email, place)
            .map(|key| counted.get(&key).copied().filter(|counted| counted.first_at > since));
        let is_familiar = self.familiar.lock().unwrap().contains(&(email.clone(), place));
        Ok(Failures { of_pair, of_place, of_account, is_familiar })
    }

    async fn record(
        &self,
        email: &Email,
        place: Place,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut all = self.counted.lock().unwrap();
        for key in keys(email, place) {
            let counted = all.entry(key).or_insert(Counted { failures: 0, first_at: at });
            if counted.first_at <= since {
                *counted = Counted { failures: 0, first_at: at };
            }
            counted.failures += 1;
        }
        Ok(())
    }

    async fn forget(&self, email: &Email, place: Place) -> Result<(), StoreError> {
        self.counted.lock().unwrap().remove(&(Some(email.clone()), Some(place)));
        Ok(())
    }
}
