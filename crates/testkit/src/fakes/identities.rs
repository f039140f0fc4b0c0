//! Users in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::identity::{Email, User, UserId};
use domain::port::{IdentityStore, StoreError};

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
    async fn add_user(&self, user: User, actor: String) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap();
        if kept.users.iter().any(|other| other.email == user.email || other.id == user.id) {
            return Err(StoreError::Conflict {
                doing: "add a user".to_owned(),
                reason: "a user has this address or id already".to_owned(),
            });
        }
        kept.audit.push(AuditLine {
            actor,
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
}
