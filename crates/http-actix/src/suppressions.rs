//! Numbers that are never written to.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use std::sync::Arc;

use actix_web::web::{self, Query};
use actix_web::{HttpResponse, delete, get, post};
use application::{LoadCommand, LoadSuppressions, LoadSuppressionsError};
use domain::access::Asker;
use domain::audit::BulkReading;
use domain::phone::PhoneNumber;
use domain::port::{AuditLog, Barred, NewSuppression, SuppressionFilter, SuppressionStore};
use domain::suppression::{Suppression, SuppressionList, SuppressionSource};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, Manager, Operator, Viewer};
use crate::input::{Asked, Body, sees_whole};
use crate::page::{Page, behind, limit};
use crate::problem::Problem;
use crate::readings;

/// The most numbers of one list.
const NUMBERS_MAX: usize = 10_000;

/// A number that is never written to. Its digits and the reason are masked for viewers.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuppressionView {
    /// E.164.
    phone: String,
    /// `opt_out`, carrier, manual, repep, reus or erasure.
    source: &'static str,
    /// Why, in words.
    reason: Option<String>,
    /// Who barred it.
    created_by: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The day on which a register listed it.
    #[schema(value_type = Option<String>, format = Date)]
    listed_on: Option<Date>,
    /// Until when; `null` is for ever.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether it holds now.
    is_in_force: bool,
}

impl SuppressionView {
    fn of(suppression: Suppression, who: &Asker, now: Timestamp) -> Self {
        let whole = sees_whole(who);
        let phone = suppression.phone;
        Self {
            phone: if whole { phone.e164().to_string() } else { phone.masked().to_string() },
            source: suppression.source.as_str(),
            reason: suppression.reason.filter(|_| whole),
            created_by: suppression.created_by,
            created_at: suppression.created_at,
            listed_on: suppression.listed_on,
            expires_at: suppression.expires_at,
            is_in_force: suppression.expires_at.is_none_or(|ends| ends > now),
        }
    }
}

/// Which suppressions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuppressionsQuery {
    /// Those of this number, in any form that `/phones/normalize` reads.
    phone: Option<String>,
    /// Those of this source: `opt_out`, carrier, manual, repep, reus or erasure.
    source: Option<String>,
    /// How many, from 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn bad_query(parameter: &str, detail: impl Into<String>) -> Problem {
    Problem::bad_request("the query cannot be taken as it is").with(parameter, detail)
}

fn phone(pointer: &str, written: &str) -> Result<PhoneNumber, Problem> {
    PhoneNumber::parse(written)
        .map_err(|rejection| Problem::unprocessable(pointer, format!("{}: {rejection}", rejection.as_str())))
}

/// Lists suppressions, the latest first; those that have expired, too.
#[utoipa::path(tag = "suppressions", path = "/api/v1/suppressions", params(SuppressionsQuery), security(("bearer" = [])), responses((status = 200, body = Page<SuppressionView>), (status = 400, body = Problem)))]
#[get("/suppressions")]
pub(crate) async fn list(
    who: Caller<Viewer>,
    asked: Asked,
    query: Query<SuppressionsQuery>,
    suppressions: web::Data<Arc<dyn SuppressionStore>>,
    log: web::Data<Arc<dyn AuditLog>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let after = behind::<i64>(query.cursor.as_deref())?;
    let phone = query.phone.as_deref().map(|written| {
        PhoneNumber::parse(written)
            .map_err(|rejection| bad_query("phone", format!("{}: {rejection}", rejection.as_str())))
    });
    let source = query.source.as_deref().map(|name| {
        name.parse::<SuppressionSource>().map_err(|unknown| bad_query("source", unknown.to_string()))
    });
    let filter = SuppressionFilter { phone: phone.transpose()?, source: source.transpose()? };
    let found = suppressions.page(filter, after, limit).await?;
    readings::note(&log, BulkReading::Suppressions, found.len(), (&*who, &asked)).await?;
    let page =
        Page::of(found, limit, |one| one.place.to_string(), |one| SuppressionView::of(one, &who, asked.at));
    Ok(HttpResponse::Ok().json(page))
}

/// A number to be barred.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuppressionRequest {
    /// The number, in any form that `/phones/normalize` reads.
    #[schema(example = "55 1234 5678")]
    phone: String,
    /// Why, in words, at most 2,000 characters.
    reason: Option<String>,
    /// Until when; left out, for ever.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Bars a number by our own list: nothing is sent to it from now on, and what is queued to it is skipped. One that is in the
/// list already is a conflict, and stays as it is.
#[utoipa::path(tag = "suppressions", path = "/api/v1/suppressions", request_body = SuppressionRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 201, body = SuppressionView), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/suppressions")]
pub(crate) async fn create(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<SuppressionRequest>,
    suppressions: web::Data<Arc<dyn SuppressionStore>>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let SuppressionRequest { phone: written, reason, expires_at } = body.value;
    let phone = phone("/phone", &written)?;
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let most = Suppression::REASON_CHARS_MAX;
    if reason.as_deref().is_some_and(|reason| reason.chars().count() > most || reason.contains('\0')) {
        let detail = format!("give at most {most} characters, and no NUL");
        return Err(Problem::unprocessable("/reason", detail));
    }
    if expires_at.is_some_and(|ends| ends <= asked.at) {
        return Err(Problem::unprocessable("/expires_at", "the time is past; give one to come"));
    }
    match suppressions.add(NewSuppression { phone, reason, expires_at }, envelope).await? {
        Barred::New(barred) => Ok(HttpResponse::Created().json(SuppressionView::of(barred, &who, asked.at))),
        Barred::Already(barred) => {
            Err(Problem::taken("the number is in the list already", barred.phone.e164().to_string()))
        }
    }
}

/// From which list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// manual, repep or reus.
    source: String,
}

/// Takes a number from a list. What its owner, its carrier or an erasure said is not taken back here: an opt-out ends when the
/// person opts in again.
#[utoipa::path(tag = "suppressions", path = "/api/v1/suppressions/{phone}", params(("phone" = String, Path), ListQuery), security(("bearer" = [])), responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[delete("/suppressions/{phone}")]
pub(crate) async fn remove(
    who: Caller<Manager>,
    asked: Asked,
    written: web::Path<String>,
    query: Query<ListQuery>,
    suppressions: web::Data<Arc<dyn SuppressionStore>>,
) -> Result<HttpResponse, Problem> {
    let none = || Problem::not_found("there is no such suppression");
    let phone = PhoneNumber::parse(&written).map_err(|_| none())?;
    let source = query.source.parse::<SuppressionSource>();
    let source = source.map_err(|_| bad_query("source", "give manual, repep or reus"))?;
    let from = source.list().ok_or_else(|| {
        let detail = match source {
            SuppressionSource::OptOut => {
                "an opt-out ends when the person opts in again: note that with POST /contacts/{id}/opt-in"
            }
            SuppressionSource::Carrier
            | SuppressionSource::Erasure
            | SuppressionSource::Manual
            | SuppressionSource::Repep
            | SuppressionSource::Reus => "what the carrier or an erasure bars stays barred",
        };
        Problem::new(actix_web::http::StatusCode::CONFLICT, detail)
    })?;
    if suppressions.remove(phone, from, asked.by(&who)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(none())
    }
}

/// A list of numbers to be barred.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuppressionsRequest {
    /// manual, repep or reus.
    #[schema(example = "repep")]
    source: String,
    /// At most 10,000, as people write them.
    #[schema(example = json!(["5512345678", "+52 33 1234 5678"]))]
    numbers: Vec<String>,
    /// The day on which the register listed them; entries of REUS end two years after it.
    #[schema(value_type = Option<String>, format = Date)]
    listed_on: Option<Date>,
}

/// What became of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoadedListView {
    source: &'static str,
    /// Numbers that the list did not have.
    added: u64,
    /// Numbers that it had, or that came more than once.
    already_there: u64,
    /// What is no number.
    refused: Vec<RefusedNumberView>,
}

/// A text that is no number.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedNumberView {
    /// Its place in `numbers`, from 0 on.
    index: usize,
    /// As `/phones/normalize` names it.
    reason: &'static str,
}

impl From<LoadSuppressionsError> for Problem {
    fn from(error: LoadSuppressionsError) -> Self {
        match error {
            LoadSuppressionsError::Listing(_) => Self::unprocessable("/listed_on", error.to_string()),
            LoadSuppressionsError::NoNumbers => Self::unprocessable("/numbers", error.to_string()),
            LoadSuppressionsError::Write(error) => error.into(),
        }
    }
}

/// Loads a list: all that are numbers are barred together, at once; what is no number is told by its place.
#[utoipa::path(tag = "suppressions", path = "/api/v1/suppressions/imports", request_body = SuppressionsRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 200, body = LoadedListView), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/suppressions/imports")]
pub(crate) async fn import(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<SuppressionsRequest>,
    load: web::Data<LoadSuppressions>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let SuppressionsRequest { source, numbers, listed_on } = body.value;
    let known: SuppressionList = source.parse().map_err(|unknown: domain::suppression::UnknownList| {
        Problem::unprocessable("/source", unknown.to_string())
    })?;
    if numbers.is_empty() || numbers.len() > NUMBERS_MAX {
        return Err(Problem::unprocessable("/numbers", format!("give 1 to {NUMBERS_MAX} numbers")));
    }
    let command = LoadCommand { list: known, file_name: None, listed_on };
    let loaded = load.execute(command, &numbers, envelope).await?;
    let refused = loaded.refused.into_iter();
    Ok(HttpResponse::Ok().json(LoadedListView {
        source: known.as_str(),
        added: loaded.numbers.added,
        already_there: loaded.numbers.already_there,
        refused: refused
            .map(|(index, rejection)| RefusedNumberView { index, reason: rejection.as_str() })
            .collect(),
    }))
}
