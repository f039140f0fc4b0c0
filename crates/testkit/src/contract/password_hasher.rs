//! What [`PasswordHasher`] owes.

use domain::identity::{Password, PasswordHash};
use domain::port::PasswordHasher;

/// One test for each clause of [`PasswordHasher`].
#[macro_export]
macro_rules! password_hasher_contract {
    ($hasher:expr) => {
        $crate::clauses!(
            password_hasher,
            $hasher,
            [
                a_hash_is_verified_by_its_password_and_by_no_other,
                the_same_password_hashed_twice_gives_two_hashes_and_each_verifies_it,
                a_hash_does_not_hold_the_password,
                what_is_no_hash_verifies_nothing,
                a_password_of_any_characters_is_hashed_whole,
                nobody_s_password_is_verified_without_an_error,
            ]
        );
    };
}

fn password(typed: &str) -> Password {
    Password::new(typed)
}

/// As the sentence says.
pub async fn a_hash_is_verified_by_its_password_and_by_no_other(hasher: &impl PasswordHasher) {
    let hash = hasher.hash(password("una frase larga")).await.unwrap();
    assert_eq!(hasher.verify(password("una frase larga"), hash.clone()).await, Ok(true));
    for other in ["una frase larg", "una frase largaa", "Una frase larga", ""] {
        assert_eq!(hasher.verify(password(other), hash.clone()).await, Ok(false), "{other:?}");
    }
}

/// As the sentence says.
pub async fn the_same_password_hashed_twice_gives_two_hashes_and_each_verifies_it(
    hasher: &impl PasswordHasher,
) {
    let first = hasher.hash(password("una frase larga")).await.unwrap();
    let second = hasher.hash(password("una frase larga")).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(hasher.verify(password("una frase larga"), first).await, Ok(true));
    assert_eq!(hasher.verify(password("una frase larga"), second).await, Ok(true));
}

/// As the sentence says.
pub async fn a_hash_does_not_hold_the_password(hasher: &impl PasswordHasher) {
    let hash = hasher.hash(password("plantada-aqui")).await.unwrap();
    assert!(!hash.as_str().contains("plantada"));
}

/// As the sentence says.
pub async fn what_is_no_hash_verifies_nothing(hasher: &impl PasswordHasher) {
    for stored in ["", "una frase larga", "$", "$$$$$", "$argon2id$", "\0"] {
        let verified = hasher.verify(password("una frase larga"), PasswordHash::new(stored.to_owned())).await;
        assert_eq!(verified, Ok(false), "{stored:?}");
    }
}

/// As the sentence says.
pub async fn a_password_of_any_characters_is_hashed_whole(hasher: &impl PasswordHasher) {
    let long = "ñ".repeat(500);
    for typed in ["", "con\0nulo", "contraseña 🔑", long.as_str()] {
        let hash = hasher.hash(password(typed)).await.unwrap();
        assert_eq!(hasher.verify(password(typed), hash.clone()).await, Ok(true));
        assert_eq!(hasher.verify(password(&format!("{typed}x")), hash).await, Ok(false));
    }
}

/// As the sentence says.
pub async fn nobody_s_password_is_verified_without_an_error(hasher: &impl PasswordHasher) {
    assert_eq!(hasher.verify_absent(password("una frase larga")).await, Ok(()));
}
