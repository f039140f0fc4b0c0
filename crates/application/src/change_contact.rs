//! A contact is changed, by the rules that it was read by.

use std::sync::Arc;

use domain::contact::{ContactEdit, ContactId, FieldRefused};
use domain::port::{ContactDesk, Edited, StoreError};
use domain::request::Envelope;
use jiff::Timestamp;

/// Changes contacts.
pub struct ChangeContact {
    /// Does it.
    pub desk: Arc<dyn ContactDesk>,
}

/// Why none was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeContactError {
    /// A field cannot be kept as it is.
    #[error(transparent)]
    Field(#[from] FieldRefused),
    /// The store does not allow it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChangeContact {
    /// Changes a contact, if it still is of `version` where one is given.
    ///
    /// # Errors
    /// When a field cannot be kept, or the store is away.
    pub async fn execute(
        &self,
        id: ContactId,
        edit: ContactEdit,
        version: Option<Timestamp>,
        envelope: Envelope,
    ) -> Result<Edited, ChangeContactError> {
        Ok(self.desk.edit(id, edit.check()?, version, envelope).await?)
    }
}

#[cfg(test)]
mod tests {
    use domain::contact::{ContactStatus, Edit};
    use domain::port::MockContactDesk;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_kept_never_reaches_the_store() {
        let mut desk = MockContactDesk::new();
        desk.expect_edit().never();
        let change = ChangeContact { desk: Arc::new(desk) };
        let edit = ContactEdit { status: Some(ContactStatus::OptedOut), ..ContactEdit::default() };
        let envelope = Envelope::of_program("prueba", Timestamp::UNIX_EPOCH);
        let refused = change.execute(ContactId(1), edit, None, envelope).await.unwrap_err();
        assert!(matches!(refused, ChangeContactError::Field(FieldRefused::ConsentIsNoStatus)), "{refused}");
    }

    #[tokio::test]
    async fn a_change_is_made_of_the_version_that_it_was_meant_for() {
        let mut desk = MockContactDesk::new();
        desk.expect_edit()
            .withf(|id, change, version, _| {
                *id == ContactId(7)
                    && change.city == Edit::Set("Guadalajara".to_owned())
                    && *version == Some(Timestamp::UNIX_EPOCH)
            })
            .returning(|_, _, _, _| Ok(Edited::IsOfAnotherVersion));
        let change = ChangeContact { desk: Arc::new(desk) };
        let edit = ContactEdit { city: Edit::Set("GUADALAJARA@SD".to_owned()), ..ContactEdit::default() };
        let envelope = Envelope::of_program("prueba", Timestamp::UNIX_EPOCH);
        let done = change.execute(ContactId(7), edit, Some(Timestamp::UNIX_EPOCH), envelope).await.unwrap();
        assert_eq!(done, Edited::IsOfAnotherVersion);
    }
}
