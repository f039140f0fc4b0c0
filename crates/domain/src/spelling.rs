//! Spellings of places made comparable: case, accents, punctuation and spaces do not matter, everything else does.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Room for any catalogued spelling; a longer one is in no catalogue.
const BYTES_MAX: usize = 64;

/// Where a spelling is folded: on the stack, for one is looked up for every row of an import.
pub(crate) struct Folded([u8; BYTES_MAX]);

impl Default for Folded {
    fn default() -> Self {
        Self([0; BYTES_MAX])
    }
}

impl Folded {
    /// Upper case without accents, punctuation and spaces; none when nothing is left or it does not fit.
    pub(crate) fn fold(&mut self, spelling: &str) -> Option<&[u8]> {
        let mut length = 0;
        let fold = |part: char| {
            let mut push = |letter: char| {
                let room = self.0.get_mut(length..length + letter.len_utf8())?;
                length += letter.encode_utf8(room).len();
                Some(())
            };
            if part.is_ascii_alphanumeric() {
                push(part.to_ascii_uppercase())
            } else if is_ignored(part) {
                Some(())
            } else {
                part.to_uppercase().try_for_each(push)
            }
        };
        if spelling.is_ascii() {
            spelling.chars().try_for_each(fold)?;
        } else {
            spelling.nfd().try_for_each(fold)?;
        }
        (length > 0).then(|| &self.0[..length])
    }
}

fn is_ignored(part: char) -> bool {
    part.is_whitespace()
        || matches!(
            part.general_category_group(),
            GeneralCategoryGroup::Mark | GeneralCategoryGroup::Punctuation
        )
}
