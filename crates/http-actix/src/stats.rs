//! Counts of contacts.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get};
use application::CountContacts;
use domain::census::{Count, CountedBy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, Viewer};
use crate::problem::Problem;

/// By what contacts are counted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// state, lada, city, `line_type` or status; state when left out.
    by: Option<String>,
}

/// Contacts, counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsView {
    /// The most frequent first.
    data: Vec<CountView>,
    /// The moment of which the counts are true; none has changed since.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

/// How many contacts have something in common.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountView {
    /// `null` for contacts without it.
    key: Option<String>,
    total: u64,
    /// Of these, those whose status is ACTIVE and who did not say no.
    active: u64,
    /// Of these, those whose line is known to be mobile.
    mobile: u64,
    /// Of these, those whose number is valid.
    valid: u64,
}

/// Counts all contacts by what they have in common, in milliseconds whatever their number.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/stats", params(StatsQuery), security(("bearer" = [])), responses((status = 200, body = StatsView), (status = 400, body = Problem)))]
#[get("/contacts/stats")]
pub(crate) async fn stats(
    _: Caller<Viewer>,
    query: Query<StatsQuery>,
    use_case: web::Data<CountContacts>,
) -> Result<HttpResponse, Problem> {
    let by = query.by.as_deref().unwrap_or(CountedBy::State.as_str());
    let by = CountedBy::ALL.into_iter().find(|known| known.as_str() == by).ok_or_else(|| {
        Problem::bad_request("the query cannot be taken as it is")
            .with("by", "give state, lada, city, line_type or status")
    })?;
    let counted = use_case.execute(by).await?;
    let view = |count: Count| CountView {
        key: count.key,
        total: count.total,
        active: count.active,
        mobile: count.mobile,
        valid: count.valid,
    };
    let data = counted.counts.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(StatsView { data, as_of: counted.as_of }))
}
