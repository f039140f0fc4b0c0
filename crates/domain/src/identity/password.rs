//! What a password must be, and what is kept of it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

use super::Email;
use super::guessable::is_guessable;

/// A password in the clear, on its way to be hashed. Shown nowhere, and wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes a password as it was typed, in the one Unicode form (NFKC) that every keyboard's `ñ` comes to; its length
    /// is a matter of [`PasswordRule`].
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self(typed.nfkc().collect::<String>().into())
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(•••)")
    }
}

/// How long a new password must be, in characters. Length is what counts: no rule asks for digits or signs. What everybody
/// tries first is refused however long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRule {
    /// The fewest characters.
    pub length_min: usize,
    /// The most characters.
    pub length_max: usize,
}

impl PasswordRule {
    /// Whether `password` may be taken for the user of `email`.
    ///
    /// # Errors
    /// When it is too short or too long, one or two common words, a few characters over and over, or of the address.
    pub fn check(self, password: &Password, email: &Email) -> Result<(), PasswordRefused> {
        let typed = password.expose();
        let length = typed.chars().count();
        if length < self.length_min {
            Err(PasswordRefused::TooShort { length_min: self.length_min })
        } else if length > self.length_max {
            Err(PasswordRefused::TooLong { length_max: self.length_max })
        } else if is_guessable(typed, email) {
            Err(PasswordRefused::Guessable)
        } else {
            Ok(())
        }
    }
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer characters than the rule asks for.
    #[error("the password is too short: give at least {length_min} characters")]
    TooShort {
        /// The fewest characters.
        length_min: usize,
    },
    /// More characters than the rule allows.
    #[error("the password is too long: give at most {length_max} characters")]
    TooLong {
        /// The most characters.
        length_max: usize,
    },
    /// A common password, a few characters over and over, or the user's own address.
    #[error(
        "the password is easily guessed: it is a common one, repeats a few characters, or is made of the e-mail address; a \
         phrase of four words or more is not"
    )]
    Guessable,
}

/// A password's hash as a PHC string (`$argon2id$…`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string.
    #[must_use]
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(•••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_judged_by_its_length_and_shown_nowhere() {
        let rule = PasswordRule { length_min: 12, length_max: 20 };
        let email = Email::parse("ana.lopez.ruiz@empresa.mx").unwrap();
        let check = |typed: &str| rule.check(&Password::new(typed), &email);
        assert_eq!(check("corto"), Err(PasswordRefused::TooShort { length_min: 12 }));
        assert_eq!(check("ñandú ñandú ñ"), Ok(()));
        assert_eq!(check(&"ab".repeat(11)), Err(PasswordRefused::TooLong { length_max: 20 }));
        assert_eq!(check(&"a".repeat(12)), Err(PasswordRefused::Guessable));
        assert_eq!(check("Ana.Lopez.Ruiz"), Err(PasswordRefused::Guessable));
        assert_eq!(Password::new("n\u{303}andu").expose(), "ñandu");
        let shown = format!(
            "{:?} {:?}",
            Password::new("planted-secret"),
            PasswordHash::new("planted-hash".to_owned())
        );
        assert!(!shown.contains("planted"), "{shown}");
    }
}
