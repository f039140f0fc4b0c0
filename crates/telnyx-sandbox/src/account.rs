//! The account: what it takes and refuses, and the ledger of what it took.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::SandboxOptions;
use crate::clock;
use crate::courier::Courier;
use crate::event::EventKind;
use crate::new_message::{ValidMessage, reference};
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// The most numbers, the most attempts and the most senders that have an outcome of their own.
const SCRIPTS_MAX: usize = 100_000;

/// The most numbers that are held back at once.
const HELD_BACK_MAX: usize = 1_000_000;

/// The bits of an id that count messages.
const COUNTER_BITS: u128 = 0xffff_ffff;

/// A message that was accepted, without its text.
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) to: Box<str>,
    pub(crate) from: Box<str>,
    pub(crate) webhook_url: Option<Box<str>>,
    pub(crate) accepted_at: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) parts: u8,
    /// How many of the outcome's webhooks were tried.
    pub(crate) events_tried: AtomicUsize,
    /// Told when each of them was.
    pub(crate) all_tried: Notify,
}

impl Message {
    /// What has been told of it.
    pub(crate) fn events(&self) -> &'static [EventKind] {
        let events = self.outcome.events();
        &events[..self.events_tried.load(Ordering::Relaxed).min(events.len())]
    }
}

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// The number it went to, E.164.
    pub to: String,
    /// The sender's address.
    pub from: String,
    /// The parameter `ref` of its webhook's address.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The id that the sandbox gave it.
    pub id: Uuid,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a script is for; the nearer one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeOf {
    /// Every message that nothing else is said of.
    Everything,
    /// The messages from a sender's address.
    Sender(String),
    /// The messages to a number, E.164.
    Number(String),
    /// The message with this `ref`.
    Attempt(String),
}

/// There are too many scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyScripts;

/// A message that was taken, now or under the same idempotency key before.
pub(crate) enum Taken {
    Now(Arc<Message>),
    Before(Arc<Message>),
}

/// How many messages came to what.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    accepted: HashMap<Outcome, u64>,
    refused: HashMap<Outcome, u64>,
    over_rate: u64,
    repeated: u64,
    lookups: u64,
}

pub(crate) struct Account {
    pub(crate) options: SandboxOptions,
    pub(crate) courier: Arc<Courier>,
    /// The bits of every id that are this run's.
    run: u128,
    desk: Mutex<Desk>,
}

/// What changes with every message.
#[derive(Default)]
struct Desk {
    ledger: Vec<Arc<Message>>,
    keys: HashMap<Box<str>, Kept>,
    /// Numbers whose last attempt was refused for now, so that the next is not.
    held_back: HashSet<Box<str>>,
    of_sender: HashMap<String, Outcome>,
    of_number: HashMap<String, Outcome>,
    of_attempt: HashMap<String, Outcome>,
    of_everything: Option<Outcome>,
    second: Option<(Instant, u32)>,
    summary: Summary,
}

/// What an idempotency key brought.
struct Kept {
    body_hash: u64,
    message: Arc<Message>,
    /// Until then its first request is under way.
    answered_at: Instant,
}

impl Account {
    pub(crate) fn new(options: SandboxOptions, courier: Arc<Courier>) -> Self {
        Self { options, courier, run: clock::new_id().as_u128() & !COUNTER_BITS, desk: Mutex::default() }
    }

    /// Takes a message, or refuses it. A key of before brings what it brought before.
    pub(crate) fn take(
        &self,
        message: ValidMessage,
        key: Option<&str>,
        body_hash: u64,
    ) -> Result<Taken, Refusal> {
        let now = Instant::now();
        let mut desk = self.desk();
        if desk.is_over_rate(self.options.rate, now) {
            desk.summary.over_rate += 1;
            return Err(Refusal::TOO_MANY_REQUESTS);
        }
        if let Some(kept) = key.and_then(|key| desk.keys.get(key)) {
            if kept.body_hash != body_hash {
                return Err(Refusal::KEY_REUSED);
            }
            if now < kept.answered_at {
                return Err(Refusal::IN_FLIGHT);
            }
            let message = Arc::clone(&kept.message);
            desk.summary.repeated += 1;
            return Ok(Taken::Before(message));
        }
        let outcome = desk.outcome(&message);
        if let Some(refusal) = desk.refuses(outcome, &message.to) {
            *desk.summary.refused.entry(outcome).or_default() += 1;
            return Err(refusal);
        }
        let count = desk.ledger.len();
        if count >= self.options.ledger_max {
            return Err(Refusal::LEDGER_FULL);
        }
        let accepted = Arc::new(Message {
            id: Uuid::from_u128(self.run | (count as u128 & COUNTER_BITS)),
            to: message.to,
            from: message.from,
            webhook_url: message.webhook_url,
            accepted_at: clock::now(),
            outcome,
            parts: message.parts,
            events_tried: AtomicUsize::new(0),
            all_tried: Notify::new(),
        });
        desk.ledger.push(Arc::clone(&accepted));
        if let Some(key) = key {
            let answered_at = now + self.time_to_answer(outcome);
            desk.keys.insert(key.into(), Kept { body_hash, message: Arc::clone(&accepted), answered_at });
        }
        *desk.summary.accepted.entry(outcome).or_default() += 1;
        drop(desk);
        if outcome == Outcome::ReceiptFirst {
            self.courier.send(&accepted, message.text, Duration::ZERO);
        } else {
            let delay = self.time_to_answer(outcome) + self.options.webhook_delay;
            self.courier.send(&accepted, message.text, delay);
        }
        Ok(Taken::Now(accepted))
    }

    /// How long the answer to an accepted message takes.
    pub(crate) fn time_to_answer(&self, outcome: Outcome) -> Duration {
        let slow = if outcome == Outcome::Slow { self.options.slow } else { Duration::ZERO };
        self.options.latency + slow
    }

    pub(crate) fn message(&self, id: Uuid) -> Option<Arc<Message>> {
        let index = usize::try_from(id.as_u128() & COUNTER_BITS).ok()?;
        self.desk().ledger.get(index).filter(|message| message.id == id).cloned()
    }

    /// How many were accepted.
    pub(crate) fn count(&self) -> usize {
        self.desk().ledger.len()
    }

    /// Counts a number that is looked up; refuses it where it is one request too many.
    pub(crate) fn count_lookup(&self) -> Option<Refusal> {
        let mut desk = self.desk();
        if desk.is_over_rate(self.options.rate, Instant::now()) {
            desk.summary.over_rate += 1;
            return Some(Refusal::TOO_MANY_REQUESTS);
        }
        desk.summary.lookups += 1;
        None
    }

    /// At most `count` messages, from the one numbered `first` on.
    pub(crate) fn messages(&self, first: usize, count: usize) -> Vec<Arc<Message>> {
        self.desk().ledger.iter().skip(first).take(count).cloned().collect()
    }

    /// At most `count` lines of the ledger, from the one numbered `first` on.
    pub(crate) fn ledger(&self, first: usize, count: usize) -> Vec<Accepted> {
        let messages = self.messages(first, count);
        let line = |message: &Arc<Message>| Accepted {
            to: message.to.to_string(),
            from: message.from.to_string(),
            reference: message.webhook_url.as_deref().and_then(reference).map(str::to_owned),
            id: message.id,
            accepted_at: message.accepted_at,
            outcome: message.outcome,
        };
        messages.iter().map(line).collect()
    }

    pub(crate) fn script(&self, of: OutcomeOf, outcome: Option<Outcome>) -> Result<(), TooManyScripts> {
        let mut desk = self.desk();
        let (scripts, of) = match of {
            OutcomeOf::Everything => {
                desk.of_everything = outcome;
                return Ok(());
            }
            OutcomeOf::Sender(address) => (&mut desk.of_sender, address),
            OutcomeOf::Number(number) => (&mut desk.of_number, number),
            OutcomeOf::Attempt(attempt) => (&mut desk.of_attempt, attempt),
        };
        match outcome {
            None => drop(scripts.remove(&of)),
            Some(_) if scripts.len() >= SCRIPTS_MAX => return Err(TooManyScripts),
            Some(outcome) => drop(scripts.insert(of, outcome)),
        }
        Ok(())
    }

    /// Hands the counts to `read`.
    pub(crate) fn summarize<T>(&self, read: impl FnOnce(&Summary) -> T) -> T {
        read(&self.desk().summary)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn outcome(&self, message: &ValidMessage) -> Outcome {
        let of_attempt = message
            .webhook_url
            .as_deref()
            .and_then(reference)
            .and_then(|attempt| self.of_attempt.get(attempt));
        of_attempt
            .or_else(|| self.of_number.get(&*message.to))
            .or_else(|| self.of_sender.get(&*message.from))
            .copied()
            .or(self.of_everything)
            .unwrap_or_else(|| Outcome::of_number(&message.to))
    }

    /// The refusal that an outcome is, this time.
    fn refuses(&mut self, outcome: Outcome, to: &str) -> Option<Refusal> {
        let for_now = match outcome {
            Outcome::Refused => return Some(Refusal::NOT_ROUTABLE),
            Outcome::OptedOut => return Some(Refusal::OPTED_OUT),
            Outcome::SpendLimit => return Some(Refusal::SPEND_LIMIT),
            Outcome::SenderBlocked => return Some(Refusal::SENDER_UNREGISTERED),
            Outcome::RefusedForNow => Refusal::UNDELIVERABLE,
            Outcome::Throttled => Refusal::TOO_MANY_REQUESTS,
            Outcome::Delivered
            | Outcome::Undelivered
            | Outcome::Slow
            | Outcome::NoAnswer
            | Outcome::Cut
            | Outcome::BadGateway
            | Outcome::ReceiptTwice
            | Outcome::ReceiptFirst
            | Outcome::ReceiptsReversed
            | Outcome::NoReceipt
            | Outcome::InboundAlto => return None,
        };
        // Who could not be remembered would be held back for ever.
        if self.held_back.remove(to) || self.held_back.len() >= HELD_BACK_MAX {
            return None;
        }
        self.held_back.insert(to.into());
        Some(for_now)
    }

    /// Counts a request, and tells whether it is one too many of its second.
    fn is_over_rate(&mut self, rate: u32, now: Instant) -> bool {
        if rate == 0 {
            return false;
        }
        let (began, count) = self.second.get_or_insert((now, 0));
        if now.duration_since(*began) >= Duration::from_secs(1) {
            (*began, *count) = (now, 0);
        }
        let is_over = *count >= rate;
        *count += u32::from(!is_over);
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_as_many_requests_as_the_rate_and_no_more() {
        let (mut desk, start) = (Desk::default(), Instant::now());
        let over = |desk: &mut Desk, ms| desk.is_over_rate(2, start + Duration::from_millis(ms));
        assert!(!over(&mut desk, 0) && !over(&mut desk, 500));
        assert!(over(&mut desk, 600) && over(&mut desk, 999));
        assert!(!over(&mut desk, 1000) && !over(&mut desk, 1001) && over(&mut desk, 1002));
        assert!(!desk.is_over_rate(0, start));
    }
}
