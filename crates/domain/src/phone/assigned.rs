//! Which three-digit leads belong to an assigned area code.

use std::sync::LazyLock;

use phonenumber::metadata::DATABASE;

/// One bit for each lead from 000 to 999.
///
/// libphonenumber's mobile pattern for Mexico is a function of the first three digits, so one number of each
/// lead decides it, and an update of the crate is an update of the table. Mere validity would let 200, 201, 300,
/// 500, 800, 888 and 900 through, which are valid numbers of other types.
static ASSIGNED: LazyLock<[u64; 16]> = LazyLock::new(derive);

/// Whether the area code behind a lead, the first three digits, is assigned.
pub(super) fn is_assigned(lead: u16) -> bool {
    ASSIGNED.get(usize::from(lead / 64)).is_some_and(|bits| bits >> (lead % 64) & 1 == 1)
}

fn derive() -> [u64; 16] {
    let mut table = [0; 16];
    if let Some(mobile) = DATABASE.by_id("MX").and_then(|mexico| mexico.descriptors().mobile()) {
        for lead in (200..1000_u16).filter(|lead| mobile.is_match(&format!("{lead}5550123"))) {
            table[usize::from(lead / 64)] |= 1 << (lead % 64);
        }
    }
    table
}
