//! Senders.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put, web};
use application::{AddSender, AddSenderError, NewSender, RouteSender, RouteSenderError};
use domain::money::{Currency, Money};
use domain::port::SenderStore;
use domain::sender::{Sender, SenderAddress, SenderId, SenderIdentity, SenderRoute};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Admin, Caller, Viewer};
use crate::input::{Asked, Body};
use crate::page::Page;
use crate::problem::Problem;

/// A sender to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SenderRequest {
    /// What people call it; no two share one.
    name: String,
    /// The provider that sends for it.
    #[serde(default = "telnyx")]
    #[schema(example = "telnyx")]
    provider: String,
    /// `long_code`, `short_code`, alphanumeric or profile.
    kind: String,
    /// The number (E.164), name or profile.
    value: String,
    /// The most messages a second, more than 0.
    rate_per_s: f64,
    /// What one segment costs, in millionths of a peso.
    price_micros_per_segment: i64,
    #[serde(default)]
    identity: IdentityBody,
}

fn telnyx() -> String {
    "telnyx".to_owned()
}

/// Who the people written to are dealing with.
#[derive(Serialize, Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdentityBody {
    brand: String,
    address: String,
    phone: String,
    email: String,
    /// How to say no, as a message says it.
    opt_out_text: String,
}

/// A sender.
#[derive(Serialize, ToSchema)]
pub(crate) struct SenderView {
    id: Uuid,
    name: String,
    provider: String,
    kind: &'static str,
    value: String,
    rate_per_s: f64,
    price_micros_per_segment: i64,
    identity: IdentityBody,
}

impl From<Sender> for SenderView {
    fn from(sender: Sender) -> Self {
        Self {
            id: sender.id.0,
            name: sender.name,
            provider: sender.provider,
            kind: sender.address.kind.as_str(),
            value: sender.address.value,
            rate_per_s: sender.rate_per_s,
            price_micros_per_segment: sender.price_per_segment.micros,
            identity: IdentityBody {
                brand: sender.identity.brand,
                address: sender.identity.address,
                phone: sender.identity.phone,
                email: sender.identity.email,
                opt_out_text: sender.identity.opt_out_text,
            },
        }
    }
}

/// What the messages of a sender go by.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutesBody {
    /// A route for each carrier, at most 64; none where messages go by the sender itself alone.
    routes: Vec<RouteBody>,
}

/// What messages to the numbers of a carrier go by.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteBody {
    /// The carrier, as contacts have it; `null` is every carrier without a route of its own, and every number of which none is known.
    #[schema(example = "Telcel")]
    carrier: Option<String>,
    /// The senders, 1 to 8. The first sends; the next where the one before certainly did not get the message accepted, or is left alone
    /// for a while.
    via: Vec<Uuid>,
}

impl From<SenderRoute> for RouteBody {
    fn from(route: SenderRoute) -> Self {
        Self { carrier: route.carrier, via: route.via.into_iter().map(|sender| sender.0).collect() }
    }
}

impl From<RouteBody> for SenderRoute {
    fn from(route: RouteBody) -> Self {
        Self { carrier: route.carrier, via: route.via.into_iter().map(SenderId).collect() }
    }
}

/// Adds a sender.
#[utoipa::path(tag = "senders", path = "/api/v1/senders", request_body = SenderRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 201, body = SenderView), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/senders")]
pub(crate) async fn create(
    who: Caller<Admin>,
    asked: Asked,
    body: Body<SenderRequest>,
    add: web::Data<AddSender>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let request = body.value;
    let kind = request.kind.parse().map_err(|unknown: domain::sender::UnknownSenderKind| {
        Problem::unprocessable("/kind", unknown.to_string())
    })?;
    let new = NewSender {
        name: request.name,
        provider: request.provider,
        address: SenderAddress { kind, value: request.value },
        rate_per_s: request.rate_per_s,
        price_per_segment: Money { micros: request.price_micros_per_segment, currency: Currency::MXN },
        identity: SenderIdentity {
            brand: request.identity.brand,
            address: request.identity.address,
            phone: request.identity.phone,
            email: request.identity.email,
            opt_out_text: request.identity.opt_out_text,
        },
    };
    let sender = add.execute(new, envelope).await.map_err(|error| match error {
        AddSenderError::Refused { part, reason } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the sender cannot be taken as it is")
                .with(format!("/{part}"), reason)
        }
        AddSenderError::Store(error) => error.into(),
    })?;
    Ok(HttpResponse::Created().json(SenderView::from(sender)))
}

/// Lists senders, by name.
#[utoipa::path(tag = "senders", path = "/api/v1/senders", security(("bearer" = [])), responses((status = 200, body = Page<SenderView>)))]
#[get("/senders")]
pub(crate) async fn list(
    _who: Caller<Viewer>,
    senders: web::Data<Arc<dyn SenderStore>>,
) -> Result<HttpResponse, Problem> {
    let data = senders.list().await?.into_iter().map(SenderView::from).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

/// Says what the messages of a sender go by.
#[utoipa::path(tag = "senders", path = "/api/v1/senders/{id}/routes", params(("id" = Uuid, Path, description = "Of the sender.")), security(("bearer" = [])), responses((status = 200, body = RoutesBody), (status = 404, body = Problem)))]
#[get("/senders/{id}/routes")]
pub(crate) async fn list_routes(
    _who: Caller<Viewer>,
    id: web::Path<Uuid>,
    senders: web::Data<Arc<dyn SenderStore>>,
) -> Result<HttpResponse, Problem> {
    let id = SenderId(*id);
    if senders.find(id).await?.is_none() {
        return Err(Problem::not_found("there is no such sender"));
    }
    Ok(HttpResponse::Ok().json(body_of(senders.routes(id).await?)))
}

/// Sets what the messages of a sender go by, in the place of all that was set before. Campaigns that run go by it from then on.
///
/// A sender's own pace bounds all its messages; each sender on a route has its own besides, and a campaign goes no faster than the
/// slowest of them takes its share.
#[utoipa::path(tag = "senders", path = "/api/v1/senders/{id}/routes", params(("id" = Uuid, Path, description = "Of the sender.")), request_body = RoutesBody, security(("bearer" = [])), responses((status = 200, body = RoutesBody), (status = 404, body = Problem), (status = 422, body = Problem)))]
#[put("/senders/{id}/routes")]
pub(crate) async fn set_routes(
    who: Caller<Admin>,
    asked: Asked,
    id: web::Path<Uuid>,
    body: Body<RoutesBody>,
    route: web::Data<RouteSender>,
) -> Result<HttpResponse, Problem> {
    let wanted = body.value.routes.into_iter().map(Into::into).collect();
    let kept = route.execute(SenderId(*id), wanted, asked.by(&who)).await.map_err(|error| match error {
        RouteSenderError::NoSender => Problem::not_found("there is no such sender"),
        RouteSenderError::Refused { at, reason } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the routes cannot be taken as they are")
                .with(format!("/routes{at}"), reason)
        }
        RouteSenderError::Store(error) => error.into(),
    })?;
    Ok(HttpResponse::Ok().json(body_of(kept)))
}

fn body_of(routes: Vec<SenderRoute>) -> RoutesBody {
    RoutesBody { routes: routes.into_iter().map(Into::into).collect() }
}
