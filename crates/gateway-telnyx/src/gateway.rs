//! One call for one attempt.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::port::{OutboundMessage, SendOutcome, SmsGateway};
use domain::sender::SenderKind;
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::{Client, Url};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::answer::{Answer, unknown};
use crate::client::{TelnyxGatewayError, address, client, read_body};
use crate::keys::TelnyxKeys;

/// How Telnyx is reached.
#[derive(Debug, Clone)]
pub struct TelnyxOptions {
    /// Where its API is, as in `https://api.telnyx.com`.
    pub api_base_url: String,
    /// The key of the account, and those of senders that have their own.
    pub keys: Arc<TelnyxKeys>,
    /// Where Telnyx reaches us, as in `https://sms.example.mx`: receipts go to `/webhooks/telnyx` there.
    pub webhook_base_url: String,
    /// How long a connection may take to be made; a call waits as long for its turn.
    pub connect_timeout: Duration,
    /// How long a call may take as a whole once its turn has come; more than `connect_timeout`.
    pub request_timeout: Duration,
    /// The most calls that are under way at once.
    pub connections_max: usize,
}

impl TelnyxOptions {
    pub(crate) fn timeouts(&self) -> (Duration, Duration) {
        (self.connect_timeout, self.request_timeout)
    }
}

/// Hands messages to Telnyx: one call an attempt, nothing repeated, no redirect followed.
pub struct TelnyxGateway {
    client: Client,
    keys: Arc<TelnyxKeys>,
    messages: Url,
    webhooks: Url,
    calls: Semaphore,
    turn_timeout: Duration,
}

/// Shows neither key nor address.
impl fmt::Debug for TelnyxGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelnyxGateway").finish_non_exhaustive()
    }
}

impl TelnyxGateway {
    /// Makes a gateway; nothing is connected yet.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn new(options: &TelnyxOptions) -> Result<Self, TelnyxGatewayError> {
        Ok(Self {
            client: client(options.timeouts(), options.connections_max)?,
            keys: Arc::clone(&options.keys),
            messages: address(&options.api_base_url, ["v2", "messages"])?,
            webhooks: address(&options.webhook_base_url, ["webhooks", "telnyx"])?,
            calls: Semaphore::new(options.connections_max),
            turn_timeout: options.connect_timeout,
        })
    }

    async fn call(&self, message: &OutboundMessage) -> Result<SendOutcome, reqwest::Error> {
        let attempt = message.attempt.to_string();
        let mut webhook_url = self.webhooks.clone();
        webhook_url.query_pairs_mut().append_pair("ref", &attempt);
        let (from, messaging_profile_id) = match message.from.kind {
            SenderKind::LongCode | SenderKind::ShortCode | SenderKind::Alphanumeric => {
                (Some(message.from.value.as_str()), None)
            }
            SenderKind::Profile => (None, Some(message.from.value.as_str())),
        };
        let to = message.to.e164();
        let body = NewMessage {
            to: to.as_str(),
            from,
            messaging_profile_id,
            text: &message.text,
            kind: "SMS",
            webhook_url: webhook_url.as_str(),
            use_profile_webhooks: false,
        };
        let request = self.client.post(self.messages.clone());
        let key = self.keys.of_sender(&message.from.value);
        let request = request.header(AUTHORIZATION, key).header("idempotency-key", &attempt).json(&body);
        let mut response = request.send().await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = read_body(&mut response).await;
        Ok(Answer { status, retry_after: retry_after.as_deref(), body: body.as_deref() }.outcome())
    }
}

#[async_trait]
impl SmsGateway for TelnyxGateway {
    async fn send(&self, message: OutboundMessage) -> SendOutcome {
        let Ok(Ok(_turn)) = timeout(self.turn_timeout, self.calls.acquire()).await else {
            return SendOutcome::NotSent { reason: "no_free_connection".to_owned() };
        };
        match self.call(&message).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let outcome = without_answer(&error);
                tracing::debug!(attempt = %message.attempt, ?outcome, "telnyx gave no answer");
                outcome
            }
        }
    }
}

/// A new message, as `POST /v2/messages` takes it.
#[derive(Serialize)]
struct NewMessage<'a> {
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messaging_profile_id: Option<&'a str>,
    text: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    webhook_url: &'a str,
    use_profile_webhooks: bool,
}

/// What a call that brought no answer says. Certainty is where no connection was made, and there alone: a pooled one
/// may be closed by the other side while we write to it.
fn without_answer(error: &reqwest::Error) -> SendOutcome {
    if error.is_connect() {
        SendOutcome::Unreachable { reason: "connect_failed".to_owned() }
    } else if error.is_builder() {
        SendOutcome::NotSent { reason: "request_not_built".to_owned() }
    } else if error.is_timeout() {
        unknown("timeout")
    } else {
        unknown("connection_lost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> TelnyxOptions {
        TelnyxOptions {
            api_base_url: "https://api.telnyx.com/".to_owned(),
            keys: Arc::new(TelnyxKeys::of_account(&"KEY-planted".into()).unwrap()),
            webhook_base_url: "https://sms.example.mx".to_owned(),
            connect_timeout: Duration::from_secs(1),
            request_timeout: Duration::from_secs(2),
            connections_max: 2,
        }
    }

    #[test]
    fn no_debug_and_no_error_shows_the_key() {
        let gateway = TelnyxGateway::new(&options()).unwrap();
        assert_eq!(gateway.messages.as_str(), "https://api.telnyx.com/v2/messages");
        assert!(!format!("{gateway:?} {:?}", options()).contains("planted"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_before_anything_is_sent() {
        for bad in ["", "api.telnyx.com", "ftp://api.telnyx.com", "https://", "https://h?x=1"] {
            for options in [
                TelnyxOptions { api_base_url: bad.to_owned(), ..options() },
                TelnyxOptions { webhook_base_url: bad.to_owned(), ..options() },
            ] {
                let error = TelnyxGateway::new(&options).unwrap_err();
                assert!(matches!(error, TelnyxGatewayError::BadAddress), "{bad}");
            }
        }
    }
}
