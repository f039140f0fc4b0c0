//! A segment as a condition over `contacts AS c`: the one place where a statement is put together. Values are parameters,
//! never text.

use domain::port::StoreError;
use domain::segment::{
    Comparison, Condition, NumberTest, Segment, TextField, TextTest, TimeField, TimeTest, WordsField,
    WordsTest,
};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};

use crate::error::{classify, corrupt};

/// Where a statement's file leaves room for the condition.
const MARKER: &str = "TRUE /* segment */";

/// The first second of the year 1. The server refuses times of some millennia before it that a definition may name, and
/// no contact is older than either.
const OLDEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// A statement with a segment's condition in it, and the parameters of both.
pub(crate) struct SegmentStatement {
    pub(crate) sql: String,
    parameters: Vec<Box<dyn ToSql + Send + Sync>>,
}

impl SegmentStatement {
    /// Puts the condition of `segment` into `statement`, which has `parameters` of its own.
    pub(crate) fn new(
        statement: &str,
        segment: &Segment,
        parameters: Vec<Box<dyn ToSql + Send + Sync>>,
    ) -> Self {
        let mut writer = Writer { parameters };
        let condition = writer.segment(segment);
        Self { sql: statement.replacen(MARKER, &condition, 1), parameters: writer.parameters }
    }

    pub(crate) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
    }
}

/// What the server reckons that a segment means, by its statistics.
pub(crate) async fn estimate(
    client: &impl GenericClient,
    segment: &Segment,
    doing: &str,
) -> Result<u64, StoreError> {
    let sql = include_str!("../sql/audience_estimate.sql");
    let statement = SegmentStatement::new(sql, segment, Vec::new());
    let planned = client
        .query(&statement.sql, &statement.parameters())
        .await
        .map_err(|error| classify(doing, &error))?;
    planned_rows(&planned, doing)
}

/// The rows that a plan of the server's expects.
pub(crate) fn planned_rows(planned: &[Row], doing: &str) -> Result<u64, StoreError> {
    let plan: Option<serde_json::Value> = planned.first().map(|row| row.get(0));
    let rows = plan.as_ref().and_then(|plan| plan[0]["Plan"]["Plan Rows"].as_u64());
    rows.ok_or_else(|| corrupt(doing, "the server's plan names no rows"))
}

struct Writer {
    parameters: Vec<Box<dyn ToSql + Send + Sync>>,
}

impl Writer {
    /// Keeps a value and returns the name of its parameter.
    fn bind(&mut self, value: impl ToSql + Send + Sync + 'static) -> String {
        self.parameters.push(Box::new(value));
        format!("${}", self.parameters.len())
    }

    fn segment(&mut self, segment: &Segment) -> String {
        match segment {
            Segment::All(parts) if parts.is_empty() => "TRUE".to_owned(),
            Segment::All(parts) => self.joined(parts, " AND "),
            Segment::Any(parts) => self.joined(parts, " OR "),
            // What is unknown to SQL is false to a segment.
            Segment::Not(part) => format!("NOT coalesce({}, false)", self.segment(part)),
            Segment::Is(condition) => self.condition(condition),
        }
    }

    fn joined(&mut self, parts: &[Segment], with: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.segment(part)).collect();
        format!("({})", parts.join(with))
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Text(TextField::Tag, test) => self.tag(test),
            Condition::Text(field, test) => self.text(column_of_text(*field), test),
            Condition::Words(field, test) => self.words(*field, test),
            Condition::IsValid(true) => "c.is_valid".to_owned(),
            Condition::IsValid(false) => "NOT c.is_valid".to_owned(),
            Condition::SendCount(test) => self.number(test),
            Condition::Time(field, test) => self.time(column_of_time(*field), test),
        }
    }

    fn text(&mut self, column: &str, test: &TextTest) -> String {
        match test {
            TextTest::In(values) => format!("{column} = ANY({}::text[])", self.bind(values.clone())),
            TextTest::NotIn(values) => {
                format!("({column} <> ALL({}::text[]) OR {column} IS NULL)", self.bind(values.clone()))
            }
            TextTest::IsNull(true) => format!("{column} IS NULL"),
            TextTest::IsNull(false) => format!("{column} IS NOT NULL"),
        }
    }

    fn tag(&mut self, test: &TextTest) -> String {
        let tagged = "EXISTS (SELECT FROM contact_tags WHERE contact_tags.contact_id = c.id";
        match test {
            TextTest::In(values) => {
                format!("{tagged} AND contact_tags.tag = ANY({}::text[]))", self.bind(values.clone()))
            }
            TextTest::NotIn(values) => {
                format!("NOT {tagged} AND contact_tags.tag = ANY({}::text[]))", self.bind(values.clone()))
            }
            TextTest::IsNull(true) => format!("NOT {tagged})"),
            TextTest::IsNull(false) => format!("{tagged})"),
        }
    }

    fn words(&mut self, field: WordsField, test: &WordsTest) -> String {
        let (column, words_of, configuration) = column_of_words(field);
        match test {
            WordsTest::Matches(words) => format!(
                "{words_of}({column}) @@ plainto_tsquery('{configuration}', words_apart({}::text))",
                self.bind(words.clone())
            ),
            WordsTest::IsNull(true) => format!("{column} IS NULL"),
            WordsTest::IsNull(false) => format!("{column} IS NOT NULL"),
        }
    }

    fn number(&mut self, test: &NumberTest) -> String {
        let count = "coalesce((SELECT activity.send_count FROM contact_activity AS activity \
                     WHERE activity.phone_national = c.phone_national), 0)";
        match test {
            NumberTest::Compare(comparison, value) => {
                format!("{count} {} {}::int8", sign(*comparison), self.bind(*value))
            }
            NumberTest::Between(from, to) => {
                format!("{count} BETWEEN {}::int8 AND {}::int8", self.bind(*from), self.bind(*to))
            }
            NumberTest::In(values) => format!("{count} = ANY({}::int8[])", self.bind(values.clone())),
            NumberTest::NotIn(values) => format!("{count} <> ALL({}::int8[])", self.bind(values.clone())),
        }
    }

    fn time(&mut self, column: &str, test: &TimeTest) -> String {
        match test {
            TimeTest::Compare(comparison, value) => {
                format!("{column} {} {}::timestamptz", sign(*comparison), self.instant(*value))
            }
            TimeTest::Between(from, to) => {
                format!(
                    "{column} BETWEEN {}::timestamptz AND {}::timestamptz",
                    self.instant(*from),
                    self.instant(*to)
                )
            }
            TimeTest::WithinDays(days) => format!("{column} >= {}", self.days_ago(*days)),
            TimeTest::NotWithinDays(days) => format!("coalesce({column} < {}, true)", self.days_ago(*days)),
            TimeTest::IsNull(true) => format!("{column} IS NULL"),
            TimeTest::IsNull(false) => format!("{column} IS NOT NULL"),
        }
    }

    fn instant(&mut self, value: Timestamp) -> String {
        self.bind(value.max(OLDEST))
    }

    fn days_ago(&mut self, days: u32) -> String {
        format!("now() - make_interval(days => {}::int4)", self.bind(days.cast_signed()))
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Gt => ">",
        Comparison::Gte => ">=",
        Comparison::Lt => "<",
        Comparison::Lte => "<=",
    }
}

fn column_of_text(field: TextField) -> &'static str {
    match field {
        TextField::State => "c.state_code",
        TextField::Lada => "c.lada",
        TextField::City => "c.city",
        TextField::Municipality => "c.municipality",
        TextField::LineType => "c.line_type",
        TextField::Carrier => "c.carrier",
        TextField::Status => "c.status",
        TextField::Tag => "contact_tags.tag",
    }
}

/// A column of words, and how its words and those that are asked for are read: names as they are, addresses by their stems.
fn column_of_words(field: WordsField) -> (&'static str, &'static str, &'static str) {
    match field {
        WordsField::Name => ("c.full_name", "name_words", "simple_unaccent"),
        WordsField::Address => ("c.address", "address_words", "spanish_unaccent"),
    }
}

fn column_of_time(field: TimeField) -> &'static str {
    match field {
        TimeField::LastSentAt => {
            "(SELECT activity.last_sent_at FROM contact_activity AS activity \
             WHERE activity.phone_national = c.phone_national)"
        }
        TimeField::LastExtractedAt => {
            "(SELECT activity.last_extracted_at FROM contact_activity AS activity \
             WHERE activity.phone_national = c.phone_national)"
        }
        TimeField::CreatedAt => "c.created_at",
    }
}
