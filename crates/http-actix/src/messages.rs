//! Messages: one with its history, and what a text would cost.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use domain::message::MessageId;
use domain::port::{CampaignStore, Message};
use domain::session::SignedIn;
use domain::sms::{Transliteration, measure, non_gsm_characters};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{Caller, Viewer};
use crate::input::{Body, sees_whole};
use crate::problem::Problem;

/// The longest text that is measured, in characters.
const TEXT_CHARS_MAX: usize = 10_000;

/// A message.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageView {
    /// Identifies it; opaque.
    id: String,
    /// Its campaign.
    campaign_id: Uuid,
    /// To whom, E.164; masked for viewers.
    to: String,
    /// Where it stands.
    status: &'static str,
    /// Why, as a short code.
    reason: Option<String>,
    /// Its attempts so far.
    attempts: u16,
    /// The segments of its text.
    segments: u16,
    /// When it came into its state.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

impl MessageView {
    pub(crate) fn of(message: &Message, who: &SignedIn) -> Self {
        Self {
            id: message.id.to_string(),
            campaign_id: message.id.campaign.0,
            to: if sees_whole(who) { message.to.e164().to_string() } else { message.to.masked().to_string() },
            status: message.state.as_str(),
            reason: message.reason.clone(),
            attempts: message.attempts,
            segments: message.segments,
            changed_at: message.changed_at,
        }
    }
}

/// A message with its history.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageHistoryView {
    /// Identifies it; opaque.
    id: String,
    /// Its campaign.
    campaign_id: Uuid,
    /// To whom, E.164; masked for viewers.
    to: String,
    /// Its text; left out for viewers.
    text: Option<String>,
    /// Where it stands.
    status: &'static str,
    /// Why, as a short code.
    reason: Option<String>,
    /// The segments of its text.
    segments: u16,
    /// When it came into its state.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// Its attempts, the first first.
    attempts: Vec<AttemptView>,
    /// Its receipts, the first first.
    receipts: Vec<ReceiptView>,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptView {
    number: u16,
    /// accepted, refused, `refused_for_now` or unknown.
    outcome: String,
    reason: Option<String>,
    provider_id: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    finished_at: Timestamp,
}

/// One receipt.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    /// Of which attempt.
    attempt: u16,
    /// What it says.
    status: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

/// One message with its attempts and receipts.
#[utoipa::path(tag = "messages", path = "/api/v1/messages/{id}", params(("id" = String, Path)), security(("bearer" = [])), responses((status = 200, body = MessageHistoryView), (status = 404, body = Problem)))]
#[get("/messages/{id}")]
pub(crate) async fn get_one(
    who: Caller<Viewer>,
    id: web::Path<String>,
    campaigns: web::Data<Arc<dyn CampaignStore>>,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("there is no such message");
    let id: MessageId = id.parse().map_err(|_| missing())?;
    let found = campaigns.message(id).await?.ok_or_else(missing)?;
    let message = MessageView::of(&found.message, &who);
    Ok(HttpResponse::Ok().json(MessageHistoryView {
        id: message.id,
        campaign_id: message.campaign_id,
        to: message.to,
        text: sees_whole(&who).then_some(found.text),
        status: message.status,
        reason: message.reason,
        segments: message.segments,
        changed_at: message.changed_at,
        attempts: found
            .attempts
            .into_iter()
            .map(|attempt| AttemptView {
                number: attempt.number,
                outcome: attempt.outcome,
                reason: attempt.reason,
                provider_id: attempt.provider_id,
                started_at: attempt.started_at,
                finished_at: attempt.finished_at,
            })
            .collect(),
        receipts: found
            .receipts
            .into_iter()
            .map(|receipt| ReceiptView {
                attempt: receipt.attempt,
                status: receipt.status,
                occurred_at: receipt.occurred_at,
                received_at: receipt.received_at,
            })
            .collect(),
    }))
}

/// A text to be measured.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextRequest {
    /// The text, at most 10,000 characters.
    text: String,
    /// Whether characters that make it dearer are replaced first.
    #[serde(default)]
    transliterate: bool,
}

/// A text, measured.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeasureView {
    /// gsm7 or ucs2.
    encoding: &'static str,
    characters: u32,
    /// Septets, or units of 16 bits.
    units: u32,
    segments: u32,
    /// What makes it ucs2.
    non_gsm_characters: Vec<NonGsmView>,
    /// The text as it would go.
    text: String,
}

/// A character that the alphabet of GSM lacks.
#[derive(Serialize, ToSchema)]
pub(crate) struct NonGsmView {
    #[schema(value_type = String)]
    char: char,
    /// Its places, counted in characters from 0.
    positions: Vec<u32>,
}

/// What a text takes.
#[utoipa::path(tag = "messages", path = "/api/v1/messages/preview", request_body = TextRequest, security(("bearer" = [])), responses((status = 200, body = MeasureView), (status = 422, body = Problem)))]
#[post("/messages/preview")]
pub(crate) async fn preview(_who: Caller<Viewer>, body: Body<TextRequest>) -> Result<HttpResponse, Problem> {
    if body.value.text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::unprocessable("/text", format!("give at most {TEXT_CHARS_MAX} characters")));
    }
    let transliteration =
        if body.value.transliterate { Transliteration::Replace } else { Transliteration::Keep };
    let text = transliteration.apply(&body.value.text).into_owned();
    let measured = measure(&text);
    let non_gsm = non_gsm_characters(&text);
    Ok(HttpResponse::Ok().json(MeasureView {
        encoding: measured.encoding.as_str(),
        characters: measured.characters,
        units: measured.units,
        segments: measured.segments,
        non_gsm_characters: non_gsm
            .into_iter()
            .map(|(char, positions)| NonGsmView { char, positions })
            .collect(),
        text,
    }))
}
