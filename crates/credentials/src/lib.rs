//! Password hashes, passwords made for people, access tokens, codes of authenticators and the secrets behind them. The only room
//! that knows argon2, tokens and a generator of randomness; no user, rule or store enters.

mod access_tokens;
mod argon2_passwords;
mod authenticator;
mod generated_password;
mod system_secrets;

pub use access_tokens::AccessTokens;
pub use argon2_passwords::{Argon2Cost, Argon2Passwords, InvalidCost};
pub use authenticator::Authenticators;
pub use generated_password::{GENERATED_PASSWORD_LENGTH, generate_password};
pub use system_secrets::SystemSecrets;
