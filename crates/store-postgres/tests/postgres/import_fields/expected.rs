//! What the store must hold of the specimens, by the import rules of the contract.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::import::Tally;
use domain::source::SourceColumn;
use serde_json::{Map, Value as Json, json};
use testkit::fixtures::Value;

use super::specimens::{CAMPO3, CITY, KNOWN_CITIES, LADA, Number, Specimen, Text, Validity};

/// A contact's columns by name, as text or NULL.
pub(super) type Columns = BTreeMap<&'static str, Option<String>>;

/// A reject: its row's id, its outcome, its reason and its whole row.
pub(super) type Reject = (i64, String, String, Json);

pub(super) fn contacts(specimens: &[Specimen]) -> Vec<Columns> {
    specimens.iter().filter_map(contact).collect()
}

fn contact(specimen: &Specimen) -> Option<Columns> {
    let Number::Free(national, lada) = specimen.number else {
        return None;
    };
    let kept = |at: usize| specimen.texts[at].kept.clone();
    let is_valid = lada.is_some() && specimen.validity != Validity::Denied;
    let state = specimen.state.code_and_name;
    Some(BTreeMap::from([
        ("phone_national", Some(national.to_string())),
        ("phone_e164", Some(format!("+52{national}"))),
        ("phone_original", kept(0).or_else(|| specimen.number_as_written.clone())),
        ("full_name", kept(1)),
        ("address", kept(2)),
        ("neighborhood", kept(3)),
        ("municipality", kept(4)),
        ("state_code", state.map(|(code, _)| code.to_owned())),
        ("state_name", state.map(|(_, name)| name.to_owned())),
        ("state_text", specimen.state.text.map(str::to_owned)),
        ("lada", lada.map(str::to_owned)),
        ("city", kept(5)),
        ("line_type", Some("unknown".to_owned())),
        ("carrier", None),
        ("is_valid", Some(is_valid.to_string())),
        ("is_mobile", None),
        ("status", Some("ACTIVE".to_owned())),
        ("opt_out_at", None),
        ("last_sent_at", None),
        ("send_count", Some("0".to_owned())),
        ("source", Some("import".to_owned())),
        ("source_row_id", Some(specimen.row.id().to_string())),
        ("migrated_at", specimen.date.micros.map(|micros| micros.to_string())),
    ]))
}

pub(super) fn rejects(specimens: &[Specimen]) -> Vec<Reject> {
    specimens
        .iter()
        .filter_map(|specimen| {
            let Number::Refused(reason) = specimen.number else {
                return None;
            };
            let outcome = if reason.starts_with("duplicate") { "duplicate" } else { "rejected" };
            Some((specimen.row.id(), outcome.to_owned(), reason.to_owned(), whole_row(specimen)))
        })
        .collect()
}

/// The row as it is, in JSON, and by its bytes where JSON cannot hold it.
fn whole_row(specimen: &Specimen) -> Json {
    let columns: Map<String, Json> = SourceColumn::ALL
        .into_iter()
        .map(|column| {
            let value = match specimen.row.get(column) {
                Value::Null => Json::Null,
                Value::Integer(value) => json!(value),
                Value::Real(value) => json!(value),
                Value::Text(bytes) => match String::from_utf8(bytes.clone()) {
                    Ok(text) if !text.contains('\0') => json!(text),
                    Ok(_) | Err(_) => json!({ "text_hex": hex(bytes) }),
                },
                Value::Blob(bytes) => json!({ "blob_hex": hex(bytes) }),
            };
            (column.name().to_owned(), value)
        })
        .collect();
    Json::Object(columns)
}

pub(super) fn tally(specimens: &[Specimen]) -> Tally {
    let mut tally = Tally::default();
    for specimen in specimens {
        tally.rows_read += 1;
        let is_said_valid = specimen.validity == Validity::Said;
        tally.valid_rows_read += u64::from(is_said_valid);
        match specimen.number {
            Number::Free(_, lada) => {
                tally.imported += 1;
                tally.valid_rows_kept += u64::from(is_said_valid && lada.is_some());
                tally.imported_valid += u64::from(lada.is_some() && specimen.validity != Validity::Denied);
                count_oddities(&mut tally, specimen, lada);
            }
            Number::Refused("duplicate") => tally.duplicates += 1,
            // Those that were there before have the area code 55, which is assigned.
            Number::Refused("duplicate_existing") => {
                tally.duplicates += 1;
                tally.duplicates_existing += 1;
                tally.valid_rows_kept += u64::from(is_said_valid);
            }
            Number::Refused(..) => tally.rejected += 1,
        }
    }
    tally
}

fn count_oddities(tally: &mut Tally, specimen: &Specimen, lada: Option<&str>) {
    let read: Vec<&Text> =
        specimen.texts.iter().enumerate().filter(|(at, _)| *at != CAMPO3).map(|(_, text)| text).collect();
    let invalid = read.iter().filter(|text| text.is_invalid_utf8).count();
    let cut = read.iter().filter(|text| text.is_cut).count();
    tally.texts_invalid_utf8 += u64::try_from(invalid).unwrap() + u64::from(specimen.state.is_invalid_utf8);
    tally.texts_shortened += u64::try_from(cut).unwrap();
    let city = specimen.texts[CITY].kept.as_deref();
    tally.cities_unmapped +=
        u64::from(city.is_some_and(|city| KNOWN_CITIES.iter().all(|(_, known)| *known != city)));
    tally.states_unmapped += u64::from(specimen.state.text.is_some());
    tally.dates_unreadable += u64::from(specimen.date.is_unreadable);
    let disagrees = match (&specimen.texts[LADA].kept, lada) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(column), Some(lada)) => !column.starts_with(lada),
    };
    tally.ladas_disagreeing += u64::from(disagrees);
}

fn hex(bytes: &[u8]) -> String {
    let mut written = String::new();
    for byte in bytes {
        write!(written, "{byte:02x}").unwrap();
    }
    written
}
