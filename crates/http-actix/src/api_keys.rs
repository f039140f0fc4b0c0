//! Keys with which programs ask, for admins.

use std::sync::Arc;

use actix_web::web::{self, Query};
use actix_web::{HttpResponse, delete, get, post};
use application::{CreateApiKey, CreateApiKeyError, KeyCommand};
use domain::api_key::{AllowedFrom, ApiKey, ApiKeyId, KeyName};
use domain::port::ApiKeyStore;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Admin, Caller};
use crate::input::{Asked, Body};
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::Problem;
use crate::users::role;

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    /// Identifies it; the part of the key between `pk_` and the secret, with hyphens.
    id: Uuid,
    /// Whose it is.
    name: String,
    /// viewer, operator, manager or admin.
    role: &'static str,
    /// The networks from which it is taken; all when empty.
    allowed_from: Vec<String>,
    /// Who gave it out.
    created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When somebody ended it before.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// From where.
    last_used_from: Option<String>,
    /// Whether it is taken now.
    is_in_force: bool,
}

impl ApiKeyView {
    fn of(key: ApiKey, now: Timestamp) -> Self {
        Self {
            id: key.id.0,
            name: key.name.as_str().to_owned(),
            role: key.role.as_str(),
            allowed_from: key.allowed_from.to_texts(),
            is_in_force: key.lives(now),
            created_by: key.created_by,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            last_used_from: key.last_used_from.map(|address| address.to_string()),
        }
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApiKeyView {
    #[serde(flatten)]
    view: ApiKeyView,
    /// What its program sends as `x-api-key`. Told this once.
    key: String,
}

impl From<CreateApiKeyError> for Problem {
    fn from(error: CreateApiKeyError) -> Self {
        match error {
            CreateApiKeyError::Expiry { .. } => Self::unprocessable("/expires_at", error.to_string()),
            CreateApiKeyError::Store(error) => error.into(),
            CreateApiKeyError::NoRandomness(_) => Self::ours(&error),
        }
    }
}

/// Lists keys, the latest first; those that ended, too.
#[utoipa::path(tag = "api keys", path = "/api/v1/api-keys", params(PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<ApiKeyView>), (status = 400, body = Problem), (status = 403, body = Problem)))]
#[get("/api-keys")]
pub(crate) async fn list(
    _: Caller<Admin>,
    asked: Asked,
    query: Query<PageQuery>,
    keys: web::Data<Arc<dyn ApiKeyStore>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let after = behind::<Uuid>(query.cursor.as_deref())?.map(ApiKeyId);
    let found = keys.page(after, limit).await?;
    let page = Page::of(found, limit, |one| one.id.to_string(), |one| ApiKeyView::of(one, asked.at));
    Ok(HttpResponse::Ok().json(page))
}

/// A key that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyRequest {
    /// Which program has it: 1 to 60 characters, of no other key that was not revoked.
    #[schema(example = "CRM de ventas")]
    name: String,
    /// viewer, operator, manager or admin: it may what a user of this role may.
    #[schema(example = "operator")]
    role: String,
    /// The networks from which it is taken, at most 32; from anywhere when empty or left out.
    #[serde(default)]
    #[schema(example = json!(["203.0.113.0/24"]))]
    allowed_from: Vec<String>,
    /// When it ends by itself; as late as may be when left out (`auth.api_key_days_max`).
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Makes a key. It is in the answer, this once. A second request with the name is answered 409: so asking twice makes one
/// key, and one that was lost on the way is revoked.
#[utoipa::path(tag = "api keys", path = "/api/v1/api-keys", request_body = ApiKeyRequest, security(("bearer" = [])), responses((status = 201, body = NewApiKeyView), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/api-keys")]
pub(crate) async fn create(
    who: Caller<Admin>,
    asked: Asked,
    body: Body<ApiKeyRequest>,
    use_case: web::Data<CreateApiKey>,
) -> Result<HttpResponse, Problem> {
    let ApiKeyRequest { name, role: role_name, allowed_from, expires_at } = body.value;
    let name =
        KeyName::parse(&name).map_err(|invalid| Problem::unprocessable("/name", invalid.to_string()))?;
    let allowed_from = AllowedFrom::parse(allowed_from.iter().map(String::as_str)).map_err(|invalid| {
        Problem::unprocessable(format!("/allowed_from/{}", invalid.index), invalid.to_string())
    })?;
    let command = KeyCommand { name, role: role("/role", &role_name)?, allowed_from, expires_at };
    let (key, shown) = use_case.execute(command, asked.by(&who)).await?;
    let view = NewApiKeyView {
        view: ApiKeyView::of(key, asked.at),
        key: shown.to_text().expose_secret().to_owned(),
    };
    Ok(HttpResponse::Created().json(view))
}

fn none() -> Problem {
    Problem::not_found("no API key has this id")
}

/// A key.
#[utoipa::path(tag = "api keys", path = "/api/v1/api-keys/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = ApiKeyView), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/api-keys/{id}")]
pub(crate) async fn get_one(
    _: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    keys: web::Data<Arc<dyn ApiKeyStore>>,
) -> Result<HttpResponse, Problem> {
    let key = keys.find(ApiKeyId(*id)).await?.ok_or_else(none)?;
    Ok(HttpResponse::Ok().json(ApiKeyView::of(key, asked.at)))
}

/// Ends a key: from now on it is refused. The list keeps it.
#[utoipa::path(tag = "api keys", path = "/api/v1/api-keys/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 204, description = "done, or done before"), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[delete("/api-keys/{id}")]
pub(crate) async fn revoke(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    keys: web::Data<Arc<dyn ApiKeyStore>>,
) -> Result<HttpResponse, Problem> {
    keys.revoke(ApiKeyId(*id), asked.by(&who)).await?.ok_or_else(none)?;
    Ok(HttpResponse::NoContent().finish())
}
