//! Campaigns.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

mod billing;
mod explanation;
mod request;
mod stream;
mod trial;
mod view;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ETag, EntityTag};
use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use application::{
    CampaignError, ChangeCampaign, DraftCampaign, DraftCommand, FollowCampaign, PreviewCampaign,
};
use domain::audit::BulkReading;
use domain::campaign::{Campaign, CampaignAction, CampaignId};
use domain::identity::Role;
use domain::message::MessageState;
use domain::port::{AuditLog, CampaignStore, Clock};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

pub(crate) use billing::{__path_show_bill, show_bill};
pub(crate) use explanation::{__path_explain, explain};
pub(crate) use request::{CampaignRequest, MoneyRequest, choice};
use request::{ScheduleRequest, patched};
pub(crate) use stream::{__path_progress_stream, progress_stream};
pub(crate) use trial::{__path_test_send, test_send};
pub(crate) use view::{CampaignView, PreviewView, ProgressView};

use crate::caller::{Caller, Manager, Operator, Viewer};
use crate::input::{Asked, Body, meant};
use crate::messages::MessageView;
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::{Problem, of_segment};
use crate::readings;

impl From<CampaignError> for Problem {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Missing => Self::not_found(error.to_string()),
            CampaignError::NoSender => Self::unprocessable("/sender_id", error.to_string()),
            CampaignError::NoSegment => Self::unprocessable("/segment_id", error.to_string()),
            CampaignError::Wording(_) => Self::unprocessable("/message/template", error.to_string()),
            CampaignError::Segment(refused) => of_segment(refused, "/segment"),
            CampaignError::Transition(refused) => refused.into(),
            CampaignError::Refused(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            CampaignError::Changed => Self::new(StatusCode::PRECONDITION_FAILED, error.to_string()),
            CampaignError::Past => Self::unprocessable("/schedule_at", error.to_string()),
            CampaignError::Write(error) => error.into(),
        }
    }
}

/// Drafts a campaign.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns", request_body = CampaignRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 201, body = CampaignView), (status = 422, body = Problem)))]
#[post("/campaigns")]
pub(crate) async fn create(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<CampaignRequest>,
    draft: web::Data<DraftCampaign>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let campaign = draft.execute(DraftCommand::try_from(body.value)?, envelope).await?;
    Ok(HttpResponse::Created().json(CampaignView::from(campaign)))
}

/// Lists campaigns, the newest first.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns", params(PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<CampaignView>), (status = 400, body = Problem)))]
#[get("/campaigns")]
pub(crate) async fn list(
    _who: Caller<Viewer>,
    query: Query<PageQuery>,
    campaigns: web::Data<Arc<dyn CampaignStore>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let before = behind::<Uuid>(query.cursor.as_deref())?.map(CampaignId);
    let found = campaigns.page(before, limit).await?;
    Ok(HttpResponse::Ok().json(Page::of(
        found,
        limit,
        |campaign| campaign.id.0.to_string(),
        CampaignView::from,
    )))
}

/// One campaign.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = CampaignView), (status = 404, body = Problem)))]
#[get("/campaigns/{id}")]
pub(crate) async fn get_one(
    _who: Caller<Viewer>,
    id: web::Path<Uuid>,
    campaigns: web::Data<Arc<dyn CampaignStore>>,
) -> Result<HttpResponse, Problem> {
    let campaign = campaigns.find(CampaignId(*id)).await?.ok_or(CampaignError::Missing)?;
    Ok(answer(campaign))
}

/// A campaign with its version, as the `ETag` that a change may name.
fn answer(campaign: Campaign) -> HttpResponse {
    let etag = ETag(EntityTag::new_strong(campaign.version.to_string()));
    HttpResponse::Ok().insert_header(etag).json(CampaignView::from(campaign))
}

/// Changes a draft; of a campaign that was launched, `limits.max_cost` and `limits.per_second` alone. Fields that are left out
/// stay, null takes one away.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}", request_body = CampaignRequest, params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that the campaign came with")), security(("bearer" = [])), responses((status = 200, body = CampaignView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
#[patch("/campaigns/{id}")]
pub(crate) async fn revise(
    who: Caller<Operator>,
    request: HttpRequest,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<Value>,
    campaigns: web::Data<Arc<dyn CampaignStore>>,
    draft: web::Data<DraftCampaign>,
) -> Result<HttpResponse, Problem> {
    let version = meant(&request, |etag| etag.parse().ok())?;
    let id = CampaignId(*id);
    let campaign = campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
    if !campaign.is_draft() && who.role() < Role::Manager {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "a campaign that was launched is changed by a manager",
        ));
    }
    let command = DraftCommand::try_from(patched(&campaign, &body.value)?)?;
    // What was merged is that version's, whatever the caller names.
    let version = version.or(Some(campaign.version));
    Ok(answer(draft.revise(id, version, command, asked.by(&who)).await?))
}

/// Removes a draft.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that the campaign came with")), security(("bearer" = [])), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem)))]
#[delete("/campaigns/{id}")]
pub(crate) async fn remove(
    who: Caller<Operator>,
    request: HttpRequest,
    asked: Asked,
    id: web::Path<Uuid>,
    draft: web::Data<DraftCampaign>,
) -> Result<HttpResponse, Problem> {
    let version = meant(&request, |etag| etag.parse().ok())?;
    draft.remove(CampaignId(*id), version, asked.by(&who)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Has a campaign launched by itself, or at another time than before.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/schedule", request_body = ScheduleRequest, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = CampaignView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/campaigns/{id}/schedule")]
pub(crate) async fn schedule(
    who: Caller<Manager>,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<ScheduleRequest>,
    use_case: web::Data<ChangeCampaign>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let (action, at) = (CampaignAction::Schedule, body.value.schedule_at);
    let campaign = use_case.execute(CampaignId(*id), action, at, envelope).await?;
    Ok(HttpResponse::Accepted().json(CampaignView::from(campaign)))
}

/// What a campaign would do: whom it would write to, and at what cost.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/preview", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = PreviewView), (status = 404, body = Problem)))]
#[post("/campaigns/{id}/preview")]
pub(crate) async fn preview(
    _who: Caller<Operator>,
    id: web::Path<Uuid>,
    use_case: web::Data<PreviewCampaign>,
) -> Result<HttpResponse, Problem> {
    let found = use_case.execute(CampaignId(*id)).await?;
    Ok(HttpResponse::Ok().json(PreviewView::from(found)))
}

async fn change(
    who: &Caller<Manager>,
    asked: &Asked,
    id: Uuid,
    action: CampaignAction,
    change: &ChangeCampaign,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(who, None)?;
    let campaign = change.execute(CampaignId(id), action, None, envelope).await?;
    Ok(HttpResponse::Accepted().json(CampaignView::from(campaign)))
}

macro_rules! actions {
    ($($name:ident $path:literal $documented:literal $action:ident $says:literal;)*) => {
        $(#[doc = $says]
        #[utoipa::path(tag = "campaigns", path = $documented, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = CampaignView), (status = 404, body = Problem), (status = 409, body = Problem)))]
        #[post($path)]
        pub(crate) async fn $name(
            who: Caller<Manager>,
            asked: Asked,
            id: web::Path<Uuid>,
            use_case: web::Data<ChangeCampaign>,
        ) -> Result<HttpResponse, Problem> {
            change(&who, &asked, *id, CampaignAction::$action, &use_case).await
        })*
    };
}

actions! {
    launch "/campaigns/{id}/launch" "/api/v1/campaigns/{id}/launch" Launch "Launches a draft.";
    pause "/campaigns/{id}/pause" "/api/v1/campaigns/{id}/pause" Pause "Pauses: nothing more is claimed.";
    resume "/campaigns/{id}/resume" "/api/v1/campaigns/{id}/resume" Resume "Goes on after a pause.";
    cancel "/campaigns/{id}/cancel" "/api/v1/campaigns/{id}/cancel" Cancel "Ends a campaign; what was not sent is canceled.";
}

/// How far a campaign is.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/progress", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = ProgressView), (status = 404, body = Problem)))]
#[get("/campaigns/{id}/progress")]
pub(crate) async fn progress(
    _who: Caller<Viewer>,
    id: web::Path<Uuid>,
    follow: web::Data<FollowCampaign>,
    clock: web::Data<Arc<dyn Clock>>,
) -> Result<HttpResponse, Problem> {
    let followed = follow.execute(CampaignId(*id)).await?;
    Ok(HttpResponse::Ok().json(ProgressView::of(followed, clock.now())))
}

/// How a campaign's messages are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// Only messages of this state.
    status: Option<String>,
    /// How many, from 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A campaign's messages.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/messages", params(("id" = Uuid, Path), MessagesQuery), security(("bearer" = [])), responses((status = 200, body = Page<MessageView>), (status = 404, body = Problem)))]
#[get("/campaigns/{id}/messages")]
pub(crate) async fn messages(
    who: Caller<Viewer>,
    id: web::Path<Uuid>,
    query: Query<MessagesQuery>,
    campaigns: web::Data<Arc<dyn CampaignStore>>,
    asked: Asked,
    log: web::Data<Arc<dyn AuditLog>>,
) -> Result<HttpResponse, Problem> {
    let id = CampaignId(*id);
    let limit = limit(query.limit)?;
    let after = behind::<u32>(query.cursor.as_deref())?.unwrap_or_default();
    let state = query.status.as_deref().map(str::parse::<MessageState>).transpose().map_err(|unknown| {
        Problem::bad_request("the query cannot be taken as it is").with("status", unknown.to_string())
    })?;
    campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
    let found = campaigns.messages(id, state, after, limit).await?;
    readings::note(&log, BulkReading::Messages, found.len(), (&*who, &asked)).await?;
    let page = Page::of(
        found,
        limit,
        |message| message.id.seq.to_string(),
        |message| MessageView::of(&message, &who),
    );
    Ok(HttpResponse::Ok().json(page))
}
