//! The section `[time]`.

use jiff::tz::TimeZone;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// Where the business's day begins.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TimeSettings {
    /// The business's own time zone; a contact's may be another.
    pub zone: TimeZone,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<TimeSettings, Refused> {
    const REMEDY: &str = "give a name of the IANA database, as in America/Mexico_City";
    let entry = entry!(raw, time.zone);
    let name = reader.required_text(entry, REMEDY)?;
    match TimeZone::get(&name) {
        Ok(zone) => Ok(TimeSettings { zone }),
        Err(_) => Err(reader.refuse(entry.key, "is not a time zone", REMEDY)),
    }
}
