//! What takes longer than a request, or outlives it, in one list: jobs of workers, extracts, and audiences that are frozen.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::campaign::{Campaign, CampaignId};
use domain::extract::{Extract, ExtractId};
use domain::job::{Job, JobId};
use domain::port::{CampaignStore, ExtractStore, JobStore, StoreError};
use uuid::Uuid;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// A worker does it, bit by bit.
    Job(Box<Job>),
    /// It was done when its request was answered, and is there to be fetched.
    Extract(Box<Extract>),
    /// The audience of a campaign that was launched.
    Audience(Box<Audience>),
}

/// The audience of a campaign that was launched.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// The campaign.
    pub campaign: Campaign,
    /// Its messages so far.
    pub messages: u64,
}

impl Work {
    /// Identifies it; what was asked for later has a greater one.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match self {
            Self::Job(job) => job.id.0,
            Self::Extract(extract) => extract.id.0,
            Self::Audience(audience) => audience.campaign.id.0,
        }
    }
}

/// Whether extracts are among what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extracts {
    /// To those who may make them.
    Shown,
    /// To all others.
    Hidden,
}

/// Follows all of it.
pub struct FollowWork {
    /// Keeps jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Keeps extracts.
    pub extracts: Arc<dyn ExtractStore>,
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
}

impl FollowWork {
    /// One of them.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn find(&self, id: Uuid, extracts: Extracts) -> Result<Option<Work>, StoreError> {
        if let Some(job) = self.jobs.find(JobId(id)).await? {
            return Ok(Some(Work::Job(Box::new(job))));
        }
        if extracts == Extracts::Shown
            && let Some(extract) = self.extracts.find(ExtractId(id)).await?
        {
            return Ok(Some(Work::Extract(Box::new(extract))));
        }
        match self.campaigns.find(CampaignId(id)).await? {
            Some(campaign) if campaign.state.launched_at().is_some() => {
                self.audience(campaign).await.map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// All of them, what was asked for last first, from below `before` on.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn page(
        &self,
        before: Option<Uuid>,
        limit: u16,
        extracts: Extracts,
    ) -> Result<Vec<Work>, StoreError> {
        let mut found: Vec<Work> = Vec::new();
        found
            .extend(self.jobs.page(before.map(JobId), limit).await?.into_iter().map(Box::new).map(Work::Job));
        if extracts == Extracts::Shown {
            let page = self.extracts.page(before.map(ExtractId), limit).await?;
            found.extend(page.into_iter().map(Box::new).map(Work::Extract));
        }
        for campaign in self.launched(before.map(CampaignId), limit).await? {
            found.push(self.audience(campaign).await?);
        }
        found.sort_unstable_by_key(|work| Reverse(work.id()));
        found.truncate(limit.into());
        Ok(found)
    }

    /// Campaigns that were launched, as many as there are up to `limit`.
    async fn launched(&self, before: Option<CampaignId>, limit: u16) -> Result<Vec<Campaign>, StoreError> {
        let (mut launched, mut before) = (Vec::new(), before);
        loop {
            let page = self.campaigns.page(before, limit).await?;
            let is_last = page.len() < usize::from(limit);
            before = page.last().map(|campaign| campaign.id);
            launched.extend(page.into_iter().filter(|campaign| campaign.state.launched_at().is_some()));
            if is_last || launched.len() >= usize::from(limit) {
                launched.truncate(limit.into());
                return Ok(launched);
            }
        }
    }

    async fn audience(&self, campaign: Campaign) -> Result<Work, StoreError> {
        let messages = match campaign.state.frozen() {
            Some(frozen) => frozen.audience.into(),
            None => self.campaigns.progress(campaign.id).await?.counts.values().sum(),
        };
        Ok(Work::Audience(Box::new(Audience { campaign, messages })))
    }
}
