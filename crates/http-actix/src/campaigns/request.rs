//! A campaign as it is asked for.

use actix_web::http::StatusCode;
use application::{DraftCommand, SegmentChoice, WindowChoice};
use domain::campaign::{Campaign, CampaignLimits, CampaignPlan, Canary, Priority, UnknownLineTypes, Window};
use domain::money::{Currency, Money};
use domain::segment::{SegmentDefinition, SegmentId};
use domain::sender::SenderId;
use domain::sms::Transliteration;
use domain::template::Template;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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
    #[schema(value_type = Option<Object>, example = json!({"field": "state", "op": "eq", "value": "JAL"}))]
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
    /// When it is to be launched once it is scheduled.
    #[schema(value_type = Option<String>, format = DateTime)]
    schedule_at: Option<Timestamp>,
    /// When people may be written to, by the clock where each lives; left out, the hours of the settings; null, any hour.
    #[serde(default)]
    #[schema(value_type = Option<WindowBody>)]
    window: WindowField,
    /// The first messages: the others wait until these are final.
    canary: Option<CanaryBody>,
}

/// A window as it is asked for.
#[derive(Default)]
enum WindowField {
    /// Not named.
    #[default]
    LeftOut,
    /// null.
    AnyHour,
    /// Hours and days.
    Given(WindowBody),
}

impl<'de> Deserialize<'de> for WindowField {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let given = Option::deserialize(value)?;
        Ok(given.map_or(Self::AnyHour, Self::Given))
    }
}

/// When people may be written to, by the clock where each lives.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowBody {
    /// From this hour on.
    #[schema(example = "09:00")]
    start: String,
    /// Until this hour of the same day.
    #[schema(example = "20:00")]
    end: String,
    /// On these days: mon, tue, wed, thu, fri, sat, sun; every day when left out.
    #[serde(default = "every_day")]
    days: Vec<String>,
}

fn every_day() -> Vec<String> {
    Window::DAYS.map(str::to_owned).to_vec()
}

impl From<Window> for WindowBody {
    fn from(window: Window) -> Self {
        let days = window.days().map(str::to_owned).collect();
        Self { start: window.start(), end: window.end(), days }
    }
}

/// The first messages of a campaign, that are watched before the others go.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CanaryBody {
    /// How many.
    messages: u32,
    /// The greatest share of them that may fail, in percent; where more do, the campaign is paused. 10 when left out.
    #[serde(default = "ten_percent")]
    max_failure_percent: f64,
}

fn ten_percent() -> f64 {
    10.0
}

impl From<Canary> for CanaryBody {
    fn from(canary: Canary) -> Self {
        Self { messages: canary.messages, max_failure_percent: canary.failure_percent_max }
    }
}

/// When a campaign is to be launched.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleRequest {
    /// When; left out, at the time that the campaign names.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) schedule_at: Option<Timestamp>,
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
    /// The most that it may cost: one that would cost more is not begun.
    max_cost: Option<MoneyRequest>,
    /// The most messages a second, more than 0; the sender's own rate holds beside it.
    per_second: Option<f64>,
}

/// An amount.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyRequest {
    /// Millionths of the currency's unit, as text.
    #[schema(example = "1500000000")]
    amount_micros: String,
    /// ISO 4217; MXN when left out.
    #[serde(default = "mxn")]
    currency: String,
}

fn mxn() -> String {
    Currency::MXN.to_string()
}

impl MoneyRequest {
    /// The amount; why it is none.
    pub(crate) fn read(&self) -> Result<Money, &'static str> {
        let digits = &self.amount_micros;
        let is_sound =
            digits.len() <= AMOUNT_DIGITS_MAX && digits.bytes().all(|digit| digit.is_ascii_digit());
        let micros = digits.parse().ok().filter(|_| is_sound);
        let micros = micros.ok_or("give amount_micros as whole millionths in text, as \"1500000000\"")?;
        match Currency::parse(&self.currency) {
            Ok(Currency::MXN) => Ok(Money { micros, currency: Currency::MXN }),
            _ => Err("the currency is MXN"),
        }
    }
}

/// The most digits of an amount: a million million pesos.
const AMOUNT_DIGITS_MAX: usize = 18;

/// The fastest that may be asked for.
const RATE_MAX: f64 = 1_000_000.0;

/// A campaign as it would be asked for, with what `patch` changes: null takes a field away (RFC 7396).
pub(crate) fn patched(campaign: &Campaign, patch: &Value) -> Result<CampaignRequest, Problem> {
    let Value::Object(changes) = patch else {
        return Err(Problem::bad_request("the body is no object; give the fields to change"));
    };
    let plan = &campaign.plan;
    let cost = plan
        .limits
        .cost_max
        .map(|cost| json!({"amount_micros": cost.micros.to_string(), "currency": cost.currency.as_str()}));
    let mut whole = json!({
        "name": plan.name,
        "message": {
            "template": plan.template.as_str(),
            "transliterate": plan.transliteration == Transliteration::Replace,
        },
        "sender_id": plan.sender.0,
        "priority": plan.priority.as_str(),
        "limits": {
            "max_messages": plan.limits.messages_max, "max_cost": cost, "per_second": plan.limits.per_second,
        },
        "allow_unknown_line_type": plan.unknown_line_types == UnknownLineTypes::Allow,
        "schedule_at": plan.schedule_at,
        "window": plan.window.map(WindowBody::from),
        "canary": plan.canary.map(CanaryBody::from),
    });
    // A segment that is not changed is the one it was made from, and not what that has become since.
    if !changes.contains_key("segment") && !changes.contains_key("segment_id") {
        whole["segment"] = json!(plan.segment);
    }
    merge(&mut whole, patch);
    if changes.get("window") == Some(&Value::Null) {
        whole["window"] = Value::Null;
    }
    serde_json::from_value(whole).map_err(|error| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the campaign cannot be changed so")
            .with("", error.to_string())
    })
}

fn merge(whole: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *whole = patch.clone();
        return;
    };
    // What is no object becomes one, so that no null of the patch is left in it.
    if !whole.is_object() {
        *whole = json!({});
    }
    let Value::Object(fields) = whole else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else if name == "segment" {
            fields.insert(name.clone(), change.clone());
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
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
        let max_cost = limits.max_cost.as_ref().map(MoneyRequest::read).transpose();
        if let Err(detail) = max_cost {
            refuse("/limits/max_cost", detail.to_owned());
        }
        if limits.per_second.is_some_and(|rate| !rate.is_finite() || rate <= 0.0 || rate > RATE_MAX) {
            refuse("/limits/per_second", format!("give more than 0 and at most {RATE_MAX}"));
        }
        let window = match &request.window {
            WindowField::LeftOut => Ok(WindowChoice::Default),
            WindowField::AnyHour => Ok(WindowChoice::Always),
            WindowField::Given(it) => Window::parse(&it.start, &it.end, &it.days).map(WindowChoice::Given),
        };
        if let Err(invalid) = window {
            refuse("/window", invalid.to_string());
        }
        let canary = request.canary.as_ref();
        if canary.is_some_and(|it| it.messages == 0 || it.messages > i32::MAX.unsigned_abs()) {
            refuse("/canary/messages", "give at least 1".to_owned());
        }
        if canary.is_some_and(|it| !(0.0..=100.0).contains(&it.max_failure_percent)) {
            refuse("/canary/max_failure_percent", "give a number from 0 to 100".to_owned());
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
        match (template, priority, segment, window, wrong.is_empty()) {
            (Ok(template), Ok(priority), Some(segment), Ok(window), true) => Ok(Self {
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
                limits: CampaignLimits {
                    messages_max: limits.max_messages,
                    cost_max: max_cost.unwrap_or_default(),
                    per_second: limits.per_second,
                },
                window,
                canary: canary
                    .map(|it| Canary { messages: it.messages, failure_percent_max: it.max_failure_percent }),
                schedule_at: request.schedule_at,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_makes_anew_has_no_null_in_it_and_what_it_takes_away_is_gone() {
        let mut whole =
            json!({"name": "Una", "canary": null, "limits": {"per_second": 2.0, "max_messages": 5}});
        let patch = json!({
            "canary": {"messages": 5, "max_failure_percent": null}, "limits": {"per_second": null}, "name": "Otra",
        });
        merge(&mut whole, &patch);
        let merged = json!({"name": "Otra", "canary": {"messages": 5}, "limits": {"max_messages": 5}});
        assert_eq!(whole, merged);
    }
}
