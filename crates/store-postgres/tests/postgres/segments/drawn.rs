//! Contacts and definitions drawn at random from the same words, so that a condition holds of some and not of others.

use domain::contact::{ContactStatus, LineType};
use domain::lada::Lada;
use domain::segment::{DEPTH_MAX, Facts};
use domain::state::StateCode;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// What means something to a server, or to those who put a statement together, when it is taken for more than a value.
pub(super) const ODD: [&str; 12] = [
    "O'Brien",
    "'; DROP TABLE contacts; --",
    "' OR '1'='1",
    "y') OR TRUE --",
    "\\'; DELETE FROM contact_tags; --",
    "\\",
    "%",
    "_",
    "\"quoted\" $1 $2",
    "TRUE /* segment */",
    "{NULL,\"a,b\"}",
    "😀\u{202e}\t\r\n",
];

const STATES: [&str; 4] = ["JAL", "CMX", "NLE", "YUC"];
const LADAS: [&str; 5] = ["33", "55", "81", "442", "999"];
const CITIES: [&str; 5] = ["Guadalajara", "Ciudad de México", "Monterrey", "guadalajara", "Nowhere"];
const MUNICIPALITIES: [&str; 4] = ["Zapopan", "ZAPOPAN", "Álvaro Obregón", "Nowhere"];
const CARRIERS: [&str; 4] = ["TELCEL", "Telcel", "AT&T", "NULL"];
const TAGS: [&[&str]; 8] = [
    &[],
    &["vip"],
    &["VIP"],
    &["vip", "2026"],
    &["2026", "O'Brien"],
    &["%", "_", "\\"],
    &["'; DROP TABLE contacts; --"],
    &["vip", "2026", "😀"],
];
const NAMES: [&str; 7] = [
    "MARÍA HERNÁNDEZ",
    "maria lópez peña",
    "José Ñandú Hernandez",
    "PEÑA 😀 ZOË",
    "FERNANDO (JOSE) RUIZ",
    "Fernando Ruiz Ruiz",
    "'; DROP TABLE contacts; --",
];
const ADDRESSES: [&str; 5] = [
    "CALLE JUÁREZ 12",
    "Calle Hidalgo, Zapopan",
    "juarez 7; Hidalgo",
    "PRIVADA PEÑA 12",
    "'; DROP TABLE contacts; --",
];
/// Words of names and addresses, and of neither. No two are different words of one stem, and none is so common that the
/// server leaves it out, so that stems tell them apart as plain words do.
pub(super) const WORDS: [&str; 22] = [
    "María",
    "HERNANDEZ",
    "lopez",
    "Pen\u{303}a",
    "josé",
    "ñandu",
    "ZOE",
    "fernando",
    "Ruiz",
    "calle",
    "Juárez",
    "HIDALGO",
    "zapopan",
    "privada",
    "12",
    "7",
    "drop",
    "table",
    "contacts",
    "ramírez",
    "MA.LUZ",
    "9-3/b",
];
const DAYS_AGO: [i64; 9] = [0, 1, 6, 7, 29, 30, 89, 200, 399];
const DAYS: [u32; 11] = [0, 1, 2, 7, 8, 30, 31, 90, 200, 400, 36_500];
const COUNTS: [u32; 5] = [0, 1, 2, 7, 2_147_483_647];

/// A time half a day off every edge that is counted in days from `now`, however long the test takes.
fn moment(now: Timestamp) -> impl Strategy<Value = Timestamp> + Clone {
    select(&DAYS_AGO[..]).prop_map(move |days| now - SignedDuration::from_hours(24 * days + 12))
}

fn person(now: Timestamp) -> impl Strategy<Value = Facts<'static>> {
    let short = |known: &'static [&'static str]| {
        option::weighted(0.8, prop_oneof![4 => select(known), 1 => select(&ODD[..])])
    };
    let places = (
        option::weighted(0.8, select(&STATES[..3])),
        option::weighted(0.8, select(&LADAS[..4])),
        option::weighted(0.7, prop_oneof![4 => select(&CITIES[..3]), 1 => select(&ODD[..])]),
        short(&MUNICIPALITIES),
        short(&CARRIERS),
    );
    let kinds =
        (select(&LineType::ALL[..]), select(&ContactStatus::ALL[..]), select(&TAGS[..]), any::<bool>());
    // Who has no row of activity, and who has one without times.
    let activity = option::weighted(
        0.7,
        (select(&COUNTS[..]), option::weighted(0.7, moment(now)), option::weighted(0.5, moment(now))),
    );
    let words = (option::weighted(0.8, select(&NAMES[..])), option::weighted(0.7, select(&ADDRESSES[..])));
    (places, kinds, activity, moment(now), words).prop_map(|(places, kinds, activity, created_at, words)| {
        let (send_count, last_sent_at, last_extracted_at) = activity.unwrap_or_default();
        Facts {
            state: places.0.map(|code| StateCode::parse(code).unwrap()),
            lada: places.1.map(|code| Lada::parse(code).unwrap()),
            city: places.2,
            municipality: places.3,
            line_type: kinds.0,
            carrier: places.4,
            status: kinds.1,
            tags: kinds.2,
            is_valid: kinds.3,
            send_count,
            last_sent_at,
            last_extracted_at,
            created_at,
            name: words.0,
            address: words.1,
        }
    })
}

/// So many people, the same ones in every run but for what time it is.
pub(super) fn people(now: Timestamp, count: usize) -> Vec<Facts<'static>> {
    vec(person(now), count).new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

/// A definition that is right, of conditions nested up to the deepest. Each level holds little more than one part on
/// average, so that one in some reaches the deepest and none is too large.
pub(super) fn definition(now: Timestamp) -> BoxedStrategy<Value> {
    let condition = condition(now).boxed();
    (1..DEPTH_MAX).fold(condition.clone(), |part, _| {
        prop_oneof![
            condition.clone(),
            vec(part.clone(), 0..=3).prop_map(|parts| json!({ "all": parts })),
            vec(part.clone(), 1..=3).prop_map(|parts| json!({ "any": parts })),
            part.prop_map(|part| json!({ "not": part })),
        ]
        .boxed()
    })
}

fn condition(now: Timestamp) -> impl Strategy<Value = Value> {
    let open =
        |known: &'static [&'static str]| prop_oneof![4 => select(known), 1 => select(&ODD[..])].boxed();
    let closed = |known: &'static [&'static str]| select(known).boxed();
    let line_types = select(&LineType::ALL[..]).prop_map(LineType::as_str).boxed();
    let statuses = select(&ContactStatus::ALL[..]).prop_map(ContactStatus::as_str).boxed();
    prop_oneof![
        text("state", closed(&STATES)),
        text("lada", closed(&LADAS)),
        text("city", open(&CITIES)),
        text("municipality", open(&MUNICIPALITIES)),
        text("line_type", line_types),
        text("carrier", open(&CARRIERS)),
        text("status", statuses),
        text("tag", open(&["vip", "VIP", "2026", "none"])),
        words("name"),
        words("address"),
        (select(vec!["eq", "ne"]), any::<bool>()).prop_map(|(op, value)| written("is_valid", op, value)),
        number("send_count"),
        time("last_sent_at", now),
        time("last_extracted_at", now),
        time("created_at", now),
    ]
}

fn written(field: &str, op: &str, value: impl Into<Value>) -> Value {
    json!({ "field": field, "op": op, "value": value.into() })
}

fn is_null(field: &'static str) -> impl Strategy<Value = Value> {
    any::<bool>().prop_map(move |value| written(field, "is_null", value))
}

fn text(field: &'static str, value: BoxedStrategy<&'static str>) -> BoxedStrategy<Value> {
    prop_oneof![
        2 => (select(vec!["eq", "ne"]), value.clone()).prop_map(move |(op, value)| written(field, op, value)),
        2 => (select(vec!["in", "not_in"]), vec(value, 1..5))
            .prop_map(move |(op, values)| written(field, op, values)),
        1 => is_null(field),
    ]
    .boxed()
}

fn words(field: &'static str) -> BoxedStrategy<Value> {
    let between = select(vec![" ", ", ", " & ", " | !", " 😀 ", "'; ", ") -- ", " % "]);
    let asked = prop_oneof![
        4 => select(&WORDS[..]).prop_map(str::to_owned),
        2 => (select(&WORDS[..]), between, select(&WORDS[..]))
            .prop_map(|(one, between, other)| format!("{one}{between}{other}")),
        1 => Just("'; DROP TABLE contacts; --".to_owned()),
    ];
    prop_oneof![3 => asked.prop_map(move |words| written(field, "matches", words)), 1 => is_null(field)]
        .boxed()
}

fn number(field: &'static str) -> BoxedStrategy<Value> {
    let far = select(vec![-1, i64::from(u32::MAX) + 1, i64::MIN, i64::MAX]);
    let value = prop_oneof![5 => select(&COUNTS[..]).prop_map(i64::from), 1 => far].boxed();
    prop_oneof![
        (select(vec!["eq", "ne", "gt", "gte", "lt", "lte"]), value.clone())
            .prop_map(move |(op, value)| written(field, op, value)),
        (select(vec!["in", "not_in"]), vec(value.clone(), 1..4))
            .prop_map(move |(op, values)| written(field, op, values)),
        (value.clone(), value).prop_map(move |(one, other)| written(
            field,
            "between",
            vec![one.min(other), one.max(other)]
        )),
    ]
    .boxed()
}

fn time(field: &'static str, now: Timestamp) -> BoxedStrategy<Value> {
    // Exactly a time that contacts have, or an hour beside it; or one that no server knows.
    let near = (moment(now), select(vec![-1, 0, 0, 1]))
        .prop_map(|(moment, hours)| moment + SignedDuration::from_hours(hours));
    let far = select(vec![Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX]);
    let value = prop_oneof![5 => near, 1 => far].boxed();
    prop_oneof![
        3 => (select(vec!["gt", "gte", "lt", "lte"]), value.clone())
            .prop_map(move |(op, value)| written(field, op, value.to_string())),
        2 => (value.clone(), value).prop_map(move |(one, other)| {
            written(field, "between", vec![one.min(other).to_string(), one.max(other).to_string()])
        }),
        3 => (select(vec!["within_days", "not_within_days"]), select(&DAYS[..]))
            .prop_map(move |(op, days)| written(field, op, days)),
        1 => is_null(field),
    ]
    .boxed()
}
