use super::*;
use crate::census::{Cell, Dimension};
use crate::segment::SegmentDefinition;

const NOW: &str = "2026-03-31T12:00:00Z";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn segment(json: &str) -> Segment {
    serde_json::from_str::<SegmentDefinition>(json).unwrap().check().unwrap()
}

fn is(field: &str, op: &str, value: &str) -> Segment {
    segment(&format!(r#"{{"field":"{field}","op":"{op}","value":{value}}}"#))
}

/// Somebody of whom everything is known.
fn ana() -> Facts<'static> {
    Facts {
        state: Some(StateCode::parse("JAL").unwrap()),
        lada: Some(Lada::parse("33").unwrap()),
        city: Some("Guadalajara"),
        municipality: Some("Zapopan"),
        line_type: LineType::Mobile,
        carrier: Some("TELCEL"),
        status: ContactStatus::Active,
        tags: &["vip", "O'Brien"],
        is_valid: true,
        send_count: 3,
        last_sent_at: Some(at("2026-03-01T12:00:00Z")),
        last_extracted_at: Some(at("2026-01-01T00:00:00Z")),
        created_at: at("2025-06-01T00:00:00Z"),
        name: Some("MARÍA HERNÁNDEZ-Peña"),
        address: Some("Calle 5 de Mayo #12"),
    }
}

/// Somebody of whom nothing is known that need not be.
fn nobody() -> Facts<'static> {
    Facts {
        state: None,
        lada: None,
        city: None,
        municipality: None,
        line_type: LineType::Unknown,
        carrier: None,
        status: ContactStatus::Inactive,
        tags: &[],
        is_valid: false,
        send_count: 0,
        last_sent_at: None,
        last_extracted_at: None,
        created_at: at(NOW),
        name: None,
        address: None,
    }
}

/// Conditions that are true of Ana, each with every operator that its field has.
const TRUE_OF_ANA: [(&str, &str, &str); 56] = [
    ("state", "eq", r#""JAL""#),
    ("state", "ne", r#""CMX""#),
    ("state", "in", r#"["CMX","JAL"]"#),
    ("state", "not_in", r#"["CMX","NLE"]"#),
    ("state", "is_null", "false"),
    ("lada", "eq", r#""33""#),
    ("lada", "not_in", r#"["55","442"]"#),
    ("lada", "is_null", "false"),
    ("city", "eq", r#""Guadalajara""#),
    ("city", "eq", r#""GUADALAJARA JAL.""#),
    ("city", "ne", r#""Zapopan""#),
    ("city", "is_null", "false"),
    ("municipality", "in", r#"["Tonalá","Zapopan"]"#),
    ("municipality", "ne", r#""zapopan""#),
    ("line_type", "eq", r#""mobile""#),
    ("line_type", "not_in", r#"["fixed","unknown"]"#),
    ("line_type", "is_null", "false"),
    ("carrier", "eq", r#""TELCEL""#),
    ("carrier", "ne", r#""TELCE%""#),
    ("status", "in", r#"["BLOCKED","ACTIVE"]"#),
    ("status", "ne", r#""BLOCKED""#),
    ("status", "is_null", "false"),
    ("tag", "eq", r#""vip""#),
    ("tag", "eq", r#""O'Brien""#),
    ("tag", "in", r#"["no","O'Brien"]"#),
    ("tag", "ne", r#""VIP""#),
    ("tag", "not_in", r#"["no","nor"]"#),
    ("tag", "is_null", "false"),
    ("is_valid", "eq", "true"),
    ("is_valid", "ne", "false"),
    ("send_count", "eq", "3"),
    ("send_count", "ne", "-3"),
    ("send_count", "in", "[1,3]"),
    ("send_count", "not_in", "[1,2]"),
    ("send_count", "gt", "2"),
    ("send_count", "gte", "3"),
    ("send_count", "lt", "4"),
    ("send_count", "lte", "3"),
    ("send_count", "between", "[3,3]"),
    ("last_sent_at", "gt", r#""2026-03-01T11:59:59Z""#),
    ("last_sent_at", "gte", r#""2026-03-01T06:00:00-06:00""#),
    ("last_sent_at", "lt", r#""2026-03-01T12:00:01Z""#),
    ("last_sent_at", "lte", r#""2026-03-01T12:00:00Z""#),
    ("last_sent_at", "between", r#"["2026-03-01T12:00:00Z","2026-03-01T12:00:00Z"]"#),
    ("last_sent_at", "within_days", "30"),
    ("last_sent_at", "not_within_days", "29"),
    ("last_sent_at", "is_null", "false"),
    ("last_extracted_at", "not_within_days", "60"),
    ("last_extracted_at", "within_days", "90"),
    ("created_at", "lt", r#""2026-01-01T00:00:00Z""#),
    ("created_at", "within_days", "36500"),
    ("created_at", "is_null", "false"),
    ("name", "matches", r#""maria""#),
    ("name", "is_null", "false"),
    ("address", "matches", r#""MAYO, calle""#),
    ("address", "is_null", "false"),
];

#[test]
fn every_condition_holds_as_its_operator_says_and_not_is_its_opposite() {
    for (field, op, value) in TRUE_OF_ANA {
        let condition = is(field, op, value);
        assert!(condition.holds_of(&ana(), at(NOW)), "{field} {op} {value}");
        assert!(!Segment::Not(Box::new(condition)).holds_of(&ana(), at(NOW)), "not {field} {op} {value}");
    }
}

#[test]
fn what_is_next_to_the_edge_of_a_condition_does_not_hold() {
    for (field, op, value) in [
        ("send_count", "gt", "3"),
        ("send_count", "lt", "3"),
        ("send_count", "between", "[4,9223372036854775807]"),
        ("send_count", "in", "[4294967299]"),
        ("last_sent_at", "gt", r#""2026-03-01T12:00:00Z""#),
        ("last_sent_at", "lt", r#""2026-03-01T12:00:00Z""#),
        ("last_sent_at", "between", r#"["2026-03-01T12:00:01Z","2026-03-02T00:00:00Z"]"#),
        ("last_sent_at", "within_days", "29"),
        ("last_sent_at", "not_within_days", "30"),
        ("tag", "ne", r#""vip""#),
        ("tag", "not_in", r#"["no","vip"]"#),
        ("carrier", "eq", r#""TELCEL ""#),
        ("carrier", "in", r#"["telcel","TELCE_"]"#),
        ("city", "ne", r#""GUADALAJARA JAL.""#),
        ("name", "matches", r#""mari""#),
        ("name", "matches", r#""maria lopez""#),
    ] {
        assert!(!is(field, op, value).holds_of(&ana(), at(NOW)), "{field} {op} {value}");
    }
}

#[test]
fn of_a_field_that_a_contact_does_not_have_negations_are_true_and_all_else_but_is_null_is_false() {
    let may_be_missing = [
        "state",
        "lada",
        "city",
        "municipality",
        "carrier",
        "tag",
        "last_sent_at",
        "last_extracted_at",
        "name",
        "address",
    ];
    for (field, op, value) in TRUE_OF_ANA.into_iter().filter(|(field, ..)| may_be_missing.contains(field)) {
        let expected = matches!(op, "ne" | "not_in" | "not_within_days");
        assert_eq!(is(field, op, value).holds_of(&nobody(), at(NOW)), expected, "{field} {op} {value}");
    }
    for field in may_be_missing {
        assert!(is(field, "is_null", "true").holds_of(&nobody(), at(NOW)), "{field}");
        assert!(!is(field, "is_null", "true").holds_of(&ana(), at(NOW)), "{field}");
    }
    // Who was never sent to was sent to no times, which is known.
    assert!(is("send_count", "eq", "0").holds_of(&nobody(), at(NOW)));
    assert!(is("send_count", "lt", "1").holds_of(&nobody(), at(NOW)));
}

#[test]
fn words_are_the_same_however_they_are_written_and_all_of_them_are_asked_for() {
    for (asked, expected) in [
        ("maria", true),
        ("Peña, MARÍA", true),
        ("pena", true),
        ("Mari\u{301}a", true),
        ("HERNANDEZ 😀", true),
        ("maria maria", true),
        ("mar", false),
        ("mariahernandez", false),
        ("maria% ", true),
        ("maria calle", false),
    ] {
        let asked = Segment::Is(Condition::Words(WordsField::Name, WordsTest::Matches(asked.to_owned())));
        assert_eq!(asked.holds_of(&ana(), at(NOW)), expected, "{asked:?}");
    }
}

#[test]
fn all_any_and_not_are_what_they_are_called() {
    let (yes, no) = (r#"{"all":[]}"#, r#"{"not":{"all":[]}}"#);
    for (json, expected) in [
        (yes.to_owned(), true),
        (no.to_owned(), false),
        (format!(r#"{{"all":[{yes},{yes}]}}"#), true),
        (format!(r#"{{"all":[{yes},{no}]}}"#), false),
        (format!(r#"{{"any":[{no},{yes}]}}"#), true),
        (format!(r#"{{"any":[{no},{no}]}}"#), false),
        (format!(r#"{{"not":{{"any":[{no},{{"all":[{yes},{no}]}}]}}}}"#), true),
    ] {
        assert_eq!(segment(&json).holds_of(&nobody(), at(NOW)), expected, "{json}");
    }
}

#[test]
fn what_a_cell_tells_of_its_contacts_is_what_holds_of_each() {
    let mut told = 0;
    for facts in [ana(), nobody()] {
        let lada = facts.lada.map(|lada| lada.to_string());
        for (dimension, key) in [
            (Dimension::State, facts.state.as_ref().map(StateCode::as_str)),
            (Dimension::Lada, lada.as_deref()),
            (Dimension::City, facts.city),
        ] {
            let cell = Cell {
                key: key.map(str::to_owned),
                line_type: facts.line_type,
                status: facts.status,
                is_valid: facts.is_valid,
                has_opted_out: false,
                contacts: 1,
            };
            for (field, op, value) in TRUE_OF_ANA {
                let segment = is(field, op, value);
                let Some(means) = segment.means(dimension, &cell) else { continue };
                assert_eq!(means, segment.holds_of(&facts, at(NOW)), "{field} {op} {value} by {dimension:?}");
                told += 1;
            }
        }
    }
    assert!(told > 60, "{told} conditions were told");
}
