//! The search for contacts: what it finds is what people mean, and nothing in a query means anything to the server.

use std::time::Duration;

use domain::contact::{ContactId, LineType};
use domain::port::{ContactFilter, ContactSearch as _, StoreError};
use domain::search::ContactQuery;
use store_postgres::PostgresContactSearch;

use crate::harness::Postgres;

const PEOPLE: [(i64, &str, &str); 10] = [
    (5_512_345_678, "MARÍA HERNÁNDEZ LÓPEZ", "AV. JUÁREZ 5 CENTRO"),
    (5_512_345_679, "Maria Hernandez", "CALLES DE LA REFORMA 100"),
    (5_587_654_321, "FERNANDO TORRES RUIZ", "CALLE REFORMAS 7"),
    (8_112_345_678, "JUAN TORRE", "PRIV. PEÑA 3"),
    (8_181_235_678, "JOSÉ PEÑA O'FARRILL", "AV HIDALGO S/N"),
    (3_312_340_000, "ANA DE LA ROSA", "ANDADOR 5 DE MAYO"),
    (3_312_340_001, "GUADALUPE HERNÁNDEZ", "JUAREZ 12"),
    (3_398_765_000, "FERNÁNDEZ Y FERNÁNDEZ", "TORRES 9"),
    (2_221_234_567, "ZOË ÁLVAREZ-PÉREZ", "5 PONIENTE"),
    (2_229_995_678, "ANASTASIA", "LA PAZ"),
];

struct Desk {
    postgres: Postgres,
    search: PostgresContactSearch,
}

impl Desk {
    async fn set() -> Self {
        let postgres = Postgres::fresh().await;
        let add = "INSERT INTO contacts (phone_national, is_valid, full_name, address, line_type) VALUES ($1, true, $2, $3, $4)";
        for (phone, name, address) in PEOPLE {
            let line_type = if phone % 2 == 0 { "mobile" } else { "unknown" };
            postgres.client.execute(add, &[&phone, &name, &address, &line_type]).await.unwrap();
        }
        let search = PostgresContactSearch::new(postgres.test.database(), Duration::from_secs(30));
        Self { postgres, search }
    }

    /// The places in the list of those who are found.
    async fn found(&self, text: &str) -> Vec<usize> {
        self.found_by(text, ContactFilter::default()).await
    }

    async fn found_by(&self, text: &str, filter: ContactFilter) -> Vec<usize> {
        let query = ContactQuery::parse(text).unwrap();
        let page = self.search.page(query.clone(), filter.clone(), ContactId(0), 200).await.unwrap();
        let counted = self.search.count(query, filter, 1_000).await.unwrap();
        assert_eq!(counted, Some(u32::try_from(page.contacts.len()).unwrap()), "{text}");
        assert!(page.found.is_none_or(|found| found == page.contacts.len() as u64), "{text}");
        let place = |phone: u64| PEOPLE.iter().position(|person| person.0.unsigned_abs() == phone).unwrap();
        page.contacts.iter().map(|contact| place(contact.phone.national())).collect()
    }
}

#[tokio::test]
async fn names_are_found_blind_to_accents_and_case_as_they_are_and_the_last_word_by_its_beginning() {
    let desk = Desk::set().await;
    for (text, expected) in [
        ("maria hernandez", &[0, 1][..]),
        ("HERNÁNDEZ maría", &[0, 1]),
        ("hern", &[0, 1, 6]),
        ("maria her", &[0, 1]),
        ("mar hernandez", &[]),
        ("fernan", &[2, 7]),
        ("fernando", &[2]),
        ("fernand", &[2, 7]),
        ("ana", &[5, 9]),
        ("ana de la r", &[5]),
        ("de la", &[5]),
        ("peña", &[3, 4]),
        ("farrill", &[4]),
        ("zoe alvarez perez", &[8]),
        ("álvarez-pérez", &[8]),
        ("nadie", &[]),
    ] {
        assert_eq!(desk.found(text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn addresses_are_found_by_the_stems_of_their_words_and_names_are_not() {
    let desk = Desk::set().await;
    // Of a name the last word may be longer; a family name is no plural.
    assert_eq!(desk.found("torre").await, [2, 3, 7]);
    assert_eq!(desk.found("torres").await, [2, 7]);
    assert_eq!(desk.found("calle reforma").await, [1, 2]);
    assert_eq!(desk.found("avenida juarez").await, [] as [usize; 0]);
    assert_eq!(desk.found("juarez").await, [0, 6]);
    assert_eq!(desk.found("5 de mayo").await, [5]);
}

#[tokio::test]
async fn words_are_found_whatever_sign_stands_between_them() {
    let desk = Desk::set().await;
    let add = "INSERT INTO contacts (phone_national, is_valid, full_name, address) VALUES
               (5599990001, true, 'MA.GUADALUPE QUIROZ', 'HIDALGO 701 Int.SIN'), (5599990002, true, 'JOSE/LUIS', 'LOMA 12-5 S/N'),
               (5599990003, true, 'q.uriel@example.com', 'KM.7.5 +52')";
    desk.postgres.client.execute(add, &[]).await.unwrap();
    for (text, expected) in [
        ("guadalupe quiroz", 5_599_990_001_u64),
        ("ma guadalupe quiroz", 5_599_990_001),
        ("Ma. Guadalupe", 5_599_990_001),
        ("hidalgo 701 int sin", 5_599_990_001),
        ("Hidalgo 701 Int.", 5_599_990_001),
        ("luis jose", 5_599_990_002),
        ("loma 12 5", 5_599_990_002),
        ("loma 12-5", 5_599_990_002),
        ("uriel", 5_599_990_003),
        ("km 7 5 52", 5_599_990_003),
    ] {
        let query = ContactQuery::parse(text).unwrap();
        let page = desk.search.page(query, ContactFilter::default(), ContactId(0), 200).await.unwrap();
        let found: Vec<u64> = page.contacts.iter().map(|contact| contact.phone.national()).collect();
        assert_eq!(found, [expected], "{text}");
    }
}

#[tokio::test]
async fn a_last_word_that_very_many_have_is_whole() {
    let desk = Desk::set().await;
    assert_eq!(desk.found("maria").await, [0, 1]);
    assert_eq!(desk.found("mari").await, [0, 1]);
    desk.postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (phone_national, is_valid, full_name)
             SELECT 7710000000 + n, true, CASE n % 100 WHEN 0 THEN 'MARIANA TORRES' ELSE 'MARIA LUNA' END
             FROM generate_series(1, 60000) AS n;
             ANALYZE contacts",
        )
        .await
        .unwrap();
    let total = async |text: &str| {
        let query = ContactQuery::parse(text).unwrap();
        // Counting has little time, and a machine that is busy may need more of it.
        for _ in 0..50 {
            let counted = desk.search.count(query.clone(), ContactFilter::default(), 100_000).await.unwrap();
            if counted.is_some() {
                return counted;
            }
        }
        None
    };
    assert_eq!(total("MARÍA").await, Some(59_402));
    let query = ContactQuery::parse("maria").unwrap();
    // So many are known to have it without counting.
    assert_eq!(desk.search.count(query, ContactFilter::default(), 10_001).await.unwrap(), Some(10_001));
    assert_eq!(total("marian").await, Some(600));
    assert_eq!(total("mari torres").await, Some(0), "the first word is never a beginning");
    assert_eq!(total("torres maria").await, Some(0), "Mariana is not María");
    assert_eq!(total("torres marian").await, Some(600));
}

#[tokio::test]
async fn numbers_are_found_whole_and_by_their_first_and_last_digits() {
    let desk = Desk::set().await;
    for (text, expected) in [
        ("+52 55 1234 5678", &[0][..]),
        ("5512345678", &[0]),
        ("5512345677", &[]),
        ("551234", &[0, 1]),
        ("551", &[0, 1]),
        ("5678", &[0, 3, 4, 9]),
        ("678", &[0, 3, 4, 9]),
        ("12345678", &[0, 3]),
        ("112345678", &[3]),
        ("000", &[5, 7]),
        ("+52331", &[5, 6]),
    ] {
        assert_eq!(desk.found(text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn filters_are_combined_with_what_is_searched_for() {
    let desk = Desk::set().await;
    let mobile = ContactFilter { line_type: Some(LineType::Mobile), ..ContactFilter::default() };
    assert_eq!(desk.found_by("hern", mobile.clone()).await, [0]);
    assert_eq!(desk.found_by("5678", mobile).await, [0, 3, 4, 9]);
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let desk = Desk::set().await;
    let query = ContactQuery::parse("5678").unwrap();
    let mut after = ContactId(0);
    let mut seen = Vec::new();
    loop {
        let page = desk.search.page(query.clone(), ContactFilter::default(), after, 1).await.unwrap();
        let Some(last) = page.contacts.last() else { break };
        assert!(last.id > after);
        after = last.id;
        seen.push(after);
    }
    assert_eq!(seen.len(), 4);
    assert_eq!(desk.search.count(query, ContactFilter::default(), 3).await.unwrap(), Some(3), "no further");
}

#[tokio::test]
async fn nothing_in_a_query_means_anything_to_the_server() {
    let desk = Desk::set().await;
    for text in [
        "ana & !ana",
        "ana | torres",
        "ana:*",
        "ana:abcd",
        "'ana'",
        "ana <-> ana",
        "ana \\",
        "ana' OR '1'='1",
        "ana; DROP TABLE contacts; --",
        "ana%",
        "an_",
        "(ana",
        "ana\u{0}",
        "ana\u{202e}",
        "añá 😀",
        "ÀNÄ",
    ] {
        let Ok(query) = ContactQuery::parse(text) else { continue };
        let found = desk.search.page(query, ContactFilter::default(), ContactId(0), 10).await;
        assert!(found.is_ok(), "{text:?}: {found:?}");
    }
    assert_eq!(desk.postgres.rows("SELECT FROM contacts").await, PEOPLE.len());
}

#[tokio::test]
async fn a_search_that_takes_too_long_ends_and_says_what_to_do() {
    let desk = Desk::set().await;
    let slow = "CREATE FUNCTION slow(bigint) RETURNS bigint LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(0.1); RETURN $1; END $$;
                ALTER TABLE contacts RENAME TO contacts_fast;
                CREATE VIEW contacts AS SELECT *, slow(id) AS late FROM contacts_fast WHERE slow(id) > 0";
    desk.postgres.client.batch_execute(slow).await.unwrap();
    let search = PostgresContactSearch::new(desk.postgres.test.database(), Duration::from_millis(150));
    let query = ContactQuery::parse("ana").unwrap();
    let error = search.page(query.clone(), ContactFilter::default(), ContactId(0), 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("http.search_timeout_ms"), "{error}");
    assert_eq!(search.count(query, ContactFilter::default(), 10).await.unwrap(), None);
}
