//! The keys that Telnyx is called with: one of the account, and others for senders that are of another account.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::client::TelnyxGatewayError;

/// Keys, which others may take the place of while messages are sent.
pub struct TelnyxKeys(RwLock<KeyRing>);

struct KeyRing {
    account: HeaderValue,
    of_senders: HashMap<String, HeaderValue>,
}

/// Shows no key.
impl fmt::Debug for TelnyxKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelnyxKeys").finish_non_exhaustive()
    }
}

impl TelnyxKeys {
    /// The key of the account, and those of senders by their number, name or profile with `_` for what is no letter, digit or `-`, and no
    /// `+` at its beginning, as a name of a file may be: `525512345678` is of +525512345678, `Mi_Tienda` of "Mi Tienda".
    ///
    /// # Errors
    /// When one cannot stand in a header.
    pub fn new(
        account: &SecretString,
        of_senders: &HashMap<String, SecretString>,
    ) -> Result<Self, TelnyxGatewayError> {
        KeyRing::new(account, of_senders).map(RwLock::new).map(Self)
    }

    /// The key of the account, for every sender.
    ///
    /// # Errors
    /// When it cannot stand in a header.
    pub fn of_account(key: &SecretString) -> Result<Self, TelnyxGatewayError> {
        Self::new(key, &HashMap::new())
    }

    /// Puts others in their place, from the next call on, and says whether they are others.
    ///
    /// # Errors
    /// When one cannot stand in a header; then all stay as they are.
    pub fn replace(
        &self,
        account: &SecretString,
        of_senders: &HashMap<String, SecretString>,
    ) -> Result<bool, TelnyxGatewayError> {
        let next = KeyRing::new(account, of_senders)?;
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = next.account != ring.account || next.of_senders != ring.of_senders;
        *ring = next;
        Ok(differs)
    }

    /// What stands in the header of a call that is of no sender.
    pub(crate) fn account(&self) -> HeaderValue {
        self.0.read().unwrap_or_else(PoisonError::into_inner).account.clone()
    }

    /// What stands in the header of a call for a sender of this address.
    pub(crate) fn of_sender(&self, value: &str) -> HeaderValue {
        let ring = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if ring.of_senders.is_empty() {
            return ring.account.clone();
        }
        ring.of_senders.get(&key_name(value)).unwrap_or(&ring.account).clone()
    }
}

impl KeyRing {
    fn new(
        account: &SecretString,
        of_senders: &HashMap<String, SecretString>,
    ) -> Result<Self, TelnyxGatewayError> {
        let of_senders = of_senders
            .iter()
            .map(|(name, key)| Ok((name.clone(), bearer(key)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self { account: bearer(account)?, of_senders })
    }
}

fn bearer(key: &SecretString) -> Result<HeaderValue, TelnyxGatewayError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
        .map_err(|_| TelnyxGatewayError::BadKey)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a sender's key is called.
fn key_name(sender: &str) -> String {
    let is_kept = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let sender = sender.strip_prefix('+').unwrap_or(sender);
    sender.chars().map(|character| if is_kept(character) { character } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(pairs: &[(&str, &str)]) -> HashMap<String, SecretString> {
        pairs.iter().map(|(name, key)| ((*name).to_owned(), (*key).into())).collect()
    }

    #[test]
    fn each_sender_has_its_own_key_or_the_account_s_and_they_change_together() {
        let keys = TelnyxKeys::new(&"KEY-account".into(), &senders(&[("525512345678", "KEY-own")])).unwrap();
        assert_eq!(keys.of_sender("+525512345678"), "Bearer KEY-own");
        assert_eq!(keys.of_sender("Mi Tienda"), "Bearer KEY-account");
        let next = senders(&[("Mi_Tienda", "KEY-account")]);
        assert!(!keys.replace(&"KEY-account".into(), &senders(&[("525512345678", "KEY-own")])).unwrap());
        assert!(keys.replace(&"KEY-account".into(), &next).unwrap());
        assert_eq!(keys.of_sender("+525512345678"), "Bearer KEY-account");
        assert_eq!(keys.of_sender("Mi Tienda"), "Bearer KEY-account");
    }

    #[test]
    fn a_key_that_is_none_replaces_nothing_and_is_not_shown() {
        let keys = TelnyxKeys::of_account(&"KEY-account".into()).unwrap();
        let error = keys.replace(&"KEY-new".into(), &senders(&[("a", "planted\nkey")])).unwrap_err();
        assert!(!format!("{error} {error:?} {keys:?}").contains("planted"));
        assert_eq!(keys.of_sender("a"), "Bearer KEY-account");
        assert!(!format!("{keys:?} {:?}", keys.of_sender("a")).contains("KEY-"));
    }

    #[test]
    fn a_name_of_a_key_is_one_of_a_file() {
        for (sender, name) in [
            ("+525512345678", "525512345678"),
            ("Mi Tienda", "Mi_Tienda"),
            ("3b4e5f1c-8f0a", "3b4e5f1c-8f0a"),
            ("../etc", "___etc"),
            ("", ""),
        ] {
            assert_eq!(key_name(sender), name);
        }
    }
}
