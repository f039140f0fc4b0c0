use super::*;

fn read(json: &str) -> SegmentDefinition {
    serde_json::from_str(json).unwrap()
}

fn problems(json: &str) -> Vec<(String, String)> {
    let SegmentRefused(problems) = read(json).check().unwrap_err();
    problems.into_iter().map(|problem| (problem.pointer, problem.detail)).collect()
}

#[test]
fn a_definition_is_read_into_its_conditions_and_written_back_as_it_was() {
    let json = r#"{"all":[{"field":"state","op":"in","value":["JAL","CMX"]},{"any":[{"field":"last_sent_at","op":"not_within_days","value":30},{"not":{"field":"is_valid","op":"ne","value":true}}]},{"field":"send_count","op":"between","value":[0,3]},{"field":"name","op":"matches","value":"maría"}]}"#;
    let definition = read(json);
    let expected = Segment::All(vec![
        Segment::Is(Condition::Text(
            TextField::State,
            TextTest::In(vec!["JAL".to_owned(), "CMX".to_owned()]),
        )),
        Segment::Any(vec![
            Segment::Is(Condition::Time(TimeField::LastSentAt, TimeTest::NotWithinDays(30))),
            Segment::Not(Box::new(Segment::Is(Condition::IsValid(false)))),
        ]),
        Segment::Is(Condition::SendCount(NumberTest::Between(0, 3))),
        Segment::Is(Condition::Words(WordsField::Name, WordsTest::Matches("maría".to_owned()))),
    ]);
    assert_eq!(definition.check(), Ok(expected));
    assert_eq!(serde_json::to_string(&definition).unwrap(), json);
    assert_eq!(read(r#"{"all":[]}"#).check(), Ok(Segment::everybody()));
}

#[test]
fn everything_wrong_is_said_at_once_with_its_place() {
    let found = problems(
        r#"{"all":[{"field":"estado","op":"eq","value":"JAL"},{"field":"state","op":"like","value":"J"},
            {"any":[{"field":"state","op":"eq","value":"Jalisco"}]},{"field":"send_count","op":"gt","value":"x"},
            {"field":"city","op":"in","value":[]},{"field":"created_at","op":"gt","value":"ayer"},{"field":"city"},{},
            {"all":[],"any":[]},{"any":[]},{"field":"is_valid","op":"eq","value":"true"}]}"#,
    );
    let places: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/all/0/field",
            "/all/1/op",
            "/all/2/any/0/value",
            "/all/3/value",
            "/all/4/value",
            "/all/5/value",
            "/all/6",
            "/all/7",
            "/all/8",
            "/all/9/any",
            "/all/10/value"
        ]
    );
    assert!(
        found[0].1.contains("estado is no field") && found[0].1.contains("municipality"),
        "{}",
        found[0].1
    );
    assert!(found[2].1.contains("\"JAL\""), "{}", found[2].1);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let refused = serde_json::from_str::<SegmentDefinition>(r#"{"filed":"state"}"#).unwrap_err();
    assert!(refused.to_string().contains("filed"), "{refused}");
}

#[test]
fn the_limits_hold() {
    let nested = |levels: usize| {
        let leaf = r#"{"field":"is_valid","op":"eq","value":true}"#;
        format!("{}{leaf}{}", r#"{"not":"#.repeat(levels - 1), "}".repeat(levels - 1))
    };
    assert!(read(&nested(8)).check().is_ok());
    assert!(problems(&nested(9))[0].1.contains("deeper than 8"));
    let many = |conditions: usize| {
        format!(
            r#"{{"all":[{}]}}"#,
            vec![r#"{"field":"is_valid","op":"eq","value":true}"#; conditions].join(",")
        )
    };
    assert!(read(&many(200)).check().is_ok());
    assert!(problems(&many(201))[0].1.contains("201 conditions"));
    let nothing = format!(r#"{{"any":[{}]}}"#, vec![r#"{"all":[]}"#; 201].join(","));
    assert!(problems(&nothing)[0].1.contains("201 parts"));
    let values = |count: usize| {
        format!(r#"{{"field":"city","op":"in","value":[{}]}}"#, vec![r#""a""#; count].join(","))
    };
    assert!(read(&values(10_000)).check().is_ok());
    assert!(problems(&values(10_001))[0].1.contains("10001 values"));
    let long = format!(r#"{{"field":"city","op":"eq","value":"{}"}}"#, "a".repeat(201));
    assert_eq!(problems(&long)[0].0, "/value");
    for field_and_op in [r#""city","op":"eq""#, r#""name","op":"matches""#] {
        let with_nul = format!(r#"{{"field":{field_and_op},"value":"a\u0000b"}}"#);
        assert!(problems(&with_nul)[0].1.contains("without NUL"));
    }
}

#[test]
fn a_segment_that_asks_contacts_alone_is_told_from_one_that_changes_without_them() {
    let (time, other) = (r#""2026-03-01T00:00:00Z""#, r#""2026-04-01T00:00:00Z""#);
    let alone = [
        r#"{"field":"state","op":"eq","value":"JAL"}"#.to_owned(),
        r#"{"field":"lada","op":"ne","value":"33"}"#.to_owned(),
        r#"{"field":"city","op":"in","value":["Guadalajara"]}"#.to_owned(),
        r#"{"field":"municipality","op":"is_null","value":true}"#.to_owned(),
        r#"{"field":"line_type","op":"eq","value":"mobile"}"#.to_owned(),
        r#"{"field":"carrier","op":"eq","value":"TELCEL"}"#.to_owned(),
        r#"{"field":"status","op":"eq","value":"ACTIVE"}"#.to_owned(),
        r#"{"field":"is_valid","op":"eq","value":true}"#.to_owned(),
        r#"{"field":"name","op":"matches","value":"ana"}"#.to_owned(),
        r#"{"field":"address","op":"is_null","value":false}"#.to_owned(),
        format!(r#"{{"field":"created_at","op":"gt","value":{time}}}"#),
        format!(r#"{{"field":"created_at","op":"between","value":[{time},{other}]}}"#),
        r#"{"field":"created_at","op":"is_null","value":false}"#.to_owned(),
    ];
    let not_alone = [
        r#"{"field":"tag","op":"eq","value":"vip"}"#.to_owned(),
        r#"{"field":"tag","op":"is_null","value":true}"#.to_owned(),
        r#"{"field":"send_count","op":"eq","value":0}"#.to_owned(),
        r#"{"field":"created_at","op":"within_days","value":30}"#.to_owned(),
        r#"{"field":"created_at","op":"not_within_days","value":30}"#.to_owned(),
        r#"{"field":"last_sent_at","op":"within_days","value":30}"#.to_owned(),
        format!(r#"{{"field":"last_sent_at","op":"lt","value":{time}}}"#),
        r#"{"field":"last_extracted_at","op":"is_null","value":true}"#.to_owned(),
        format!(r#"{{"field":"last_extracted_at","op":"between","value":[{time},{other}]}}"#),
    ];
    let asks = |json: &str| read(json).check().unwrap().asks_contacts_alone();
    let nested = |json: &str| {
        [
            format!(r#"{{"not":{json}}}"#),
            format!(r#"{{"all":[{},{json}]}}"#, alone[0]),
            format!(r#"{{"any":[{},{{"not":{{"all":[{json}]}}}}]}}"#, alone[1]),
        ]
    };
    for (jsons, expected) in [(&alone[..], true), (&not_alone[..], false)] {
        for json in jsons {
            assert_eq!(asks(json), expected, "{json}");
            for json in nested(json) {
                assert_eq!(asks(&json), expected, "{json}");
            }
        }
    }
    assert!(Segment::everybody().asks_contacts_alone());
}
