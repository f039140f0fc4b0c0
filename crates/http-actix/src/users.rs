//! Users, for admins.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get, patch, post};
use application::{ChangeUser, ChangeUserError, CreateUserError, InviteUser, InviteUserError};
use domain::identity::{Account, Email, Role, UnknownRole, User, UserId};
use domain::port::AccountDesk;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Admin, Caller};
use crate::input::{Asked, Body};
use crate::page::{Page, PageQuery, behind, limit};
use crate::problem::Problem;

/// A user, as admins see them.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// Identifies the user.
    id: Uuid,
    /// Signs in with it.
    email: String,
    /// viewer, operator, manager or admin.
    role: &'static str,
    /// Whether the user may do nothing else before another password is set.
    must_change_password: bool,
    /// Whether the user signs in with a second factor.
    has_second_factor: bool,
    /// When the user was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when the user cannot sign in; `null` while they can.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email.to_string(),
            role: account.role.as_str(),
            must_change_password: account.must_change_password,
            has_second_factor: account.has_second_factor,
            created_at: account.created_at,
            disabled_at: account.disabled_at,
        }
    }
}

impl From<User> for AccountView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            email: user.email.to_string(),
            role: user.role.as_str(),
            must_change_password: user.must_change_password,
            has_second_factor: false,
            created_at: user.created_at,
            disabled_at: None,
        }
    }
}

/// A user, and the password that was made for them.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewPasswordView {
    #[serde(flatten)]
    user: AccountView,
    /// Told this once; the user must change it when they first sign in.
    password: String,
}

impl From<ChangeUserError> for Problem {
    fn from(error: ChangeUserError) -> Self {
        match error {
            ChangeUserError::Unknown => Self::not_found(error.to_string()),
            ChangeUserError::LastAdmin
            | ChangeUserError::OwnRole
            | ChangeUserError::OwnPassword
            | ChangeUserError::OwnSecondFactor => Self::new(StatusCode::CONFLICT, error.to_string()),
            ChangeUserError::Store(error) => error.into(),
            ChangeUserError::Hasher(error) => error.into(),
            ChangeUserError::NoRandomness(_) => Self::ours(&error),
        }
    }
}

impl From<InviteUserError> for Problem {
    fn from(error: InviteUserError) -> Self {
        match error {
            InviteUserError::Create(CreateUserError::Store(error)) => error.into(),
            InviteUserError::Create(CreateUserError::Hasher(error)) => error.into(),
            InviteUserError::NoRandomness(_)
            | InviteUserError::Create(CreateUserError::PasswordRefused(_)) => Self::ours(&error),
        }
    }
}

pub(crate) fn role(pointer: &str, name: &str) -> Result<Role, Problem> {
    name.parse().map_err(|unknown: UnknownRole| Problem::unprocessable(pointer, unknown.to_string()))
}

/// Lists users, the latest made first; the disabled ones, too.
#[utoipa::path(tag = "users", path = "/api/v1/users", params(PageQuery), security(("bearer" = [])), responses((status = 200, body = Page<AccountView>), (status = 400, body = Problem), (status = 403, body = Problem)))]
#[get("/users")]
pub(crate) async fn list(
    _: Caller<Admin>,
    query: Query<PageQuery>,
    desk: web::Data<Arc<dyn AccountDesk>>,
) -> Result<HttpResponse, Problem> {
    let limit = limit(query.limit)?;
    let after = behind::<Uuid>(query.cursor.as_deref())?.map(UserId);
    let found = desk.page(after, limit).await?;
    Ok(HttpResponse::Ok().json(Page::of(found, limit, |one| one.id.0.to_string(), AccountView::from)))
}

/// Somebody who is to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRequest {
    /// Signs in with it.
    #[schema(example = "ana@empresa.mx")]
    email: String,
    /// viewer, operator, manager or admin.
    #[schema(example = "operator")]
    role: String,
}

/// Makes a user. The password is in the answer, this once. A second request for the address is answered 409: so asking
/// twice makes one user, and a password that was lost on the way is reset.
#[utoipa::path(tag = "users", path = "/api/v1/users", request_body = UserRequest, security(("bearer" = [])), responses((status = 201, body = NewPasswordView), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/users")]
pub(crate) async fn create(
    who: Caller<Admin>,
    asked: Asked,
    body: Body<UserRequest>,
    invite: web::Data<InviteUser>,
) -> Result<HttpResponse, Problem> {
    let email = Email::parse(&body.value.email)
        .map_err(|invalid| Problem::unprocessable("/email", invalid.to_string()))?;
    let role = role("/role", &body.value.role)?;
    let (user, password) = invite.execute(email, role, asked.by(&who)).await?;
    let view = NewPasswordView { user: user.into(), password: password.expose().to_owned() };
    Ok(HttpResponse::Created().json(view))
}

/// A user.
#[utoipa::path(tag = "users", path = "/api/v1/users/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = AccountView), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/users/{id}")]
pub(crate) async fn get_one(
    _: Caller<Admin>,
    id: web::Path<Uuid>,
    desk: web::Data<Arc<dyn AccountDesk>>,
) -> Result<HttpResponse, Problem> {
    let found = desk.find(UserId(*id)).await?;
    let account = found.ok_or_else(|| Problem::from(ChangeUserError::Unknown))?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// What is changed of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRequest {
    /// viewer, operator, manager or admin.
    #[schema(example = "manager")]
    role: String,
}

/// Changes somebody's role; one's own is changed by another admin. With a lower one their sessions end at once.
#[utoipa::path(tag = "users", path = "/api/v1/users/{id}", params(("id" = Uuid, Path)), request_body = RoleRequest, security(("bearer" = [])), responses((status = 200, body = AccountView), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[patch("/users/{id}")]
pub(crate) async fn change(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<RoleRequest>,
    use_case: web::Data<ChangeUser>,
) -> Result<HttpResponse, Problem> {
    let role = role("/role", &body.value.role)?;
    let account = use_case.set_role(UserId(*id), role, (&who, asked.by(&who))).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Lets somebody sign in no more, and ends their sessions at once. The last admin is not disabled.
#[utoipa::path(tag = "users", path = "/api/v1/users/{id}/disable", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = AccountView), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/users/{id}/disable")]
pub(crate) async fn disable(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    use_case: web::Data<ChangeUser>,
) -> Result<HttpResponse, Problem> {
    let account = use_case.disable(UserId(*id), asked.by(&who)).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Lets somebody sign in again.
#[utoipa::path(tag = "users", path = "/api/v1/users/{id}/enable", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = AccountView), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[post("/users/{id}/enable")]
pub(crate) async fn enable(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    use_case: web::Data<ChangeUser>,
) -> Result<HttpResponse, Problem> {
    let account = use_case.enable(UserId(*id), asked.by(&who)).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Gives somebody another password, which is in the answer this once, and ends their sessions at once.
#[utoipa::path(tag = "users", path = "/api/v1/users/{id}/reset-password", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = NewPasswordView), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/users/{id}/reset-password")]
pub(crate) async fn reset_password(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    use_case: web::Data<ChangeUser>,
) -> Result<HttpResponse, Problem> {
    let (account, password) = use_case.reset_password(UserId(*id), (&who, asked.by(&who))).await?;
    let view = NewPasswordView { user: account.into(), password: password.expose().to_owned() };
    Ok(HttpResponse::Ok().json(view))
}

/// Takes the second factor of somebody away who has lost it, and ends their sessions at once. They sign in with the password alone,
/// and where their role asks for a second factor they bring in another before anything else.
#[utoipa::path(tag = "users", path = "/api/v1/users/{id}/remove-second-factor", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 200, body = AccountView), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
#[post("/users/{id}/remove-second-factor")]
pub(crate) async fn remove_second_factor(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    use_case: web::Data<ChangeUser>,
) -> Result<HttpResponse, Problem> {
    let account = use_case.remove_second_factor(UserId(*id), (&who, asked.by(&who))).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}
