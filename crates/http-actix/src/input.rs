//! What comes in: bodies, queries and paths, each refused by a problem that says where.

use std::future::{Future, Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::{PathError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, IF_MATCH, X_FORWARDED_FOR};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use domain::access::Asker;
use domain::identity::Role;
use domain::request::{Actor, Envelope, IdempotencyKey};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::frame::RequestId;
use crate::options::Edge;
use crate::problem::Problem;
use crate::strict::Strict;

/// A body of JSON, and the hash that tells two requests with one Idempotency-Key apart.
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) sha256: [u8; 32],
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_json = is_json(kind);
        let (method, path) = (request.method().clone(), request.path().to_owned());
        let within = request.app_data::<web::Data<Edge>>().map(|edge| edge.body_timeout);
        Box::pin(async move {
            if !is_json {
                let detail = "give the body as JSON in UTF-8, with content-type: application/json";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into());
            }
            let bytes = match within {
                Some(within) => tokio::time::timeout(within, bytes).await.map_err(|_| too_slow())??,
                None => bytes.await?,
            };
            Ok(Self { value: parse(&bytes)?, sha256: fingerprint(method.as_str(), &path, &bytes) })
        })
    }
}

/// Whether a content type is JSON, in the one charset that it may have (RFC 8259).
fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|part| match part.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) | None => true,
        })
}

/// The connection is closed: what is left of the body would be taken for the next request.
fn too_slow() -> Problem {
    let detail = "the body took longer to come in than it may (limits.body_timeout_ms)";
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = read(bytes)?;
    // What is thrown away or kept as it is, the types above have not looked into.
    read::<Strict>(bytes)?;
    Ok(value)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::unprocessable(pointer, without_place(&inner.to_string()))
        } else {
            Problem::bad_request("the body is not JSON").with(pointer, inner.to_string())
        }
    })?;
    reader.end().map_err(|error| Problem::bad_request("the body is not JSON").with("", error.to_string()))?;
    Ok(value)
}

/// serde's words without the line and column, which say nothing to a program.
fn without_place(words: &str) -> &str {
    words.split(" at line ").next().unwrap_or(words)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{key}"),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

fn fingerprint(method: &str, path: &str, body: &[u8]) -> [u8; 32] {
    hasher(method, path).chain_update(body).finalize().into()
}

fn hasher(method: &str, path: &str) -> Sha256 {
    let mut hash = Sha256::new();
    for part in [method, "\n", path, "\n"] {
        hash.update(part);
    }
    hash
}

/// Who asks what, before it is known whether they may.
pub(crate) struct Asked {
    pub(crate) at: Timestamp,
    pub(crate) request_id: Option<String>,
    pub(crate) remote_addr: Option<IpAddr>,
    key: Option<String>,
    method: String,
    path: String,
}

impl Asked {
    /// The envelope of what `who` asks.
    pub(crate) fn by(&self, who: &Asker) -> Envelope {
        self.envelope(who.actor().0, None)
    }

    /// The envelope of what nobody who is signed in asks.
    pub(crate) fn by_nobody(&self, actor: &str) -> Envelope {
        self.envelope(actor.to_owned(), None)
    }

    /// The envelope of something that is created or started, with the caller's key if one was given. Of a request without
    /// a body `body_sha256` is `None`.
    pub(crate) fn once_by(&self, who: &Asker, body_sha256: Option<[u8; 32]>) -> Result<Envelope, Problem> {
        let hash = body_sha256.unwrap_or_else(|| fingerprint(&self.method, &self.path, b""));
        let key = self.key.as_deref().map(|key| IdempotencyKey::parse(key, hash)).transpose();
        let key = key.map_err(|invalid| Problem::bad_request(invalid.to_string()))?;
        Ok(self.envelope(who.actor().0, key))
    }

    /// What a body that comes in pieces is hashed by, to tell two requests with one Idempotency-Key apart.
    pub(crate) fn hasher(&self) -> Sha256 {
        hasher(&self.method, &self.path)
    }

    fn envelope(&self, actor: String, idempotency: Option<IdempotencyKey>) -> Envelope {
        Envelope {
            actor: Actor(actor),
            idempotency,
            at: self.at,
            request_id: self.request_id.clone(),
            remote_addr: self.remote_addr,
        }
    }
}

impl FromRequest for Asked {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(edge) = request.app_data::<web::Data<Edge>>() else {
            return ready(Err(
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server is not set up").into()
            ));
        };
        let header = |name: &str| {
            request.headers().get(name).map(|value| value.to_str().unwrap_or("\u{0}").to_owned())
        };
        ready(Ok(Self {
            at: edge.clock.now(),
            request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
            remote_addr: remote_addr(request.headers(), request.peer_addr(), edge.forwarded_hops),
            key: header("idempotency-key"),
            method: request.method().to_string(),
            path: request.path().to_owned(),
        }))
    }
}

/// Where a request comes from: the peer, or what the last of our proxies says. What stands further left in the header was
/// written by whoever asked, and is not believed.
pub(crate) fn remote_addr(headers: &HeaderMap, peer: Option<SocketAddr>, hops: usize) -> Option<IpAddr> {
    let peer = peer.map(|peer| peer.ip());
    if hops == 0 {
        return peer;
    }
    // A proxy may add to the header or add a header: both are one list.
    let lines: Vec<&str> =
        headers.get_all(X_FORWARDED_FOR).map(|line| line.to_str().unwrap_or_default()).collect();
    let list = lines.join(",");
    list.rsplit(',').nth(hops - 1).and_then(|address| address.trim().parse().ok()).or(peer)
}

/// The version that a change is meant for: what `If-Match` has between its quotation marks; `*`, like no header, is any.
pub(crate) fn meant<T>(
    request: &HttpRequest,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let given = request.headers().get(IF_MATCH).map(|given| given.to_str().unwrap_or_default().trim());
    let Some(given) = given.filter(|given| *given != "*") else { return Ok(None) };
    let etag = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    etag.and_then(read).map(Some).ok_or_else(|| {
        Problem::bad_request("If-Match cannot be taken as it is; give the ETag that the resource came with")
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that actix asks for")]
pub(crate) fn refuse_query(error: QueryPayloadError, _: &HttpRequest) -> Error {
    Problem::bad_request("the query cannot be taken as it is").with("", error.to_string()).into()
}

pub(crate) fn refuse_path(_: PathError, _: &HttpRequest) -> Error {
    Problem::not_found("there is nothing at this address: the id is none").into()
}

/// Personal data is shown whole from this role on.
pub(crate) fn sees_whole(who: &Asker) -> bool {
    who.role() >= Role::Operator
}
