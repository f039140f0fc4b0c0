//! A contact is added by hand, read by the same rules as those of a file.

use std::sync::Arc;

use domain::contact::{Contact, ContactFields, ContactId, FieldRefused, NewContact};
use domain::numbering::Line;
use domain::phone::{PhoneNumber, PhoneRejection};
use domain::port::{AddedContact, ContactStore, WriteError};
use domain::request::Envelope;

use crate::numbering_plans::KnownPlan;

/// Adds contacts.
pub struct AddContact {
    /// Keeps them.
    pub contacts: Arc<dyn ContactStore>,
    /// What their lines are classed by.
    pub plan: Arc<KnownPlan>,
}

/// Why none was added.
#[derive(Debug, thiserror::Error)]
pub enum AddContactError {
    /// The number is none of a person in Mexico.
    #[error(transparent)]
    Phone(#[from] PhoneRejection),
    /// A field cannot be kept as it is.
    #[error(transparent)]
    Field(#[from] FieldRefused),
    /// The number is somebody's already.
    #[error("the number is in the contacts already")]
    Taken(ContactId),
    /// The store, or the key of the request, does not allow it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl AddContact {
    /// Adds a contact.
    ///
    /// # Errors
    /// When the number is none, a field cannot be kept, the number is somebody's already, or the store is away.
    pub async fn execute(
        &self,
        fields: ContactFields,
        envelope: Envelope,
    ) -> Result<Contact, AddContactError> {
        let phone = PhoneNumber::parse(&fields.phone)?;
        let plan = self.plan.plan();
        let contact = NewContact::written(&fields, phone, Line::of(phone, plan.as_deref()))?;
        match self.contacts.add(contact, envelope).await? {
            AddedContact::New(contact) => Ok(*contact),
            AddedContact::Taken(id) => Err(AddContactError::Taken(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::port::{MockContactStore, MockNumberingPlanStore};
    use jiff::Timestamp;

    use super::*;

    async fn add(fields: ContactFields, times: usize) -> Result<Contact, AddContactError> {
        let mut contacts = MockContactStore::new();
        contacts.expect_add().times(times).returning(|_, _| Ok(AddedContact::Taken(ContactId(7))));
        let plan = Arc::new(KnownPlan::new(Arc::new(MockNumberingPlanStore::new())));
        let add = AddContact { contacts: Arc::new(contacts), plan };
        add.execute(fields, Envelope::of_program("prueba", Timestamp::UNIX_EPOCH)).await
    }

    fn fields(phone: &str) -> ContactFields {
        ContactFields { phone: phone.to_owned(), ..ContactFields::default() }
    }

    #[tokio::test]
    async fn a_number_that_is_somebodys_is_told_with_who_has_it() {
        let refused = add(fields("55 1234 5670"), 1).await.unwrap_err();
        assert!(matches!(refused, AddContactError::Taken(ContactId(7))), "{refused}");
    }

    #[tokio::test]
    async fn what_cannot_be_kept_as_it_is_written_is_refused_before_anything_is_stored() {
        let refused = add(fields("911"), 0).await.unwrap_err();
        assert!(matches!(refused, AddContactError::Phone(PhoneRejection::SpecialService)), "{refused}");

        let nowhere = ContactFields { state: Some("ALLENDE EL MAR".to_owned()), ..fields("5512345670") };
        let refused = add(nowhere, 0).await.unwrap_err();
        assert!(matches!(refused, AddContactError::Field(FieldRefused::UnknownState)), "{refused}");

        let long = ContactFields { city: Some("a".repeat(401)), ..fields("5512345670") };
        let refused = add(long, 0).await.unwrap_err();
        assert!(matches!(refused, AddContactError::Field(field) if field.field() == "city"), "{refused}");
    }
}
