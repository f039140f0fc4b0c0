//! `verify` and `status` over real imports, true and tampered with.

use testkit::TestDatabase;

use crate::running::{ask, assert_fails, contact_file, run, run_json, stderr, text};

async fn imported() -> (TestDatabase, tempfile::TempDir, std::path::PathBuf) {
    let database = TestDatabase::fresh().await;
    let (folder, file) = contact_file(3_000);
    let import = ["import", text(&file), "--json", "--min-valid-percent", "90"];
    assert_eq!(run_json(database.url(), &import)["state"], "completed");
    (database, folder, file)
}

#[tokio::test]
async fn an_import_is_as_its_file_says() {
    let (database, _folder, _file) = imported().await;
    let output = run(database.url(), &["verify", "--sample", "3000", "--min-valid-percent", "90"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    for check in ["refused by reason", "contacts by area code", "columns that are filled", "plan: by state"] {
        assert!(said.contains(check), "{check} is not in\n{said}");
    }
    assert!(said.contains("sample") && said.contains("3000 rows are as the file says"), "{said}");

    let status = run_json(database.url(), &["status", "--watch", "--json"]);
    assert_eq!((status["state"].as_str(), status["percent"].as_f64()), (Some("completed"), Some(100.0)));
    assert_eq!(status["rows_read"].as_i64(), Some(3_000));
    assert!(run(database.url(), &["status"]).status.success());
    let nobodys = "01900000-0000-7000-8000-000000000000";
    assert_fails(&run(database.url(), &["status", nobodys]), 2, &["no such import"]);
    assert_fails(&run(database.url(), &["verify", nobodys]), 2, &["no such import"]);
}

#[tokio::test]
async fn what_was_changed_behind_an_import_is_found() {
    let (database, _folder, file) = imported().await;
    let client = database.client().await;
    let verify = ["verify", "--sample", "100000", "--min-valid-percent", "90"];
    for (tampering, undoing, found) in [
        (
            "CREATE TABLE aside AS SELECT * FROM contacts WHERE full_name IS NOT NULL ORDER BY id LIMIT 1;
             UPDATE contacts SET full_name = NULL WHERE id = (SELECT id FROM aside)",
            "UPDATE contacts SET full_name = aside.full_name FROM aside WHERE contacts.id = aside.id",
            ["full_name", "differs in full_name"],
        ),
        (
            "UPDATE contacts SET is_valid = NOT is_valid WHERE id = (SELECT id FROM aside)",
            "UPDATE contacts SET is_valid = NOT is_valid WHERE id = (SELECT id FROM aside)",
            ["valid contacts", "differs in is_valid"],
        ),
        (
            "UPDATE contacts SET lada = '999' WHERE id = (SELECT id FROM aside)",
            "UPDATE contacts SET lada = aside.lada FROM aside WHERE contacts.id = aside.id",
            ["999: ", "differs in lada"],
        ),
        (
            "UPDATE contacts SET import_id = gen_random_uuid() WHERE id = (SELECT id FROM aside)",
            "UPDATE contacts SET import_id = aside.import_id FROM aside WHERE contacts.id = aside.id",
            ["contacts of no import", "1 are there, 0 are expected"],
        ),
        (
            "CREATE TABLE refused AS SELECT * FROM import_rejects WHERE reason = 'duplicate' LIMIT 1;
             DELETE FROM import_rejects WHERE source_row_id = (SELECT source_row_id FROM refused)",
            "INSERT INTO import_rejects SELECT * FROM refused",
            ["duplicates", "nothing is kept of it"],
        ),
        (
            "DROP INDEX idx_contacts_city_active; DROP INDEX idx_contacts_send_count",
            "",
            ["idx_contacts_city_active is missing", "schema indexes"],
        ),
        (
            "UPDATE imports SET last_source_row_id = last_source_row_id - 1",
            "UPDATE imports SET last_source_row_id = last_source_row_id + 1",
            ["last row", "the checkpoint is id"],
        ),
    ] {
        client.batch_execute(tampering).await.unwrap();
        assert_fails(&run(database.url(), &verify), 5, &found);
        client.batch_execute(undoing).await.unwrap();
        if undoing.is_empty() {
            // Others go on writing meanwhile.
            let built = run(database.url(), &["schema", "indexes"]);
            assert!(stderr(&built).contains("index idx_contacts_send_count"), "{}", stderr(&built));
        }
    }
    let output = run(database.url(), &verify);
    assert!(output.status.success(), "{}", stderr(&output));

    // Another file, and none.
    let (_other_folder, other) = contact_file(10);
    assert_fails(
        &run(database.url(), &[&verify[..], &["--source", text(&other)]].concat()),
        5,
        &["not the one"],
    );
    let moved = file.with_extension("moved");
    std::fs::rename(&file, &moved).unwrap();
    assert_fails(&run(database.url(), &verify), 5, &["not where it was", "--source"]);
    let output = run(database.url(), &[&verify[..], &["--source", text(&moved)]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

#[tokio::test]
async fn numbers_that_were_there_before_are_told_apart_from_those_of_the_file() {
    let database = TestDatabase::fresh().await;
    let (_folder, file) = contact_file(2_000);
    let import = ["import", text(&file), "--json", "--min-valid-percent", "90", "--limit", "500"];
    assert_eq!(run_json(database.url(), &import)["state"], "stopped");
    let verify = ["verify", "--sample", "2000", "--min-valid-percent", "90"];
    assert!(run(database.url(), &verify).status.success());
    // A trial that was taken back, and some of its numbers that came in by hand.
    let client = database.client().await;
    client.batch_execute("UPDATE contacts SET import_id = NULL WHERE id % 3 = 0").await.unwrap();
    let id: uuid::Uuid = client.query_one("SELECT id FROM imports", &[]).await.unwrap().get(0);
    assert!(run(database.url(), &["rollback", &id.to_string()]).status.success());
    let import = ["import", text(&file), "--json", "--min-valid-percent", "90"];
    let finished = run_json(database.url(), &import);
    assert!(finished["duplicates_existing"].as_i64().unwrap() > 100, "{finished}");
    let output = run(database.url(), &verify);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        ask(&database, "SELECT count(*) FROM import_rejects WHERE reason = 'duplicate_existing'").await > 100
    );
}

#[tokio::test]
async fn a_report_tells_people_and_programs_the_same_and_keeps_what_was_not_imported() {
    let database = TestDatabase::fresh().await;
    let (folder, file) = contact_file(3_000);
    let into = folder.path().join("informe");
    let arguments = ["import", text(&file), "--json", "--min-valid-percent", "90", "--report", text(&into)];
    let done = run_json(database.url(), &arguments);
    let mut names: Vec<_> = std::fs::read_dir(&into)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["rejects.csv", "report.html", "report.json"]);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&into.metadata().unwrap().permissions()) & 0o777,
        0o700
    );

    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(into.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["rows"]["imported"], done["imported"]);
    assert_eq!(report["import_id"], done["import_id"]);
    let states = &report["charts"][2];
    let sum: i64 = states["bars"].as_array().unwrap().iter().map(|bar| bar["rows"].as_i64().unwrap()).sum();
    assert_eq!(sum, done["imported"].as_i64().unwrap());
    assert!(!report["time"]["steps"].as_array().unwrap().is_empty());

    let page = std::fs::read_to_string(into.join("report.html")).unwrap();
    assert!(page.contains("Ciudad de México") && page.contains("<svg"), "{page}");
    assert!(!page.contains("src=") && !page.contains("href="), "the page stands by itself");

    let refused = done["duplicates"].as_u64().unwrap() + done["rejected"].as_u64().unwrap();
    let mut rows = csv::Reader::from_path(into.join("rejects.csv")).unwrap();
    assert_eq!(rows.headers().unwrap().len(), 20);
    assert_eq!(rows.records().map(Result::unwrap).count() as u64, refused);
}
