//! Why a number got, gets or does not get the message of a campaign.

#![expect(unused_qualifications, reason = "what the macro of the description writes")]

use actix_web::web::Query;
use actix_web::{HttpResponse, get, web};
use application::{ExplainMessage, Explained};
use domain::access::Asker;
use domain::campaign::CampaignId;
use domain::phone::PhoneNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::caller::{Caller, Viewer};
use crate::input::sees_whole;
use crate::messages::MessageHistoryView;
use crate::problem::Problem;

/// Which number is asked about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainQuery {
    /// The number, as people write it.
    phone: String,
}

/// What became of a number in a campaign, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainView {
    /// The number, E.164; masked for viewers.
    phone: String,
    /// Of its message: sending, sent, delivered, undelivered, failed, uncertain, expired, canceled or skipped; `will_be_sent`
    /// or waiting while that is in the queue. Without one: `will_be_sent`, waiting, `may_be_sent`, `left_out`, `not_drawn`,
    /// `not_in_segment`, `unknown_number`, `came_later` or `not_sent`.
    verdict: &'static str,
    /// Why, as a short code.
    reason: Option<String>,
    /// Since when, where it is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// When it goes on, where that is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// Its message, with attempts and receipts, if it has one.
    message: Option<MessageHistoryView>,
    /// Why it was left out, or would be.
    left_out: Option<LeftOutView>,
    /// The same in words.
    sentences: SentencesView,
}

/// Why a number is left out.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeftOutView {
    /// `not_valid`, `not_mobile`, `opted_out`, suppressed or capped.
    reason: &'static str,
    /// When the audience began to be frozen; null while it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// What became of a number, in words.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentencesView {
    /// In English.
    en: String,
    /// In Spanish.
    es: String,
}

impl ExplainView {
    fn of(found: Explained, who: &Asker) -> Self {
        let phone = found.phone;
        Self {
            phone: if sees_whole(who) { phone.e164().to_string() } else { phone.masked().to_string() },
            verdict: found.verdict.as_str(),
            reason: found.reason,
            since: found.since,
            next_at: found.next_at,
            message: found.message.map(|history| MessageHistoryView::of(history, who)),
            left_out: found
                .left_out
                .map(|left_out| LeftOutView { reason: left_out.as_str(), at: found.since }),
            sentences: SentencesView { en: found.sentences.en, es: found.sentences.es },
        }
    }
}

/// Why a number got, gets or does not get its message.
#[utoipa::path(tag = "campaigns", path = "/api/v1/campaigns/{id}/explain", params(("id" = Uuid, Path), ExplainQuery), security(("bearer" = [])), responses((status = 200, body = ExplainView), (status = 400, body = Problem), (status = 404, body = Problem)))]
#[get("/campaigns/{id}/explain")]
pub(crate) async fn explain(
    who: Caller<Viewer>,
    id: web::Path<Uuid>,
    query: Query<ExplainQuery>,
    use_case: web::Data<ExplainMessage>,
) -> Result<HttpResponse, Problem> {
    let phone = PhoneNumber::parse(&query.phone).map_err(|rejection| {
        Problem::bad_request("the query cannot be taken as it is").with("phone", rejection.to_string())
    })?;
    let found = use_case.execute(CampaignId(*id), phone).await?;
    Ok(HttpResponse::Ok().json(ExplainView::of(found, &who)))
}
