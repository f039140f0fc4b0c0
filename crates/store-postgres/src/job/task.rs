//! What is to be done, as it is kept.

use domain::contact::Tag;
use domain::job::{ImportTask, LookupTask, TagTask, Task};
use domain::money::{Currency, Money};
use domain::port::StoreError;
use domain::segment::{SegmentDefinition, SegmentId, SegmentVersion};
use domain::sheet::Sheet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::corrupt;

/// A task as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    ContactImport {
        file_name: Option<String>,
        delimiter: u8,
        header: Vec<String>,
    },
    ContactTagging {
        segment: SegmentDefinition,
        segment_id: Option<Uuid>,
        segment_version: Option<u32>,
        add: Vec<String>,
        remove: Vec<String>,
    },
    NumberLookup {
        segment: SegmentDefinition,
        segment_id: Option<Uuid>,
        segment_version: Option<u32>,
        cost_max_micros: i64,
        currency: String,
    },
}

/// A NUL is in no text of the server's.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn encode(task: &Task, doing: &str) -> Result<String, StoreError> {
    let names = |tags: &[Tag]| tags.iter().map(|tag| tag.as_str().to_owned()).collect();
    let kept = match task {
        Task::Import(import) => Kept::ContactImport {
            file_name: import.file_name.as_deref().map(storable),
            delimiter: import.sheet.delimiter(),
            header: import.sheet.header().iter().map(|name| storable(name)).collect(),
        },
        Task::Tag(tagging) => Kept::ContactTagging {
            segment: tagging.segment.clone(),
            segment_id: tagging.saved_segment.map(|saved| saved.id.0),
            segment_version: tagging.saved_segment.map(|saved| saved.version),
            add: names(&tagging.add),
            remove: names(&tagging.remove),
        },
        Task::LookUp(lookup) => Kept::NumberLookup {
            segment: lookup.segment.clone(),
            segment_id: lookup.saved_segment.map(|saved| saved.id.0),
            segment_version: lookup.saved_segment.map(|saved| saved.version),
            cost_max_micros: lookup.cost_max.micros,
            currency: lookup.cost_max.currency.to_string(),
        },
    };
    serde_json::to_string(&kept).map_err(|error| corrupt(doing, format!("a task is no JSON: {error}")))
}

fn saved(id: Option<Uuid>, version: Option<u32>) -> Option<SegmentVersion> {
    id.zip(version).map(|(id, version)| SegmentVersion { id: SegmentId(id), version })
}

pub(super) fn decode(task: serde_json::Value, total: i64, doing: &str) -> Result<Task, StoreError> {
    let broken = |what: String| corrupt(doing, format!("a job's task cannot be read: {what}"));
    let kept: Kept = serde_json::from_value(task).map_err(|error| broken(error.to_string()))?;
    let tags = |names: Vec<String>| {
        names
            .iter()
            .map(|name| Tag::parse(name).map_err(|invalid| broken(invalid.to_string())))
            .collect::<Result<_, _>>()
    };
    Ok(match kept {
        Kept::ContactImport { file_name, delimiter, header } => Task::Import(ImportTask {
            file_name,
            sheet: Sheet::of_header(delimiter, header).map_err(|refused| broken(refused.to_string()))?,
            rows: total.cast_unsigned(),
        }),
        Kept::ContactTagging { segment, segment_id, segment_version, add, remove } => Task::Tag(TagTask {
            segment,
            saved_segment: saved(segment_id, segment_version),
            add: tags(add)?,
            remove: tags(remove)?,
        }),
        Kept::NumberLookup { segment, segment_id, segment_version, cost_max_micros, currency } => {
            let currency = Currency::parse(&currency).map_err(|invalid| broken(invalid.to_string()))?;
            Task::LookUp(LookupTask {
                segment,
                saved_segment: saved(segment_id, segment_version),
                cost_max: Money { micros: cost_max_micros, currency },
            })
        }
    })
}
