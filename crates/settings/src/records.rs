//! The section `[records]`: how what the provider has on record is asked for.

use std::time::Duration;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// What bounds the asking for the provider's records.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordsSettings {
    /// How often one of all workers asks, and how often each looks for campaigns to bill.
    pub interval: Duration,
    /// The most messages that are asked of at a time.
    pub questions_max: u16,
    /// How long an outcome is unknown before the provider is asked of it; the wait doubles with each question.
    pub ask_after: Duration,
    /// How long after a campaign has ended its bill is looked at.
    pub bill_after: Duration,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<RecordsSettings, Refused> {
    let interval = reader.whole(entry!(raw, records.interval_s), 1_u32..=3_600, "seconds");
    let questions_max =
        reader.whole(entry!(raw, records.questions_max), 1_u16..=1_000, "a number of messages");
    let ask_after = reader.whole(entry!(raw, records.ask_after_s), 1_u32..=86_400, "seconds");
    let bill_after = reader.whole(entry!(raw, records.bill_after_s), 0_u32..=604_800, "seconds");
    Ok(RecordsSettings {
        interval: Duration::from_secs(interval?.into()),
        questions_max: questions_max?,
        ask_after: Duration::from_secs(ask_after?.into()),
        bill_after: Duration::from_secs(bill_after?.into()),
    })
}
