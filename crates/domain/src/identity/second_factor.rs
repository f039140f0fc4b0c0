//! A second thing that shows who somebody is, beside their password: codes of an authenticator (TOTP, RFC 6238), and codes
//! kept on paper for the day when that is lost.

use std::fmt;

use secrecy::SecretString;

use super::Role;
use crate::session::Secret;

/// What an authenticator and we know of each other: 160 bits, as RFC 4226 wants them. Shown once, to its owner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TotpSecret([u8; Self::BYTES]);

impl TotpSecret {
    /// How many bytes it has.
    pub const BYTES: usize = 20;

    /// Takes bytes that were drawn at random.
    #[must_use]
    pub fn new(drawn: [u8; Self::BYTES]) -> Self {
        Self(drawn)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl From<Secret> for TotpSecret {
    fn from(drawn: Secret) -> Self {
        let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _] = *drawn.expose();
        Self(first)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(•••)")
    }
}

/// A code that stands in for the authenticator, once: 80 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecoveryCode([u8; Self::BYTES]);

impl RecoveryCode {
    /// How many bytes it has.
    pub const BYTES: usize = 10;

    /// How many somebody has.
    pub const COUNT: usize = 10;

    /// Its bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// As it is handed out: four groups of five hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let digits = hex::encode(self.0);
        let groups: Vec<&str> = (0..4).filter_map(|group| digits.get(group * 5..group * 5 + 5)).collect();
        groups.join("-").into()
    }
}

impl From<Secret> for RecoveryCode {
    fn from(drawn: Secret) -> Self {
        let mut code = [0; Self::BYTES];
        code.copy_from_slice(&drawn.expose()[..Self::BYTES]);
        Self(code)
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(•••)")
    }
}

/// The six digits of an authenticator.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// How many digits it has.
    pub const DIGITS: usize = 6;

    /// The digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(•••)")
    }
}

/// What somebody shows as their second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownFactor {
    /// What their authenticator shows now.
    Code(OneTimeCode),
    /// A code from paper.
    Recovery(RecoveryCode),
}

impl ShownFactor {
    /// Reads six digits, or a recovery code; blanks and hyphens are as people like them.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidFactor> {
        let written: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).take(64).collect();
        if written.len() == OneTimeCode::DIGITS && written.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Code(OneTimeCode(written)));
        }
        let mut code = [0; RecoveryCode::BYTES];
        hex::decode_to_slice(&written, &mut code).map_err(|_| InvalidFactor)?;
        Ok(Self::Recovery(RecoveryCode(code)))
    }
}

/// Not the form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code: give the six digits that the authenticator shows, or a recovery code")]
pub struct InvalidFactor;

/// Somebody's authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactor {
    /// What it knows.
    pub secret: TotpSecret,
    /// Whether its owner has shown that it works. Before that nobody is asked for it.
    pub is_confirmed: bool,
}

/// Whose passwords alone open nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecondFactorRule {
    /// The least role that must have a second factor; nobody must where there is none.
    pub least_role: Option<Role>,
}

impl SecondFactorRule {
    /// Whether people of this role must have one.
    #[must_use]
    pub fn asks(self, role: Role) -> bool {
        self.least_role.is_some_and(|least| role >= least)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn drawn() -> Secret {
        let mut bytes = [0; Secret::BYTES];
        bytes[..3].copy_from_slice(&[0x0a, 0xbc, 0xff]);
        Secret::new(bytes)
    }

    #[test]
    fn a_recovery_code_is_read_as_people_copy_it() {
        let code = RecoveryCode::from(drawn());
        let text = code.to_text();
        assert_eq!(text.expose_secret(), "0abcf-f0000-00000-00000");
        for written in ["0abcf-f0000-00000-00000", "0ABCFF00000000000000", " 0abcf f0000 00000 00000 "] {
            assert_eq!(ShownFactor::parse(written), Ok(ShownFactor::Recovery(code)), "{written}");
        }
    }

    #[test]
    fn six_digits_are_an_authenticator_s_and_anything_else_is_refused() {
        for written in ["012345", "012 345", "012-345"] {
            assert_eq!(ShownFactor::parse(written), Ok(ShownFactor::Code(OneTimeCode("012345".to_owned()))));
        }
        for bad in ["", "12345", "1234567", "12345x", "٠١٢٣٤٥", "0abcf-f0000-00000-0000", &"0".repeat(5_000)]
        {
            assert_eq!(ShownFactor::parse(bad), Err(InvalidFactor), "{bad}");
        }
    }

    #[test]
    fn codes_and_secrets_are_shown_nowhere() {
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            TotpSecret::from(drawn()),
            RecoveryCode::from(drawn()),
            ShownFactor::parse("012345"),
            SecondFactor { secret: TotpSecret::new([7; 20]), is_confirmed: true },
        );
        assert!(!shown.contains("188") && !shown.contains("012345") && !shown.contains('7'), "{shown}");
    }

    #[test]
    fn a_rule_asks_its_role_and_those_above() {
        let rule = SecondFactorRule { least_role: Some(Role::Manager) };
        assert!(rule.asks(Role::Admin) && rule.asks(Role::Manager) && !rule.asks(Role::Operator));
        assert!(!SecondFactorRule::default().asks(Role::Admin));
    }
}
