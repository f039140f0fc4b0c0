//! Backups: written while an import runs, cut short, killed and gone on with, damaged, and brought back.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;

use futures::SinkExt as _;
use serde_json::Value;
use testkit::TestDatabase;

use crate::running::{
    ask, assert_fails, contact_file, digest, migrator, run, run_json, stderr, text, wait_for_more,
};

const ROWS: u64 = 12_000;
/// Small parts, so that there are several.
const PART_ROWS: (&str, &str) = ("PREGON__IMPORT__BACKUP_PART_ROWS", "2500");
const LOADING: &str = "SELECT coalesce(max(rows_read), 0)::bigint FROM imports WHERE state = 'loading'";
const ROWS_READ: &str = "SELECT coalesce(max(rows_read), 0)::bigint FROM imports";

fn import_command<'a>(file: &'a str, backup: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", file, "--backup", backup, "--json", "--min-valid-percent", "90"], more].concat()
}

fn import(database: &TestDatabase, file: &str, backup: &str, more: &[&str]) -> Output {
    let arguments = import_command(file, backup, more);
    migrator(database.url(), &arguments).envs([PART_ROWS]).output().unwrap()
}

#[track_caller]
fn last_line(output: Output) -> Value {
    assert!(output.status.success(), "{}", stderr(&output));
    let stdout = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(stdout.lines().last().unwrap()).unwrap()
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

fn rows_to(part: &Value) -> u64 {
    part["tally"]["rows_read"].as_u64().unwrap()
}

/// Restores into another database, which must then hold the same.
async fn assert_restores(backup: &Path, original: &TestDatabase) {
    let other = TestDatabase::fresh().await;
    let restored = run_json(other.url(), &["restore", text(backup), "--json"]);
    assert_eq!(digest(&other).await, digest(original).await, "{restored}");
    let account = "SELECT md5(string_agg(imports::text, ',')) FROM (SELECT id, state, source_fingerprint, rows_read,
                       imported, imported_valid, duplicates, rejected, valid_rows_kept, states_unmapped FROM imports) imports";
    let account = async |database: &TestDatabase| -> String {
        database.client().await.query_one(account, &[]).await.unwrap().get(0)
    };
    assert_eq!(account(&other).await, account(original).await);
    assert_eq!(ask(&other, "SELECT count(*) FROM import_statistics").await, 1);
    assert_eq!(ask(&other, "SELECT count(*) FROM deferred_indexes").await, 0);
}

#[tokio::test]
async fn a_backup_holds_the_file_and_all_that_was_stored_in_parts() {
    let (folder, file) = contact_file(ROWS);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    let output = import(&database, text(&file), text(&backup), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.lines().next().unwrap().contains("began"), "{said}");
    assert!(said.contains("source_copied"), "{said}");
    let report = last_line(output);

    let manifest = manifest(&backup);
    assert_eq!(manifest["import"]["id"], report["import_id"]);
    assert_eq!(manifest["is_finished"], true);
    assert_eq!(fs::read(backup.join("numeros.db")).unwrap(), fs::read(&file).unwrap());
    assert_eq!(manifest["source_copy"]["sha256"].as_str().unwrap().len(), 64);
    let parts = manifest["parts"].as_array().unwrap();
    // Batches of 10,000 rows end where they end: the parts do as well.
    assert_eq!(rows_to(parts.last().unwrap()), ROWS);
    for file in fs::read_dir(&backup).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains("partial"), "{name} is left over");
    }
    #[cfg(unix)]
    for path in [&backup, &backup.join("contacts-00001.copy.zst"), &backup.join("numeros.db")] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is for its owner alone", path.display());
    }
    assert_restores(&backup, &database).await;

    // The copy is the file itself: what was imported can be held against it.
    let copy = backup.join("numeros.db");
    let verify = ["verify", "--source", text(&copy), "--min-valid-percent", "90"];
    assert!(run(database.url(), &verify).status.success());
}

#[tokio::test]
async fn a_part_is_taken_in_by_the_statement_that_the_manifest_names() {
    let (folder, file) = contact_file(ROWS);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    last_line(import(&database, text(&file), text(&backup), &["--batch-rows", "1000"]));
    let manifest = manifest(&backup);
    let parts = manifest["parts"].as_array().unwrap();
    assert_eq!(parts.iter().map(rows_to).collect::<Vec<_>>(), [3_000, 6_000, 9_000, 12_000]);

    let other = TestDatabase::fresh().await;
    let client = other.client().await;
    client
        .batch_execute("ALTER TABLE import_rejects DROP CONSTRAINT import_rejects_import_fk")
        .await
        .unwrap();
    for part in parts {
        for table in ["contacts", "rejects"] {
            let packed = fs::read(backup.join(part[table]["file"].as_str().unwrap())).unwrap();
            let rows = zstd::decode_all(&packed[..]).unwrap();
            let sink = client.copy_in(manifest["statements"][table].as_str().unwrap()).await.unwrap();
            let mut sink = std::pin::pin!(sink);
            sink.send(bytes::Bytes::from(rows)).await.unwrap();
            sink.finish().await.unwrap();
        }
    }
    assert_eq!(digest(&other).await, digest(&database).await);
}

#[tokio::test]
async fn an_import_killed_in_the_middle_has_a_whole_backup_once_it_went_on() {
    let (folder, file) = contact_file(ROWS);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    let arguments = import_command(text(&file), text(&backup), &["--batch-rows", "100"]);
    let mut child = migrator(database.url(), &arguments).envs([PART_ROWS]).spawn().unwrap();
    wait_for_more(&database, ROWS_READ, 4_000, &mut child).await;
    child.kill().unwrap();
    child.wait().unwrap();

    last_line(import(&database, text(&file), text(&backup), &["--resume"]));
    assert_eq!(manifest(&backup)["is_finished"], true);
    assert_restores(&backup, &database).await;
}

#[tokio::test]
async fn a_backup_that_is_asked_for_late_holds_what_was_stored_before_it() {
    let (folder, file) = contact_file(ROWS);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    let low = ["--json", "--min-valid-percent", "90"];
    run_json(database.url(), &[&["import", text(&file), "--limit", "5000"][..], &low].concat());
    let rest = ["--resume", "--batch-rows", "500"];
    last_line(import(&database, text(&file), text(&backup), &rest));
    let parts = manifest(&backup)["parts"].as_array().unwrap().iter().map(rows_to).collect::<Vec<_>>();
    assert_eq!(parts, [5_000, 7_500, 10_000, 12_000]);
    assert_restores(&backup, &database).await;
}

#[tokio::test]
async fn what_was_rolled_back_is_brought_back_and_may_be_killed_meanwhile() {
    let (folder, file) = contact_file(ROWS);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    let report = last_line(import(&database, text(&file), text(&backup), &["--batch-rows", "500"]));
    let before = digest(&database).await;
    let restore = ["restore", text(&backup), "--json"];
    let there = run(database.url(), &restore);
    assert_fails(&there, 4, &["is in the database", "migrator rollback"]);

    let id = report["import_id"].as_str().unwrap();
    assert!(run(database.url(), &["rollback", id]).status.success());
    assert_eq!(ask(&database, "SELECT count(*) FROM contacts").await, 0);
    let mut child = migrator(database.url(), &restore).spawn().unwrap();
    wait_for_more(&database, LOADING, 1, &mut child).await;
    child.kill().unwrap();
    child.wait().unwrap();
    run_json(database.url(), &restore);
    assert_eq!(digest(&database).await, before);
    let verify = ["verify", id, "--min-valid-percent", "90"];
    let verified = run(database.url(), &verify);
    assert!(verified.status.success(), "{}", stderr(&verified));
}

#[tokio::test]
async fn a_number_that_came_in_by_another_way_is_left_as_it_is() {
    let (folder, file) = contact_file(3_000);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    last_line(import(&database, text(&file), text(&backup), &[]));
    let imported = ask(&database, "SELECT count(*) FROM contacts").await;
    let first: i64 = ask(&database, "SELECT phone_national FROM contacts ORDER BY id LIMIT 1").await;

    let other = TestDatabase::fresh().await;
    let add = "INSERT INTO contacts (phone_national, is_valid, source) VALUES ($1, true, 'person')";
    other.client().await.execute(add, &[&first]).await.unwrap();
    let restored = run_json(other.url(), &["restore", text(&backup), "--json"]);
    assert_eq!(restored["imported"].as_i64(), Some(imported - 1));
    assert_eq!(restored["duplicates_existing"].as_i64(), Some(1));
    assert_eq!(ask(&other, "SELECT count(*) FROM contacts WHERE source = 'person'").await, 1);
    let verify = ["verify", "--source", text(&file), "--min-valid-percent", "90"];
    let verified = run(other.url(), &verify);
    assert!(verified.status.success(), "{}", stderr(&verified));
}

#[tokio::test]
async fn a_backup_that_is_not_as_it_was_written_is_refused_and_nothing_of_the_part_is_stored() {
    let (folder, file) = contact_file(ROWS);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    last_line(import(&database, text(&file), text(&backup), &["--batch-rows", "500"]));

    let part = backup.join("contacts-00002.copy.zst");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, &bytes).unwrap();
    let other = TestDatabase::fresh().await;
    let refused = run(other.url(), &["restore", text(&backup)]);
    assert_fails(&refused, 3, &["contacts-00002.copy.zst", "not what was written", "another copy"]);
    assert!(ask(&other, "SELECT count(*) FROM contacts").await <= 2_500, "of the first part at most");

    assert_fails(&run(other.url(), &["restore", text(folder.path())]), 3, &["no manifest.json"]);
    fs::write(backup.join("manifest.json"), "{").unwrap();
    assert_fails(&run(other.url(), &["restore", text(&backup)]), 3, &["manifest.json"]);
}

#[tokio::test]
async fn the_folder_of_another_backup_and_a_folder_that_cannot_be_made_are_refused() {
    let (folder, file) = contact_file(1_000);
    let backup = folder.path().join("respaldo");
    let database = TestDatabase::fresh().await;
    last_line(import(&database, text(&file), text(&backup), &[]));
    let refused = import(&TestDatabase::fresh().await, text(&file), text(&backup), &[]);
    assert_fails(&refused, 2, &["another import", "empty folder"]);

    let (_elsewhere, another_file) = contact_file(1_500);
    let fresh = TestDatabase::fresh().await;
    let refused = import(&fresh, text(&another_file), text(&backup), &[]);
    assert_fails(&refused, 1, &["numeros.db", "another file stands there"]);
    let refused = import(&fresh, text(&file), text(&file.join("in a file")), &[]);
    assert_fails(&refused, 1, &["cannot be written"]);
    assert_eq!(ask(&fresh, "SELECT count(*) FROM imports").await, 0, "nothing began");
}

#[tokio::test]
async fn progress_is_served_to_prometheus_while_an_import_runs() {
    let (_folder, file) = contact_file(30_000);
    let database = TestDatabase::fresh().await;
    let arguments =
        ["import", text(&file), "--batch-rows", "100", "--json", "--metrics-listen", "127.0.0.1:0"];
    let mut child = migrator(database.url(), &arguments).spawn().unwrap();
    wait_for_more(&database, ROWS_READ, 1_000, &mut child).await;
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert!(std::io::BufRead::read_line(&mut stdout, &mut line).unwrap() > 0, "no address is told");
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "metrics" {
            break event["address"].as_str().unwrap().to_owned();
        }
    };
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let gauge = |name: &str| -> f64 {
        let line =
            answer.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {answer}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!((gauge("pregon_import_source_rows ") - 30_000.0).abs() < 0.5);
    assert!(gauge("pregon_import_rows_read ") >= 1_000.0);
    assert!(gauge("pregon_import_rows{outcome=\"imported\"}") > 500.0);
}
