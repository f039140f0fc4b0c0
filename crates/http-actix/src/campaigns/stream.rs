//! A campaign's progress as it changes.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use application::{Authenticate, CampaignError, FollowCampaign};
use domain::campaign::CampaignId;
use domain::port::Clock;
use uuid::Uuid;

use super::view::ProgressView;
use crate::caller::{Caller, Viewer};
use crate::problem::Problem;
use crate::watching::{Seen, Streams, Subject, WatchEvent, Watcher, watch};

/// How far a campaign is, whenever that changes: events `progress`, and `end` once it is final.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/progress/stream", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, content_type = "text/event-stream", body = WatchEvent, description = "Events `progress` with the JSON of /progress, at once and then whenever it changed, at most one a second; `end` once the campaign is final. A comment at least every 15 s. Ends when the caller's session does"), (status = 404, body = Problem), (status = 503, body = Problem)))]
#[get("/campaigns/{id}/progress/stream")]
pub(crate) async fn progress_stream(
    who: Caller<Viewer>,
    id: web::Path<Uuid>,
    follow: web::Data<FollowCampaign>,
    authenticate: web::Data<Authenticate>,
    clock: web::Data<Arc<dyn Clock>>,
    streams: web::Data<Streams>,
) -> Result<HttpResponse, Problem> {
    let room = streams.enter()?;
    let progress = Progress { id: CampaignId(*id), follow, clock };
    let first = progress.now().await?;
    Ok(watch(progress, first, Watcher { shown: who.shown(), authenticate }, room))
}

/// The progress of a campaign.
struct Progress {
    id: CampaignId,
    follow: web::Data<FollowCampaign>,
    clock: web::Data<Arc<dyn Clock>>,
}

impl Progress {
    async fn now(&self) -> Result<Seen<ProgressView>, CampaignError> {
        let followed = self.follow.execute(self.id).await?;
        let state = &followed.campaign.state;
        let last_state = state.is_final().then(|| state.as_str());
        Ok(Seen { view: ProgressView::of(followed, self.clock.now()), last_state })
    }
}

impl Subject for Progress {
    type View = ProgressView;

    const EVENT: &'static str = "progress";

    async fn look(&self) -> Result<Option<Seen<ProgressView>>, Problem> {
        match self.now().await {
            Ok(seen) => Ok(Some(seen)),
            Err(CampaignError::Missing) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn says_the_same(before: &ProgressView, after: &ProgressView) -> bool {
        before.says_the_same(after)
    }
}
