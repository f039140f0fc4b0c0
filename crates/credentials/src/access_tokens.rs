//! Access tokens: JSON Web Tokens (RFC 7519), signed with HMAC and SHA-256 and in no other way.

use std::collections::HashMap;

use domain::identity::UserId;
use domain::port::{CannotSign, InvalidToken, TokenIssuer};
use domain::session::{AccessClaims, AccessToken, SessionId};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who says that a token is good.
const ISSUER: &str = "pregon";

/// For whom: another service of the house that trusts the same secret takes no token of ours for its own.
const AUDIENCE: &str = "pregon-api";

/// The longest token that is looked at, in bytes; ours have about 350.
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
    aud: String,
}

/// Signs access tokens with one key, and reads those that it or one of the others signed: a key is changed while tokens
/// of the one before are still on their way. Which key signed a token is said in its header (`kid`).
pub struct AccessTokens {
    header: Header,
    signing: EncodingKey,
    reading: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl AccessTokens {
    /// Signs with `key`, and takes what `others` signed; the settings see to it that none can be guessed.
    #[must_use]
    pub fn new(key: &SecretString, others: &[SecretString]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would compare with the machine's clock; ours comes in as an argument.
        validation.validate_exp = false;
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(name_of(key));
        let reading = others
            .iter()
            .chain([key])
            .map(|key| (name_of(key), DecodingKey::from_secret(key.expose_secret().as_bytes())));
        Self {
            header,
            signing: EncodingKey::from_secret(key.expose_secret().as_bytes()),
            reading: reading.collect(),
            validation,
        }
    }
}

/// What a key is called in the headers of tokens: a part of its SHA-256, so that nobody has to name it, and all who have
/// it call it the same. It tells no more of the key than a signature does.
fn name_of(key: &SecretString) -> String {
    let digest = Sha256::new().chain_update("kid:").chain_update(key.expose_secret()).finalize();
    hex::encode(&digest[..8])
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
            aud: AUDIENCE.to_owned(),
        };
        jsonwebtoken::encode(&self.header, &wire, &self.signing).map(AccessToken::new).map_err(|_| CannotSign)
    }

    fn read(&self, token: &str, at: Timestamp) -> Result<AccessClaims, InvalidToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken);
        }
        let kid = jsonwebtoken::decode_header(token).map_err(|_| InvalidToken)?.kid.ok_or(InvalidToken)?;
        let key = self.reading.get(&kid).ok_or(InvalidToken)?;
        let wire =
            jsonwebtoken::decode::<Wire>(token, key, &self.validation).map_err(|_| InvalidToken)?.claims;
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
        AccessTokens::new(&key.into(), &[])
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
        let mut header = Header::new(algorithm);
        header.kid = Some(name_of(&KEY.into()));
        jsonwebtoken::encode(&header, wire, &EncodingKey::from_secret(KEY.as_bytes())).unwrap()
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
            aud: AUDIENCE.to_owned(),
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
            wire(|wire| wire.aud = "another service".to_owned()),
            wire(|wire| wire.role = "root".to_owned()),
            wire(|wire| wire.exp = i64::MAX),
            wire(|wire| wire.iat = i64::MIN),
        ] {
            let token = signed(Algorithm::HS256, &nonsense);
            assert_eq!(tokens(KEY).read(&token, claims().issued_at), Err(InvalidToken));
        }
        let bare = std::collections::BTreeMap::from([("iss", ISSUER), ("aud", AUDIENCE)]);
        let token = signed(Algorithm::HS256, &bare);
        assert_eq!(tokens(KEY).read(&token, claims().issued_at), Err(InvalidToken));
    }

    #[test]
    fn a_token_that_another_key_signed_is_refused() {
        let token = tokens("another key").issue(claims()).unwrap();
        assert_eq!(tokens(KEY).read(token.expose(), claims().issued_at), Err(InvalidToken));
    }

    #[test]
    fn a_token_of_a_key_that_is_another_now_is_taken_until_that_one_is_gone() {
        const NEXT: &str = "m3Wd-x8Kp-z5Tb-n1Gh-v7Rc-s4Jq-f9";
        let old = tokens(KEY).issue(claims()).unwrap();
        let read = |key: &str, others: &[&str], token: &AccessToken| {
            let others: Vec<SecretString> = others.iter().map(|key| (*key).into()).collect();
            AccessTokens::new(&key.into(), &others).read(token.expose(), claims().issued_at)
        };
        // Made known, put first, and the old one taken away: no step refuses what another signed meanwhile.
        let new = AccessTokens::new(&NEXT.into(), &[KEY.into()]).issue(claims()).unwrap();
        for (key, others) in [(KEY, [NEXT]), (NEXT, [KEY])] {
            assert_eq!(read(key, &others, &old), Ok(claims()));
            assert_eq!(read(key, &others, &new), Ok(claims()));
        }
        assert_eq!(read(NEXT, &[], &old), Err(InvalidToken));
        assert_eq!(read(NEXT, &[], &new), Ok(claims()));
    }

    #[test]
    fn a_token_without_the_name_of_its_key_or_with_a_foreign_one_is_refused() {
        for kid in [None, Some(String::new()), Some("another".to_owned())] {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = kid;
            let key = EncodingKey::from_secret(KEY.as_bytes());
            let token = jsonwebtoken::encode(&header, &wire(|_| {}), &key).unwrap();
            assert_eq!(tokens(KEY).read(&token, claims().issued_at), Err(InvalidToken));
        }
    }

    #[test]
    fn the_name_of_a_key_shows_nothing_of_it() {
        let name = name_of(&KEY.into());
        assert_eq!(name.len(), 16);
        assert!(!KEY.contains(&name[..4]));
    }
}
