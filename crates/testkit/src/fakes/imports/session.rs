//! An open import in memory.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use domain::contact::{Contact, ContactId, ContactStatus, NewContact};
use domain::import::{BroughtBy, Entry, Import, ImportId, ImportState, Refusal, SortedBatch, Tally};
use domain::port::{
    Clock, CopiedTable, CopyFormat, ImportSession, KnownNumbers, PartRows, SourceAccount, StoreError,
    StoredCopy, StoredRows,
};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::{FakeImportStore, Refused, Written, conflict};
use crate::fixtures::Row;

const FINISHING_STEPS: [&str; 2] = ["indexes", "contacts_by_state"];

pub(super) struct FakeImportSession {
    pub(super) store: FakeImportStore,
    pub(super) id: ImportId,
    steps_done: usize,
    copies: Option<Vec<StoredCopy>>,
}

impl FakeImportSession {
    pub(super) fn new(store: FakeImportStore, id: ImportId) -> Self {
        Self { store, id, steps_done: 0, copies: None }
    }
}

impl Drop for FakeImportSession {
    fn drop(&mut self) {
        self.store.kept().open = None;
    }
}

#[async_trait]
impl ImportSession for FakeImportSession {
    fn import(&self) -> Import {
        self.store.kept().import_mut(self.id).clone()
    }

    async fn known_numbers(
        &mut self,
        after: Option<i64>,
        page_rows: u32,
    ) -> Result<KnownNumbers, StoreError> {
        let kept = self.store.kept();
        let page: Vec<_> = kept
            .contacts
            .iter()
            .filter(|(contact, _)| after.is_none_or(|after| contact.id.0 > after))
            .take(page_rows as usize)
            .collect();
        let next = page.last().filter(|_| page.len() == page_rows as usize).map(|(contact, _)| contact.id.0);
        let numbers = page
            .into_iter()
            .map(|(contact, import)| {
                let is_ours = *import == Some(self.id);
                (contact.phone, if is_ours { BroughtBy::ThisImport } else { BroughtBy::Another })
            })
            .collect();
        Ok(KnownNumbers { numbers, next })
    }

    async fn append(&mut self, batch: SortedBatch) -> Result<(), StoreError> {
        let Some(checkpoint) = batch.last_source_row_id() else { return Ok(()) };
        let mut kept = self.store.kept();
        if kept.is_broken {
            return Err(conflict("store a batch", "the store was told to refuse it"));
        }
        let mut counted = Tally::default();
        let (mut contacts, mut rejects) = (Vec::new(), Vec::new());
        for entry in batch.entries() {
            let entry = match entry {
                Entry::Contact(row, contact) if kept.holds(contact.phone) => {
                    Entry::Refused(row, Refusal::DuplicateExisting)
                }
                Entry::Contact(..) | Entry::Refused(..) => entry,
            };
            counted.count(&entry);
            match entry {
                Entry::Contact(row, contact) => {
                    let contact = stored(kept.next_contact_id(), contact);
                    kept.written.insert((self.id, row.id()), Written::Contact(Box::new(contact.clone())));
                    kept.contacts.push((contact, Some(self.id)));
                    contacts.extend(row.id().to_be_bytes());
                }
                Entry::Refused(row, refusal) => {
                    let key = (self.id, row.id());
                    let row = Row::from(row);
                    rejects.extend(row.id().to_be_bytes());
                    kept.written.insert(key, Written::Refused(Box::new(row.clone()), refusal));
                    kept.refused.push(Refused { import: self.id, row, refusal });
                }
            }
        }
        let import = kept.import_mut(self.id);
        import.last_source_row_id = checkpoint;
        import.tally += counted;
        let tally = import.tally;
        if let Some(copies) = &mut self.copies {
            let (contacts, rejects) = (vec![contacts.into()], vec![rejects.into()]);
            copies.push(StoredCopy { contacts, rejects, checkpoint, tally });
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn copy_format(&self) -> fn(CopiedTable) -> CopyFormat {
        |_| CopyFormat { statement: "REMEMBER", head: b"<", tail: b">" }
    }

    fn keep_copies(&mut self) {
        self.copies.get_or_insert_default();
    }

    fn take_copies(&mut self) -> Vec<StoredCopy> {
        self.copies.as_mut().map(std::mem::take).unwrap_or_default()
    }

    async fn stored_behind(
        &mut self,
        table: CopiedTable,
        after: i64,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        let kept = self.store.kept();
        let behind = kept.written.iter().filter(|((import, row), written)| {
            let is_of_table = matches!(written, Written::Contact(_)) == (table == CopiedTable::Contacts);
            *import == self.id && *row > after && is_of_table
        });
        let ids: Vec<u8> = behind.flat_map(|((_, row), _)| row.to_be_bytes()).collect();
        Ok(stream::iter([Ok(ids.into())]).boxed())
    }

    async fn append_part(&mut self, rows: PartRows, checkpoint: i64, tally: Tally) -> Result<(), StoreError> {
        let mut ids = Vec::new();
        for table in [rows.contacts, rows.rejects] {
            let chunks: Vec<Bytes> = table.try_collect().await.unwrap();
            let whole = chunks.concat();
            let rows = whole.strip_prefix(b"<").and_then(|rows| rows.strip_suffix(b">")).unwrap();
            ids.extend(rows.as_chunks::<8>().0.iter().map(|id| i64::from_be_bytes(*id)));
        }
        let mut kept = self.store.kept();
        for id in ids {
            match kept.written.get(&(self.id, id)).cloned().unwrap() {
                Written::Contact(contact) => kept.contacts.push((*contact, Some(self.id))),
                Written::Refused(row, refusal) => {
                    kept.refused.push(Refused { import: self.id, row: *row, refusal });
                }
            }
        }
        let import = kept.import_mut(self.id);
        import.last_source_row_id = checkpoint;
        import.tally += tally;
        Ok(())
    }

    async fn keep_account(&mut self, account: SourceAccount) -> Result<(), StoreError> {
        self.store.kept().accounts.insert(self.id, account);
        Ok(())
    }

    async fn next_finishing_step(&mut self) -> Result<Option<String>, StoreError> {
        let step = FINISHING_STEPS.get(self.steps_done);
        self.steps_done += usize::from(step.is_some());
        Ok(step.map(|step| (*step).to_owned()))
    }

    async fn count_stored(&mut self) -> Result<StoredRows, StoreError> {
        let kept = self.store.kept();
        let contacts = kept.contacts.iter().filter(|(_, import)| *import == Some(self.id)).count();
        let mut stored = StoredRows { contacts: u64::try_from(contacts).unwrap(), ..StoredRows::default() };
        for refused in kept.refused.iter().filter(|refused| refused.import == self.id) {
            *stored.refused.entry(refused.refusal).or_default() += 1;
        }
        Ok(stored)
    }

    async fn close(&mut self) -> Result<Import, StoreError> {
        let mut kept = self.store.kept();
        let now = kept.clock.now();
        let import = kept.import_mut(self.id);
        if import.state != ImportState::Loading {
            return Err(conflict("end an import", "it is not loading"));
        }
        let is_at_the_end = import.source.rows == 0 || import.last_source_row_id >= import.source.last_id;
        if is_at_the_end && import.tally.rows_read >= import.source.rows {
            import.state = ImportState::Completed;
            import.finished_at = Some(now);
        } else {
            import.state = ImportState::Stopped;
        }
        Ok(import.clone())
    }
}

pub(super) fn stored(id: ContactId, contact: NewContact<'_>) -> Contact {
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    Contact {
        id,
        phone: contact.phone,
        phone_original: owned(contact.phone_original),
        full_name: owned(contact.full_name),
        address: owned(contact.address),
        neighborhood: owned(contact.neighborhood),
        municipality: owned(contact.municipality),
        state: contact.state,
        state_text: owned(contact.state_text),
        lada: contact.lada,
        city: owned(contact.city),
        line_type: contact.line.line_type,
        carrier: contact.line.carrier.map(str::to_owned),
        is_valid: contact.is_valid,
        status: ContactStatus::Active,
        opt_out_at: None,
        source_row_id: contact.source_row_id,
        migrated_at: contact.migrated_at,
        updated_at: jiff::Timestamp::UNIX_EPOCH,
    }
}
