//! Segments that are kept by name.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use application::{SaveSegment, SaveSegmentError};
use domain::port::SegmentStore;
use domain::segment::{SavedSegment, SegmentDefinition, SegmentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Operator, Viewer};
use crate::input::{Asked, Body, meant};
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::{Problem, of_segment};

/// A segment to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSegmentRequest {
    /// What people call it, 1 to 200 characters; no two segments share one.
    name: String,
    /// Whom it means.
    #[schema(value_type = Object, example = json!({"all": [{"field": "state", "op": "in", "value": ["JAL", "CMX"]}]}))]
    definition: SegmentDefinition,
}

/// A change of a segment: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentPatch {
    /// What people call it, 1 to 200 characters.
    name: Option<String>,
    /// Whom it means.
    #[schema(value_type = Option<Object>)]
    definition: Option<SegmentDefinition>,
}

/// A saved segment.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedSegmentView {
    id: Uuid,
    /// Grows by one with every change; campaigns keep the version that they were made from.
    version: u32,
    name: String,
    #[schema(value_type = Object)]
    definition: SegmentDefinition,
    /// Who made this version.
    created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<SavedSegment> for SavedSegmentView {
    fn from(segment: SavedSegment) -> Self {
        Self {
            id: segment.at.id.0,
            version: segment.at.version,
            name: segment.name,
            definition: segment.definition,
            created_by: segment.created_by,
            created_at: segment.created_at,
        }
    }
}

impl From<SaveSegmentError> for Problem {
    fn from(error: SaveSegmentError) -> Self {
        match error {
            SaveSegmentError::Name => Self::unprocessable("/name", error.to_string()),
            SaveSegmentError::Segment(refused) => of_segment(refused, "/definition"),
            SaveSegmentError::Missing => Self::not_found(error.to_string()),
            SaveSegmentError::IsOfAnotherVersion(_) => {
                Self::new(StatusCode::PRECONDITION_FAILED, error.to_string())
            }
            SaveSegmentError::Write(error) => error.into(),
        }
    }
}

fn answer(status: StatusCode, segment: SavedSegment) -> HttpResponse {
    let tag = format!("\"{}\"", segment.at.version);
    HttpResponse::build(status).insert_header((ETAG, tag)).json(SavedSegmentView::from(segment))
}

fn missing() -> Problem {
    Problem::not_found("there is no such segment")
}

/// Keeps a segment by name.
#[utoipa::path(tag = "segments", path = "/api/v1/segments", request_body = NewSegmentRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 201, body = SavedSegmentView), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/segments")]
pub(crate) async fn create(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<NewSegmentRequest>,
    save: web::Data<SaveSegment>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let saved = save.execute(&body.value.name, body.value.definition, envelope).await?;
    Ok(answer(StatusCode::CREATED, saved))
}

/// Lists segments as they are now, the latest made first.
#[utoipa::path(tag = "segments", path = "/api/v1/segments", params(PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<SavedSegmentView>)))]
#[get("/segments")]
pub(crate) async fn list(
    _who: Caller<Viewer>,
    query: Query<PageQuery>,
    segments: web::Data<Arc<dyn SegmentStore>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let before = behind::<Uuid>(query.cursor.as_deref())?.map(SegmentId);
    let found = segments.page(before, limit).await?;
    let page = Page::of(found, limit, |segment| segment.at.id.0.to_string(), SavedSegmentView::from);
    Ok(HttpResponse::Ok().json(page))
}

/// A segment as it is now.
#[utoipa::path(tag = "segments", path = "/api/v1/segments/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = SavedSegmentView), (status = 404, body = Problem)))]
#[get("/segments/{id}")]
pub(crate) async fn get_one(
    _who: Caller<Viewer>,
    id: web::Path<Uuid>,
    segments: web::Data<Arc<dyn SegmentStore>>,
) -> Result<HttpResponse, Problem> {
    Ok(answer(StatusCode::OK, segments.find(SegmentId(*id)).await?.ok_or_else(missing)?))
}

/// The versions of a segment, the latest first.
#[utoipa::path(tag = "segments", path = "/api/v1/segments/{id}/versions", params(("id" = Uuid, Path), PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<SavedSegmentView>), (status = 404, body = Problem)))]
#[get("/segments/{id}/versions")]
pub(crate) async fn versions(
    _who: Caller<Viewer>,
    id: web::Path<Uuid>,
    query: Query<PageQuery>,
    segments: web::Data<Arc<dyn SegmentStore>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let before = behind::<u32>(query.cursor.as_deref())?;
    let found = segments.versions(SegmentId(*id), before, limit).await?;
    if found.is_empty() && before.is_none() {
        return Err(missing());
    }
    let page = Page::of(found, limit, |segment| segment.at.version.to_string(), SavedSegmentView::from);
    Ok(HttpResponse::Ok().json(page))
}

/// Makes another version of a segment. Campaigns that were made from an earlier one keep that one.
#[utoipa::path(tag = "segments", path = "/api/v1/segments/{id}", request_body = SegmentPatch, params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that the segment came with")), security(("bearer" = [])), responses((status = 200, body = SavedSegmentView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
#[patch("/segments/{id}")]
pub(crate) async fn change(
    who: Caller<Operator>,
    request: HttpRequest,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<SegmentPatch>,
    save: web::Data<SaveSegment>,
) -> Result<HttpResponse, Problem> {
    let version = meant(&request, |etag| etag.parse().ok())?;
    let SegmentPatch { name, definition } = body.value;
    let change = (name.as_deref(), definition);
    let changed = save.change(SegmentId(*id), change, version, asked.by(&who)).await?;
    Ok(answer(StatusCode::OK, changed))
}

/// Deletes a segment. What was made from it keeps it.
#[utoipa::path(tag = "segments", path = "/api/v1/segments/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 204), (status = 404, body = Problem)))]
#[delete("/segments/{id}")]
pub(crate) async fn remove(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<Uuid>,
    segments: web::Data<Arc<dyn SegmentStore>>,
) -> Result<HttpResponse, Problem> {
    if segments.remove(SegmentId(*id), asked.by(&who)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(missing())
    }
}
