//! Extracts: numbers of a segment as a file.

mod file;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{self, Query};
use actix_web::{HttpResponse, delete, get, post};
use application::{ExtractCommand, TakeExtract, TakeExtractError};
use domain::campaign::UnknownLineTypes;
use domain::extract::{Extract, ExtractFormat, ExtractId, Pick, SeedNumber};
use domain::phone::PhoneNumber;
use domain::port::ExtractStore;
use domain::segment::SegmentDefinition;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Manager};
use crate::campaigns::choice;
use crate::input::{Asked, Body};
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::{Problem, of_segment};

/// The longest time that is looked back, in days.
const UNUSED_DAYS_MAX: u32 = 3_650;

/// An extract to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtractRequest {
    /// Whose numbers: a segment's definition. Either this or `segment_id`.
    #[schema(value_type = Option<Object>, example = json!({"field": "state", "op": "eq", "value": "SIN"}))]
    segment: Option<SegmentDefinition>,
    /// Whose numbers: a saved segment, as it is now.
    segment_id: Option<Uuid>,
    /// How many; all of them are handed out, or none.
    #[schema(example = 1000)]
    count: u32,
    /// random: each is as likely as any other; stable: those that have been here longest. random when left out.
    order: Option<String>,
    /// None that was in an extract within so many days, 0 to 3650; left out, as the settings say.
    unused_within_days: Option<u32>,
    /// xlsx, csv or txt.
    #[schema(example = "xlsx")]
    format: String,
    /// Whether your own seed numbers are put among them, one for each full 1,000.
    #[serde(default)]
    seed_numbers: bool,
    /// Whether numbers of unknown line type are handed out; true when left out. Those known to be fixed never are.
    allow_unknown_line_type: Option<bool>,
}

/// An extract.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExtractView {
    id: Uuid,
    /// ready, or expired: then its file is gone.
    state: &'static str,
    #[schema(value_type = Object)]
    segment: SegmentDefinition,
    segment_id: Option<Uuid>,
    segment_version: Option<u32>,
    /// Numbers of the segment.
    count: u32,
    /// Seed numbers, on top.
    seeds: u32,
    order: &'static str,
    unused_within_days: u32,
    format: &'static str,
    /// How often its file was given out.
    downloads: u32,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl ExtractView {
    fn of(extract: Extract, now: Timestamp) -> Self {
        Self {
            id: extract.id.0,
            state: if extract.expires_at > now { "ready" } else { "expired" },
            segment: extract.segment,
            segment_id: extract.saved_segment.map(|saved| saved.id.0),
            segment_version: extract.saved_segment.map(|saved| saved.version),
            count: extract.numbers,
            seeds: extract.seeds,
            order: extract.pick.as_str(),
            unused_within_days: extract.unused_within_days,
            format: extract.format.as_str(),
            downloads: extract.downloads,
            created_by: extract.created_by,
            created_at: extract.created_at,
            expires_at: extract.expires_at,
        }
    }
}

impl From<TakeExtractError> for Problem {
    fn from(error: TakeExtractError) -> Self {
        match error {
            TakeExtractError::Numbers(_) | TakeExtractError::Only(_) => {
                Self::unprocessable("/count", error.to_string())
            }
            TakeExtractError::Segment(refused) => of_segment(refused, "/segment"),
            TakeExtractError::NoSegment => Self::unprocessable("/segment_id", error.to_string()),
            TakeExtractError::OverLimit { again_in_s, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()).retry_after(again_in_s)
            }
            TakeExtractError::Write(error) => error.into(),
        }
    }
}

fn command(request: ExtractRequest) -> Result<ExtractCommand, Problem> {
    let segment = choice(request.segment, request.segment_id)
        .map_err(|detail| Problem::unprocessable("/segment", detail))?;
    let order = request.order.as_deref().unwrap_or("random");
    let pick = Pick::ALL.into_iter().find(|one| one.as_str() == order);
    let format = ExtractFormat::ALL.into_iter().find(|one| one.as_str() == request.format);
    if request.unused_within_days.is_some_and(|days| days > UNUSED_DAYS_MAX) {
        let detail = format!("give 0 to {UNUSED_DAYS_MAX}");
        return Err(Problem::unprocessable("/unused_within_days", detail));
    }
    Ok(ExtractCommand {
        segment,
        numbers: request.count,
        pick: pick.ok_or_else(|| Problem::unprocessable("/order", "give random or stable"))?,
        unused_within_days: request.unused_within_days,
        format: format.ok_or_else(|| Problem::unprocessable("/format", "give xlsx, csv or txt"))?,
        is_seeded: request.seed_numbers,
        unknown_line_types: if request.allow_unknown_line_type.unwrap_or(true) {
            UnknownLineTypes::Allow
        } else {
            UnknownLineTypes::LeaveOut
        },
    })
}

/// Hands numbers of a segment out: they are reserved and written at once, all that were asked for or none. Nobody is in it who
/// must not be written to, and no number is in two extracts that are made at the same time.
#[utoipa::path(tag = "extracts", path = "/api/v1/extracts", request_body = ExtractRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 201, body = ExtractView), (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
#[post("/extracts")]
pub(crate) async fn create(
    who: Caller<Manager>,
    asked: Asked,
    body: Body<ExtractRequest>,
    take: web::Data<TakeExtract>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let extract = take.execute(command(body.value)?, envelope).await?;
    Ok(HttpResponse::Created().json(ExtractView::of(extract, asked.at)))
}

/// Lists extracts, the latest first.
#[utoipa::path(tag = "extracts", path = "/api/v1/extracts", params(PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<ExtractView>)))]
#[get("/extracts")]
pub(crate) async fn list(
    _who: Caller<Manager>,
    asked: Asked,
    query: Query<PageQuery>,
    extracts: web::Data<Arc<dyn ExtractStore>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let before = behind::<Uuid>(query.cursor.as_deref())?.map(ExtractId);
    let found = extracts.page(before, limit).await?;
    let view = |extract| ExtractView::of(extract, asked.at);
    Ok(HttpResponse::Ok().json(Page::of(found, limit, |extract| extract.id.0.to_string(), view)))
}

fn missing() -> Problem {
    Problem::not_found("there is no such extract")
}

/// One extract.
#[utoipa::path(tag = "extracts", path = "/api/v1/extracts/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = ExtractView), (status = 404, body = Problem)))]
#[get("/extracts/{id}")]
pub(crate) async fn get_one(
    _who: Caller<Manager>,
    asked: Asked,
    id: web::Path<Uuid>,
    extracts: web::Data<Arc<dyn ExtractStore>>,
) -> Result<HttpResponse, Problem> {
    let extract = extracts.find(ExtractId(*id)).await?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(ExtractView::of(extract, asked.at)))
}

/// The file of an extract. Each time it is given out is written down, with who asked and from where.
#[utoipa::path(tag = "extracts", path = "/api/v1/extracts/{id}/file", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, description = "The file: Number is 52 and ten digits, Content the place", content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv"), (String = "text/plain"))), (status = 404, body = Problem), (status = 410, body = Problem)))]
#[get("/extracts/{id}/file")]
pub(crate) async fn download(
    who: Caller<Manager>,
    asked: Asked,
    id: web::Path<Uuid>,
    extracts: web::Data<Arc<dyn ExtractStore>>,
) -> Result<HttpResponse, Problem> {
    let id = ExtractId(*id);
    extracts.find(id).await?.ok_or_else(missing)?;
    let extract = extracts.note_download(id, asked.by(&who)).await?.ok_or_else(|| {
        Problem::new(
            StatusCode::GONE,
            "the time of this extract has ended, and its numbers are gone; make another one",
        )
    })?;
    let name = format!("attachment; filename=\"pregon-{}.{}\"", extract.id.0, extract.format.as_str());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(file::media_type(extract.format));
    let extracts: Arc<dyn ExtractStore> = Arc::clone(extracts.get_ref());
    match extract.format {
        ExtractFormat::Csv | ExtractFormat::Txt => Ok(response.streaming(file::lines(extracts, extract))),
        ExtractFormat::Xlsx => Ok(response.streaming(file::workbook(&*extracts, &extract).await?)),
    }
}

/// A number of your own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedRequest {
    /// The number, in any form that `/phones/normalize` reads.
    #[schema(example = "55 1234 5678")]
    phone: String,
    /// What people call it, 1 to 100 characters.
    label: String,
}

/// A seed number.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeedView {
    /// E.164.
    phone_e164: String,
    label: String,
    /// In how many extracts and campaigns it was.
    times_used: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<SeedNumber> for SeedView {
    fn from(seed: SeedNumber) -> Self {
        Self {
            phone_e164: seed.phone.e164().to_string(),
            label: seed.label,
            times_used: seed.times_used,
            last_used_at: seed.last_used_at,
            created_at: seed.created_at,
        }
    }
}

fn phone(pointer: &str, written: &str) -> Result<PhoneNumber, Problem> {
    PhoneNumber::parse(written)
        .map_err(|rejection| Problem::unprocessable(pointer, format!("{}: {rejection}", rejection.as_str())))
}

/// Lists your seed numbers, the least used first.
#[utoipa::path(tag = "extracts", path = "/api/v1/seed-numbers", security(("bearer" = [])), responses((status = 200, body = Page<SeedView>)))]
#[get("/seed-numbers")]
pub(crate) async fn seeds(
    _who: Caller<Manager>,
    extracts: web::Data<Arc<dyn ExtractStore>>,
) -> Result<HttpResponse, Problem> {
    let data = extracts.seeds().await?.into_iter().map(SeedView::from).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

/// Adds a seed number, or gives one another label.
#[utoipa::path(tag = "extracts", path = "/api/v1/seed-numbers", request_body = SeedRequest, security(("bearer" = [])), responses((status = 201, body = SeedView), (status = 422, body = Problem)))]
#[post("/seed-numbers")]
pub(crate) async fn put_seed(
    who: Caller<Manager>,
    asked: Asked,
    body: Body<SeedRequest>,
    extracts: web::Data<Arc<dyn ExtractStore>>,
) -> Result<HttpResponse, Problem> {
    let phone = phone("/phone", &body.value.phone)?;
    let label = body.value.label.trim().to_owned();
    let most = SeedNumber::LABEL_CHARS_MAX;
    if label.is_empty() || label.chars().count() > most || label.chars().any(char::is_control) {
        return Err(Problem::unprocessable("/label", format!("give 1 to {most} characters")));
    }
    let seed = extracts.put_seed(phone, label, asked.by(&who)).await?;
    Ok(HttpResponse::Created().json(SeedView::from(seed)))
}

/// Takes a seed number away.
#[utoipa::path(tag = "extracts", path = "/api/v1/seed-numbers/{phone}", params(("phone" = String, Path)), security(("bearer" = [])), responses((status = 204), (status = 404, body = Problem)))]
#[delete("/seed-numbers/{phone}")]
pub(crate) async fn remove_seed(
    who: Caller<Manager>,
    asked: Asked,
    written: web::Path<String>,
    extracts: web::Data<Arc<dyn ExtractStore>>,
) -> Result<HttpResponse, Problem> {
    let none = || Problem::not_found("there is no such seed number");
    let phone = PhoneNumber::parse(&written).map_err(|_| none())?;
    if extracts.remove_seed(phone, asked.by(&who)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(none())
    }
}
