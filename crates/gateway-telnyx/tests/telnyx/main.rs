//! The gateway and the reader of webhooks against the sandbox, and against servers that misbehave.

#![expect(clippy::unwrap_used, reason = "what fails in here fails a test, and says where")]

mod against_sandbox;
mod against_sockets;
mod contract;
mod listener;
mod looking_up;

use std::sync::Arc;
use std::time::Duration;

use domain::campaign::CampaignId;
use domain::message::{AttemptRef, MessageId};
use domain::phone::PhoneNumber;
use domain::port::{OutboundMessage, SendOutcome};
use domain::sender::{SenderAddress, SenderKind};
use gateway_telnyx::{TelnyxGateway, TelnyxKeys, TelnyxOptions};
use uuid::Uuid;

const KEY: &str = "KEY-of-the-sandbox";

fn keys(account: &str) -> Arc<TelnyxKeys> {
    Arc::new(TelnyxKeys::of_account(&account.into()).unwrap())
}

fn options(api: &str, webhooks: &str) -> TelnyxOptions {
    TelnyxOptions {
        api_base_url: api.to_owned(),
        keys: keys(KEY),
        webhook_base_url: webhooks.to_owned(),
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(3),
        connections_max: 8,
    }
}

fn gateway(api: &str, webhooks: &str) -> TelnyxGateway {
    TelnyxGateway::new(&options(api, webhooks)).unwrap()
}

fn attempt(seq: u32, attempt: u16) -> AttemptRef {
    let campaign = CampaignId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
    AttemptRef { message: MessageId { campaign, seq }, attempt }
}

fn message(attempt: AttemptRef, number: &str) -> OutboundMessage {
    OutboundMessage {
        attempt,
        to: PhoneNumber::parse(number).unwrap(),
        from: SenderAddress { kind: SenderKind::LongCode, value: "+525500000001".to_owned() },
        text: "¡Hoy 2×1! Responde ALTO para no recibir más".to_owned(),
    }
}

fn unknown(reason: &str) -> SendOutcome {
    SendOutcome::Unknown { reason: reason.to_owned() }
}

fn not_sent(reason: &str) -> SendOutcome {
    SendOutcome::NotSent { reason: reason.to_owned() }
}

fn out_of_reach(reason: &str) -> SendOutcome {
    SendOutcome::Unreachable { reason: reason.to_owned() }
}
