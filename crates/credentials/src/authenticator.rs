//! Codes of authenticators.

use domain::identity::{Email, OneTimeCode, TotpSecret};
use domain::port::{Enrolment, OneTimeCodes};
use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Totp};

/// What the authenticator calls us.
const ISSUER: &str = "Pregón";

/// How long a code is good, in seconds.
const STEP: u64 = 30;

/// How many steps a clock may be off.
const SKEW: u16 = 1;

/// Codes of six digits by RFC 6238 with SHA-1, the one kind that every authenticator knows, and of the step before and after.
#[derive(Debug, Clone, Copy, Default)]
pub struct Authenticators;

fn totp(secret: &TotpSecret) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(STEP)
        .with_secret(secret.expose().to_vec())
}

impl OneTimeCodes for Authenticators {
    fn step(&self, secret: &TotpSecret, code: &OneTimeCode, at: Timestamp) -> Option<i64> {
        let at = u64::try_from(at.as_second()).ok()?;
        let step = totp(secret).build_noncompliant().check(code.expose(), at)?;
        i64::try_from(step).ok()
    }

    fn enrolment(&self, secret: &TotpSecret, email: &Email) -> Enrolment {
        let totp: Totp =
            totp(secret).with_issuer(Some(ISSUER)).with_account_name(email.as_str()).build_noncompliant();
        // An address has no colon, the one character that a name may not have.
        let uri = totp.to_url().unwrap_or_default();
        Enrolment { secret: totp.secret().to_base32().into(), uri: uri.into() }
    }
}

#[cfg(test)]
mod tests {
    use domain::identity::ShownFactor;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn code(digits: &str) -> OneTimeCode {
        match ShownFactor::parse(digits) {
            Ok(ShownFactor::Code(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The last six digits of the eight in RFC 6238, appendix B.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(
                Authenticators.step(&secret(), &code(digits), at(second)),
                Some(second / 30),
                "{second}"
            );
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_late_and_tells_its_step() {
        let step = 1_111_111_109 / 30;
        for (offset, expected) in [(-2, None), (-1, Some(step)), (0, Some(step)), (1, Some(step)), (2, None)]
        {
            let found = Authenticators.step(&secret(), &code("081804"), at(1_111_111_109 + 30 * offset));
            assert_eq!(found, expected, "{offset}");
        }
        assert_eq!(Authenticators.step(&TotpSecret::new([7; 20]), &code("081804"), at(1_111_111_109)), None);
    }

    #[test]
    fn an_authenticator_is_told_the_secret_the_name_and_whose_it_is() {
        let enrolment = Authenticators.enrolment(&secret(), &Email::parse("ana+1@empresa.mx").unwrap());
        assert_eq!(enrolment.secret.expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            enrolment.uri.expose_secret(),
            "otpauth://totp/Preg%C3%B3n:ana%2B1%40empresa.mx?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Preg%C3%B3n"
        );
    }
}
