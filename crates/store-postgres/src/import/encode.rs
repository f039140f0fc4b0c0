//! A sorted batch as the bytes of two COPY streams and what they count.

use std::collections::HashSet;

use bytes::Bytes;
use domain::contact::NewContact;
use domain::import::{Entry, ImportId, Refusal, SortedBatch, Tally};
use domain::source::{SourceColumn, SourceRow, SourceValue};
use domain::state::StateCode;
use serde_json::{Map, Value, json};

use crate::contact::to_bigint;
use crate::copy::CopyBuffer;

/// The fields of `contact_copy.sql`.
const CONTACT_FIELDS: i16 = 17;
/// The fields of `import_reject_copy.sql`.
const REJECT_FIELDS: i16 = 5;
/// What a contact takes on the wire, about.
const CONTACT_BYTES: usize = 280;

/// What a batch comes to; a stream without rows is `None`.
pub(super) struct EncodedBatch {
    pub(super) contacts: Option<Bytes>,
    pub(super) rejects: Option<Bytes>,
    pub(super) tally: Tally,
}

/// Encodes `batch`; the contacts whose source rows are in `late` are refused, for their number is there already.
pub(super) fn encode(batch: &SortedBatch, import: ImportId, late: &HashSet<i64>) -> EncodedBatch {
    let mut contacts = CopyBuffer::with_capacity(batch.len() * CONTACT_BYTES);
    let mut rejects = CopyBuffer::with_capacity(0);
    let mut tally = Tally::default();
    for entry in batch.entries() {
        let entry = match entry {
            Entry::Contact(row, _) if late.contains(&row.id()) => {
                Entry::Refused(row, Refusal::DuplicateExisting)
            }
            Entry::Contact(..) | Entry::Refused(..) => entry,
        };
        tally.count(&entry);
        match entry {
            Entry::Contact(_, contact) => put_contact(&mut contacts, &contact, import),
            Entry::Refused(row, refusal) => put_reject(&mut rejects, row, refusal, import),
        }
    }
    let stream = |buffer: CopyBuffer| (buffer.rows() > 0).then(|| buffer.finish());
    EncodedBatch { contacts: stream(contacts), rejects: stream(rejects), tally }
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

fn put_reject(buffer: &mut CopyBuffer, row: SourceRow<'_>, refusal: Refusal, import: ImportId) {
    let whole: Map<String, Value> = SourceColumn::ALL
        .into_iter()
        .map(|column| (column.name().to_owned(), to_json(row.get(column))))
        .collect();
    buffer.row(REJECT_FIELDS);
    buffer.uuid(import.0);
    buffer.bigint(row.id());
    buffer.text(Some(refusal.outcome()));
    buffer.text(Some(refusal.reason()));
    buffer.jsonb(Value::Object(whole).to_string().as_bytes());
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
            Ok(_) | Err(_) => json!({ "text_hex": hex(bytes) }),
        },
        SourceValue::Blob(bytes) => json!({ "blob_hex": hex(bytes) }),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
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
