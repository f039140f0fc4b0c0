//! Campaigns.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get, post};
use application::{CampaignError, ChangeCampaign, DraftCampaign, FollowCampaign, KnownPlan, PreviewCampaign};
use domain::campaign::{
    Campaign, CampaignAction, CampaignId, CampaignPlan, CampaignState, Priority, UnknownLineTypes,
};
use domain::message::MessageState;
use domain::port::{CampaignStore, Clock, Progress};
use domain::segment::SegmentDefinition;
use domain::sender::SenderId;
use domain::sms::Transliteration;
use domain::template::Template;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::caller::{Caller, Manager, Operator, Viewer};
use crate::input::{Asked, Body};
use crate::messages::MessageView;
use crate::money::MoneyView;
use crate::page::{Page, behind, limit};
use crate::problem::{Problem, of_segment};

/// A campaign to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignRequest {
    /// What people call it, 1 to 200 characters.
    name: String,
    message: MessageRequest,
    /// Who it is for: a segment's definition.
    #[schema(value_type = Object, example = json!({"field": "state", "op": "eq", "value": "JAL"}))]
    segment: Option<SegmentDefinition>,
    /// Not available yet: give `segment`.
    segment_id: Option<Value>,
    /// What it comes from; left out, the only sender there is.
    sender_id: Option<Uuid>,
    /// high, normal or bulk.
    priority: Option<String>,
    limits: Option<LimitsRequest>,
    /// Whether numbers of unknown line type are written to.
    allow_unknown_line_type: Option<bool>,
    /// Not available yet.
    schedule_at: Option<Value>,
    /// Not available yet.
    window: Option<Value>,
    /// Not available yet.
    canary: Option<Value>,
}

/// The text of a campaign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageRequest {
    /// The text, with placeholders.
    #[schema(
        example = "Hola {{ first_name | title }}, hoy 20% en toda la tienda. Responde ALTO para no recibir más."
    )]
    template: String,
    /// Whether characters that make texts dearer are replaced.
    #[serde(default)]
    transliterate: bool,
}

/// What bounds a campaign.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsRequest {
    /// The most messages; that many of the audience are drawn at random.
    max_messages: Option<u32>,
    /// Not available yet.
    max_cost: Option<Value>,
    /// Not available yet.
    per_second: Option<Value>,
}

/// A campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignView {
    /// Identifies it.
    id: Uuid,
    /// What people call it.
    name: String,
    /// draft, scheduled, preparing, running, paused, completed, canceled or failed.
    state: &'static str,
    /// Why it stands there, where there is a reason.
    state_reason: Option<String>,
    message: MessageOfCampaign,
    /// Who it is for.
    #[schema(value_type = Object)]
    segment: SegmentDefinition,
    /// What it comes from.
    sender_id: Uuid,
    /// high, normal or bulk.
    priority: &'static str,
    limits: LimitsOfCampaign,
    /// Whether numbers of unknown line type are written to.
    allow_unknown_line_type: bool,
    /// Its messages, once they are frozen.
    audience: Option<u32>,
    /// What they cost when all are sent.
    cost: Option<MoneyView>,
    /// Grows with every change.
    version: u32,
    /// Who made it.
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    launched_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

/// The text of a campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageOfCampaign {
    /// The text, with placeholders.
    template: String,
    /// Whether characters that make texts dearer are replaced.
    transliterate: bool,
}

/// What bounds a campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsOfCampaign {
    /// The most messages.
    max_messages: Option<u32>,
}

impl From<Campaign> for CampaignView {
    fn from(campaign: Campaign) -> Self {
        let (state, plan) = (campaign.state, campaign.plan);
        Self {
            id: campaign.id.0,
            name: plan.name,
            state: state.as_str(),
            state_reason: state.reason().map(str::to_owned),
            message: MessageOfCampaign {
                template: plan.template.as_str().to_owned(),
                transliterate: plan.transliteration == Transliteration::Replace,
            },
            segment: plan.segment,
            sender_id: plan.sender.0,
            priority: plan.priority.as_str(),
            limits: LimitsOfCampaign { max_messages: plan.messages_max },
            allow_unknown_line_type: plan.unknown_line_types == UnknownLineTypes::Allow,
            audience: state.frozen().map(|frozen| frozen.audience),
            cost: state.frozen().map(|frozen| frozen.cost.into()),
            version: campaign.version,
            created_by: campaign.created_by,
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
            launched_at: state.launched_at(),
            finished_at: state.finished_at(),
        }
    }
}

impl From<CampaignError> for Problem {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Missing => Self::not_found(error.to_string()),
            CampaignError::NoSender => Self::unprocessable("/sender_id", error.to_string()),
            CampaignError::Segment(refused) => of_segment(refused, "/segment"),
            CampaignError::Transition(refused) => refused.into(),
            CampaignError::Write(error) => error.into(),
        }
    }
}

/// Checks what serde cannot, and says of every part what is wrong with it.
fn plan(
    request: CampaignRequest,
    sender: SenderId,
    unknown_line_types: UnknownLineTypes,
) -> Result<CampaignPlan, Problem> {
    let mut wrong = Vec::new();
    let mut refuse = |pointer: &str, detail: String| wrong.push((pointer.to_owned(), detail));
    let limits = request.limits.unwrap_or_default();
    for (pointer, given) in [
        ("/segment_id", &request.segment_id),
        ("/schedule_at", &request.schedule_at),
        ("/window", &request.window),
        ("/canary", &request.canary),
        ("/limits/max_cost", &limits.max_cost),
        ("/limits/per_second", &limits.per_second),
    ] {
        if given.is_some() {
            refuse(pointer, "not available yet; leave it out".to_owned());
        }
    }
    let name = request.name.trim().to_owned();
    if name.is_empty()
        || name.chars().count() > CampaignPlan::NAME_CHARS_MAX
        || name.chars().any(char::is_control)
    {
        refuse("/name", format!("give 1 to {} characters", CampaignPlan::NAME_CHARS_MAX));
    }
    if limits.max_messages == Some(0) {
        refuse("/limits/max_messages", "give at least 1".to_owned());
    }
    if request.segment.is_none() {
        refuse("/segment", "say who it is for; {\"all\": []} is everybody".to_owned());
    }
    let template = Template::parse(&request.message.template);
    match &template {
        Ok(_) if request.message.template.trim().is_empty() => {
            refuse("/message/template", "the text is empty".to_owned());
        }
        Ok(_) => {}
        Err(refused) => refuse("/message/template", refused.to_string()),
    }
    let priority = request.priority.as_deref().unwrap_or("normal").parse::<Priority>();
    if let Err(unknown) = priority {
        refuse("/priority", unknown.to_string());
    }
    match (template, priority, request.segment, wrong.is_empty()) {
        (Ok(template), Ok(priority), Some(segment), true) => Ok(CampaignPlan {
            name,
            template,
            transliteration: if request.message.transliterate {
                Transliteration::Replace
            } else {
                Transliteration::Keep
            },
            segment,
            sender,
            priority,
            messages_max: limits.max_messages,
            unknown_line_types: match request.allow_unknown_line_type {
                Some(true) => UnknownLineTypes::Allow,
                Some(false) => UnknownLineTypes::LeaveOut,
                None => unknown_line_types,
            },
        }),
        _ => Err(wrong.into_iter().fold(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the campaign cannot be taken as it is"),
            |whole, (pointer, detail)| whole.with(pointer, detail),
        )),
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
    known: web::Data<KnownPlan>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let sender = draft.sender(body.value.sender_id.map(SenderId)).await?;
    // Where a numbering plan tells mobile numbers, those of which it says nothing are left out unless they are asked for.
    let unknown = if known.plan().is_some() { UnknownLineTypes::LeaveOut } else { UnknownLineTypes::Allow };
    let campaign = draft.execute(plan(body.value, sender.id, unknown)?, envelope).await?;
    Ok(HttpResponse::Created().json(CampaignView::from(campaign)))
}

/// How a list is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// How many, from 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists campaigns, the newest first.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns", params(ListQuery), security(("bearer" = [])), responses((status = 200, body = Page<CampaignView>), (status = 400, body = Problem)))]
#[get("/campaigns")]
pub(crate) async fn list(
    _who: Caller<Viewer>,
    query: Query<ListQuery>,
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
    Ok(HttpResponse::Ok().json(CampaignView::from(campaign)))
}

/// What a campaign would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewView {
    audience: AudienceView,
    text: TextView,
    /// What all messages would cost.
    cost: MoneyView,
    /// How long sending would take at the sender's rate.
    expected_seconds: u64,
    /// Some of the texts.
    samples: Vec<String>,
    /// What is wrong with texts that could not be sent, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Who is meant, and why some of them are not written to. The reasons exclude each other, in this order.
#[derive(Serialize, ToSchema)]
pub(crate) struct AudienceView {
    matched: u64,
    not_valid: u64,
    not_mobile: u64,
    opted_out: u64,
    suppressed: u64,
    capped: u64,
    seed_numbers: u64,
    /// The messages that would be sent.
    r#final: u64,
}

/// What the texts take.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextView {
    /// Texts by their segments.
    by_segments: BTreeMap<String, u64>,
    /// Texts by their encoding.
    encoding: BTreeMap<&'static str, u64>,
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
    Ok(HttpResponse::Ok().json(PreviewView {
        audience: AudienceView {
            matched: found.audience.matched,
            not_valid: found.audience.not_valid,
            not_mobile: found.audience.not_mobile,
            opted_out: found.audience.opted_out,
            suppressed: found.audience.suppressed,
            capped: 0,
            seed_numbers: 0,
            r#final: found.messages,
        },
        text: TextView {
            by_segments: found
                .by_segments
                .into_iter()
                .map(|(segments, n)| (segments.to_string(), n))
                .collect(),
            encoding: BTreeMap::from([("gsm7", found.gsm7), ("ucs2", found.ucs2)]),
        },
        cost: found.cost.into(),
        expected_seconds: found.expected_seconds,
        samples: found.samples,
        refused: found.refused,
    }))
}

async fn change(
    who: &Caller<Manager>,
    asked: &Asked,
    id: Uuid,
    action: CampaignAction,
    change: &ChangeCampaign,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(who, None)?;
    let campaign = change.execute(CampaignId(id), action, envelope).await?;
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
#[derive(Serialize, ToSchema)]
pub(crate) struct ProgressView {
    /// Where it stands.
    state: &'static str,
    /// What is waited for, where it does not go on by itself.
    waiting: Option<String>,
    /// Its messages so far.
    audience: u64,
    /// Messages by state; they add up to `audience`.
    counts: BTreeMap<&'static str, u64>,
    /// What was sent so far costs.
    cost: MoneyView,
    /// Messages that left the queue in a second, since the launch.
    rate_per_s: f64,
    /// Seconds until the queue is empty at that rate.
    eta_s: Option<u64>,
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
    let (campaign, so_far) = follow.execute(CampaignId(*id)).await?;
    Ok(HttpResponse::Ok().json(progress_view(&campaign, &so_far, clock.now())))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate and a guess, of numbers that are never negative"
)]
fn progress_view(campaign: &Campaign, so_far: &Progress, now: Timestamp) -> ProgressView {
    let counts: BTreeMap<&'static str, u64> = MessageState::ALL
        .into_iter()
        .map(|state| (state.as_str(), so_far.counts.get(&state).copied().unwrap_or_default()))
        .collect();
    let audience: u64 = counts.values().sum();
    let queued = counts["queued"];
    let until = campaign.state.finished_at().unwrap_or(now);
    let seconds =
        campaign.state.launched_at().map_or(0.0, |launched| until.duration_since(launched).as_secs_f64());
    let rate = if seconds > 0.0 { (audience - queued) as f64 / seconds } else { 0.0 };
    let cost = campaign.price_per_segment.times(so_far.segments_sent);
    ProgressView {
        state: campaign.state.as_str(),
        waiting: waiting(&campaign.state),
        audience,
        counts,
        cost: cost.unwrap_or(campaign.price_per_segment).into(),
        rate_per_s: (rate * 100.0).round() / 100.0,
        eta_s: (rate > 0.0 && queued > 0).then(|| (queued as f64 / rate).ceil() as u64),
    }
}

fn waiting(state: &CampaignState) -> Option<String> {
    match state {
        CampaignState::Draft => Some("to be launched".to_owned()),
        CampaignState::Scheduled { at } => Some(format!("for {at}")),
        CampaignState::Paused { reason, .. } => {
            Some(reason.clone().unwrap_or_else(|| "to be resumed".to_owned()))
        }
        CampaignState::Preparing { .. }
        | CampaignState::Running { .. }
        | CampaignState::Completed { .. }
        | CampaignState::Canceled { .. }
        | CampaignState::Failed { .. } => None,
    }
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
) -> Result<HttpResponse, Problem> {
    let id = CampaignId(*id);
    let limit = limit(query.limit)?;
    let after = behind::<u32>(query.cursor.as_deref())?.unwrap_or_default();
    let state = query.status.as_deref().map(str::parse::<MessageState>).transpose().map_err(|unknown| {
        Problem::bad_request("the query cannot be taken as it is").with("status", unknown.to_string())
    })?;
    campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
    let found = campaigns.messages(id, state, after, limit).await?;
    let page = Page::of(
        found,
        limit,
        |message| message.id.seq.to_string(),
        |message| MessageView::of(&message, &who),
    );
    Ok(HttpResponse::Ok().json(page))
}
