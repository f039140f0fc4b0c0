//! What [`SessionStore`] owes.

use std::net::{IpAddr, Ipv4Addr};

use async_trait::async_trait;
use domain::identity::{Email, PasswordHash, Role, User, UserId};
use domain::port::{IdentityStore, SessionStore, StoreError};
use domain::request::{Actor, Envelope};
use domain::session::{
    EndReason, NewSession, RefreshDigest, Renewal, Session, SessionId, SignedIn, UserAgent,
};
use jiff::{SignedDuration, Timestamp};

use crate::fakes::{AuditLine, CountingIds};

/// A fresh store of sessions, and of the users that they are of.
#[async_trait]
pub trait SessionHarness: Send + Sync {
    /// The sessions.
    fn sessions(&self) -> Box<dyn SessionStore>;

    /// The users.
    fn users(&self) -> Box<dyn IdentityStore>;

    /// Disables a user.
    async fn disable(&self, user: UserId);

    /// The audit log's lines about sessions, the oldest first.
    async fn session_lines(&self) -> Vec<AuditLine>;
}

/// One test for each clause of [`SessionStore`].
#[macro_export]
macro_rules! session_store_contract {
    ($harness:expr) => {
        $crate::clauses!(
            session_store,
            $harness,
            [
                a_session_that_began_is_found_with_its_user_s_role,
                beginning_and_ending_write_a_line_each_on_behalf_of_the_actor,
                a_session_of_nobody_is_a_conflict_and_writes_nothing,
                an_id_or_a_family_that_is_taken_is_a_conflict,
                a_session_begins_by_the_password_and_the_second_factor_that_are_kept_now,
                a_session_is_found_until_it_expires_and_not_at_that_instant,
                a_session_of_a_disabled_user_is_not_found_and_not_renewed,
                a_renewed_session_lives_until_its_new_end_under_its_next_token,
                a_token_that_was_used_before_ends_its_session_however_long_ago_it_was,
                a_token_of_no_living_session_is_refused_and_changes_nothing,
                of_many_who_show_one_token_at_once_one_is_renewed_and_the_session_ends,
                an_ended_session_is_not_found_and_ends_once,
                another_user_s_session_is_left_as_it_is,
                a_user_s_living_sessions_are_listed_the_last_begun_first_up_to_the_limit,
            ]
        );
    };
}

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn start() -> Timestamp {
    Timestamp::from_microsecond(1_767_225_600_123_456).unwrap()
}

fn after_days(days: i64) -> Timestamp {
    start() + SignedDuration::from_hours(24 * days)
}

fn by(at: Timestamp) -> Envelope {
    Envelope {
        actor: Actor("ana@empresa.mx".to_owned()),
        idempotency: None,
        at,
        request_id: Some("request-1".to_owned()),
        remote_addr: Some(ADDRESS),
    }
}

fn digest(family: u8, own: u8) -> RefreshDigest {
    RefreshDigest { family: [family; 32], own: [own; 32] }
}

fn id(n: u8) -> SessionId {
    SessionId(CountingIds::nth(1_000 + u64::from(n)))
}

async fn add_user(harness: &impl SessionHarness, n: u64, role: Role) -> User {
    let user = User {
        id: UserId(CountingIds::nth(n)),
        email: Email::parse(&format!("user{n}@empresa.mx")).unwrap(),
        role,
        password_hash: PasswordHash::new("$fake$".to_owned()),
        must_change_password: role == Role::Viewer,
        created_at: start(),
    };
    harness.users().add_user(user.clone(), Envelope::of_program("migrator", start())).await.unwrap();
    user
}

/// Session `n` of family `n` with the token `n`, from the start for 30 days.
fn session(n: u8, user: &User) -> NewSession {
    NewSession {
        id: id(n),
        user: user.id,
        password_hash: user.password_hash.clone(),
        has_second_factor: false,
        refresh: digest(n, n),
        expires_at: after_days(30),
        user_agent: UserAgent::new("Firefox/140"),
    }
}

async fn begin(harness: &impl SessionHarness, n: u8) -> User {
    let user = add_user(harness, n.into(), Role::Manager).await;
    harness.sessions().begin(session(n, &user), by(start())).await.unwrap();
    user
}

fn line(action: &str, n: u8) -> AuditLine {
    AuditLine {
        actor: "ana@empresa.mx".to_owned(),
        action: action.to_owned(),
        object_id: id(n).0.to_string(),
    }
}

/// As the sentence says.
pub async fn a_session_that_began_is_found_with_its_user_s_role(harness: &impl SessionHarness) {
    for (n, role) in (1..).zip(Role::ALL) {
        let user = add_user(harness, n.into(), role).await;
        harness.sessions().begin(session(n, &user), by(start())).await.unwrap();
        let expected = SignedIn {
            session: id(n),
            user: user.id,
            email: user.email,
            role,
            must_change_password: role == Role::Viewer,
            has_second_factor: false,
            expires_at: after_days(30),
        };
        assert_eq!(harness.sessions().find(id(n), start()).await.unwrap(), Some(expected));
    }
    assert_eq!(harness.sessions().find(id(99), start()).await.unwrap(), None);
}

/// As the sentence says.
pub async fn beginning_and_ending_write_a_line_each_on_behalf_of_the_actor(harness: &impl SessionHarness) {
    let user = begin(harness, 1).await;
    assert_eq!(harness.session_lines().await, [line("session.begin", 1)]);
    harness.sessions().end(id(1), user.id, EndReason::LoggedOut, by(start())).await.unwrap();
    assert_eq!(harness.session_lines().await, [line("session.begin", 1), line("session.end", 1)]);
}

async fn conflicts(harness: &impl SessionHarness, session: NewSession) {
    let lines = harness.session_lines().await;
    let refused = harness.sessions().begin(session, by(start())).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(harness.session_lines().await, lines);
}

/// As the sentence says.
pub async fn a_session_of_nobody_is_a_conflict_and_writes_nothing(harness: &impl SessionHarness) {
    let user = add_user(harness, 1, Role::Viewer).await;
    conflicts(harness, NewSession { user: UserId(CountingIds::nth(9)), ..session(1, &user) }).await;
    assert_eq!(harness.sessions().find(id(1), start()).await.unwrap(), None);
}

/// As the sentence says.
pub async fn an_id_or_a_family_that_is_taken_is_a_conflict(harness: &impl SessionHarness) {
    let user = begin(harness, 1).await;
    conflicts(harness, NewSession { id: id(1), ..session(2, &user) }).await;
    conflicts(harness, NewSession { refresh: digest(1, 2), ..session(2, &user) }).await;
}

/// As the sentence says.
pub async fn a_session_begins_by_the_password_and_the_second_factor_that_are_kept_now(
    harness: &impl SessionHarness,
) {
    let user = begin(harness, 1).await;
    let old = PasswordHash::new("$old$".to_owned());
    conflicts(harness, NewSession { password_hash: old, ..session(2, &user) }).await;
    conflicts(harness, NewSession { has_second_factor: true, ..session(2, &user) }).await;
    harness.sessions().begin(session(2, &user), by(start())).await.unwrap();
    harness.disable(user.id).await;
    conflicts(harness, session(3, &user)).await;
}

/// As the sentence says.
pub async fn a_session_is_found_until_it_expires_and_not_at_that_instant(harness: &impl SessionHarness) {
    begin(harness, 1).await;
    let sessions = harness.sessions();
    let last = after_days(30) - SignedDuration::from_micros(1);
    assert!(sessions.find(id(1), last).await.unwrap().is_some());
    assert_eq!(sessions.find(id(1), after_days(30)).await.unwrap(), None);
}

/// As the sentence says.
pub async fn a_session_of_a_disabled_user_is_not_found_and_not_renewed(harness: &impl SessionHarness) {
    let user = begin(harness, 1).await;
    harness.disable(user.id).await;
    let sessions = harness.sessions();
    assert_eq!(sessions.find(id(1), start()).await.unwrap(), None);
    let renewal = sessions.renew(digest(1, 1), digest(1, 2), after_days(31), by(start())).await.unwrap();
    assert_eq!(renewal, Renewal::Refused);
}

/// As the sentence says.
pub async fn a_renewed_session_lives_until_its_new_end_under_its_next_token(harness: &impl SessionHarness) {
    let user = begin(harness, 1).await;
    let sessions = harness.sessions();
    for (own, day) in [(1, 20), (2, 40), (3, 60)] {
        let (shown, next) = (digest(1, own), digest(1, own + 1));
        let renewal = sessions.renew(shown, next, after_days(day + 30), by(after_days(day))).await.unwrap();
        let expected = SignedIn {
            session: id(1),
            user: user.id,
            email: user.email.clone(),
            role: Role::Manager,
            must_change_password: false,
            has_second_factor: false,
            expires_at: after_days(day + 30),
        };
        assert_eq!(renewal, Renewal::Renewed(expected.clone()));
        assert_eq!(sessions.find(id(1), after_days(day + 29)).await.unwrap(), Some(expected));
    }
    assert_eq!(harness.session_lines().await, [line("session.begin", 1)]);
}

/// As the sentence says.
pub async fn a_token_that_was_used_before_ends_its_session_however_long_ago_it_was(
    harness: &impl SessionHarness,
) {
    begin(harness, 1).await;
    begin(harness, 2).await;
    let sessions = harness.sessions();
    let renew = async |shown, next| sessions.renew(shown, next, after_days(30), by(start())).await.unwrap();
    for own in 1..5 {
        assert!(matches!(renew(digest(1, own), digest(1, own + 1)).await, Renewal::Renewed(_)));
    }
    assert_eq!(renew(digest(1, 1), digest(1, 9)).await, Renewal::Reused(id(1)));
    assert_eq!(sessions.find(id(1), start()).await.unwrap(), None);
    assert_eq!(
        renew(digest(1, 5), digest(1, 6)).await,
        Renewal::Refused,
        "the current token is worth nothing now"
    );
    assert_eq!(harness.session_lines().await.last(), Some(&line("session.end", 1)));
    assert!(sessions.find(id(2), start()).await.unwrap().is_some(), "another session goes on");
}

/// As the sentence says.
pub async fn a_token_of_no_living_session_is_refused_and_changes_nothing(harness: &impl SessionHarness) {
    begin(harness, 1).await;
    let sessions = harness.sessions();
    let unknown = sessions.renew(digest(9, 1), digest(9, 2), after_days(60), by(start())).await.unwrap();
    assert_eq!(unknown, Renewal::Refused);
    let expired =
        sessions.renew(digest(1, 1), digest(1, 2), after_days(60), by(after_days(30))).await.unwrap();
    assert_eq!(expired, Renewal::Refused);
    let reused_and_expired =
        sessions.renew(digest(1, 8), digest(1, 9), after_days(60), by(after_days(30))).await.unwrap();
    assert_eq!(reused_and_expired, Renewal::Refused);
    assert_eq!(sessions.find(id(1), start()).await.unwrap().unwrap().expires_at, after_days(30));
    assert_eq!(harness.session_lines().await, [line("session.begin", 1)]);
}

/// As the sentence says.
pub async fn of_many_who_show_one_token_at_once_one_is_renewed_and_the_session_ends(
    harness: &impl SessionHarness,
) {
    begin(harness, 1).await;
    let sessions = harness.sessions();
    let many = (2..8).map(|own| sessions.renew(digest(1, 1), digest(1, own), after_days(30), by(start())));
    let renewals: Vec<Renewal> = futures::future::try_join_all(many).await.unwrap();
    let count = |is: fn(&Renewal) -> bool| renewals.iter().filter(|renewal| is(renewal)).count();
    assert_eq!(count(|renewal| matches!(renewal, Renewal::Renewed(_))), 1, "{renewals:?}");
    assert_eq!(count(|renewal| matches!(renewal, Renewal::Reused(_))), 1, "{renewals:?}");
    assert_eq!(sessions.find(id(1), start()).await.unwrap(), None);
}

/// As the sentence says.
pub async fn an_ended_session_is_not_found_and_ends_once(harness: &impl SessionHarness) {
    let user = begin(harness, 1).await;
    let sessions = harness.sessions();
    assert!(sessions.end(id(1), user.id, EndReason::Revoked, by(start())).await.unwrap());
    assert_eq!(sessions.find(id(1), start()).await.unwrap(), None);
    assert!(!sessions.end(id(1), user.id, EndReason::LoggedOut, by(start())).await.unwrap());
    assert!(!sessions.end(id(9), user.id, EndReason::LoggedOut, by(start())).await.unwrap());
    assert_eq!(harness.session_lines().await.len(), 2);
}

/// As the sentence says.
pub async fn another_user_s_session_is_left_as_it_is(harness: &impl SessionHarness) {
    begin(harness, 1).await;
    let other = begin(harness, 2).await;
    let sessions = harness.sessions();
    assert!(!sessions.end(id(1), other.id, EndReason::Revoked, by(start())).await.unwrap());
    assert!(sessions.find(id(1), start()).await.unwrap().is_some());
}

/// As the sentence says.
pub async fn a_user_s_living_sessions_are_listed_the_last_begun_first_up_to_the_limit(
    harness: &impl SessionHarness,
) {
    let user = begin(harness, 1).await;
    let other = begin(harness, 2).await;
    let sessions = harness.sessions();
    for n in 3..6 {
        sessions.begin(session(n, &user), by(after_days(n.into()))).await.unwrap();
    }
    sessions.end(id(4), user.id, EndReason::LoggedOut, by(start())).await.unwrap();
    let ids = |listed: Vec<Session>| listed.iter().map(|session| session.id).collect::<Vec<_>>();
    let listed = sessions.list(user.id, after_days(6), 200).await.unwrap();
    let expected = Session {
        id: id(5),
        created_at: after_days(5),
        last_used_at: after_days(5),
        expires_at: after_days(30),
        user_agent: UserAgent::new("Firefox/140"),
        remote_addr: Some(ADDRESS),
    };
    assert_eq!(listed[0], expected);
    assert_eq!(ids(listed), [id(5), id(3), id(1)]);
    assert_eq!(ids(sessions.list(user.id, after_days(6), 2).await.unwrap()), [id(5), id(3)]);
    assert_eq!(ids(sessions.list(other.id, after_days(6), 200).await.unwrap()), [id(2)]);
    assert_eq!(sessions.list(user.id, after_days(30), 200).await.unwrap(), []);
}
