//! What a text costs: its encoding, its length in the units of that encoding, and the segments it takes.
//!
//! A text whose every character is in the alphabet of GSM 03.38 travels in septets: 160 in one segment, 153 in each of
//! several. Any other character makes the whole of it UCS-2: 70 and 67 units of 16 bits. Neither an escaped character
//! nor a surrogate pair is split between segments.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How a text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// Septets of the alphabet of GSM 03.38.
    Gsm7,
    /// Units of 16 bits.
    Ucs2,
}

impl Encoding {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }

    /// Units of a text that fits one segment.
    const fn units_of_one(self) -> u32 {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units of each of several segments: the rest says how they belong together.
    const fn units_of_many(self) -> u32 {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    fn units_of(self, c: char) -> u32 {
        match self {
            Self::Gsm7 => gsm7_septets(c).unwrap_or(1),
            Self::Ucs2 => u32::from(c > '\u{ffff}') + 1,
        }
    }
}

/// The characters of GSM 03.38 that take one septet.
const GSM7_BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
                          ¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Those that take two: an escape before them.
const GSM7_EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Characters below this are looked up in [`SEPTETS`]; above it stand a few Greek capitals and the sign of the euro.
const SEPTETS_LOOKED_UP: usize = 0x100;

/// Septets by character; 0 for one that is not in the alphabet.
static SEPTETS: LazyLock<[u8; SEPTETS_LOOKED_UP]> = LazyLock::new(|| {
    let mut septets = [0; SEPTETS_LOOKED_UP];
    for (alphabet, takes) in [(GSM7_BASIC, 1), (GSM7_EXTENSION, 2)] {
        for c in alphabet.chars() {
            if let Some(septets) = septets.get_mut(c as usize) {
                *septets = takes;
            }
        }
    }
    septets
});

/// Septets of a character; `None` for one that is not in the alphabet.
fn gsm7_septets(c: char) -> Option<u32> {
    match SEPTETS.get(c as usize) {
        Some(0) => None,
        Some(septets) => Some((*septets).into()),
        None if GSM7_BASIC.contains(c) => Some(1),
        None if GSM7_EXTENSION.contains(c) => Some(2),
        None => None,
    }
}

fn is_gsm7(text: &str) -> bool {
    text.chars().all(|c| gsm7_septets(c).is_some())
}

/// The length of a text, measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// How it travels.
    pub encoding: Encoding,
    /// Its Unicode characters.
    pub characters: u32,
    /// Its septets or 16-bit units.
    pub units: u32,
    /// The segments it takes, at least 1.
    pub segments: u32,
}

/// Measures any text, an empty one too. Nothing is allocated: a campaign measures every text it sends.
#[must_use]
pub fn measure(text: &str) -> Measure {
    let encoding = if is_gsm7(text) { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let (mut characters, mut units, mut segments, mut filled) = (0, 0, 1, 0);
    for c in text.chars() {
        let wide = encoding.units_of(c);
        if filled + wide > encoding.units_of_many() {
            segments += 1;
            filled = 0;
        }
        filled += wide;
        units += wide;
        characters += 1;
    }
    if units <= encoding.units_of_one() {
        segments = 1;
    }
    Measure { encoding, characters, units, segments }
}

/// The characters that make a text UCS-2, each with its places, counted in characters from 0.
#[must_use]
pub fn non_gsm_characters(text: &str) -> Vec<(char, Vec<u32>)> {
    let mut found: Vec<(char, Vec<u32>)> = Vec::new();
    let mut known: HashMap<char, usize> = HashMap::new();
    for (place, c) in (0..).zip(text.chars()) {
        if gsm7_septets(c).is_some() {
            continue;
        }
        let at = *known.entry(c).or_insert(found.len());
        match found.get_mut(at) {
            Some((_, places)) => places.push(place),
            None => found.push((c, vec![place])),
        }
    }
    found
}

/// Whether characters that GSM 03.38 lacks may be replaced by the like of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transliteration {
    /// The text goes as it is.
    Keep,
    /// `á` becomes `a`, typographic marks become plain ones; `ñ`, `é` and `ü` stay, for they are in the alphabet.
    Replace,
}

impl Transliteration {
    /// The text as it goes.
    #[must_use]
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        if self == Self::Keep || is_gsm7(text) {
            return Cow::Borrowed(text);
        }
        // An accent that stands by itself behind its letter is one with it first: `é` is in the alphabet.
        let mut plain = String::with_capacity(text.len());
        for c in text.nfc() {
            if gsm7_septets(c).is_some() {
                plain.push(c);
            } else if let Some(like) = replacement(c) {
                plain.push_str(like);
            } else {
                plain.push(without_accents(c).unwrap_or(c));
            }
        }
        Cow::Owned(plain)
    }
}

/// The letter of the alphabet that `c` is with accents.
fn without_accents(c: char) -> Option<char> {
    let mut parts = [c].into_iter().nfd();
    let letter = parts.next().filter(|letter| gsm7_septets(*letter).is_some())?;
    parts.all(is_combining_mark).then_some(letter)
}

/// What stands for a sign that Spanish texts have and the alphabet has not. Nothing stands for an emoji.
fn replacement(c: char) -> Option<&'static str> {
    Some(match c {
        'ª' => "a",
        'º' | '°' => "o",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' | '‚' | '´' | '`' => "'",
        '–' | '—' | '‑' | '−' | '•' | '·' => "-",
        '…' => "...",
        '\u{a0}' | '\u{2009}' | '\u{202f}' | '\t' => " ",
        '\u{200b}' | '\u{feff}' => "",
        c if is_combining_mark(c) => "",
        '×' => "x",
        '®' => "(R)",
        '©' => "(C)",
        '™' => "TM",
        _ => return None,
    })
}

/// A text that can be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsText {
    text: String,
    measure: Measure,
}

impl SmsText {
    /// The most segments of a message; providers take no more.
    pub const SEGMENTS_MAX: u32 = 10;

    /// Takes a text that says something, has no control characters but line ends, and fits the segments.
    ///
    /// # Errors
    /// Which of that it is not.
    pub fn new(text: String) -> Result<Self, SmsTextRefused> {
        if text.trim().is_empty() {
            return Err(SmsTextRefused::Empty);
        }
        if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r')) {
            return Err(SmsTextRefused::Control { code: u32::from(control) });
        }
        let measure = measure(&text);
        if measure.segments > Self::SEGMENTS_MAX {
            return Err(SmsTextRefused::TooLong { segments: measure.segments });
        }
        Ok(Self { text, measure })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its length.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.measure
    }
}

/// A rendered text is personal.
impl std::fmt::Debug for SmsText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsText").field("measure", &self.measure).finish_non_exhaustive()
    }
}

/// Why a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmsTextRefused {
    /// It says nothing.
    #[error("the text is empty")]
    Empty,
    /// It holds a control character.
    #[error("the text holds the control character U+{code:04X}; take it out")]
    Control {
        /// Which, by its code point.
        code: u32,
    },
    /// It takes more segments than a message may have.
    #[error("the text takes {segments} segments; {max} are the most", max = SmsText::SEGMENTS_MAX)]
    TooLong {
        /// How many it takes.
        segments: u32,
    },
}

#[cfg(test)]
mod tests;
