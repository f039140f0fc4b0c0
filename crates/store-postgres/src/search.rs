//! The search for contacts.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::contact::{ContactId, ContactStatus, LineType};
use domain::port::{ContactFilter, ContactSearch, FoundPage, StoreError};
use domain::search::ContactQuery;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::contact::{decode, to_bigint};
use crate::database::Database;
use crate::error::classify;
use crate::segment::planned_rows;

/// How words are looked for: what is best for a rare one takes minutes for a common one, and the other way round.
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

/// Milliseconds for a contact that is passed by in order of id, its words looked at.
const PASSED_BY_MS: f64 = 0.004;
/// Milliseconds for a contact that is gathered: it lies anywhere.
const GATHERED_MS: f64 = 0.03;
/// Milliseconds to find which contacts have all of some common words.
const INDEX_MS: f64 = 100.0;
/// The plan that is reckoned to be quicker is given so many times as long as it is reckoned to take, within these bounds; then
/// the other one is tried for as long as the upper, before the rest of the time is given to gathering all: only that is sure to
/// end.
const PATIENCE: f64 = 4.0;
const TRIED_AT_LEAST: Duration = Duration::from_millis(20);
const TRIED_AT_MOST: Duration = Duration::from_millis(400);
/// Of fewer, all are counted at once.
const COUNTED_AT_ONCE: f64 = 20_000.0;
/// How long is counted, beyond which it is only known that there are more than are shown.
const COUNT_WITHIN: Duration = Duration::from_millis(150);

/// So many have a frequent word, by the server's statistics; far fewer are counted.
const FREQUENT: u32 = 50_000;
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
        statement: &str,
        (plan, within): (Plan, Duration),
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let how = (plan.as_sql(), within.min(self.within));
        self.database.query_within(doing, how, statement, &asked.parameters()).await
    }

    /// What is asked of the server for a query.
    async fn asked(
        &self,
        doing: &str,
        query: ContactQuery,
        filter: ContactFilter,
        (after, limit): (ContactId, i64),
    ) -> Result<Asked, StoreError> {
        let words = match query {
            ContactQuery::Phone(phone) => {
                return Ok(Asked::digits(&Digits::whole(to_bigint(phone)), filter, after, limit));
            }
            ContactQuery::PartOfPhone(digits) => {
                return Ok(Asked::digits(&Digits::part(&digits), filter, after, limit));
            }
            ContactQuery::Words(words) => words,
        };
        let (name, address) = self.is_frequent(doing, words.last()).await?;
        Ok(Asked::words(&[all_of(&words, name), all_of(&words, address)], filter, after, limit))
    }

    /// Whether very many names or addresses have a word.
    async fn is_frequent(&self, doing: &str, word: Option<&String>) -> Result<(bool, bool), StoreError> {
        let client = self.database.pooled(doing).await?;
        let row = client
            .query_one(include_str!("../sql/search_last_word.sql"), &[&word])
            .await
            .map_err(|error| classify(doing, &error))?;
        Ok((row.get("in_names"), row.get("in_addresses")))
    }

    /// How many contacts the server reckons to have the words, and of how many.
    async fn reckoned(&self, doing: &str, asked: &Asked) -> Result<(f64, f64), StoreError> {
        let failed = |error: tokio_postgres::Error| classify(doing, &error);
        let client = self.database.pooled(doing).await?;
        let estimate = include_str!("../sql/search_words_estimate.sql");
        let planned = client.query(estimate, &asked.parameters()).await.map_err(failed)?;
        let all =
            client.query_one(include_str!("../sql/contacts_reckoned.sql"), &[]).await.map_err(failed)?;
        #[expect(clippy::cast_precision_loss, reason = "a reckoning")]
        let found = planned_rows(&planned, doing)? as f64;
        Ok((found.max(1.0), all.get(0)))
    }

    /// A page of those who have the words, by one plan after the other.
    async fn page_of_words(
        &self,
        doing: &str,
        asked: &Asked,
        limit: u16,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let began = Instant::now();
        let (found, all) = self.reckoned(doing, asked).await?;
        let by_key = f64::from(limit) * all / found * PASSED_BY_MS;
        let by_words = INDEX_MS + found * GATHERED_MS;
        let (first, second) =
            if by_key < by_words { (Plan::ByKey, Plan::ByWords) } else { (Plan::ByWords, Plan::ByKey) };
        let patience = Duration::try_from_secs_f64(by_key.min(by_words) * PATIENCE / 1_000.0);
        let patience = patience.unwrap_or(TRIED_AT_MOST).clamp(TRIED_AT_LEAST, TRIED_AT_MOST);
        for (plan, within) in [(first, patience), (second, TRIED_AT_MOST), (Plan::ByWords, self.within)] {
            let statement = match plan {
                Plan::ByWords | Plan::SomeByWords => include_str!("../sql/search_words_gather.sql"),
                Plan::ByKey | Plan::Any => include_str!("../sql/search_words_page.sql"),
            };
            let left = self.within.saturating_sub(began.elapsed());
            let rows = self.query(doing, asked, statement, (plan, within.min(left))).await?;
            if rows.is_some() {
                return Ok(rows);
            }
        }
        Ok(None)
    }

    /// A page of those whose number has the digits.
    async fn page_of_digits(
        &self,
        doing: &str,
        asked: &Asked,
        digits: usize,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let statement = include_str!("../sql/search_digits_page.sql");
        // Few have so many digits in common.
        if digits >= INDEXED_DIGITS as usize {
            let rows = self.query(doing, asked, statement, (Plan::ByWords, TRIED_AT_MOST)).await?;
            if rows.is_some() {
                return Ok(rows);
            }
        }
        self.query(doing, asked, statement, (Plan::Any, self.within)).await
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
    ) -> Result<FoundPage, StoreError> {
        let doing = "search for contacts";
        let asked = self.asked(doing, query.clone(), filter, (after, limit.into())).await?;
        let rows = match query {
            ContactQuery::Words(_) => self.page_of_words(doing, &asked, limit).await?,
            ContactQuery::PartOfPhone(digits) => self.page_of_digits(doing, &asked, digits.len()).await?,
            ContactQuery::Phone(_) => self.page_of_digits(doing, &asked, 0).await?,
        };
        let rows = rows.ok_or_else(|| StoreError::Unavailable {
            doing: doing.to_owned(),
            reason: format!(
                "it takes longer than {} ms (http.search_timeout_ms); give more words or digits",
                self.within.as_millis()
            ),
            source: None,
        })?;
        // Who gathers nobody tells nothing; then there is nobody.
        let found = rows.first().and_then(|row| row.try_get::<_, i64>("found").ok());
        Ok(FoundPage {
            found: found.map(i64::cast_unsigned),
            contacts: rows.iter().map(|row| decode(row, doing)).collect::<Result<_, _>>()?,
        })
    }

    async fn count(
        &self,
        query: ContactQuery,
        filter: ContactFilter,
        most: u32,
    ) -> Result<Option<u32>, StoreError> {
        let doing = "count what is searched for";
        let is_words = matches!(query, ContactQuery::Words(_));
        if let ContactQuery::Words(words) = &query
            && let [word] = words.as_slice()
            && filter == ContactFilter::default()
            && most < FREQUENT
            && matches!(self.is_frequent(doing, Some(word)).await?, (true, _) | (_, true))
        {
            return Ok(Some(most));
        }
        let asked = self.asked(doing, query, filter, (ContactId(i64::MIN), most.into())).await?;
        let count =
            |rows: Vec<Row>| rows.first().and_then(|row| u32::try_from(row.get::<_, i64>("contacts")).ok());
        if !is_words {
            let statement = include_str!("../sql/search_digits_count.sql");
            return Ok(self
                .query(doing, &asked, statement, (Plan::Any, COUNT_WITHIN))
                .await?
                .and_then(count));
        }
        let statement = include_str!("../sql/search_words_count.sql");
        if self.reckoned(doing, &asked).await?.0 >= COUNTED_AT_ONCE {
            let how = (Plan::SomeByWords, COUNT_WITHIN);
            let some = self.query(doing, &asked, statement, how).await?.and_then(count);
            // Where some of them take too long, so do all.
            if some.is_none_or(|some| some >= most) {
                return Ok(some);
            }
        }
        Ok(self.query(doing, &asked, statement, (Plan::ByWords, COUNT_WITHIN)).await?.and_then(count))
    }
}

/// What is asked of the server, as parameters of the statements that ask it.
struct Asked(Vec<Box<dyn ToSql + Send + Sync>>);

impl Asked {
    fn new(filter: ContactFilter, after: ContactId, limit: i64) -> Self {
        Self(vec![
            Box::new(after.0),
            Box::new(limit),
            Box::new(filter.state.map(|state| state.as_str().to_owned())),
            Box::new(filter.lada.map(|lada| lada.to_string())),
            Box::new(filter.city),
            Box::new(filter.line_type.map(LineType::as_str)),
            Box::new(filter.status.map(ContactStatus::as_str)),
        ])
    }

    /// Words of names and words of addresses.
    fn words(words: &[String; 2], filter: ContactFilter, after: ContactId, limit: i64) -> Self {
        let mut asked = Self::new(filter, after, limit);
        asked.0.extend(words.iter().map(|words| Box::new(words.clone()) as _));
        asked
    }

    fn digits(digits: &Digits, filter: ContactFilter, after: ContactId, limit: i64) -> Self {
        let mut asked = Self::new(filter, after, limit);
        asked.0.push(Box::new(digits.from));
        asked.0.push(Box::new(digits.to));
        asked.0.push(Box::new(digits.ends.clone()));
        asked.0.push(Box::new(digits.modulus));
        asked.0.push(Box::new(digits.end));
        asked
    }

    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.0.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect()
    }
}

/// All words, the last of which is whole or a beginning, in the server's language of queries. Words are letters and digits alone,
/// so that nothing in them means anything there. A number is
/// whole: with the digits of one begin those of very many other houses.
fn all_of(words: &[String], last_is_frequent: bool) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = last_is_frequent || words.last().is_some_and(is_number);
    format!("{}{}", quoted.join(" & "), if is_whole { "" } else { ":*" })
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
        assert_eq!(all_of(&["ana".to_owned()], false), "'ana':*");
        assert_eq!(all_of(&["ana".to_owned(), "ru".to_owned()], false), "'ana' & 'ru':*");
        assert_eq!(all_of(&["ana".to_owned(), "ruiz".to_owned()], true), "'ana' & 'ruiz'");
        assert_eq!(all_of(&["calle".to_owned(), "12".to_owned()], false), "'calle' & '12'");
        assert_eq!(all_of(&["calle".to_owned(), "1234".to_owned()], false), "'calle' & '1234'");
        assert_eq!(all_of(&["calle".to_owned(), "12b".to_owned()], false), "'calle' & '12b':*");
    }
}
