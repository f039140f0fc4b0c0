//! Secrets from the operating system.

use domain::identity::Password;
use domain::port::{NoRandomness, SecretSource};
use domain::session::Secret;
use rand::TryRng;
use rand::rngs::SysRng;

use crate::generated_password::generate_password;

/// The operating system's generator of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl SecretSource for SystemSecrets {
    fn draw(&self) -> Result<Secret, NoRandomness> {
        let mut drawn = [0_u8; Secret::BYTES];
        SysRng.try_fill_bytes(&mut drawn).map_err(|_| NoRandomness)?;
        Ok(Secret::new(drawn))
    }

    fn draw_password(&self) -> Result<Password, NoRandomness> {
        generate_password()
    }
}
