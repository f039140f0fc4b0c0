//! What [`IdentityStore`] owes.

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, Role, User, UserId};
use domain::port::{IdentityStore, StoreError};
use domain::request::Envelope;
use domain::session::SessionId;
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
                a_password_is_changed_from_the_one_that_was_shown_and_from_no_other,
                a_hash_is_renewed_unless_the_password_was_changed_meanwhile,
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

fn by(actor: &str) -> Envelope {
    Envelope::of_program(actor, Timestamp::from_second(1_767_225_600).unwrap())
}

async fn found(identities: &dyn IdentityStore, email: &str) -> Option<User> {
    identities.find_user(Email::parse(email).unwrap()).await.unwrap()
}

/// As the sentence says.
pub async fn a_user_that_was_added_is_found_by_the_address_as_it_was(harness: &impl IdentityHarness) {
    let identities = harness.identities();
    for (n, role) in (0..).zip(Role::ALL) {
        let user = User { role, ..user(n, &format!("{role}@empresa.mx")) };
        identities.add_user(user.clone(), by("migrator")).await.unwrap();
        assert_eq!(found(identities.as_ref(), user.email.as_str()).await, Some(user));
    }
}

/// As the sentence says.
pub async fn an_address_that_nobody_has_finds_nobody(harness: &impl IdentityHarness) {
    let identities = harness.identities();
    identities.add_user(user(1, "ana@empresa.mx"), by("migrator")).await.unwrap();
    assert_eq!(found(identities.as_ref(), "ana@empresa.mx.mx").await, None);
}

/// As the sentence says.
pub async fn adding_a_user_writes_one_audit_line_on_behalf_of_the_actor(harness: &impl IdentityHarness) {
    let ana = user(1, "ana@empresa.mx");
    harness.identities().add_user(ana.clone(), by("jefe@empresa.mx")).await.unwrap();
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
    identities.add_user(first.clone(), by("migrator")).await.unwrap();
    let refused = identities.add_user(second, by("migrator")).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(found(identities.as_ref(), first.email.as_str()).await.as_ref(), Some(first));
    assert_eq!(harness.audit_lines().await.len(), 1);
}

/// As the sentence says.
pub async fn of_two_who_add_one_address_at_once_one_is_refused(harness: &impl IdentityHarness) {
    let (one, other) = (harness.identities(), harness.identities());
    let (first, second) = futures::join!(
        one.add_user(user(1, "ana@empresa.mx"), by("one")),
        other.add_user(user(2, "ana@empresa.mx"), by("other")),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let kept: Uuid = found(one.as_ref(), "ana@empresa.mx").await.unwrap().id.0;
    let lines = harness.audit_lines().await;
    assert_eq!(lines.iter().map(|line| line.object_id.clone()).collect::<Vec<_>>(), [kept.to_string()]);
}

/// As the sentence says.
pub async fn a_password_is_changed_from_the_one_that_was_shown_and_from_no_other(
    harness: &impl IdentityHarness,
) {
    let identities = harness.identities();
    let ana = User { must_change_password: true, ..user(1, "ana@empresa.mx") };
    identities.add_user(ana.clone(), by("migrator")).await.unwrap();
    let (new, here) = (PasswordHash::new("$fake$new$".to_owned()), SessionId(CountingIds::nth(7)));
    let change = |old: &PasswordHash| {
        identities.change_password(ana.id, old.clone(), new.clone(), here, by(ana.email.as_str()))
    };
    assert_eq!(change(&ana.password_hash).await.unwrap(), []);
    let changed = User { password_hash: new.clone(), must_change_password: false, ..ana.clone() };
    assert_eq!(found(identities.as_ref(), "ana@empresa.mx").await, Some(changed.clone()));
    let refused = change(&ana.password_hash).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(found(identities.as_ref(), "ana@empresa.mx").await, Some(changed));
    let lines = harness.audit_lines().await;
    let actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["user.create", "user.change_password"]);
}

/// As the sentence says.
pub async fn a_hash_is_renewed_unless_the_password_was_changed_meanwhile(harness: &impl IdentityHarness) {
    let identities = harness.identities();
    let ana = User { must_change_password: true, ..user(1, "ana@empresa.mx") };
    identities.add_user(ana.clone(), by("migrator")).await.unwrap();
    for (old, new, expected) in [("$fake$1$", "$fake$2$", "$fake$2$"), ("$fake$1$", "$fake$3$", "$fake$2$")] {
        let hash = |text: &str| PasswordHash::new(text.to_owned());
        identities.renew_hash(ana.id, hash(old), hash(new)).await.unwrap();
        let kept = found(identities.as_ref(), "ana@empresa.mx").await.unwrap();
        assert_eq!((kept.password_hash, kept.must_change_password), (hash(expected), true));
    }
}
