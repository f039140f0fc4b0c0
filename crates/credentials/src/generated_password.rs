//! Passwords for people who did not bring one.

use domain::identity::Password;
use domain::port::NoRandomness;
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::zeroize::Zeroizing;

/// How many characters [`generate_password`] gives: 100 bits of randomness.
pub const GENERATED_PASSWORD_LENGTH: usize = 20;

/// Small letters and digits that are not taken for one another on paper or over the phone: no `0`/`o`, no `1`/`l`.
/// Their number divides 256, so that the remainder of a random byte prefers none.
const ALPHABET: [u8; 32] = *b"23456789abcdefghijkmnpqrstuvwxyz";

/// A random password from the operating system's generator: [`GENERATED_PASSWORD_LENGTH`] characters without look-alikes.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn generate_password() -> Result<Password, NoRandomness> {
    let mut random = Zeroizing::new([0_u8; GENERATED_PASSWORD_LENGTH]);
    SysRng.try_fill_bytes(random.as_mut_slice()).map_err(|_| NoRandomness)?;
    let characters = random.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    Ok(Password::new(&Zeroizing::new(characters.collect::<String>())))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_generated_password_is_20_characters_without_look_alikes() {
        let password = generate_password().unwrap();
        assert_eq!(password.expose().len(), 20);
        assert!(password.expose().bytes().all(|byte| ALPHABET.contains(&byte)));
        assert!(!password.expose().contains(['0', 'o', 'O', '1', 'l', 'I']));
    }

    #[test]
    fn a_thousand_generated_passwords_all_differ_and_use_the_whole_alphabet() {
        let made: HashSet<String> =
            (0..1000).map(|_| generate_password().unwrap().expose().to_owned()).collect();
        assert_eq!(made.len(), 1000);
        let used: HashSet<u8> = made.iter().flat_map(|password| password.bytes()).collect();
        assert_eq!(used.len(), ALPHABET.len());
    }
}
