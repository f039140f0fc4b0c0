//! Keys with which programs ask: their form, whose they are, and from where they are taken.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use crate::identity::Role;
use crate::request::Actor;
use crate::session::Secret;

/// What every key begins with, so that it is known for one wherever it is found.
const PREFIX: &str = "pk_";

/// Identifies a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKeyId(pub Uuid);

/// A key as its program shows it: `pk_<id>_<secret>`, the id of 32 and the secret of 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownKey {
    /// Finds the key.
    pub id: ApiKeyId,
    /// Proves that it is the key.
    pub secret: Secret,
}

impl ShownKey {
    /// As it is handed out, once.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let id = self.id.0.as_simple();
        let secret = hex::encode(self.secret.expose());
        format!("{PREFIX}{id}_{secret}").into()
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        let (id, secret) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(InvalidApiKey)?;
        let (mut id_bytes, mut secret_bytes) = ([0; 16], [0; Secret::BYTES]);
        hex::decode_to_slice(id, &mut id_bytes).map_err(|_| InvalidApiKey)?;
        hex::decode_to_slice(secret, &mut secret_bytes).map_err(|_| InvalidApiKey)?;
        Ok(Self { id: ApiKeyId(Uuid::from_bytes(id_bytes)), secret: Secret::new(secret_bytes) })
    }
}

/// No key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct InvalidApiKey;

/// What a key is called, so that people know which program has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// The most characters of a name.
    pub const LENGTH_MAX: usize = 60;

    /// Takes a name without the spaces around it.
    ///
    /// # Errors
    /// When nothing is left, or it is too long, or holds what cannot be seen.
    pub fn parse(raw: &str) -> Result<Self, InvalidKeyName> {
        let name = raw.trim();
        let is_sound = !name.is_empty()
            && name.chars().count() <= Self::LENGTH_MAX
            && !name.chars().any(char::is_control);
        if is_sound { Ok(Self(name.to_owned())) } else { Err(InvalidKeyName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// No name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to {} characters, none of them a control character", KeyName::LENGTH_MAX)]
pub struct InvalidKeyName;

/// The networks from which a key is taken; none named are all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedFrom(Vec<IpNet>);

impl AllowedFrom {
    /// The most networks of one key.
    pub const NETWORKS_MAX: usize = 32;

    /// Reads networks in CIDR notation; an address alone is a network of one. Bits beyond the prefix are cut off.
    ///
    /// # Errors
    /// When there are too many, or one is none.
    pub fn parse<'t>(written: impl IntoIterator<Item = &'t str>) -> Result<Self, InvalidNetwork> {
        let mut networks = Vec::new();
        for (index, text) in written.into_iter().enumerate() {
            if index == Self::NETWORKS_MAX {
                return Err(InvalidNetwork { index, reason: "there are too many networks: give at most 32" });
            }
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            let network = network.map_err(|_| InvalidNetwork {
                index,
                reason: "is no network: give one like 203.0.113.0/24 or 2001:db8::/32",
            })?;
            networks.push(network.trunc());
        }
        Ok(Self(networks))
    }

    /// Whether a request from `address` is taken; one from nobody knows where only if every address is.
    #[must_use]
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty()
            || address.is_some_and(|address| {
                let address = address.to_canonical();
                self.0.iter().any(|network| network.contains(&address))
            })
    }

    /// The networks in CIDR notation.
    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        self.0.iter().map(IpNet::to_string).collect()
    }
}

/// One of the networks cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidNetwork {
    /// Its place, from 0 on.
    pub index: usize,
    /// Why.
    pub reason: &'static str,
}

/// A key that is about to be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// Identifies it.
    pub id: ApiKeyId,
    /// Whose it is.
    pub name: KeyName,
    /// What it may do.
    pub role: Role,
    /// From where.
    pub allowed_from: AllowedFrom,
    /// SHA-256 of its secret, which is random enough to need no salt.
    pub secret_sha256: [u8; 32],
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Identifies it.
    pub id: ApiKeyId,
    /// Whose it is.
    pub name: KeyName,
    /// What it may do.
    pub role: Role,
    /// From where.
    pub allowed_from: AllowedFrom,
    /// Who gave it out.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When somebody ended it before.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_from: Option<IpAddr>,
}

impl ApiKey {
    /// Whether it is taken at that instant.
    #[must_use]
    pub fn lives(&self, at: Timestamp) -> bool {
        self.revoked_at.is_none() && at < self.expires_at
    }

    /// How the audit log names it: by its name, which another may have later, and its id, which none has.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor(format!("API key {} ({})", self.name.as_str(), self.id.0))
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn shown() -> ShownKey {
        ShownKey { id: ApiKeyId(Uuid::from_u128(0x0190_0000_0000)), secret: Secret::new([0xab; 32]) }
    }

    #[test]
    fn a_key_reads_back_as_it_was_written_and_is_shown_nowhere_else() {
        let text = shown().to_text();
        let text = text.expose_secret();
        assert_eq!(text.len(), 3 + 32 + 1 + 64);
        assert!(text.starts_with("pk_00000000000000000000019000000000_abab"), "{text}");
        assert_eq!(ShownKey::parse(text), Ok(shown()));
        assert!(!format!("{:?}", shown()).contains("ab, ab") && !format!("{:?}", shown()).contains("171"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let text = shown().to_text().expose_secret().to_owned();
        for bad in [
            String::new(),
            text[1..].to_owned(),
            format!("{text}0"),
            text.to_uppercase(),
            text.replacen("ab", "g0", 1),
            text.replacen('_', "-", 2),
            format!("pk_{}_{}", shown().id.0, "ab".repeat(32)),
            "pk_ñ_ñ".to_owned(),
        ] {
            assert_eq!(ShownKey::parse(&bad), Err(InvalidApiKey), "{bad}");
        }
    }

    #[test]
    fn a_key_is_taken_from_its_networks_alone_and_from_anywhere_when_it_names_none() {
        let allowed = AllowedFrom::parse(["203.0.113.7/24", "2001:db8::/32", "198.51.100.9"]).unwrap();
        assert_eq!(allowed.to_texts(), ["203.0.113.0/24", "2001:db8::/32", "198.51.100.9/32"]);
        let admits = |address: &str| allowed.admits(Some(address.parse().unwrap()));
        for inside in ["203.0.113.255", "::ffff:203.0.113.1", "2001:db8::1", "198.51.100.9"] {
            assert!(admits(inside), "{inside}");
        }
        for outside in ["203.0.114.0", "2001:db9::1", "198.51.100.8"] {
            assert!(!admits(outside), "{outside}");
        }
        assert!(!allowed.admits(None));
        assert!(AllowedFrom::default().admits(None));
    }

    #[test]
    fn what_is_no_network_is_told_by_its_place() {
        for bad in ["", "10.0.0.0/33", "example.mx", "10.0.0.0/", "10.0.0"] {
            assert_eq!(AllowedFrom::parse(["10.0.0.0/8", bad]).unwrap_err().index, 1, "{bad}");
        }
        assert_eq!(AllowedFrom::parse(["10.0.0.0/8"; 33]).unwrap_err().index, 32);
    }

    #[test]
    fn a_name_is_something_that_can_be_read() {
        assert_eq!(KeyName::parse("  CRM de ventas ").unwrap().as_str(), "CRM de ventas");
        for bad in ["", "  ", "a\nb", &"x".repeat(61)] {
            assert_eq!(KeyName::parse(bad), Err(InvalidKeyName), "{bad:?}");
        }
    }
}
