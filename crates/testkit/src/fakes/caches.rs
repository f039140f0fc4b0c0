//! A cache in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::port::{Cache, CacheUnavailable};

/// [`Cache`] in memory, whose entries last until they are forgotten, and which may be sent away.
#[derive(Debug, Default)]
pub struct FakeCache {
    kept: Mutex<HashMap<String, (Vec<u8>, Duration)>>,
    is_away: AtomicBool,
}

impl FakeCache {
    /// From now on nothing is answered, or everything is again.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// For how long `key` was asked to be kept.
    #[must_use]
    pub fn kept_for(&self, key: &str) -> Option<Duration> {
        self.kept.lock().unwrap().get(key).map(|(_, keep_for)| *keep_for)
    }

    fn answer(&self) -> Result<(), CacheUnavailable> {
        if self.is_away.load(Ordering::SeqCst) {
            Err(CacheUnavailable { reason: "it was sent away".to_owned() })
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Cache for FakeCache {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheUnavailable> {
        self.answer()?;
        Ok(self.kept.lock().unwrap().get(key).map(|(value, _)| value.clone()))
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep_for: Duration) -> Result<(), CacheUnavailable> {
        self.answer()?;
        self.kept.lock().unwrap().insert(key.to_owned(), (value, keep_for));
        Ok(())
    }

    async fn forget(&self, key: &str) -> Result<(), CacheUnavailable> {
        self.answer()?;
        self.kept.lock().unwrap().remove(key);
        Ok(())
    }

    async fn ping(&self) -> Result<(), CacheUnavailable> {
        self.answer()
    }
}
