//! Numbers.

use actix_web::{HttpResponse, post, web};
use application::KnownPlan;
use domain::lada::Lada;
use domain::numbering::{Line, NumberingPlan};
use domain::phone::{Outcome, PhoneNumber};
use domain::port::PlanVersion;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::{Caller, Viewer};
use crate::input::Body;
use crate::problem::Problem;

/// The most numbers of one request.
const NUMBERS_MAX: usize = 1_000;

/// Numbers to be read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumbersRequest {
    /// At most 1,000, as people write them.
    #[schema(example = json!(["044 55 1234 5678"]))]
    numbers: Vec<String>,
}

/// What numbers are, each in its place.
#[derive(Serialize, ToSchema)]
pub(crate) struct NumbersView {
    data: Vec<NumberView>,
    /// What line types and carriers come from; `null` while no numbering plan is loaded.
    numbering_plan: Option<PlanView>,
}

/// A numbering plan of the regulator's.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Counted up with every plan that is loaded.
    version: i32,
    /// The file it was read from.
    file_name: String,
    /// The latest assignment in it.
    #[schema(value_type = Option<String>, format = Date)]
    latest: Option<jiff::civil::Date>,
}

impl From<PlanVersion> for PlanView {
    fn from(version: PlanVersion) -> Self {
        Self { version: version.version, file_name: version.file_name, latest: version.latest }
    }
}

/// What a number is.
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberView {
    input: String,
    /// accepted; `accepted_invalid` when its area code is not assigned; rejected.
    outcome: &'static str,
    e164: Option<String>,
    reason: Option<&'static str>,
    line_type: Option<&'static str>,
    carrier: Option<String>,
    city: Option<&'static str>,
    state_code: Option<String>,
    timezone: Option<&'static str>,
}

/// Says of each number what it is.
#[utoipa::path(tag = "phones", path = "/api/v1/phones/normalize", request_body = NumbersRequest, security(("bearer" = [])), responses((status = 200, body = NumbersView), (status = 422, body = Problem)))]
#[post("/phones/normalize")]
pub(crate) async fn normalize(
    _who: Caller<Viewer>,
    body: Body<NumbersRequest>,
    plan: web::Data<KnownPlan>,
) -> Result<HttpResponse, Problem> {
    if body.value.numbers.len() > NUMBERS_MAX {
        return Err(Problem::unprocessable("/numbers", format!("give at most {NUMBERS_MAX} numbers")));
    }
    let (version, plan) = plan.in_force().unzip();
    let data = body.value.numbers.into_iter().map(|input| number(input, plan.as_deref())).collect();
    Ok(HttpResponse::Ok().json(NumbersView { data, numbering_plan: version.map(PlanView::from) }))
}

fn number(input: String, plan: Option<&NumberingPlan>) -> NumberView {
    let parsed = PhoneNumber::parse(&input);
    let outcome = Outcome::of(parsed);
    let line = parsed.ok().map(|phone| Line::of(phone, plan));
    let place = parsed.ok().and_then(PhoneNumber::lada).and_then(Lada::place);
    NumberView {
        input,
        outcome: outcome.as_str(),
        e164: parsed.ok().map(|phone| phone.e164().to_string()),
        reason: outcome.reason(),
        line_type: line.map(|line| line.line_type.as_str()),
        carrier: line.and_then(|line| line.carrier).map(str::to_owned),
        city: place.map(|place| place.city.as_str()),
        state_code: place.map(|place| place.state.as_str().to_owned()),
        timezone: place.map(|place| place.timezone.as_str()),
    }
}
