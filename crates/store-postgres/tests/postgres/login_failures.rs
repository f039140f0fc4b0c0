//! Failures to sign in: counted by what they are of, anew after their window, and swept.

use domain::identity::{Counted, Email, Failures, PasswordHash, Place, Role, User, UserId};
use domain::port::{FailureLog as _, IdentityStore as _, SessionStore as _};
use domain::request::Envelope;
use domain::session::{NewSession, RefreshDigest, SessionId};
use jiff::{SignedDuration, Timestamp};
use store_postgres::{PostgresFailureLog, PostgresIdentityStore, PostgresSessionStore};
use testkit::fakes::CountingIds;

use crate::harness::Postgres;

fn email(n: usize) -> Email {
    Email::parse(&format!("user{n}@empresa.mx")).unwrap()
}

fn place(address: &str) -> Place {
    Place::of(Some(address.parse().unwrap()))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn counted(failures: u32, first_at: Timestamp) -> Counted {
    Counted { failures, first_at }
}

#[tokio::test]
async fn what_failed_is_counted_by_address_by_place_and_by_both_and_others_see_it() {
    let postgres = Postgres::fresh().await;
    let (here, there) = (place("192.0.2.7"), place("192.0.2.8"));
    let log = PostgresFailureLog::new(postgres.test.database());
    for (n, place, second) in [(1, here, 0), (1, here, 1), (1, there, 2), (2, here, 3)] {
        log.record(&email(n), place, at(second), at(-900)).await.unwrap();
    }
    let other_api = PostgresFailureLog::new(postgres.test.database());
    let found = other_api.find(&email(1), here, at(-900)).await.unwrap();
    let expected = Failures {
        of_pair: Some(counted(2, at(0))),
        of_place: Some(counted(3, at(0))),
        of_account: Some(counted(3, at(0))),
        is_familiar: false,
    };
    assert_eq!(found, expected);
    let unknown = other_api.find(&email(3), Place::of(None), at(-900)).await.unwrap();
    assert_eq!(unknown, Failures::default());
    assert_eq!(
        other_api.find(&email(1), here, at(0)).await.unwrap(),
        Failures::default(),
        "the window has ended"
    );
    other_api.forget(&email(1), here).await.unwrap();
    let kept = log.find(&email(1), here, at(-900)).await.unwrap();
    assert_eq!(kept, Failures { of_pair: None, ..expected });
}

#[tokio::test]
async fn a_count_begins_anew_after_its_window_and_those_of_others_that_ended_are_swept() {
    let postgres = Postgres::fresh().await;
    let log = PostgresFailureLog::new(postgres.test.database());
    for n in 0..10 {
        log.record(&email(n), place("192.0.2.7"), at(0), at(-900)).await.unwrap();
    }
    log.record(&email(1), place("192.0.2.7"), at(900), at(0)).await.unwrap();
    let found = log.find(&email(1), place("192.0.2.7"), at(0)).await.unwrap();
    let once = Some(counted(1, at(900)));
    assert_eq!(found, Failures { of_pair: once, of_place: once, of_account: once, is_familiar: false });
    assert_eq!(postgres.rows("SELECT FROM login_failures").await, 3, "two for each of the others are gone");
}

#[tokio::test]
async fn of_failures_at_once_none_is_lost() {
    let postgres = Postgres::fresh().await;
    let log = PostgresFailureLog::new(postgres.test.database());
    let email = email(1);
    let all = (0..40).map(|n| {
        let place = place(&format!("192.0.2.{}", n % 4));
        log.record(&email, place, at(n), at(-900))
    });
    for recorded in futures::future::join_all(all).await {
        recorded.unwrap();
    }
    let found = log.find(&email, place("192.0.2.1"), at(-900)).await.unwrap();
    let count = |counted: Option<Counted>| counted.unwrap().failures;
    assert_eq!((count(found.of_account), count(found.of_place), count(found.of_pair)), (40, 10, 10));
}

#[tokio::test]
async fn a_place_is_familiar_where_a_session_of_the_address_began_lately_by_its_network_in_ipv6() {
    let postgres = Postgres::fresh().await;
    let user = User {
        id: UserId(CountingIds::nth(1)),
        email: email(1),
        role: Role::Viewer,
        password_hash: PasswordHash::new("$fake$".to_owned()),
        must_change_password: false,
        created_at: at(0),
    };
    let identities = PostgresIdentityStore::new(postgres.test.database());
    let by = |address: Option<&str>, begun: Timestamp| Envelope {
        remote_addr: address.map(|address| address.parse().unwrap()),
        ..Envelope::of_program("user1@empresa.mx", begun)
    };
    identities.add_user(user.clone(), by(None, at(0))).await.unwrap();
    let sessions = PostgresSessionStore::new(postgres.test.database());
    let now = postgres.client.query_one("SELECT now()", &[]).await.unwrap().get::<_, Timestamp>(0);
    let long_ago = now - SignedDuration::from_hours(24 * 91);
    for (n, address, begun) in
        [(1, "192.0.2.7", now), (2, "2001:db8:0:7::1", now), (3, "192.0.2.9", long_ago)]
    {
        let session = NewSession {
            id: SessionId(CountingIds::nth(100 + u64::from(n))),
            user: user.id,
            password_hash: user.password_hash.clone(),
            has_second_factor: false,
            refresh: RefreshDigest { family: [n; 32], own: [n; 32] },
            expires_at: now + SignedDuration::from_hours(24),
            user_agent: None,
        };
        sessions.begin(session, by(Some(address), begun)).await.unwrap();
    }
    let log = PostgresFailureLog::new(postgres.test.database());
    for (n, address, is_familiar) in [
        (1, "192.0.2.7", true),
        (1, "192.0.2.8", false),
        (1, "192.0.2.9", false),
        (1, "2001:db8:0:7:9::9", true),
        (1, "2001:db8:0:8::1", false),
        (2, "192.0.2.7", false),
    ] {
        let found = log.find(&email(n), place(address), at(0)).await.unwrap();
        assert_eq!(found.is_familiar, is_familiar, "{n} {address}");
    }
}
