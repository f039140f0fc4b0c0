//! The search for contacts.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get};
use application::{FoundTotal, PartsOfPhones, SearchContacts, SearchError};
use domain::audit::BulkReading;
use domain::contact::ContactId;
use domain::port::{AuditLog, ContactFilter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, Viewer};
use crate::contacts::{ContactView, GivenFilter, filter};
use crate::input::{Asked, sees_whole};
use crate::page::{behind, cursor, limit};
use crate::problem::Problem;
use crate::readings;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// A number, its first or last digits, or words of a name or an address; of the last word the beginning is enough.
    q: String,
    /// A state's code, as in JAL.
    state: Option<String>,
    /// An area code.
    lada: Option<String>,
    /// A city, in any of its known spellings.
    city: Option<String>,
    /// mobile, fixed or unknown.
    line_type: Option<String>,
    /// ACTIVE, INACTIVE, `OPTED_OUT` or BLOCKED.
    status: Option<String>,
    /// How many, from 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before, of the same search.
    cursor: Option<String>,
}

/// Contacts that were found.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundView {
    data: Vec<ContactView>,
    /// Where the next page begins; `null` after the last.
    next_cursor: Option<String>,
    total: FoundTotalView,
}

/// How many there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundTotalView {
    value: u32,
    /// `exact`, or `at_least`: beyond 10,000 it is not counted.
    relation: &'static str,
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Query(refused) => {
                Self::bad_request("the query cannot be taken as it is").with("q", refused.to_string())
            }
            SearchError::PartOfPhone => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            SearchError::Store(error) => error.into(),
        }
    }
}

/// Searches for contacts by number, or by words of a name or an address, blind to accents and case. Parts of a number are for
/// those who see numbers whole.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/search", params(SearchQuery), security(("bearer" = [])), responses((status = 200, body = FoundView), (status = 400, body = Problem), (status = 403, body = Problem)))]
#[get("/contacts/search")]
pub(crate) async fn search(
    who: Caller<Viewer>,
    query: Query<SearchQuery>,
    use_case: web::Data<SearchContacts>,
    asked: Asked,
    log: web::Data<Arc<dyn AuditLog>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let filter = filter(&GivenFilter {
        state: query.state.as_ref(),
        lada: query.lada.as_ref(),
        city: query.city.as_ref(),
        line_type: query.line_type.as_ref(),
        status: query.status.as_ref(),
    })?;
    let seal = seal_of(&query.q, &filter);
    let after = match behind::<String>(query.cursor.as_deref())? {
        Some(sealed) => Some(opened(&sealed, &seal)?),
        None => None,
    };
    let parts = if sees_whole(&who) { PartsOfPhones::Searched } else { PartsOfPhones::Refused };
    let found = use_case.execute(&query.q, filter, (after, limit), parts).await?;
    let next_cursor = (found.contacts.len() >= usize::from(limit))
        .then(|| found.contacts.last().map(|last| cursor(&format!("{}.{seal}", last.id.0))))
        .flatten();
    let (value, relation) = match found.total {
        FoundTotal::Exact(value) => (value, "exact"),
        FoundTotal::AtLeast(value) => (value, "at_least"),
    };
    readings::note(&log, BulkReading::FoundContacts, found.contacts.len(), (&*who, &asked)).await?;
    Ok(HttpResponse::Ok().json(FoundView {
        data: found.contacts.into_iter().map(|contact| ContactView::of(contact, &who)).collect(),
        next_cursor,
        total: FoundTotalView { value, relation },
    }))
}

/// What tells one search from another, so that a cursor is taken by its own alone.
fn seal_of(text: &str, filter: &ContactFilter) -> String {
    let hash = Sha256::digest(format!("{}\0{filter:?}", text.trim()).as_bytes());
    hex::encode(&hash[..8])
}

fn opened(sealed: &str, seal: &str) -> Result<ContactId, Problem> {
    sealed
        .split_once('.')
        .filter(|(_, of)| *of == seal)
        .and_then(|(id, _)| id.parse().ok())
        .map(ContactId)
        .ok_or_else(|| {
            Problem::bad_request("the query cannot be taken as it is")
                .with("cursor", "give next_cursor as the page before of the same search had it")
        })
}
