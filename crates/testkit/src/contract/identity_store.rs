//! What [`IdentityStore`] owes.

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, Role, User, UserId};
use domain::port::{IdentityStore, StoreError};
use jiff::Timestamp;
use uuid::Uuid;

use crate::fakes::{AuditLine, CountingIds};

/// A fresh store of users, and a look at what it wrote to the audit log.
#[async_trait]
pub trait IdentityHarness: Send + Sync {
    /// The users.
    fn identities(&self) -> Box<dyn IdentityStore>;

    /// The audit log, the oldest line first.
    async fn audit_lines(&self) -> Vec<AuditLine>;
}

/// One test for each clause of [`IdentityStore`].
#[macro_export]
macro_rules! identity_store_contract {
    ($harness:expr) => {
        $crate::clauses!(
            identity_store,
            $harness,
            [
                a_user_that_was_added_is_found_by_the_address_as_it_was,
                an_address_that_nobody_has_finds_nobody,
                adding_a_user_writes_one_audit_line_on_behalf_of_the_actor,
                an_address_that_is_taken_is_a_conflict_and_changes_nothing,
                an_id_that_is_taken_is_a_conflict_and_changes_nothing,
                of_two_who_add_one_address_at_once_one_is_refused,
            ]
        );
    };
}

fn user(n: u64, email: &str) -> User {
    User {
        id: UserId(CountingIds::nth(n)),
        email: Email::parse(email).unwrap(),
        role: Role::Manager,
        password_hash: PasswordHash::new(format!("$fake${n}$")),
        must_change_password: n.is_multiple_of(2),
        created_at: Timestamp::from_microsecond(1_767_225_600_123_456).unwrap(),
    }
}

async fn found(identities: &dyn IdentityStore, email: &str) -> Option<User> {
    identities.find_user(Email::parse(email).unwrap()).await.unwrap()
}

/// As the sentence says.
pub async fn a_user_that_was_added_is_found_by_the_address_as_it_was(harness: &impl IdentityHarness) {
    let identities = harness.identities();
    for (n, role) in (0..).zip(Role::ALL) {
        let user = User { role, ..user(n, &format!("{role}@empresa.mx")) };
        identities.add_user(user.clone(), "migrator".to_owned()).await.unwrap();
        assert_eq!(found(identities.as_ref(), user.email.as_str()).await, Some(user));
    }
}

/// As the sentence says.
pub async fn an_address_that_nobody_has_finds_nobody(harness: &impl IdentityHarness) {
    let identities = harness.identities();
    identities.add_user(user(1, "ana@empresa.mx"), "migrator".to_owned()).await.unwrap();
    assert_eq!(found(identities.as_ref(), "ana@empresa.mx.mx").await, None);
}

/// As the sentence says.
pub async fn adding_a_user_writes_one_audit_line_on_behalf_of_the_actor(harness: &impl IdentityHarness) {
    let ana = user(1, "ana@empresa.mx");
    harness.identities().add_user(ana.clone(), "jefe@empresa.mx".to_owned()).await.unwrap();
    let line = AuditLine {
        actor: "jefe@empresa.mx".to_owned(),
        action: "user.create".to_owned(),
        object_id: ana.id.0.to_string(),
    };
    assert_eq!(harness.audit_lines().await, [line]);
}

/// As the sentence says.
pub async fn an_address_that_is_taken_is_a_conflict_and_changes_nothing(harness: &impl IdentityHarness) {
    let ana = user(1, "ana@empresa.mx");
    refuses_after(harness, &ana, User { role: Role::Admin, ..user(2, "ana@empresa.mx") }).await;
}

/// As the sentence says.
pub async fn an_id_that_is_taken_is_a_conflict_and_changes_nothing(harness: &impl IdentityHarness) {
    let ana = user(1, "ana@empresa.mx");
    refuses_after(harness, &ana, user(1, "eva@empresa.mx")).await;
    assert_eq!(found(harness.identities().as_ref(), "eva@empresa.mx").await, None);
}

async fn refuses_after(harness: &impl IdentityHarness, first: &User, second: User) {
    let identities = harness.identities();
    identities.add_user(first.clone(), "migrator".to_owned()).await.unwrap();
    let refused = identities.add_user(second, "migrator".to_owned()).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(found(identities.as_ref(), first.email.as_str()).await.as_ref(), Some(first));
    assert_eq!(harness.audit_lines().await.len(), 1);
}

/// As the sentence says.
pub async fn of_two_who_add_one_address_at_once_one_is_refused(harness: &impl IdentityHarness) {
    let (one, other) = (harness.identities(), harness.identities());
    let (first, second) = futures::join!(
        one.add_user(user(1, "ana@empresa.mx"), "one".to_owned()),
        other.add_user(user(2, "ana@empresa.mx"), "other".to_owned()),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let kept: Uuid = found(one.as_ref(), "ana@empresa.mx").await.unwrap().id.0;
    let lines = harness.audit_lines().await;
    assert_eq!(lines.iter().map(|line| line.object_id.clone()).collect::<Vec<_>>(), [kept.to_string()]);
}
