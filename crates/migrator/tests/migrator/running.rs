//! How the tests run the binary, and what they ask the database behind its back.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use source_sqlite::sample::{Dirt, Existing, SampleSpec, write_sample};
use tempfile::TempDir;
use testkit::TestDatabase;

/// The binary with `arguments`, on the database at `url`.
pub(crate) fn migrator(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrator"));
    command
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("PREGON__ENVIRONMENT", "development")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(url: &str, arguments: &[&str]) -> Output {
    migrator(url, arguments).output().unwrap()
}

/// Runs it to its end and reads the last JSON line; it must end well.
pub(crate) fn run_json(url: &str, arguments: &[&str]) -> serde_json::Value {
    let output = run(url, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    let stdout = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(stdout.lines().last().expect("a line of JSON")).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts how a command ended and that its sentence names what it should.
#[track_caller]
pub(crate) fn assert_fails(output: &Output, code: i32, says: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in says {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

/// A synthetic contact file in a folder of its own.
pub(crate) fn contact_file(rows: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numeros.db");
    let dirt = Dirt::from_percent(2.0).unwrap();
    write_sample(&path, &SampleSpec { rows, seed: 7, dirt, existing: Existing::Keep }).unwrap();
    (folder, path)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// One number from the database.
pub(crate) async fn ask(database: &TestDatabase, sql: &str) -> i64 {
    database.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

/// A digest of every contact and every refused row, by source row.
pub(crate) async fn digest(database: &TestDatabase) -> (i64, String, i64, String) {
    let sql = "
        SELECT (SELECT count(*) FROM contacts),
               (SELECT md5(string_agg(concat_ws('|', source_row_id, phone_national, phone_e164, phone_original, full_name,
                    address, neighborhood, municipality, state_code, state_name, state_text, lada, city, is_valid,
                    migrated_at), E'\\n' ORDER BY source_row_id)) FROM contacts),
               (SELECT count(*) FROM import_rejects),
               (SELECT md5(string_agg(concat_ws('|', source_row_id, outcome, reason, source_row), E'\\n'
                    ORDER BY source_row_id)) FROM import_rejects)";
    let row = database.client().await.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

/// Waits until the database answers `sql` with more than `floor`, while `child` runs. It must get there before the
/// child ends.
pub(crate) async fn wait_for_more(database: &TestDatabase, sql: &str, floor: i64, child: &mut Child) {
    let client = database.client().await;
    loop {
        let now: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        if now > floor {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before it got there");
        tokio::task::yield_now().await;
    }
}
