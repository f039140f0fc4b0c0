//! Codes of authenticators that a test can foretell.

use domain::identity::{Email, OneTimeCode, TotpSecret};
use domain::port::{Enrolment, OneTimeCodes};
use jiff::Timestamp;

/// Shows the step of time, whatever the secret: six digits of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeCodes;

impl FakeCodes {
    /// What an authenticator shows at an instant.
    #[must_use]
    pub fn shown_at(at: Timestamp) -> String {
        format!("{:06}", at.as_second() / 30 % 1_000_000)
    }
}

impl OneTimeCodes for FakeCodes {
    fn step(&self, _: &TotpSecret, code: &OneTimeCode, at: Timestamp) -> Option<i64> {
        (code.expose() == Self::shown_at(at)).then_some(at.as_second() / 30)
    }

    fn enrolment(&self, secret: &TotpSecret, email: &Email) -> Enrolment {
        let secret = hex::encode(secret.expose());
        Enrolment { uri: format!("otpauth://totp/{email}?secret={secret}").into(), secret: secret.into() }
    }
}
