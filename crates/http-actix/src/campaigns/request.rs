//! A campaign as it is asked for.

use actix_web::http::StatusCode;
use application::{DraftCommand, SegmentChoice};
use domain::campaign::{CampaignPlan, Priority, UnknownLineTypes};
use domain::segment::{SegmentDefinition, SegmentId};
use domain::sender::SenderId;
use domain::sms::Transliteration;
use domain::template::Template;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;

/// A campaign to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignRequest {
    /// What people call it, 1 to 200 characters.
    name: String,
    message: MessageRequest,
    /// Who it is for: a segment's definition.
    #[schema(value_type = Object, example = json!({"field": "state", "op": "eq", "value": "JAL"}))]
    segment: Option<SegmentDefinition>,
    /// Who it is for: a saved segment, as it is now. Either this or `segment`.
    segment_id: Option<Uuid>,
    /// What it comes from; left out, the only sender there is.
    sender_id: Option<Uuid>,
    /// high, normal or bulk.
    priority: Option<String>,
    limits: Option<LimitsRequest>,
    /// Whether numbers of unknown line type are written to.
    allow_unknown_line_type: Option<bool>,
    /// Not available yet.
    schedule_at: Option<Value>,
    /// Not available yet.
    window: Option<Value>,
    /// Not available yet.
    canary: Option<Value>,
}

/// The text of a campaign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageRequest {
    /// The text, with placeholders.
    #[schema(
        example = "Hola {{ first_name | title }}, hoy 20% en toda la tienda. Responde ALTO para no recibir más."
    )]
    template: String,
    /// Whether characters that make texts dearer are replaced.
    #[serde(default)]
    transliterate: bool,
}

/// What bounds a campaign.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsRequest {
    /// The most messages; that many of the audience are drawn at random.
    max_messages: Option<u32>,
    /// Not available yet.
    max_cost: Option<Value>,
    /// Not available yet.
    per_second: Option<Value>,
}

/// Who something is for, of the two ways to say it.
pub(crate) fn choice(
    segment: Option<SegmentDefinition>,
    segment_id: Option<Uuid>,
) -> Result<SegmentChoice, &'static str> {
    match (segment, segment_id) {
        (Some(definition), None) => Ok(SegmentChoice::Given(definition)),
        (None, Some(id)) => Ok(SegmentChoice::Saved(SegmentId(id))),
        (None, None) => Err("say who it is for, by segment or segment_id; {\"all\": []} is everybody"),
        (Some(_), Some(_)) => Err("give segment or segment_id, not both"),
    }
}

impl TryFrom<CampaignRequest> for DraftCommand {
    type Error = Problem;

    /// Checks what serde cannot, and says of every part what is wrong with it.
    fn try_from(request: CampaignRequest) -> Result<Self, Problem> {
        let mut wrong = Vec::new();
        let mut refuse = |pointer: &str, detail: String| wrong.push((pointer.to_owned(), detail));
        let limits = request.limits.unwrap_or_default();
        for (pointer, given) in [
            ("/schedule_at", &request.schedule_at),
            ("/window", &request.window),
            ("/canary", &request.canary),
            ("/limits/max_cost", &limits.max_cost),
            ("/limits/per_second", &limits.per_second),
        ] {
            if given.is_some() {
                refuse(pointer, "not available yet; leave it out".to_owned());
            }
        }
        let name = request.name.trim().to_owned();
        if name.is_empty()
            || name.chars().count() > CampaignPlan::NAME_CHARS_MAX
            || name.chars().any(char::is_control)
        {
            refuse("/name", format!("give 1 to {} characters", CampaignPlan::NAME_CHARS_MAX));
        }
        if limits.max_messages == Some(0) {
            refuse("/limits/max_messages", "give at least 1".to_owned());
        }
        let segment = match choice(request.segment, request.segment_id) {
            Ok(choice) => Some(choice),
            Err(detail) => {
                refuse("/segment", detail.to_owned());
                None
            }
        };
        let template = Template::parse(&request.message.template);
        match &template {
            Ok(_) if request.message.template.trim().is_empty() => {
                refuse("/message/template", "the text is empty".to_owned());
            }
            Ok(_) => {}
            Err(refused) => refuse("/message/template", refused.to_string()),
        }
        let priority = request.priority.as_deref().unwrap_or("normal").parse::<Priority>();
        if let Err(unknown) = priority {
            refuse("/priority", unknown.to_string());
        }
        match (template, priority, segment, wrong.is_empty()) {
            (Ok(template), Ok(priority), Some(segment), true) => Ok(Self {
                name,
                template,
                transliteration: if request.message.transliterate {
                    Transliteration::Replace
                } else {
                    Transliteration::Keep
                },
                segment,
                sender: request.sender_id.map(SenderId),
                priority,
                messages_max: limits.max_messages,
                unknown_line_types: request.allow_unknown_line_type.map(|is_allowed| {
                    if is_allowed { UnknownLineTypes::Allow } else { UnknownLineTypes::LeaveOut }
                }),
            }),
            _ => Err(wrong.into_iter().fold(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the campaign cannot be taken as it is"),
                |whole, (pointer, detail)| whole.with(pointer, detail),
            )),
        }
    }
}
