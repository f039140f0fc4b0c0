//! Who asks for a change, and the key that makes asking twice harmless.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

/// What every change carries: the audit line and the key are committed with the fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who: a user's address, or the name of a program.
    pub actor: Actor,
    /// The key that the caller gave, if one.
    pub idempotency: Option<IdempotencyKey>,
    /// When the caller asked.
    pub at: Timestamp,
    /// The request that asked.
    pub request_id: Option<String>,
    /// Where it came from.
    pub remote_addr: Option<IpAddr>,
}

impl Envelope {
    /// A change that a program of ours makes by itself.
    #[must_use]
    pub fn of_program(name: &str, at: Timestamp) -> Self {
        Self { actor: Actor(name.to_owned()), idempotency: None, at, request_id: None, remote_addr: None }
    }
}

/// Who did something, as the audit log names them. No `Debug` shows a user's address.
#[derive(Clone, PartialEq, Eq)]
pub struct Actor(pub String);

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('@') {
            Some((_, domain)) => write!(f, "•••@{domain}"),
            None => f.write_str(&self.0),
        }
    }
}

/// A caller's own name for a change: the same key and the same body get the same answer, and the change is made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key, as given: 1 to 255 printable ASCII characters.
    pub key: String,
    /// SHA-256 over method, path and body.
    pub body_sha256: [u8; 32],
}

impl IdempotencyKey {
    /// The longest key.
    pub const LENGTH_MAX: usize = 255;

    /// How long an answer is kept, in hours.
    pub const KEPT_HOURS: i32 = 24;

    /// Takes a key.
    ///
    /// # Errors
    /// When it is empty, too long, or not printable ASCII.
    pub fn parse(key: &str, body_sha256: [u8; 32]) -> Result<Self, InvalidIdempotencyKey> {
        let sound =
            !key.is_empty() && key.len() <= Self::LENGTH_MAX && key.bytes().all(|b| b.is_ascii_graphic());
        if sound { Ok(Self { key: key.to_owned(), body_sha256 }) } else { Err(InvalidIdempotencyKey) }
    }
}

/// A key of the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key is 1 to 255 printable ASCII characters without spaces, as a UUID is")]
pub struct InvalidIdempotencyKey;
