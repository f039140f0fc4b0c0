//! The port to what people do to single contacts.

use async_trait::async_trait;

use super::{Message, StoreError};
use crate::campaign::CampaignId;
use crate::contact::{Consent, Contact, ContactChange, ContactId, Tag, Tagged};
use crate::request::Envelope;
use jiff::Timestamp;

/// Changes single contacts. Every change is committed with its audit line, or not made.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactDesk: Send + Sync {
    /// Changes a contact; its next version has a later `updated_at`. Of a contact that is not of `version` any more nothing
    /// is changed; without a version the last one to write wins. `Conflict` when one that opted out is to be given a status
    /// other than BLOCKED: consent is changed by what they say.
    async fn edit(
        &self,
        id: ContactId,
        change: ContactChange,
        version: Option<Timestamp>,
        envelope: Envelope,
    ) -> Result<Edited, StoreError>;

    /// Takes a contact away with its tags. What was sent to its number stays, and so does whatever bars the number.
    async fn remove(
        &self,
        id: ContactId,
        version: Option<Timestamp>,
        envelope: Envelope,
    ) -> Result<Removed, StoreError>;

    /// Writes down what somebody said of being written to, and does it at once: an opt-out bars the number, an opt-in takes
    /// back what the number itself had asked, and nothing that others barred. What live campaigns have queued to a number
    /// that opts out becomes skipped, in a transaction after that. `None` when there is no such contact.
    async fn consent(
        &self,
        id: ContactId,
        consent: Consent,
        envelope: Envelope,
    ) -> Result<Option<Consented>, StoreError>;

    /// The tags of a contact, in order. `None` when there is no such contact.
    async fn tags(&self, id: ContactId) -> Result<Option<Vec<Tagged>>, StoreError>;

    /// Changes tags, and answers what there are then. A contact never has more than [`Tag::COUNT_MAX`]:
    /// `Conflict`, and nothing is changed. `None` when there is no such contact.
    async fn tag(
        &self,
        id: ContactId,
        change: TagChange,
        envelope: Envelope,
    ) -> Result<Option<Vec<Tagged>>, StoreError>;

    /// What was sent to a contact's number, the latest campaign first, from before that one on. `None` when there is no
    /// such contact.
    async fn messages(
        &self,
        id: ContactId,
        before: Option<CampaignId>,
        limit: u16,
    ) -> Result<Option<Vec<Message>>, StoreError>;
}

/// What became of a contact that was to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is this now.
    Changed(Box<Contact>),
    /// Somebody changed it in the meantime.
    IsOfAnotherVersion,
    /// There is no such contact.
    Missing,
}

/// What became of a contact that was to be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Gone,
    /// Somebody changed it in the meantime.
    IsOfAnotherVersion,
    /// There is no such contact.
    Missing,
}

/// A contact after what it said was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consented {
    /// The contact.
    pub contact: Contact,
    /// What bars its number now, by its source: `opt_out`, `carrier`, `manual`, `repep`, `reus` or `erasure`.
    pub barred_by: Vec<String>,
}

/// How tags are changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagChange {
    /// These are added.
    Add(Vec<Tag>),
    /// These are taken away.
    Remove(Vec<Tag>),
    /// There are just these.
    Replace(Vec<Tag>),
}
