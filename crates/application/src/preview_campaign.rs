//! What a campaign would do, before it does it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::advice::{Advice, advise};
use domain::campaign::{Campaign, CampaignId, Previewed};
use domain::contact::{Contact, ContactId};
use domain::money::Money;
use domain::port::{
    AudienceCount, AudienceStore, CampaignStore, Clock, Freezing, Member, SenderStore, StoreError,
};
use domain::sender::Sender;
use domain::sms::Encoding;
use domain::wording::Wording;
use futures::StreamExt;
use jiff::tz::TimeZone;
use tokio::time::{Instant, timeout_at};

use crate::campaigns::CampaignError;

/// The rendered texts that a preview shows.
const SHOWN: usize = 3;

/// Contacts that are read at once.
const SLICE: u16 = 2_000;

/// Says what a campaign would do.
pub struct PreviewCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Counts audiences, and reads them.
    pub audiences: Arc<dyn AudienceStore>,
    /// Tells how fast its sender is.
    pub senders: Arc<dyn SenderStore>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// Bounds it.
    pub limits: PreviewLimits,
}

/// What bounds a preview.
#[derive(Debug, Clone)]
pub struct PreviewLimits {
    /// The most texts that are rendered; of a larger audience, these stand for all.
    pub contacts_max: u64,
    /// How long they may be rendered.
    pub within: Duration,
    /// The time zone that the campaign's hours are reckoned in.
    pub zone: TimeZone,
}

/// What a campaign would do.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignPreview {
    /// Who is meant, and who of them is not written to.
    pub audience: AudienceCount,
    /// The seed numbers among the messages.
    pub seeds: u64,
    /// The messages that would be sent.
    pub messages: u64,
    /// Whether the figures of the texts are those of all of them, and not of the first extended to all.
    pub is_exact: bool,
    /// Texts by their segments.
    pub by_segments: BTreeMap<u32, u64>,
    /// Texts in septets.
    pub gsm7: u64,
    /// Texts in 16-bit units.
    pub ucs2: u64,
    /// What all would cost.
    pub cost: Money,
    /// How long sending would take, closed hours included.
    pub expected_seconds: u64,
    /// Some of the texts.
    pub samples: Vec<String>,
    /// What is worth a second look in them, each kind of it once.
    pub advice: Vec<Advice>,
    /// What is wrong with texts that could not be sent, where there are any.
    pub refused: Option<String>,
}

/// The texts that were rendered.
#[derive(Default)]
struct Rendered {
    by_kind: BTreeMap<(Encoding, u32), u64>,
    samples: Vec<String>,
    refused: Option<String>,
    texts: u64,
    is_whole: bool,
}

impl PreviewCampaign {
    /// Previews a campaign, and keeps what was said: a launch holds it against the campaign as it is then.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is away.
    pub async fn execute(&self, id: CampaignId) -> Result<CampaignPreview, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        let sender = self.senders.find(campaign.plan.sender).await?.ok_or(CampaignError::NoSender)?;
        let segment = campaign.plan.segment.check()?;
        let audience = self.audiences.count(segment, campaign.plan.unknown_line_types).await?;
        let rendered = self.render(&campaign, &sender).await?;
        let most = campaign.plan.limits.messages_max.map_or(u64::MAX, u64::from);
        let reached = audience.remaining.min(most);
        let seeds = (reached / 1_000).min(self.audiences.count_seeds().await?);
        let preview = self.preview(&campaign, &sender, audience, (reached, seeds), rendered);
        let previewed = Previewed {
            version: campaign.version,
            at: self.clock.now(),
            messages: preview.messages,
            cost: preview.cost,
        };
        self.campaigns.keep_preview(id, previewed).await?;
        Ok(preview)
    }

    /// Renders the texts of the audience, as many as the limits allow.
    async fn render(&self, campaign: &Campaign, sender: &Sender) -> Result<Rendered, StoreError> {
        let until = Instant::now() + self.limits.within;
        let wording = Wording::of(&campaign.plan, &sender.identity);
        let mut rendered = Rendered::default();
        let Ok(segment) = campaign.plan.segment.check() else { return Ok(rendered) };
        // Of a part of an audience nobody is drawn yet: the first ones stand for it.
        let mut whole = campaign.clone();
        whole.plan.limits.messages_max = None;
        let nothing_yet = Freezing {
            campaign: whole,
            identity: sender.identity.clone(),
            after: ContactId(0),
            messages: 0,
            seeds: 0,
            cost: Money { micros: 0, ..campaign.price_per_segment },
        };
        let reading = self.audiences.members(nothing_yet, segment, SLICE);
        let Ok(members) = timeout_at(until, reading).await else { return Ok(rendered) };
        let mut members = members?;
        while rendered.texts < self.limits.contacts_max {
            let Ok(slice) = timeout_at(until, members.next()).await else { return Ok(rendered) };
            let Some(slice) = slice else {
                rendered.is_whole = true;
                return Ok(rendered);
            };
            for member in slice? {
                if let Member::Reached(contact) = member {
                    rendered.add(&wording, &contact);
                }
            }
        }
        Ok(rendered)
    }

    fn preview(
        &self,
        campaign: &Campaign,
        sender: &Sender,
        audience: AudienceCount,
        (reached, seeds): (u64, u64),
        rendered: Rendered,
    ) -> CampaignPreview {
        let messages = reached + seeds;
        let (mut by_segments, mut gsm7, mut ucs2, mut segments) = (BTreeMap::new(), 0, 0, 0_u64);
        for ((encoding, of_one), n) in extended(&rendered.by_kind, messages) {
            *by_segments.entry(of_one).or_default() += n;
            segments = segments.saturating_add(u64::from(of_one).saturating_mul(n));
            match encoding {
                Encoding::Gsm7 => gsm7 += n,
                Encoding::Ucs2 => ucs2 += n,
            }
        }
        let cost = sender.price_per_segment.times(segments);
        let rate = campaign.plan.limits.per_second.unwrap_or(f64::MAX).min(sender.rate_per_s);
        CampaignPreview {
            audience,
            seeds,
            messages,
            is_exact: rendered.is_whole && rendered.refused.is_none() && reached == audience.remaining,
            by_segments,
            gsm7,
            ucs2,
            cost: cost.unwrap_or(Money { micros: i64::MAX, ..sender.price_per_segment }),
            expected_seconds: self.stretched(campaign, expected_seconds(messages, rate)),
            advice: advice(&rendered.samples, sender),
            samples: rendered.samples,
            refused: rendered.refused,
        }
    }

    /// With the hours in which nothing is sent.
    fn stretched(&self, campaign: &Campaign, seconds: u64) -> u64 {
        let Some(window) = campaign.plan.window else { return seconds };
        let from = campaign.state.scheduled_at().or(campaign.plan.schedule_at);
        let from = from.unwrap_or_else(|| self.clock.now());
        window.stretched(&self.limits.zone, from, seconds).unwrap_or(seconds)
    }
}

impl Rendered {
    fn add(&mut self, wording: &Wording<'_>, contact: &Contact) {
        self.texts += 1;
        match wording.text_for(contact) {
            Ok(text) => {
                let measure = text.measure();
                *self.by_kind.entry((measure.encoding, measure.segments)).or_default() += 1;
                if self.samples.len() < SHOWN {
                    self.samples.push(text.as_str().to_owned());
                }
            }
            Err(refused) => self.refused = Some(refused.to_string()),
        }
    }
}

/// What is to be said of any of these texts, each kind of it once.
fn advice(texts: &[String], sender: &Sender) -> Vec<Advice> {
    let mut said: Vec<Advice> = Vec::new();
    for advice in texts.iter().flat_map(|text| advise(text, Some((&sender.address, &sender.identity)))) {
        if said.iter().all(|known| known.code() != advice.code()) {
            said.push(advice);
        }
    }
    said
}

/// The shares of what was rendered, extended to all; what rounding leaves over goes to the largest share.
fn extended(rendered: &BTreeMap<(Encoding, u32), u64>, messages: u64) -> BTreeMap<(Encoding, u32), u64> {
    let whole: u64 = rendered.values().sum();
    let mut extended: BTreeMap<_, u64> =
        rendered.iter().map(|(kind, n)| (*kind, share(*n, messages, whole))).collect();
    let left = messages - extended.values().sum::<u64>();
    if let Some(largest) = rendered.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| *kind) {
        *extended.entry(largest).or_default() += left;
    }
    extended
}

/// How long so many messages take, rounded up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, of a quotient that is never negative; a cast beyond the range stays at its end"
)]
fn expected_seconds(messages: u64, rate_per_s: f64) -> u64 {
    (messages as f64 / rate_per_s).ceil() as u64
}

/// `n` of `whole` as a share of `messages`, rounded down.
fn share(n: u64, messages: u64, whole: u64) -> u64 {
    let share = u128::from(n) * u128::from(messages) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(messages)
}
