//! The counts of contacts: true after whatever anybody does, and what they tell of a segment is what counting says.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use domain::campaign::UnknownLineTypes;
use domain::census::{CensusVersion, CountedBy, Dimension, count};
use domain::port::{AudienceStore as _, ContactCensus as _, ImportStore as _, SegmentCount};
use domain::segment::SegmentDefinition;
use store_postgres::{PostgresAudienceStore, PostgresContactCensus};
use testkit::contract::store;
use testkit::fakes::CountingIds;
use testkit::fixtures::{rows_numbered, sorted, source_of};

use crate::campaigns::options;
use crate::harness::Postgres;

/// A few of everything: states and none, area codes, cities, line types, statuses, validity, and some who said no.
const CONTACTS: &str = "INSERT INTO contacts (phone_national, is_valid, state_code, lada, city, line_type, status, opt_out_at)
     SELECT 5510000000 + n, n % 7 <> 0, (ARRAY['JAL', 'CMX', 'NLE', NULL])[1 + n % 4], (ARRAY['33', '55', '81'])[1 + n % 3],
            CASE WHEN n % 5 = 0 THEN 'Guadalajara' END, (ARRAY['mobile', 'fixed', 'unknown'])[1 + n % 3],
            (ARRAY['ACTIVE', 'ACTIVE', 'INACTIVE', 'OPTED_OUT', 'BLOCKED'])[1 + n % 5], CASE WHEN n % 11 = 0 THEN now() END
     FROM generate_series(1, 1000) AS n";

async fn assert_true(postgres: &Postgres, after: &str) {
    let looked = postgres.client.query_one(include_str!("../../sql/inspect_counts.sql"), &[]).await.unwrap();
    assert_eq!(looked.get::<_, i64>("different"), 0, "after {after}");
}

async fn changes(postgres: &Postgres) -> i64 {
    postgres.client.query_one("SELECT count(*) FROM contact_count_changes", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn counts_are_true_after_whatever_anybody_does_to_contacts_and_folding_changes_none() {
    let postgres = Postgres::fresh().await;
    let census = PostgresContactCensus::new(postgres.test.database());
    for step in [
        CONTACTS,
        "INSERT INTO contacts (phone_national, is_valid, state_code) VALUES (5599999999, true, 'JAL')",
        "UPDATE contacts SET status = 'BLOCKED', state_code = NULL WHERE phone_national % 10 = 3",
        "UPDATE contacts SET full_name = 'ANA', updated_at = now()",
        "UPDATE contacts SET line_type = 'mobile', is_valid = NOT is_valid WHERE lada = '55'",
        "UPDATE contacts SET opt_out_at = CASE WHEN opt_out_at IS NULL THEN now() END WHERE phone_national % 2 = 0",
        "DELETE FROM contacts WHERE city = 'Guadalajara'",
        "INSERT INTO contacts (phone_national, is_valid) VALUES (5599999999, true) ON CONFLICT DO NOTHING",
        "BEGIN; DELETE FROM contacts; ROLLBACK",
        "COPY contacts (phone_national, is_valid) FROM PROGRAM 'printf ''5588888888\\tt\\n5588888889\\tf\\n'''",
        "TRUNCATE contacts CASCADE",
        CONTACTS,
    ] {
        postgres.client.batch_execute(step).await.unwrap();
        assert_true(&postgres, step).await;
        if changes(&postgres).await > 20 {
            while census.fold().await.unwrap() > 0 {}
            assert_eq!(changes(&postgres).await, 0);
            assert_true(&postgres, "folding").await;
        }
    }
    let states = count(&census.cells(Dimension::State).await.unwrap(), CountedBy::State);
    assert_eq!(states.iter().map(|state| state.total).sum::<u64>(), 1_000);
    assert!(states.iter().any(|state| state.key.is_none()));
}

#[tokio::test]
async fn many_who_fold_at_once_fold_every_change_once() {
    let postgres = Postgres::fresh().await;
    for n in 0..50 {
        let one = format!(
            "INSERT INTO contacts (phone_national, is_valid, city) VALUES ({}, true, 'C{}')",
            5_510_000_000_i64 + n,
            n % 7
        );
        postgres.client.batch_execute(&one).await.unwrap();
    }
    let folding = (0..6).map(async |_| {
        let census = PostgresContactCensus::new(postgres.test.database());
        let mut folded = 0;
        for _ in 0..10 {
            folded += census.fold().await.unwrap();
        }
        folded
    });
    let folded: u64 = futures::future::join_all(folding).await.into_iter().sum();
    assert_eq!(folded, 150, "three cubes for each of fifty contacts");
    assert_true(&postgres, "folding").await;
}

#[tokio::test]
async fn contacts_of_a_first_load_count_all_at_once_when_they_are_all_there() {
    let postgres = Postgres::fresh().await;
    let census = PostgresContactCensus::new(postgres.test.database());
    let id = domain::import::ImportId(CountingIds::nth(1));
    let mut session = postgres.import_store().begin(id, source_of("f", 9, 9)).await.unwrap();
    store(session.as_mut(), sorted(&rows_numbered(1..=5))).await.unwrap();
    assert!(census.cells(Dimension::State).await.unwrap().is_empty());
    // It dies, and what it left is counted by who goes on.
    drop(session);
    let mut session = loop {
        match postgres.import_store().reopen(id).await {
            Ok(session) => break session,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    store(session.as_mut(), sorted(&rows_numbered(6..=9))).await.unwrap();
    while session.next_finishing_step().await.unwrap().is_some() {}
    let total: u64 = census.cells(Dimension::Lada).await.unwrap().iter().map(|cell| cell.contacts).sum();
    assert_eq!(total, 9);
    assert_true(&postgres, "a first load").await;
    // From then on every change is noted again.
    postgres.client.batch_execute(CONTACTS.replace("5510000000", "5520000000").as_str()).await.unwrap();
    assert_true(&postgres, "contacts from elsewhere").await;
}

/// Definitions over what the cubes tell, each nested one level deeper than the last.
fn definitions() -> Vec<SegmentDefinition> {
    let leaves = [
        r#"{"field":"state","op":"eq","value":"JAL"}"#,
        r#"{"field":"state","op":"ne","value":"JAL"}"#,
        r#"{"field":"state","op":"in","value":["CMX","NLE"]}"#,
        r#"{"field":"state","op":"not_in","value":["CMX","NLE"]}"#,
        r#"{"field":"state","op":"is_null","value":true}"#,
        r#"{"field":"state","op":"is_null","value":false}"#,
        r#"{"field":"line_type","op":"eq","value":"mobile"}"#,
        r#"{"field":"line_type","op":"not_in","value":["fixed","unknown"]}"#,
        r#"{"field":"status","op":"in","value":["ACTIVE","BLOCKED"]}"#,
        r#"{"field":"is_valid","op":"eq","value":true}"#,
        r#"{"field":"is_valid","op":"ne","value":true}"#,
    ];
    let mut texts: Vec<String> = leaves.map(str::to_owned).to_vec();
    texts.push(r#"{"all":[]}"#.to_owned());
    for one in leaves {
        texts.push(format!(r#"{{"not":{one}}}"#));
        for other in leaves {
            texts.push(format!(r#"{{"all":[{one},{other}]}}"#));
            texts.push(format!(r#"{{"any":[{one},{{"not":{{"all":[{other},{one}]}}}}]}}"#));
        }
    }
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test]
async fn what_the_cubes_tell_of_a_segment_is_what_counting_it_says() {
    let postgres = Postgres::fresh().await;
    postgres.client.batch_execute(CONTACTS).await.unwrap();
    let audiences = PostgresAudienceStore::new(postgres.test.database(), options());
    let cells = PostgresContactCensus::new(postgres.test.database()).cells(Dimension::State).await.unwrap();
    let within = Duration::from_mins(1);
    for definition in definitions() {
        let segment = definition.check().unwrap();
        let mut told: BTreeMap<Option<String>, u64> = BTreeMap::new();
        for cell in &cells {
            if segment.means(Dimension::State, cell).unwrap() {
                *told.entry(cell.key.clone()).or_default() += cell.contacts;
            }
        }
        let counted = audiences.count_by_state(segment, within).await.unwrap();
        assert_eq!(SegmentCount::Exact(told), counted, "{definition:?}");
    }
}

#[tokio::test]
async fn a_segment_that_takes_too_long_is_estimated_and_has_no_sample() {
    let postgres = Postgres::fresh().await;
    // Slow for each contact, so that no machine is fast enough.
    let slow = "CREATE FUNCTION slow(text) RETURNS text LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(0.05); RETURN $1; END $$;
                ALTER TABLE contacts RENAME TO contacts_fast;
                CREATE VIEW contacts AS SELECT id, phone_national, slow(city) AS city, state_code, is_valid, line_type,
                    status, opt_out_at FROM contacts_fast;
                DROP VIEW reachable_contacts;
                CREATE VIEW reachable_contacts AS SELECT * FROM contacts";
    postgres.client.batch_execute(&format!("{CONTACTS}; ANALYZE contacts; {slow}")).await.unwrap();
    let audiences = PostgresAudienceStore::new(postgres.test.database(), options());
    let definition = r#"{"field":"city","op":"eq","value":"Guadalajara"}"#;
    let segment = serde_json::from_str::<SegmentDefinition>(definition).unwrap().check().unwrap();
    let within = Duration::from_millis(200);
    let counted = audiences.count_by_state(segment.clone(), within).await.unwrap();
    assert!(matches!(counted, SegmentCount::Estimated(rows) if rows <= 1_000), "{counted:?}");
    let sample = audiences.sample(segment, UnknownLineTypes::Allow, 5, within).await.unwrap();
    assert!(sample.is_empty());
}

#[tokio::test]
async fn counts_that_a_dead_build_left_stale_are_counted_when_indexes_are_asked_for_again() {
    let postgres = Postgres::fresh().await;
    let imports = postgres.import_store();
    let id = domain::import::ImportId(CountingIds::nth(1));
    let mut session = imports.begin(id, source_of("f", 9, 9)).await.unwrap();
    store(session.as_mut(), sorted(&rows_numbered(1..=9))).await.unwrap();
    drop(session);
    // As if `schema indexes` had built every index and was killed then.
    let built = "SELECT definition FROM deferred_indexes";
    let definitions: Vec<String> =
        postgres.client.query(built, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    for definition in definitions {
        postgres.client.batch_execute(&definition).await.unwrap();
    }
    postgres.client.batch_execute("DELETE FROM deferred_indexes").await.unwrap();
    imports.build_indexes(|_| {}).await.unwrap();
    assert_true(&postgres, "indexes were asked for").await;
    postgres.client.batch_execute(CONTACTS.replace("5510000000", "5520000000").as_str()).await.unwrap();
    assert_true(&postgres, "contacts from elsewhere").await;
}

/// What whoever counts would see now.
async fn version(postgres: &Postgres) -> Option<CensusVersion> {
    PostgresContactCensus::new(postgres.test.database()).version().await.unwrap()
}

#[tokio::test]
async fn the_version_changes_with_whatever_anybody_changes_of_a_contact_and_with_nothing_else() {
    let postgres = Postgres::fresh().await;
    let census = PostgresContactCensus::new(postgres.test.database());
    let mut seen = HashSet::from([version(&postgres).await.unwrap()]);
    for step in [
        CONTACTS,
        "INSERT INTO contacts (phone_national, is_valid) VALUES (5599999999, true)",
        "UPDATE contacts SET full_name = 'ANA' WHERE phone_national = 5510000001",
        "UPDATE contacts SET full_name = 'EVA' WHERE phone_national = 5510000001",
        "UPDATE contacts SET address = 'CALLE 5', municipality = 'ZAPOPAN', carrier = 'TELCEL'",
        "UPDATE contacts SET status = 'BLOCKED' WHERE phone_national = 5510000002",
        "DELETE FROM contacts WHERE phone_national = 5510000003",
        "TRUNCATE contacts CASCADE",
        "TRUNCATE contacts CASCADE",
        CONTACTS,
    ] {
        postgres.client.batch_execute(step).await.unwrap();
        assert!(seen.insert(version(&postgres).await.unwrap()), "after {step}");
        // Folded, nothing is left to see of the change: it must not be what it was before.
        let folded = census.fold().await.unwrap();
        assert!(folded == 0 || seen.insert(version(&postgres).await.unwrap()), "after folding {step}");
    }
    let before = version(&postgres).await;
    for step in [
        "SELECT count(*) FROM contacts",
        "UPDATE contacts SET full_name = 'ANA' WHERE phone_national = 1",
        "DELETE FROM contacts WHERE phone_national = 1",
        "INSERT INTO contacts (phone_national, is_valid) VALUES (5510000005, true) ON CONFLICT DO NOTHING",
        "INSERT INTO contact_tags (contact_id, tag) SELECT id, 'vip' FROM contacts LIMIT 1",
    ] {
        postgres.client.batch_execute(step).await.unwrap();
        assert_eq!(version(&postgres).await, before, "after {step}");
    }
    assert_eq!(census.fold().await.unwrap(), 0);
    assert_eq!(version(&postgres).await, before, "nothing was folded");
}

#[tokio::test]
async fn a_change_under_way_makes_another_version_when_it_commits_also_where_it_is_folded_at_once() {
    let postgres = Postgres::fresh().await;
    let census = PostgresContactCensus::new(postgres.test.database());
    let writer = postgres.test.client().await;
    let change =
        |name: &str| format!("UPDATE contacts SET full_name = '{name}' WHERE phone_national = 5510000001");
    postgres.client.batch_execute(CONTACTS).await.unwrap();
    while census.fold().await.unwrap() > 0 {}

    // Its notes have their ids already when the version is read.
    writer.batch_execute(&format!("BEGIN; {}", change("ANA"))).await.unwrap();
    let under_way = version(&postgres).await.unwrap();
    assert_eq!(version(&postgres).await.unwrap(), under_way);
    writer.batch_execute("COMMIT").await.unwrap();
    let committed = version(&postgres).await.unwrap();
    assert_ne!(committed, under_way);
    assert_eq!(census.fold().await.unwrap(), 3);
    let folded = version(&postgres).await.unwrap();
    assert!(folded != under_way && folded != committed, "a count without Ana would be answered again");

    // While it is under way others change contacts, and it is called off.
    writer.batch_execute(&format!("BEGIN; {}", change("EVA"))).await.unwrap();
    postgres.client.batch_execute(&change("LUZ").replace("0001", "0002")).await.unwrap();
    let by_another = version(&postgres).await.unwrap();
    writer.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(version(&postgres).await.unwrap(), by_another, "nobody sees anything of it");
}

#[tokio::test]
async fn sets_of_notes_of_one_size_and_one_sum_are_two_versions() {
    let postgres = Postgres::fresh().await;
    let note = |ids: &str| {
        format!(
            "DELETE FROM contact_count_changes;
             INSERT INTO contact_count_changes
                 (id, dimension, line_type, status, is_valid, has_opted_out, contacts) OVERRIDING SYSTEM VALUE
             SELECT id, 'state', 'mobile', 'ACTIVE', true, false, 0 FROM unnest(ARRAY[{ids}]) AS id"
        )
    };
    postgres.client.batch_execute(&note("10, 13")).await.unwrap();
    let one = version(&postgres).await;
    postgres.client.batch_execute(&note("11, 12")).await.unwrap();
    assert_ne!(version(&postgres).await, one);
}

#[tokio::test]
async fn there_is_no_version_while_an_empty_table_is_loaded_and_another_one_after() {
    let postgres = Postgres::fresh().await;
    let before = version(&postgres).await.unwrap();
    let id = domain::import::ImportId(CountingIds::nth(1));
    let mut session = postgres.import_store().begin(id, source_of("f", 9, 9)).await.unwrap();
    store(session.as_mut(), sorted(&rows_numbered(1..=9))).await.unwrap();
    assert_eq!(version(&postgres).await, None);
    while session.next_finishing_step().await.unwrap().is_some() {}
    let after = version(&postgres).await;
    assert!(after.is_some() && after != Some(before), "{after:?}");
}
