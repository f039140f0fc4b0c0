//! A campaign's progress as it changes: server-sent events.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, get};
use application::{Authenticate, AuthenticateError, CampaignError, Credential, FollowCampaign, Followed};
use domain::campaign::CampaignId;
use domain::port::Clock;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::ProgressView;
use crate::caller::{Caller, Viewer};
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

    fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.free.clone().try_acquire_owned().map_err(|_| {
            let detail = "as many streams go on as may (http.streams_max); ask again, or ask for /progress";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(AGAIN_S)
        })
    }
}

/// An event of the stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what the description says of an event")]
pub(crate) struct ProgressEvent {
    /// progress or end.
    event: String,
    /// Of progress the JSON of `/progress`, of end the JSON of the state that the campaign ended in.
    data: String,
}

/// How far a campaign is, whenever that changes: events `progress`, and `end` once it is final.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/progress/stream", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, content_type = "text/event-stream", body = ProgressEvent, description = "Events `progress` with the JSON of /progress, at once and then whenever it changed, at most one a second; `end` once the campaign is final. A comment at least every 15 s. Ends when the caller's session does"), (status = 404, body = Problem), (status = 503, body = Problem)))]
#[get("/campaigns/{id}/progress/stream")]
pub(crate) async fn progress_stream(
    who: Caller<Viewer>,
    id: web::Path<Uuid>,
    follow: web::Data<FollowCampaign>,
    authenticate: web::Data<Authenticate>,
    clock: web::Data<Arc<dyn Clock>>,
    streams: web::Data<Streams>,
) -> Result<HttpResponse, Problem> {
    let id = CampaignId(*id);
    let room = streams.enter()?;
    let first = follow.execute(id).await?;
    let now = Instant::now();
    let watched = Watched {
        id,
        shown: who.shown(),
        follow,
        authenticate,
        clock,
        ending: streams.ending.clone(),
        first: Some(first),
        seen: None,
        spoke_at: now,
        checked_at: now,
        is_over: false,
        _room: room,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // A proxy that gathers what it hands on would hold events back.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(watched.events()))
}

/// A campaign that somebody watches. Dropped when they go away.
struct Watched {
    id: CampaignId,
    /// What the caller showed, and from where, to be looked at again.
    shown: (Credential, Option<IpAddr>),
    follow: web::Data<FollowCampaign>,
    authenticate: web::Data<Authenticate>,
    clock: web::Data<Arc<dyn Clock>>,
    ending: watch::Receiver<bool>,
    /// What was found before the stream began.
    first: Option<Followed>,
    /// What was last sent, without what changes with time alone.
    seen: Option<ProgressView>,
    spoke_at: Instant,
    checked_at: Instant,
    is_over: bool,
    _room: OwnedSemaphorePermit,
}

impl Watched {
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
            if let Some(said) = found.and_then(|followed| self.said(followed)) {
                self.spoke_at = Instant::now();
                return Some(said);
            }
            if self.spoke_at.elapsed() >= HEARTBEAT {
                self.spoke_at = Instant::now();
                return Some(Bytes::from_static(b": still here\n\n"));
            }
        }
    }

    /// How far the campaign is a moment later; `Some(None)` while a server is away, `None` when the stream is to end.
    async fn looked(&mut self) -> Option<Option<Followed>> {
        tokio::select! {
            () = sleep(TICK) => {}
            _ = self.ending.wait_for(|is_ending| *is_ending) => return None,
        }
        if self.checked_at.elapsed() >= SESSION_CHECK {
            self.checked_at = Instant::now();
            match self.authenticate.execute(&self.shown.0, self.shown.1).await {
                Ok(_) | Err(AuthenticateError::Store(_)) => {}
                Err(AuthenticateError::Refused | AuthenticateError::Elsewhere) => return None,
            }
        }
        match self.follow.execute(self.id).await {
            Ok(followed) => Some(Some(followed)),
            Err(CampaignError::Missing) => None,
            Err(error) => {
                tracing::debug!(%error, "a stream waits for the store");
                Some(None)
            }
        }
    }

    /// The event, if something changed.
    fn said(&mut self, followed: Followed) -> Option<Bytes> {
        let state = followed.campaign.state.as_str();
        self.is_over = followed.campaign.state.is_final();
        let view = ProgressView::of(followed, self.clock.now());
        if !self.is_over && self.seen.as_ref().is_some_and(|seen| seen.says_the_same(&view)) {
            return None;
        }
        let json = serde_json::to_string(&view).unwrap_or_default();
        let progress = format!("event: progress\ndata: {json}\n\n");
        let event = if self.is_over {
            format!("{progress}event: end\ndata: {{\"state\":\"{state}\"}}\n\n")
        } else {
            progress
        };
        self.seen = Some(view);
        Some(event.into())
    }
}
