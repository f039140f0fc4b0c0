//! Every statement of the adapter fits the schema.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::TestDatabase;
use tokio_postgres::Client;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    files
}

#[tokio::test]
async fn every_statement_is_prepared_by_a_server_that_has_the_schema() {
    let test = TestDatabase::fresh().await;
    let client = test.client().await;
    // What the statements of a session find there.
    client.batch_execute(include_str!("../../sql/incoming_create.sql")).await.unwrap();
    client.batch_execute(include_str!("../../sql/kept_create.sql")).await.unwrap();
    client
        .batch_execute(
            "CREATE TEMPORARY TABLE picked (id bigint, phone_national bigint, place text, is_seed boolean)",
        )
        .await
        .unwrap();
    let files = files();
    assert!(files.len() > 20, "the folder sql is looked for in the wrong place");
    for path in files {
        let sql = fs::read_to_string(&path).unwrap();
        if let Err(error) = client.prepare(&sql).await {
            panic!("{}: {:?}", path.display(), error.as_db_error());
        }
    }
}

/// A utility statement is parsed when it is prepared, but its names are looked up when it runs.
#[tokio::test]
async fn every_copy_names_columns_that_are_there() {
    let test = TestDatabase::fresh().await;
    let client = test.client().await;
    client.batch_execute(include_str!("../../sql/incoming_create.sql")).await.unwrap();
    let mut copies = 0;
    for path in files() {
        let sql = fs::read_to_string(&path).unwrap();
        if sql.contains("FROM STDIN") {
            copy_nothing(&client, &sql).await;
            copies += 1;
        }
    }
    assert_eq!(copies, 3);
}

async fn copy_nothing(client: &Client, sql: &str) {
    // Dropped unfinished, the COPY is called off, which is all that is wanted of it.
    let sink = client.copy_in::<_, bytes::Bytes>(sql).await;
    assert!(sink.is_ok(), "{sql}: {:?}", sink.err());
}

#[test]
fn every_statement_says_on_top_what_it_is_for() {
    for path in files() {
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.starts_with("-- "), "{} has no comment on top", path.display());
    }
}
