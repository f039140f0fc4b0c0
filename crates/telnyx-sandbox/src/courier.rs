//! Posts the webhooks: in the order of the outcome, each again until somebody takes it or it was tried often enough.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use serde::Serialize;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::SandboxOptions;
use crate::account::Message;
use crate::clock;
use crate::event;
use crate::signer::Signer;

/// How long the other side may take, as with Telnyx.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// How often the pause between two tries doubles.
const DOUBLINGS_MAX: u32 = 4;

/// How a hand-made webhook is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signed {
    #[default]
    Valid,
    /// Over something else.
    Wrong,
    Missing,
}

/// How the webhooks fare.
#[derive(Debug, Serialize)]
pub(crate) struct Deliveries {
    pending: u64,
    delivered: u64,
    failed: u64,
}

pub(crate) struct Courier {
    client: Client,
    signer: Signer,
    delay: Duration,
    retry: Duration,
    tries_max: u32,
    slots: Arc<Semaphore>,
    /// The next to be posted on top; at most one a message, and those that are tried again.
    queue: Mutex<BinaryHeap<Reverse<Parcel>>>,
    changed: Notify,
    scheduled: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
}

/// One webhook on its way.
struct Parcel {
    due: Instant,
    message: Arc<Message>,
    text: Arc<str>,
    /// Which of the message's events.
    step: usize,
    tries: u32,
}

impl Courier {
    /// A courier, and its rounds, which somebody must run.
    pub(crate) fn new(
        options: &SandboxOptions,
        signer: Signer,
    ) -> Result<(Arc<Self>, impl Future<Output = ()> + Send + use<>), reqwest::Error> {
        let at_once = options.webhooks_at_once.max(1);
        let client = Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(Policy::none())
            .timeout(ANSWER_TIMEOUT)
            .pool_max_idle_per_host(at_once)
            .build()?;
        let courier = Arc::new(Self {
            client,
            signer,
            delay: options.webhook_delay,
            retry: options.webhook_retry,
            tries_max: options.webhook_tries_max.max(1),
            slots: Arc::new(Semaphore::new(at_once)),
            queue: Mutex::default(),
            changed: Notify::new(),
            scheduled: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        let rounds = Arc::clone(&courier).rounds();
        Ok((courier, rounds))
    }

    pub(crate) fn public_key(&self) -> &str {
        self.signer.public_key()
    }

    /// Sends the events of a message on their way, the first after `delay`.
    pub(crate) fn send(&self, message: &Arc<Message>, text: Box<str>, delay: Duration) {
        let events = message.outcome.events();
        if events.is_empty() || message.webhook_url.is_none() {
            message.all_tried.notify_one();
            return;
        }
        self.scheduled.fetch_add(events.len() as u64, Ordering::Relaxed);
        self.put(Parcel {
            due: Instant::now() + delay,
            message: Arc::clone(message),
            text: text.into(),
            step: 0,
            tries: 0,
        });
    }

    /// Posts `body` once, signed for `timestamp`, and tells the status of the answer.
    pub(crate) async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        timestamp: i64,
        signed: Signed,
    ) -> Result<u16, reqwest::Error> {
        let mut request = self.client.post(url).header("content-type", "application/json");
        let signature = match signed {
            Signed::Valid => Some(self.signer.sign(timestamp, &body)),
            Signed::Wrong => Some(self.signer.sign(timestamp, b"something else")),
            Signed::Missing => None,
        };
        if let Some(signature) = signature {
            request = request
                .header("telnyx-timestamp", timestamp.to_string())
                .header("telnyx-signature-ed25519", signature);
        }
        Ok(request.body(body).send().await?.status().as_u16())
    }

    pub(crate) fn deliveries(&self) -> Deliveries {
        let delivered = self.delivered.load(Ordering::Relaxed);
        let failed = self.failed.load(Ordering::Relaxed);
        let scheduled = self.scheduled.load(Ordering::Relaxed);
        Deliveries { pending: scheduled.saturating_sub(delivered + failed), delivered, failed }
    }

    async fn rounds(self: Arc<Self>) {
        loop {
            let Some(parcel) = self.next_due().await else { continue };
            // Never closed, so that there is always a slot to wait for.
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
            let courier = Arc::clone(&self);
            tokio::spawn(async move {
                courier.deliver(parcel).await;
                drop(slot);
            });
        }
    }

    /// The next parcel once its time has come; none when there may be a nearer one by now.
    async fn next_due(&self) -> Option<Parcel> {
        let due = self.queue().peek().map(|Reverse(parcel)| parcel.due);
        match due {
            None => {
                self.changed.notified().await;
                None
            }
            Some(due) if due > Instant::now() => {
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.changed.notified() => {}
                }
                None
            }
            Some(_) => self.queue().pop().map(|Reverse(parcel)| parcel),
        }
    }

    async fn deliver(&self, mut parcel: Parcel) {
        let is_delivered = self.try_once(&parcel).await;
        let events = parcel.message.outcome.events();
        // What follows does not wait for what is tried again: that is how receipts come late and out of order.
        if parcel.tries == 0 {
            parcel.message.events_tried.fetch_add(1, Ordering::Relaxed);
            let next = parcel.step + 1;
            if next < events.len() {
                let (message, text) = (Arc::clone(&parcel.message), Arc::clone(&parcel.text));
                self.put(Parcel { due: Instant::now() + self.delay, message, text, step: next, tries: 0 });
            } else {
                parcel.message.all_tried.notify_one();
            }
        }
        parcel.tries += 1;
        if is_delivered {
            self.delivered.fetch_add(1, Ordering::Relaxed);
        } else if parcel.tries >= self.tries_max {
            self.failed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(id = %parcel.message.id, "a webhook was given up");
        } else {
            parcel.due = Instant::now() + self.retry * 2_u32.pow((parcel.tries - 1).min(DOUBLINGS_MAX));
            self.put(parcel);
        }
    }

    async fn try_once(&self, parcel: &Parcel) -> bool {
        let Parcel { message, text, step, tries, .. } = parcel;
        let events = &message.outcome.events()[..=*step];
        let (Some(kind), Some(webhook_url)) = (events.last(), message.webhook_url.as_deref()) else {
            return true;
        };
        let url = kind.url(webhook_url);
        let Ok(body) = event::body(message, text, events, *kind, tries + 1, url) else { return false };
        let status = self.post(url, body, clock::now().as_second(), Signed::Valid).await;
        status.is_ok_and(|status| (200..300).contains(&status))
    }

    fn put(&self, parcel: Parcel) {
        self.queue().push(Reverse(parcel));
        self.changed.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Parcel>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By the time that they are due.
impl Ord for Parcel {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl PartialOrd for Parcel {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Parcel {}
