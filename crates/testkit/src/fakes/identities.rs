//! Users in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, User, UserId};
use domain::port::{IdentityStore, StoreError};
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
}

/// [`IdentityStore`] in memory. Clones share what they hold.
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
