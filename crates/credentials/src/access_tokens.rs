//! Access tokens: JSON Web Tokens (RFC 7519), signed with HMAC and SHA-256 and in no other way.

use domain::identity::UserId;
use domain::port::{CannotSign, InvalidToken, TokenIssuer};
use domain::session::{AccessClaims, AccessToken, SessionId};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who says that a token is good.
const ISSUER: &str = "pregon";

/// The longest token that is looked at, in bytes; ours have about 300.
const TOKEN_BYTES_MAX: usize = 4096;

/// The claims as they stand in a token.
#[derive(Serialize, Deserialize)]
struct Wire {
    sub: Uuid,
    sid: Uuid,
    role: String,
    iat: i64,
    exp: i64,
    iss: String,
}

/// Signs access tokens with one key, and reads them.
pub struct AccessTokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
}

impl AccessTokens {
    /// Signs with `key`, of which the settings see to it that it cannot be guessed.
    #[must_use]
    pub fn new(key: &SecretString) -> Self {
        let key = key.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The library would compare with the machine's clock; ours comes in as an argument.
        validation.validate_exp = false;
        Self { signing: EncodingKey::from_secret(key), reading: DecodingKey::from_secret(key), validation }
    }
}

impl TokenIssuer for AccessTokens {
    fn issue(&self, claims: AccessClaims) -> Result<AccessToken, CannotSign> {
        let wire = Wire {
            sub: claims.user.0,
            sid: claims.session.0,
            role: claims.role.to_string(),
            iat: claims.issued_at.as_second(),
            exp: claims.expires_at.as_second(),
            iss: ISSUER.to_owned(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &wire, &self.signing)
            .map(AccessToken::new)
            .map_err(|_| CannotSign)
    }

    fn read(&self, token: &str, at: Timestamp) -> Result<AccessClaims, InvalidToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken);
        }
        let wire = jsonwebtoken::decode::<Wire>(token, &self.reading, &self.validation)
            .map_err(|_| InvalidToken)?
            .claims;
        let claims = AccessClaims {
            user: UserId(wire.sub),
            session: SessionId(wire.sid),
            role: wire.role.parse().map_err(|_| InvalidToken)?,
            issued_at: Timestamp::from_second(wire.iat).map_err(|_| InvalidToken)?,
            expires_at: Timestamp::from_second(wire.exp).map_err(|_| InvalidToken)?,
        };
        if at < claims.expires_at { Ok(claims) } else { Err(InvalidToken) }
    }
}

#[cfg(test)]
mod tests {
    use domain::identity::Role;
    use jiff::SignedDuration;

    use super::*;

    const KEY: &str = "k7Qz-p2vX9m-w4Tn-c8Rb-y1Lf-h6Sd-j3";

    fn tokens(key: &str) -> AccessTokens {
        AccessTokens::new(&key.into())
    }

    fn claims() -> AccessClaims {
        let issued_at = Timestamp::from_second(1_767_225_600).unwrap();
        AccessClaims {
            user: UserId(Uuid::from_u128(1)),
            session: SessionId(Uuid::from_u128(2)),
            role: Role::Manager,
            issued_at,
            expires_at: issued_at + SignedDuration::from_mins(15),
        }
    }

    fn signed(algorithm: Algorithm, wire: &impl Serialize) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), wire, &EncodingKey::from_secret(KEY.as_bytes()))
            .unwrap()
    }

    fn wire(change: impl FnOnce(&mut Wire)) -> Wire {
        let AccessClaims { user, session, role, issued_at, expires_at } = claims();
        let mut wire = Wire {
            sub: user.0,
            sid: session.0,
            role: role.to_string(),
            iat: issued_at.as_second(),
            exp: expires_at.as_second(),
            iss: ISSUER.to_owned(),
        };
        change(&mut wire);
        wire
    }

    #[test]
    fn another_way_of_signing_is_refused_even_with_our_key() {
        let read = |token: &str| tokens(KEY).read(token, claims().issued_at);
        assert_eq!(read(&signed(Algorithm::HS256, &wire(|_| {}))), Ok(claims()));
        for other in [Algorithm::HS384, Algorithm::HS512] {
            assert_eq!(read(&signed(other, &wire(|_| {}))), Err(InvalidToken));
        }
        // {"alg":"none"} and our claims, without a signature.
        let token = signed(Algorithm::HS256, &wire(|_| {}));
        let claims_part = token.split('.').nth(1).unwrap();
        assert_eq!(read(&format!("eyJhbGciOiJub25lIn0.{claims_part}.")), Err(InvalidToken));
    }

    #[test]
    fn a_signed_token_that_says_nonsense_is_refused() {
        for nonsense in [
            wire(|wire| wire.iss = "somebody".to_owned()),
            wire(|wire| wire.role = "root".to_owned()),
            wire(|wire| wire.exp = i64::MAX),
            wire(|wire| wire.iat = i64::MIN),
        ] {
            let token = signed(Algorithm::HS256, &nonsense);
            assert_eq!(tokens(KEY).read(&token, claims().issued_at), Err(InvalidToken));
        }
        let token = signed(Algorithm::HS256, &std::collections::BTreeMap::from([("iss", ISSUER)]));
        assert_eq!(tokens(KEY).read(&token, claims().issued_at), Err(InvalidToken));
    }

    #[test]
    fn a_token_that_another_key_signed_is_refused() {
        let token = tokens("another key").issue(claims()).unwrap();
        assert_eq!(tokens(KEY).read(token.expose(), claims().issued_at), Err(InvalidToken));
    }
}
