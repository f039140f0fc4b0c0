//! What every gateway owes, by this one against the sandbox.

use std::sync::Arc;

use async_trait::async_trait;
use domain::message::AttemptRef;
use domain::port::SmsGateway;
use telnyx_sandbox::{Outcome, OutcomeOf, Sandbox, SandboxOptions};
use testkit::contract::sms_gateway::{GatewayHarness, ProviderConduct};

use super::*;

struct AgainstSandbox {
    sandbox: Sandbox,
    gateway: Arc<TelnyxGateway>,
}

async fn against_sandbox() -> AgainstSandbox {
    let options = SandboxOptions { api_key: Some(KEY.to_owned()), ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.script(OutcomeOf::Everything, Some(Outcome::Delivered)).unwrap();
    // Nobody listens to its receipts.
    let gateway = Arc::new(gateway(&sandbox.url(), "http://127.0.0.1:9"));
    AgainstSandbox { sandbox, gateway }
}

#[async_trait]
impl GatewayHarness for AgainstSandbox {
    fn gateway(&self) -> Arc<dyn SmsGateway> {
        self.gateway.clone()
    }

    async fn conduct(&self, to: PhoneNumber, conduct: ProviderConduct) {
        let outcome = match conduct {
            ProviderConduct::Takes => Outcome::Delivered,
            ProviderConduct::TakesUnheard => Outcome::Cut,
            ProviderConduct::Refuses => Outcome::Refused,
            ProviderConduct::RefusesOptedOut => Outcome::OptedOut,
            ProviderConduct::RefusesForNow => Outcome::RefusedForNow,
            ProviderConduct::Throttles => Outcome::Throttled,
            ProviderConduct::Blocks => Outcome::SpendLimit,
            ProviderConduct::BlocksSender => Outcome::SenderBlocked,
        };
        self.sandbox.script(OutcomeOf::Number(to.e164().to_string()), Some(outcome)).unwrap();
    }

    async fn taken(&self) -> Vec<AttemptRef> {
        let lines = self.sandbox.ledger().into_iter();
        lines.map(|line| line.reference.unwrap().parse().unwrap()).collect()
    }
}

testkit::sms_gateway_contract!(against_sandbox().await);
