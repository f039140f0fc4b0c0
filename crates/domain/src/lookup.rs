//! What a provider says of the line behind a number when it is asked: of the number as it is now, where the numbering
//! plan tells of its range as it was assigned. Asking costs money.

use jiff::Timestamp;

use crate::contact::{LineType, SHORT_TEXT_CHARS_MAX};
use crate::money::Money;
use crate::numbering;
use crate::phone::PhoneNumber;
use crate::text;

/// What a provider says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// Mobile, fixed, or unknown where it does not say.
    pub line_type: LineType,
    /// Whose the number is now, by the brand where the table of brands has one.
    pub carrier: Option<String>,
    /// Whether it was taken from one operator to another; `None` where it does not say.
    pub is_ported: Option<bool>,
}

impl LookedUp {
    /// Of a number that the provider does not know.
    pub const NOTHING: Self = Self { line_type: LineType::Unknown, carrier: None, is_ported: None };

    /// The line type that a provider's word means. Lines that take no messages are as fixed ones to whoever sends; a word
    /// that is new, or that leaves it open, is `Unknown`.
    #[must_use]
    pub fn line_type_of(word: &str) -> LineType {
        match word.trim().to_lowercase().replace(['_', '-'], " ").as_str() {
            "mobile" | "wireless" | "cellular" => LineType::Mobile,
            "fixed line" | "fixed" | "landline" | "voip" | "fixed voip" | "non fixed voip" | "toll free"
            | "premium rate" | "shared cost" | "uan" | "voicemail" => LineType::Fixed,
            _ => LineType::Unknown,
        }
    }

    /// A carrier as it is kept: clean, cut to what a contact takes, and by its brand.
    #[must_use]
    pub fn carrier_of(name: &str) -> Option<String> {
        let name = text::clean(name.as_bytes()).text?;
        let name: String = name.chars().take(SHORT_TEXT_CHARS_MAX).collect();
        Some(numbering::brand_of(&name))
    }
}

/// What a provider said, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLookup {
    /// Of which number.
    pub phone: PhoneNumber,
    /// What it said.
    pub line: LookedUp,
    /// Which provider, as in `telnyx`.
    pub provider: String,
    /// When.
    pub at: Timestamp,
    /// What the call cost.
    pub cost: Money,
}

/// What became of numbers that were to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupTally {
    /// Calls that were answered, or may have been: those that cost.
    pub asked: u64,
    /// Numbers of which an earlier lookup tells, and nobody was asked.
    pub cached: u64,
    /// Mobile ones among those that were asked about.
    pub mobile: u64,
    /// Fixed ones.
    pub fixed: u64,
    /// Those that the provider does not know, or does not say the line type of.
    pub unknown: u64,
    /// Those whose call brought no answer.
    pub failed: u64,
    /// What the calls cost, in millionths.
    pub cost_micros: u64,
}

impl LookupTally {
    /// Counts an answer.
    pub fn answered(&mut self, line_type: LineType) {
        match line_type {
            LineType::Mobile => self.mobile += 1,
            LineType::Fixed => self.fixed += 1,
            LineType::Unknown => self.unknown += 1,
        }
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.cached += other.cached;
        self.mobile += other.mobile;
        self.fixed += other.fixed;
        self.unknown += other.unknown;
        self.failed += other.failed;
        self.cost_micros = self.cost_micros.saturating_add(other.cost_micros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_provider_is_a_line_type_or_unknown() {
        for (word, line_type) in [
            ("mobile", LineType::Mobile),
            (" Mobile ", LineType::Mobile),
            ("fixed line", LineType::Fixed),
            ("fixed_line", LineType::Fixed),
            ("voip", LineType::Fixed),
            ("toll-free", LineType::Fixed),
            ("fixed line or mobile", LineType::Unknown),
            ("satellite", LineType::Unknown),
            ("", LineType::Unknown),
        ] {
            assert_eq!(LookedUp::line_type_of(word), line_type, "{word}");
        }
    }

    #[test]
    fn a_carrier_is_its_brand_with_or_without_the_form_of_its_company() {
        for (name, carrier) in [
            ("RADIOMOVIL DIPSA", Some("Telcel")),
            ("Radiomóvil Dipsa, S.A. de C.V.", Some("Telcel")),
            ("AT&T  COMUNICACIONES DIGITALES", Some("AT&T")),
            ("PEGASO PCS", Some("Movistar")),
            ("Telcel", Some("Telcel")),
            ("Compañía\u{0} Nueva", Some("Compañía Nueva")),
            ("  ", None),
        ] {
            assert_eq!(LookedUp::carrier_of(name).as_deref(), carrier, "{name}");
        }
        assert_eq!(LookedUp::carrier_of(&"x".repeat(10_000)).unwrap().len(), SHORT_TEXT_CHARS_MAX);
    }

    #[test]
    fn what_steps_count_adds_up() {
        let mut sum = LookupTally { asked: 1, cost_micros: u64::MAX, ..LookupTally::default() };
        let mut step =
            LookupTally { asked: 3, cached: 2, failed: 1, cost_micros: 7, ..LookupTally::default() };
        step.answered(LineType::Mobile);
        step.answered(LineType::Fixed);
        step.answered(LineType::Unknown);
        sum.add(step);
        assert_eq!((sum.asked, sum.cached, sum.failed, sum.cost_micros), (4, 2, 1, u64::MAX));
        assert_eq!((sum.mobile, sum.fixed, sum.unknown), (1, 1, 1));
    }
}
