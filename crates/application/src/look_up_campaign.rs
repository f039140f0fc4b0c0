//! The numbers of a campaign whose line type nobody knows are looked up before it is launched.

use std::sync::Arc;

use domain::campaign::{CampaignId, CampaignState};
use domain::job::{Job, JobId, LookupTask, Task};
use domain::money::Money;
use domain::port::{CampaignStore, Ids, JobStore, StoreError, WriteError};
use domain::request::Envelope;

use crate::campaigns::CampaignError;

/// Has the numbers of campaigns looked up.
pub struct LookUpCampaign {
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Keeps the job.
    pub jobs: Arc<dyn JobStore>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
}

/// Why nobody is asked.
#[derive(Debug, thiserror::Error)]
pub enum LookUpCampaignError {
    /// The campaign does not allow it.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Too many jobs wait.
    #[error("too many jobs wait (jobs.open_max); try again when some of them have ended")]
    TooMany,
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for LookUpCampaignError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

impl LookUpCampaign {
    /// Queues the job that does it, which may cost so much.
    ///
    /// # Errors
    /// When there is no such campaign, it was launched already, too many jobs wait, or the store is away.
    pub async fn execute(
        &self,
        id: CampaignId,
        cost_max: Money,
        envelope: Envelope,
    ) -> Result<Job, LookUpCampaignError> {
        let campaign = self.campaigns.find(id).await?.ok_or(CampaignError::Missing)?;
        match campaign.state {
            CampaignState::Draft | CampaignState::Scheduled { .. } => {}
            CampaignState::Preparing { .. }
            | CampaignState::Running { .. }
            | CampaignState::Paused { .. }
            | CampaignState::Completed { .. }
            | CampaignState::Canceled { .. }
            | CampaignState::Failed { .. } => {
                let state = campaign.state.as_str();
                return Err(CampaignError::Refused(format!(
                    "the campaign is {state}; numbers are looked up before it is launched"
                ))
                .into());
            }
        }
        campaign.plan.segment.check().map_err(CampaignError::from)?;
        let saved_segment = campaign.plan.saved_segment;
        let task = Task::LookUp(LookupTask { segment: campaign.plan.segment, saved_segment, cost_max });
        self.jobs.queue(JobId(self.ids.next()), task, envelope).await?.ok_or(LookUpCampaignError::TooMany)
    }
}
