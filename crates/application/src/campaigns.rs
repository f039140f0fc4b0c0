//! Campaigns are drafted, looked at, and changed.

use std::sync::Arc;

use domain::campaign::{
    Campaign, CampaignAction, CampaignId, CampaignKind, CampaignLimits, CampaignPlan, CampaignState, Canary,
    InvalidTransition, Priority, UnknownLineTypes, Window,
};
use domain::message::MessageState;
use domain::port::{
    CampaignStore, HeldPace, Ids, LaneProgress, PaceOwner, Progress, SegmentStore, SenderStore, StoreError,
    SuppressionStore, WriteError,
};
use domain::request::Envelope;
use domain::segment::SegmentRefused;
use domain::sender::{Sender, SenderId};
use domain::sms::Transliteration;
use domain::suppression::SuppressionList;
use domain::template::Template;
use domain::wording::{Wording, WordingRefused};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::numbering_plans::KnownPlan;
use crate::saved_segments::{SegmentChoice, chosen};

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
    /// Its text cannot be sent to everybody.
    #[error(transparent)]
    Wording(#[from] WordingRefused),
    /// It cannot be done where the campaign stands.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// Something that people looked at, or asked for, does not hold any more.
    #[error("{0}")]
    Refused(String),
    /// It is not of the version that the change is meant for.
    #[error("the campaign was changed in the meantime; look at it again")]
    Changed,
    /// It is to be launched at a time that has passed.
    #[error("the time is past; give one to come")]
    Past,
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
    /// What bounds it.
    pub limits: CampaignLimits,
    /// When people may be written to; left out, the hours that the settings name.
    pub window: WindowChoice,
    /// The first messages, that are watched.
    pub canary: Option<Canary>,
    /// When it is to be launched by itself.
    pub schedule_at: Option<Timestamp>,
    /// Whether numbers of unknown line type are written to; left out, only while no numbering plan tells mobile ones.
    pub unknown_line_types: Option<UnknownLineTypes>,
}

/// When people may be written to, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowChoice {
    /// In the hours that the settings name.
    Default,
    /// At any hour.
    Always,
    /// In these.
    Given(Window),
}

/// Drafts campaigns, and changes what was drafted.
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
    /// The hours of campaigns that name none; `None` is any hour.
    pub window: Option<Window>,
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
        let (plan, sender) = self.plan(command).await?;
        let draft = Campaign {
            id: CampaignId(self.ids.next()),
            kind: CampaignKind::Campaign,
            plan,
            state: CampaignState::Draft,
            version: 1,
            price_per_segment: sender.price_per_segment,
            previewed: None,
            created_by: envelope.actor.0.clone(),
            created_at: envelope.at,
            updated_at: envelope.at,
        };
        Ok(self.campaigns.add(draft, envelope).await?)
    }

    /// Changes a campaign into what `command` asks for: all of a draft, and of one that was launched what it may cost and
    /// how fast it goes. With a version, only if it is of that one.
    ///
    /// # Errors
    /// As above; when there is no such campaign, it is of another version, it has ended, or more than that would change.
    pub async fn revise(
        &self,
        id: CampaignId,
        version: Option<u32>,
        command: DraftCommand,
        envelope: Envelope,
    ) -> Result<Campaign, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        if version.is_some_and(|version| version != campaign.version) {
            return Err(CampaignError::Changed);
        }
        let (plan, _) = self.plan(command).await?;
        if !campaign.is_draft() {
            if campaign.state.is_final() {
                return Err(CampaignError::Refused(format!(
                    "a campaign that is {} cannot be changed",
                    campaign.state
                )));
            }
            if let CampaignState::Preparing { .. } = campaign.state {
                return Err(CampaignError::Refused(
                    "the campaign's audience is being frozen by the limits it has; pause it, or wait until it runs"
                        .to_owned(),
                ));
            }
            let CampaignLimits { cost_max, per_second, .. } = plan.limits;
            let mut allowed = campaign.plan.clone();
            allowed.limits = CampaignLimits { cost_max, per_second, ..allowed.limits };
            if plan != allowed {
                return Err(CampaignError::Refused(format!(
                    "of a campaign that is {} only limits.max_cost and limits.per_second can be changed",
                    campaign.state
                )));
            }
        }
        match self.campaigns.revise(campaign.revised(plan, envelope.at), envelope).await {
            Err(WriteError::Store(StoreError::Conflict { .. })) => Err(CampaignError::Changed),
            revised => Ok(revised?),
        }
    }

    /// Removes a draft. With a version, only if it is of that one.
    ///
    /// # Errors
    /// When there is no such campaign, it is of another version or no draft, or the store is away.
    pub async fn remove(
        &self,
        id: CampaignId,
        version: Option<u32>,
        envelope: Envelope,
    ) -> Result<(), CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        if version.is_some_and(|version| version != campaign.version) {
            return Err(CampaignError::Changed);
        }
        if !campaign.is_draft() {
            return Err(CampaignError::Refused(format!(
                "a campaign that is {} cannot be deleted; only drafts can",
                campaign.state
            )));
        }
        match self.campaigns.remove(id, envelope).await {
            Err(WriteError::Store(StoreError::Conflict { .. })) => Err(CampaignError::Changed),
            removed => Ok(removed?),
        }
    }

    async fn plan(&self, command: DraftCommand) -> Result<(CampaignPlan, Sender), CampaignError> {
        let chosen = chosen(&*self.segments, command.segment).await?;
        let (segment, saved_segment) = chosen.ok_or(CampaignError::NoSegment)?;
        segment.check()?;
        let sender = sender(&*self.senders, command.sender).await?;
        let plan = CampaignPlan {
            name: command.name,
            template: command.template,
            transliteration: command.transliteration,
            segment,
            saved_segment,
            sender: sender.id,
            priority: command.priority,
            limits: command.limits,
            window: match command.window {
                WindowChoice::Default => self.window,
                WindowChoice::Always => None,
                WindowChoice::Given(window) => Some(window),
            },
            canary: command.canary,
            schedule_at: command.schedule_at,
            unknown_line_types: command.unknown_line_types.unwrap_or_else(|| self.unless_told()),
        };
        Wording::of(&plan, &sender.identity).check()?;
        Ok((plan, sender))
    }

    fn unless_told(&self) -> UnknownLineTypes {
        if self.plan.plan().is_some() { UnknownLineTypes::LeaveOut } else { UnknownLineTypes::Allow }
    }
}

/// The sender that is asked for; left out, the only one there is.
pub(crate) async fn sender(senders: &dyn SenderStore, id: Option<SenderId>) -> Result<Sender, CampaignError> {
    match id {
        Some(id) => senders.find(id).await?.ok_or(CampaignError::NoSender),
        None => match <[Sender; 1]>::try_from(senders.list().await?) {
            Ok([only]) => Ok(only),
            Err(_) => Err(CampaignError::NoSender),
        },
    }
}

/// Launches, pauses, resumes and cancels.
pub struct ChangeCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Tells when the register was last loaded.
    pub suppressions: Arc<dyn SuppressionStore>,
    /// How many days old the register of PROFECO may be when a campaign is launched; 0 asks for none.
    pub suppression_list_days_max: u16,
}

impl ChangeCampaign {
    /// Does `action` to a campaign; what is scheduled is so `at` a time, or at the one of its plan. A request that was made before, by its key, gets the answer that it got then.
    ///
    /// # Errors
    /// When there is no such campaign, the action is not allowed where it stands, or the store is away.
    pub async fn execute(
        &self,
        id: CampaignId,
        action: CampaignAction,
        at: Option<Timestamp>,
        envelope: Envelope,
    ) -> Result<Campaign, CampaignError> {
        if let Some(before) = self.campaigns.replay(envelope.clone()).await? {
            return Ok(before);
        }
        let changed = match self.changed(id, action, at, &envelope).await {
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
                let changed = self.changed(id, action, at, &envelope).await?;
                Ok(self.campaigns.record(changed, action, envelope).await?)
            }
            recorded => Ok(recorded?),
        }
    }

    /// What the law asks for must be there, and what a preview told people must still hold.
    async fn check_launch(&self, campaign: &Campaign, now: Timestamp) -> Result<(), CampaignError> {
        self.check_register(now).await?;
        let Some(previewed) = campaign.previewed else { return Ok(()) };
        if campaign.is_draft() && previewed.version != campaign.version {
            return Err(CampaignError::Refused(
                "the campaign was changed after it was previewed; preview it again".to_owned(),
            ));
        }
        match campaign.plan.limits.cost_max {
            Some(most) if previewed.cost.micros > most.micros => Err(CampaignError::Refused(format!(
                "the messages would cost {}, and the campaign may cost {most} (limits.max_cost)",
                previewed.cost
            ))),
            _ => Ok(()),
        }
    }

    /// Whoever is in REPEP must not be sent advertising (LFPC, article 18 bis), so the register must be a recent one.
    async fn check_register(&self, now: Timestamp) -> Result<(), CampaignError> {
        let days = self.suppression_list_days_max;
        if days == 0 {
            return Ok(());
        }
        let loaded_at = self.suppressions.last_loaded(SuppressionList::Repep).await?;
        let oldest = now - SignedDuration::from_hours(24 * i64::from(days));
        let found = match loaded_at {
            Some(loaded_at) if loaded_at >= oldest => return Ok(()),
            Some(loaded_at) => format!("was last loaded {loaded_at}"),
            None => "was never loaded".to_owned(),
        };
        Err(CampaignError::Refused(format!(
            "the register REPEP {found}, and it may be {days} days old (sending.suppression_list_days_max); load it with \
             `migrator suppressions load FILE --source repep`, or POST /suppressions/imports, and launch again"
        )))
    }

    async fn changed(
        &self,
        id: CampaignId,
        action: CampaignAction,
        at: Option<Timestamp>,
        envelope: &Envelope,
    ) -> Result<Campaign, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        if matches!(action, CampaignAction::Launch | CampaignAction::Schedule) {
            self.check_launch(&campaign, envelope.at).await?;
        }
        Ok(match action {
            CampaignAction::Launch => campaign.launch(envelope.at),
            CampaignAction::Schedule => {
                let at = at.or(campaign.plan.schedule_at).ok_or(CampaignError::Past)?;
                if at <= envelope.at {
                    return Err(CampaignError::Past);
                }
                campaign.schedule(at, envelope.at)
            }
            CampaignAction::Pause => campaign.pause(None, envelope.at),
            CampaignAction::Resume => campaign.resume(envelope.at),
            CampaignAction::Cancel => campaign.cancel(envelope.at),
        }?)
    }
}

/// Follows a campaign.
pub struct FollowCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
}

/// How far a campaign is.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    /// The campaign.
    pub campaign: Campaign,
    /// Its messages.
    pub progress: Progress,
    /// Why it does not go on at the moment, where it does not.
    pub waiting: Option<String>,
}

impl FollowCampaign {
    /// A campaign, how far it is, and what it waits for.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is away.
    pub async fn execute(&self, id: CampaignId) -> Result<Followed, CampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        let progress = self.campaigns.progress(id).await?;
        let waiting = waiting(&campaign, &progress);
        Ok(Followed { campaign, progress, waiting })
    }
}

/// Why a campaign does not go on at the moment, in words that people read.
fn waiting(campaign: &Campaign, progress: &Progress) -> Option<String> {
    match &campaign.state {
        CampaignState::Scheduled { at } => Some(format!("scheduled for {at}")),
        CampaignState::Preparing { .. } => Some("its audience is being frozen".to_owned()),
        CampaignState::Paused { reason, .. } => Some(reason.clone().unwrap_or_else(|| "paused".to_owned())),
        CampaignState::Running { .. } => waiting_to_send(progress),
        CampaignState::Draft
        | CampaignState::Completed { .. }
        | CampaignState::Canceled { .. }
        | CampaignState::Failed { .. } => None,
    }
}

fn waiting_to_send(progress: &Progress) -> Option<String> {
    let lanes = &progress.lanes;
    let can_send = |lane: &LaneProgress| lane.claimable > 0 && lane.opens_at.is_none();
    if lanes.iter().any(can_send) {
        return progress.pace.as_ref().map(pace);
    }
    let left = |lane: &&LaneProgress| lane.claimable > 0 && lane.opens_at.is_some();
    if let Some(first) = lanes.iter().filter(left).min_by_key(|lane| lane.opens_at) {
        return Some(format!("window opens {}", at_home(first.opens_at?, &first.zone)));
    }
    if lanes.iter().any(|lane| lane.is_gated && lane.unclaimed > 0) {
        return Some("canary: what came of the first messages is waited for".to_owned());
    }
    if let Some(at) = lanes.iter().filter_map(|lane| lane.retry_at).min() {
        return Some(format!("tries again {at}"));
    }
    let count = |state| progress.counts.get(&state).copied().unwrap_or_default();
    match (count(MessageState::Sending), count(MessageState::Sent), count(MessageState::Uncertain)) {
        (0, 0, 0) => None,
        (0, 0, uncertain) => {
            Some(format!("receipts of {uncertain} messages of which nobody knows whether they left"))
        }
        (0, sent, uncertain) => Some(format!("receipts of {} messages", sent + uncertain)),
        (sending, ..) => Some(format!("answers to {sending} messages")),
    }
}

fn pace(held: &HeldPace) -> String {
    if let Some(until) = held.paused_until {
        return format!("the provider is left alone until {until}");
    }
    let owner = match held.owner {
        PaceOwner::Account => "the account's pace",
        PaceOwner::Campaign => "the campaign's pace",
        PaceOwner::Sender => "pace",
    };
    format!("{owner} {}/s", held.per_second)
}

/// A time by the clock of a zone, with the zone.
fn at_home(at: Timestamp, zone: &str) -> String {
    match TimeZone::get(zone) {
        Ok(known) => format!("{} {zone}", at.to_zoned(known).strftime("%a %H:%M")),
        Err(_) => at.to_string(),
    }
}
