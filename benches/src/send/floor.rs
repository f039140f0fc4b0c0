//! What sending takes without a database and a queue: the same posts, and their receipts, verified and counted.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::port::{Clock as _, ProviderWebhooks as _, WebhookPost};
use futures::{StreamExt, TryStreamExt, stream};
use gateway_telnyx::TelnyxWebhooks;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use system::SystemClock;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uuid::Uuid;

/// Posts that are under way at once.
pub(super) const IN_FLIGHT: usize = 1_000;
/// Each message is sent and delivered.
const RECEIPTS_PER_MESSAGE: u32 = 2;
/// How long the last receipts may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Takes receipts.
struct Receiver {
    webhooks: TelnyxWebhooks,
    /// A permit for each.
    taken: Semaphore,
}

impl Receiver {
    async fn take(&self, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let post = WebhookPost {
            signature: header("telnyx-signature-ed25519"),
            timestamp: header("telnyx-timestamp"),
            query: head.uri.query().unwrap_or_default(),
            body: &body,
        };
        let status = match self.webhooks.read(post, SystemClock.now()) {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::UNAUTHORIZED,
        };
        if status == StatusCode::OK {
            self.taken.add_permits(1);
        }
        let mut answer = Response::new(Empty::new());
        *answer.status_mut() = status;
        Ok(answer)
    }

    async fn serve(self: Arc<Self>, listener: TcpListener) {
        while let Ok((connection, _)) = listener.accept().await {
            let receiver = Arc::clone(&self);
            tokio::spawn(async move {
                let take = service_fn(|request| receiver.take(request));
                drop(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(connection), take)
                        .await,
                );
            });
        }
    }
}

/// Posts so many messages and waits for their receipts; in how many seconds.
pub(super) async fn measure(http: &reqwest::Client, sandbox_url: &str, messages: u32) -> Result<f64> {
    let answer: Value = http.get(format!("{sandbox_url}/admin/public-key")).send().await?.json().await?;
    let public_key = answer["public_key"].as_str().context("the sandbox tells no public key")?;
    let receiver =
        Arc::new(Receiver { webhooks: TelnyxWebhooks::new(&[public_key])?, taken: Semaphore::new(0) });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen for receipts")?;
    let receipts_url = format!("http://{}/webhooks/telnyx", listener.local_addr()?);
    let serving = tokio::spawn(Arc::clone(&receiver).serve(listener));
    let url: Arc<str> = format!("{sandbox_url}/v2/messages").into();
    let campaign = Uuid::from_u128(7);
    let started = Instant::now();
    stream::iter(0..messages)
        .map(|n| {
            let (http, url) = (http.clone(), Arc::clone(&url));
            let message = json!({
                "from": "PREGON", "to": format!("+5233{n:08}"), "type": "SMS",
                "text": format!("Hola Persona {n}: hoy 20% de promocion. Responde ALTO para no recibir mas."),
                "webhook_url": format!("{receipts_url}?ref={campaign}-{n}-1"),
            });
            async move {
                let answer = http.post(&*url).bearer_auth("KEY-of-the-sandbox").json(&message).send().await?;
                answer.error_for_status()?.bytes().await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    let all = receiver.taken.acquire_many(messages * RECEIPTS_PER_MESSAGE);
    timeout(PATIENCE, all).await.context("not all receipts of the floor came")??.forget();
    let seconds = started.elapsed().as_secs_f64();
    serving.abort();
    Ok(seconds)
}
