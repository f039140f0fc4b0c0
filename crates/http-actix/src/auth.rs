//! Signing in, staying signed in, and leaving.

use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use application::{
    EndSession, ListSessions, LogIn, LogInError, LogOut, Login, Pass, RefreshError, RefreshSession,
};
use domain::identity::{Email, Password};
use domain::session::{SessionId, SignedIn, UserAgent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Viewer};
use crate::input::{Asked, Body};
use crate::page::Page;
use crate::problem::Problem;

/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES_MAX: usize = 4_096;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The user's e-mail address.
    #[schema(example = "ana@empresa.mx")]
    email: String,
    /// The user's password.
    password: String,
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

/// Signs in.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/login", request_body = LoginRequest, responses((status = 200, body = TokenView), (status = 401, body = Problem), (status = 429, body = Problem)))]
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
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let credentials = Login {
        email,
        password: Password::new(&body.value.password),
        user_agent: agent.and_then(UserAgent::new),
    };
    let by = asked.by_nobody(&body.value.email.trim().to_lowercase());
    match log_in.execute(credentials, by).await {
        Ok(pass) => Ok(HttpResponse::Ok().json(token(&pass))),
        Err(LogInError::Refused) => Err(refused()),
        Err(error @ LogInError::TooManyFailures { retry_after }) => {
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
                .retry_after(retry_after.as_secs().max(1)))
        }
        Err(LogInError::Store(error)) => Err(error.into()),
        Err(error @ (LogInError::Hasher(_) | LogInError::Desk(_))) => Err(Problem::ours(&error)),
    }
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
    who: Caller<Viewer>,
    asked: Asked,
    log_out: web::Data<LogOut>,
) -> Result<HttpResponse, Problem> {
    log_out.execute(&who, asked.by(&who)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who is signed in.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/me", security(("bearer" = [])), responses((status = 200, body = UserView), (status = 401, body = Problem)))]
#[get("/auth/me")]
pub(crate) async fn me(who: Caller<Viewer>) -> HttpResponse {
    HttpResponse::Ok().json(UserView::from(&*who))
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
    let found = list.execute(&who).await?;
    let data = found.into_iter().map(|session| SessionView {
        id: session.id.0,
        is_current: session.id == who.session,
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
    if end.execute(SessionId(*id), &who, asked.by(&who)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found("no session of yours has this id"))
    }
}
