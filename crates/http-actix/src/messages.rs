//! Messages: one to be sent, one with its history, and what a text would cost.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use application::{SendCommand, SendError, SendMessage};
use domain::access::Asker;
use domain::advice::advise;
use domain::campaign::UnknownPriority;
use domain::message::MessageId;
use domain::phone::PhoneNumber;
use domain::port::{Attempt, CampaignStore, Message, MessageHistory, Receipt, SenderStore};
use domain::sender::SenderId;
use domain::sms::{SmsText, Transliteration, measure, non_gsm_characters};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::advice::AdviceView;
use crate::caller::{Caller, Manager, Viewer};
use crate::input::{Asked, Body, sees_whole};
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
    pub(crate) fn of(message: &Message, who: &Asker) -> Self {
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

impl MessageHistoryView {
    pub(crate) fn of(found: MessageHistory, who: &Asker) -> Self {
        let message = MessageView::of(&found.message, who);
        Self {
            id: message.id,
            campaign_id: message.campaign_id,
            to: message.to,
            text: sees_whole(who).then_some(found.text),
            status: message.status,
            reason: message.reason,
            segments: message.segments,
            changed_at: message.changed_at,
            attempts: found.attempts.into_iter().map(Into::into).collect(),
            receipts: found.receipts.into_iter().map(Into::into).collect(),
        }
    }
}

/// One attempt.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptView {
    number: u16,
    /// accepted, refused, `refused_for_now` or unknown.
    outcome: String,
    reason: Option<String>,
    provider_id: Option<String>,
    /// The sender that it went by; `null` where its worker died.
    sender_id: Option<Uuid>,
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

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            outcome: attempt.outcome,
            reason: attempt.reason,
            provider_id: attempt.provider_id,
            sender_id: attempt.sender.map(|sender| sender.0),
            started_at: attempt.started_at,
            finished_at: attempt.finished_at,
        }
    }
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        Self {
            attempt: receipt.attempt,
            status: receipt.status,
            occurred_at: receipt.occurred_at,
            received_at: receipt.received_at,
        }
    }
}

/// A message to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendMessageRequest {
    /// The number, as people write it.
    #[schema(example = "+525512345678")]
    to: String,
    /// What it says, as it goes: at most 10 segments.
    text: String,
    /// What it comes from; left out, the only sender there is.
    sender_id: Option<Uuid>,
    /// high, normal or bulk; high when left out.
    priority: Option<String>,
}

/// A number of a body that can be written to.
pub(crate) fn phone_of(raw: &str, pointer: &str) -> Result<PhoneNumber, Problem> {
    let phone = PhoneNumber::parse(raw);
    let phone = phone.map_err(|rejection| Problem::unprocessable(pointer, rejection.to_string()))?;
    if phone.is_assigned() {
        Ok(phone)
    } else {
        Err(Problem::unprocessable(pointer, "its area code is not assigned"))
    }
}

/// Why nothing was sent; numbers that are barred by where they stand in the body.
pub(crate) fn barred(error: SendError, pointer: impl Fn(usize) -> String) -> Problem {
    match error {
        SendError::Campaign(error) => error.into(),
        SendError::NoContact => Problem::unprocessable("/contact_id", error.to_string()),
        SendError::Barred(barred) => {
            let whole =
                Problem::new(StatusCode::CONFLICT, "a number must not be written to: nothing was sent");
            barred.iter().fold(whole, |whole, (n, reason)| whole.with(pointer(*n), reason.as_str()))
        }
    }
}

impl SendMessageRequest {
    fn command(self) -> Result<SendCommand, Problem> {
        let to = phone_of(&self.to, "/to")?;
        let text = SmsText::new(self.text);
        let priority = self.priority.as_deref().unwrap_or("high").parse();
        Ok(SendCommand {
            to,
            text: text.map_err(|refused| Problem::unprocessable("/text", refused.to_string()))?,
            sender: self.sender_id.map(SenderId),
            priority: priority.map_err(|unknown: UnknownPriority| {
                Problem::unprocessable("/priority", unknown.to_string())
            })?,
        })
    }
}

/// Sends one message, as a campaign of its own.
#[utoipa::path(tag = "messages", path = "/api/v1/messages", request_body = SendMessageRequest, params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = MessageView), (status = 409, body = Problem, description = "The number must not be written to: `errors` says why"), (status = 422, body = Problem)))]
#[post("/messages")]
pub(crate) async fn send(
    who: Caller<Manager>,
    asked: Asked,
    body: Body<SendMessageRequest>,
    use_case: web::Data<SendMessage>,
) -> Result<HttpResponse, Problem> {
    let envelope = asked.once_by(&who, Some(body.sha256))?;
    let command = body.value.command()?;
    let sent =
        use_case.execute(command, envelope).await.map_err(|error| barred(error, |_| "/to".to_owned()))?;
    Ok(HttpResponse::Accepted().json(MessageView::of(&sent, &who)))
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
    Ok(HttpResponse::Ok().json(MessageHistoryView::of(found, &who)))
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
    /// From whom it would go: then the advice is of that as well.
    sender_id: Option<Uuid>,
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
    /// What is worth a second look.
    advice: Vec<AdviceView>,
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
pub(crate) async fn preview(
    _who: Caller<Viewer>,
    body: Body<TextRequest>,
    senders: web::Data<Arc<dyn SenderStore>>,
) -> Result<HttpResponse, Problem> {
    if body.value.text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::unprocessable("/text", format!("give at most {TEXT_CHARS_MAX} characters")));
    }
    let sender = match body.value.sender_id {
        Some(id) => Some(
            senders
                .find(SenderId(id))
                .await?
                .ok_or_else(|| Problem::unprocessable("/sender_id", "there is no such sender"))?,
        ),
        None => None,
    };
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
        advice: advise(&text, sender.as_ref().map(|sender| (&sender.address, &sender.identity)))
            .into_iter()
            .map(AdviceView::from)
            .collect(),
        text,
    }))
}
