//! Signs webhooks as Telnyx does: Ed25519 over `timestamp|body`, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::clock;

pub(crate) struct Signer {
    key: SigningKey,
    public_key: String,
}

impl Signer {
    /// The same key for the same seed; without one, a key of this run. Neither is fit for anything but a sandbox.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let mut secret = [0; 32];
        if let Some(seed) = seed {
            secret[..8].copy_from_slice(&seed.to_be_bytes());
        } else {
            secret[..16].copy_from_slice(clock::new_id().as_bytes());
            secret[16..].copy_from_slice(clock::new_id().as_bytes());
        }
        let key = SigningKey::from_bytes(&secret);
        let public_key = BASE64.encode(key.verifying_key().as_bytes());
        Self { key, public_key }
    }

    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }

    pub(crate) fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let signed = [timestamp.to_string().as_bytes(), b"|", body].concat();
        BASE64.encode(self.key.sign(&signed).to_bytes())
    }
}
