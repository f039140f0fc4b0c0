//! What keeps messages from being burned on a provider that is away: after some calls in a row that brought no answer nobody is
//! called for a time, then one call finds out, and the others wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How many calls in a row may bring no answer, and how long nobody is called then.
#[derive(Debug, Clone, Copy)]
pub(super) struct BreakerLimits {
    pub(super) failures: u32,
    pub(super) pause: Duration,
}

/// Of one provider, in one process.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
    /// Told when it is known whether the provider is back.
    known: Notify,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// It is called; so many calls in a row brought no answer.
    Closed { failures: u32 },
    /// It is not called until then.
    Open { until: Instant },
    /// One call is finding out, since then.
    Probing { since: Instant },
}

/// Whether a provider may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admission {
    /// It may.
    Call,
    /// Somebody is finding out; it is known then, or somebody else finds out.
    FindingOut { until: Instant },
    /// It is left alone for so long.
    Away(Duration),
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// For how long the provider is left alone; nothing, and it may be called. While somebody finds out this waits, `until` at most.
    pub(super) async fn away(&self, limits: BreakerLimits, until: Instant) -> Option<Duration> {
        loop {
            // Asked for before the state is looked at: what becomes known in between is not missed.
            let known = self.known.notified();
            match self.admit(limits) {
                Admission::Call => return None,
                Admission::Away(wait) => return Some(wait),
                Admission::FindingOut { .. } if Instant::now() >= until => return Some(Duration::ZERO),
                Admission::FindingOut { until: found } => drop(timeout_at(found.min(until), known).await),
            }
        }
    }

    /// Whether the provider may be called. Who is told so after a pause is the one who finds out.
    fn admit(&self, limits: BreakerLimits) -> Admission {
        let now = Instant::now();
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Admission::Call,
            State::Open { until } if now < until => Admission::Away(until - now),
            // A probe that was forgotten is not waited for for ever.
            State::Probing { since } if now < since + limits.pause => {
                Admission::FindingOut { until: since + limits.pause }
            }
            State::Open { .. } | State::Probing { .. } => {
                *state = State::Probing { since: now };
                Admission::Call
            }
        }
    }

    /// How long the provider is left alone yet, where it is.
    pub(super) fn away_for(&self) -> Option<Duration> {
        match *self.state() {
            State::Open { until } => {
                until.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
            }
            State::Closed { .. } | State::Probing { .. } => None,
        }
    }

    /// It answered, whatever it said. Whether that ended a pause.
    pub(super) fn answered(&self) -> bool {
        let mut state = self.state();
        let was_away = !matches!(*state, State::Closed { .. });
        *state = State::default();
        drop(state);
        self.known.notify_waiters();
        was_away
    }

    /// A call brought no answer. Whether that begins a pause.
    pub(super) fn missed(&self, limits: BreakerLimits) -> bool {
        let mut state = self.state();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::Probing { .. } => limits.failures,
            // It was under way when the others failed.
            State::Open { .. } => return false,
        };
        let opens = failures >= limits.failures;
        *state = if opens {
            State::Open { until: Instant::now() + limits.pause }
        } else {
            State::Closed { failures }
        };
        drop(state);
        self.known.notify_waiters();
        opens
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const LIMITS: BreakerLimits = BreakerLimits { failures: 3, pause: Duration::from_secs(10) };

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_one_call_finds_out() {
        let breaker = Breaker::default();
        assert!(!breaker.missed(LIMITS) && !breaker.missed(LIMITS));
        assert!(!breaker.answered(), "an answer starts the count again");
        assert!(!breaker.missed(LIMITS) && !breaker.missed(LIMITS));
        assert_eq!((breaker.admit(LIMITS), breaker.away_for()), (Admission::Call, None));
        assert!(breaker.missed(LIMITS));
        assert_eq!(breaker.admit(LIMITS), Admission::Away(LIMITS.pause));
        assert_eq!(breaker.away_for(), Some(LIMITS.pause));
        assert!(!breaker.missed(LIMITS), "those under way do not make it longer");
        advance(LIMITS.pause).await;
        assert_eq!(breaker.away_for(), None);
        assert_eq!(breaker.admit(LIMITS), Admission::Call, "one finds out");
        let found = Admission::FindingOut { until: Instant::now() + LIMITS.pause };
        assert_eq!(breaker.admit(LIMITS), found, "the others wait for it");
        assert!(breaker.missed(LIMITS), "once more");
        advance(LIMITS.pause).await;
        assert_eq!(breaker.admit(LIMITS), Admission::Call);
        assert!(breaker.answered());
        assert_eq!([(); 2].map(|()| breaker.admit(LIMITS)), [Admission::Call; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_as_soon_as_it_is_known_and_waits_no_longer_than_asked() {
        let breaker = Breaker::default();
        for _ in 0..LIMITS.failures {
            breaker.missed(LIMITS);
        }
        advance(LIMITS.pause).await;
        let far = Instant::now() + LIMITS.pause;
        assert_eq!(breaker.away(LIMITS, far).await, None, "one finds out");
        let soon = Instant::now() + Duration::from_secs(2);
        assert_eq!(breaker.away(LIMITS, soon).await, Some(Duration::ZERO));
        let (waited, _) = tokio::join!(breaker.away(LIMITS, far), async { breaker.answered() });
        assert_eq!((waited, Instant::now()), (None, soon), "told at once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_never_heard_of_gives_way_to_the_next() {
        let breaker = Breaker::default();
        for _ in 0..LIMITS.failures {
            breaker.missed(LIMITS);
        }
        advance(LIMITS.pause).await;
        assert_eq!(breaker.admit(LIMITS), Admission::Call);
        advance(LIMITS.pause).await;
        assert_eq!(breaker.admit(LIMITS), Admission::Call);
    }
}
