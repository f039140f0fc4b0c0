//! How Telnyx is called: one client for all that is asked of it.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

/// The most that is read of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a connection lies idle before we close it: sooner than the other side would, for a request written to a
/// connection that is being closed may or may not have arrived.
const IDLE: Duration = Duration::from_secs(20);

/// Why a gateway cannot be made. No value is repeated.
#[derive(Debug, thiserror::Error)]
pub enum TelnyxGatewayError {
    /// One of the addresses is none.
    #[error("cannot reach telnyx: an address is not a URL of http or https")]
    BadAddress,
    /// The key cannot stand in a header.
    #[error("cannot reach telnyx: the key holds what no key does")]
    BadKey,
    /// The client could not be made.
    #[error("cannot reach telnyx: its client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// A client that makes a call once: nothing is repeated, no redirect followed. The times are those of a connection and of a whole call.
pub(crate) fn client(
    (connect_timeout, request_timeout): (Duration, Duration),
    connections_max: usize,
) -> Result<Client, TelnyxGatewayError> {
    Client::builder()
        .user_agent(concat!("pregon/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        // A proxy would be read from the environment, which is the settings' to read.
        .no_proxy()
        .http1_only()
        .retry(reqwest::retry::never())
        .connect_timeout(connect_timeout)
        .timeout(request_timeout)
        .pool_max_idle_per_host(connections_max)
        .pool_idle_timeout(IDLE)
        .build()
        .map_err(TelnyxGatewayError::Client)
}

/// The whole body; none where it breaks off, or is larger than any answer should be.
pub(crate) async fn read_body(response: &mut Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// An address under `base`.
pub(crate) fn address(base: &str, path: [&str; 2]) -> Result<Url, TelnyxGatewayError> {
    let mut url = Url::parse(base).map_err(|_| TelnyxGatewayError::BadAddress)?;
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    match url.path_segments_mut() {
        Ok(mut segments) if is_usable => {
            segments.pop_if_empty().extend(path);
        }
        _ => return Err(TelnyxGatewayError::BadAddress),
    }
    Ok(url)
}
