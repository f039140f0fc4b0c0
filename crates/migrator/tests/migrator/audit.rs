//! `migrator audit verify`, on a log that somebody with every right tampered with.

use testkit::TestDatabase;

use crate::running::{assert_fails, run, run_json};

/// A database with a log of ten lines, and the hash that it ends in.
async fn logged() -> (TestDatabase, String) {
    let database = TestDatabase::fresh().await;
    let lines = "INSERT INTO audit_log (actor, action, object_kind, object_id)
                 SELECT 'ana@empresa.mx', 'contact.update', 'contact', n::text FROM generate_series(1, 10) AS n";
    database.client().await.batch_execute(lines).await.unwrap();
    let whole = run_json(database.url(), &["audit", "verify", "--json"]);
    assert_eq!((&whole["lines"], &whole["place"], &whole["faults"]), (&10.into(), &10.into(), &0.into()));
    (database, whole["hash"].as_str().unwrap().to_owned())
}

async fn tamper(database: &TestDatabase, statements: &str) {
    let past_the_triggers = format!("SET session_replication_role = replica; {statements}");
    database.client().await.batch_execute(&past_the_triggers).await.unwrap();
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole_and_goes_on_from_what_was_kept_of_it() {
    let (database, hash) = logged().await;
    let line = "INSERT INTO audit_log (actor, action, object_kind, object_id) VALUES ('a', 'b', 'c', 'd')";
    database.client().await.batch_execute(line).await.unwrap();
    let again = run_json(database.url(), &["audit", "verify", "--expect", &hash, "--json"]);
    assert_eq!((&again["lines"], &again["faults"]), (&11.into(), &0.into()));
    assert_ne!(again["hash"], hash.as_str());
    assert_fails(&run(database.url(), &["audit", "verify", "--expect", "0b9e"]), 2, &["64 hexadecimal"]);
}

#[tokio::test]
async fn whatever_was_done_to_a_line_ends_5_and_names_it() {
    for (statements, says) in [
        ("UPDATE audit_log SET actor = 'eva@empresa.mx' WHERE object_id = '4'", "line 4 at place 4 was changed"),
        ("DELETE FROM audit_log WHERE object_id = '4'", "line 4 at place 4 was taken out"),
        (
            "INSERT INTO audit_log (actor, action, object_kind, object_id) VALUES ('a', 'b', 'c', 'd')",
            "line 11 was put in",
        ),
        (
            "UPDATE audit_chain SET line_id = CASE line_id WHEN 4 THEN -5 ELSE -4 END WHERE line_id IN (4, 5);
             UPDATE audit_chain SET line_id = -line_id WHERE line_id < 0",
            "line 5 at place 4 was changed or moved",
        ),
        (
            "DELETE FROM audit_log WHERE id > 8; DELETE FROM audit_chain WHERE place > 8",
            "the chain ends at place 8, and was left at place 10",
        ),
        ("DELETE FROM audit_chain WHERE place = 4; DELETE FROM audit_log WHERE id = 4", "places 4 to 4"),
    ] {
        let (database, _) = logged().await;
        tamper(&database, statements).await;
        assert_fails(&run(database.url(), &["audit", "verify"]), 5, &[says]);
        let told = run(database.url(), &["audit", "verify", "--json"]);
        assert_eq!(told.status.code(), Some(5));
        let last = String::from_utf8(told.stdout).unwrap().lines().last().unwrap().to_owned();
        let last: serde_json::Value = serde_json::from_str(&last).unwrap();
        assert!(last["faults"].as_u64().unwrap() > 0, "{last}");
    }
}

/// Whoever has every right can write the whole chain anew; they cannot know what was kept elsewhere.
#[tokio::test]
async fn an_end_that_was_cut_off_whole_is_missed_by_who_kept_its_hash() {
    let (database, hash) = logged().await;
    let cut = "DELETE FROM audit_log WHERE id > 8; DELETE FROM audit_chain WHERE place > 8;
               UPDATE audit_head SET (place, hash) = (SELECT place, hash FROM audit_chain WHERE place = 8)";
    tamper(&database, cut).await;
    assert!(run(database.url(), &["audit", "verify"]).status.success());
    let missed = run(database.url(), &["audit", "verify", "--expect", &hash]);
    assert_fails(&missed, 5, &["expected hash is not in the chain"]);
}
