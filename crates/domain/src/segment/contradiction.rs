//! Conditions that exclude each other, so that nobody can be meant.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;

use super::{
    Comparison, Condition, NumberTest, Segment, TextField, TextTest, TimeField, TimeTest, WordsField,
    WordsTest,
};

/// A field of which a definition asks at once what no contact has at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// Its name in a definition.
    pub field: &'static str,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody can be meant: of {}, one condition excludes what another one asks for", self.field)
    }
}

impl Segment {
    /// Where two conditions that must both hold exclude each other. There are others that nobody meets, which are only not
    /// told.
    #[must_use]
    pub fn contradiction(&self) -> Option<Contradiction> {
        let mut together = Vec::new();
        self.gather(&mut together).or_else(|| {
            let excluded = |at: usize| together[..at].iter().any(|other| together[at].excludes(other));
            (0..together.len())
                .find(|at| excluded(*at))
                .map(|at| Contradiction { field: together[at].field() })
        })
    }

    /// The conditions that must all hold; or at once a part of which nobody can be meant.
    fn gather<'a>(&'a self, together: &mut Vec<&'a Condition>) -> Option<Contradiction> {
        match self {
            Self::All(parts) => parts.iter().find_map(|part| part.gather(together)),
            Self::Any(parts) => {
                let all: Option<Vec<_>> = parts.iter().map(Self::contradiction).collect();
                all?.first().copied()
            }
            Self::Not(_) => None,
            Self::Is(condition) => {
                together.push(condition);
                None
            }
        }
    }
}

impl Condition {
    /// The name of its field in a definition.
    fn field(&self) -> &'static str {
        match self {
            Self::Text(TextField::State, _) => "state",
            Self::Text(TextField::Lada, _) => "lada",
            Self::Text(TextField::City, _) => "city",
            Self::Text(TextField::Municipality, _) => "municipality",
            Self::Text(TextField::LineType, _) => "line_type",
            Self::Text(TextField::Carrier, _) => "carrier",
            Self::Text(TextField::Status, _) => "status",
            Self::Text(TextField::Tag, _) => "tag",
            Self::Words(WordsField::Name, _) => "name",
            Self::Words(WordsField::Address, _) => "address",
            Self::IsValid(_) => "is_valid",
            Self::SendCount(_) => "send_count",
            Self::Time(TimeField::LastSentAt, _) => "last_sent_at",
            Self::Time(TimeField::LastExtractedAt, _) => "last_extracted_at",
            Self::Time(TimeField::CreatedAt, _) => "created_at",
        }
    }

    /// Whether no contact can meet both.
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(field, one), Self::Text(same, two)) if field == same => {
                let has_many = *field == TextField::Tag;
                one.excludes(two, has_many) || two.excludes(one, has_many)
            }
            (Self::Words(field, one), Self::Words(same, two)) if field == same => {
                one.is_null(true) && !two.is_null(true) || two.is_null(true) && !one.is_null(true)
            }
            (Self::IsValid(one), Self::IsValid(two)) => one != two,
            (Self::SendCount(one), Self::SendCount(two)) => match (one.span(), two.span()) {
                (Some(one), Some(two)) => one.1 < two.0 || two.1 < one.0,
                _ => false,
            },
            (Self::Time(field, one), Self::Time(same, two)) if field == same => {
                one.excludes(two) || two.excludes(one)
            }
            _ => false,
        }
    }
}

impl TextTest {
    fn excludes(&self, other: &Self, has_many: bool) -> bool {
        match (self, other) {
            (Self::In(one), Self::In(two)) => {
                let one: HashSet<_> = one.iter().collect();
                !has_many && two.iter().all(|value| !one.contains(value))
            }
            (Self::In(asked), Self::NotIn(refused)) => {
                let refused: HashSet<_> = refused.iter().collect();
                asked.iter().all(|value| refused.contains(value))
            }
            (Self::IsNull(true), Self::In(_) | Self::IsNull(false)) => true,
            _ => false,
        }
    }
}

impl WordsTest {
    fn is_null(&self, asked: bool) -> bool {
        matches!(self, Self::IsNull(is_null) if *is_null == asked)
    }
}

impl NumberTest {
    /// From which number to which it can hold at most; `None` where that is no span.
    fn span(&self) -> Option<(i64, i64)> {
        Some(match self {
            Self::Compare(Comparison::Gt, value) => (value.saturating_add(1), i64::MAX),
            Self::Compare(Comparison::Gte, value) => (*value, i64::MAX),
            Self::Compare(Comparison::Lt, value) => (i64::MIN, value.saturating_sub(1)),
            Self::Compare(Comparison::Lte, value) => (i64::MIN, *value),
            Self::Between(from, to) => (*from, *to),
            Self::In(values) => (*values.iter().min()?, *values.iter().max()?),
            Self::NotIn(_) => return None,
        })
    }
}

impl TimeTest {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::IsNull(true),
                Self::Compare(..) | Self::Between(..) | Self::WithinDays(_) | Self::IsNull(false),
            ) => true,
            (Self::WithinDays(within), Self::NotWithinDays(not_within)) => within <= not_within,
            _ => match (self.end(), other.begin()) {
                (Some((end, is_in)), Some((begin, is_in_too))) => {
                    end < begin || (end == begin && !(is_in && is_in_too))
                }
                _ => false,
            },
        }
    }

    /// From when on it can hold, and whether then already.
    fn begin(&self) -> Option<(Timestamp, bool)> {
        match self {
            Self::Compare(Comparison::Gt, at) => Some((*at, false)),
            Self::Compare(Comparison::Gte, at) | Self::Between(at, _) => Some((*at, true)),
            Self::Compare(Comparison::Lt | Comparison::Lte, _)
            | Self::WithinDays(_)
            | Self::NotWithinDays(_)
            | Self::IsNull(_) => None,
        }
    }

    /// Until when it can hold, and whether then still.
    fn end(&self) -> Option<(Timestamp, bool)> {
        match self {
            Self::Compare(Comparison::Lt, at) => Some((*at, false)),
            Self::Compare(Comparison::Lte, at) | Self::Between(_, at) => Some((*at, true)),
            Self::Compare(Comparison::Gt | Comparison::Gte, _)
            | Self::WithinDays(_)
            | Self::NotWithinDays(_)
            | Self::IsNull(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SegmentDefinition;

    fn told(definition: &str) -> Option<&'static str> {
        let definition: SegmentDefinition = serde_json::from_str(definition).unwrap();
        definition.check().unwrap().contradiction().map(|contradiction| contradiction.field)
    }

    fn both(field: &str, one: &str, two: &str) -> Option<&'static str> {
        let condition = |test: &str| {
            let (op, value) = test.split_once(' ').unwrap();
            format!(r#"{{"field":"{field}","op":"{op}","value":{value}}}"#)
        };
        let (one, two) = (condition(one), condition(two));
        let told_of = told(&format!(r#"{{"all":[{one},{{"all":[{two}]}}]}}"#));
        assert_eq!(told_of, told(&format!(r#"{{"all":[{two},{one}]}}"#)), "in either order");
        assert_eq!(told(&format!(r#"{{"any":[{one},{two}]}}"#)), None, "either may hold");
        told_of
    }

    #[test]
    fn conditions_that_exclude_each_other_are_told_by_their_field() {
        for (field, one, two) in [
            ("state", r#"eq "JAL""#, r#"in ["CMX","NLE"]"#),
            ("state", r#"eq "JAL""#, r#"not_in ["JAL","CMX"]"#),
            ("city", r#"eq "Puebla""#, "is_null true"),
            ("city", "is_null false", "is_null true"),
            ("tag", r#"in ["vip"]"#, r#"ne "vip""#),
            ("tag", r#"in ["vip"]"#, "is_null true"),
            ("name", r#"matches "ana""#, "is_null true"),
            ("is_valid", "eq true", "eq false"),
            ("send_count", "gt 3", "lte 3"),
            ("send_count", "in [1,2]", "between [3,9]"),
            ("created_at", r#"gt "2026-01-02T00:00:00Z""#, r#"lte "2026-01-02T00:00:00Z""#),
            ("last_sent_at", "within_days 3", "not_within_days 3"),
            ("last_sent_at", r#"lt "2026-01-02T00:00:00Z""#, "is_null true"),
        ] {
            assert_eq!(both(field, one, two), Some(field), "{field} {one} and {two}");
        }
    }

    #[test]
    fn what_somebody_may_meet_is_not_told() {
        for (field, one, two) in [
            ("state", r#"in ["JAL","CMX"]"#, r#"eq "JAL""#),
            ("state", r#"ne "JAL""#, "is_null true"),
            ("tag", r#"eq "vip""#, r#"eq "norte""#),
            ("name", r#"matches "ana""#, r#"matches "juan""#),
            ("send_count", "gte 3", "lte 3"),
            ("created_at", r#"gte "2026-01-02T00:00:00Z""#, r#"lte "2026-01-02T00:00:00Z""#),
            ("last_sent_at", "within_days 4", "not_within_days 3"),
            ("last_sent_at", "not_within_days 4", "is_null true"),
        ] {
            assert_eq!(both(field, one, two), None, "{field} {one} and {two}");
        }
        assert_eq!(told(r#"{"all":[]}"#), None);
    }

    #[test]
    fn of_alternatives_all_must_be_impossible() {
        let never = r#"{"all":[{"field":"is_valid","op":"eq","value":true},{"field":"is_valid","op":"eq","value":false}]}"#;
        let jalisco = r#"{"field":"state","op":"eq","value":"JAL"}"#;
        assert_eq!(told(&format!(r#"{{"any":[{never},{never}]}}"#)), Some("is_valid"));
        assert_eq!(told(&format!(r#"{{"any":[{never},{jalisco}]}}"#)), None);
        assert_eq!(told(&format!(r#"{{"all":[{jalisco},{{"any":[{never}]}}]}}"#)), Some("is_valid"));
        assert_eq!(told(&format!(r#"{{"not":{never}}}"#)), None);
    }
}
