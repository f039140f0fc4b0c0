//! A permit is worked off: messages are claimed, sent and recorded until nothing is left or the permit's time is over.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::CampaignId;
use domain::message::{AttemptRef, Evidence, MessageId};
use domain::port::{
    AttemptOutcome, Claim, Claimed, ClaimedMessage, Clock, Dispatch, Hop, OutboundMessage, Permit,
    PermitHandler, PermitOutbox, Remaining, SendOutcome, SmsGateway, StoreError,
    faultless::{DRAINING, HELD, LEASE_OVER, NO_GATEWAY, PROVIDER_AWAY, SENDER_BLOCKED, THROTTLED},
};
use domain::sender::SenderId;
use futures::{Stream, StreamExt, stream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use breaker::{Breaker, BreakerLimits};

mod breaker;

/// What bounds the work of one process.
#[derive(Debug, Clone)]
pub struct SendLimits {
    /// Calls to the provider that are under way at once, over all claims.
    pub in_flight_max: usize,
    /// Calls that are under way at once for one claim.
    pub in_flight_per_claim_max: usize,
    /// How long a permit is worked on. The broker must see it acknowledged long before half an hour is over.
    pub permit_time_max: Duration,
    /// The longest wait for the sender's pace that is waited out with the permit in hand.
    pub pace_wait_max: Duration,
    /// Outcomes are recorded when so many have come together,
    pub flush_outcomes_max: usize,
    /// or after so long.
    pub flush_interval: Duration,
    /// Attempts of one message before the provider's "not now" is taken for "no".
    pub attempts_max: u16,
    /// The wait before the second attempt; it doubles with each further one,
    pub retry_base: Duration,
    /// up to this.
    pub retry_max: Duration,
    /// The wait before something is asked of the store again that it could not do.
    pub store_retry: Duration,
    /// Calls in a row that bring no answer before a provider is held to be away,
    pub breaker_failures: u32,
    /// and how long it is not called then.
    pub breaker_pause: Duration,
}

/// Works permits off.
pub struct WorkPermit {
    dispatch: Arc<dyn Dispatch>,
    outbox: Arc<dyn PermitOutbox>,
    gateways: Gateways,
    breakers: HashMap<String, Breaker>,
    clock: Arc<dyn Clock>,
    limits: SendLimits,
    in_flight: Semaphore,
    is_draining: AtomicBool,
    claims: AtomicU32,
    sent: AtomicU64,
}

/// How much a process is working on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLoad {
    /// Calls to providers that are under way.
    pub in_flight: u32,
    /// Claims that are worked on.
    pub claims: u32,
    /// Messages that providers took since it started.
    pub sent: u64,
    /// Whether it begins no further attempt.
    pub is_draining: bool,
}

/// The gateway of every provider, by the provider's name.
pub type Gateways = HashMap<String, Arc<dyn SmsGateway>>;

/// Why an attempt is the last.
const RETRIES_EXHAUSTED: &str = "retries_exhausted";

/// What a claim's attempts tell each other.
struct ClaimState {
    /// No attempt begins after it.
    sends_until: Instant,
    is_held: AtomicBool,
    noted: Mutex<HashSet<(SenderId, Noted)>>,
}

/// What the store is told of a sender, once a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Noted {
    Slow,
    LeftAlone,
    Blocked,
}

impl ClaimState {
    /// Notes it, and says whether it is the first time.
    fn is_new(&self, sender: SenderId, noted: Noted) -> bool {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert((sender, noted))
    }

    fn is_blocked(&self, sender: SenderId) -> bool {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).contains(&(sender, Noted::Blocked))
    }
}

impl WorkPermit {
    /// Works within `limits`.
    #[must_use]
    pub fn new(
        dispatch: Arc<dyn Dispatch>,
        outbox: Arc<dyn PermitOutbox>,
        gateways: Gateways,
        clock: Arc<dyn Clock>,
        limits: SendLimits,
    ) -> Self {
        let in_flight = Semaphore::new(limits.in_flight_max);
        let breakers = gateways.keys().map(|name| (name.clone(), Breaker::default())).collect();
        Self {
            dispatch,
            outbox,
            gateways,
            breakers,
            clock,
            limits,
            in_flight,
            is_draining: AtomicBool::new(false),
            claims: AtomicU32::new(0),
            sent: AtomicU64::new(0),
        }
    }

    /// Begins no further attempt: what is claimed and not yet sent is given back, permits are handed on.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// What is worked on now.
    #[must_use]
    pub fn load(&self) -> WorkLoad {
        let in_flight = self.limits.in_flight_max.saturating_sub(self.in_flight.available_permits());
        WorkLoad {
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            claims: self.claims.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            is_draining: self.is_draining(),
        }
    }

    fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    async fn send(&self, mut claim: Claim, claimed_at: Instant) {
        // A quarter of the lease is left for the answers to come and be recorded.
        let state = ClaimState {
            sends_until: claimed_at + claim.lease * 3 / 4,
            is_held: AtomicBool::new(false),
            noted: Mutex::default(),
        };
        let messages = std::mem::take(&mut claim.messages);
        let attempts = stream::iter(messages)
            .map(|message| self.attempt(&claim, message, &state))
            .buffer_unordered(self.limits.in_flight_per_claim_max);
        self.record_as_they_come(&claim, attempts).await;
    }

    /// Records outcomes by the batch, so that one slow answer holds nobody up.
    async fn record_as_they_come(&self, claim: &Claim, attempts: impl Stream<Item = AttemptOutcome>) {
        let mut attempts = std::pin::pin!(attempts);
        let mut outcomes = Vec::new();
        let mut flush_at = Instant::now();
        loop {
            tokio::select! {
                attempt = attempts.next() => match attempt {
                    Some(outcome) => {
                        if outcomes.is_empty() {
                            flush_at = Instant::now() + self.limits.flush_interval;
                        }
                        outcomes.push(outcome);
                    }
                    None => break,
                },
                () = sleep_until(flush_at), if !outcomes.is_empty() => {}
            }
            if outcomes.len() >= self.limits.flush_outcomes_max || flush_at <= Instant::now() {
                self.record(claim, std::mem::take(&mut outcomes), Remaining::Some).await;
            }
        }
        self.record(claim, outcomes, Remaining::Nothing).await;
    }

    /// Records until the store has it: what is forgotten here would be uncertain for ever.
    async fn record(&self, claim: &Claim, outcomes: Vec<AttemptOutcome>, remaining: Remaining) {
        if outcomes.is_empty() && remaining == Remaining::Some {
            return;
        }
        while let Err(error) = self.dispatch.record(claim.id, outcomes.clone(), remaining).await {
            tracing::warn!(%error, outcomes = outcomes.len(), "outcomes wait to be recorded");
            sleep(self.limits.store_retry).await;
        }
    }

    async fn attempt(&self, claim: &Claim, message: ClaimedMessage, state: &ClaimState) -> AttemptOutcome {
        let mut outcome = AttemptOutcome {
            seq: message.seq,
            attempt: message.attempt,
            sender: message.hop.sender,
            started_at: self.clock.now(),
            evidence: Evidence::RefusedForNow,
            reason: None,
            provider_id: None,
            opted_out: false,
            retry_in: Duration::ZERO,
        };
        // Closed by nobody, so an error cannot be; were it one, nothing is sent.
        let Ok(_slot) = self.in_flight.acquire().await else { return outcome };
        let hop = message.hop;
        let (Some(gateway), Some(breaker)) =
            (self.gateways.get(&hop.provider), self.breakers.get(&hop.provider))
        else {
            self.hold(claim.id.campaign, state, format!("no gateway is set up for {}", hop.provider)).await;
            outcome.reason = Some(NO_GATEWAY.to_owned());
            return outcome;
        };
        if let Some(wait) = breaker.away(self.breaker_limits(), state.sends_until).await {
            outcome.reason = Some(PROVIDER_AWAY.to_owned());
            outcome.retry_in = wait;
            self.leave_alone(hop.sender, state, wait).await;
            return outcome;
        }
        let obstacle = if self.is_draining() {
            Some(DRAINING)
        } else if state.is_held.load(Ordering::Relaxed) {
            Some(HELD)
        } else if state.is_blocked(hop.sender) {
            Some(SENDER_BLOCKED)
        } else if Instant::now() >= state.sends_until {
            Some(LEASE_OVER)
        } else {
            None
        };
        if let Some(obstacle) = obstacle {
            outcome.reason = Some(obstacle.to_owned());
            return outcome;
        }
        outcome.started_at = self.clock.now();
        let sent = gateway
            .send(OutboundMessage {
                attempt: AttemptRef {
                    message: MessageId { campaign: claim.id.campaign, seq: message.seq },
                    attempt: message.attempt,
                },
                to: message.to,
                from: hop.from.clone(),
                text: message.text,
            })
            .await;
        self.heed(breaker, &hop.provider, &sent);
        self.judge(&mut outcome, sent, &hop, claim.id.campaign, state).await;
        if outcome.evidence == Evidence::Accepted {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// What the provider's answer makes of the attempt, of the campaign and of its sender.
    async fn judge(
        &self,
        outcome: &mut AttemptOutcome,
        sent: SendOutcome,
        hop: &Hop,
        campaign: CampaignId,
        state: &ClaimState,
    ) {
        match sent {
            SendOutcome::Accepted { provider_id } => {
                outcome.evidence = Evidence::Accepted;
                outcome.provider_id = Some(provider_id);
            }
            SendOutcome::Refused { reason, opted_out } => {
                outcome.evidence = Evidence::Refused;
                outcome.reason = Some(reason);
                outcome.opted_out = opted_out;
            }
            // Of a provider that is not reached no attempt is one too many: it is bounded by the breaker.
            SendOutcome::NotSent { reason } if outcome.attempt >= self.limits.attempts_max => {
                outcome.evidence = Evidence::Refused;
                outcome.reason = Some(format!("{RETRIES_EXHAUSTED}:{reason}"));
            }
            SendOutcome::NotSent { reason } | SendOutcome::Unreachable { reason } => {
                outcome.reason = Some(reason);
                outcome.retry_in = self.retry_in(outcome.seq, outcome.attempt);
            }
            // The sender is too fast, which is no fault of the message: it is not counted against it.
            SendOutcome::Throttled { retry_after } => {
                let pause = retry_after.unwrap_or(self.limits.retry_base).min(self.limits.retry_max);
                outcome.reason = Some(THROTTLED.to_owned());
                outcome.retry_in = pause;
                self.slow_down(hop.sender, state, pause).await;
            }
            // Another sender may do: what is claimed from now on goes by that one.
            SendOutcome::SenderBlocked { reason } if hop.has_others => {
                outcome.reason = Some(reason);
                outcome.retry_in = self.retry_in(outcome.seq, 1);
                self.block(hop.sender, state).await;
            }
            SendOutcome::CannotReach { reason }
                if hop.has_others && outcome.attempt < self.limits.attempts_max =>
            {
                outcome.reason = Some(reason);
                outcome.retry_in = self.retry_in(outcome.seq, outcome.attempt);
            }
            SendOutcome::CannotReach { reason } => {
                outcome.evidence = Evidence::Refused;
                outcome.reason = Some(reason);
            }
            SendOutcome::SenderBlocked { reason } | SendOutcome::AccountBlocked { reason } => {
                outcome.reason = Some(HELD.to_owned());
                self.hold(campaign, state, reason).await;
            }
            SendOutcome::Unknown { reason } => {
                outcome.evidence = Evidence::NoAnswer;
                outcome.reason = Some(reason);
            }
        }
    }

    fn breaker_limits(&self) -> BreakerLimits {
        BreakerLimits { failures: self.limits.breaker_failures, pause: self.limits.breaker_pause }
    }

    /// What an outcome says of whether the provider is there at all.
    fn heed(&self, breaker: &Breaker, provider: &str, sent: &SendOutcome) {
        match sent {
            SendOutcome::Unreachable { .. } | SendOutcome::Unknown { .. } => {
                if breaker.missed(self.breaker_limits()) {
                    let pause_s = self.limits.breaker_pause.as_secs();
                    tracing::warn!(
                        provider,
                        pause_s,
                        "the provider gives no answers: it is not called for a while"
                    );
                }
            }
            SendOutcome::Accepted { .. }
            | SendOutcome::Refused { .. }
            | SendOutcome::NotSent { .. }
            | SendOutcome::Throttled { .. }
            | SendOutcome::CannotReach { .. }
            | SendOutcome::SenderBlocked { .. }
            | SendOutcome::AccountBlocked { .. } => {
                if breaker.answered() {
                    tracing::info!(provider, "the provider answers again");
                }
            }
        }
    }

    /// How long every provider is left alone yet; nothing as long as one may be called.
    fn all_away_for(&self) -> Option<Duration> {
        let waits: Option<Vec<Duration>> = self.breakers.values().map(Breaker::away_for).collect();
        waits?.into_iter().min()
    }

    /// Tells people, once a claim, that the sender's provider is left alone. Other workers may reach it, and are not kept from it.
    async fn leave_alone(&self, sender: SenderId, state: &ClaimState, wait: Duration) {
        if state.is_new(sender, Noted::LeftAlone)
            && let Err(error) = self.dispatch.leave_alone(sender, wait).await
        {
            tracing::warn!(%error, "nobody is told that the provider is left alone");
        }
    }

    /// Has messages go by other senders, once a claim.
    async fn block(&self, sender: SenderId, state: &ClaimState) {
        if state.is_new(sender, Noted::Blocked)
            && let Err(error) = self.dispatch.block(sender, self.limits.breaker_pause).await
        {
            tracing::warn!(%error, "messages go on by a sender that is blocked");
        }
    }

    /// Keeps the sender from being claimed from, once a claim.
    async fn slow_down(&self, sender: SenderId, state: &ClaimState, pause: Duration) {
        if state.is_new(sender, Noted::Slow)
            && let Err(error) = self.dispatch.slow_down(sender, pause).await
        {
            tracing::warn!(%error, "the sender was not slowed down");
        }
    }

    async fn hold(&self, campaign: CampaignId, state: &ClaimState, reason: String) {
        if state.is_held.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(campaign = %campaign.0, reason, "the campaign is paused");
        if let Err(error) = self.dispatch.hold(campaign, reason).await {
            // The next answer of the same kind will try again.
            state.is_held.store(false, Ordering::Relaxed);
            tracing::warn!(%error, "the campaign was not paused");
        }
    }

    /// The wait before the next attempt: between three and five quarters of what doubling makes it, so that what was
    /// refused together does not come again together.
    fn retry_in(&self, seq: u32, attempt: u16) -> Duration {
        let doublings = u32::from(attempt.saturating_sub(1)).min(16);
        let whole = self.limits.retry_base.saturating_mul(1 << doublings).min(self.limits.retry_max);
        // Neighbours differ most (the golden section of 32 bits).
        let spread = seq.wrapping_mul(2_654_435_769).rotate_left(u32::from(attempt)) >> 22;
        whole.mul_f64(0.75 + f64::from(spread) / 2_048.0)
    }

    async fn hand_on(&self, campaign: CampaignId, delay: Duration) {
        if let Err(error) = self.outbox.permit_later(campaign, delay).await {
            // The sweep finds campaigns without permits.
            tracing::warn!(%error, "a permit was not handed on");
        }
    }

    /// Waits after the store failed, which may be a restart of it.
    async fn wait_for_store(&self, error: &StoreError) {
        tracing::warn!(%error, "nothing can be claimed now");
        sleep(self.limits.store_retry).await;
    }
}

#[async_trait]
impl PermitHandler for WorkPermit {
    async fn handle(&self, permit: Permit) {
        let campaign = permit.campaign;
        let until = Instant::now() + self.limits.permit_time_max;
        while !self.is_draining() && Instant::now() < until {
            if let Some(wait) = self.all_away_for() {
                return self.hand_on(campaign, wait).await;
            }
            let asked_at = Instant::now();
            match self.dispatch.claim(campaign).await {
                Ok(Claimed::Work(claim)) => {
                    self.claims.fetch_add(1, Ordering::Relaxed);
                    self.send(claim, asked_at).await;
                    self.claims.fetch_sub(1, Ordering::Relaxed);
                }
                Ok(Claimed::Nothing { again_in: None }) => return,
                Ok(Claimed::Nothing { again_in: Some(wait) }) if wait <= self.limits.pace_wait_max => {
                    sleep(wait).await;
                }
                Ok(Claimed::Nothing { again_in: Some(wait) }) => return self.hand_on(campaign, wait).await,
                Err(error) => self.wait_for_store(&error).await,
            }
        }
        self.hand_on(campaign, Duration::ZERO).await;
    }
}

#[cfg(test)]
mod tests;
