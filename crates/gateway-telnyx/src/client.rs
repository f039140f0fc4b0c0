//! The client that Telnyx is called by, and where it is called.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use crate::gateway::{TelnyxGatewayError, TelnyxOptions};

/// The most that is read of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a connection lies idle before we close it: sooner than the other side would, for a request written to a
/// connection that is being closed may or may not have arrived.
const IDLE: Duration = Duration::from_secs(20);

/// Nothing is connected yet. No call is repeated, and no redirect is followed.
pub(crate) fn client(options: &TelnyxOptions) -> Result<Client, TelnyxGatewayError> {
    Client::builder()
        .user_agent(concat!("pregon/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        // A proxy would be read from the environment, which is the settings' to read.
        .no_proxy()
        .http1_only()
        .retry(reqwest::retry::never())
        .connect_timeout(options.connect_timeout)
        .timeout(options.request_timeout)
        .pool_max_idle_per_host(options.connections_max)
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
