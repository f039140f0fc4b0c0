//! Free text as it may be kept: valid UTF-8, no control characters, single spaces, never empty.

use std::borrow::Cow;

/// Text after cleaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned<'a> {
    /// What is left, none if nothing is.
    pub text: Option<Cow<'a, str>>,
    /// Whether bytes that are not UTF-8 were replaced with U+FFFD.
    pub invalid_utf8: bool,
}

/// Removes NUL and the other control characters, replaces invalid UTF-8, folds white space to single spaces and
/// trims it. Borrows when nothing inside has to change.
#[must_use]
pub fn clean(bytes: &[u8]) -> Cleaned<'_> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Cleaned { text: clean_str(text), invalid_utf8: false };
    }
    let folded = fold(&String::from_utf8_lossy(bytes));
    // A replacement character is left at least, so there is always text.
    Cleaned { text: Some(Cow::Owned(folded)), invalid_utf8: true }
}

fn clean_str(text: &str) -> Option<Cow<'_, str>> {
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    let trimmed = text.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control());
    if trimmed.is_empty() {
        None
    } else if is_clean(trimmed) {
        Some(Cow::Borrowed(trimmed))
    } else {
        Some(Cow::Owned(fold(trimmed)))
    }
}

/// Whether text is clean by its bytes alone, as nearly all is; it may be clean and not plain.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        let is_plain = match byte {
            b' ' => before != b' ',
            // With these begin the letters among which other white space and control characters stand.
            0xC2 | 0xE1..=0xE3 => false,
            _ => byte > b' ' && byte != 0x7F,
        };
        if !is_plain {
            return false;
        }
        before = byte;
    }
    before != b' '
}

/// Whether trimmed text needs no change: every space is a lone U+0020, no control character stands in it.
fn is_clean(trimmed: &str) -> bool {
    let mut after_space = false;
    trimmed.chars().all(|letter| {
        let is_space = letter == ' ';
        let is_allowed =
            if is_space { !after_space } else { !letter.is_whitespace() && !letter.is_control() };
        after_space = is_space;
        is_allowed
    })
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut is_space_due = false;
    for letter in text.chars() {
        // Tabs and line ends are control characters too, but first of all white space.
        if letter.is_whitespace() {
            is_space_due = !folded.is_empty();
        } else if !letter.is_control() {
            if is_space_due {
                folded.push(' ');
                is_space_due = false;
            }
            folded.push(letter);
        }
    }
    folded
}

#[cfg(test)]
mod tests;
