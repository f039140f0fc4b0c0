//! The search for contacts.

use std::time::Duration;

use async_trait::async_trait;
use domain::contact::{Contact, ContactId, ContactStatus, LineType};
use domain::port::{ContactFilter, ContactSearch, StoreError};
use domain::search::ContactQuery;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::contact::{decode, to_bigint};
use crate::database::Database;

/// How words are looked for. The server cannot know how many contacts have a word that few have, and what is best for a rare
/// one takes minutes for a common one, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// As the server thinks best.
    Any,
    /// In order of id until there are enough: for words that many have.
    ByKey,
    /// All that have the words or digits, put in order: for those that few have.
    ByWords,
    /// Some of those that have the words, so that counting them ends soon: no more than all of them.
    SomeByWords,
}

impl Plan {
    /// What the server is told, for the transaction at hand alone.
    fn as_sql(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::ByKey => "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; ",
            // Those who have a beginning of a word are more than fit the usual memory; kept by the page instead of one by one,
            // each page of them would be read.
            Self::ByWords => {
                "SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off; SET LOCAL work_mem = '64MB'; "
            }
            Self::SomeByWords => {
                "SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off; SET LOCAL work_mem = '64MB'; \
                 SET LOCAL gin_fuzzy_search_limit = 20000; "
            }
        }
    }
}

/// How long the plan for words that many have is tried first: it is quick for them.
const BY_KEY_FIRST: Duration = Duration::from_millis(15);
/// How long the plan for words that few have is tried then.
const BY_WORDS_NEXT: Duration = Duration::from_millis(200);
/// And how long the other one again, before the rest of the time is given to gathering all: only that is sure to end.
const BY_KEY_NEXT: Duration = Duration::from_millis(300);
/// How long is counted, beyond which it is only known that there are more than are shown.
const COUNT_WITHIN: Duration = Duration::from_millis(150);

/// Digits of a whole number.
const WHOLE_DIGITS: u32 = 10;
/// So many of the last digits are in the index.
const INDEXED_DIGITS: u32 = 4;

/// [`ContactSearch`] over the table `contacts`.
pub struct PostgresContactSearch {
    database: Database,
    within: Duration,
}

impl PostgresContactSearch {
    /// Searches the contacts of `database`, each time for at most `within`.
    #[must_use]
    pub fn new(database: Database, within: Duration) -> Self {
        Self { database, within }
    }

    /// Runs a statement by a plan; nothing when it takes too long.
    async fn query(
        &self,
        doing: &str,
        asked: &Asked,
        (plan, within): (Plan, Duration),
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let parameters: Vec<&(dyn ToSql + Sync)> =
            asked.parameters.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect();
        let how = (plan.as_sql(), within.min(self.within));
        self.database.query_within(doing, how, asked.statement, &parameters).await
    }
}

#[async_trait]
impl ContactSearch for PostgresContactSearch {
    async fn page(
        &self,
        query: ContactQuery,
        filter: ContactFilter,
        after: ContactId,
        limit: u16,
    ) -> Result<Vec<Contact>, StoreError> {
        let doing = "search for contacts";
        let statements = Statements {
            words: include_str!("../sql/search_words_page.sql"),
            digits: include_str!("../sql/search_digits_page.sql"),
        };
        let tries: &[(Plan, Duration)] = match &query {
            ContactQuery::Words(_) => &[
                (Plan::ByKey, BY_KEY_FIRST),
                (Plan::ByWords, BY_WORDS_NEXT),
                (Plan::ByKey, BY_KEY_NEXT),
                (Plan::ByWords, self.within),
            ],
            // Few have so many digits in common.
            ContactQuery::PartOfPhone(digits) if digits.len() >= INDEXED_DIGITS as usize => {
                &[(Plan::ByWords, BY_WORDS_NEXT), (Plan::Any, self.within)]
            }
            ContactQuery::PartOfPhone(_) | ContactQuery::Phone(_) => &[(Plan::Any, self.within)],
        };
        let asked = Asked::new(&statements, query, filter, after, i64::from(limit));
        let mut found = None;
        for how in tries {
            found = self.query(doing, &asked, *how).await?;
            if found.is_some() {
                break;
            }
        }
        let found = found.ok_or_else(|| StoreError::Unavailable {
            doing: doing.to_owned(),
            reason: format!(
                "it takes longer than {} ms (http.search_timeout_ms); give more words or digits",
                self.within.as_millis()
            ),
            source: None,
        })?;
        found.iter().map(|row| decode(row, doing)).collect()
    }

    async fn count(
        &self,
        query: ContactQuery,
        filter: ContactFilter,
        most: u32,
    ) -> Result<Option<u32>, StoreError> {
        let statements = Statements {
            words: include_str!("../sql/search_words_count.sql"),
            digits: include_str!("../sql/search_digits_count.sql"),
        };
        let is_words = matches!(query, ContactQuery::Words(_));
        let asked = Asked::new(&statements, query, filter, ContactId(i64::MIN), i64::from(most));
        let count =
            |rows: Vec<Row>| rows.first().and_then(|row| u32::try_from(row.get::<_, i64>("contacts")).ok());
        let doing = "count what is searched for";
        if !is_words {
            return Ok(self.query(doing, &asked, (Plan::Any, COUNT_WITHIN)).await?.and_then(count));
        }
        let some = self.query(doing, &asked, (Plan::SomeByWords, COUNT_WITHIN)).await?.and_then(count);
        // Where some of them take too long, so do all.
        if some.is_none_or(|some| some >= most) {
            return Ok(some);
        }
        Ok(self.query(doing, &asked, (Plan::ByWords, COUNT_WITHIN)).await?.and_then(count))
    }
}

/// The statements that do the same for words and for digits.
struct Statements {
    words: &'static str,
    digits: &'static str,
}

/// A statement with its parameters.
struct Asked {
    statement: &'static str,
    parameters: Vec<Box<dyn ToSql + Send + Sync>>,
}

impl Asked {
    fn new(
        statements: &Statements,
        query: ContactQuery,
        filter: ContactFilter,
        after: ContactId,
        limit: i64,
    ) -> Self {
        let mut parameters: Vec<Box<dyn ToSql + Send + Sync>> = vec![
            Box::new(after.0),
            Box::new(limit),
            Box::new(filter.state.map(|state| state.as_str().to_owned())),
            Box::new(filter.lada.map(|lada| lada.to_string())),
            Box::new(filter.city),
            Box::new(filter.line_type.map(LineType::as_str)),
            Box::new(filter.status.map(ContactStatus::as_str)),
        ];
        let digits = match query {
            ContactQuery::Words(words) => {
                parameters.push(Box::new(all_of(&words)));
                return Self { statement: statements.words, parameters };
            }
            ContactQuery::Phone(phone) => Digits::whole(to_bigint(phone)),
            ContactQuery::PartOfPhone(digits) => Digits::part(&digits),
        };
        parameters.push(Box::new(digits.from));
        parameters.push(Box::new(digits.to));
        parameters.push(Box::new(digits.ends));
        parameters.push(Box::new(digits.modulus));
        parameters.push(Box::new(digits.end));
        Self { statement: statements.digits, parameters }
    }
}

/// All words, the last of which is a beginning, in the server's language of queries. Words are letters and digits alone, so
/// that nothing in them means anything there.
fn all_of(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("{}:*", quoted.join(" & "))
}

/// Numbers from the one to the other, and numbers that end in some digits.
#[derive(Debug, PartialEq, Eq)]
struct Digits {
    from: i64,
    to: i64,
    /// What the last four digits may be.
    ends: Vec<i64>,
    modulus: i64,
    end: i64,
}

impl Digits {
    fn whole(phone: i64) -> Self {
        Self { from: phone, to: phone, ends: Vec::new(), modulus: 1, end: 0 }
    }

    /// Numbers that begin or end with these digits, at most nine.
    fn part(digits: &str) -> Self {
        let count = u32::try_from(digits.len()).unwrap_or(u32::MAX).min(WHOLE_DIGITS);
        let number: i64 = digits.parse().unwrap_or_default();
        let width = 10_i64.pow(WHOLE_DIGITS - count);
        let modulus = 10_i64.pow(count);
        let indexed = 10_i64.pow(INDEXED_DIGITS);
        let ends = match indexed.checked_div(modulus) {
            // Fewer digits than are in the index: each that may stand before them.
            Some(before @ 1..) => (0..before).map(|lead| lead * modulus + number).collect(),
            Some(_) | None => vec![number % indexed],
        };
        Self { from: number * width, to: number * width + width - 1, ends, modulus, end: number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_digits_are_a_beginning_or_an_end() {
        let four = Digits::part("5678");
        assert_eq!((four.from, four.to), (5_678_000_000, 5_678_999_999));
        assert_eq!((four.ends, four.modulus, four.end), (vec![5_678], 10_000, 5_678));
        let three = Digits::part("078");
        assert_eq!((three.from, three.to, three.modulus, three.end), (780_000_000, 789_999_999, 1_000, 78));
        assert_eq!(three.ends, [78, 1_078, 2_078, 3_078, 4_078, 5_078, 6_078, 7_078, 8_078, 9_078]);
        let nine = Digits::part("512345678");
        assert_eq!((nine.from, nine.to), (5_123_456_780, 5_123_456_789));
        assert_eq!((nine.ends, nine.modulus, nine.end), (vec![5_678], 1_000_000_000, 512_345_678));
    }

    #[test]
    fn words_are_all_asked_for_and_the_last_is_a_beginning() {
        assert_eq!(all_of(&["ana".to_owned()]), "'ana':*");
        assert_eq!(all_of(&["ana".to_owned(), "ru".to_owned()]), "'ana' & 'ru':*");
    }
}
