//! Files, servers and settings that cannot be used: a sentence, the right exit code, nothing half done.

use std::fs;
use std::io::Read;
use std::net::TcpListener;

use testkit::TestDatabase;

use crate::running::{ask, assert_fails, contact_file, migrator, run, text};

#[tokio::test]
async fn a_file_that_is_no_contact_file_is_refused_by_name_and_leaves_nothing() {
    let (folder, good) = contact_file(1_000);
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.db"), b"").unwrap();
    fs::write(path("text.db"), "numero,nombre\n5512345670,ANA\n".repeat(100)).unwrap();
    let noise: Vec<u8> = (0..8192_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[1]).collect();
    fs::write(path("encrypted.db"), noise).unwrap();
    let mut whole = Vec::new();
    fs::File::open(&good).unwrap().read_to_end(&mut whole).unwrap();
    fs::write(path("truncated.db"), &whole[..whole.len() / 2]).unwrap();

    let database = TestDatabase::fresh().await;
    for (name, says) in [
        ("missing.db", "does not exist"),
        ("empty.db", "empty"),
        ("text.db", "no SQLite database"),
        ("encrypted.db", "encrypted"),
        ("truncated.db", "damaged"),
    ] {
        let output = run(database.url(), &["import", text(&path(name))]);
        assert_fails(&output, 3, &[name, says]);
    }
    let folder_itself = run(database.url(), &["import", text(folder.path())]);
    assert_eq!(folder_itself.status.code(), Some(3));
    assert_eq!(ask(&database, "SELECT count(*) FROM imports").await, 0);
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(beside.len(), 5, "a file was made beside those read");
}

#[tokio::test]
async fn a_server_that_is_away_or_refuses_ends_4_and_shows_no_password() {
    let (_folder, file) = contact_file(1_000);
    let database = TestDatabase::fresh().await;
    // A port that was just free.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = format!("postgres://pregon:planted-secret@127.0.0.1:{port}/pregon");
    let (server, name) = database.url().rsplit_once('/').unwrap();
    let (_, host) = server.rsplit_once('@').unwrap();
    let wrong_password = format!("postgres://pregon:planted-secret@{host}/{name}");
    let no_database = format!("{server}/pregon_not_there");
    for (url, says) in
        [(&away, "unavailable"), (&wrong_password, "refuses"), (&no_database, "schema up --create-database")]
    {
        let output = run(url, &["import", text(&file)]);
        assert_fails(&output, 4, &[says]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("planted-secret"));
    }
}

#[tokio::test]
async fn a_schema_that_is_older_or_newer_is_refused_with_what_to_do() {
    let (_folder, file) = contact_file(1_000);
    let older = TestDatabase::empty().await;
    assert_fails(&run(older.url(), &["import", text(&file)]), 4, &["migrator schema up"]);

    let newer = TestDatabase::fresh().await;
    let forward = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'x', '', '0')";
    newer.client().await.batch_execute(forward).await.unwrap();
    assert_fails(&run(newer.url(), &["import", text(&file)]), 4, &["9999", "newer"]);
    assert_fails(&run(newer.url(), &["schema", "up"]), 4, &["9999", "newer"]);
}

#[tokio::test]
async fn missing_or_weak_settings_are_refused_before_anything_is_tried() {
    let (_folder, file) = contact_file(1_000);
    let unset = migrator("", &["import", text(&file)]).output().unwrap();
    assert_fails(&unset, 2, &["database.url", "DATABASE_URL"]);
    let weak = migrator("postgres://pregon:changeme@127.0.0.1:1/pregon", &["import", text(&file)])
        .env_remove("PREGON__ENVIRONMENT")
        .output()
        .unwrap();
    assert_fails(&weak, 2, &["database.url", "password"]);
    assert!(!String::from_utf8_lossy(&weak.stderr).contains("changeme"));
    let unknown = migrator("", &["check"]).env("PREGON__DATABSE__URL", "x").output().unwrap();
    assert_fails(&unknown, 2, &["settings"]);
}

#[test]
fn wrong_usage_ends_2() {
    for arguments in [
        &["import"][..],
        &["inport"],
        &["import", "x", "--batch-rows", "1"],
        &["import", "x", "--limit", "0"],
    ] {
        assert_eq!(run("", arguments).status.code(), Some(2), "{arguments:?}");
    }
}
