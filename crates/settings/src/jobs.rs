//! The section `[jobs]`.

use std::time::Duration;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// What bounds jobs: files of contacts that are brought in, segments that are tagged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JobsSettings {
    /// The most that wait or are under way.
    pub open_max: u32,
    /// The most files that come in from one user at the same time.
    pub uploads_of_one_max: u32,
    /// The largest file, in bytes.
    pub upload_bytes_max: u64,
    /// How long a file may take to come in.
    pub upload_timeout: Duration,
    /// Lines of a file that are brought in at once.
    pub import_lines: u32,
    /// Contacts that are looked at at once when they are tagged.
    pub tag_contacts: u32,
    /// How long a worker's hold of one is good without a step.
    pub lease: Duration,
    /// How often one is taken without coming further before it fails.
    pub attempts_max: u32,
    /// How long one is kept when it has ended.
    pub keep_for: Duration,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<JobsSettings, Refused> {
    let open_max = reader.whole(entry!(raw, jobs.open_max), 1_u32..=1_000, "a number of jobs");
    let of_one = reader.whole(entry!(raw, jobs.uploads_of_one_max), 1_u32..=1_000, "a number of files");
    let bytes_max = reader.whole(entry!(raw, jobs.upload_bytes_max), 1_024_u32..=1_073_741_824, "bytes");
    let upload_timeout = reader.whole(entry!(raw, jobs.upload_timeout_s), 10_u32..=3_600, "seconds");
    let import_lines = reader.whole(entry!(raw, jobs.import_lines), 100_u32..=50_000, "a number of lines");
    let tag_contacts =
        reader.whole(entry!(raw, jobs.tag_contacts), 100_u32..=1_000_000, "a number of contacts");
    let lease = reader.whole(entry!(raw, jobs.lease_s), 5_u32..=3_600, "seconds");
    let attempts_max = reader.whole(entry!(raw, jobs.attempts_max), 1_u32..=100, "a number of attempts");
    let keep_days = reader.whole(entry!(raw, jobs.keep_days), 1_u32..=365, "days");
    Ok(JobsSettings {
        open_max: open_max?,
        uploads_of_one_max: of_one?,
        upload_bytes_max: bytes_max?.into(),
        upload_timeout: Duration::from_secs(upload_timeout?.into()),
        import_lines: import_lines?,
        tag_contacts: tag_contacts?,
        lease: Duration::from_secs(lease?.into()),
        attempts_max: attempts_max?,
        keep_for: Duration::from_hours(24 * u64::from(keep_days?)),
    })
}
