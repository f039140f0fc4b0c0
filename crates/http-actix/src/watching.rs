//! What somebody watches as it changes: server-sent events.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use application::{Authenticate, AuthenticateError, Credential};
use futures::Stream;
use futures::stream::unfold;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;

use crate::problem::Problem;

/// How often it is looked whether something changed.
const TICK: Duration = Duration::from_secs(1);

/// How often it is looked whether the caller is still signed in.
const SESSION_CHECK: Duration = Duration::from_secs(3);

/// After so long without an event comes a comment: whoever stands in between keeps the connection, and one that is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Seconds after which a stream that there was no room for may be asked for again.
const AGAIN_S: u64 = 5;

/// The room for streams, and whether the server is about to end.
pub(crate) struct Streams {
    free: Arc<Semaphore>,
    ending: watch::Receiver<bool>,
}

impl Streams {
    pub(crate) fn new(streams_max: usize, ending: watch::Receiver<bool>) -> Self {
        Self { free: Arc::new(Semaphore::new(streams_max)), ending }
    }

    /// Room for one more.
    pub(crate) fn enter(&self) -> Result<Room, Problem> {
        let permit = self.free.clone().try_acquire_owned().map_err(|_| {
            let detail =
                "as many streams go on as may (http.streams_max); ask again, or ask for the state by itself";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(AGAIN_S)
        })?;
        Ok(Room { ending: self.ending.clone(), _permit: permit })
    }
}

/// A stream's place among those that go on.
pub(crate) struct Room {
    ending: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

/// How something is.
pub(crate) struct Seen<V> {
    pub(crate) view: V,
    /// The state in which it stays; nothing while it goes on.
    pub(crate) last_state: Option<&'static str>,
}

/// An event of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what the description says of an event")]
pub(crate) struct WatchEvent {
    /// What is watched, as the call says, or end.
    event: String,
    /// Of what is watched its JSON, of end the JSON of the state that it ended in.
    data: String,
}

/// Something that changes until it is over.
pub(crate) trait Subject: 'static {
    /// How it is.
    type View: Serialize;

    /// What the event is called that says how it is.
    const EVENT: &'static str;

    /// How it is now; nothing once it is there no longer.
    async fn look(&self) -> Result<Option<Seen<Self::View>>, Problem>;

    /// Whether nothing happened in between but time.
    fn says_the_same(before: &Self::View, after: &Self::View) -> bool;
}

/// Who watches: what they showed, and from where, to be looked at again.
pub(crate) struct Watcher {
    pub(crate) shown: (Credential, Option<IpAddr>),
    pub(crate) authenticate: web::Data<Authenticate>,
}

/// Answers with events from now on, the first with `first`.
pub(crate) fn watch<S: Subject>(
    subject: S,
    first: Seen<S::View>,
    watcher: Watcher,
    room: Room,
) -> HttpResponse {
    let now = Instant::now();
    let stream = Watched {
        subject,
        watcher,
        first: Some(first),
        sent: None,
        spoke_at: now,
        checked_at: now,
        is_over: false,
        room,
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // A proxy that gathers what it hands on would hold events back.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream.events())
}

/// A subject that somebody watches. Dropped when they go away.
struct Watched<S: Subject> {
    subject: S,
    watcher: Watcher,
    /// What was found before the stream began.
    first: Option<Seen<S::View>>,
    /// What was last sent.
    sent: Option<S::View>,
    spoke_at: Instant,
    checked_at: Instant,
    is_over: bool,
    room: Room,
}

impl<S: Subject> Watched<S> {
    fn events(self) -> impl Stream<Item = Result<Bytes, io::Error>> {
        unfold(self, |mut watched| async move {
            let said = watched.next().await?;
            Some((Ok(said), watched))
        })
    }

    /// What is to be said next; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.is_over {
                return None;
            }
            let found = match self.first.take() {
                Some(first) => Some(first),
                None => self.looked().await?,
            };
            if let Some(said) = found.and_then(|seen| self.said(seen)) {
                self.spoke_at = Instant::now();
                return Some(said);
            }
            if self.spoke_at.elapsed() >= HEARTBEAT {
                self.spoke_at = Instant::now();
                return Some(Bytes::from_static(b": still here\n\n"));
            }
        }
    }

    /// How it is a moment later; `Some(None)` while a server is away, `None` when the stream is to end.
    async fn looked(&mut self) -> Option<Option<Seen<S::View>>> {
        tokio::select! {
            () = sleep(TICK) => {}
            _ = self.room.ending.wait_for(|is_ending| *is_ending) => return None,
        }
        if self.checked_at.elapsed() >= SESSION_CHECK {
            self.checked_at = Instant::now();
            let (credential, from) = &self.watcher.shown;
            match self.watcher.authenticate.execute(credential, *from).await {
                Ok(_) | Err(AuthenticateError::Store(_)) => {}
                Err(AuthenticateError::Refused | AuthenticateError::Elsewhere) => return None,
            }
        }
        match self.subject.look().await {
            Ok(Some(seen)) => Some(Some(seen)),
            Ok(None) => None,
            Err(problem) => {
                tracing::debug!(%problem, "a stream waits for the store");
                Some(None)
            }
        }
    }

    /// The event, if something changed.
    fn said(&mut self, seen: Seen<S::View>) -> Option<Bytes> {
        let Seen { view, last_state } = seen;
        self.is_over = last_state.is_some();
        if !self.is_over && self.sent.as_ref().is_some_and(|sent| S::says_the_same(sent, &view)) {
            return None;
        }
        let json = serde_json::to_string(&view).unwrap_or_default();
        let event = format!("event: {}\ndata: {json}\n\n", S::EVENT);
        let end = last_state.map(|state| format!("event: end\ndata: {{\"state\":\"{state}\"}}\n\n"));
        let event = event + &end.unwrap_or_default();
        self.sent = Some(view);
        Some(event.into())
    }
}
