//! Campaigns as they are answered.

use std::collections::BTreeMap;

use application::{CampaignPreview, Followed};
use domain::campaign::{Campaign, UnknownLineTypes};
use domain::message::MessageState;
use domain::segment::SegmentDefinition;
use domain::sms::Transliteration;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::{CanaryBody, WindowBody};
use crate::advice::AdviceView;
use crate::money::MoneyView;

/// A campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignView {
    /// Identifies it.
    id: Uuid,
    /// campaign, single (a message of its own) or test.
    kind: &'static str,
    /// What people call it.
    name: String,
    /// draft, scheduled, preparing, running, paused, completed, canceled or failed.
    state: &'static str,
    /// Why it stands there, where there is a reason.
    state_reason: Option<String>,
    message: MessageOfCampaign,
    /// Who it is for.
    #[schema(value_type = Object)]
    segment: SegmentDefinition,
    /// The saved segment that was, if it was one.
    segment_id: Option<Uuid>,
    /// And which of its versions.
    segment_version: Option<u32>,
    /// What it comes from.
    sender_id: Uuid,
    /// high, normal or bulk.
    priority: &'static str,
    limits: LimitsOfCampaign,
    /// Whether numbers of unknown line type are written to.
    allow_unknown_line_type: bool,
    /// When people may be written to, by the clock where each lives; null is any hour.
    window: Option<WindowBody>,
    /// The first messages, that are watched before the others go.
    canary: Option<CanaryBody>,
    /// When it is to be launched once it is scheduled.
    #[schema(value_type = Option<String>, format = DateTime)]
    schedule_at: Option<Timestamp>,
    /// Its messages, once they are frozen.
    audience: Option<u32>,
    /// What they cost when all are sent.
    cost: Option<MoneyView>,
    /// Grows with every change.
    version: u32,
    /// Who made it.
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    launched_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

/// The text of a campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageOfCampaign {
    /// The text, with placeholders.
    template: String,
    /// Whether characters that make texts dearer are replaced.
    transliterate: bool,
}

/// What bounds a campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsOfCampaign {
    /// The most messages.
    max_messages: Option<u32>,
    /// The most that it may cost.
    max_cost: Option<MoneyView>,
    /// The most messages a second.
    per_second: Option<f64>,
}

impl From<Campaign> for CampaignView {
    fn from(campaign: Campaign) -> Self {
        let (state, plan) = (campaign.state, campaign.plan);
        Self {
            id: campaign.id.0,
            kind: campaign.kind.as_str(),
            name: plan.name,
            state: state.as_str(),
            state_reason: state.reason().map(str::to_owned),
            message: MessageOfCampaign {
                template: plan.template.as_str().to_owned(),
                transliterate: plan.transliteration == Transliteration::Replace,
            },
            segment_id: plan.saved_segment.map(|saved| saved.id.0),
            segment_version: plan.saved_segment.map(|saved| saved.version),
            segment: plan.segment,
            sender_id: plan.sender.0,
            priority: plan.priority.as_str(),
            limits: LimitsOfCampaign {
                max_messages: plan.limits.messages_max,
                max_cost: plan.limits.cost_max.map(Into::into),
                per_second: plan.limits.per_second,
            },
            window: plan.window.map(Into::into),
            canary: plan.canary.map(Into::into),
            schedule_at: state.scheduled_at().or(plan.schedule_at),
            allow_unknown_line_type: plan.unknown_line_types == UnknownLineTypes::Allow,
            audience: state.frozen().map(|frozen| frozen.audience),
            cost: state.frozen().map(|frozen| frozen.cost.into()),
            version: campaign.version,
            created_by: campaign.created_by,
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
            launched_at: state.launched_at(),
            finished_at: state.finished_at(),
        }
    }
}

/// What a campaign would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewView {
    audience: AudienceView,
    text: TextView,
    /// What all messages would cost.
    cost: MoneyView,
    /// How long sending would take at the sender's rate.
    expected_seconds: u64,
    /// Some of the texts.
    samples: Vec<String>,
    /// What is worth a second look in them.
    advice: Vec<AdviceView>,
    /// What is wrong with texts that could not be sent, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Who is meant, and why some of them are not written to. The reasons exclude each other, in this order.
#[derive(Serialize, ToSchema)]
pub(crate) struct AudienceView {
    matched: u64,
    not_valid: u64,
    not_mobile: u64,
    opted_out: u64,
    suppressed: u64,
    capped: u64,
    seed_numbers: u64,
    /// The messages that would be sent.
    r#final: u64,
}

/// What the texts take.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextView {
    /// Texts by their segments.
    by_segments: BTreeMap<String, u64>,
    /// Texts by their encoding.
    encoding: BTreeMap<&'static str, u64>,
    /// exact: every text was rendered; estimated: the first ones, extended to all.
    relation: &'static str,
}

impl From<CampaignPreview> for PreviewView {
    fn from(found: CampaignPreview) -> Self {
        Self {
            audience: AudienceView {
                matched: found.audience.matched,
                not_valid: found.audience.not_valid,
                not_mobile: found.audience.not_mobile,
                opted_out: found.audience.opted_out,
                suppressed: found.audience.suppressed,
                capped: found.audience.capped,
                seed_numbers: found.seeds,
                r#final: found.messages,
            },
            text: TextView {
                by_segments: found
                    .by_segments
                    .into_iter()
                    .map(|(segments, n)| (segments.to_string(), n))
                    .collect(),
                encoding: BTreeMap::from([("gsm7", found.gsm7), ("ucs2", found.ucs2)]),
                relation: if found.is_exact { "exact" } else { "estimated" },
            },
            cost: found.cost.into(),
            expected_seconds: found.expected_seconds,
            samples: found.samples,
            advice: found.advice.into_iter().map(AdviceView::from).collect(),
            refused: found.refused,
        }
    }
}

/// How far a campaign is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProgressView {
    /// Where it stands.
    state: &'static str,
    /// Why it does not go on at the moment, where it does not.
    waiting: Option<String>,
    /// Its messages so far.
    audience: u64,
    /// Messages by state; they add up to `audience`.
    counts: BTreeMap<&'static str, u64>,
    /// What was sent so far costs.
    cost: MoneyView,
    /// Messages that left the queue in a second, since the launch.
    rate_per_s: f64,
    /// Seconds until the queue is empty at that rate.
    eta_s: Option<u64>,
}

impl ProgressView {
    /// Whether nothing differs but what changes with time alone.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let said = |it: &Self| (it.state, it.waiting.clone(), it.audience, it.counts.clone());
        said(self) == said(other)
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate and a guess, of numbers that are never negative"
    )]
    pub(crate) fn of(followed: Followed, now: Timestamp) -> Self {
        let Followed { campaign, progress: so_far, waiting } = followed;
        let counts: BTreeMap<&'static str, u64> = MessageState::ALL
            .into_iter()
            .map(|state| (state.as_str(), so_far.counts.get(&state).copied().unwrap_or_default()))
            .collect();
        let audience: u64 = counts.values().sum();
        let queued = counts["queued"];
        let until = campaign.state.finished_at().unwrap_or(now);
        let seconds =
            campaign.state.launched_at().map_or(0.0, |launched| until.duration_since(launched).as_secs_f64());
        let rate = if seconds > 0.0 { (audience - queued) as f64 / seconds } else { 0.0 };
        let cost = campaign.price_per_segment.times(so_far.segments_sent);
        Self {
            state: campaign.state.as_str(),
            waiting,
            audience,
            counts,
            cost: cost.unwrap_or(campaign.price_per_segment).into(),
            rate_per_s: (rate * 100.0).round() / 100.0,
            eta_s: (rate > 0.0 && queued > 0).then(|| (queued as f64 / rate).ceil() as u64),
        }
    }
}
