//! Imports that go well, are cut short, killed and gone on with.

use std::process::Child;

use domain::port::Ids as _;
use system::SystemIds;
use testkit::TestDatabase;

use crate::running::{
    ask, assert_fails, contact_file, digest, migrator, run, run_json, stderr, text, wait_for_more,
};

const ROWS: u64 = 30_000;
/// Ends every connection to the database but the one that asks.
const BREAK_OFF: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()";
const ROWS_READ: &str = "SELECT coalesce(max(rows_read), 0)::bigint FROM imports";

/// Starts an import in small batches and waits until some of it is stored.
async fn begun(database: &TestDatabase, file: &str, settings: &[(&str, &str)]) -> Child {
    let arguments = ["import", file, "--batch-rows", "100", "--json", "--min-valid-percent", "90"];
    let mut child = migrator(database.url(), &arguments).envs(settings.iter().copied()).spawn().unwrap();
    wait_for_more(database, ROWS_READ, 2_000, &mut child).await;
    child
}

async fn uninterrupted(file: &str) -> (i64, String, i64, String) {
    let database = TestDatabase::fresh().await;
    run_json(database.url(), &["import", file, "--json", "--min-valid-percent", "90"]);
    digest(&database).await
}

#[tokio::test]
async fn every_row_of_the_file_is_imported_or_kept_with_its_reason() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let report = run_json(database.url(), &["import", text(&file), "--json", "--min-valid-percent", "90"]);
    let figure = |name: &str| report[name].as_i64().unwrap();
    assert_eq!(report["state"], "completed");
    assert_eq!(figure("source_rows"), i64::try_from(ROWS).unwrap());
    assert_eq!(figure("rows_read"), figure("imported") + figure("duplicates") + figure("rejected"));
    assert_eq!(ask(&database, "SELECT count(*) FROM contacts").await, figure("imported"));
    assert_eq!(
        ask(&database, "SELECT count(*) FROM import_rejects").await,
        figure("duplicates") + figure("rejected")
    );
    assert_eq!(ask(&database, "SELECT count(*) FROM import_statistics").await, 1);
    assert_eq!(ask(&database, "SELECT count(*) FROM missing_ladas").await, 186);
    assert_eq!(ask(&database, "SELECT count(*) FROM deferred_indexes").await, 0);
    assert_eq!(
        ask(&database, "SELECT sum(total_contacts)::bigint FROM contacts_by_state").await,
        figure("imported")
    );
}

#[tokio::test]
async fn a_second_import_of_the_same_file_changes_nothing_of_the_first() {
    let (_folder, file) = contact_file(3_000);
    let database = TestDatabase::fresh().await;
    run_json(database.url(), &["import", text(&file), "--json", "--min-valid-percent", "90"]);
    let before = ask(&database, "SELECT count(*) FROM contacts").await;
    let again = run_json(database.url(), &["import", text(&file), "--json", "--min-valid-percent", "90"]);
    assert_eq!(again["imported"], 0);
    assert!(again["duplicates_existing"].as_i64().unwrap() >= before);
    assert_eq!(ask(&database, "SELECT count(*) FROM contacts").await, before);
}

#[tokio::test]
async fn an_import_killed_in_the_middle_goes_on_and_ends_with_the_same_rows() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let mut child = begun(&database, text(&file), &[]).await;
    child.kill().unwrap();
    child.wait().unwrap();

    let refused = run(database.url(), &["import", text(&file)]);
    assert_fails(&refused, 2, &["unfinished", "--resume"]);
    let resumed =
        run_json(database.url(), &["import", text(&file), "--resume", "--json", "--min-valid-percent", "90"]);
    assert_eq!(resumed["state"], "completed");
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
    assert_eq!(ask(&database, "SELECT count(*) FROM deferred_indexes").await, 0);
}

#[tokio::test]
async fn an_import_whose_server_breaks_off_goes_on_by_itself() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let child = begun(&database, text(&file), &[]).await;
    ask(&database, BREAK_OFF).await;
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"event\":\"retry\""), "{said}");
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
}

#[tokio::test]
async fn an_import_whose_server_breaks_off_too_often_ends_4_and_can_go_on() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let child = begun(&database, text(&file), &[("PREGON__IMPORT__RETRIES_MAX", "0")]).await;
    ask(&database, BREAK_OFF).await;
    let output = child.wait_with_output().unwrap();
    assert_fails(&output, 4, &["store a batch of import", "unavailable"]);

    let resumed =
        run_json(database.url(), &["import", text(&file), "--resume", "--json", "--min-valid-percent", "90"]);
    assert_eq!(resumed["state"], "completed");
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
}

#[cfg(unix)]
#[tokio::test]
async fn an_import_asked_to_end_stops_at_a_batch_and_ends_130() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let child = begun(&database, text(&file), &[]).await;
    let asked = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let output = child.wait_with_output().unwrap();
    assert_fails(&output, 130, &["as asked", "--resume"]);
    let stored =
        ask(&database, "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM import_rejects)")
            .await;
    assert_eq!(stored, ask(&database, ROWS_READ).await);
}

#[tokio::test]
async fn a_limit_ends_whole_and_the_rest_is_the_same_import_going_on() {
    let (_folder, file) = contact_file(5_000);
    let database = TestDatabase::fresh().await;
    let low = ["--json", "--min-valid-percent", "90"];
    let trial = run_json(database.url(), &[&["import", text(&file), "--limit", "1234"][..], &low].concat());
    assert_eq!((trial["state"].as_str(), trial["rows_read"].as_i64()), (Some("stopped"), Some(1234)));
    assert_eq!(ask(&database, "SELECT count(*) FROM deferred_indexes").await, 0);

    let rest = ["import", text(&file), "--resume", "--batch-rows", "777"];
    let rest = run_json(database.url(), &[&rest[..], &low].concat());
    assert_eq!(rest["import_id"], trial["import_id"]);
    assert_eq!((rest["state"].as_str(), rest["rows_read"].as_i64()), (Some("completed"), Some(5_000)));
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
}

#[tokio::test]
async fn while_an_import_is_open_or_unfinished_no_other_one_begins() {
    let (_folder, file) = contact_file(ROWS);
    let (_other_folder, other) = contact_file(1_000);
    let database = TestDatabase::fresh().await;
    let mut child = begun(&database, text(&file), &[]).await;
    assert_fails(&run(database.url(), &["import", text(&other)]), 2, &["another file"]);
    child.kill().unwrap();
    child.wait().unwrap();

    // Another process has it open for as long as this connection lives.
    let holder = database.client().await;
    holder
        .query_one("SELECT pg_advisory_lock(hashtextextended('pregon.import', 0))::text", &[])
        .await
        .unwrap();
    let resumed = run(database.url(), &["import", text(&file), "--resume"]);
    assert_fails(&resumed, 4, &["another import, rollback or index build is running"]);
}

#[tokio::test]
async fn too_few_valid_rows_kept_end_5_with_everything_stored() {
    let (_folder, file) = contact_file(5_000);
    let database = TestDatabase::fresh().await;
    let output = run(database.url(), &["import", text(&file), "--min-valid-percent", "100"]);
    assert_fails(&output, 5, &["kept as valid contacts", "import_rejects"]);
    assert_eq!(ask(&database, "SELECT count(*) FROM imports WHERE state = 'completed'").await, 1);
}

#[tokio::test]
async fn an_import_whose_file_was_changed_is_taken_back_and_the_file_comes_anew() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let mut child = begun(&database, text(&file), &[]).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let (_other_folder, other) = contact_file(ROWS - 1);
    std::fs::copy(&other, &file).unwrap();
    let refused = run(database.url(), &["import", text(&file), "--resume"]);
    assert_fails(&refused, 2, &["before it was changed", "migrator rollback"]);

    let id: uuid::Uuid =
        database.client().await.query_one("SELECT id FROM imports", &[]).await.unwrap().get(0);
    let id = id.to_string();
    let held = ask(&database, "SELECT count(*) FROM contacts").await;
    assert!(held > 0);
    let finished = run_json(database.url(), &["rollback", &id, "--json"]);
    assert_eq!(finished["contacts_removed"].as_i64(), Some(held));
    let left = "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM import_rejects)
                       + (SELECT count(*) FROM deferred_indexes)";
    assert_eq!(ask(&database, left).await, 0);
    assert_fails(&run(database.url(), &["rollback", &id]), 4, &["rolled back already"]);

    let low = ["--json", "--min-valid-percent", "90"];
    let again = run_json(database.url(), &[&["import", text(&file)][..], &low].concat());
    assert_eq!(again["state"], "completed");
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
}

#[tokio::test]
async fn indexes_that_a_killed_load_left_down_are_built_and_it_still_goes_on() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let mut child = begun(&database, text(&file), &[]).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(ask(&database, "SELECT count(*) FROM deferred_indexes").await > 0);
    assert!(run(database.url(), &["schema", "indexes"]).status.success());
    assert_eq!(ask(&database, "SELECT count(*) FROM deferred_indexes").await, 0);
    let rest = ["import", text(&file), "--resume", "--json", "--min-valid-percent", "90"];
    assert_eq!(run_json(database.url(), &rest)["state"], "completed");
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
}

#[tokio::test]
async fn an_index_that_a_killed_build_left_behind_is_in_nobodys_way() {
    let (_folder, file) = contact_file(ROWS);
    let database = TestDatabase::fresh().await;
    let mut child = begun(&database, text(&file), &[]).await;
    child.kill().unwrap();
    child.wait().unwrap();
    // As `schema indexes` leaves them when it is killed behind a build, and within one.
    let client = database.client().await;
    client
        .batch_execute(
            "CREATE INDEX idx_contacts_city_active ON contacts (city, status) WHERE opt_out_at IS NULL;
             CREATE INDEX idx_contacts_lada_active ON contacts (lada);
             UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_contacts_lada_active'::regclass",
        )
        .await
        .unwrap();
    let rest = ["import", text(&file), "--resume", "--json", "--min-valid-percent", "90"];
    assert_eq!(run_json(database.url(), &rest)["state"], "completed");
    assert_eq!(digest(&database).await, uninterrupted(text(&file)).await);
    assert!(run(database.url(), &["verify", "--min-valid-percent", "90"]).status.success());
}

#[cfg(unix)]
#[tokio::test]
async fn an_import_goes_on_when_nobody_reads_its_lines() {
    let (_folder, file) = contact_file(5_000);
    let database = TestDatabase::fresh().await;
    let mut command =
        migrator(database.url(), &["import", text(&file), "--json", "--min-valid-percent", "90"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(ask(&database, ROWS_READ).await, 5_000);
}

#[tokio::test]
async fn an_import_that_campaigns_wrote_to_is_taken_back_only_around_their_contacts() {
    let (_folder, file) = contact_file(2_000);
    let database = TestDatabase::fresh().await;
    let imported = run_json(database.url(), &["import", text(&file), "--json", "--min-valid-percent", "90"]);
    let id = imported["import_id"].as_str().unwrap();
    let client = database.client().await;
    let (sender, campaign) = (SystemIds.next(), SystemIds.next());
    client
        .batch_execute(&format!(
            "INSERT INTO senders (id, name, provider, kind, value, price_micros_per_segment, identity)
             VALUES ('{sender}', 'Tienda', 'telnyx', 'alphanumeric', 'TIENDA', 1, '{{}}');
             INSERT INTO campaigns (id, name, sender_id, template, segment, price_micros_per_segment, created_by)
             VALUES ('{campaign}', 'Primavera', '{sender}', 'Hola', '{{}}', 1, 'ana');
             INSERT INTO messages (campaign_id, phone, contact_id, seq, segments, body)
             SELECT '{campaign}', phone_national, id, row_number() OVER (), 1, 'Hola'
             FROM contacts WHERE is_valid ORDER BY id LIMIT 7"
        ))
        .await
        .unwrap();
    let refused = run(database.url(), &["rollback", id]);
    assert_fails(&refused, 2, &["Primavera", "7 messages", "--keep-referenced"]);
    assert_eq!(ask(&database, "SELECT count(*) FROM imports WHERE state = 'completed'").await, 1);

    let finished = run_json(database.url(), &["rollback", id, "--keep-referenced", "--json"]);
    assert_eq!(finished["contacts_removed"].as_i64(), imported["imported"].as_i64().map(|all| all - 7));
    let kept = "SELECT count(*) FROM contacts JOIN messages ON messages.contact_id = contacts.id";
    assert_eq!(ask(&database, kept).await, 7);
    assert_eq!(ask(&database, "SELECT count(*) FROM contacts").await, 7);
    assert_eq!(ask(&database, "SELECT count(*) FROM messages").await, 7);
}
