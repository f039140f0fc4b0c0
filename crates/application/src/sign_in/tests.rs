//! Stories of people who sign in, over the fakes of the ports.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

use domain::access::{Asker, Duty};
use domain::api_key::{AllowedFrom, ApiKey, ApiKeyId, KeyName};
use domain::identity::{
    Email, FailureLimits, Password, PasswordHash, PasswordRefused, PasswordRule, Place, RecoveryCode, Role,
    SecondFactorRule, ShownFactor, User, UserId,
};
use domain::port::{
    Cache, Clock, FailureLog as _, HasherUnavailable, IdentityStore, MockApiKeyStore, MockIdentityStore,
    MockPasswordHasher, MockSessionStore, PasswordHasher, StoreError,
};
use domain::request::{Actor, Envelope};
use domain::session::Secret;
use testkit::fakes::{
    CountingIds, CountingSecrets, FakeCache, FakeCodes, FakeFailureLog, FakeIdentityStore, FakePasswords,
    FakeSessionStore, FakeTokens,
};

use super::*;

const ANA: &str = "ana@empresa.mx";
const RIGHT: &str = "una frase larga";
const PLACE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// A clock that a story moves.
struct StoryClock(Mutex<Timestamp>);

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct House {
    users: FakeIdentityStore,
    clock: Arc<StoryClock>,
    cache: Arc<FakeCache>,
    log_in: LogIn,
    second_factors: SecondFactors,
    failures: Arc<FakeFailureLog>,
    refresh: RefreshSession,
    log_out: LogOut,
    authenticate: Authenticate,
    change_password: ChangePassword,
    list: ListSessions,
    end: EndSession,
}

impl House {
    async fn with_ana() -> Self {
        let users = FakeIdentityStore::default();
        let passwords = Arc::new(FakePasswords::default());
        let ana = User {
            id: UserId(CountingIds::nth(500)),
            email: Email::parse(ANA).unwrap(),
            role: Role::Manager,
            password_hash: passwords.hash(Password::new(RIGHT)).await.unwrap(),
            must_change_password: false,
            created_at: Timestamp::UNIX_EPOCH,
        };
        users.add_user(ana, Envelope::of_program("migrator", Timestamp::UNIX_EPOCH)).await.unwrap();
        let clock = Arc::new(StoryClock(Mutex::new(Timestamp::from_second(1_767_225_600).unwrap())));
        let cache = Arc::new(FakeCache::default());
        let session_cache = SessionCache { cache: Some(cache.clone()), keep_for: Duration::from_secs(5) };
        let sessions: Arc<dyn SessionStore> = Arc::new(FakeSessionStore::of(users.clone()));
        let tokens = Arc::new(FakeTokens::default());
        let failures = Arc::new(FakeFailureLog::default());
        let throttle = LoginThrottle { log: failures.clone(), limits: limits() };
        let factors = FactorDesk { factors: Arc::new(users.clone()), codes: Arc::new(FakeCodes) };
        let secrets = Arc::new(CountingSecrets::default());
        let desk = SignInDesk {
            sessions: sessions.clone(),
            tokens: tokens.clone(),
            secrets: secrets.clone(),
            lifetimes: TokenLifetimes {
                access: SignedDuration::from_mins(15),
                refresh: SignedDuration::from_hours(24 * 30),
            },
        };
        Self {
            log_in: LogIn {
                identities: Arc::new(users.clone()),
                passwords: passwords.clone(),
                throttle: throttle.clone(),
                factors: factors.clone(),
                ids: Arc::new(CountingIds::default()),
                desk: desk.clone(),
            },
            refresh: RefreshSession { desk, cache: session_cache.clone() },
            log_out: LogOut { sessions: sessions.clone(), cache: session_cache.clone() },
            authenticate: Authenticate {
                tokens,
                sessions: sessions.clone(),
                cache: session_cache.clone(),
                keys: Arc::new(MockApiKeyStore::new()),
                second_factor: SecondFactorRule { least_role: Some(Role::Manager) },
                clock: clock.clone(),
            },
            change_password: ChangePassword {
                identities: Arc::new(users.clone()),
                passwords: passwords.clone(),
                rule: PasswordRule { length_min: 12, length_max: 128 },
                throttle: throttle.clone(),
                cache: session_cache.clone(),
            },
            second_factors: SecondFactors {
                desk: factors,
                identities: Arc::new(users.clone()),
                passwords,
                throttle,
                secrets,
                cache: session_cache.clone(),
            },
            failures,
            list: ListSessions { sessions: sessions.clone(), clock: clock.clone() },
            end: EndSession { sessions, cache: session_cache },
            users,
            clock,
            cache,
        }
    }

    fn by(&self) -> Envelope {
        by(self.clock.now())
    }

    fn wait(&self, duration: SignedDuration) {
        *self.clock.0.lock().unwrap() += duration;
    }

    async fn try_log_in(&self, email: &str, password: &str) -> Result<Pass, LogInError> {
        self.log_in.execute(login(email, password), self.by()).await
    }

    async fn ana_logs_in(&self) -> Pass {
        self.try_log_in(ANA, RIGHT).await.unwrap()
    }

    async fn renew(&self, pass: &Pass) -> Result<Pass, RefreshError> {
        self.refresh.execute(&refresh_text(pass), self.by()).await
    }

    async fn who(&self, pass: &Pass) -> Result<SignedIn, AuthenticateError> {
        let asker = self.authenticate.execute(&shown(pass), Some(PLACE)).await?;
        Ok(asker.person().unwrap().clone())
    }
}

fn shown(pass: &Pass) -> Credential {
    Credential::AccessToken(pass.access.expose().to_owned())
}

/// The refresh token as it is handed out.
fn refresh_text(pass: &Pass) -> String {
    let hex =
        |secret: &Secret| secret.expose().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("{}{}", hex(&pass.refresh.family), hex(&pass.refresh.own))
}

fn limits() -> FailureLimits {
    FailureLimits { of_pair: 3, of_place: 20, of_account: 8, window: SignedDuration::from_mins(5) }
}

fn login(email: &str, password: &str) -> Login {
    let (email, password) = (Email::parse(email).unwrap(), Password::new(password));
    Login { email, password, factor: None, user_agent: None }
}

fn by(at: Timestamp) -> Envelope {
    Envelope {
        actor: Actor(ANA.to_owned()),
        idempotency: None,
        at,
        request_id: None,
        remote_addr: Some(PLACE),
    }
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(outcome: &Result<T, AuthenticateError>) {
    assert!(matches!(outcome, Err(AuthenticateError::Refused)), "{outcome:?}");
}

#[tokio::test]
async fn who_signed_in_is_known_by_the_pass_until_it_expires() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let who = house.who(&pass).await.unwrap();
    assert_eq!((who.email.as_str(), who.role), (ANA, Role::Manager));
    assert_eq!(who, pass.signed_in);
    house.wait(SignedDuration::from_mins(15));
    assert_refused(&house.who(&pass).await);
    let next = house.renew(&pass).await.unwrap();
    assert_eq!(house.who(&next).await.unwrap().session, who.session);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer_and_no_session() {
    let house = House::with_ana().await;
    for (email, password) in [(ANA, "otra frase"), ("eva@empresa.mx", RIGHT)] {
        let refused = house.try_log_in(email, password).await;
        assert!(matches!(refused, Err(LogInError::Refused)), "{refused:?}");
    }
    assert!(!house.users.audit_lines().iter().any(|line| line.action == "session.begin"));
}

#[tokio::test]
async fn for_an_unknown_address_the_work_of_a_wrong_password_is_done() {
    let house = House::with_ana().await;
    let mut passwords = MockPasswordHasher::new();
    passwords.expect_verify_absent().times(1).returning(|_| Ok(()));
    let log_in = LogIn { passwords: Arc::new(passwords), ..house.log_in };
    let refused = log_in.execute(login("eva@empresa.mx", RIGHT), by(house.clock.now())).await;
    assert!(matches!(refused, Err(LogInError::Refused)), "{refused:?}");
}

#[tokio::test]
async fn after_repeated_failures_even_the_right_password_waits_for_the_window_to_end() {
    let house = House::with_ana().await;
    for _ in 0..3 {
        assert!(matches!(house.try_log_in(ANA, "otra frase").await, Err(LogInError::Refused)));
    }
    let blocked = house.try_log_in(ANA, RIGHT).await;
    let retry_after = Duration::from_mins(5);
    assert!(
        matches!(blocked, Err(LogInError::TooManyFailures { retry_after: told }) if told == retry_after),
        "{blocked:?}"
    );
    house.wait(SignedDuration::from_mins(5));
    house.ana_logs_in().await;
}

#[tokio::test]
async fn of_guesses_sent_at_once_the_right_one_does_not_count_after_the_limit() {
    let house = House::with_ana().await;
    let failures = house.failures.clone();
    let at = house.clock.now();
    let mut passwords = MockPasswordHasher::new();
    // While this password is verified, three others fail.
    passwords.expect_verify().returning(move |_, _| {
        for _ in 0..3 {
            let (email, place) = (Email::parse(ANA).unwrap(), Place::of(Some(PLACE)));
            let recorded = failures.record(&email, place, at, at - limits().window);
            futures::executor::block_on(recorded).unwrap();
        }
        Ok(true)
    });
    let log_in = LogIn { passwords: Arc::new(passwords), ..house.log_in };
    let blocked = log_in.execute(login(ANA, RIGHT), by(at)).await;
    assert!(matches!(blocked, Err(LogInError::TooManyFailures { .. })), "{blocked:?}");
}

#[tokio::test]
async fn a_store_or_a_hasher_that_is_away_is_told_apart_from_a_refusal_and_counts_as_no_failure() {
    let house = House::with_ana().await;
    let mut identities = MockIdentityStore::new();
    identities.expect_find_user().returning(|_| Err(away()));
    let mut passwords = MockPasswordHasher::new();
    passwords.expect_verify().returning(|_, _| Err(HasherUnavailable::Failed));
    let at = house.clock.now();
    let without_store = LogIn { identities: Arc::new(identities), ..house.log_in };
    for _ in 0..5 {
        let failed = without_store.execute(login(ANA, RIGHT), by(at)).await;
        assert!(matches!(failed, Err(LogInError::Store(_))), "{failed:?}");
    }
    let without_hasher =
        LogIn { identities: Arc::new(house.users.clone()), passwords: Arc::new(passwords), ..without_store };
    for _ in 0..5 {
        let failed = without_hasher.execute(login(ANA, RIGHT), by(at)).await;
        assert!(matches!(failed, Err(LogInError::Hasher(HasherUnavailable::Failed))), "{failed:?}");
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { doing: "x".to_owned(), reason: "y".to_owned(), source: None }
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_ends_the_session_for_everybody_at_once() {
    let house = House::with_ana().await;
    let first = house.ana_logs_in().await;
    let second = house.renew(&first).await.unwrap();
    let third = house.renew(&second).await.unwrap();
    assert!(house.who(&third).await.is_ok());
    assert!(matches!(house.renew(&first).await, Err(RefreshError::Refused)));
    assert!(matches!(house.renew(&third).await, Err(RefreshError::Refused)));
    assert_refused(&house.who(&third).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let house = House::with_ana().await;
    house.ana_logs_in().await;
    for text in [String::new(), "x".to_owned(), "0".repeat(128)] {
        let refused = house.refresh.execute(&text, house.by()).await;
        assert!(matches!(refused, Err(RefreshError::Refused)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_not_renewed_ends_by_itself() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    house.wait(SignedDuration::from_hours(24 * 30));
    assert!(matches!(house.renew(&pass).await, Err(RefreshError::Refused)));
}

#[tokio::test]
async fn who_left_is_unknown_at_once_though_the_token_is_good_still() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let who = house.who(&pass).await.unwrap();
    house.log_out.execute(&who, house.by()).await.unwrap();
    assert_refused(&house.who(&pass).await);
    assert!(matches!(house.renew(&pass).await, Err(RefreshError::Refused)));
    house.log_out.execute(&who, house.by()).await.unwrap();
}

#[tokio::test]
async fn a_session_is_asked_of_the_store_once_while_a_copy_is_kept() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let key = format!("session:{}", pass.signed_in.session.0);
    let mut sessions = MockSessionStore::new();
    let found = pass.signed_in.clone();
    sessions.expect_find().times(1).returning(move |_, _| Ok(Some(found.clone())));
    let authenticate = Authenticate { sessions: Arc::new(sessions), ..house.authenticate };
    for _ in 0..3 {
        let asker = authenticate.execute(&shown(&pass), None).await.unwrap();
        assert_eq!(asker, Asker::Person(pass.signed_in.clone()));
    }
    assert_eq!(house.cache.kept_for(&key), Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn a_cache_that_is_away_or_holds_nonsense_is_done_without() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let key = format!("session:{}", pass.signed_in.session.0);
    house.cache.put(&key, b"nonsense".to_vec(), Duration::from_secs(5)).await.unwrap();
    assert!(house.who(&pass).await.is_ok());
    house.cache.set_away(true);
    let who = house.who(&pass).await.unwrap();
    house.log_out.execute(&who, house.by()).await.unwrap();
    assert_refused(&house.who(&pass).await);
}

#[tokio::test]
async fn a_user_who_was_disabled_is_unknown_when_the_copy_is_gone() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    house.users.disable(pass.signed_in.user);
    assert_refused(&house.who(&pass).await);
    assert!(matches!(house.renew(&pass).await, Err(RefreshError::Refused)));
    assert!(matches!(house.try_log_in(ANA, RIGHT).await, Err(LogInError::Refused)));
}

#[tokio::test]
async fn one_of_several_sessions_is_ended_from_another() {
    let house = House::with_ana().await;
    let (here, there) = (house.ana_logs_in().await, house.ana_logs_in().await);
    let who = house.who(&here).await.unwrap();
    assert!(house.who(&there).await.is_ok());
    assert_eq!(house.list.execute(&who).await.unwrap().len(), 2);
    let there_id = there.signed_in.session;
    assert!(house.end.execute(there_id, &who, house.by()).await.unwrap());
    assert_refused(&house.who(&there).await);
    assert!(!house.end.execute(there_id, &who, house.by()).await.unwrap());
    assert_eq!(house.list.execute(&who).await.unwrap().len(), 1);
}

impl House {
    async fn change(&self, pass: &Pass, old: &str, new: &str) -> Result<(), ChangePasswordError> {
        let passwords = (Password::new(old), Password::new(new));
        self.change_password.execute(&pass.signed_in, passwords, self.by()).await
    }
}

#[tokio::test]
async fn who_knows_the_old_password_sets_another_and_signs_in_with_it_alone() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    house.change(&pass, RIGHT, "otra frase larga").await.unwrap();
    assert!(matches!(house.try_log_in(ANA, RIGHT).await, Err(LogInError::Refused)));
    house.try_log_in(ANA, "otra frase larga").await.unwrap();
}

#[tokio::test]
async fn a_new_password_is_another_one_and_keeps_the_rule() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let unchanged = house.change(&pass, RIGHT, RIGHT).await;
    assert!(matches!(unchanged, Err(ChangePasswordError::Unchanged)), "{unchanged:?}");
    let short = house.change(&pass, RIGHT, "corta").await;
    let expected = PasswordRefused::TooShort { length_min: 12 };
    assert!(matches!(short, Err(ChangePasswordError::Refused(told)) if told == expected), "{short:?}");
    house.ana_logs_in().await;
}

#[tokio::test]
async fn an_old_password_is_guessed_no_more_often_than_when_signing_in() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    for _ in 0..3 {
        let wrong = house.change(&pass, "otra frase", "una tercera frase").await;
        assert!(matches!(wrong, Err(ChangePasswordError::WrongPassword)), "{wrong:?}");
    }
    let blocked = house.change(&pass, RIGHT, "una tercera frase").await;
    assert!(matches!(blocked, Err(ChangePasswordError::TooManyFailures { .. })), "{blocked:?}");
}

fn program(last_used_at: Option<Timestamp>) -> ApiKey {
    ApiKey {
        id: ApiKeyId(CountingIds::nth(1)),
        name: KeyName::parse("CRM").unwrap(),
        role: Role::Operator,
        allowed_from: AllowedFrom::parse(["192.0.2.0/24"]).unwrap(),
        created_by: ANA.to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::MAX,
        revoked_at: None,
        last_used_at,
        last_used_from: None,
    }
}

fn key_text() -> Credential {
    let (id, secret) = (CountingIds::nth(1), CountingSecrets::nth(1));
    Credential::ApiKey(format!("pk_{}_{}", id.as_simple(), hex::encode(secret.expose())))
}

#[tokio::test]
async fn a_program_is_known_by_its_key_and_a_use_is_noted_once_a_minute() {
    let house = House::with_ana().await;
    let now = house.clock.now();
    for (last_used, notes) in [(None, 1), (Some(60), 1), (Some(59), 0)] {
        let mut keys = MockApiKeyStore::new();
        let key = program(last_used.map(|seconds| now - SignedDuration::from_secs(seconds)));
        let found = key.clone();
        keys.expect_find_living()
            .withf(|id, secret_sha256, _| {
                let sha256: [u8; 32] = Sha256::digest(CountingSecrets::nth(1).expose()).into();
                *id == ApiKeyId(CountingIds::nth(1)) && *secret_sha256 == sha256
            })
            .returning(move |_, _, _| Ok(Some(found.clone())));
        // That it could not be noted refuses nobody.
        keys.expect_note_use().times(notes).returning(|_, _, _, _| Err(away()));
        let authenticate = Authenticate {
            second_factor: SecondFactorRule::default(),
            tokens: house.authenticate.tokens.clone(),
            sessions: house.authenticate.sessions.clone(),
            cache: house.authenticate.cache.clone(),
            keys: Arc::new(keys),
            clock: house.clock.clone(),
        };
        let asker = authenticate.execute(&key_text(), Some(PLACE)).await.unwrap();
        assert_eq!((asker.role(), asker.actor().0), (Role::Operator, key.actor().0));
    }
}

#[tokio::test]
async fn a_key_from_another_network_is_told_so_and_its_use_is_not_noted() {
    let house = House::with_ana().await;
    let mut keys = MockApiKeyStore::new();
    keys.expect_find_living().returning(|_, _, _| Ok(Some(program(None))));
    let authenticate = Authenticate { keys: Arc::new(keys), ..house.authenticate };
    for place in [None, Some("198.51.100.7".parse().unwrap())] {
        let refused = authenticate.execute(&key_text(), place).await;
        assert!(matches!(refused, Err(AuthenticateError::Elsewhere)), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused_without_asking_anybody() {
    let house = House::with_ana().await;
    for text in ["", "pk_", "pk_1_2", "access-0"] {
        let shown = Credential::ApiKey(text.to_owned());
        assert_refused(&house.authenticate.execute(&shown, Some(PLACE)).await);
    }
}

#[tokio::test]
async fn a_hash_that_has_become_too_cheap_is_made_anew_when_its_user_signs_in() {
    let house = House::with_ana().await;
    let old = house.users.users()[0].password_hash.clone();
    for (is_right, hash) in
        [(false, Ok("$fake$none$")), (true, Err(HasherUnavailable::Failed)), (true, Ok("$fake$renewed$"))]
    {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_verify().returning(move |_, _| Ok(is_right));
        passwords.expect_is_outdated().times(usize::from(is_right)).return_const(true);
        passwords
            .expect_hash()
            .times(usize::from(is_right))
            .returning(move |_| hash.map(|hash| PasswordHash::new(hash.to_owned())));
        let log_in = LogIn {
            identities: Arc::new(house.users.clone()),
            passwords: Arc::new(passwords),
            throttle: house.log_in.throttle.clone(),
            factors: house.log_in.factors.clone(),
            ids: house.log_in.ids.clone(),
            desk: house.log_in.desk.clone(),
        };
        let outcome = log_in.execute(login(ANA, RIGHT), house.by()).await;
        assert_eq!(outcome.is_ok(), is_right, "{outcome:?}");
        let kept = house.users.users()[0].password_hash.clone();
        let renewed = PasswordHash::new("$fake$renewed$".to_owned());
        assert_eq!(kept, if hash == Ok("$fake$renewed$") { renewed } else { old.clone() });
    }
}

impl House {
    fn code_now(&self) -> ShownFactor {
        ShownFactor::parse(&FakeCodes::shown_at(self.clock.now())).unwrap()
    }

    async fn log_in_with(&self, factor: ShownFactor) -> Result<Pass, LogInError> {
        self.log_in.execute(Login { factor: Some(factor), ..login(ANA, RIGHT) }, self.by()).await
    }

    /// Ana brings an authenticator in, in the session of `pass`.
    async fn enrol(&self, pass: &Pass) -> Vec<RecoveryCode> {
        let who = &pass.signed_in;
        self.second_factors.offer(who, Password::new(RIGHT), self.by()).await.unwrap();
        self.second_factors.confirm(who, &self.code_now(), self.by()).await.unwrap()
    }
}

#[tokio::test]
async fn a_place_that_tries_many_addresses_is_stopped_and_no_other_place_is() {
    let house = House::with_ana().await;
    for n in 0..20 {
        let refused = house.try_log_in(&format!("user{n}@empresa.mx"), "otra frase").await;
        assert!(matches!(refused, Err(LogInError::Refused)), "{n}: {refused:?}");
    }
    let blocked = house.try_log_in(ANA, RIGHT).await;
    assert!(matches!(blocked, Err(LogInError::TooManyFailures { .. })), "{blocked:?}");
    let elsewhere = Envelope { remote_addr: Some(Ipv4Addr::new(192, 0, 2, 8).into()), ..house.by() };
    house.log_in.execute(login(ANA, RIGHT), elsewhere).await.unwrap();
}

#[tokio::test]
async fn many_places_that_try_one_address_lock_its_user_out_nowhere_that_the_user_has_been() {
    let house = House::with_ana().await;
    for n in 0..8 {
        let elsewhere = Envelope { remote_addr: Some(Ipv4Addr::new(198, 51, 100, n).into()), ..house.by() };
        let refused = house.log_in.execute(login(ANA, "otra frase"), elsewhere).await;
        assert!(matches!(refused, Err(LogInError::Refused)), "{n}: {refused:?}");
    }
    let blocked = house.try_log_in(ANA, RIGHT).await;
    assert!(matches!(blocked, Err(LogInError::TooManyFailures { .. })), "{blocked:?}");
    house.failures.make_familiar(Email::parse(ANA).unwrap(), Place::of(Some(PLACE)));
    house.ana_logs_in().await;
}

#[tokio::test]
async fn who_must_have_a_second_factor_does_nothing_else_before_it_is_there() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let duty = async || {
        let asker = house.authenticate.execute(&shown(&pass), None).await.unwrap();
        house.authenticate.duty(&asker)
    };
    assert_eq!(duty().await, Some(Duty::AddSecondFactor));
    house.enrol(&pass).await;
    assert_eq!(duty().await, None);
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_signs_nobody_in_and_a_code_does_once() {
    let house = House::with_ana().await;
    house.enrol(&house.ana_logs_in().await).await;
    let alone = house.try_log_in(ANA, RIGHT).await;
    assert!(matches!(alone, Err(LogInError::FactorNeeded)), "{alone:?}");
    let used = house.log_in_with(house.code_now()).await;
    assert!(matches!(used, Err(LogInError::WrongFactor)), "it confirmed the factor: {used:?}");
    house.wait(SignedDuration::from_secs(30));
    assert!(house.log_in_with(house.code_now()).await.unwrap().signed_in.has_second_factor);
    let again = house.log_in_with(house.code_now()).await;
    assert!(matches!(again, Err(LogInError::WrongFactor)), "{again:?}");
}

#[tokio::test]
async fn a_code_is_guessed_no_more_often_than_a_password_though_the_password_is_right_in_between() {
    let house = House::with_ana().await;
    house.enrol(&house.ana_logs_in().await).await;
    house.wait(SignedDuration::from_secs(30));
    for _ in 0..3 {
        let alone = house.try_log_in(ANA, RIGHT).await;
        assert!(matches!(alone, Err(LogInError::FactorNeeded)), "{alone:?}");
        let guessed = house.log_in_with(ShownFactor::parse("000000").unwrap()).await;
        assert!(matches!(guessed, Err(LogInError::WrongFactor)), "{guessed:?}");
    }
    let blocked = house.log_in_with(house.code_now()).await;
    assert!(matches!(blocked, Err(LogInError::TooManyFailures { .. })), "{blocked:?}");
}

#[tokio::test]
async fn each_recovery_code_stands_in_for_the_authenticator_once() {
    let house = House::with_ana().await;
    let codes = house.enrol(&house.ana_logs_in().await).await;
    assert_eq!(codes.len(), RecoveryCode::COUNT);
    house.failures.make_familiar(Email::parse(ANA).unwrap(), Place::of(Some(PLACE)));
    for code in &codes {
        let shown = ShownFactor::Recovery(*code);
        house.log_in_with(shown.clone()).await.unwrap();
        let again = house.log_in_with(shown).await;
        assert!(matches!(again, Err(LogInError::WrongFactor)), "{again:?}");
        house.log_in.throttle.forget(&Email::parse(ANA).unwrap(), Some(PLACE)).await.unwrap();
    }
}

#[tokio::test]
async fn a_second_factor_is_offered_and_removed_by_who_knows_the_password_and_confirmed_by_a_code() {
    let house = House::with_ana().await;
    let pass = house.ana_logs_in().await;
    let (factors, who) = (&house.second_factors, &pass.signed_in);
    let wrong = || Password::new("otra frase");
    let code = || ShownFactor::parse("000000").unwrap();
    let refused = factors.offer(who, wrong(), house.by()).await;
    assert!(matches!(refused, Err(SecondFactorError::WrongPassword)), "{refused:?}");
    let refused = factors.confirm(who, &house.code_now(), house.by()).await;
    assert!(matches!(refused, Err(SecondFactorError::Absent)), "{refused:?}");
    factors.offer(who, Password::new(RIGHT), house.by()).await.unwrap();
    house.ana_logs_in().await;
    let refused = factors.confirm(who, &code(), house.by()).await;
    assert!(matches!(refused, Err(SecondFactorError::WrongCode)), "{refused:?}");
    factors.confirm(who, &house.code_now(), house.by()).await.unwrap();
    let refused = factors.offer(who, Password::new(RIGHT), house.by()).await;
    assert!(matches!(refused, Err(SecondFactorError::Present)), "{refused:?}");
    house.wait(SignedDuration::from_mins(5));
    let refused = factors.remove(who, (wrong(), &house.code_now()), house.by()).await;
    assert!(matches!(refused, Err(SecondFactorError::WrongPassword)), "{refused:?}");
    let refused = factors.remove(who, (Password::new(RIGHT), &code()), house.by()).await;
    assert!(matches!(refused, Err(SecondFactorError::WrongCode)), "{refused:?}");
    factors.remove(who, (Password::new(RIGHT), &house.code_now()), house.by()).await.unwrap();
    assert!(!house.ana_logs_in().await.signed_in.has_second_factor);
}

#[tokio::test]
async fn who_signs_in_while_the_password_is_changed_begins_no_session() {
    let house = House::with_ana().await;
    let mut sessions = MockSessionStore::new();
    sessions.expect_begin().returning(|_, _| {
        Err(StoreError::Conflict {
            doing: "begin a session".to_owned(),
            reason: "another password".to_owned(),
        })
    });
    let desk = SignInDesk { sessions: Arc::new(sessions), ..house.log_in.desk.clone() };
    let refused = LogIn { desk, ..house.log_in }.execute(login(ANA, RIGHT), by(house.clock.now())).await;
    assert!(matches!(refused, Err(LogInError::Refused)), "{refused:?}");
}
