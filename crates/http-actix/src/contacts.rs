//! Contacts.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get, post};
use application::{AddContact, AddContactError, LineSource};
use domain::access::Asker;
use domain::audit::BulkReading;
use domain::city;
use domain::contact::{Contact, ContactFields, ContactId, ContactStatus, LineType, SHORT_TEXT_CHARS_MAX};
use domain::port::{AuditLog, ContactFilter, ContactStore, KnownLookup, LookupStore};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, Operator, Viewer};
use crate::contact_changes::{answer, etag};
use crate::input::{Asked, Body, sees_whole};
use crate::page::{Page, behind, limit};
use crate::problem::Problem;
use crate::readings;

/// A contact. Phone, name and address are masked for viewers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// A 64-bit integer, as text.
    id: String,
    /// E.164.
    phone_e164: String,
    full_name: Option<String>,
    address: Option<String>,
    neighborhood: Option<String>,
    municipality: Option<String>,
    state_code: Option<String>,
    state_name: Option<&'static str>,
    lada: Option<String>,
    city: Option<String>,
    /// mobile, fixed or unknown.
    line_type: &'static str,
    carrier: Option<String>,
    /// Of one contact alone: where it is from what line it has, `lookup` or `numbering_plan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    line_source: Option<&'static str>,
    /// Of one contact alone: when its number was last looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    line_checked_at: Option<Timestamp>,
    is_valid: bool,
    /// `null` while unknown.
    is_mobile: Option<bool>,
    /// ACTIVE, INACTIVE, `OPTED_OUT` or BLOCKED.
    status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    opt_out_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    migrated_at: Option<Timestamp>,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ContactView {
    pub(crate) fn of(contact: Contact, who: &Asker) -> Self {
        let whole = sees_whole(who);
        Self {
            id: contact.id.0.to_string(),
            phone_e164: if whole {
                contact.phone.e164().to_string()
            } else {
                contact.phone.masked().to_string()
            },
            full_name: contact.full_name.map(|name| if whole { name } else { initials(&name) }),
            address: contact.address.filter(|_| whole),
            neighborhood: contact.neighborhood.filter(|_| whole),
            municipality: contact.municipality,
            state_code: contact.state.map(|state| state.as_str().to_owned()),
            state_name: contact.state.map(domain::state::StateCode::name),
            lada: contact.lada.map(|lada| lada.to_string()),
            city: contact.city,
            line_type: contact.line_type.as_str(),
            carrier: contact.carrier,
            line_source: None,
            line_checked_at: None,
            is_valid: contact.is_valid,
            is_mobile: match contact.line_type {
                LineType::Mobile => Some(true),
                LineType::Fixed => Some(false),
                LineType::Unknown => None,
            },
            status: contact.status.as_str(),
            opt_out_at: contact.opt_out_at,
            migrated_at: contact.migrated_at,
            updated_at: contact.updated_at,
        }
    }
}

/// One contact with where it is from what line it has.
fn with_line(contact: Contact, known: Option<KnownLookup>, who: &Asker) -> ContactView {
    let is_looked_up = known.as_ref().is_some_and(|known| known.lookup.line.line_type != LineType::Unknown);
    let source = match (is_looked_up, contact.line_type) {
        (true, _) => Some(LineSource::Lookup),
        (false, LineType::Mobile | LineType::Fixed) => Some(LineSource::NumberingPlan),
        (false, LineType::Unknown) => None,
    };
    ContactView {
        line_source: source.map(LineSource::as_str),
        line_checked_at: known.map(|known| known.lookup.at),
        ..ContactView::of(contact, who)
    }
}

/// `ANA RUIZ` becomes `A. R.`
fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    letters.map(|letter| format!("{letter}.")).collect::<Vec<_>>().join(" ")
}

/// A contact to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactRequest {
    /// The number, in any form that `/phones/normalize` reads.
    #[schema(example = "55 1234 5678")]
    phone: String,
    /// At most 2,000 characters.
    full_name: Option<String>,
    /// Street address, at most 2,000 characters.
    address: Option<String>,
    /// At most 400 characters.
    neighborhood: Option<String>,
    /// At most 400 characters.
    municipality: Option<String>,
    /// The code of the state, as JAL, or a known spelling of it.
    state_code: Option<String>,
    /// At most 400 characters; a known spelling becomes the city's name.
    city: Option<String>,
}

impl From<ContactRequest> for ContactFields {
    fn from(request: ContactRequest) -> Self {
        Self {
            phone: request.phone,
            full_name: request.full_name,
            address: request.address,
            neighborhood: request.neighborhood,
            municipality: request.municipality,
            state: request.state_code,
            city: request.city,
        }
    }
}

impl From<AddContactError> for Problem {
    fn from(error: AddContactError) -> Self {
        match error {
            AddContactError::Phone(rejection) => {
                Self::unprocessable("/phone", format!("{}: {rejection}", rejection.as_str()))
            }
            AddContactError::Field(refused) => {
                Self::unprocessable(format!("/{}", refused.field()), refused.to_string())
            }
            AddContactError::Taken(id) => Self::taken(error.to_string(), id.0.to_string()),
            AddContactError::Write(error) => error.into(),
        }
    }
}

/// Adds a contact. Its area code, line type and carrier are those of the number.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts", request_body = ContactRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 201, body = ContactView), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/contacts")]
pub(crate) async fn create(
    who: Caller<Operator>,
    asked: Asked,
    body: Body<ContactRequest>,
    add: web::Data<AddContact>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let contact = add.execute(body.value.into(), envelope).await?;
    Ok(answer(StatusCode::CREATED, contact, &who))
}

/// What contacts are listed by.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactsQuery {
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
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What contacts are filtered by, as it was given.
pub(crate) struct GivenFilter<'a> {
    pub(crate) state: Option<&'a String>,
    pub(crate) lada: Option<&'a String>,
    pub(crate) city: Option<&'a String>,
    pub(crate) line_type: Option<&'a String>,
    pub(crate) status: Option<&'a String>,
}

pub(crate) fn filter(given: &GivenFilter<'_>) -> Result<ContactFilter, Problem> {
    fn read<T>(
        name: &str,
        given: Option<&String>,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        given
            .map(|given| {
                read(given).ok_or_else(|| {
                    Problem::bad_request("the query cannot be taken as it is").with(name, expected)
                })
            })
            .transpose()
    }
    Ok(ContactFilter {
        state: read(
            "state",
            given.state,
            |code| domain::state::StateCode::parse(code).ok(),
            "give a state's code, as JAL",
        )?,
        lada: read(
            "lada",
            given.lada,
            |code| domain::lada::Lada::parse(code).ok(),
            "give an assigned area code, as 55",
        )?,
        city: read(
            "city",
            given.city,
            |name| {
                let is_sound =
                    name.chars().count() <= SHORT_TEXT_CHARS_MAX && !name.chars().any(char::is_control);
                is_sound.then(|| city::from_spelling(name).unwrap_or(name).to_owned())
            },
            "give a city",
        )?,
        line_type: read(
            "line_type",
            given.line_type,
            |name| LineType::ALL.into_iter().find(|one| one.as_str() == name),
            "give mobile, fixed or unknown",
        )?,
        status: read(
            "status",
            given.status,
            |name| ContactStatus::ALL.into_iter().find(|one| one.as_str() == name),
            "give ACTIVE, INACTIVE, OPTED_OUT or BLOCKED",
        )?,
    })
}

/// Lists contacts.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts", params(ContactsQuery), security(("bearer" = [])), responses((status = 200, body = Page<ContactView>), (status = 400, body = Problem)))]
#[get("/contacts")]
pub(crate) async fn list(
    who: Caller<Viewer>,
    query: Query<ContactsQuery>,
    contacts: web::Data<Arc<dyn ContactStore>>,
    asked: Asked,
    log: web::Data<Arc<dyn AuditLog>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let after = behind::<i64>(query.cursor.as_deref())?.unwrap_or(i64::MIN);
    let filter = filter(&GivenFilter {
        state: query.state.as_ref(),
        lada: query.lada.as_ref(),
        city: query.city.as_ref(),
        line_type: query.line_type.as_ref(),
        status: query.status.as_ref(),
    })?;
    let found = contacts.page(filter, ContactId(after), limit).await?;
    readings::note(&log, BulkReading::Contacts, found.len(), (&*who, &asked)).await?;
    let page =
        Page::of(found, limit, |contact| contact.id.0.to_string(), |contact| ContactView::of(contact, &who));
    Ok(HttpResponse::Ok().json(page))
}

/// One contact.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}", params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = ContactView), (status = 404, body = Problem)))]
#[get("/contacts/{id}")]
pub(crate) async fn get_one(
    who: Caller<Viewer>,
    id: web::Path<i64>,
    contacts: web::Data<Arc<dyn ContactStore>>,
    lookups: web::Data<Arc<dyn LookupStore>>,
) -> Result<HttpResponse, Problem> {
    let contact = contacts.find(ContactId(*id)).await?;
    let contact = contact.ok_or_else(|| Problem::not_found("there is no such contact"))?;
    let known = lookups.known(vec![contact.phone]).await?.pop();
    let tag = etag(&contact);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(with_line(contact, known, &who)))
}
