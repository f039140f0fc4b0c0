//! Signing in, staying signed in, and leaving.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use application::{
    Authenticate, ChangePassword, ChangePasswordError, EndSession, ListSessions, LogIn, LogInError, LogOut,
    Login, Pass, RefreshError, RefreshSession,
};
use domain::access::{Asker, Duty};
use domain::identity::{Email, Password, ShownFactor};
use domain::session::{SessionId, SignedIn, UserAgent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Anybody, Caller, Viewer};
use crate::input::{Asked, Body};
use crate::page::Page;
use crate::problem::Problem;

/// The longest password that is looked at, in bytes.
pub(crate) const PASSWORD_BYTES_MAX: usize = 4_096;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The user's e-mail address.
    #[schema(example = "ana@empresa.mx")]
    email: String,
    /// The user's password.
    password: String,
    /// The second factor of those who have one: the six digits that their authenticator shows, or a recovery code.
    #[schema(example = "287082")]
    code: Option<String>,
}

/// What shows who somebody is.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// Goes with each request as `authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds that the access token is good.
    expires_in: i64,
    /// Gets the next tokens, once.
    refresh_token: String,
    /// Who.
    user: UserView,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    /// Identifies the user.
    id: Uuid,
    /// Signs in with it.
    email: String,
    /// viewer, operator, manager or admin.
    role: &'static str,
}

impl From<&SignedIn> for UserView {
    fn from(who: &SignedIn) -> Self {
        Self { id: who.user.0, email: who.email.to_string(), role: who.role.as_str() }
    }
}

fn token(pass: &Pass) -> TokenView {
    use secrecy::ExposeSecret as _;
    TokenView {
        access_token: pass.access.expose().to_owned(),
        token_type: "Bearer",
        expires_in: pass.access_lifetime.as_secs(),
        refresh_token: pass.refresh.to_text().expose_secret().to_owned(),
        user: (&pass.signed_in).into(),
    }
}

/// Signs in. Whoever has a second factor gives it as `code`; without it the answer to the right password is 401 of the type
/// `urn:pregon:problem:second-factor-needed`, and to a wrong or used code `urn:pregon:problem:second-factor-wrong`.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/login", request_body = LoginRequest, responses((status = 200, body = TokenView), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
#[post("/auth/login")]
pub(crate) async fn login(
    request: HttpRequest,
    asked: Asked,
    body: Body<LoginRequest>,
    log_in: web::Data<LogIn>,
) -> Result<HttpResponse, Problem> {
    let refused = || Problem::unauthorized(LogInError::Refused.to_string());
    if body.value.password.len() > PASSWORD_BYTES_MAX {
        return Err(refused());
    }
    // What is no address signs nobody in; that it is none need not be told apart.
    let email = Email::parse(&body.value.email).map_err(|_| refused())?;
    let factor = body.value.code.as_deref().map(ShownFactor::parse).transpose();
    let factor = factor.map_err(|invalid| Problem::unprocessable("/code", invalid.to_string()))?;
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let credentials = Login {
        email,
        password: Password::new(&body.value.password),
        factor,
        user_agent: agent.and_then(UserAgent::new),
    };
    let by = asked.by_nobody(&body.value.email.trim().to_lowercase());
    match log_in.execute(credentials, by).await {
        Ok(pass) => Ok(HttpResponse::Ok().json(token(&pass))),
        Err(LogInError::Refused) => Err(refused()),
        Err(error @ LogInError::FactorNeeded) => Err(Problem::unauthorized(error.to_string())
            .of_kind("urn:pregon:problem:second-factor-needed", "Second factor needed")),
        Err(error @ LogInError::WrongFactor) => Err(Problem::unauthorized(error.to_string())
            .of_kind("urn:pregon:problem:second-factor-wrong", "Second factor wrong")),
        Err(error @ LogInError::TooManyFailures { retry_after }) => {
            Err(too_many(error.to_string(), retry_after))
        }
        Err(LogInError::Store(error)) => Err(error.into()),
        Err(LogInError::Hasher(error)) => Err(error.into()),
        Err(error @ LogInError::Desk(_)) => Err(Problem::ours(&error)),
    }
}

pub(crate) fn too_many(detail: String, retry_after: Duration) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(retry_after.as_secs().max(1))
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// As the last answer had it.
    refresh_token: String,
}

/// Gets the next tokens. A refresh token is good once; one that is used again ends its session.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/refresh", request_body = RefreshRequest, responses((status = 200, body = TokenView), (status = 401, body = Problem)))]
#[post("/auth/refresh")]
pub(crate) async fn refresh(
    asked: Asked,
    body: Body<RefreshRequest>,
    use_case: web::Data<RefreshSession>,
) -> Result<HttpResponse, Problem> {
    match use_case.execute(&body.value.refresh_token, asked.by_nobody("refresh token")).await {
        Ok(pass) => Ok(HttpResponse::Ok().json(token(&pass))),
        Err(RefreshError::Refused) => Err(Problem::unauthorized(RefreshError::Refused.to_string())),
        Err(RefreshError::Store(error)) => Err(error.into()),
        Err(error @ RefreshError::Desk(_)) => Err(Problem::ours(&error)),
    }
}

/// Leaves: the session's tokens are good for nothing from now on.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/logout", security(("bearer" = [])), responses((status = 204, description = "done"), (status = 401, body = Problem)))]
#[post("/auth/logout")]
pub(crate) async fn logout(
    who: Caller<Anybody>,
    asked: Asked,
    log_out: web::Data<LogOut>,
) -> Result<HttpResponse, Problem> {
    log_out.execute(who.person()?, asked.by(&who)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    /// Identifies the user, or the key.
    id: Uuid,
    /// The user signs in with it; `null` of a key.
    email: Option<String>,
    /// viewer, operator, manager or admin.
    role: &'static str,
    /// Whether the user may do nothing else before another password is set.
    must_change_password: bool,
    /// Whether the user signs in with a second factor.
    has_second_factor: bool,
    /// Whether the user may do nothing else before a second factor is brought in.
    must_add_second_factor: bool,
    /// What the key is called; `null` of a user.
    api_key: Option<String>,
}

/// Who is signed in, or whose key this is.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/me", security(("bearer" = [])), responses((status = 200, body = MeView), (status = 401, body = Problem)))]
#[get("/auth/me")]
pub(crate) async fn me(who: Caller<Anybody>, authenticate: web::Data<Authenticate>) -> HttpResponse {
    let duty = authenticate.duty(&who);
    let role = who.role().as_str();
    HttpResponse::Ok().json(match &*who {
        Asker::Person(who) => MeView {
            id: who.user.0,
            email: Some(who.email.to_string()),
            role,
            must_change_password: who.must_change_password,
            has_second_factor: who.has_second_factor,
            must_add_second_factor: duty == Some(Duty::AddSecondFactor),
            api_key: None,
        },
        Asker::Program(key) => MeView {
            id: key.id.0,
            email: None,
            role,
            must_change_password: false,
            has_second_factor: false,
            must_add_second_factor: false,
            api_key: Some(key.name.as_str().to_owned()),
        },
    })
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The one that is good now.
    old_password: String,
    /// The one that is to be.
    new_password: String,
}

/// Changes one's own password, and ends one's other sessions.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/password", request_body = PasswordRequest, security(("bearer" = [])), responses((status = 204, description = "done"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
#[post("/auth/password")]
pub(crate) async fn change_password(
    who: Caller<Anybody>,
    asked: Asked,
    body: Body<PasswordRequest>,
    change: web::Data<ChangePassword>,
) -> Result<HttpResponse, Problem> {
    let PasswordRequest { old_password, new_password } = body.value;
    for (pointer, password) in [("/old_password", &old_password), ("/new_password", &new_password)] {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(Problem::unprocessable(pointer, "is longer than any password"));
        }
    }
    let passwords = (Password::new(&old_password), Password::new(&new_password));
    match change.execute(who.person()?, passwords, asked.by(&who)).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(error @ ChangePasswordError::WrongPassword) => {
            Err(Problem::unprocessable("/old_password", error.to_string()))
        }
        Err(error @ (ChangePasswordError::Unchanged | ChangePasswordError::Refused(_))) => {
            Err(Problem::unprocessable("/new_password", error.to_string()))
        }
        Err(error @ ChangePasswordError::TooManyFailures { retry_after }) => {
            Err(too_many(error.to_string(), retry_after))
        }
        Err(ChangePasswordError::Store(error)) => Err(error.into()),
        Err(ChangePasswordError::Hasher(error)) => Err(error.into()),
    }
}

/// A place where somebody is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Identifies it.
    id: Uuid,
    /// Whether this request belongs to it.
    is_current: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its tokens were last renewed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// What it was begun with.
    user_agent: Option<String>,
    /// Where from.
    remote_addr: Option<String>,
}

/// Where the caller is signed in.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/sessions", security(("bearer" = [])), responses((status = 200, body = Page<SessionView>), (status = 401, body = Problem)))]
#[get("/auth/sessions")]
pub(crate) async fn sessions(
    who: Caller<Viewer>,
    list: web::Data<ListSessions>,
) -> Result<HttpResponse, Problem> {
    let here = who.person()?;
    let found = list.execute(here).await?;
    let data = found.into_iter().map(|session| SessionView {
        id: session.id.0,
        is_current: session.id == here.session,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        user_agent: session.user_agent.map(|agent| agent.as_str().to_owned()),
        remote_addr: session.remote_addr.map(|address| address.to_string()),
    });
    Ok(HttpResponse::Ok().json(Page { data: data.collect(), next_cursor: None }))
}

/// Ends one of the caller's sessions.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/sessions/{id}", params(("id" = Uuid, Path)), security(("bearer" = [])), responses((status = 204, description = "done"), (status = 404, body = Problem)))]
#[delete("/auth/sessions/{id}")]
pub(crate) async fn end_session(
    who: Caller<Viewer>,
    asked: Asked,
    id: web::Path<Uuid>,
    end: web::Data<EndSession>,
) -> Result<HttpResponse, Problem> {
    if end.execute(SessionId(*id), who.person()?, asked.by(&who)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found("no session of yours has this id"))
    }
}
