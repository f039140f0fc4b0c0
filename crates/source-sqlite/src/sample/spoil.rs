//! Dirt in the texts beside the number, each kind in turn in one row of a hundred.

use domain::source::SourceColumn;

use super::random::{Random, mix};
use super::row::{Class, Draft};

/// One row of so many is spoilt.
const ROWS_BETWEEN: u64 = 100;
/// Columns whose text is spoilt.
const COLUMNS: [SourceColumn; 6] = [
    SourceColumn::Nombre,
    SourceColumn::Direccion,
    SourceColumn::Colonia,
    SourceColumn::MunicipioCsv,
    SourceColumn::MunicipioCof,
    SourceColumn::Campo3,
];
const KINDS: u64 = 9;

/// Spoils texts: NUL, control characters, bytes that are no UTF-8, blobs, long texts, empty ones, blanks, spaces at the
/// ends, format characters.
#[derive(Debug)]
pub(super) struct Spoiler {
    seed: u64,
}

impl Spoiler {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    pub(super) fn spoil(&self, row: u64, draft: &mut Draft, random: &mut Random) {
        let stretch = row / ROWS_BETWEEN;
        if row % ROWS_BETWEEN != mix(self.seed ^ mix(stretch)) % ROWS_BETWEEN {
            return;
        }
        let at = random.pick(&COLUMNS) as usize;
        if draft.classes[at] == Class::Null {
            draft.classes[at] = Class::Text;
            draft.texts[at].extend_from_slice(b"PEDRO PAEZ");
        }
        let text = &mut draft.texts[at];
        let middle = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
        match stretch % KINDS {
            0 => text.insert(middle, 0),
            1 => text.splice(middle..middle, *b"\x01\x1b\t\x7f").for_each(drop),
            // Half of a character, as where a text was cut by bytes, or Latin-1.
            2 => text.splice(middle..middle, *b"\xd1\xff").for_each(drop),
            3 => draft.classes[at] = Class::Blob,
            4 => {
                let once = text.clone();
                for _ in 0..10 + random.below(200) {
                    text.push(b' ');
                    text.extend_from_slice(&once);
                }
            }
            5 => text.clear(),
            6 => {
                text.clear();
                text.extend_from_slice(b"   ");
            }
            7 => {
                text.splice(..0, *b"  ").for_each(drop);
                text.extend_from_slice(b" \r\n");
            }
            _ => text.splice(middle..middle, "\u{200b}\u{a0}\u{202e}".bytes()).for_each(drop),
        }
    }
}
