//! What people do to a contact that is there.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use application::{ChangeContact, ChangeContactError};
use domain::access::Asker;
use domain::campaign::CampaignId;
use domain::contact::{
    Consent, ConsentChannel, ConsentKind, Contact, ContactEdit, ContactId, ContactStatus, Edit, Tag, Tagged,
};
use domain::port::{ContactDesk, Edited, Removed, TagChange};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Operator, Viewer};
use crate::contacts::ContactView;
use crate::input::{Asked, Body, meant};
use crate::messages::MessageView;
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::Problem;

/// The version of a contact, as its `ETag` has it.
pub(crate) fn etag(contact: &Contact) -> String {
    format!("\"{}\"", contact.updated_at.as_microsecond())
}

/// A contact with its `ETag`.
pub(crate) fn answer(status: StatusCode, contact: Contact, who: &Asker) -> HttpResponse {
    let tag = etag(&contact);
    HttpResponse::build(status).insert_header((ETAG, tag)).json(ContactView::of(contact, who))
}

/// The version that a change is meant for, by `If-Match`.
fn meant_version(request: &HttpRequest) -> Result<Option<Timestamp>, Problem> {
    meant(request, |etag| Timestamp::from_microsecond(etag.parse().ok()?).ok())
}

fn missing() -> Problem {
    Problem::not_found("there is no such contact")
}

fn of_another_version() -> Problem {
    let detail = "somebody changed the contact in the meantime; read it again and decide anew";
    Problem::new(StatusCode::PRECONDITION_FAILED, detail)
}

/// A field that is left out stays as it is, null empties it.
fn edit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Edit<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map_or(Edit::Clear, Edit::Set))
}

/// A change of a contact: what is left out stays as it is, null empties a field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactPatch {
    /// At most 2,000 characters.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>)]
    full_name: Edit<String>,
    /// Street address, at most 2,000 characters.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>)]
    address: Edit<String>,
    /// At most 400 characters.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>)]
    neighborhood: Edit<String>,
    /// At most 400 characters.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>)]
    municipality: Edit<String>,
    /// The code of the state, as JAL, or a known spelling of it.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>)]
    state_code: Edit<String>,
    /// At most 400 characters; a known spelling becomes the city's name.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>)]
    city: Edit<String>,
    /// ACTIVE, INACTIVE or BLOCKED.
    status: Option<String>,
}

impl From<ChangeContactError> for Problem {
    fn from(error: ChangeContactError) -> Self {
        match error {
            ChangeContactError::Field(refused) => {
                Self::unprocessable(format!("/{}", refused.field()), refused.to_string())
            }
            ChangeContactError::Store(error) => error.into(),
        }
    }
}

/// Changes a contact. With `If-Match` it is changed only if nobody else has changed it since.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}", request_body = ContactPatch, params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that the contact came with")), security(("bearer" = [])), responses((status = 200, body = ContactView), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
#[patch("/contacts/{id}")]
pub(crate) async fn change(
    who: Caller<Operator>,
    request: HttpRequest,
    asked: Asked,
    id: web::Path<i64>,
    body: Body<ContactPatch>,
    change: web::Data<ChangeContact>,
) -> Result<HttpResponse, Problem> {
    let version = meant_version(&request)?;
    let patch = body.value;
    let status = patch
        .status
        .map(|name| {
            ContactStatus::ALL
                .into_iter()
                .find(|one| one.as_str() == name)
                .ok_or_else(|| Problem::unprocessable("/status", "give ACTIVE, INACTIVE or BLOCKED"))
        })
        .transpose()?;
    let edit = ContactEdit {
        full_name: patch.full_name,
        address: patch.address,
        neighborhood: patch.neighborhood,
        municipality: patch.municipality,
        state: patch.state_code,
        city: patch.city,
        status,
    };
    match change.execute(ContactId(*id), edit, version, asked.by(&who)).await? {
        Edited::Changed(contact) => Ok(answer(StatusCode::OK, *contact, &who)),
        Edited::IsOfAnotherVersion => Err(of_another_version()),
        Edited::Missing => Err(missing()),
    }
}

/// Takes a contact away. What was sent to its number stays in the history, and whatever bars the number goes on to.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}", params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that the contact came with")), security(("bearer" = [])), responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
#[delete("/contacts/{id}")]
pub(crate) async fn remove(
    who: Caller<Operator>,
    request: HttpRequest,
    asked: Asked,
    id: web::Path<i64>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    let version = meant_version(&request)?;
    match desk.remove(ContactId(*id), version, asked.by(&who)).await? {
        Removed::Gone => Ok(HttpResponse::NoContent().finish()),
        Removed::IsOfAnotherVersion => Err(of_another_version()),
        Removed::Missing => Err(missing()),
    }
}

/// What somebody said of being written to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentRequest {
    /// How it was said: sms, phone, email, web, letter, `in_person`, authority or other.
    #[schema(example = "phone")]
    channel: String,
    /// Why, in words, at most 2,000 characters.
    reason: Option<String>,
    /// What shows it, at most 2,000 characters: the number of a call, a file, a message.
    evidence: Option<String>,
}

/// A contact after what it said was noted.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentView {
    #[serde(flatten)]
    contact: ContactView,
    /// What bars its number now: `opt_out`, carrier, manual, repep, reus, erasure. Nothing of these, and it may be written to.
    barred_by: Vec<String>,
}

fn consent(kind: ConsentKind, request: ConsentRequest) -> Result<Consent, Problem> {
    let channel = ConsentChannel::ALL.into_iter().find(|one| one.as_str() == request.channel);
    let channel = channel.ok_or_else(|| {
        Problem::unprocessable(
            "/channel",
            "give sms, phone, email, web, letter, in_person, authority or other",
        )
    })?;
    let text = |pointer: &str, given: Option<String>| match given.as_deref().map(str::trim) {
        Some(given) if given.chars().count() > Consent::TEXT_CHARS_MAX || given.contains('\0') => {
            let detail = format!("give at most {} characters, and no NUL", Consent::TEXT_CHARS_MAX);
            Err(Problem::unprocessable(pointer, detail))
        }
        Some(given) if !given.is_empty() => Ok(Some(given.to_owned())),
        _ => Ok(None),
    };
    Ok(Consent {
        kind,
        channel,
        reason: text("/reason", request.reason)?,
        evidence: text("/evidence", request.evidence)?,
    })
}

async fn noted(
    kind: ConsentKind,
    (who, asked): (&Asker, &Asked),
    id: i64,
    request: ConsentRequest,
    desk: &Arc<dyn ContactDesk>,
) -> Result<HttpResponse, Problem> {
    let consent = consent(kind, request)?;
    let noted = desk.consent(ContactId(id), consent, asked.by(who)).await?.ok_or_else(missing)?;
    let tag = etag(&noted.contact);
    let view = ConsentView { contact: ContactView::of(noted.contact, who), barred_by: noted.barred_by };
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(view))
}

/// Notes that somebody wants nothing more: at once nothing is sent to the number any more, whoever has it in an audience.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/opt-out", request_body = ConsentRequest, params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = ConsentView), (status = 404, body = Problem), (status = 422, body = Problem)))]
#[post("/contacts/{id}/opt-out")]
pub(crate) async fn opt_out(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<i64>,
    body: Body<ConsentRequest>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    noted(ConsentKind::OptOut, (&who, &asked), *id, body.value, &desk).await
}

/// Notes that somebody wants messages again. It takes back what they had asked themselves, and nothing that others barred.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/opt-in", request_body = ConsentRequest, params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = ConsentView), (status = 404, body = Problem), (status = 422, body = Problem)))]
#[post("/contacts/{id}/opt-in")]
pub(crate) async fn opt_in(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<i64>,
    body: Body<ConsentRequest>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    noted(ConsentKind::OptIn, (&who, &asked), *id, body.value, &desk).await
}

/// Tags, as they are given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagsRequest {
    /// At most 100, each of 1 to 64 letters, digits, spaces, and `. _ : / -`; capitals are not kept.
    #[schema(example = json!(["vip", "promo:2026"]))]
    tags: Vec<String>,
}

/// The tags of a contact.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagsView {
    data: Vec<TagView>,
}

/// A tag.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagView {
    tag: String,
    /// Since when the contact has it.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

fn tagged(tags: Vec<Tagged>) -> HttpResponse {
    let data = tags.into_iter().map(|one| TagView { tag: one.tag, since: one.since }).collect();
    HttpResponse::Ok().json(TagsView { data })
}

/// Reads tags; what is wrong is told with its place.
pub(crate) fn read_tags(pointer: &str, given: &[String]) -> Result<Vec<Tag>, Problem> {
    if given.len() > Tag::COUNT_MAX {
        return Err(Problem::unprocessable(pointer, format!("give at most {} tags", Tag::COUNT_MAX)));
    }
    let read = |(n, tag): (usize, &String)| {
        Tag::parse(tag)
            .map_err(|invalid| Problem::unprocessable(format!("{pointer}/{n}"), invalid.to_string()))
    };
    given.iter().enumerate().map(read).collect()
}

/// The tags of a contact.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/tags", params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = TagsView), (status = 404, body = Problem)))]
#[get("/contacts/{id}/tags")]
pub(crate) async fn list_tags(
    _who: Caller<Viewer>,
    id: web::Path<i64>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    Ok(tagged(desk.tags(ContactId(*id)).await?.ok_or_else(missing)?))
}

/// Adds tags to a contact; those that it has already stay.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/tags", request_body = TagsRequest, params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = TagsView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/contacts/{id}/tags")]
pub(crate) async fn add_tags(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<i64>,
    body: Body<TagsRequest>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    let changes = TagChange::Add(read_tags("/tags", &body.value.tags)?);
    let tags = desk.tag(ContactId(*id), changes, asked.by(&who)).await?;
    Ok(tagged(tags.ok_or_else(missing)?))
}

/// Gives a contact just these tags.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/tags", request_body = TagsRequest, params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = TagsView), (status = 404, body = Problem), (status = 422, body = Problem)))]
#[put("/contacts/{id}/tags")]
pub(crate) async fn set_tags(
    who: Caller<Operator>,
    asked: Asked,
    id: web::Path<i64>,
    body: Body<TagsRequest>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    let changes = TagChange::Replace(read_tags("/tags", &body.value.tags)?);
    let tags = desk.tag(ContactId(*id), changes, asked.by(&who)).await?;
    Ok(tagged(tags.ok_or_else(missing)?))
}

/// Takes a tag from a contact.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/tags/{tag}", params(("id" = String, Path), ("tag" = String, Path)), security(("bearer" = [])), responses((status = 200, body = TagsView), (status = 404, body = Problem)))]
#[delete("/contacts/{id}/tags/{tag}")]
pub(crate) async fn remove_tag(
    who: Caller<Operator>,
    asked: Asked,
    path: web::Path<(i64, String)>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    let (id, tag) = path.into_inner();
    let tag = Tag::parse(&tag).map_err(|_| Problem::not_found("there is no such tag"))?;
    let changes = TagChange::Remove(vec![tag]);
    let tags = desk.tag(ContactId(id), changes, asked.by(&who)).await?;
    Ok(tagged(tags.ok_or_else(missing)?))
}

/// What was sent to a contact's number, the latest campaign first.
#[utoipa::path(tag = "contacts", path = "/api/v1/contacts/{id}/messages", params(("id" = String, Path), PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<MessageView>), (status = 404, body = Problem)))]
#[get("/contacts/{id}/messages")]
pub(crate) async fn messages(
    who: Caller<Viewer>,
    id: web::Path<i64>,
    query: Query<PageQuery>,
    desk: web::Data<Arc<dyn ContactDesk>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let before = behind::<Uuid>(query.cursor.as_deref())?.map(CampaignId);
    let sent = desk.messages(ContactId(*id), before, limit).await?.ok_or_else(missing)?;
    let page = Page::of(
        sent,
        limit,
        |message| message.id.campaign.0.to_string(),
        |message| MessageView::of(&message, &who),
    );
    Ok(HttpResponse::Ok().json(page))
}
