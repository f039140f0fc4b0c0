//! Second factors: the codes of an authenticator beside the password.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use application::{SecondFactorError, SecondFactors};
use domain::identity::{Password, ShownFactor};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{PASSWORD_BYTES_MAX, too_many};
use crate::caller::{Anybody, Caller};
use crate::input::{Asked, Body};
use crate::problem::Problem;

impl From<SecondFactorError> for Problem {
    fn from(error: SecondFactorError) -> Self {
        match error {
            SecondFactorError::WrongPassword => Self::unprocessable("/password", error.to_string()),
            SecondFactorError::WrongCode => Self::unprocessable("/code", error.to_string()),
            SecondFactorError::TooManyFailures { retry_after } => too_many(error.to_string(), retry_after),
            SecondFactorError::Present | SecondFactorError::Absent => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            SecondFactorError::Store(error) => error.into(),
            SecondFactorError::Hasher(error) => error.into(),
            SecondFactorError::NoRandomness(_) => Self::ours(&error),
        }
    }
}

fn password(given: &str) -> Result<Password, Problem> {
    if given.len() > PASSWORD_BYTES_MAX {
        return Err(Problem::unprocessable("/password", "is longer than any password"));
    }
    Ok(Password::new(given))
}

fn code(given: &str) -> Result<ShownFactor, Problem> {
    ShownFactor::parse(given).map_err(|invalid| Problem::unprocessable("/code", invalid.to_string()))
}

/// Who wants a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfferRequest {
    /// The password, once more.
    password: String,
}

/// What an authenticator is given.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentView {
    /// To be typed into the authenticator, in Base32. Told this once.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as a QR code holds it. Told this once.
    #[schema(
        example = "otpauth://totp/Preg%C3%B3n:ana%40empresa.mx?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Preg%C3%B3n"
    )]
    uri: String,
}

/// Makes a secret for one's authenticator (TOTP: six digits, every 30 seconds, SHA-1). It counts only once it is confirmed; another
/// request makes another.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/second-factor", request_body = OfferRequest, security(("bearer" = [])), responses((status = 201, body = EnrolmentView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
#[post("/auth/second-factor")]
pub(crate) async fn offer_second_factor(
    who: Caller<Anybody>,
    asked: Asked,
    body: Body<OfferRequest>,
    factors: web::Data<SecondFactors>,
) -> Result<HttpResponse, Problem> {
    let password = password(&body.value.password)?;
    let enrolment = factors.offer(who.person()?, password, asked.by(&who)).await?;
    Ok(HttpResponse::Created().json(EnrolmentView {
        secret: enrolment.secret.expose_secret().to_owned(),
        uri: enrolment.uri.expose_secret().to_owned(),
    }))
}

/// A code that the authenticator shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// Six digits.
    #[schema(example = "287082")]
    code: String,
}

/// What stands in for an authenticator that is lost.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryView {
    /// Each signs in once instead of the six digits. Told this once: keep them on paper.
    #[schema(example = json!(["0abcf-f1234-56789-0abcd"]))]
    recovery_codes: Vec<String>,
}

/// Shows that the authenticator works. From now on the password alone signs in no longer, and one's other sessions end.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/second-factor/confirm", request_body = ConfirmRequest, security(("bearer" = [])), responses((status = 200, body = RecoveryView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
#[post("/auth/second-factor/confirm")]
pub(crate) async fn confirm_second_factor(
    who: Caller<Anybody>,
    asked: Asked,
    body: Body<ConfirmRequest>,
    factors: web::Data<SecondFactors>,
) -> Result<HttpResponse, Problem> {
    let codes = factors.confirm(who.person()?, &code(&body.value.code)?, asked.by(&who)).await?;
    let recovery_codes = codes.iter().map(|code| code.to_text().expose_secret().to_owned()).collect();
    Ok(HttpResponse::Ok().json(RecoveryView { recovery_codes }))
}

/// Who wants their second factor gone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveRequest {
    /// The password, once more.
    password: String,
    /// The six digits that the authenticator shows, or a recovery code.
    #[schema(example = "287082")]
    code: String,
}

/// Removes one's second factor, and its recovery codes with it.
#[utoipa::path(tag = "auth", path = "/api/v1/auth/second-factor/remove", request_body = RemoveRequest, security(("bearer" = [])), responses((status = 204, description = "done"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
#[post("/auth/second-factor/remove")]
pub(crate) async fn remove_second_factor(
    who: Caller<Anybody>,
    asked: Asked,
    body: Body<RemoveRequest>,
    factors: web::Data<SecondFactors>,
) -> Result<HttpResponse, Problem> {
    let shown = (password(&body.value.password)?, &code(&body.value.code)?);
    factors.remove(who.person()?, shown, asked.by(&who)).await?;
    Ok(HttpResponse::NoContent().finish())
}
