//! What [`SecondFactorStore`] owes.

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, Role, SecondFactor, TotpSecret, User, UserId};
use domain::port::{IdentityStore, SecondFactorStore, StoreError};
use domain::request::{Actor, Envelope};
use domain::session::SessionId;
use jiff::Timestamp;

use crate::fakes::{AuditLine, CountingIds};

/// A fresh store of second factors, and of the users that they are of.
#[async_trait]
pub trait SecondFactorHarness: Send + Sync {
    /// The second factors.
    fn factors(&self) -> Box<dyn SecondFactorStore>;

    /// The users.
    fn users(&self) -> Box<dyn IdentityStore>;

    /// The audit log's lines about users, the oldest first.
    async fn user_lines(&self) -> Vec<AuditLine>;
}

/// One test for each clause of [`SecondFactorStore`].
#[macro_export]
macro_rules! second_factor_store_contract {
    ($harness:expr) => {
        $crate::clauses!(
            second_factor_store,
            $harness,
            [
                an_offer_takes_the_place_of_one_that_is_not_confirmed_and_of_no_other,
                only_the_secret_that_was_offered_is_confirmed_and_once,
                a_step_is_used_up_once_with_those_before_it,
                of_many_who_show_one_code_at_once_one_has_used_it,
                a_recovery_code_is_used_up_once_and_writes_a_line,
                what_is_removed_is_gone_with_its_recovery_codes,
            ]
        );
    };
}

const HERE: SessionId = SessionId(uuid::Uuid::from_u128(77));

fn secret(n: u8) -> TotpSecret {
    TotpSecret::new([n; TotpSecret::BYTES])
}

fn by() -> Envelope {
    Envelope {
        actor: Actor("ana@empresa.mx".to_owned()),
        idempotency: None,
        at: Timestamp::from_second(1_767_225_600).unwrap(),
        request_id: Some("request-1".to_owned()),
        remote_addr: None,
    }
}

async fn user(harness: &impl SecondFactorHarness) -> UserId {
    let user = User {
        id: UserId(CountingIds::nth(1)),
        email: Email::parse("ana@empresa.mx").unwrap(),
        role: Role::Admin,
        password_hash: PasswordHash::new("$fake$".to_owned()),
        must_change_password: false,
        created_at: by().at,
    };
    let id = user.id;
    harness.users().add_user(user, Envelope::of_program("migrator", by().at)).await.unwrap();
    id
}

/// A user whose secret 1 is confirmed by the code of step 100, with the recovery codes 1 and 2.
async fn confirmed(harness: &impl SecondFactorHarness) -> UserId {
    let user = user(harness).await;
    let factors = harness.factors();
    factors.offer(user, secret(1), by()).await.unwrap();
    factors.confirm(user, secret(1), 100, vec![[1; 32], [2; 32]], HERE, by()).await.unwrap();
    user
}

#[track_caller]
fn assert_conflict<T: std::fmt::Debug>(outcome: &Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
}

async fn actions(harness: &impl SecondFactorHarness) -> Vec<String> {
    harness.user_lines().await.into_iter().map(|line| line.action).skip(1).collect()
}

/// As the sentence says.
pub async fn an_offer_takes_the_place_of_one_that_is_not_confirmed_and_of_no_other(
    harness: &impl SecondFactorHarness,
) {
    let user = user(harness).await;
    let factors = harness.factors();
    assert_eq!(factors.find(user).await.unwrap(), None);
    for n in [1, 2] {
        factors.offer(user, secret(n), by()).await.unwrap();
        let offered = SecondFactor { secret: secret(n), is_confirmed: false };
        assert_eq!(factors.find(user).await.unwrap(), Some(offered));
    }
    factors.confirm(user, secret(2), 100, Vec::new(), HERE, by()).await.unwrap();
    assert_conflict(&factors.offer(user, secret(3), by()).await);
    let kept = SecondFactor { secret: secret(2), is_confirmed: true };
    assert_eq!(factors.find(user).await.unwrap(), Some(kept));
    let offer = "user.offer_second_factor";
    assert_eq!(actions(harness).await, [offer, offer, "user.add_second_factor"]);
}

/// As the sentence says.
pub async fn only_the_secret_that_was_offered_is_confirmed_and_once(harness: &impl SecondFactorHarness) {
    let user = user(harness).await;
    let factors = harness.factors();
    let confirm = |n| factors.confirm(user, secret(n), 100, vec![[1; 32]], HERE, by());
    assert_conflict(&confirm(1).await);
    factors.offer(user, secret(1), by()).await.unwrap();
    assert_conflict(&confirm(2).await);
    assert!(!factors.use_step(user, 101).await.unwrap());
    confirm(1).await.unwrap();
    assert_conflict(&confirm(1).await);
}

/// As the sentence says.
pub async fn a_step_is_used_up_once_with_those_before_it(harness: &impl SecondFactorHarness) {
    let user = confirmed(harness).await;
    let factors = harness.factors();
    for (step, is_used) in [(99, false), (100, false), (102, true), (101, false), (102, false), (103, true)] {
        assert_eq!(factors.use_step(user, step).await.unwrap(), is_used, "{step}");
    }
}

/// As the sentence says.
pub async fn of_many_who_show_one_code_at_once_one_has_used_it(harness: &impl SecondFactorHarness) {
    let user = confirmed(harness).await;
    let factors = harness.factors();
    let steps = futures::future::join_all((0..8).map(|_| factors.use_step(user, 200))).await;
    assert_eq!(steps.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
    let codes = futures::future::join_all((0..8).map(|_| factors.use_recovery(user, [1; 32], by()))).await;
    assert_eq!(codes.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
}

/// As the sentence says.
pub async fn a_recovery_code_is_used_up_once_and_writes_a_line(harness: &impl SecondFactorHarness) {
    let user = confirmed(harness).await;
    let factors = harness.factors();
    for (n, is_used) in [(3, false), (1, true), (1, false), (2, true)] {
        assert_eq!(factors.use_recovery(user, [n; 32], by()).await.unwrap(), is_used, "{n}");
    }
    let action = "user.use_recovery_code";
    assert_eq!(actions(harness).await[2..], [action, action]);
}

/// As the sentence says.
pub async fn what_is_removed_is_gone_with_its_recovery_codes(harness: &impl SecondFactorHarness) {
    let user = confirmed(harness).await;
    let factors = harness.factors();
    assert!(factors.remove(user, by()).await.unwrap());
    assert!(!factors.remove(user, by()).await.unwrap());
    assert_eq!(factors.find(user).await.unwrap(), None);
    factors.offer(user, secret(1), by()).await.unwrap();
    factors.confirm(user, secret(1), 100, vec![[3; 32]], HERE, by()).await.unwrap();
    assert!(!factors.use_recovery(user, [1; 32], by()).await.unwrap());
    assert_eq!(actions(harness).await[2], "user.remove_second_factor");
}
