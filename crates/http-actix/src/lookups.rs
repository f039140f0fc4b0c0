//! Numbers are looked up with the provider.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use application::{
    LineSource, LookUpCampaign, LookUpCampaignError, LookUpCommand, LookUpPhones, LookUpPhonesError,
    LookedUpPhones, LookupEnd, NumberAnswer,
};
use domain::campaign::CampaignId;
use domain::phone::Outcome;
use domain::port::LookupScope;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Manager, Operator};
use crate::campaigns::MoneyRequest;
use crate::input::{Asked, Body};
use crate::jobs::{JobView, accepted, too_many};
use crate::money::MoneyView;
use crate::problem::Problem;

/// Numbers to be looked up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupRequest {
    /// As people write them, at most as many as `lookup.numbers_max` says.
    #[schema(example = json!(["55 1234 5678"]))]
    numbers: Vec<String>,
    /// Whether those are asked about, too, that the numbering plan tells of.
    #[serde(default)]
    even_if_known: bool,
    /// The most that it may cost; left out, as much as it does.
    max_cost: Option<MoneyRequest>,
}

/// What is known of numbers now, each in its place.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupsView {
    data: Vec<LookupView>,
    /// Calls to the provider.
    calls: u64,
    /// Numbers that an earlier lookup answered for nothing.
    cached: u64,
    /// Calls that brought no answer; they may have cost all the same.
    failed: u64,
    /// What the calls cost.
    cost: MoneyView,
}

/// What is known of a number.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupView {
    input: String,
    e164: Option<String>,
    /// accepted; `accepted_invalid` when its area code is not assigned; rejected.
    outcome: &'static str,
    /// mobile, fixed or unknown; `null` of what is no number.
    line_type: Option<&'static str>,
    carrier: Option<String>,
    /// Whether it was taken from one operator to another.
    is_ported: Option<bool>,
    /// `lookup` or `numbering_plan`; `null` where neither tells.
    source: Option<&'static str>,
    /// When the provider told.
    #[schema(value_type = Option<String>, format = DateTime)]
    looked_up_at: Option<Timestamp>,
    /// Why it is no number, why the provider was not asked, or why it told nothing: `unknown_number`, `over_max_cost`,
    /// `out_of_time`, `day_is_spent`, `account_blocked`, `no_answer`, or what happened instead of an answer, as in `timeout`.
    reason: Option<String>,
}

impl LookupView {
    fn of(input: String, answer: NumberAnswer) -> Self {
        Self {
            input,
            e164: answer.phone.ok().map(|phone| phone.e164().to_string()),
            outcome: Outcome::of(answer.phone).as_str(),
            line_type: answer.phone.ok().map(|_| answer.line.line_type.as_str()),
            carrier: answer.line.carrier,
            is_ported: answer.line.is_ported,
            source: answer.source.map(LineSource::as_str),
            looked_up_at: answer.at,
            reason: answer.reason,
        }
    }
}

/// Why nothing was looked up, to who asked at that time.
fn refused(error: LookUpPhonesError, at: Timestamp) -> Problem {
    let said = error.to_string();
    match error {
        LookUpPhonesError::TooMany(_) => Problem::unprocessable("/numbers", said),
        LookUpPhonesError::Ended(LookupEnd::DayIsSpent { until }) => {
            let seconds = u64::try_from(until.as_second() - at.as_second()).unwrap_or_default();
            Problem::new(StatusCode::TOO_MANY_REQUESTS, said).retry_after(seconds.max(1))
        }
        LookUpPhonesError::NoProvider | LookUpPhonesError::Ended(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, said)
        }
        LookUpPhonesError::Store(error) => error.into(),
    }
}

/// Looks numbers up with the provider: line type, carrier, and whether they were ported. What an earlier lookup tells costs nothing,
/// and what the numbering plan tells is not asked unless it is wanted; a number that could not be asked about says why.
#[utoipa::path(tag = "phones", path = "/api/v1/phones/lookup", request_body = LookupRequest, security(("bearer" = [])), responses((status = 200, body = LookupsView), (status = 422, body = Problem), (status = 429, body = Problem, description = "All calls of the day are made, and nobody was asked"), (status = 503, body = Problem, description = "The api has no key for the provider, or the provider lets the account look nothing up")))]
#[post("/phones/lookup")]
pub(crate) async fn look_up(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<LookupRequest>,
    look_up: web::Data<LookUpPhones>,
) -> Result<HttpResponse, Problem> {
    let request = body.value;
    let cost_max = request.max_cost.as_ref().map(MoneyRequest::read).transpose();
    let command = LookUpCommand {
        numbers: request.numbers,
        scope: if request.even_if_known { LookupScope::EvenIfKnown } else { LookupScope::UnknownAlone },
        cost_max: cost_max.map_err(|detail| Problem::unprocessable("/max_cost", detail))?,
    };
    let (inputs, envelope) = (command.numbers.clone(), asked.by(&who));
    // What was paid for is kept, also where nobody waits for it any more.
    let asking = actix_web::rt::spawn(async move { look_up.execute(command, envelope).await });
    let told = asking.await.map_err(|error| Problem::ours(&error))?;
    let LookedUpPhones { numbers, tally, cost } = told.map_err(|error| refused(error, asked.at))?;
    Ok(HttpResponse::Ok().json(LookupsView {
        data: inputs.into_iter().zip(numbers).map(|(input, answer)| LookupView::of(input, answer)).collect(),
        calls: tally.asked,
        cached: tally.cached,
        failed: tally.failed,
        cost: cost.into(),
    }))
}

/// What looking a campaign's numbers up may cost.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignLookupRequest {
    /// The most that it may cost: what would cost more is not asked.
    max_cost: MoneyRequest,
}

impl From<LookUpCampaignError> for Problem {
    fn from(error: LookUpCampaignError) -> Self {
        match error {
            LookUpCampaignError::Campaign(error) => error.into(),
            LookUpCampaignError::TooMany => too_many(error.to_string()),
            LookUpCampaignError::Write(error) => error.into(),
        }
    }
}

/// Has the numbers of a campaign looked up whose line type is unknown, before it is launched. The job tells what became of them.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/lookup", request_body = CampaignLookupRequest, params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = JobView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
#[post("/campaigns/{id}/lookup")]
pub(crate) async fn look_up_campaign(
    who: Caller<Manager>,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<CampaignLookupRequest>,
    use_case: web::Data<LookUpCampaign>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let cost_max = body.value.max_cost.read();
    let cost_max = cost_max.map_err(|detail| Problem::unprocessable("/max_cost", detail))?;
    Ok(accepted(use_case.execute(CampaignId(*id), cost_max, envelope).await?))
}
