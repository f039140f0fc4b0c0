//! What bounds the server, from the settings.

use std::num::NonZeroU32;

use domain::rate::RateLimit;
use http_actix::{HeavyRequests, HttpOptions, RequestRates};
use settings::{RequestPace, Settings};

/// Connections that heavy requests leave to all others.
const CONNECTIONS_LEFT: usize = 2;

/// What bounds the server.
pub(crate) fn options(settings: &Settings) -> HttpOptions {
    let (http, limits) = (&settings.http, &settings.limits);
    let pool_size_max = settings.database().map_or(limits.heavy_max, |database| database.pool_size_max);
    HttpOptions {
        workers: http.workers,
        body_bytes_max: http.body_bytes_max,
        target_bytes_max: limits.target_bytes_max,
        headers_bytes_max: limits.headers_bytes_max,
        header_timeout: limits.header_timeout,
        body_timeout: limits.body_timeout,
        request_timeout: http.request_timeout,
        rates: RequestRates { user: rate(limits.user), address: rate(limits.address) },
        heavy: HeavyRequests {
            at_once_max: heavy_max(limits.heavy_max, pool_size_max),
            wait: limits.heavy_wait,
        },
        compress_bytes_min: http.compress_bytes_min.into(),
        upload_timeout: settings.jobs.upload_timeout,
        keep_alive: http.keep_alive,
        shutdown_timeout: http.shutdown_timeout,
        streams_max: http.streams_max,
        forwarded_hops: http.forwarded_hops,
        cors_origins: http.cors_origins.clone(),
    }
}

/// No limit where none is set.
fn rate(pace: RequestPace) -> Option<RateLimit> {
    let (per_second, burst) = (NonZeroU32::new(pace.per_second)?, NonZeroU32::new(pace.burst)?);
    Some(RateLimit { per_second, burst })
}

fn heavy_max(wanted: usize, pool_size_max: usize) -> usize {
    wanted.min(pool_size_max.saturating_sub(CONNECTIONS_LEFT)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_requests_leave_connections_to_the_others() {
        assert_eq!([heavy_max(12, 16), heavy_max(12, 8), heavy_max(12, 1)], [12, 6, 1]);
    }
}
