//! A definition as it is written, and its check.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::city;

use super::{
    CONDITIONS_MAX, Comparison, Condition, DEPTH_MAX, NumberTest, Segment, TextField, TextTest, TimeField,
    TimeTest, VALUE_CHARS_MAX, VALUES_MAX, WordsField, WordsTest,
};

/// A definition as people and programs write it: `{"all": […]}`, `{"any": […]}`, `{"not": …}` around
/// `{"field": …, "op": …, "value": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentDefinition {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<SegmentDefinition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<SegmentDefinition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Box<SegmentDefinition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Value>),
}

/// Something that is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentProblem {
    /// Where, as a JSON pointer into the definition.
    pub pointer: String,
    /// What, and what would be right.
    pub detail: String,
}

/// A definition that is not taken, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the segment's definition is refused: {}", .0.iter().map(|one| format!("{}: {}", one.pointer, one.detail)).collect::<Vec<_>>().join("; "))]
pub struct SegmentRefused(pub Vec<SegmentProblem>);

const FIELDS: &str = "state, lada, city, municipality, line_type, carrier, status, is_valid, send_count, last_sent_at, \
                      last_extracted_at, created_at, tag, name, address";

/// The longest span of days that is asked for: a century.
const DAYS_MAX: i64 = 36_500;

impl SegmentDefinition {
    /// Checks the definition as a whole.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn check(&self) -> Result<Segment, SegmentRefused> {
        let mut check = Check { problems: Vec::new(), conditions: 0, longest: 0, values: 0 };
        let segment = check.node(self, "", 1);
        if check.conditions > CONDITIONS_MAX {
            check.add("", format!("{} conditions; {CONDITIONS_MAX} are the most", check.conditions));
        } else if check.longest > CONDITIONS_MAX {
            check.add("", format!("{} parts of one list; {CONDITIONS_MAX} are the most", check.longest));
        }
        if check.values > VALUES_MAX {
            check.add("", format!("{} values; {VALUES_MAX} are the most", check.values));
        }
        match segment {
            Some(segment) if check.problems.is_empty() => Ok(segment),
            _ => Err(SegmentRefused(check.problems)),
        }
    }
}

struct Check {
    problems: Vec<SegmentProblem>,
    conditions: usize,
    /// The parts of the longest list, conditions or not.
    longest: usize,
    values: usize,
}

impl Check {
    fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.problems.push(SegmentProblem { pointer: pointer.to_owned(), detail: detail.into() });
    }

    fn node(&mut self, node: &SegmentDefinition, at: &str, depth: usize) -> Option<Segment> {
        if depth > DEPTH_MAX {
            self.add(at, format!("nested deeper than {DEPTH_MAX} levels"));
            return None;
        }
        let is_condition = node.field.is_some() || node.op.is_some() || node.value.is_some();
        match (&node.all, &node.any, &node.not, is_condition) {
            (Some(parts), None, None, false) => {
                Some(Segment::All(self.parts(parts, &format!("{at}/all"), depth)?))
            }
            (None, Some(parts), None, false) if parts.is_empty() => {
                self.add(&format!("{at}/any"), "an empty list holds of nobody; give at least one condition");
                None
            }
            (None, Some(parts), None, false) => {
                Some(Segment::Any(self.parts(parts, &format!("{at}/any"), depth)?))
            }
            (None, None, Some(part), false) => {
                Some(Segment::Not(Box::new(self.node(part, &format!("{at}/not"), depth + 1)?)))
            }
            (None, None, None, true) => self.condition(node, at).map(Segment::Is),
            (None, None, None, false) => {
                self.add(at, "give one of all, any, not, or a field with op and value");
                None
            }
            _ => {
                self.add(at, "all, any, not and field exclude each other; give one of them");
                None
            }
        }
    }

    fn parts(&mut self, parts: &[SegmentDefinition], at: &str, depth: usize) -> Option<Vec<Segment>> {
        self.longest = self.longest.max(parts.len());
        let checked: Vec<Option<Segment>> = parts
            .iter()
            .enumerate()
            .map(|(n, part)| self.node(part, &format!("{at}/{n}"), depth + 1))
            .collect();
        checked.into_iter().collect()
    }

    fn condition(&mut self, node: &SegmentDefinition, at: &str) -> Option<Condition> {
        self.conditions += 1;
        let (Some(field), Some(op)) = (node.field.as_deref(), node.op.as_deref()) else {
            self.add(at, "a condition has a field, an op and a value");
            return None;
        };
        let Some(value) = &node.value else {
            self.add(at, "the condition has no value");
            return None;
        };
        self.values += match value {
            Value::List(values) => values.len(),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => 1,
        };
        let checked = match field {
            "state" => text(TextField::State, op, value),
            "lada" => text(TextField::Lada, op, value),
            "city" => text(TextField::City, op, value),
            "municipality" => text(TextField::Municipality, op, value),
            "line_type" => text(TextField::LineType, op, value),
            "carrier" => text(TextField::Carrier, op, value),
            "status" => text(TextField::Status, op, value),
            "tag" => text(TextField::Tag, op, value),
            "name" => words(WordsField::Name, op, value),
            "address" => words(WordsField::Address, op, value),
            "is_valid" => is_valid(op, value),
            "send_count" => number(op, value).map(Condition::SendCount),
            "last_sent_at" => time(op, value).map(|test| Condition::Time(TimeField::LastSentAt, test)),
            "last_extracted_at" => {
                time(op, value).map(|test| Condition::Time(TimeField::LastExtractedAt, test))
            }
            "created_at" => time(op, value).map(|test| Condition::Time(TimeField::CreatedAt, test)),
            _ => {
                self.add(&format!("{at}/field"), format!("{field:.50} is no field; the fields are {FIELDS}"));
                return None;
            }
        };
        match checked {
            Ok(condition) => Some(condition),
            Err(Wrong::Op(allowed)) => {
                self.add(
                    &format!("{at}/op"),
                    format!("{op:.50} is no operator of {field}; those are {allowed}"),
                );
                None
            }
            Err(Wrong::Value(expected)) => {
                self.add(&format!("{at}/value"), format!("{field} {op} takes {expected}"));
                None
            }
        }
    }
}

enum Wrong {
    /// The operators that there are instead.
    Op(&'static str),
    /// What the value must be.
    Value(String),
}

fn wrong_value<T>(expected: &str) -> Result<T, Wrong> {
    Err(Wrong::Value(expected.to_owned()))
}

/// Whether a text can be asked for: no contact has one with a NUL, and no store takes it.
fn can_be_asked(text: &str) -> bool {
    text.chars().count() <= VALUE_CHARS_MAX && !text.contains('\0')
}

fn text(field: TextField, op: &str, value: &Value) -> Result<Condition, Wrong> {
    let one = |value: &Value| match value {
        Value::Text(text) if !text.is_empty() && can_be_asked(text) && field.admits(text) => Ok(text.clone()),
        Value::Text(_) | Value::Bool(_) | Value::Number(_) | Value::List(_) => wrong_value(match field {
            TextField::State => "codes of states, as in \"JAL\"",
            TextField::Lada => "assigned area codes, as in \"55\"",
            TextField::LineType => "mobile, fixed or unknown",
            TextField::Status => "ACTIVE, INACTIVE, OPTED_OUT or BLOCKED",
            TextField::City | TextField::Municipality | TextField::Carrier | TextField::Tag => {
                "text of 1 to 200 characters, without NUL"
            }
        }),
    };
    let many = |value: &Value| match value {
        Value::List(values) if !values.is_empty() => values.iter().map(one).collect::<Result<Vec<_>, _>>(),
        Value::List(_) | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            wrong_value("a list of at least one text")
        }
    };
    // A city may be asked for by any of its spellings. A contact has its name, or what was written and is no known spelling.
    let spelled = |mut values: Vec<String>| {
        if field == TextField::City {
            let names = values.iter().filter_map(|value| city::from_spelling(value));
            let names: Vec<String> = names.map(str::to_owned).collect();
            values.extend(names);
        }
        values
    };
    let test = match op {
        "eq" => TextTest::In(spelled(vec![one(value)?])),
        "ne" => TextTest::NotIn(spelled(vec![one(value)?])),
        "in" => TextTest::In(spelled(many(value)?)),
        "not_in" => TextTest::NotIn(spelled(many(value)?)),
        "is_null" => TextTest::IsNull(boolean(value)?),
        _ => return Err(Wrong::Op("eq, ne, in, not_in, is_null")),
    };
    Ok(Condition::Text(field, test))
}

fn words(field: WordsField, op: &str, value: &Value) -> Result<Condition, Wrong> {
    let test = match (op, value) {
        ("matches", Value::Text(text)) if text.chars().any(char::is_alphanumeric) && can_be_asked(text) => {
            WordsTest::Matches(text.clone())
        }
        ("matches", _) => return wrong_value("words, of 1 to 200 characters together, without NUL"),
        ("is_null", value) => WordsTest::IsNull(boolean(value)?),
        _ => return Err(Wrong::Op("matches, is_null")),
    };
    Ok(Condition::Words(field, test))
}

fn is_valid(op: &str, value: &Value) -> Result<Condition, Wrong> {
    match op {
        "eq" => Ok(Condition::IsValid(boolean(value)?)),
        "ne" => Ok(Condition::IsValid(!boolean(value)?)),
        _ => Err(Wrong::Op("eq, ne")),
    }
}

fn boolean(value: &Value) -> Result<bool, Wrong> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Number(_) | Value::Text(_) | Value::List(_) => wrong_value("true or false"),
    }
}

fn comparison(op: &str) -> Option<Comparison> {
    Some(match op {
        "gt" => Comparison::Gt,
        "gte" => Comparison::Gte,
        "lt" => Comparison::Lt,
        "lte" => Comparison::Lte,
        _ => return None,
    })
}

fn whole(value: &Value) -> Result<i64, Wrong> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Bool(_) | Value::Text(_) | Value::List(_) => wrong_value("a whole number"),
    }
}

fn number(op: &str, value: &Value) -> Result<NumberTest, Wrong> {
    let many = |value: &Value| match value {
        Value::List(values) if !values.is_empty() => values.iter().map(whole).collect::<Result<Vec<_>, _>>(),
        Value::List(_) | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            wrong_value("a list of at least one whole number")
        }
    };
    if let Some(comparison) = comparison(op) {
        return Ok(NumberTest::Compare(comparison, whole(value)?));
    }
    match (op, value) {
        ("eq", value) => Ok(NumberTest::In(vec![whole(value)?])),
        ("ne", value) => Ok(NumberTest::NotIn(vec![whole(value)?])),
        ("in", value) => Ok(NumberTest::In(many(value)?)),
        ("not_in", value) => Ok(NumberTest::NotIn(many(value)?)),
        ("between", Value::List(ends)) => match ends.as_slice() {
            [from, to] if whole(from)? <= whole(to)? => Ok(NumberTest::Between(whole(from)?, whole(to)?)),
            _ => wrong_value("a list of two whole numbers, the lesser first"),
        },
        ("between", _) => wrong_value("a list of two whole numbers, the lesser first"),
        _ => Err(Wrong::Op("eq, ne, in, not_in, gt, gte, lt, lte, between")),
    }
}

fn instant(value: &Value) -> Result<Timestamp, Wrong> {
    match value {
        Value::Text(text) => text.parse().or_else(|_| wrong_value("times like 2026-03-01T00:00:00Z")),
        Value::Bool(_) | Value::Number(_) | Value::List(_) => wrong_value("times like 2026-03-01T00:00:00Z"),
    }
}

fn days(value: &Value) -> Result<u32, Wrong> {
    match value {
        Value::Number(days) if (0..=DAYS_MAX).contains(days) => Ok(u32::try_from(*days).unwrap_or(u32::MAX)),
        Value::Number(_) | Value::Bool(_) | Value::Text(_) | Value::List(_) => {
            wrong_value("a whole number of days, from 0 to 36500")
        }
    }
}

fn time(op: &str, value: &Value) -> Result<TimeTest, Wrong> {
    if let Some(comparison) = comparison(op) {
        return Ok(TimeTest::Compare(comparison, instant(value)?));
    }
    match (op, value) {
        ("between", Value::List(ends)) => match ends.as_slice() {
            [from, to] if instant(from)? <= instant(to)? => {
                Ok(TimeTest::Between(instant(from)?, instant(to)?))
            }
            _ => wrong_value("a list of two times, the earlier first"),
        },
        ("between", _) => wrong_value("a list of two times, the earlier first"),
        ("within_days", value) => Ok(TimeTest::WithinDays(days(value)?)),
        ("not_within_days", value) => Ok(TimeTest::NotWithinDays(days(value)?)),
        ("is_null", value) => Ok(TimeTest::IsNull(boolean(value)?)),
        _ => Err(Wrong::Op("gt, gte, lt, lte, between, within_days, not_within_days, is_null")),
    }
}
