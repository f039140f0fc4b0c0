//! Campaigns are drafted, looked at, and changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::campaign::{
    Campaign, CampaignAction, CampaignId, CampaignPlan, CampaignState, InvalidTransition, Priority,
    UnknownLineTypes,
};
use domain::contact::Contact;
use domain::money::Money;
use domain::port::{
    AudienceCount, AudienceStore, CampaignStore, Ids, Progress, SegmentStore, SenderStore, StoreError,
    WriteError,
};
use domain::request::Envelope;
use domain::segment::SegmentRefused;
use domain::sender::{Sender, SenderId};
use domain::sms::{Encoding, Transliteration};
use domain::template::Template;

use crate::numbering_plans::KnownPlan;
use crate::prepare_campaign::render;
use crate::saved_segments::{SegmentChoice, chosen};

/// The texts that a preview renders to tell what all will cost.
const PREVIEW_SAMPLE: u16 = 200;
/// How long they are looked for.
const PREVIEW_WITHIN: Duration = Duration::from_mins(1);

/// The rendered texts that a preview shows.
const PREVIEW_SHOWN: usize = 3;

/// Why something was not done to a campaign.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// There is none of this id.
    #[error("there is no such campaign")]
    Missing,
    /// Its sender does not exist, or none was named and there is not just one.
    #[error("give the sender_id of one of the senders; one that is left out is the only sender there is")]
    NoSender,
    /// Its saved segment is none.
    #[error("there is no such segment")]
    NoSegment,
    /// Its segment is wrong.
    #[error(transparent)]
    Segment(#[from] SegmentRefused),
    /// It cannot be done where the campaign stands.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for CampaignError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

/// A campaign to be, as it is asked for: what is left out is ours to choose.
pub struct DraftCommand {
    /// What people call it.
    pub name: String,
    /// The text, with placeholders.
    pub template: Template,
    /// Whether characters that make texts dearer are replaced.
    pub transliteration: Transliteration,
    /// Who it is for.
    pub segment: SegmentChoice,
    /// What it comes from; left out, the only sender there is.
    pub sender: Option<SenderId>,
    /// Which messages go first where several campaigns wait.
    pub priority: Priority,
    /// The most messages.
    pub messages_max: Option<u32>,
    /// Whether numbers of unknown line type are written to; left out, only while no numbering plan tells mobile ones.
    pub unknown_line_types: Option<UnknownLineTypes>,
}

/// Drafts campaigns.
pub struct DraftCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Keeps senders.
    pub senders: Arc<dyn SenderStore>,
    /// Keeps segments.
    pub segments: Arc<dyn SegmentStore>,
    /// Whether line types can be known at all.
    pub plan: Arc<KnownPlan>,
    /// Makes the id.
    pub ids: Arc<dyn Ids>,
}

impl DraftCampaign {
    /// Adds a draft after `command`.
    ///
    /// # Errors
    /// When the segment is wrong, the sender does not exist or none was named and there is not just one, or the store is
    /// away.
    pub async fn execute(
        &self,
        command: DraftCommand,
        envelope: Envelope,
    ) -> Result<Campaign, CampaignError> {
        let chosen = chosen(&*self.segments, command.segment).await?;
        let (segment, saved_segment) = chosen.ok_or(CampaignError::NoSegment)?;
        segment.check()?;
        let sender = self.sender(command.sender).await?;
        let draft = Campaign {
            id: CampaignId(self.ids.next()),
            plan: CampaignPlan {
                name: command.name,
                template: command.template,
                transliteration: command.transliteration,
                segment,
                saved_segment,
                sender: sender.id,
                priority: command.priority,
                messages_max: command.messages_max,
                unknown_line_types: command.unknown_line_types.unwrap_or_else(|| self.unless_told()),
            },
            state: CampaignState::Draft,
            version: 1,
            price_per_segment: sender.price_per_segment,
            created_by: envelope.actor.0.clone(),
            created_at: envelope.at,
            updated_at: envelope.at,
        };
        Ok(self.campaigns.add(draft, envelope).await?)
    }

    async fn sender(&self, id: Option<SenderId>) -> Result<Sender, CampaignError> {
        match id {
            Some(id) => self.senders.find(id).await?.ok_or(CampaignError::NoSender),
            None => match <[Sender; 1]>::try_from(self.senders.list().await?) {
                Ok([only]) => Ok(only),
                Err(_) => Err(CampaignError::NoSender),
            },
        }
    }

    fn unless_told(&self) -> UnknownLineTypes {
        if self.plan.plan().is_some() { UnknownLineTypes::LeaveOut } else { UnknownLineTypes::Allow }
    }
}

/// Launches, pauses, resumes and cancels.
pub struct ChangeCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
}

impl ChangeCampaign {
    /// Does `action` to a campaign. A request that was made before, by its key, gets the answer that it got then.
    ///
    /// # Errors
    /// When there is no such campaign, the action is not allowed where it stands, or the store is away.
    pub async fn execute(
        &self,
        id: CampaignId,
        action: CampaignAction,
        envelope: Envelope,
    ) -> Result<Campaign, CampaignError> {
        if let Some(before) = self.campaigns.replay(envelope.clone()).await? {
            return Ok(before);
        }
        let changed = match self.changed(id, action, &envelope).await {
            Ok(changed) => changed,
            Err(CampaignError::Transition(refused)) => {
                // It may be this very request, made at the same time, that brought it there.
                return self.campaigns.replay(envelope).await?.ok_or(CampaignError::Transition(refused));
            }
            Err(error) => return Err(error),
        };
        match self.campaigns.record(changed, action, envelope.clone()).await {
            // Somebody changed it first: what is asked is judged by where it stands now.
            Err(WriteError::Store(StoreError::Conflict { .. })) => {
                let changed = self.changed(id, action, &envelope).await?;
                Ok(self.campaigns.record(changed, action, envelope).await?)
            }
            recorded => Ok(recorded?),
        }
    }

    async fn changed(
        &self,
        id: CampaignId,
        action: CampaignAction,
        envelope: &Envelope,
    ) -> Result<Campaign, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        Ok(match action {
            CampaignAction::Launch => campaign.launch(envelope.at),
            CampaignAction::Pause => campaign.pause(None, envelope.at),
            CampaignAction::Resume => campaign.resume(envelope.at),
            CampaignAction::Cancel => campaign.cancel(envelope.at),
        }?)
    }
}

/// Says what a campaign would do.
pub struct PreviewCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Counts audiences.
    pub audiences: Arc<dyn AudienceStore>,
    /// Tells how fast its sender is.
    pub senders: Arc<dyn SenderStore>,
}

/// What a campaign would do. Of a large audience, segments and cost are those of a sample, extended to all.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignPreview {
    /// Who is meant, and who of them is not written to.
    pub audience: AudienceCount,
    /// The messages that would be sent.
    pub messages: u64,
    /// Texts by their segments.
    pub by_segments: BTreeMap<u32, u64>,
    /// Texts in septets.
    pub gsm7: u64,
    /// Texts in 16-bit units.
    pub ucs2: u64,
    /// What all would cost.
    pub cost: Money,
    /// How long sending would take.
    pub expected_seconds: u64,
    /// Some of the texts.
    pub samples: Vec<String>,
    /// What is wrong with texts that could not be sent, where there are any.
    pub refused: Option<String>,
}

impl PreviewCampaign {
    /// Previews a campaign.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is away.
    pub async fn execute(&self, id: CampaignId) -> Result<CampaignPreview, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        let sender = self.senders.find(campaign.plan.sender).await?.ok_or(CampaignError::NoSender)?;
        let segment = campaign.plan.segment.check()?;
        let unknown = campaign.plan.unknown_line_types;
        let audience = self.audiences.count(segment.clone(), unknown).await?;
        let contacts = self.audiences.sample(segment, unknown, PREVIEW_SAMPLE, PREVIEW_WITHIN).await?;
        let most = campaign.plan.messages_max.map_or(u64::MAX, u64::from);
        Ok(preview(&campaign, &sender, audience, audience.remaining.min(most), &contacts))
    }
}

fn preview(
    campaign: &Campaign,
    sender: &Sender,
    audience: AudienceCount,
    messages: u64,
    contacts: &[Contact],
) -> CampaignPreview {
    let mut of_sample: BTreeMap<(Encoding, u32), u64> = BTreeMap::new();
    let (mut samples, mut refused) = (Vec::new(), None);
    for contact in contacts {
        match render(campaign, contact) {
            Ok(text) => {
                let measure = text.measure();
                *of_sample.entry((measure.encoding, measure.segments)).or_default() += 1;
                if samples.len() < PREVIEW_SHOWN {
                    samples.push(text.as_str().to_owned());
                }
            }
            Err(reason) => refused = Some(reason),
        }
    }
    let rendered: u64 = of_sample.values().sum();
    // The shares of the sample, extended to all; what rounding leaves over goes to the largest share.
    let mut extended: BTreeMap<(Encoding, u32), u64> =
        of_sample.iter().map(|(kind, n)| (*kind, share(*n, messages, rendered))).collect();
    let left = messages - extended.values().sum::<u64>();
    if let Some(largest) = of_sample.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| *kind) {
        *extended.entry(largest).or_default() += left;
    }
    let mut by_segments = BTreeMap::new();
    let (mut gsm7, mut ucs2, mut segments) = (0, 0, 0_u64);
    for ((encoding, of_one), n) in extended {
        *by_segments.entry(of_one).or_default() += n;
        segments += u64::from(of_one) * n;
        match encoding {
            Encoding::Gsm7 => gsm7 += n,
            Encoding::Ucs2 => ucs2 += n,
        }
    }
    let cost = sender.price_per_segment.times(segments);
    CampaignPreview {
        audience,
        messages,
        by_segments,
        gsm7,
        ucs2,
        cost: cost.unwrap_or(Money { micros: i64::MAX, ..sender.price_per_segment }),
        expected_seconds: expected_seconds(messages, sender.rate_per_s),
        samples,
        refused,
    }
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

/// Follows a campaign.
pub struct FollowCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
}

impl FollowCampaign {
    /// A campaign and how far it is.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is away.
    pub async fn execute(&self, id: CampaignId) -> Result<(Campaign, Progress), CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        let progress = self.campaigns.progress(id).await?;
        Ok((campaign, progress))
    }
}
