//! Users as admins manage them: who is left, which sessions end, and what the log says.

use domain::identity::{Account, AccountChange, ChangedAccount, Email, PasswordHash, Role, User, UserId};
use domain::port::{AccountDesk as _, IdentityStore as _, SessionStore as _, StoreError};
use domain::request::{Actor, Envelope};
use domain::session::{NewSession, RefreshDigest, SessionId};
use jiff::{SignedDuration, Timestamp};
use store_postgres::{PostgresAccountDesk, PostgresIdentityStore, PostgresSessionStore};
use testkit::fakes::CountingIds;

use crate::harness::Postgres;

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn by() -> Envelope {
    Envelope {
        actor: Actor("jefa@empresa.mx".to_owned()),
        idempotency: None,
        at: now(),
        request_id: Some("request-1".to_owned()),
        remote_addr: Some("192.0.2.7".parse().unwrap()),
    }
}

struct Desk {
    postgres: Postgres,
    accounts: PostgresAccountDesk,
    identities: PostgresIdentityStore,
    sessions: PostgresSessionStore,
}

impl Desk {
    async fn fresh() -> Self {
        let postgres = Postgres::fresh().await;
        let database = || postgres.test.database();
        Self {
            accounts: PostgresAccountDesk::new(database()),
            identities: PostgresIdentityStore::new(database()),
            sessions: PostgresSessionStore::new(database()),
            postgres,
        }
    }

    async fn user(&self, n: u8, role: Role) -> UserId {
        let user = User {
            id: UserId(CountingIds::nth(n.into())),
            email: Email::parse(&format!("user{n}@empresa.mx")).unwrap(),
            role,
            password_hash: PasswordHash::new(format!("$fake${n}$")),
            must_change_password: false,
            created_at: now(),
        };
        self.identities.add_user(user.clone(), by()).await.unwrap();
        user.id
    }

    /// Session `n` of somebody.
    async fn session(&self, n: u8, user: UserId) -> SessionId {
        let id = SessionId(CountingIds::nth(100 + u64::from(n)));
        let session = NewSession {
            id,
            user,
            password_hash: self.password_hash(user).await,
            has_second_factor: false,
            refresh: RefreshDigest { family: [n; 32], own: [n; 32] },
            expires_at: now() + SignedDuration::from_hours(1),
            user_agent: None,
        };
        self.sessions.begin(session, by()).await.unwrap();
        id
    }

    async fn password_hash(&self, user: UserId) -> PasswordHash {
        let hash = "SELECT password_hash FROM users WHERE id = $1";
        PasswordHash::new(self.postgres.client.query_one(hash, &[&user.0]).await.unwrap().get(0))
    }

    async fn change(&self, id: UserId, change: AccountChange) -> ChangedAccount {
        self.accounts.change(id, change, by()).await.unwrap()
    }

    async fn done(&self, id: UserId, change: AccountChange) -> (Account, Vec<SessionId>) {
        match self.change(id, change).await {
            ChangedAccount::Done { account, sessions } => (*account, sessions),
            other @ (ChangedAccount::Unknown | ChangedAccount::LastAdmin) => panic!("{other:?}"),
        }
    }

    async fn lives(&self, session: SessionId) -> bool {
        self.sessions.find(session, now()).await.unwrap().is_some()
    }

    /// What the log says of users since they were made, the oldest first.
    async fn lines(&self) -> Vec<(String, String)> {
        let lines = "SELECT action, details::text FROM audit_log
                     WHERE object_kind = 'user' AND action <> 'user.create' AND actor = 'jefa@empresa.mx'
                       AND request_id = 'request-1' AND remote_addr = '192.0.2.7' ORDER BY id";
        let rows = self.postgres.client.query(lines, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

fn line(action: &str, details: &str) -> (String, String) {
    (action.to_owned(), details.to_owned())
}

#[tokio::test]
async fn users_are_paged_the_latest_made_first_and_found_though_they_are_disabled() {
    let desk = Desk::fresh().await;
    let mut made = Vec::new();
    for n in 1..=5 {
        made.push(desk.user(n, Role::ALL[usize::from(n) % 4]).await);
    }
    made.reverse();
    desk.done(made[0], AccountChange::Disable).await;
    let mut listed = Vec::new();
    loop {
        let page = desk.accounts.page(listed.last().copied(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        listed.extend(page.iter().map(|account| account.id));
    }
    assert_eq!(listed, made);
    let disabled = desk.accounts.find(made[0]).await.unwrap().unwrap();
    assert_eq!((disabled.disabled_at, disabled.role), (Some(now()), Role::Operator));
    assert_eq!(desk.accounts.find(UserId(CountingIds::nth(9))).await.unwrap(), None);
}

#[tokio::test]
async fn a_lowered_role_ends_the_sessions_and_a_raised_one_names_them_alone() {
    let desk = Desk::fresh().await;
    desk.user(1, Role::Admin).await;
    let (eva, other) = (desk.user(2, Role::Manager).await, desk.user(3, Role::Manager).await);
    let (one, two, others) =
        (desk.session(1, eva).await, desk.session(2, eva).await, desk.session(3, other).await);
    let (account, mut named) = desk.done(eva, AccountChange::Role(Role::Admin)).await;
    named.sort();
    assert_eq!((account.role, named), (Role::Admin, vec![one, two]));
    assert!(desk.lives(one).await);
    let (account, mut ended) = desk.done(eva, AccountChange::Role(Role::Viewer)).await;
    ended.sort();
    assert_eq!((account.role, ended), (Role::Viewer, vec![one, two]));
    assert!(!desk.lives(one).await && !desk.lives(two).await && desk.lives(others).await);
    assert_eq!(desk.done(eva, AccountChange::Role(Role::Viewer)).await.1, []);
    assert_eq!(
        desk.lines().await,
        [
            line("user.change_role", r#"{"to": "admin", "from": "manager"}"#),
            line("user.change_role", r#"{"to": "viewer", "from": "admin", "sessions_ended": 2}"#),
        ]
    );
}

#[tokio::test]
async fn who_is_disabled_has_no_session_and_who_is_enabled_again_begins_a_new_one() {
    let desk = Desk::fresh().await;
    let eva = desk.user(1, Role::Viewer).await;
    let session = desk.session(1, eva).await;
    assert_eq!(desk.done(eva, AccountChange::Disable).await.1, [session]);
    assert_eq!(desk.done(eva, AccountChange::Disable).await.1, []);
    let email = Email::parse("user1@empresa.mx").unwrap();
    assert_eq!(desk.identities.find_user(email.clone()).await.unwrap(), None);
    assert_eq!(desk.done(eva, AccountChange::Enable).await.0.disabled_at, None);
    desk.done(eva, AccountChange::Enable).await;
    assert!(desk.identities.find_user(email).await.unwrap().is_some());
    assert!(!desk.lives(session).await);
    let lines = [line("user.disable", r#"{"sessions_ended": 1}"#), line("user.enable", "{}")];
    assert_eq!(desk.lines().await, lines);
}

#[tokio::test]
async fn a_reset_password_must_be_changed_and_ends_every_session() {
    let desk = Desk::fresh().await;
    let eva = desk.user(1, Role::Viewer).await;
    let session = desk.session(1, eva).await;
    let hash = PasswordHash::new("$fake$reset$".to_owned());
    let (account, ended) = desk.done(eva, AccountChange::ResetPassword(hash.clone())).await;
    assert_eq!((account.must_change_password, ended), (true, vec![session]));
    let user = desk.identities.find_user(account.email).await.unwrap().unwrap();
    assert_eq!((user.password_hash, user.must_change_password), (hash, true));
    assert_eq!(desk.lines().await, [line("user.reset_password", r#"{"sessions_ended": 1}"#)]);
}

#[tokio::test]
async fn ones_own_password_ends_the_other_sessions_and_is_changed_once() {
    let desk = Desk::fresh().await;
    let eva = desk.user(1, Role::Viewer).await;
    let (here, there) = (desk.session(1, eva).await, desk.session(2, eva).await);
    let hash = |text: &str| PasswordHash::new(text.to_owned());
    let change =
        |old: &str, new: &str| desk.identities.change_password(eva, hash(old), hash(new), here, by());
    assert_eq!(change("$fake$1$", "$fake$new$").await.unwrap(), [there]);
    assert!(desk.lives(here).await && !desk.lives(there).await);
    let late = change("$fake$1$", "$fake$late$").await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
    assert_eq!(desk.lines().await, [line("user.change_password", r#"{"sessions_ended": 1}"#)]);
}

#[tokio::test]
async fn the_last_admin_who_is_not_disabled_stays_one() {
    let desk = Desk::fresh().await;
    let (ana, eva) = (desk.user(1, Role::Admin).await, desk.user(2, Role::Admin).await);
    desk.done(eva, AccountChange::Disable).await;
    for change in [AccountChange::Role(Role::Manager), AccountChange::Disable] {
        assert_eq!(desk.change(ana, change).await, ChangedAccount::LastAdmin);
    }
    // A disabled one counts for nothing, and may be made less.
    desk.done(eva, AccountChange::Role(Role::Viewer)).await;
    desk.done(ana, AccountChange::Role(Role::Admin)).await;
    let nobody = UserId(CountingIds::nth(9));
    assert_eq!(desk.change(nobody, AccountChange::Disable).await, ChangedAccount::Unknown);
}

#[tokio::test]
async fn of_admins_who_take_each_other_s_role_at_once_one_is_left() {
    let desk = Desk::fresh().await;
    let mut admins = Vec::new();
    for n in 1..=6 {
        admins.push(desk.user(n, Role::Admin).await);
    }
    let changes = admins.iter().enumerate().map(|(n, admin)| {
        let change = if n % 2 == 0 { AccountChange::Disable } else { AccountChange::Role(Role::Viewer) };
        desk.accounts.change(*admin, change, by())
    });
    let outcomes = futures::future::join_all(changes).await;
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Ok(ChangedAccount::LastAdmin))).count();
    let done = outcomes.iter().filter(|outcome| matches!(outcome, Ok(ChangedAccount::Done { .. }))).count();
    assert_eq!((refused, done), (1, 5), "{outcomes:?}");
    let left = "SELECT FROM users WHERE role = 'admin' AND disabled_at IS NULL";
    assert_eq!(desk.postgres.rows(left).await, 1);
}
