//! What a campaign's column `settings` holds: the parts of its plan that no statement looks for by a column of their own.

use domain::campaign::{CampaignLimits, CampaignPlan, Canary, Previewed, UnknownLineTypes, Window};
use domain::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The JSON of `settings`. Names that statements read: `max_cost_micros`, `canary.max_failure_percent`.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(crate) struct PlanSettings {
    max_messages: Option<u32>,
    max_cost_micros: Option<i64>,
    per_second: Option<f64>,
    allow_unknown_line_type: Option<bool>,
    window: Option<WindowSettings>,
    canary: Option<CanarySettings>,
}

#[derive(Serialize, Deserialize)]
struct WindowSettings {
    start: String,
    end: String,
    days: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct CanarySettings {
    messages: u32,
    max_failure_percent: f64,
}

impl PlanSettings {
    pub(crate) fn of(plan: &CampaignPlan) -> Self {
        Self {
            max_messages: plan.limits.messages_max,
            max_cost_micros: plan.limits.cost_max.map(|cost| cost.micros),
            per_second: plan.limits.per_second,
            allow_unknown_line_type: Some(plan.unknown_line_types == UnknownLineTypes::Allow),
            window: plan.window.map(|window| WindowSettings {
                start: window.start(),
                end: window.end(),
                days: window.days().map(str::to_owned).collect(),
            }),
            canary: plan.canary.map(|canary| CanarySettings {
                messages: canary.messages,
                max_failure_percent: canary.failure_percent_max,
            }),
        }
    }

    /// `None` where it is none of ours.
    pub(crate) fn read(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    pub(crate) fn limits(&self, currency: Currency) -> CampaignLimits {
        CampaignLimits {
            messages_max: self.max_messages,
            cost_max: self.max_cost_micros.map(|micros| Money { micros, currency }),
            per_second: self.per_second,
        }
    }

    /// `None` where it cannot be read.
    pub(crate) fn window(&self) -> Result<Option<Window>, ()> {
        let window = self.window.as_ref();
        window.map(|it| Window::parse(&it.start, &it.end, &it.days)).transpose().map_err(drop)
    }

    pub(crate) fn canary(&self) -> Option<Canary> {
        self.canary.as_ref().map(|canary| Canary {
            messages: canary.messages,
            failure_percent_max: canary.max_failure_percent,
        })
    }

    pub(crate) fn unknown_line_types(&self) -> UnknownLineTypes {
        if self.allow_unknown_line_type == Some(false) {
            UnknownLineTypes::LeaveOut
        } else {
            UnknownLineTypes::Allow
        }
    }
}

/// The JSON of `previewed`.
#[derive(Serialize, Deserialize)]
pub(crate) struct PreviewedJson {
    version: u32,
    at: jiff::Timestamp,
    messages: u64,
    cost_micros: i64,
}

impl PreviewedJson {
    pub(crate) fn of(previewed: Previewed) -> Self {
        Self {
            version: previewed.version,
            at: previewed.at,
            messages: previewed.messages,
            cost_micros: previewed.cost.micros,
        }
    }

    pub(crate) fn read(value: Value, currency: Currency) -> Option<Previewed> {
        let it: Self = serde_json::from_value(value).ok()?;
        let cost = Money { micros: it.cost_micros, currency };
        Some(Previewed { version: it.version, at: it.at, messages: it.messages, cost })
    }
}
