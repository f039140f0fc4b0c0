//! A provider that is a list.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::message::AttemptRef;
use domain::phone::PhoneNumber;
use domain::port::{OutboundMessage, SendOutcome, SmsGateway};

use crate::contract::sms_gateway::{GatewayHarness, ProviderConduct};

/// [`SmsGateway`] over a provider in memory. Copies of it are of the same provider.
#[derive(Debug, Clone, Default)]
pub struct FakeGateway(Arc<Mutex<Provider>>);

#[derive(Debug, Default)]
struct Provider {
    conduct: HashMap<PhoneNumber, ProviderConduct>,
    /// Numbers of which the first message was refused.
    refused: HashSet<PhoneNumber>,
    taken: Vec<AttemptRef>,
}

impl Provider {
    /// Whether it is the first message to this number.
    fn is_first(&mut self, to: PhoneNumber) -> bool {
        self.refused.insert(to)
    }

    fn take(&mut self, attempt: AttemptRef) -> SendOutcome {
        self.taken.push(attempt);
        SendOutcome::Accepted { provider_id: format!("fake-{}", self.taken.len()) }
    }
}

impl FakeGateway {
    fn provider(&self) -> MutexGuard<'_, Provider> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SmsGateway for FakeGateway {
    async fn send(&self, message: OutboundMessage) -> SendOutcome {
        let mut provider = self.provider();
        let reason = |word: &str| word.to_owned();
        match provider.conduct.get(&message.to).copied().unwrap_or(ProviderConduct::Takes) {
            ProviderConduct::TakesUnheard => {
                provider.take(message.attempt);
                SendOutcome::Unknown { reason: reason("timeout") }
            }
            ProviderConduct::Refuses => {
                SendOutcome::Refused { reason: reason("invalid_number"), opted_out: false }
            }
            ProviderConduct::RefusesOptedOut => {
                SendOutcome::Refused { reason: reason("opted_out"), opted_out: true }
            }
            ProviderConduct::RefusesForNow if provider.is_first(message.to) => {
                SendOutcome::NotSent { reason: reason("destination_unavailable") }
            }
            ProviderConduct::Throttles if provider.is_first(message.to) => {
                SendOutcome::Throttled { retry_after: None }
            }
            ProviderConduct::Blocks => SendOutcome::AccountBlocked { reason: reason("out_of_credit") },
            ProviderConduct::BlocksSender => {
                SendOutcome::SenderBlocked { reason: reason("sender_unregistered") }
            }
            ProviderConduct::Takes | ProviderConduct::RefusesForNow | ProviderConduct::Throttles => {
                provider.take(message.attempt)
            }
        }
    }
}

#[async_trait]
impl GatewayHarness for FakeGateway {
    fn gateway(&self) -> Arc<dyn SmsGateway> {
        Arc::new(self.clone())
    }

    async fn conduct(&self, to: PhoneNumber, conduct: ProviderConduct) {
        self.provider().conduct.insert(to, conduct);
    }

    async fn taken(&self) -> Vec<AttemptRef> {
        self.provider().taken.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::sms_gateway_contract!(FakeGateway::default());
}
