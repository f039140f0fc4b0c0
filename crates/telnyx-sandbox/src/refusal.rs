//! Errors as Telnyx formats them: `{"errors":[{"code","title","detail","source"?}]}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use serde_json::json;

/// An error of Telnyx's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    /// The field at fault, as a JSON pointer.
    pointer: Option<&'static str>,
}

impl Refusal {
    const fn new(status: StatusCode, code: &'static str, title: &'static str, detail: &'static str) -> Self {
        Self { status, code, title, detail, pointer: None }
    }

    const fn at(self, pointer: &'static str) -> Self {
        Self { pointer: Some(pointer), ..self }
    }

    pub(crate) const UNAUTHENTICATED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "10009",
        "Authentication failed",
        "The required authentication headers were either invalid or not included in the request.",
    );
    pub(crate) const TOO_MANY_REQUESTS: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        "10011",
        "Too many requests",
        "You have exceeded the maximum number of allowed requests.",
    );
    pub(crate) const BAD_REQUEST: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "10015",
        "Bad Request",
        "The request failed because it was not well-formed.",
    );
    pub(crate) const BAD_NUMBER: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "10002",
        "Invalid phone number",
        "The phone number is invalid.",
    );
    pub(crate) const BAD_LOOKUP_TYPE: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "10032",
        "Invalid enumerated value",
        "The type must be one of carrier, caller-name.",
    );
    pub(crate) const BAD_FILTER: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "10031",
        "Invalid request filter",
        "The filter, page or sort of the request is invalid.",
    );
    pub(crate) const NOT_FOUND: Self = Self::new(
        StatusCode::NOT_FOUND,
        "10005",
        "Resource not found",
        "The requested resource or URL could not be found.",
    );
    pub(crate) const IN_FLIGHT: Self = Self::new(
        StatusCode::CONFLICT,
        "10036",
        "Resource is being processed",
        "A request with the same idempotency key is in progress.",
    );
    pub(crate) const KEY_REUSED: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "10027",
        "Unprocessable Entity",
        "The idempotency key was used with a different request.",
    );
    pub(crate) const LEDGER_FULL: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "10037",
        "Service unavailable",
        "The sandbox has taken as many messages as it was told to keep.",
    );
    pub(crate) const MISSING_TO: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "10004",
        "Missing required parameter",
        "A required parameter was missing.",
    )
    .at("/to");
    pub(crate) const MISSING_FROM: Self = Self { pointer: Some("/from"), ..Self::MISSING_TO };
    pub(crate) const BAD_TO: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40310",
        "Invalid 'to' address",
        "The 'to' address should be a single valid number.",
    )
    .at("/to");
    pub(crate) const BAD_TYPE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "10032",
        "Invalid enumerated value",
        "The value must be one of SMS.",
    )
    .at("/type");
    pub(crate) const BAD_WEBHOOK_URL: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "10003",
        "Invalid URL",
        "The URL provided was invalid, malformed, or too long. URLs can be a maximum of 2000 characters.",
    )
    .at("/webhook_url");
    pub(crate) const NO_CONTENT: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40316",
        "No content provided for message",
        "The message has no content. Either 'text' and/or 'media_urls' must be provided in the request.",
    )
    .at("/text");
    pub(crate) const TOO_LARGE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40302",
        "Message too large",
        "The SMS message would be divided into too many parts. The maximum is 10.",
    )
    .at("/text");
    pub(crate) const NOT_ROUTABLE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40001",
        "Not routable",
        "The destination number is either a landline or a non-routable wireless number.",
    );
    pub(crate) const UNDELIVERABLE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40008",
        "Undeliverable",
        "The recipient carrier did not accept the message.",
    );
    pub(crate) const OPTED_OUT: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40300",
        "Blocked due to STOP message",
        "Messages cannot be sent due to an existing block rule.",
    );
    pub(crate) const SENDER_UNREGISTERED: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "40010",
        "Sender not registered",
        "The sending number is not registered for messages of this kind.",
    );
    pub(crate) const SPEND_LIMIT: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        "40333",
        "Messaging profile spend limit reached",
        "Request refused because this would incur cost above the spend limit configured on the messaging profile.",
    );

    /// The error alone, as it stands in a receipt.
    pub(crate) fn to_json(self) -> serde_json::Value {
        match self.pointer {
            None => json!({"code": self.code, "title": self.title, "detail": self.detail}),
            Some(pointer) => json!({
                "code": self.code, "title": self.title, "detail": self.detail, "source": {"pointer": pointer},
            }),
        }
    }

    pub(crate) fn answer(self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if self == Self::TOO_MANY_REQUESTS {
            answer.insert_header((RETRY_AFTER, "1"));
        }
        answer.json(json!({"errors": [self.to_json()]}))
    }
}
