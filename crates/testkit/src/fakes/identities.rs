//! Users in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::identity::{Email, User};
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
        Ok(self.0.lock().unwrap().users.iter().find(|user| user.email == email).cloned())
    }
}
