//! The text of a campaign is sent to a few numbers, so that people see it on a phone.

use std::sync::Arc;

use domain::campaign::{Campaign, CampaignId, CampaignKind, CampaignPlan, Priority};
use domain::contact::{Contact, ContactId};
use domain::phone::PhoneNumber;
use domain::port::{
    CampaignStore, ContactStore, Ids, Message, MessageDesk, SenderStore, SingleMessage, SingleOrder,
};
use domain::request::Envelope;
use domain::wording::Wording;

use crate::campaigns::CampaignError;
use crate::prepare_campaign::zone_of;
use crate::send_message::{SendError, queued};

/// Sends tests.
pub struct TestCampaign {
    /// Takes them in.
    pub desk: Arc<dyn MessageDesk>,
    /// Keeps campaigns.
    pub campaigns: Arc<dyn CampaignStore>,
    /// Keeps senders.
    pub senders: Arc<dyn SenderStore>,
    /// Knows whose a number is.
    pub contacts: Arc<dyn ContactStore>,
    /// Makes the ids.
    pub ids: Arc<dyn Ids>,
    /// The time zone of numbers whose area code tells none, as the IANA database names it.
    pub zone: String,
}

/// A test to be.
pub struct TestCommand {
    /// The campaign.
    pub campaign: CampaignId,
    /// To which numbers; at least one, and no number twice.
    pub to: Vec<PhoneNumber>,
    /// For which contact the text is; left out, for the one of each number, or for nobody.
    pub contact: Option<ContactId>,
}

impl TestCampaign {
    /// Sends the text of a campaign that has not ended, each message a campaign of its own. What was sent before, by its key, is answered as it was then.
    ///
    /// # Errors
    /// When there is no such campaign or contact, the campaign has ended, its text cannot be sent, a number is barred, or
    /// the store is away.
    pub async fn execute(&self, command: TestCommand, envelope: Envelope) -> Result<Vec<Message>, SendError> {
        if let Some(before) = self.desk.replay(envelope.clone()).await? {
            return Ok(before);
        }
        let campaign = self.campaigns.find(command.campaign).await?.ok_or(CampaignError::Missing)?;
        if campaign.kind != CampaignKind::Campaign || campaign.state.is_final() {
            let refused = match campaign.kind {
                CampaignKind::Campaign => format!("a campaign that is {} cannot be tested", campaign.state),
                CampaignKind::Single | CampaignKind::Test | CampaignKind::Reply => {
                    "a single message cannot be tested".to_owned()
                }
            };
            return Err(CampaignError::Refused(refused).into());
        }
        let messages = self.messages(&campaign, &command).await?;
        let order = SingleOrder {
            kind: CampaignKind::Test,
            tested: Some(campaign.id),
            sender: campaign.plan.sender,
            priority: Priority::High,
            messages,
        };
        queued(self.desk.send(order, envelope).await?)
    }

    async fn messages(
        &self,
        campaign: &Campaign,
        command: &TestCommand,
    ) -> Result<Vec<SingleMessage>, SendError> {
        let sender = self.senders.find(campaign.plan.sender).await?.ok_or(CampaignError::NoSender)?;
        let wording = Wording::of(&campaign.plan, &sender.identity);
        let chosen = match command.contact {
            Some(id) => Some(self.contacts.find(id).await?.ok_or(SendError::NoContact)?),
            None => None,
        };
        let name: String = format!("test of {}", campaign.plan.name);
        let name: String = name.chars().take(CampaignPlan::NAME_CHARS_MAX).collect();
        let mut messages = Vec::with_capacity(command.to.len());
        for to in command.to.iter().copied() {
            let contact = match &chosen {
                Some(chosen) => chosen.clone(),
                None => self.contacts.find_by_phone(to).await?.unwrap_or_else(|| Contact::unknown(to)),
            };
            messages.push(SingleMessage {
                campaign: CampaignId(self.ids.next()),
                name: name.clone(),
                to,
                zone: zone_of(to).unwrap_or(&self.zone).to_owned(),
                text: wording.text_for(&contact).map_err(CampaignError::from)?,
            });
        }
        Ok(messages)
    }
}
