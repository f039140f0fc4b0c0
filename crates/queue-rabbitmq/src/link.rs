//! Connections and channels, each call within its time.

use std::future::Future;
use std::time::Duration;

use domain::port::QueueUnavailable;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};

use crate::RabbitOptions;

/// Seconds between two signs of life; a connection that shows none for twice that is gone.
const HEARTBEAT_SECONDS: u16 = 10;

/// Waits for the broker's answer, but not for ever.
pub(crate) async fn within<T>(
    limit: Duration,
    doing: &str,
    call: impl Future<Output = lapin::Result<T>>,
) -> Result<T, QueueUnavailable> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unavailable(doing, error.to_string())),
        Err(_) => Err(unavailable(doing, format!("no answer within {} ms", limit.as_millis()))),
    }
}

pub(crate) fn unavailable(doing: &str, reason: impl Into<String>) -> QueueUnavailable {
    QueueUnavailable { doing: doing.to_owned(), reason: reason.into() }
}

/// A new connection.
pub(crate) async fn connect(options: &RabbitOptions) -> Result<Connection, QueueUnavailable> {
    let doing = "connect to the broker";
    // The parser's own words may quote the address, password and all.
    let mut uri: AMQPUri = options.url.parse().map_err(|_| {
        unavailable(doing, "AMQP_URL is not of the form amqp://user:password@host:port/vhost")
    })?;
    uri.query.heartbeat = Some(HEARTBEAT_SECONDS);
    let properties =
        ConnectionProperties::default().with_connection_name(options.connection_name.as_str().into());
    within(options.connect_timeout, doing, Connection::connect_uri(uri, properties)).await
}
