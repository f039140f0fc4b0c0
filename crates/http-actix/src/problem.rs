//! What went wrong, in the form of RFC 9457.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use domain::campaign::InvalidTransition;
use domain::port::{HasherUnavailable, StoreError, WriteError};
use domain::segment::SegmentRefused;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// The header that carries a request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A refusal or a failure, as it is answered (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Identifies the kind of problem.
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    #[schema(value_type = u16, example = 422)]
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    /// What happened this time, and what to do.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// Identifies the request in the log.
    request_id: String,
    /// What is wrong with which part of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<PartProblem>,
    /// What is there already, where that is why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    existing_id: Option<Box<str>>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

/// Something that is wrong with a part of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PartProblem {
    /// Where, as a JSON pointer into the body; of a query, the parameter.
    pointer: String,
    /// What.
    detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status,
            detail: detail.into(),
            instance: String::new(),
            request_id: String::new(),
            errors: Vec::new(),
            existing_id: None,
            retry_after_s: None,
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// A kind of problem of its own, which programs tell by its type.
    pub(crate) fn of_kind(self, r#type: &'static str, title: &'static str) -> Self {
        Self { r#type, title, ..self }
    }

    /// A body that was understood and cannot be taken.
    pub(crate) fn unprocessable(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "the request cannot be taken as it is")
            .with(pointer, detail)
    }

    pub(crate) fn with(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(PartProblem { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Something else has what was asked for.
    pub(crate) fn taken(detail: impl Into<String>, existing_id: impl Into<Box<str>>) -> Self {
        Self { existing_id: Some(existing_id.into()), ..Self::new(StatusCode::CONFLICT, detail) }
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub(crate) fn stamped(mut self, instance: &str, request_id: &str) -> Self {
        instance.clone_into(&mut self.instance);
        request_id.clone_into(&mut self.request_id);
        self
    }

    /// Something that is our fault, or our servers'. What it was is for the log.
    pub(crate) fn ours(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "something went wrong here; the log has it under the request's id",
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type(PROBLEM_JSON);
        if let Ok(id) = HeaderValue::from_str(&self.request_id)
            && !self.request_id.is_empty()
        {
            response.insert_header((REQUEST_ID, id));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<HasherUnavailable> for Problem {
    fn from(error: HasherUnavailable) -> Self {
        match error {
            HasherUnavailable::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).retry_after(1)
            }
            HasherUnavailable::Failed => Self::ours(&error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { reason, .. } => Self::new(StatusCode::CONFLICT, reason),
            StoreError::Unavailable { .. } => {
                tracing::warn!(%error, "the store is away");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "a server that this needs is away; try again soon")
                    .retry_after(1)
            }
            StoreError::Corrupt { .. } => Self::ours(&error),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        }
    }
}

impl From<InvalidTransition> for Problem {
    fn from(refused: InvalidTransition) -> Self {
        let problem = Self::new(StatusCode::CONFLICT, refused.to_string());
        problem.with("/state", refused.state.as_str())
    }
}

/// Of a segment's definition at `at` in the body.
pub(crate) fn of_segment(refused: SegmentRefused, at: &str) -> Problem {
    let whole = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the segment's definition is refused");
    refused.0.into_iter().fold(whole, |whole, part| whole.with(format!("{at}{}", part.pointer), part.detail))
}
