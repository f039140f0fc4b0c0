//! Passwords hashed at no cost.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use domain::identity::{Password, PasswordHash};
use domain::port::{HasherUnavailable, PasswordHasher};

/// Turns a password around beside a salt of its own: `$fake$7$…`. Anybody can turn it back.
#[derive(Debug, Default)]
pub struct FakePasswords {
    salts: AtomicU64,
}

fn reversed(salt: u64, password: &Password) -> PasswordHash {
    let mut phc = format!("$fake${salt}$");
    for byte in password.expose().bytes().rev() {
        write!(phc, "{byte:02x}").unwrap();
    }
    PasswordHash::new(phc)
}

#[async_trait]
impl PasswordHasher for FakePasswords {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HasherUnavailable> {
        Ok(reversed(self.salts.fetch_add(1, Ordering::SeqCst), &password))
    }

    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<bool, HasherUnavailable> {
        let salt = hash.as_str().strip_prefix("$fake$").and_then(|rest| rest.split('$').next()?.parse().ok());
        Ok(salt.is_some_and(|salt| reversed(salt, &password) == hash))
    }

    fn is_outdated(&self, _: &PasswordHash) -> bool {
        false
    }

    async fn verify_absent(&self, _: Password) -> Result<(), HasherUnavailable> {
        Ok(())
    }
}
