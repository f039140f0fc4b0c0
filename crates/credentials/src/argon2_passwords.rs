//! Password hashing with argon2id.

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::password_hash::phc;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
};
use async_trait::async_trait;
use domain::identity::{Password, PasswordHash};
use domain::port::{HasherUnavailable, PasswordHasher};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// The most memory a stored hash may ask for; one that asks for more verifies nothing.
const STORED_MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// The most passes a stored hash may ask for.
const STORED_ITERATIONS_MAX: u32 = 64;
/// The most lanes a stored hash may ask for.
const STORED_LANES_MAX: u32 = 16;

/// How many wait, where nobody says otherwise.
const WAITING_MAX: usize = 32;

/// The work that one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory, in KiB (argon2's m).
    pub memory_kib: u32,
    /// Passes over that memory (argon2's t).
    pub iterations: u32,
    /// Lanes the memory is cut into (argon2's p).
    pub lanes: u32,
}

/// The second of the settings that OWASP's Password Storage Cheat Sheet holds equally strong.
impl Default for Argon2Cost {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, lanes: 1 }
    }
}

/// A cost that argon2 does not know (RFC 9106, section 3.1), or that this room would not verify again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cost of a password hash is out of bounds: give up to {STORED_LANES_MAX} lanes, up to {STORED_ITERATIONS_MAX} \
     iterations, and from 8 KiB a lane to {STORED_MEMORY_KIB_MAX} KiB of memory"
)]
pub struct InvalidCost;

/// Hashes passwords with argon2id (version 0x13), a random salt of 16 bytes and 32 bytes of output, on tokio's blocking
/// threads. It must be used inside a tokio runtime.
///
/// A stored hash is verified at the cost it was made with, whatever the cost of new ones is.
#[derive(Debug, Clone)]
pub struct Argon2Passwords {
    argon2: Argon2<'static>,
    absent: PasswordHash,
    in_flight: Arc<Semaphore>,
    /// For those that are in flight and those that wait.
    places: Arc<Semaphore>,
}

impl Argon2Passwords {
    /// Hashes at `cost`, at most `in_flight_max` at once: they take `in_flight_max` threads and that many times the
    /// cost's memory; whoever comes beyond waits, among as many as may.
    ///
    /// # Errors
    /// When argon2 does not know such a cost.
    pub fn new(cost: Argon2Cost, in_flight_max: NonZeroUsize) -> Result<Self, InvalidCost> {
        let params =
            Params::new(cost.memory_kib, cost.iterations, cost.lanes, None).map_err(|_| InvalidCost)?;
        if !is_affordable(&params) {
            return Err(InvalidCost);
        }
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            absent: hash_of_nobody(cost),
            in_flight: Arc::new(Semaphore::new(in_flight_max.get().min(Semaphore::MAX_PERMITS))),
            places: places(in_flight_max.get(), WAITING_MAX),
        })
    }

    /// The same, where at most so many wait; whoever comes beyond is told so at once.
    #[must_use]
    pub fn waiting_at_most(self, waiting_max: usize) -> Self {
        let places = places(self.in_flight.available_permits(), waiting_max);
        Self { places, ..self }
    }

    /// Runs `work` on a blocking thread. Its permit goes with it: a caller that stops waiting frees no place before
    /// the work is done.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static,
    ) -> Result<T, HasherUnavailable> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| HasherUnavailable::Busy)?;
        let permit =
            Arc::clone(&self.in_flight).acquire_owned().await.map_err(|_| HasherUnavailable::Failed)?;
        let argon2 = self.argon2.clone();
        spawn_blocking(move || {
            let outcome = work(&argon2);
            drop((permit, place));
            outcome
        })
        .await
        .map_err(|_| HasherUnavailable::Failed)
    }
}

#[async_trait]
impl PasswordHasher for Argon2Passwords {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HasherUnavailable> {
        self.off_thread(move |argon2| argon2.hash_password(password.expose().as_bytes()))
            .await?
            .map(|phc| PasswordHash::new(phc.to_string()))
            .map_err(|_| HasherUnavailable::Failed)
    }

    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<bool, HasherUnavailable> {
        let Some(stored) = read_stored(&hash) else {
            return Ok(false);
        };
        self.off_thread(move |argon2| argon2.verify_password(password.expose().as_bytes(), &stored).is_ok())
            .await
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let now = self.argon2.params();
        let then = read_stored(hash).and_then(|stored| Params::try_from(&stored).ok());
        then.is_none_or(|then| then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost())
    }

    async fn verify_absent(&self, password: Password) -> Result<(), HasherUnavailable> {
        self.verify(password, self.absent.clone()).await.map(drop)
    }
}

fn places(in_flight_max: usize, waiting_max: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(in_flight_max.saturating_add(waiting_max).min(Semaphore::MAX_PERMITS)))
}

/// The stored hash, when it is an argon2id of version 0x13 whose cost this process can afford.
fn read_stored(hash: &PasswordHash) -> Option<phc::PasswordHash> {
    let stored = phc::PasswordHash::new(hash.as_str()).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let is_ours = stored.algorithm == ARGON2ID_IDENT && stored.version == Some(Version::V0x13.into());
    (is_ours && is_affordable(&params)).then_some(stored)
}

fn is_affordable(params: &Params) -> bool {
    params.m_cost() <= STORED_MEMORY_KIB_MAX
        && params.t_cost() <= STORED_ITERATIONS_MAX
        && params.p_cost() <= STORED_LANES_MAX
}

/// A hash of the right form at `cost` that no known password gives: 16 bytes of salt and 32 of output, all zero.
fn hash_of_nobody(cost: Argon2Cost) -> PasswordHash {
    let Argon2Cost { memory_kib, iterations, lanes } = cost;
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    PasswordHash::new(format!("$argon2id$v=19$m={memory_kib},t={iterations},p={lanes}${salt}${output}"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// From the tests of the reference implementation (`phc-winner-argon2`, `src/test.c`): `password` with `somesalt`.
    const REFERENCE: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    fn password(typed: &str) -> Password {
        Password::new(typed)
    }

    fn hasher(in_flight_max: usize) -> Argon2Passwords {
        let cost = Argon2Cost { memory_kib: 64, iterations: 3, lanes: 2 };
        Argon2Passwords::new(cost, NonZeroUsize::new(in_flight_max).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_hash_of_the_reference_implementation_is_verified_at_its_own_cost() {
        let hash = PasswordHash::new(REFERENCE.to_owned());
        assert_eq!(hasher(1).verify(password("password"), hash.clone()).await, Ok(true));
        assert_eq!(hasher(1).verify(password("passwore"), hash).await, Ok(false));
    }

    #[tokio::test]
    async fn a_password_is_hashed_at_the_cost_that_was_asked_for_and_verifies() {
        let hasher = hasher(1);
        let hash = hasher.hash(password("una contraseña")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=3,p=2$"), "{}", hash.as_str());
        let parts: Vec<&str> = hash.as_str().split('$').collect();
        assert_eq!((parts[4].len(), parts[5].len()), (22, 43), "16 bytes of salt, 32 of output");
        assert_eq!(hasher.verify(password("una contraseña"), hash.clone()).await, Ok(true));
        assert_eq!(hasher.verify(password("una contrasena"), hash).await, Ok(false));
    }

    #[tokio::test]
    async fn the_default_cost_is_the_one_of_the_house() {
        let hasher = Argon2Passwords::new(Argon2Cost::default(), NonZeroUsize::MIN).unwrap();
        let hash = hasher.hash(password("x")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
    }

    #[tokio::test]
    async fn the_same_password_hashed_twice_gives_two_hashes() {
        let hasher = hasher(1);
        let first = hasher.hash(password("una contraseña")).await.unwrap();
        let second = hasher.hash(password("una contraseña")).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(hasher.verify(password("una contraseña"), second).await, Ok(true));
    }

    #[tokio::test]
    async fn what_is_no_hash_of_ours_verifies_nothing() {
        let swapped = |from: &str, to: &str| REFERENCE.replace(from, to);
        for stored in [
            String::new(),
            "password".to_owned(),
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ".to_owned(),
            "$argon2id$v=19$m=65536,t=2,p=1$$".to_owned(),
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
            swapped("argon2id", "argon2i"),
            swapped("v=19", "v=16"),
            swapped("v=19$", ""),
            swapped("m=65536", "m=4294967295"),
            swapped("m=65536", "m=7"),
            swapped("t=2", "t=4294967295"),
            swapped("t=2", "t=0"),
            swapped("p=1", "p=16777215"),
            swapped("$CTFh", "$\0TFh"),
        ] {
            let outcome = hasher(1).verify(password("password"), PasswordHash::new(stored.clone())).await;
            assert_eq!(outcome, Ok(false), "{stored:?}");
        }
    }

    #[test]
    fn a_cost_out_of_bounds_is_refused() {
        for (memory_kib, iterations, lanes) in [
            (0, 2, 1),
            (7, 2, 1),
            (64, 0, 1),
            (64, 2, 0),
            (64, 2, 9),
            (u32::MAX, 2, 1),
            (64, 65, 1),
            (1024, 2, 17),
        ] {
            let cost = Argon2Cost { memory_kib, iterations, lanes };
            assert_eq!(Argon2Passwords::new(cost, NonZeroUsize::MIN).err(), Some(InvalidCost), "{cost:?}");
        }
    }

    #[tokio::test]
    async fn an_absent_user_costs_what_a_wrong_password_costs() {
        let hasher =
            Argon2Passwords::new(Argon2Cost { memory_kib: 8192, iterations: 3, lanes: 1 }, NonZeroUsize::MIN)
                .unwrap();
        let stored = read_stored(&hasher.absent).expect("the hash of nobody is well formed");
        let params = Params::try_from(&stored).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (8192, 3, 1));
        let hash = hasher.hash(password("right")).await.unwrap();
        let (mut wrong, mut absent) = (Duration::MAX, Duration::MAX);
        for _ in 0..5 {
            let begin = Instant::now();
            hasher.verify(password("wrong"), hash.clone()).await.unwrap();
            wrong = wrong.min(begin.elapsed());
            let begin = Instant::now();
            hasher.verify_absent(password("wrong")).await.unwrap();
            absent = absent.min(begin.elapsed());
        }
        // The bound is loose because the machine may be busy; work left undone would be a thousandfold.
        assert!(absent * 10 > wrong, "absent {absent:?}, wrong {wrong:?}");
    }

    #[tokio::test]
    async fn no_more_run_at_once_than_the_limit_and_a_caller_that_left_keeps_its_place_until_the_work_ends() {
        let hasher = hasher(2);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let left = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                hasher
                    .off_thread(move |_| {
                        started.send(()).unwrap();
                        held.recv().unwrap();
                    })
                    .await
            }
        });
        has_started.await.unwrap();
        left.abort();
        assert!(left.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.in_flight.available_permits(), 1);
        release.send(()).unwrap();
        let both = hasher.in_flight.acquire_many(2).await.unwrap();
        assert_eq!(both.num_permits(), 2);
    }

    #[tokio::test]
    async fn who_comes_when_as_many_wait_as_may_is_told_so_at_once_and_is_served_later() {
        let hasher = hasher(1).waiting_at_most(1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.off_thread(move |_| held.recv().unwrap()).await }
        });
        let second = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.verify_absent(password("x")).await }
        });
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify_absent(password("x")).await, Err(HasherUnavailable::Busy));
        release.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(())));
        assert_eq!(hasher.verify_absent(password("x")).await, Ok(()));
    }

    #[tokio::test]
    async fn a_hash_is_outdated_when_it_took_less_memory_or_fewer_passes_than_one_would_now() {
        let made = hasher(1).hash(password("una contraseña")).await.unwrap();
        for (memory_kib, iterations, is_outdated) in
            [(64, 3, false), (32, 2, false), (65, 3, true), (64, 4, true), (32, 5, true)]
        {
            let cost = Argon2Cost { memory_kib, iterations, lanes: 1 };
            let hasher = Argon2Passwords::new(cost, NonZeroUsize::MIN).unwrap();
            assert_eq!(hasher.is_outdated(&made), is_outdated, "{cost:?}");
        }
        assert!(hasher(1).is_outdated(&PasswordHash::new("$2b$12$x".to_owned())));
    }

    #[test]
    fn neither_the_hasher_nor_its_errors_show_a_hash() {
        let shown = format!("{:?}", hasher(1));
        assert!(!shown.contains("$argon2id"), "{shown}");
    }
}
