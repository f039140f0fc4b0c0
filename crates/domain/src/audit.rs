//! The audit log: who did what, when and from where; and the chain that shows whether somebody changed it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// A line of the log as it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Identifies it. Ids grow, and some are never used.
    pub id: i64,
    /// When the change began.
    pub at: Timestamp,
    /// Who: a user's address, or the name of a program.
    pub actor: String,
    /// What was done, as `campaign.launch`.
    pub action: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which one.
    pub object_id: String,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// Where that came from.
    pub remote_addr: Option<String>,
    /// What else is to be known of it, as JSON.
    pub details: String,
    /// Where it stands in the chain.
    pub link: Option<ChainPoint>,
}

/// Who did what is shown in no log.
impl fmt::Debug for AuditLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLine")
            .field("id", &self.id)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// Personal data that was shown many at once, to somebody who sees it whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkReading {
    /// A page of contacts.
    Contacts,
    /// A page of contacts that were searched for.
    FoundContacts,
    /// A page of messages.
    Messages,
    /// A page of suppressions.
    Suppressions,
    /// A page of what people wrote.
    Inbound,
}

impl BulkReading {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Contacts, Self::FoundContacts, Self::Messages, Self::Suppressions, Self::Inbound];

    /// What the audit log says was done.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::Contacts => "contact.list",
            Self::FoundContacts => "contact.search",
            Self::Messages => "message.list",
            Self::Suppressions => "suppression.list",
            Self::Inbound => "inbound.list",
        }
    }
}

/// The place of a line in the order of the log: its time, and its id where two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    /// The line's time.
    pub at: Timestamp,
    /// Its id.
    pub id: i64,
}

impl fmt::Display for AuditPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.as_microsecond(), self.id)
    }
}

impl FromStr for AuditPlace {
    type Err = InvalidAuditPlace;

    fn from_str(written: &str) -> Result<Self, InvalidAuditPlace> {
        let (at, id) = written.split_once('.').ok_or(InvalidAuditPlace)?;
        let at = at.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
        Ok(Self { at: at.ok_or(InvalidAuditPlace)?, id: id.parse().map_err(|_| InvalidAuditPlace)? })
    }
}

/// A place that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in the audit log")]
pub struct InvalidAuditPlace;

/// A hash of the chain: SHA-256 over the hash before it and the line's text. One that was tampered with may be of another length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHash(Vec<u8>);

impl ChainHash {
    /// The bytes of a hash.
    pub const BYTES: usize = 32;

    /// What the first line stands behind.
    #[must_use]
    pub fn origin() -> Self {
        Self(vec![0; Self::BYTES])
    }

    /// A hash as it is stored.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// In hexadecimal.
impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for ChainHash {
    type Err = InvalidChainHash;

    fn from_str(written: &str) -> Result<Self, InvalidChainHash> {
        let mut bytes = [0; Self::BYTES];
        hex::decode_to_slice(written, &mut bytes).map_err(|_| InvalidChainHash)?;
        Ok(Self(bytes.to_vec()))
    }
}

/// A hash of the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash of the audit log is 64 hexadecimal digits, as `migrator audit verify` prints it")]
pub struct InvalidChainHash;

/// A point of the chain: so many lines up to here, and the hash that stands for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainPoint {
    /// Counts from 1.
    pub place: i64,
    /// The hash there.
    pub hash: ChainHash,
}

/// A link of the chain with the line that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// Where it stands, and what its hash is said to be.
    pub point: ChainPoint,
    /// The id of its line.
    pub line_id: i64,
    /// The line, if it is there.
    pub line: Option<LineFields>,
}

/// What is hashed of a line, each field as its text: id, time in microseconds since 1970 (UTC), actor, action, kind and id of the
/// object, request, address and details.
#[derive(Clone, PartialEq, Eq)]
pub struct LineFields(pub Vec<Option<String>>);

impl LineFields {
    /// The line in the form that is hashed: of each field its length in bytes, a colon and its text; `-` where there is none.
    /// No two lines have the same one.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        for field in &self.0 {
            match field {
                Some(field) => {
                    text.push_str(&field.len().to_string());
                    text.push(':');
                    text.push_str(field);
                }
                None => text.push('-'),
            }
        }
        text
    }
}

/// Who did what is shown in no log.
impl fmt::Debug for LineFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineFields(•••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(all: &[Option<&str>]) -> LineFields {
        LineFields(all.iter().map(|field| field.map(str::to_owned)).collect())
    }

    #[test]
    fn the_canonical_form_counts_bytes_and_tells_nothing_from_empty() {
        assert_eq!(fields(&[Some("ñ"), None, Some("")]).canonical(), "2:ñ-0:");
        assert_ne!(
            fields(&[Some("1:2"), Some("3")]).canonical(),
            fields(&[Some("1"), Some("2:3")]).canonical()
        );
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let written = "0b9e52908fbcbcaacb60d8ef80b13f2f44ed2aededa469d2c8bf4685a9ed92da";
        assert_eq!(written.parse::<ChainHash>().unwrap().to_string(), written);
        assert_eq!(ChainHash::origin().to_string(), "0".repeat(64));
        for wrong in ["", "0b9e", &written.replace('0', "g"), &"ñ".repeat(32)] {
            assert_eq!(wrong.parse::<ChainHash>(), Err(InvalidChainHash), "{wrong}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = AuditPlace { at: "2026-03-01T03:00:00.000001Z".parse().unwrap(), id: 7 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for wrong in ["", "7", "x.7", "7.x", "9223372036854775807.7"] {
            assert_eq!(wrong.parse::<AuditPlace>(), Err(InvalidAuditPlace), "{wrong}");
        }
    }

    #[test]
    fn nobody_is_shown_where_things_are_debugged() {
        let shown = format!("{:?}", fields(&[Some("ana@empresa.mx")]));
        assert!(!shown.contains("ana"), "{shown}");
    }
}
