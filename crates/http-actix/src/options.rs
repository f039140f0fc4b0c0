//! What bounds the server, and what every request is given of it.

use std::sync::Arc;
use std::time::Duration;

use domain::port::{Clock, Ids, RateLimiter};

use crate::limits::{HeavyRequests, Limits, RequestRates};

/// What bounds the server.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Threads that serve; one a core when `None`.
    pub workers: Option<usize>,
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// The longest path and query together, in bytes.
    pub target_bytes_max: usize,
    /// The longest headers, in bytes.
    pub headers_bytes_max: usize,
    /// How long the headers of a request may take to come in.
    pub header_timeout: Duration,
    /// How long its body may.
    pub body_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How often may be asked.
    pub rates: RequestRates,
    /// How much of what is heavy goes on at once.
    pub heavy: HeavyRequests,
    /// From how many bytes on an answer is compressed.
    pub compress_bytes_min: u64,
    /// How long a file may take to come in.
    pub upload_timeout: Duration,
    /// How long a connection without a request is kept.
    pub keep_alive: Duration,
    /// How long requests may go on when the server is to end.
    pub shutdown_timeout: Duration,
    /// How many streams of progress go on at once.
    pub streams_max: usize,
    /// Our proxies before the server, whose word on where a request comes from is believed.
    pub forwarded_hops: usize,
    /// Web sites whose pages may ask from a browser.
    pub cors_origins: Vec<String>,
}

/// What stands around every request.
pub(crate) struct Edge {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) limits: Limits,
    pub(crate) target_bytes_max: usize,
    pub(crate) headers_bytes_max: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) compress_bytes_min: u64,
    pub(crate) request_timeout: Duration,
    pub(crate) upload_timeout: Duration,
    pub(crate) forwarded_hops: usize,
}

impl Edge {
    pub(crate) fn new(
        options: &HttpOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        limiter: Arc<dyn RateLimiter>,
    ) -> Self {
        Self {
            clock,
            ids,
            limits: Limits::new(limiter, options.rates, options.heavy),
            target_bytes_max: options.target_bytes_max,
            headers_bytes_max: options.headers_bytes_max,
            body_timeout: options.body_timeout,
            compress_bytes_min: options.compress_bytes_min,
            request_timeout: options.request_timeout,
            upload_timeout: options.upload_timeout,
            forwarded_hops: options.forwarded_hops,
        }
    }
}
