//! Passwords that are no protection for a server.

/// The fewest characters of a server's password.
pub(crate) const LENGTH_MIN: usize = 12;

/// Words that stand in examples and images.
const WORDS: [&str; 9] =
    ["postgres", "password", "contrasena", "changeme", "admin", "administrator", "pregon", "secret", "root"];

/// Why `password` protects nothing, if it does not: the end of a sentence that begins with its key.
pub(crate) fn weakness(password: &str, user: &str) -> Option<&'static str> {
    let folded = password.to_lowercase();
    let first = folded.chars().next();
    let letters: String = folded.chars().filter(|c| c.is_alphabetic()).collect();
    if password.chars().count() < LENGTH_MIN {
        Some("has a password that is too short")
    } else if folded.chars().all(|c| Some(c) == first)
        || folded.starts_with("123456")
        || folded.contains("changeme")
        || folded == user.to_lowercase()
        || (!letters.is_empty() && is_made_of_words(&letters))
    {
        Some("has a default or easily guessed password")
    } else {
        None
    }
}

/// Whether `letters` is nothing but [`WORDS`], one after the other.
fn is_made_of_words(letters: &str) -> bool {
    letters.is_empty() || WORDS.iter().any(|word| letters.strip_prefix(word).is_some_and(is_made_of_words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_default_and_guessed_passwords_are_weak() {
        for weak in [
            "",
            "postgres",
            "secret",
            "k7#Qz!p2vX9",
            "123456789012345",
            "aaaaaaaaaaaaaaa",
            "Password1234!",
            "PostgresPostgres",
            "pregon-secret-2026",
            "administrator",
            "change-me changeme",
            "quite_a_long_user",
        ] {
            assert!(weakness(weak, "Quite_A_Long_User").is_some(), "{weak}");
        }
    }

    #[test]
    fn long_passwords_of_ones_own_are_not() {
        for sound in [
            "k7#Qz!p2vX9m",
            "correct horse battery staple",
            "secretaría-de-turno-7",
            "ñandú ñandú ñ",
            "80417725390164",
        ] {
            assert_eq!(weakness(sound, "pregon"), None, "{sound}");
        }
    }

    #[test]
    fn a_very_long_password_is_judged_in_time() {
        assert!(weakness(&"admin".repeat(200), "pregon").is_some());
        assert_eq!(weakness(&format!("{}x", "adminadministrator".repeat(50)), "pregon"), None);
    }
}
