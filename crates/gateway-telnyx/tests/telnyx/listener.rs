//! A listener for webhooks: takes what is posted, answers 200, keeps it.

use std::time::Duration;

use domain::port::{ProviderEvent, ProviderWebhooks, WebhookPost, WebhookRefused};
use gateway_telnyx::TelnyxWebhooks;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The longest that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) query: String,
    headers: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of_line = |line: &'_ str| line.split_once(": ").map(|(name, _)| name.to_lowercase());
        self.headers
            .lines()
            .find(|line| of_line(line).as_deref() == Some(name))
            .and_then(|line| line.split_once(": "))
            .map(|(_, value)| value)
    }

    /// Reads one request from a connection.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let head_ends = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8(bytes[..head_ends].to_vec()).ok()?;
        let (line, headers) = head.split_once("\r\n")?;
        let target = line.split(' ').nth(1)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.to_owned(),
            body: bytes[head_ends + 4..].to_vec(),
        };
        let length: usize = request.header("content-length")?.parse().ok()?;
        while request.body.len() < length {
            if stream.read_buf(&mut request.body).await.ok()? == 0 {
                return None;
            }
        }
        Some(request)
    }
}

pub(crate) struct Listener {
    pub(crate) url: String,
    posted: mpsc::Receiver<Request>,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (keep, posted) = mpsc::channel(100);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = socket.accept().await {
                let keep = keep.clone();
                tokio::spawn(async move {
                    let Some(request) = Request::read(&mut stream).await else { return };
                    // Kept before it is answered, so that what came first is first.
                    keep.send(request).await.unwrap();
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                });
            }
        });
        Self { url, posted }
    }

    /// The next webhook, read as the product reads it.
    pub(crate) async fn next(&mut self, reader: &TelnyxWebhooks) -> Result<ProviderEvent, WebhookRefused> {
        let request = timeout(PATIENCE, self.posted.recv()).await.unwrap().unwrap();
        assert_eq!(request.path, "/webhooks/telnyx");
        let timestamp = request.header("telnyx-timestamp");
        // Signed within the test, so that its own time is near enough to now.
        let now = timestamp
            .and_then(|seconds| seconds.parse().ok())
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .unwrap_or_default();
        reader.read(
            WebhookPost {
                signature: request.header("telnyx-signature-ed25519"),
                timestamp,
                query: &request.query,
                body: &request.body,
            },
            now,
        )
    }

    /// Whether everything that was posted has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.posted.is_empty()
    }
}
