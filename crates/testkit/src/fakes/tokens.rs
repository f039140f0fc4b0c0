//! Tokens without a signature, and secrets that a test can foretell.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::identity::Password;
use domain::port::{CannotSign, InvalidToken, NoRandomness, SecretSource, TokenIssuer};
use domain::session::{AccessClaims, AccessToken, Secret};
use jiff::Timestamp;

/// Knows its tokens, `access-0`, `access-1` and so on, because it remembers them.
#[derive(Debug, Default)]
pub struct FakeTokens {
    issued: Mutex<HashMap<String, AccessClaims>>,
}

impl TokenIssuer for FakeTokens {
    fn issue(&self, claims: AccessClaims) -> Result<AccessToken, CannotSign> {
        let mut issued = self.issued.lock().unwrap();
        let token = format!("access-{}", issued.len());
        issued.insert(token.clone(), claims);
        Ok(AccessToken::new(token))
    }

    fn read(&self, token: &str, at: Timestamp) -> Result<AccessClaims, InvalidToken> {
        let issued = self.issued.lock().unwrap();
        issued.get(token).copied().filter(|claims| at < claims.expires_at).ok_or(InvalidToken)
    }
}

/// Counts instead of drawing.
#[derive(Debug, Default)]
pub struct CountingSecrets {
    drawn: AtomicU64,
}

impl CountingSecrets {
    /// The `n`th secret, the first being 0.
    #[must_use]
    pub fn nth(n: u64) -> Secret {
        let mut bytes = [0; Secret::BYTES];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Secret::new(bytes)
    }
}

impl SecretSource for CountingSecrets {
    fn draw(&self) -> Result<Secret, NoRandomness> {
        Ok(Self::nth(self.drawn.fetch_add(1, Ordering::SeqCst)))
    }

    fn draw_password(&self) -> Result<Password, NoRandomness> {
        let n = self.drawn.fetch_add(1, Ordering::SeqCst);
        Ok(Password::new(&format!("generated-{n:016}")))
    }
}
