//! Who was shown the data of many people at once.

use std::sync::Arc;

use domain::access::Asker;
use domain::audit::BulkReading;
use domain::port::AuditLog;

use crate::input::{Asked, sees_whole};
use crate::problem::Problem;

/// Notes in the audit log that `who` is about to be shown so many, before the answer leaves. Who sees them masked is not noted.
pub(crate) async fn note(
    log: &Arc<dyn AuditLog>,
    reading: BulkReading,
    shown: usize,
    (who, asked): (&Asker, &Asked),
) -> Result<(), Problem> {
    if shown == 0 || !sees_whole(who) {
        return Ok(());
    }
    log.note_reading(reading, u32::try_from(shown).unwrap_or(u32::MAX), asked.by(who)).await?;
    let of = reading.action();
    ::metrics::counter!("pregon_bulk_readings_total", "of" => of).increment(1);
    ::metrics::counter!("pregon_bulk_readings_rows_total", "of" => of).increment(shown as u64);
    Ok(())
}
