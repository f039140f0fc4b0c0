//! A sorted batch as the bytes of two COPY streams and what they count.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use domain::contact::NewContact;
use domain::import::{Entry, ImportId, Refusal, SortedBatch, Tally};
use domain::source::{SourceColumn, SourceRow, SourceValue};
use domain::state::StateCode;
use serde_json::{Map, Value, json};

use crate::contact::to_bigint;
use crate::copy::{CopyBuffer, HEAD};

/// The fields of `contact_copy.sql`.
const CONTACT_FIELDS: i16 = 17;
/// The fields of `import_rejects_copy.sql`.
const REJECT_FIELDS: i16 = 6;
/// About so many bytes are encoded while the server works on those before.
const CHUNK_BYTES: usize = 256 * 1024;

/// Why a contact is not stored though its number is good.
#[derive(Debug, Clone)]
pub(super) enum Exception {
    /// Its number came into the store by another way.
    Existing,
    /// The server refuses the row, for this reason.
    NotStorable(String),
}

/// Contacts that are not stored, by the ids of their source rows.
pub(super) type Exceptions = HashMap<i64, Exception>;

/// Encodes rows of a batch bit by bit: as an iterator it yields the stream of its contacts, none if it has no contact. Its rejects
/// and its counts are whole when that is at its end.
pub(super) struct Encoder<'b, E> {
    entries: E,
    import: ImportId,
    exceptions: &'b Exceptions,
    contacts: CopyBuffer,
    rejects: Rejects,
    tally: Tally,
    is_ended: bool,
}

/// Rows that were not imported, as the columns of `import_advance.sql`.
#[derive(Default)]
pub(super) struct Rejects {
    pub(super) source_row_ids: Vec<i64>,
    pub(super) outcomes: Vec<&'static str>,
    pub(super) reasons: Vec<&'static str>,
    /// What else the reason is known by.
    pub(super) details: Vec<Option<String>>,
    /// The whole rows, as JSON.
    pub(super) source_rows: Vec<String>,
}

/// An encoder of the rows of `batch` in these places; of its contacts the `exceptions` are refused.
pub(super) fn encode<'b>(
    batch: &'b SortedBatch,
    rows: Range<usize>,
    import: ImportId,
    exceptions: &'b Exceptions,
) -> Encoder<'b, impl Iterator<Item = Entry<'b>>> {
    Encoder {
        entries: batch.entries().skip(rows.start).take(rows.len()),
        import,
        exceptions,
        contacts: CopyBuffer::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4),
        rejects: Rejects::default(),
        tally: Tally::default(),
        is_ended: false,
    }
}

impl<'b, E: Iterator<Item = Entry<'b>>> Encoder<'b, E> {
    /// Encodes what is left, and answers the rejects and the counts of the whole batch.
    pub(super) fn finish(mut self) -> (Rejects, Tally) {
        while self.next().is_some() {}
        (self.rejects, self.tally)
    }

    fn put(&mut self, entry: Entry<'_>) {
        let exception = match &entry {
            Entry::Contact(row, _) => self.exceptions.get(&row.id()).map(|exception| (*row, exception)),
            Entry::Refused(..) => None,
        };
        let (entry, detail) = match exception {
            None => (entry, None),
            Some((row, Exception::Existing)) => (Entry::Refused(row, Refusal::DuplicateExisting), None),
            Some((row, Exception::NotStorable(detail))) => {
                (Entry::Refused(row, Refusal::NotStorable), Some(detail))
            }
        };
        self.tally.count(&entry);
        match entry {
            Entry::Contact(_, contact) => put_contact(&mut self.contacts, &contact, self.import),
            Entry::Refused(row, refusal) => self.rejects.put(row, refusal, detail.cloned()),
        }
    }
}

impl<'b, E: Iterator<Item = Entry<'b>>> Iterator for Encoder<'b, E> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        while self.contacts.len() < CHUNK_BYTES {
            match self.entries.next() {
                Some(entry) => self.put(entry),
                None if self.is_ended || self.contacts.rows() == 0 => return None,
                None => {
                    self.is_ended = true;
                    return Some(self.contacts.finish());
                }
            }
        }
        Some(self.contacts.take())
    }
}

fn put_contact(buffer: &mut CopyBuffer, contact: &NewContact<'_>, import: ImportId) {
    buffer.row(CONTACT_FIELDS);
    buffer.bigint(to_bigint(contact.phone));
    buffer.optional_bigint(contact.source_row_id);
    buffer.timestamptz(contact.migrated_at);
    buffer.uuid(import.0);
    buffer.boolean(contact.is_valid);
    buffer.text(contact.phone_original.as_deref());
    buffer.text(contact.full_name.as_deref());
    buffer.text(contact.address.as_deref());
    buffer.text(contact.neighborhood.as_deref());
    buffer.text(contact.municipality.as_deref());
    buffer.text(contact.state.as_ref().map(StateCode::as_str));
    buffer.text(contact.state.map(StateCode::name));
    buffer.text(contact.state_text.as_deref());
    buffer.text(contact.lada.map(|lada| lada.to_string()).as_deref());
    buffer.text(contact.city.as_deref());
    buffer.text(Some(contact.line.line_type.as_str()));
    buffer.text(contact.line.carrier);
}

impl Rejects {
    /// The same as rows of `import_rejects_copy.sql`.
    pub(super) fn rows(&self, import: ImportId) -> Bytes {
        let mut buffer = CopyBuffer::with_capacity(CHUNK_BYTES);
        for at in 0..self.source_row_ids.len() {
            buffer.row(REJECT_FIELDS);
            buffer.uuid(import.0);
            buffer.bigint(self.source_row_ids[at]);
            buffer.text(Some(self.outcomes[at]));
            buffer.text(Some(self.reasons[at]));
            buffer.text(self.details[at].as_deref());
            buffer.jsonb(&self.source_rows[at]);
        }
        buffer.take().slice(HEAD.len()..)
    }

    fn put(&mut self, row: SourceRow<'_>, refusal: Refusal, detail: Option<String>) {
        let whole: Map<String, Value> = SourceColumn::ALL
            .into_iter()
            .map(|column| (column.name().to_owned(), to_json(row.get(column))))
            .collect();
        self.source_row_ids.push(row.id());
        self.outcomes.push(refusal.outcome());
        self.reasons.push(refusal.reason());
        self.details.push(detail);
        self.source_rows.push(Value::Object(whole).to_string());
    }
}

/// A value without loss: what JSON or `jsonb` cannot hold (bytes that are no UTF-8, NUL, a blob, an infinity) is an
/// object that says what it was.
fn to_json(value: SourceValue<'_>) -> Value {
    match value {
        SourceValue::Null => Value::Null,
        SourceValue::Integer(value) => json!(value),
        SourceValue::Real(value) if value.is_finite() => json!(value),
        SourceValue::Real(value) => json!({ "real": value.to_string() }),
        SourceValue::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => json!(text),
            Ok(_) | Err(_) => json!({ "text_hex": hex::encode(bytes) }),
        },
        SourceValue::Blob(bytes) => json!({ "blob_hex": hex::encode(bytes) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_json_cannot_hold_is_kept_without_loss() {
        assert_eq!(to_json(SourceValue::Text("ñ".as_bytes())), json!("ñ"));
        assert_eq!(to_json(SourceValue::Text(b"a\0b")), json!({ "text_hex": "610062" }));
        assert_eq!(to_json(SourceValue::Text(b"\xff")), json!({ "text_hex": "ff" }));
        assert_eq!(to_json(SourceValue::Blob(b"\x01\x02")), json!({ "blob_hex": "0102" }));
        assert_eq!(to_json(SourceValue::Real(f64::INFINITY)), json!({ "real": "inf" }));
        assert_eq!(to_json(SourceValue::Integer(i64::MIN)), json!(i64::MIN));
    }
}
