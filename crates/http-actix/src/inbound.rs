//! What people wrote to us.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use std::sync::Arc;

use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get, post};
use domain::access::Asker;
use domain::audit::BulkReading;
use domain::inbound::{Inbound, UnknownDecision};
use domain::phone::PhoneNumber;
use domain::port::{AuditLog, InboundDesk, InboundFilter};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::caller::{Caller, Manager, Viewer};
use crate::input::{Asked, Body, sees_whole};
use crate::page::{Page, behind, limit};
use crate::problem::Problem;
use crate::readings;

/// Something that somebody wrote.
#[derive(Serialize, ToSchema)]
pub(crate) struct InboundView {
    /// Identifies it.
    id: i64,
    /// Who wrote it, E.164; masked for viewers, `null` where the provider named no number.
    from: Option<String>,
    /// What they wrote; left out for viewers.
    text: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// How it was read, and what was done at once: `opt_out`, `opt_in`, help or other.
    meaning: &'static str,
    /// Whether somebody should look at it.
    doubtful: bool,
    /// The campaign whose message it answers, where there is one.
    campaign_id: Option<Uuid>,
    /// That message.
    message_id: Option<String>,
    /// What somebody who looked at it decided.
    review: Option<ReviewView>,
}

/// What somebody decided.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewView {
    /// `opt_out`, `opt_in` or none.
    decision: &'static str,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl InboundView {
    fn of(inbound: Inbound, who: &Asker) -> Self {
        let whole = sees_whole(who);
        let shown =
            |phone: PhoneNumber| if whole { phone.e164().to_string() } else { phone.masked().to_string() };
        Self {
            id: inbound.id,
            from: inbound.phone.map(shown),
            text: whole.then_some(inbound.text),
            received_at: inbound.received_at,
            meaning: inbound.reading.meaning.as_str(),
            doubtful: inbound.reading.is_doubtful,
            campaign_id: inbound.answers.map(|message| message.campaign.0),
            message_id: inbound.answers.map(|message| message.to_string()),
            review: inbound.review.map(|said| ReviewView {
                decision: said.decision.as_str(),
                by: said.by,
                at: said.at,
            }),
        }
    }
}

/// Which of what people wrote.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InboundQuery {
    /// What this number wrote, in any form that `/phones/normalize` reads.
    phone: Option<String>,
    /// `true`: only what is doubtful and nobody has looked at.
    #[serde(default)]
    waits: bool,
    /// How many, from 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists what people wrote, the latest first.
#[utoipa::path(tag = "inbound", path = "/api/v1/inbound", params(InboundQuery), security(("bearer" = [])), responses((status = 200, body = Page<InboundView>), (status = 400, body = Problem)))]
#[get("/inbound")]
pub(crate) async fn list(
    who: Caller<Viewer>,
    query: Query<InboundQuery>,
    desk: web::Data<Arc<dyn InboundDesk>>,
    asked: Asked,
    log: web::Data<Arc<dyn AuditLog>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let after = behind::<i64>(query.cursor.as_deref())?;
    let phone = query.phone.as_deref().map(|written| {
        PhoneNumber::parse(written).map_err(|rejection| {
            let problem = Problem::bad_request("the query cannot be taken as it is");
            problem.with("phone", format!("{}: {rejection}", rejection.as_str()))
        })
    });
    let filter = InboundFilter { phone: phone.transpose()?, waits: query.waits };
    let found = desk.page(filter, after, limit).await?;
    readings::note(&log, BulkReading::Inbound, found.len(), (&*who, &asked)).await?;
    let page = Page::of(found, limit, |one| one.id.to_string(), |one| InboundView::of(one, &who));
    Ok(HttpResponse::Ok().json(page))
}

/// What is decided of something that somebody wrote.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewRequest {
    /// `opt_out`: it is a no. `opt_in`: it is none, and what the number barred itself by is taken back. none: it changes nothing.
    decision: String,
}

/// Notes what somebody who looked at it decided, with what follows for the number. A decision may be changed; the last holds.
#[utoipa::path(tag = "inbound", path = "/api/v1/inbound/{id}/review", params(("id" = i64, Path)), request_body = ReviewRequest, security(("bearer" = [])), responses((status = 200, body = InboundView), (status = 404, body = Problem), (status = 422, body = Problem)))]
#[post("/inbound/{id}/review")]
pub(crate) async fn review(
    who: Caller<Manager>,
    asked: Asked,
    id: web::Path<String>,
    body: Body<ReviewRequest>,
    desk: web::Data<Arc<dyn InboundDesk>>,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("nobody wrote that");
    let id: i64 = id.parse().map_err(|_| missing())?;
    let decision = body.value.decision.parse();
    let decision = decision
        .map_err(|unknown: UnknownDecision| Problem::unprocessable("/decision", unknown.to_string()))?;
    let reviewed = desk.review(id, decision, asked.by(&who)).await?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(InboundView::of(reviewed, &who)))
}
