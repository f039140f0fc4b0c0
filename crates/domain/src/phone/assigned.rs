//! Which three-digit leads belong to an assigned area code.

use std::sync::LazyLock;

use phonenumber::{Type, country, metadata::DATABASE};

/// One bit for each lead from 000 to 999.
///
/// libphonenumber's mobile pattern for Mexico is a function of the first three digits, so one number of each
/// lead decides it, and an update of the crate is an update of the table.
static ASSIGNED: LazyLock<[u64; 16]> = LazyLock::new(derive);

/// Whether the area code behind a lead, the first three digits, is assigned.
pub(super) fn is_assigned(lead: u16) -> bool {
    let (word, bit) = (usize::from(lead / 64), lead % 64);
    ASSIGNED.get(word).is_some_and(|bits| bits >> bit & 1 == 1)
}

fn derive() -> [u64; 16] {
    let mut table = [0; 16];
    for lead in 200..1000_u16 {
        if is_ordinary(&format!("+52{lead}5550123")) {
            table[usize::from(lead / 64)] |= 1 << (lead % 64);
        }
    }
    table
}

/// Mere validity would let 200, 201, 300, 500, 800, 888 and 900 through: those are valid, of other types.
pub(super) fn is_ordinary(e164: &str) -> bool {
    phonenumber::parse(Some(country::MX), e164)
        .is_ok_and(|number| number.number_type(&DATABASE) == Type::FixedLineOrMobile)
}
