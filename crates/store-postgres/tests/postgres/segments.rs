//! Segments on the server: whom a definition means there is whom it holds of in memory, and nothing in a definition means
//! anything else to the server.

mod drawn;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::port::{AudienceStore as _, SegmentCount};
use domain::segment::{Condition, DEPTH_MAX, Facts, Segment, SegmentDefinition, WordsField, WordsTest};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use store_postgres::PostgresAudienceStore;

use crate::campaigns::options;
use crate::harness::Postgres;

const PEOPLE: usize = 300;
const DEFINITIONS: u32 = 300;

type ByState = BTreeMap<Option<String>, u64>;

/// People in the store, and what is known of them beside it.
struct Desk {
    postgres: Postgres,
    audiences: PostgresAudienceStore,
    now: Timestamp,
    people: Vec<Facts<'static>>,
}

impl Desk {
    async fn set() -> Self {
        let postgres = Postgres::fresh().await;
        let now = postgres.test.database().now().await.unwrap();
        let people = drawn::people(now, PEOPLE);
        for (id, facts) in (1..).zip(&people) {
            add(&postgres, id, facts).await;
        }
        let audiences = PostgresAudienceStore::new(postgres.test.database(), options());
        Self { postgres, audiences, now, people }
    }

    fn held(&self, segment: &Segment) -> ByState {
        let mut held = ByState::new();
        for facts in self.people.iter().filter(|facts| segment.holds_of(facts, self.now)) {
            *held.entry(facts.state.map(|state| state.as_str().to_owned())).or_default() += 1;
        }
        held
    }

    /// Counts by state, and as a whole, which must say the same.
    async fn counted(&self, segment: &Segment) -> ByState {
        let counted = self.audiences.count_by_state(segment.clone(), Duration::from_mins(1)).await.unwrap();
        let SegmentCount::Exact(by_state) = counted else { panic!("{segment:?} is {counted:?}") };
        let count = self.audiences.count(segment.clone(), UnknownLineTypes::Allow).await.unwrap();
        assert_eq!(count.matched, by_state.values().sum::<u64>(), "{segment:?}");
        by_state
    }
}

async fn add(postgres: &Postgres, id: i64, facts: &Facts<'_>) {
    let phone = 5_510_000_000 + id;
    let contact = "INSERT INTO contacts (id, phone_national, is_valid, created_at, full_name, address, municipality, state_code,
                                         lada, city, line_type, carrier, status)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let state = facts.state.map(|state| state.as_str().to_owned());
    let lada = facts.lada.map(|lada| lada.to_string());
    postgres
        .client
        .execute(
            contact,
            &[
                &id,
                &phone,
                &facts.is_valid,
                &facts.created_at,
                &facts.name,
                &facts.address,
                &facts.municipality,
                &state,
                &lada,
                &facts.city,
                &facts.line_type.as_str(),
                &facts.carrier,
                &facts.status.as_str(),
            ],
        )
        .await
        .unwrap();
    let tagged = "INSERT INTO contact_tags (contact_id, tag) SELECT $1, unnest($2::text[])";
    postgres.client.execute(tagged, &[&id, &facts.tags]).await.unwrap();
    if facts.send_count > 0 || facts.last_sent_at.is_some() || facts.last_extracted_at.is_some() {
        let sent = "INSERT INTO contact_activity VALUES ($1, $2, $3, $4)";
        let times = i32::try_from(facts.send_count).unwrap();
        postgres
            .client
            .execute(sent, &[&phone, &facts.last_sent_at, &facts.last_extracted_at, &times])
            .await
            .unwrap();
    }
}

fn checked(definition: &Value) -> Segment {
    let definition: SegmentDefinition = serde_json::from_str(&definition.to_string()).unwrap();
    definition.check().unwrap_or_else(|refused| panic!("{refused}"))
}

/// Where a definition is wrong; `None` for what is no definition at all.
fn refused(definition: &Value) -> Option<Vec<String>> {
    let definition = serde_json::from_str::<SegmentDefinition>(&definition.to_string()).ok()?;
    let refused = definition.check().expect_err("it is refused");
    Some(refused.0.into_iter().map(|problem| problem.pointer).collect())
}

fn is(field: &str, op: &str, value: impl Into<Value>) -> Value {
    json!({ "field": field, "op": op, "value": value.into() })
}

fn depth(segment: &Segment) -> usize {
    1 + match segment {
        Segment::All(parts) | Segment::Any(parts) => parts.iter().map(depth).max().unwrap_or(0),
        Segment::Not(part) => depth(part),
        Segment::Is(_) => 0,
    }
}

#[test]
fn the_server_counts_whom_a_definition_holds_of() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let desk = runtime.block_on(Desk::set());
    let (mixed, deepest) = (Cell::new(0), Cell::new(0));
    let config =
        ProptestConfig { cases: DEFINITIONS, source_file: Some(file!()), ..ProptestConfig::default() };
    let drawn = TestRunner::new(config).run(&drawn::definition(desk.now), |definition| {
        let segment = checked(&definition);
        let held = desk.held(&segment);
        prop_assert_eq!(runtime.block_on(desk.counted(&segment)), held.clone());
        let total = usize::try_from(held.values().sum::<u64>()).unwrap();
        prop_assert!(total == 0 || segment.contradiction().is_none(), "{:?}", segment.contradiction());
        mixed.set(mixed.get() + u32::from(total > 0 && total < PEOPLE));
        deepest.set(deepest.get().max(depth(&segment)));
        Ok(())
    });
    if let Err(failed) = drawn {
        panic!("{failed}");
    }
    // Agreeing on nobody and everybody would be easy.
    assert!(mixed.get() > DEFINITIONS / 4, "{} definitions tell people apart", mixed.get());
    assert_eq!(deepest.get(), DEPTH_MAX);
}

#[tokio::test]
async fn words_that_are_drawn_are_the_same_words_to_the_server() {
    let postgres = Postgres::fresh().await;
    let pairs = "SELECT word, asked,
                        name_words(word) @@ plainto_tsquery('simple_unaccent', words_apart(asked)) AS is_name,
                        address_words(word) @@ plainto_tsquery('spanish_unaccent', words_apart(asked)) AS is_address
                 FROM unnest($1::text[]) AS word, unnest($1::text[]) AS asked";
    let everybody = drawn::people(Timestamp::UNIX_EPOCH, 1);
    for row in postgres.client.query(pairs, &[&&drawn::WORDS[..]]).await.unwrap() {
        let (word, asked): (&str, &str) = (row.get("word"), row.get("asked"));
        let facts = Facts { name: Some(word), address: Some(word), ..everybody[0] };
        for (field, told) in [(WordsField::Name, "is_name"), (WordsField::Address, "is_address")] {
            let segment = Segment::Is(Condition::Words(field, WordsTest::Matches(asked.to_owned())));
            let holds = segment.holds_of(&facts, Timestamp::UNIX_EPOCH);
            assert_eq!(row.get::<_, bool>(told), holds, "{asked} in {word} as {told}");
        }
    }
}

#[tokio::test]
async fn what_contradicts_itself_means_nobody_and_its_opposite_everybody() {
    let desk = Desk::set().await;
    let none = ["state", "city", "tag", "name", "last_sent_at"]
        .map(|field| json!({ "all": [is(field, "is_null", true), is(field, "is_null", false)] }));
    let others = [
        json!({ "all": [is("state", "eq", "JAL"), is("state", "eq", "CMX")] }),
        json!({ "all": [is("state", "in", vec!["JAL"]), is("state", "not_in", vec!["JAL"])] }),
        json!({ "all": [is("tag", "eq", "vip"), { "not": is("tag", "in", vec!["2026", "vip"]) }] }),
        json!({ "all": [is("city", "is_null", true), is("city", "eq", "Guadalajara")] }),
        json!({ "all": [is("name", "is_null", true), is("name", "matches", "maria")] }),
        json!({ "all": [is("is_valid", "eq", true), is("is_valid", "ne", true)] }),
        json!({ "all": [is("send_count", "gt", 3), is("send_count", "lte", 3)] }),
        json!({ "all": [is("last_sent_at", "within_days", 30), is("last_sent_at", "not_within_days", 30)] }),
        json!({ "all": [is("last_sent_at", "is_null", true), is("last_sent_at", "within_days", 36_500)] }),
        json!({ "all": [is("created_at", "lt", "2020-01-01T00:00:00Z"), is("created_at", "gt", "2020-01-01T00:00:00Z")] }),
        json!({ "not": { "all": [] } }),
        json!({ "not": { "not": { "not": { "all": [] } } } }),
        is("created_at", "is_null", true),
        is("line_type", "is_null", true),
        is("status", "is_null", true),
        is("send_count", "lt", 0),
        is("send_count", "in", vec![i64::MIN, i64::MAX]),
        is("created_at", "lt", Timestamp::MIN.to_string()),
    ];
    for definition in none.into_iter().chain(others) {
        let segment = checked(&definition);
        assert_eq!(desk.held(&segment), ByState::new(), "{definition}");
        assert_eq!(desk.counted(&segment).await, ByState::new(), "{definition}");
        let opposite = Segment::Not(Box::new(segment));
        assert_eq!(desk.counted(&opposite).await.values().sum::<u64>(), PEOPLE as u64, "not {definition}");
    }
}

#[tokio::test]
async fn what_is_written_into_a_value_is_only_ever_a_value() {
    let desk = Desk::set().await;
    let tables = "SELECT FROM pg_tables WHERE schemaname = 'public'";
    let before = (desk.postgres.rows(tables).await, desk.postgres.rows("SELECT FROM contact_tags").await);
    for attempt in [
        "x'; DROP TABLE contacts; --",
        "x' OR '1'='1",
        "x') OR TRUE --",
        "x\\'; TRUNCATE contact_tags; --",
        "x'::text[]) OR (TRUE",
        "x\",\"JAL",
        "x}' OR TRUE OR c.city = '{",
        "x$1",
        "x'||pg_sleep(100)||'",
        "x'; SELECT pg_sleep(100); --",
        "x TRUE /* segment */",
        "x*/ OR TRUE /*",
        "x%",
        "x_",
    ] {
        for field in ["city", "municipality", "carrier", "tag"] {
            for definition in [is(field, "eq", attempt), is(field, "in", vec![attempt, attempt])] {
                let counted = desk.counted(&checked(&definition)).await;
                assert_eq!(counted, ByState::new(), "{definition}");
            }
            let others = desk.counted(&checked(&is(field, "ne", attempt))).await;
            assert_eq!(others.values().sum::<u64>(), PEOPLE as u64, "{field} ne {attempt}");
        }
        for field in ["name", "address"] {
            let counted = desk.counted(&checked(&is(field, "matches", attempt))).await;
            assert_eq!(counted, ByState::new(), "{field} matches {attempt}");
        }
        for field in ["state", "lada", "line_type", "status", "is_valid", "send_count"] {
            assert_eq!(refused(&is(field, "eq", attempt)).unwrap(), ["/value"], "{field}");
        }
        for op in ["gt", "within_days", "is_null"] {
            assert_eq!(refused(&is("created_at", op, attempt)).unwrap(), ["/value"], "{op}");
        }
        assert_eq!(refused(&is(attempt, "eq", "JAL")).unwrap(), ["/field"]);
        assert_eq!(refused(&is("city", attempt, "JAL")).unwrap(), ["/op"]);
    }
    let after = (desk.postgres.rows(tables).await, desk.postgres.rows("SELECT FROM contact_tags").await);
    assert_eq!(after, before);
    assert_eq!(desk.counted(&Segment::everybody()).await, desk.held(&Segment::everybody()));
}

#[tokio::test]
async fn the_largest_definitions_that_are_taken_are_counted_and_larger_ones_are_refused() {
    let desk = Desk::set().await;
    let nested = |levels: usize| {
        (1..levels).fold(is("state", "eq", "JAL"), |part, level| match level % 3 {
            0 => json!({ "not": part }),
            1 => json!({ "any": [part, is("city", "is_null", true)] }),
            _ => json!({ "all": [is("is_valid", "eq", true), part] }),
        })
    };
    let conditions = |count: usize| {
        let parts: Vec<Value> = (0..count).map(|n| is("send_count", "eq", n)).collect();
        json!({ "any": parts })
    };
    let values = |field: &str, count: usize| {
        let mut values: Vec<String> = (1..count).map(|n| format!("{n}' OR TRUE")).collect();
        values.push("vip".to_owned());
        is(field, "in", values)
    };
    let numbers = |count: i64| is("send_count", "not_in", (1..=count).collect::<Vec<_>>());
    for definition in [nested(8), conditions(200), values("tag", 10_000), numbers(10_000)] {
        let segment = checked(&definition);
        assert_eq!(desk.counted(&segment).await, desk.held(&segment));
    }
    for definition in [conditions(201), values("tag", 10_001), values("city", 10_001), numbers(10_001)] {
        assert_eq!(refused(&definition).unwrap(), [""]);
    }
    assert!(refused(&nested(9)).is_some());
}

#[test]
fn what_is_no_definition_is_refused_where_it_is_wrong() {
    for (definition, expected) in [
        (is("phone", "eq", "5512345678"), "/field"),
        (is("State", "eq", "JAL"), "/field"),
        (is("", "eq", "JAL"), "/field"),
        (is("state", "like", "J%"), "/op"),
        (is("state", "EQ", "JAL"), "/op"),
        (is("state", "gt", "JAL"), "/op"),
        (is("name", "eq", "ANA"), "/op"),
        (is("tag", "matches", "vip"), "/op"),
        (is("is_valid", "is_null", true), "/op"),
        (is("send_count", "is_null", true), "/op"),
        (is("created_at", "eq", "2026-03-01T00:00:00Z"), "/op"),
        (is("state", "eq", vec!["JAL"]), "/value"),
        (is("state", "in", "JAL"), "/value"),
        (is("state", "in", json!(["JAL", 1])), "/value"),
        (is("state", "in", json!(["JAL", ["CMX"]])), "/value"),
        (is("state", "is_null", "true"), "/value"),
        (is("city", "eq", ""), "/value"),
        (is("city", "eq", "a\0b"), "/value"),
        (is("tag", "in", vec!["vip", "\0"]), "/value"),
        (is("name", "matches", "maria\0lopez"), "/value"),
        (is("name", "matches", "'; --"), "/value"),
        (is("name", "matches", 5), "/value"),
        (is("is_valid", "eq", 1), "/value"),
        (is("send_count", "eq", "3"), "/value"),
        (is("send_count", "between", vec![3, 1]), "/value"),
        (is("send_count", "between", vec![1, 2, 3]), "/value"),
        (is("created_at", "gt", 1_767_225_600), "/value"),
        (is("created_at", "gt", "2026-02-30T00:00:00Z"), "/value"),
        (is("created_at", "within_days", -1), "/value"),
        (is("created_at", "within_days", 36_501), "/value"),
        (json!({ "any": [] }), "/any"),
        (json!({}), ""),
        (json!([]), ""),
        (json!({ "field": "state", "op": "eq" }), ""),
        (json!({ "all": [], "not": { "all": [] } }), ""),
        (json!({ "not": { "any": [{ "all": [] }, is("nothing", "eq", 1)] } }), "/not/any/1/field"),
    ] {
        assert_eq!(refused(&definition).unwrap(), [expected], "{definition}");
    }
    for no_definition in [
        json!(null),
        json!("state = 'JAL'"),
        json!({ "all": {} }),
        json!({ "sql": "TRUE" }),
        is("send_count", "eq", 1.5),
        is("send_count", "eq", u64::MAX),
        is("state", "eq", json!({ "$ne": null })),
        is("state", "in", json!(["JAL", null])),
    ] {
        assert!(refused(&no_definition).is_none(), "{no_definition}");
    }
}
