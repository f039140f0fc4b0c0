//! The section `[limits]`.

use std::time::Duration;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// How much of whom, and how much at once, the api takes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Requests of one user.
    pub user: RequestPace,
    /// Requests from one address.
    pub address: RequestPace,
    /// How much of both one api grants by itself while Redis is away, in percent.
    pub local_percent: u8,
    /// How many users and addresses it counts then.
    pub local_keys_max: usize,
    /// How many heavy requests go on at once.
    pub heavy_max: usize,
    /// How long one more waits for another to end.
    pub heavy_wait: Duration,
    /// The longest path and query together, in bytes.
    pub target_bytes_max: usize,
    /// The longest headers, in bytes.
    pub headers_bytes_max: usize,
    /// How long the headers of a request may take to come in.
    pub header_timeout: Duration,
    /// How long its body may.
    pub body_timeout: Duration,
}

/// So many requests a second in the long run, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestPace {
    /// In the long run; 0 is as many as one likes.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<LimitSettings, Refused> {
    let pace = |reader: &mut Reader<'_>, per_second, burst| {
        let per_second = reader.whole(per_second, 0_u32..=100_000, "requests a second");
        let burst = reader.whole(burst, 1_u32..=1_000_000, "requests");
        Ok::<_, Refused>(RequestPace { per_second: per_second?, burst: burst? })
    };
    let user = pace(reader, entry!(raw, limits.user_per_second), entry!(raw, limits.user_burst));
    let address = pace(reader, entry!(raw, limits.address_per_second), entry!(raw, limits.address_burst));
    let local_percent = reader.whole(entry!(raw, limits.local_percent), 1_u8..=100, "percent");
    let local_keys_max =
        reader.whole(entry!(raw, limits.local_keys_max), 100_u32..=1_000_000, "users and addresses");
    let heavy_max = reader.whole(entry!(raw, limits.heavy_max), 1_u16..=500, "requests");
    let heavy_wait = reader.whole(entry!(raw, limits.heavy_wait_ms), 0_u32..=10_000, "milliseconds");
    let target_bytes_max = reader.whole(entry!(raw, limits.target_bytes_max), 1024_u32..=65_536, "bytes");
    let headers_bytes_max = reader.whole(entry!(raw, limits.headers_bytes_max), 4096_u32..=65_536, "bytes");
    let header_timeout =
        reader.whole(entry!(raw, limits.header_timeout_ms), 100_u32..=60_000, "milliseconds");
    let body_timeout = reader.whole(entry!(raw, limits.body_timeout_ms), 100_u32..=300_000, "milliseconds");
    Ok(LimitSettings {
        user: user?,
        address: address?,
        local_percent: local_percent?,
        local_keys_max: local_keys_max? as usize,
        heavy_max: heavy_max?.into(),
        heavy_wait: Duration::from_millis(heavy_wait?.into()),
        target_bytes_max: target_bytes_max? as usize,
        headers_bytes_max: headers_bytes_max? as usize,
        header_timeout: Duration::from_millis(header_timeout?.into()),
        body_timeout: Duration::from_millis(body_timeout?.into()),
    })
}
