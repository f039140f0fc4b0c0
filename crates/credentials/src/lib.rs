//! Password hashes, and passwords made for people. The only room that knows argon2; no user, rule or store enters.

mod argon2_passwords;
mod generated_password;

pub use argon2_passwords::{Argon2Cost, Argon2Passwords, InvalidCost};
pub use generated_password::{GENERATED_PASSWORD_LENGTH, NoRandomness, generate_password};
