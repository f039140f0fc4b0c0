//! Users in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, SecondFactor, TotpSecret, User, UserId};
use domain::port::{IdentityStore, SecondFactorStore, StoreError};
use domain::request::Envelope;
use domain::session::SessionId;

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object_id: String,
}

#[derive(Default)]
struct Kept {
    users: Vec<User>,
    disabled: Vec<UserId>,
    audit: Vec<AuditLine>,
    factors: HashMap<UserId, Factor>,
}

struct Factor {
    secret: TotpSecret,
    /// The last step that was used, once it is confirmed.
    last_step: Option<i64>,
    recovery: HashSet<[u8; 32]>,
}

/// [`IdentityStore`] and [`SecondFactorStore`] in memory. Clones share what they hold.
#[derive(Clone, Default)]
pub struct FakeIdentityStore(Arc<Mutex<Kept>>);

impl FakeIdentityStore {
    /// Every user, in the order they came.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.0.lock().unwrap().users.clone()
    }

    /// The audit log so far.
    #[must_use]
    pub fn audit_lines(&self) -> Vec<AuditLine> {
        self.0.lock().unwrap().audit.clone()
    }

    /// Disables a user.
    pub fn disable(&self, user: UserId) {
        self.0.lock().unwrap().disabled.push(user);
    }

    /// The user of `id`, unless there is none or they are disabled.
    pub(super) fn enabled(&self, id: UserId) -> Option<User> {
        let kept = self.0.lock().unwrap();
        kept.users.iter().find(|user| user.id == id && !kept.disabled.contains(&id)).cloned()
    }

    /// Whether a user has a second factor that is confirmed.
    pub(super) fn has_second_factor(&self, id: UserId) -> bool {
        self.0.lock().unwrap().factors.get(&id).is_some_and(|factor| factor.last_step.is_some())
    }

    /// Writes a line to the audit log.
    pub(super) fn write_line(&self, line: AuditLine) {
        self.0.lock().unwrap().audit.push(line);
    }
}

#[async_trait]
impl IdentityStore for FakeIdentityStore {
    async fn add_user(&self, user: User, by: Envelope) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap();
        if kept.users.iter().any(|other| other.email == user.email || other.id == user.id) {
            return Err(StoreError::Conflict {
                doing: "add a user".to_owned(),
                reason: "a user has this address or id already".to_owned(),
            });
        }
        kept.audit.push(AuditLine {
            actor: by.actor.0,
            action: "user.create".to_owned(),
            object_id: user.id.0.to_string(),
        });
        kept.users.push(user);
        Ok(())
    }

    async fn find_user(&self, email: Email) -> Result<Option<User>, StoreError> {
        let kept = self.0.lock().unwrap();
        let found = kept.users.iter().find(|user| user.email == email && !kept.disabled.contains(&user.id));
        Ok(found.cloned())
    }

    /// No session is known here, so that none ends.
    async fn change_password(
        &self,
        user: UserId,
        old: PasswordHash,
        new: PasswordHash,
        _: SessionId,
        by: Envelope,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let is_enabled = !kept.disabled.contains(&user);
        let found = kept.users.iter_mut().find(|other| other.id == user && other.password_hash == old);
        let Some(found) = found.filter(|_| is_enabled) else {
            return Err(StoreError::Conflict {
                doing: "change a password".to_owned(),
                reason: "it was changed in the meantime".to_owned(),
            });
        };
        found.password_hash = new;
        found.must_change_password = false;
        kept.audit.push(AuditLine {
            actor: by.actor.0,
            action: "user.change_password".to_owned(),
            object_id: user.0.to_string(),
        });
        Ok(Vec::new())
    }

    async fn renew_hash(&self, user: UserId, old: PasswordHash, new: PasswordHash) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap();
        if let Some(found) =
            kept.users.iter_mut().find(|other| other.id == user && other.password_hash == old)
        {
            found.password_hash = new;
        }
        Ok(())
    }
}

fn conflict(doing: &str, reason: &str) -> StoreError {
    StoreError::Conflict { doing: doing.to_owned(), reason: reason.to_owned() }
}

impl Kept {
    fn note(&mut self, by: Envelope, action: &str, user: UserId) {
        let (action, object_id) = (action.to_owned(), user.0.to_string());
        self.audit.push(AuditLine { actor: by.actor.0, action, object_id });
    }
}

#[async_trait]
impl SecondFactorStore for FakeIdentityStore {
    async fn find(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let kept = self.0.lock().unwrap();
        Ok(kept
            .factors
            .get(&user)
            .map(|factor| SecondFactor { secret: factor.secret, is_confirmed: factor.last_step.is_some() }))
    }

    async fn offer(&self, user: UserId, secret: TotpSecret, by: Envelope) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap();
        if kept.factors.get(&user).is_some_and(|factor| factor.last_step.is_some()) {
            return Err(conflict("offer a second factor", "a confirmed one is there"));
        }
        kept.factors.insert(user, Factor { secret, last_step: None, recovery: HashSet::new() });
        kept.note(by, "user.offer_second_factor", user);
        Ok(())
    }

    /// No session is known here, so that none ends.
    async fn confirm(
        &self,
        user: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        _: SessionId,
        by: Envelope,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let offered = kept.factors.get_mut(&user);
        let offered = offered.filter(|factor| factor.last_step.is_none() && factor.secret == secret);
        let Some(offered) = offered else {
            return Err(conflict("confirm a second factor", "nothing waits to be confirmed"));
        };
        offered.last_step = Some(step);
        offered.recovery = recovery.into_iter().collect();
        kept.note(by, "user.add_second_factor", user);
        Ok(Vec::new())
    }

    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let last = kept.factors.get_mut(&user).and_then(|factor| factor.last_step.as_mut());
        let Some(last) = last.filter(|last| **last < step) else { return Ok(false) };
        *last = step;
        Ok(true)
    }

    async fn use_recovery(&self, user: UserId, sha256: [u8; 32], by: Envelope) -> Result<bool, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let is_used = kept.factors.get_mut(&user).is_some_and(|factor| factor.recovery.remove(&sha256));
        if is_used {
            kept.note(by, "user.use_recovery_code", user);
        }
        Ok(is_used)
    }

    async fn remove(&self, user: UserId, by: Envelope) -> Result<bool, StoreError> {
        let mut kept = self.0.lock().unwrap();
        let is_removed = kept.factors.remove(&user).is_some();
        if is_removed {
            kept.note(by, "user.remove_second_factor", user);
        }
        Ok(is_removed)
    }
}
