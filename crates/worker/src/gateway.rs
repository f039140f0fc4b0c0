//! A gateway that counts what it is answered.

use std::sync::Arc;
use std::time::Instant;

use domain::port::{OutboundMessage, SendOutcome, SmsGateway};

/// Counts the outcomes of another gateway, and how long they took.
pub(crate) struct CountedGateway(pub(crate) Arc<dyn SmsGateway>);

#[async_trait::async_trait]
impl SmsGateway for CountedGateway {
    async fn send(&self, message: OutboundMessage) -> SendOutcome {
        let started = Instant::now();
        let outcome = self.0.send(message).await;
        #[cfg(debug_assertions)]
        let outcome = mutated(outcome);
        let word = match &outcome {
            SendOutcome::Accepted { .. } => "accepted",
            SendOutcome::Refused { .. } => "refused",
            SendOutcome::NotSent { .. } => "not_sent",
            SendOutcome::Unreachable { .. } => "unreachable",
            SendOutcome::Throttled { .. } => "throttled",
            SendOutcome::CannotReach { .. } => "cannot_reach",
            SendOutcome::SenderBlocked { .. } => "sender_blocked",
            SendOutcome::AccountBlocked { .. } => "account_blocked",
            SendOutcome::Unknown { .. } => "unknown",
        };
        metrics::counter!("pregon_attempts_total", "outcome" => word).increment(1);
        metrics::histogram!("pregon_provider_call_seconds").record(started.elapsed().as_secs_f64());
        outcome
    }
}

/// A mistake made on purpose, which the fault proof (`cargo xtask e2e faults --mutants`) must find: what may have been
/// sent is sent again.
#[cfg(debug_assertions)]
fn mutated(outcome: SendOutcome) -> SendOutcome {
    #[expect(clippy::disallowed_methods, reason = "no setting: no released build reads it")]
    static IS_ARMED: std::sync::LazyLock<bool> =
        std::sync::LazyLock::new(|| std::env::var("PREGON_MUTANT").is_ok_and(|name| name == "retry-unknown"));
    match outcome {
        SendOutcome::Unknown { reason } if *IS_ARMED => SendOutcome::NotSent { reason },
        SendOutcome::Accepted { .. }
        | SendOutcome::Refused { .. }
        | SendOutcome::NotSent { .. }
        | SendOutcome::Unreachable { .. }
        | SendOutcome::Throttled { .. }
        | SendOutcome::CannotReach { .. }
        | SendOutcome::SenderBlocked { .. }
        | SendOutcome::AccountBlocked { .. }
        | SendOutcome::Unknown { .. } => outcome,
    }
}
