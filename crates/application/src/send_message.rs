//! One message is sent, as a campaign of its own.

use std::sync::Arc;

use domain::campaign::{CampaignId, CampaignKind, Priority};
use domain::phone::PhoneNumber;
use domain::port::{
    Ids, LeftOut, Message, MessageDesk, SenderStore, SingleMessage, SingleOrder, StoreError, Taken,
    WriteError,
};
use domain::request::Envelope;
use domain::sender::SenderId;
use domain::sms::SmsText;

use crate::campaigns::{CampaignError, sender};
use crate::prepare_campaign::zone_of;

/// Sends single messages.
pub struct SendMessage {
    /// Takes them in.
    pub desk: Arc<dyn MessageDesk>,
    /// Keeps senders.
    pub senders: Arc<dyn SenderStore>,
    /// Makes the ids.
    pub ids: Arc<dyn Ids>,
    /// The time zone of numbers whose area code tells none, as the IANA database names it.
    pub zone: String,
}

/// A message to be.
pub struct SendCommand {
    /// To whom.
    pub to: PhoneNumber,
    /// What it says, as it goes.
    pub text: SmsText,
    /// What it comes from; left out, the only sender there is.
    pub sender: Option<SenderId>,
    /// Which messages it goes before.
    pub priority: Priority,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The campaign, its text or its sender does not allow it.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// The contact whose text was to be shown is none.
    #[error("there is no such contact")]
    NoContact,
    /// Some numbers must not be written to; by their places.
    #[error("the number must not be written to")]
    Barred(Vec<(usize, LeftOut)>),
}

impl From<StoreError> for SendError {
    fn from(error: StoreError) -> Self {
        Self::Campaign(error.into())
    }
}

impl From<WriteError> for SendError {
    fn from(error: WriteError) -> Self {
        Self::Campaign(error.into())
    }
}

impl SendMessage {
    /// Has a message sent. One that was sent before, by its key, is answered as it was then.
    ///
    /// # Errors
    /// When the number is barred, the sender does not exist or none was named and there is not just one, or the store is
    /// away.
    pub async fn execute(&self, command: SendCommand, envelope: Envelope) -> Result<Message, SendError> {
        if let Some(Ok([before])) = self.desk.replay(envelope.clone()).await?.map(<[Message; 1]>::try_from) {
            return Ok(before);
        }
        let sender = sender(&*self.senders, command.sender).await?;
        let message = SingleMessage {
            campaign: CampaignId(self.ids.next()),
            name: format!("message to {}", command.to.masked()),
            to: command.to,
            zone: zone_of(command.to).unwrap_or(&self.zone).to_owned(),
            text: command.text,
        };
        let order = SingleOrder {
            kind: CampaignKind::Single,
            tested: None,
            sender: sender.id,
            priority: command.priority,
            messages: vec![message],
        };
        let sent = queued(self.desk.send(order, envelope).await?)?;
        sent.into_iter().next().ok_or(SendError::Barred(Vec::new()))
    }
}

/// The messages that are in the queue, or why none is.
pub(crate) fn queued(taken: Taken) -> Result<Vec<Message>, SendError> {
    match taken {
        Taken::Queued(messages) => Ok(messages),
        Taken::Barred(barred) => Err(SendError::Barred(barred)),
    }
}
