//! The adapters keep what their ports promise.

use std::num::NonZeroUsize;

use credentials::{AccessTokens, Argon2Cost, Argon2Passwords, SystemSecrets};

/// The cheapest cost that argon2 takes: the promises do not depend on it.
fn hasher() -> Argon2Passwords {
    let cost = Argon2Cost { memory_kib: 8, iterations: 1, lanes: 1 };
    Argon2Passwords::new(cost, NonZeroUsize::MIN).unwrap_or_else(|error| panic!("{error}"))
}

fn tokens() -> AccessTokens {
    AccessTokens::new(
        &"k7Qz-p2vX9m-w4Tn-c8Rb-y1Lf-h6Sd-j3".into(),
        &["m3Wd-x8Kp-z5Tb-n1Gh-v7Rc-s4Jq-f9".into()],
    )
}

mod password_hasher {
    use super::*;
    testkit::password_hasher_contract!(hasher());
}

mod token_issuer {
    use super::*;
    testkit::token_issuer_contract!(tokens());
}

mod secret_source {
    use super::*;
    testkit::secret_source_contract!(SystemSecrets);
}
