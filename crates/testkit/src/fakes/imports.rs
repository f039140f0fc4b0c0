//! Imports and the contacts they bring, in memory.

mod session;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use domain::contact::{Contact, ContactId, NewContact};
use domain::import::{Import, ImportId, ImportState, NOTHING_READ, Refusal, Tally};
use domain::phone::PhoneNumber;
use domain::port::{
    AddedContact, Clock, ContactFilter, ContactStore, ImportRollback, ImportSession, ImportStore,
    ReferringCampaign, SourceAccount, StoreError, WriteError,
};
use domain::request::Envelope;
use domain::source::SourceDescription;

use super::SteppingClock;
use crate::fixtures::{Row, contact};
use session::FakeImportSession;

struct Refused {
    import: ImportId,
    row: Row,
    refusal: Refusal,
}

/// What became of a source row.
#[derive(Clone)]
enum Written {
    Contact(Box<Contact>),
    Refused(Box<Row>, Refusal),
}

#[derive(Default)]
struct Kept {
    clock: SteppingClock,
    imports: Vec<Import>,
    /// The one that is open.
    open: Option<ImportId>,
    contacts: Vec<(Contact, Option<ImportId>)>,
    refused: Vec<Refused>,
    accounts: BTreeMap<ImportId, SourceAccount>,
    /// Everything that imports ever stored: what a copy names by the source row can be brought back from here.
    written: BTreeMap<(ImportId, i64), Written>,
    /// What was added by hand, by actor and key, with the hash of the request.
    added: BTreeMap<(String, String), ([u8; 32], Contact)>,
    is_broken: bool,
}

impl Kept {
    fn import_mut(&mut self, id: ImportId) -> &mut Import {
        self.imports.iter_mut().find(|import| import.id == id).expect("an open import is there")
    }

    fn holds(&self, phone: PhoneNumber) -> bool {
        self.contacts.iter().any(|(contact, _)| contact.phone == phone)
    }

    fn next_contact_id(&self) -> ContactId {
        ContactId(self.contacts.iter().map(|(contact, _)| contact.id.0).max().unwrap_or(0) + 1)
    }

    /// Why no import can be opened now.
    fn is_in_use(&self, doing: &str, but: Option<ImportId>) -> Result<(), StoreError> {
        if self.open.is_some() {
            return Err(conflict(doing, "another import is running"));
        }
        let loading = self.imports.iter().find(|import| is_under_way(import));
        if loading.is_some_and(|loading| Some(loading.id) != but) {
            return Err(conflict(doing, "another import is unfinished"));
        }
        Ok(())
    }
}

/// [`ImportStore`] and [`ContactStore`] in memory. Clones share what they hold, as two processes share a database.
#[derive(Clone, Default)]
pub struct FakeImportStore(Arc<Mutex<Kept>>);

impl FakeImportStore {
    /// Adds a contact by another way than an import.
    ///
    /// # Errors
    /// `Conflict` when the number is there already.
    pub fn add_contact(&self, phone: PhoneNumber) -> Result<(), StoreError> {
        let mut kept = self.kept();
        if kept.holds(phone) {
            return Err(conflict("add a contact", "the number is there already"));
        }
        let contact = contact(kept.next_contact_id(), phone);
        kept.contacts.push((contact, None));
        Ok(())
    }

    /// Lets every batch fail, or none any more.
    pub fn set_broken(&self, is_broken: bool) {
        self.kept().is_broken = is_broken;
    }

    /// What an import kept of the source's account of itself.
    #[must_use]
    pub fn account(&self, id: ImportId) -> SourceAccount {
        self.kept().accounts.get(&id).cloned().unwrap_or_default()
    }

    /// The rows that an import refused, whole, each with its reason.
    #[must_use]
    pub fn refused(&self, id: ImportId) -> Vec<(Row, Refusal)> {
        let kept = self.kept();
        kept.refused
            .iter()
            .filter(|refused| refused.import == id)
            .map(|refused| (refused.row.clone(), refused.refusal))
            .collect()
    }

    /// Every contact.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.kept().contacts.iter().map(|(contact, _)| contact.clone()).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }

    fn open(&self, kept: &mut Kept, id: ImportId) -> Box<dyn ImportSession> {
        kept.open = Some(id);
        Box::new(FakeImportSession::new(self.clone(), id))
    }
}

fn conflict(doing: &str, reason: &str) -> StoreError {
    StoreError::Conflict { doing: doing.to_owned(), reason: reason.to_owned() }
}

#[async_trait]
impl ImportStore for FakeImportStore {
    async fn find_by_fingerprint(&self, fingerprint: String) -> Result<Option<Import>, StoreError> {
        Ok(self
            .kept()
            .imports
            .iter()
            .rev()
            .find(|import| {
                import.source.fingerprint == fingerprint && import.state != ImportState::RolledBack
            })
            .cloned())
    }

    async fn find_under_way(&self) -> Result<Option<Import>, StoreError> {
        Ok(self.kept().imports.iter().find(|import| is_under_way(import)).cloned())
    }

    async fn begin(
        &self,
        id: ImportId,
        source: SourceDescription,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let doing = "begin an import";
        let mut kept = self.kept();
        kept.is_in_use(doing, None)?;
        if kept.imports.iter().any(|import| import.id == id) {
            return Err(conflict(doing, "the id is taken"));
        }
        let started_at = kept.clock.now();
        kept.imports.push(Import {
            id,
            state: ImportState::Loading,
            source,
            last_source_row_id: NOTHING_READ,
            tally: Tally::default(),
            started_at,
            finished_at: None,
        });
        Ok(self.open(&mut kept, id))
    }

    async fn reopen(&self, id: ImportId) -> Result<Box<dyn ImportSession>, StoreError> {
        let doing = "go on with an import";
        let mut kept = self.kept();
        kept.is_in_use(doing, Some(id))?;
        let found = kept.imports.iter_mut().find(|import| import.id == id);
        match found.filter(|import| [ImportState::Loading, ImportState::Stopped].contains(&import.state)) {
            Some(import) => import.state = ImportState::Loading,
            None => return Err(conflict(doing, "there is no such import that could go on")),
        }
        Ok(self.open(&mut kept, id))
    }

    async fn restore(
        &self,
        id: ImportId,
        source: SourceDescription,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let state = self.kept().imports.iter().find(|import| import.id == id).map(|import| import.state);
        match state {
            None => self.begin(id, source).await,
            Some(ImportState::Loading) => self.reopen(id).await,
            Some(ImportState::RolledBack) => {
                let mut kept = self.kept();
                kept.is_in_use("restore an import", None)?;
                let import = kept.import_mut(id);
                import.state = ImportState::Loading;
                import.last_source_row_id = NOTHING_READ;
                import.tally = Tally::default();
                import.finished_at = None;
                Ok(self.open(&mut kept, id))
            }
            Some(ImportState::Stopped | ImportState::Completed | ImportState::RollingBack) => {
                Err(conflict("restore an import", "what it brought is there"))
            }
        }
    }

    async fn referring_campaigns(&self, _: ImportId) -> Result<Vec<ReferringCampaign>, StoreError> {
        Ok(Vec::new())
    }

    async fn roll_back(&self, id: ImportId) -> Result<Box<dyn ImportRollback>, StoreError> {
        let doing = "roll an import back";
        let mut kept = self.kept();
        kept.is_in_use(doing, Some(id))?;
        let found = kept.imports.iter_mut().find(|import| import.id == id);
        match found.filter(|import| import.state != ImportState::RolledBack) {
            Some(import) => import.state = ImportState::RollingBack,
            None => return Err(conflict(doing, "there is no such import, or it was rolled back already")),
        }
        kept.open = Some(id);
        Ok(Box::new(FakeImportRollback(FakeImportSession::new(self.clone(), id))))
    }
}

fn is_under_way(import: &Import) -> bool {
    [ImportState::Loading, ImportState::RollingBack].contains(&import.state)
}

/// Closes the import when it is dropped, as its session does.
struct FakeImportRollback(FakeImportSession);

#[async_trait]
impl ImportRollback for FakeImportRollback {
    fn import(&self) -> Import {
        self.0.import()
    }

    async fn keep_referenced(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove_some(&mut self) -> Result<u64, StoreError> {
        let mut kept = self.0.store.kept();
        let id = self.0.id;
        let Some(at) = kept.contacts.iter().position(|(_, import)| *import == Some(id)) else { return Ok(0) };
        kept.contacts.remove(at);
        Ok(1)
    }

    async fn close(&mut self) -> Result<(), StoreError> {
        let mut kept = self.0.store.kept();
        let id = self.0.id;
        kept.refused.retain(|refused| refused.import != id);
        kept.accounts.remove(&id);
        kept.import_mut(id).state = ImportState::RolledBack;
        Ok(())
    }

    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError> {
        self.0.next_finishing_step().await
    }
}

#[async_trait]
impl ContactStore for FakeImportStore {
    async fn add<'a>(&self, contact: NewContact<'a>, envelope: Envelope) -> Result<AddedContact, WriteError> {
        let mut kept = self.kept();
        let key = envelope.idempotency.map(|used| (envelope.actor.0, used.key, used.body_sha256));
        if let Some((actor, key, body)) = &key
            && let Some((before, added)) = kept.added.get(&(actor.clone(), key.clone()))
        {
            return if before == body {
                Ok(AddedContact::New(Box::new(added.clone())))
            } else {
                Err(WriteError::KeyReused)
            };
        }
        if let Some((there, _)) = kept.contacts.iter().find(|(there, _)| there.phone == contact.phone) {
            return Ok(AddedContact::Taken(there.id));
        }
        let added = session::stored(kept.next_contact_id(), contact);
        kept.contacts.push((added.clone(), None));
        if let Some((actor, key, body)) = key {
            kept.added.insert((actor, key), (body, added.clone()));
        }
        Ok(AddedContact::New(Box::new(added)))
    }

    async fn find_by_phone(&self, phone: PhoneNumber) -> Result<Option<Contact>, StoreError> {
        Ok(self
            .kept()
            .contacts
            .iter()
            .map(|(contact, _)| contact)
            .find(|contact| contact.phone == phone)
            .cloned())
    }

    async fn find(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        Ok(self.kept().contacts.iter().map(|(contact, _)| contact).find(|contact| contact.id == id).cloned())
    }

    async fn page(
        &self,
        filter: ContactFilter,
        after: ContactId,
        limit: u16,
    ) -> Result<Vec<Contact>, StoreError> {
        let kept = self.kept();
        let passes = |contact: &&Contact| {
            contact.id > after
                && filter.state.is_none_or(|state| contact.state == Some(state))
                && filter.lada.is_none_or(|lada| contact.lada == Some(lada))
                && filter.city.as_ref().is_none_or(|city| contact.city.as_ref() == Some(city))
                && filter.line_type.is_none_or(|line_type| contact.line_type == line_type)
                && filter.status.is_none_or(|status| contact.status == status)
        };
        Ok(kept
            .contacts
            .iter()
            .map(|(contact, _)| contact)
            .filter(passes)
            .take(limit.into())
            .cloned()
            .collect())
    }
}
