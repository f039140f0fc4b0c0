//! The section `[http]`.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// How requests are taken, and how long anything about them may take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSettings {
    /// Where requests are taken.
    pub listen: SocketAddr,
    /// How many threads serve them; one a core when not given.
    pub workers: Option<usize>,
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// How long a request may take, its body included.
    pub request_timeout: Duration,
    /// How long a connection without a request is kept.
    pub keep_alive: Duration,
    /// How long requests that are under way may go on when the program is asked to end.
    pub shutdown_timeout: Duration,
    /// How long a server may take to say that it is well.
    pub health_timeout: Duration,
    /// How often another numbering plan is looked for.
    pub plan_refresh: Duration,
    /// How long counts of contacts are kept in the cache.
    pub segment_count: Duration,
    /// How long a segment is counted before it is estimated.
    pub segment_count_timeout: Duration,
    /// How long a search may take.
    pub search_timeout: Duration,
    /// How many streams of progress go on at once.
    pub streams_max: usize,
    /// How many proxies of ours stand before us, each of which adds the address it was asked from.
    pub forwarded_hops: usize,
    /// The web sites whose pages may ask us, as in `https://console.example.mx`.
    pub cors_origins: Vec<String>,
    /// From how many bytes on an answer is compressed.
    pub compress_bytes_min: u32,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<HttpSettings, Refused> {
    let listen = read_listen(reader, raw);
    let workers = match entry!(raw, http.workers) {
        unset if unset.given.is_none() => Ok(None),
        given => {
            reader.whole(given, 1_u16..=64, "a number of threads").map(|number| Some(usize::from(number)))
        }
    };
    let body_bytes_max = reader.whole(entry!(raw, http.body_bytes_max), 1024_u32..=16_777_216, "bytes");
    let request_timeout =
        reader.whole(entry!(raw, http.request_timeout_ms), 100_u32..=300_000, "milliseconds");
    let keep_alive = reader.whole(entry!(raw, http.keep_alive_seconds), 1_u16..=3600, "seconds");
    let shutdown_timeout = reader.whole(entry!(raw, http.shutdown_timeout_seconds), 1_u16..=300, "seconds");
    let health_timeout = reader.whole(entry!(raw, http.health_timeout_ms), 100_u32..=30_000, "milliseconds");
    let plan_refresh = reader.whole(entry!(raw, http.plan_refresh_seconds), 1_u16..=3600, "seconds");
    let segment_count = reader.whole(entry!(raw, http.segment_count_seconds), 1_u16..=3600, "seconds");
    let count_timeout =
        reader.whole(entry!(raw, http.segment_count_timeout_ms), 100_u32..=60_000, "milliseconds");
    let search_timeout = reader.whole(entry!(raw, http.search_timeout_ms), 100_u32..=60_000, "milliseconds");
    let streams_max = reader.whole(entry!(raw, http.streams_max), 1_u16..=10_000, "a number of streams");
    let forwarded_hops = reader.whole(entry!(raw, http.forwarded_hops), 0_u8..=8, "a number of proxies");
    let cors_origins = read_cors_origins(reader, raw);
    let compress_bytes_min =
        reader.whole(entry!(raw, http.compress_bytes_min), 256_u32..=16_777_216, "bytes");
    Ok(HttpSettings {
        listen: listen?,
        workers: workers?,
        body_bytes_max: body_bytes_max? as usize,
        request_timeout: Duration::from_millis(request_timeout?.into()),
        keep_alive: Duration::from_secs(keep_alive?.into()),
        shutdown_timeout: Duration::from_secs(shutdown_timeout?.into()),
        health_timeout: Duration::from_millis(health_timeout?.into()),
        plan_refresh: Duration::from_secs(plan_refresh?.into()),
        segment_count: Duration::from_secs(segment_count?.into()),
        segment_count_timeout: Duration::from_millis(count_timeout?.into()),
        search_timeout: Duration::from_millis(search_timeout?.into()),
        streams_max: streams_max?.into(),
        forwarded_hops: forwarded_hops?.into(),
        cors_origins: cors_origins?,
        compress_bytes_min: compress_bytes_min?,
    })
}

fn read_listen(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<SocketAddr, Refused> {
    let entry = entry!(raw, http.listen);
    let remedy = "give an address and a port, as in 127.0.0.1:8080 or [::1]:8080";
    let text = reader.required_text(entry, remedy)?;
    text.parse().map_err(|_| reader.refuse(entry.key, "is no address to listen at", remedy))
}

fn read_cors_origins(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<Vec<String>, Refused> {
    let entry = entry!(raw, http.cors_origins);
    let Some(text) = reader.text(entry)? else { return Ok(Vec::new()) };
    let origins: Vec<String> =
        text.expose_secret().split(',').map(|origin| origin.trim().to_owned()).collect();
    if origins.iter().all(|origin| is_origin(origin)) {
        Ok(origins)
    } else {
        Err(reader.refuse(
            entry.key,
            "holds something else than origins",
            "give schemes with hosts and nothing behind them, separated by commas, as in \
             https://console.example.mx,http://localhost:5173",
        ))
    }
}

/// Whether `text` is a scheme and a host, with a port perhaps, as browsers write them.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
        !host.is_empty() && host.bytes().all(sound)
    })
}
