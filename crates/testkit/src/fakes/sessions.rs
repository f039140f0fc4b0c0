//! Sessions in memory.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::identity::{User, UserId};
use domain::port::{SessionStore, StoreError};
use domain::request::Envelope;
use domain::session::{EndReason, NewSession, RefreshDigest, Renewal, Session, SessionId, SignedIn};
use jiff::Timestamp;

use super::{AuditLine, FakeIdentityStore};

struct Kept {
    begun: NewSession,
    created_at: Timestamp,
    last_used_at: Timestamp,
    remote_addr: Option<IpAddr>,
    ended: Option<EndReason>,
}

impl Kept {
    fn lives(&self, at: Timestamp) -> bool {
        self.ended.is_none() && self.begun.expires_at > at
    }

    fn signed_in(&self, user: User, has_second_factor: bool) -> SignedIn {
        SignedIn {
            session: self.begun.id,
            user: user.id,
            email: user.email,
            role: user.role,
            must_change_password: user.must_change_password,
            has_second_factor,
            expires_at: self.begun.expires_at,
        }
    }
}

/// [`SessionStore`] in memory, beside its users. Clones share what they hold.
#[derive(Clone)]
pub struct FakeSessionStore {
    users: FakeIdentityStore,
    sessions: Arc<Mutex<Vec<Kept>>>,
}

impl FakeSessionStore {
    /// The sessions of `users`, whose audit log they write to.
    #[must_use]
    pub fn of(users: FakeIdentityStore) -> Self {
        Self { users, sessions: Arc::default() }
    }

    fn audit(&self, action: &str, id: SessionId, by: &Envelope) {
        self.users.write_line(AuditLine {
            actor: by.actor.0.clone(),
            action: action.to_owned(),
            object_id: id.0.to_string(),
        });
    }
}

#[async_trait]
impl SessionStore for FakeSessionStore {
    async fn begin(&self, session: NewSession, by: Envelope) -> Result<(), StoreError> {
        let mut sessions = self.sessions.lock().unwrap();
        let is_taken = sessions.iter().any(|other| {
            other.begun.id == session.id || other.begun.refresh.family == session.refresh.family
        });
        let owner = self.users.enabled(session.user);
        let is_owner = owner.is_some_and(|owner| {
            owner.password_hash == session.password_hash
                && self.users.has_second_factor(owner.id) == session.has_second_factor
        });
        if is_taken || !is_owner {
            return Err(StoreError::Conflict {
                doing: "begin a session".to_owned(),
                reason: "its id or family is taken, or nobody of this password or second factor is there"
                    .to_owned(),
            });
        }
        self.audit("session.begin", session.id, &by);
        let (at, remote_addr) = (by.at, by.remote_addr);
        sessions.push(Kept { begun: session, created_at: at, last_used_at: at, remote_addr, ended: None });
        Ok(())
    }

    async fn find(&self, id: SessionId, at: Timestamp) -> Result<Option<SignedIn>, StoreError> {
        let sessions = self.sessions.lock().unwrap();
        let found = sessions.iter().find(|kept| kept.begun.id == id && kept.lives(at));
        Ok(found.and_then(|kept| {
            let user = self.users.enabled(kept.begun.user)?;
            let has_second_factor = self.users.has_second_factor(user.id);
            Some(kept.signed_in(user, has_second_factor))
        }))
    }

    async fn renew(
        &self,
        shown: RefreshDigest,
        next: RefreshDigest,
        expires_at: Timestamp,
        by: Envelope,
    ) -> Result<Renewal, StoreError> {
        let mut sessions = self.sessions.lock().unwrap();
        let found =
            sessions.iter_mut().find(|kept| kept.begun.refresh.family == shown.family && kept.lives(by.at));
        let Some(kept) = found else { return Ok(Renewal::Refused) };
        let Some(user) = self.users.enabled(kept.begun.user) else { return Ok(Renewal::Refused) };
        if kept.begun.refresh.own != shown.own {
            kept.ended = Some(EndReason::TokenReused);
            self.audit("session.end", kept.begun.id, &by);
            return Ok(Renewal::Reused(kept.begun.id));
        }
        kept.begun.refresh.own = next.own;
        kept.begun.expires_at = expires_at;
        kept.last_used_at = by.at;
        let has_second_factor = self.users.has_second_factor(user.id);
        Ok(Renewal::Renewed(kept.signed_in(user, has_second_factor)))
    }

    async fn end(
        &self,
        id: SessionId,
        user: UserId,
        reason: EndReason,
        by: Envelope,
    ) -> Result<bool, StoreError> {
        let mut sessions = self.sessions.lock().unwrap();
        let found = sessions
            .iter_mut()
            .find(|kept| kept.begun.id == id && kept.begun.user == user && kept.lives(by.at));
        let Some(kept) = found else { return Ok(false) };
        kept.ended = Some(reason);
        self.audit("session.end", id, &by);
        Ok(true)
    }

    async fn list(&self, user: UserId, at: Timestamp, limit: u16) -> Result<Vec<Session>, StoreError> {
        let sessions = self.sessions.lock().unwrap();
        let mut listed: Vec<Session> = sessions
            .iter()
            .filter(|kept| kept.begun.user == user && kept.lives(at))
            .map(|kept| Session {
                id: kept.begun.id,
                created_at: kept.created_at,
                last_used_at: kept.last_used_at,
                expires_at: kept.begun.expires_at,
                user_agent: kept.begun.user_agent.clone(),
                remote_addr: kept.remote_addr,
            })
            .collect();
        listed.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        listed.truncate(limit.into());
        Ok(listed)
    }
}
