//! The definition of a segment, as the description has it: each field with the operators and values that it takes.

use std::collections::BTreeMap;

use domain::segment::{CONDITIONS_MAX, VALUE_CHARS_MAX, VALUES_MAX};
use serde_json::{Value, json};

use super::fields::{lada, reference};

/// The longest span of days that is asked for.
const DAYS_MAX: u32 = 36_500;

/// The schemas that a definition is made of, by name.
pub(super) fn schemas() -> BTreeMap<String, Value> {
    let definition = reference("SegmentDefinition");
    let mut schemas = BTreeMap::new();
    let mut add = |name: &str, says: &str, properties: Value| {
        let required: Vec<&String> =
            properties.as_object().into_iter().flat_map(|object| object.keys()).collect();
        let schema = json!({
            "type": "object", "description": says, "required": required, "properties": properties,
            "additionalProperties": false,
        });
        schemas.insert(name.to_owned(), schema);
    };
    let parts = |fewest: usize| json!({"type": "array", "items": definition, "minItems": fewest, "maxItems": CONDITIONS_MAX});
    add("SegmentAll", "All parts hold; without any, it is everybody.", json!({"all": parts(0)}));
    add("SegmentAny", "At least one part holds.", json!({"any": parts(1)}));
    add("SegmentNot", "The part does not hold.", json!({"not": definition}));
    for (name, says, fields, ops, value) in conditions() {
        let one = |all: &[&str]| json!({"type": "string", "enum": all});
        add(name, says, json!({"field": one(fields), "op": one(ops), "value": value}));
    }
    let forms: Vec<Value> = schemas.keys().map(|name| reference(name)).collect();
    schemas.insert(
        "SegmentDefinition".to_owned(),
        json!({
            "description": format!(
                "Whom a segment means: conditions on fields, and all, any or not of them. At most 8 levels, {CONDITIONS_MAX} \
                 conditions and {VALUES_MAX} values."
            ),
            "oneOf": forms,
            "example": {"all": [
                {"field": "state", "op": "in", "value": ["JAL", "CMX"]},
                {"not": {"field": "last_sent_at", "op": "within_days", "value": 7}},
            ]},
        }),
    );
    schemas
}

type Form = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], Value);

fn conditions() -> Vec<Form> {
    const ONE: &[&str] = &["eq", "ne"];
    const MANY: &[&str] = &["in", "not_in"];
    const COMPARED: &[&str] = &["gt", "gte", "lt", "lte"];
    const TIMES: &[&str] = &["last_sent_at", "last_extracted_at", "created_at"];
    const TEXTS: &[&str] = &["city", "municipality", "carrier", "tag"];
    let many = |one: Value| json!({"type": "array", "items": one, "minItems": 1, "maxItems": VALUES_MAX});
    let two = |one: Value| json!({"type": "array", "items": one, "minItems": 2, "maxItems": 2});
    let (state, line_type, status) =
        (reference("StateCode"), reference("LineType"), reference("ContactStatus"));
    let text =
        json!({"type": "string", "minLength": 1, "maxLength": VALUE_CHARS_MAX, "pattern": "^[^\\x00]+$"});
    let asked = json!({
        "type": "string", "minLength": 1, "maxLength": VALUE_CHARS_MAX, "pattern": "^[^\\x00]*[^\\W_][^\\x00]*$",
        "example": "ana ruiz",
    });
    let whole = json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX});
    let time = json!({"type": "string", "format": "date-time"});
    let days = json!({"type": "integer", "minimum": 0, "maximum": DAYS_MAX});
    let is = json!({"type": "boolean"});
    vec![
        ("SegmentState", "The state is, or is not, this one.", &["state"], ONE, state.clone()),
        ("SegmentStates", "The state is one, or none, of these.", &["state"], MANY, many(state)),
        ("SegmentLada", "The area code is, or is not, this one.", &["lada"], ONE, lada()),
        ("SegmentLadas", "The area code is one, or none, of these.", &["lada"], MANY, many(lada())),
        ("SegmentLineType", "The line type is, or is not, this one.", &["line_type"], ONE, line_type.clone()),
        (
            "SegmentLineTypes",
            "The line type is one, or none, of these.",
            &["line_type"],
            MANY,
            many(line_type),
        ),
        ("SegmentStatus", "The status is, or is not, this one.", &["status"], ONE, status.clone()),
        ("SegmentStatuses", "The status is one, or none, of these.", &["status"], MANY, many(status)),
        ("SegmentText", "A short text is, or is not, this one.", TEXTS, ONE, text.clone()),
        ("SegmentTexts", "A short text is one, or none, of these.", TEXTS, MANY, many(text)),
        (
            "SegmentWords",
            "All of these words are in the text, whatever accents and case.",
            &["name", "address"],
            &["matches"],
            asked,
        ),
        ("SegmentIsValid", "The number is valid, or is not.", &["is_valid"], ONE, is.clone()),
        (
            "SegmentIsNull",
            "The contact has none, or has one.",
            &[
                "state",
                "lada",
                "city",
                "municipality",
                "line_type",
                "carrier",
                "status",
                "tag",
                "name",
                "address",
                "last_sent_at",
                "last_extracted_at",
                "created_at",
            ],
            &["is_null"],
            is,
        ),
        (
            "SegmentSendCount",
            "How often the contact was sent to.",
            &["send_count"],
            &["eq", "ne", "gt", "gte", "lt", "lte"],
            whole.clone(),
        ),
        ("SegmentSendCounts", "It is one, or none, of these.", &["send_count"], MANY, many(whole.clone())),
        (
            "SegmentSendCountBetween",
            "It is in between, the lesser first.",
            &["send_count"],
            &["between"],
            two(whole),
        ),
        ("SegmentTime", "The time is before or after this one.", TIMES, COMPARED, time.clone()),
        ("SegmentTimeBetween", "The time is in between, the earlier first.", TIMES, &["between"], two(time)),
        (
            "SegmentWithinDays",
            "The time is, or is not, within so many days.",
            TIMES,
            &["within_days", "not_within_days"],
            days,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::segment::SegmentDefinition;

    use super::super::fields::vocabularies;
    use super::*;

    /// A value that the schema takes.
    fn value_of(schema: &Value) -> Value {
        if let Some(of) = schema["$ref"].as_str() {
            let words = vocabularies().into_iter().find(|(name, ..)| of.ends_with(&format!("/{name}")));
            return words.unwrap().2["enum"][0].clone();
        }
        match schema["type"].as_str().unwrap() {
            "boolean" => json!(true),
            "integer" => json!(3),
            "array" => {
                let one = value_of(&schema["items"]);
                json!([one, one])
            }
            _ if schema["format"] == "date-time" => json!("2026-03-01T00:00:00Z"),
            _ if schema["pattern"].as_str().unwrap().contains("33|") => json!("33"),
            _ => json!("ana"),
        }
    }

    #[test]
    fn every_condition_that_is_described_is_taken_with_each_field_and_operator() {
        let mut taken = BTreeSet::new();
        for (name, _, fields, ops, value) in conditions() {
            for field in fields {
                for op in ops {
                    let text = json!({"field": field, "op": op, "value": value_of(&value)}).to_string();
                    let definition: SegmentDefinition = serde_json::from_str(&text).unwrap();
                    assert!(definition.check().is_ok(), "{name}: {text}");
                    assert!(taken.insert((field, op)), "{name}: {field} {op} is described twice");
                }
            }
        }
        // Eight short texts, two of words, whether it is valid, how often it was sent to, three times.
        assert_eq!(taken.len(), 8 * 5 + 2 * 2 + 2 + 9 + 3 * 8, "an operator of a field is not described");
    }
}
