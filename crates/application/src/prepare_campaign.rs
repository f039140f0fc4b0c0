//! A launched campaign's audience is frozen: every message rendered, measured and written, slice by slice.

use std::sync::Arc;

use domain::campaign::Campaign;
use domain::contact::{Contact, ContactId};
use domain::port::{AudienceStore, Freezing, NewMessage, Slice, StoreError};
use domain::sms::SmsText;

/// Freezes audiences.
pub struct PrepareCampaign {
    /// Where audiences are.
    pub audiences: Arc<dyn AudienceStore>,
    /// Contacts of one slice: what is rendered, kept in memory and written at once.
    pub slice_contacts: u16,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// No campaign is to be frozen, or another worker is at it.
    Nothing,
    /// A slice, or an end: there may be more.
    Something,
}

impl PrepareCampaign {
    /// Does the next slice of the campaign that waits longest. Whoever dies in the middle of it leaves what was written
    /// before, and another goes on there; of two at once, one does it.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn execute(&self) -> Result<Prepared, StoreError> {
        let Some(freezing) = self.audiences.next_to_freeze().await? else { return Ok(Prepared::Nothing) };
        match self.advance(freezing).await {
            Ok(()) => Ok(Prepared::Something),
            // Paused or canceled in the meantime, or another worker was here.
            Err(StoreError::Conflict { .. }) => Ok(Prepared::Nothing),
            Err(error) => Err(error),
        }
    }

    async fn advance(&self, freezing: Freezing) -> Result<(), StoreError> {
        let segment = match freezing.campaign.plan.segment.check() {
            Ok(segment) => segment,
            Err(refused) => return self.audiences.fail(freezing, refused.to_string()).await,
        };
        let contacts = self.audiences.next_slice(freezing.clone(), segment, self.slice_contacts).await?;
        let Some(last) = contacts.last().map(|contact| contact.id) else {
            return self.audiences.finish(freezing).await;
        };
        match slice(&freezing.campaign, &contacts, last) {
            Ok(slice) => self.audiences.append_slice(freezing, slice).await.map(drop),
            Err(reason) => self.audiences.fail(freezing, reason).await,
        }
    }
}

/// The messages of these contacts; or why the text cannot go to one of them, named by its id alone.
fn slice(campaign: &Campaign, contacts: &[Contact], last: ContactId) -> Result<Slice, String> {
    let messages = contacts.iter().map(|contact| {
        let text = render(campaign, contact)
            .map_err(|refused| format!("the text for contact {} cannot be sent: {refused}", contact.id.0))?;
        Ok(NewMessage {
            contact: contact.id,
            to: contact.phone,
            segments: u16::try_from(text.measure().segments).unwrap_or(u16::MAX),
            text: text.as_str().to_owned(),
        })
    });
    Ok(Slice { messages: messages.collect::<Result<_, String>>()?, up_to: last })
}

/// The text of a campaign for one contact, as it would go.
pub(crate) fn render(campaign: &Campaign, contact: &Contact) -> Result<SmsText, String> {
    let rendered = campaign.plan.template.render(contact).map_err(|failed| failed.to_string())?;
    let text = campaign.plan.transliteration.apply(&rendered).into_owned();
    SmsText::new(text).map_err(|refused| refused.to_string())
}
