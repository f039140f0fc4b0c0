//! What [`TokenIssuer`] and [`SecretSource`] owe.

#![expect(clippy::unused_async, reason = "a clause is a future, whatever its port is")]

use std::collections::HashSet;

use domain::identity::{Role, UserId};
use domain::port::{InvalidToken, SecretSource, TokenIssuer};
use domain::session::{AccessClaims, SessionId};
use jiff::{SignedDuration, Timestamp};

use crate::fakes::CountingIds;

/// One test for each clause of [`TokenIssuer`].
#[macro_export]
macro_rules! token_issuer_contract {
    ($tokens:expr) => {
        $crate::clauses!(
            tokens,
            $tokens,
            [
                a_token_says_what_it_was_issued_with,
                a_token_is_good_until_its_end_and_not_at_it,
                a_token_that_was_changed_in_any_place_is_refused,
                what_is_no_token_is_refused,
            ]
        );
    };
}

/// One test for each clause of [`SecretSource`].
#[macro_export]
macro_rules! secret_source_contract {
    ($secrets:expr) => {
        $crate::clauses!(
            tokens,
            $secrets,
            [no_secret_is_drawn_twice, no_password_is_drawn_twice_and_each_is_long,]
        );
    };
}

fn claims(role: Role) -> AccessClaims {
    let issued_at = Timestamp::from_second(1_767_225_600).unwrap();
    AccessClaims {
        user: UserId(CountingIds::nth(1)),
        session: SessionId(CountingIds::nth(2)),
        role,
        issued_at,
        expires_at: issued_at + SignedDuration::from_mins(15),
    }
}

/// As the sentence says.
pub async fn a_token_says_what_it_was_issued_with(tokens: &impl TokenIssuer) {
    for role in Role::ALL {
        let token = tokens.issue(claims(role)).unwrap();
        assert_eq!(tokens.read(token.expose(), claims(role).issued_at), Ok(claims(role)));
    }
}

/// As the sentence says.
pub async fn a_token_is_good_until_its_end_and_not_at_it(tokens: &impl TokenIssuer) {
    let claims = claims(Role::Viewer);
    let token = tokens.issue(claims).unwrap();
    let before = claims.expires_at - SignedDuration::from_millis(1);
    assert_eq!(tokens.read(token.expose(), before), Ok(claims));
    assert_eq!(tokens.read(token.expose(), claims.expires_at), Err(InvalidToken));
}

/// As the sentence says.
pub async fn a_token_that_was_changed_in_any_place_is_refused(tokens: &impl TokenIssuer) {
    let claims = claims(Role::Viewer);
    let token = tokens.issue(claims).unwrap().expose().to_owned();
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        // Four letters on: in base64 the last letter's low bits may say nothing.
        changed[at] = if changed[at] < b'm' { changed[at] + 4 } else { changed[at] - 4 };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(tokens.read(&changed, claims.issued_at), Err(InvalidToken), "{at}");
    }
}

/// As the sentence says.
pub async fn what_is_no_token_is_refused(tokens: &impl TokenIssuer) {
    let long = "a".repeat(1_000_000);
    for text in ["", ".", "..", "a.b.c", "null", "ñ", "\0", long.as_str()] {
        assert_eq!(tokens.read(text, Timestamp::UNIX_EPOCH), Err(InvalidToken));
    }
}

/// As the sentence says.
pub async fn no_secret_is_drawn_twice(secrets: &impl SecretSource) {
    let drawn: HashSet<_> = (0..1_000).map(|_| *secrets.draw().unwrap().expose()).collect();
    assert_eq!(drawn.len(), 1_000);
}

/// As the sentence says.
pub async fn no_password_is_drawn_twice_and_each_is_long(secrets: &impl SecretSource) {
    let drawn: HashSet<_> =
        (0..1_000).map(|_| secrets.draw_password().unwrap().expose().to_owned()).collect();
    assert_eq!(drawn.len(), 1_000);
    assert!(drawn.iter().all(|password| password.len() >= 20));
}
