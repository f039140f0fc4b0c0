//! The audit log: who did what, when and from where.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use std::sync::Arc;

use actix_web::web::{self, Query};
use actix_web::{HttpResponse, get};
use domain::audit::{AuditLine, AuditPlace};
use domain::port::{AuditFilter, AuditLog, AuditOrder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Admin, Caller};
use crate::page::{Page, behind, limit};
use crate::problem::Problem;

/// The longest text that lines are looked for by, in characters.
const TEXT_CHARS_MAX: usize = 320;

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLineView {
    /// Identifies it. Ids grow, and some are never used.
    id: i64,
    /// When the change began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who: a user's address, or the name of a program.
    actor: String,
    /// What was done.
    #[schema(example = "campaign.launch")]
    action: String,
    /// To what kind of thing.
    #[schema(example = "campaign")]
    object_kind: String,
    /// To which one.
    object_id: String,
    /// The request that asked for it.
    request_id: Option<String>,
    /// Where that came from.
    remote_addr: Option<String>,
    /// What else is to be known of it.
    details: Value,
    /// Where it stands in the chain, counted from 1 in the order in which changes were committed.
    place: Option<i64>,
    /// Its hash there, in hexadecimal, over itself and all lines before it; `migrator audit verify` reckons them anew.
    hash: Option<String>,
}

impl From<AuditLine> for AuditLineView {
    fn from(line: AuditLine) -> Self {
        let (place, hash) = line.link.map(|link| (link.place, link.hash.to_string())).unzip();
        Self {
            id: line.id,
            at: line.at,
            actor: line.actor,
            action: line.action,
            object_kind: line.object_kind,
            object_id: line.object_id,
            request_id: line.request_id,
            remote_addr: line.remote_addr,
            details: serde_json::from_str(&line.details).unwrap_or_default(),
            place,
            hash,
        }
    }
}

/// Which lines, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this user, by the address, or of this program.
    actor: Option<String>,
    /// Of this action, as campaign.launch.
    action: Option<String>,
    /// About things of this kind, as campaign.
    object_kind: Option<String>,
    /// About this one; give `object_kind`, too.
    object_id: Option<String>,
    /// From this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// newest or oldest first; newest when left out.
    order: Option<String>,
    /// How many, from 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before, of the same filters and order.
    cursor: Option<String>,
}

fn bad_query(parameter: &str, detail: impl Into<String>) -> Problem {
    Problem::bad_request("the query cannot be taken as it is").with(parameter, detail)
}

fn text(parameter: &str, given: Option<String>) -> Result<Option<String>, Problem> {
    match given {
        Some(given) if given.chars().count() > TEXT_CHARS_MAX || given.contains('\0') => {
            Err(bad_query(parameter, format!("give at most {TEXT_CHARS_MAX} characters, and no NUL")))
        }
        given => Ok(given),
    }
}

fn filter(query: AuditQuery) -> Result<AuditFilter, Problem> {
    let AuditQuery { actor, action, object_kind, object_id, from, until, .. } = query;
    if object_id.is_some() && object_kind.is_none() {
        return Err(bad_query("object_id", "give object_kind, too"));
    }
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        return Err(bad_query("until", "give an instant behind from"));
    }
    Ok(AuditFilter {
        // Users are known by their addresses in lower case.
        actor: text("actor", actor)?.map(|actor| actor.trim().to_lowercase()),
        action: text("action", action)?,
        object_kind: text("object_kind", object_kind)?,
        object_id: text("object_id", object_id)?,
        from,
        until,
    })
}

/// Lists who did what: the latest first, or the first. A line bears the time at which its change began, so that one of a change that
/// took long may come to stand before lines that were read already; who follows the log asks again for the last hour.
#[utoipa::path(tag = "audit", path = "/api/v1/audit", params(AuditQuery), security(("bearer" = [])), responses((status = 200, body = Page<AuditLineView>), (status = 400, body = Problem), (status = 403, body = Problem)))]
#[get("/audit")]
pub(crate) async fn list(
    _who: Caller<Admin>,
    query: Query<AuditQuery>,
    log: web::Data<Arc<dyn AuditLog>>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let limit = limit(query.limit)?;
    let after = behind::<AuditPlace>(query.cursor.as_deref())?;
    let order = match query.order.as_deref() {
        None | Some("newest") => AuditOrder::NewestFirst,
        Some("oldest") => AuditOrder::OldestFirst,
        Some(_) => return Err(bad_query("order", "give newest or oldest")),
    };
    let found = log.page(filter(query)?, order, after, limit).await?;
    let place = |line: &AuditLine| AuditPlace { at: line.at, id: line.id }.to_string();
    Ok(HttpResponse::Ok().json(Page::of(found, limit, place, AuditLineView::from)))
}
